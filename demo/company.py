"""Builds the demo company: history through the product's own importer, then people and orders.

`build` makes the whole of it (an Italian and a French company) in a fresh database; `build_small`
gives the main company a few customers, whatever its chart of accounts is. Both do nothing when
called again.
"""

from __future__ import annotations

import base64
import csv
import io
from datetime import date, timedelta

from odoo import Command, fields

from .claims import build_claims
from .commission import build_commission
from .exchange import build_exchange
from .ledger import RATES, build_history, rate_on
from .orders import build_orders
from .reports import CLASSES, NUMBERS, report_rows
from .scores import build_scores

# numbers from the registry of IBANs, where they are examples
ACCOUNTS = {"it": "IT60X0542811101000000123456", "fr": "FR1420041010050500013M02606"}
# login (and password) → who it is
LOGINS = {
    "accountant": "Accountant: books, opening history, invoices",
    "manager": "Credit manager: limits, policy, releases",
    "collector": "Collector: follows customers up",
    "sales1": "Salesperson, own documents only",
    "sales2": "Salesperson, all documents",
    "portal": "Portal user of a customer",
}
NAMES = {
    "accountant": "Alessia Conti (accountant)",
    "manager": "Marta Riva (credit manager)",
    "collector": "Carlo Bassi (collector)",
    "sales1": "Sara Neri (sales, own documents)",
    "sales2": "Sandro Villa (sales, all documents)",
}
GROUPS = {
    "accountant": "account.group_account_manager,base.group_partner_manager,"
    "ar_credit_control.group_collector",
    "manager": "account.group_account_manager,ar_credit_control.group_credit_manager,"
    "ar_credit_control.group_commission_manager,"
    "sales_team.group_sale_manager",
    "collector": "account.group_account_invoice,ar_credit_control.group_collector",
    "sales1": "sales_team.group_sale_salesman",
    "sales2": "sales_team.group_sale_salesman_all_leads",
}
ITALIAN = {"IT": 52, "FR": 12, "DE": 14, "ES": 11, "PL": 13}
FRENCH = {"FR": 12, "ES": 4, "DE": 2}
# what the customers of a country read, and the modules whose words they meet
LANGUAGES = {"DE": "de_DE", "ES": "es_ES", "FR": "fr_FR", "IT": "it_IT", "PL": "pl_PL"}
SPOKEN = ("account", "ar_credit_control", "base", "portal", "web")
DONE = "ar_credit_control.demo_company"


def build(env, customers=(ITALIAN, FRENCH), report=None) -> None:
    """Make the demo company of a fresh database; a second call changes nothing.

    :param customers: how many there are of each country, of the Italian and the French company
    :param report: what is called after each batch, see :func:`load`
    """
    if _is_done(env, "whole"):
        return
    env = env(context=dict(env.context, tracking_disable=True, lang="en_US"))
    install_languages(env)
    italian, french = _build_companies(env)
    users = _build_users(env, italian, french)
    sellers = [users["sales1"], users["sales2"]]
    logins = tuple(user.login for user in sellers)
    today = fields.Date.context_today(env.user)
    _build_rates(env, italian | french, today)
    at_home, elsewhere = customers
    home = build_history(today, at_home, "C", seed=1, salespeople=logins)
    abroad = build_history(today, elsewhere, "F", seed=2, salespeople=logins)
    # committed batch by batch, as in the background: the database plans better on what it has seen
    commit = report or env["ir.cron"]._commit_progress
    load(env, italian, home, commit)
    load(env, french, abroad, commit)
    let_customers_speak(env, home, abroad)
    build_reports(env, italian, home, today, commit)
    for company in italian | french:
        build_scores(env, company, today, commit)
    build_claims(env(user=users["collector"].id), italian, today)
    build_orders(env, italian, home, sellers)
    build_orders(env, french, abroad, sellers)
    _build_portal_user(env, italian, home)
    build_exchange(env, italian, users["accountant"])
    build_commission(env, italian, today, sellers)


def build_small(env) -> None:
    """Give the main company 25 customers with their history and some orders."""
    if _is_done(env, "small"):
        return
    env = env(context=dict(env.context, tracking_disable=True, lang="en_US"))
    company = env.ref("base.main_company")
    env = env(context=dict(env.context, allowed_company_ids=company.ids))
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    today = fields.Date.context_today(env.user)
    countries = {"IT": 9, "FR": 4, "DE": 4, "ES": 4, "PL": 4}
    history = build_history(today, countries, "D", seed=3, foreign=False, vat=False)
    load(env, company, history)
    build_reports(env, company, history, today)
    build_scores(env, company, today, _no_report)
    build_claims(env, company, today)
    build_orders(env, company, history, [env.ref("base.user_admin")])
    build_commission(env, company, today, [env.ref("base.user_admin")])


def _no_report(_processed: int, remaining: int) -> float:
    """Seconds left for the import: as many as it takes."""
    return float("inf")


def load(env, company, history, report=_no_report) -> None:
    """Put a history into the books of a company, the way anybody would: through the importer.

    ``report`` is what the importer calls after each batch.
    """
    for kind, rows in history.tables():
        _load_table(env, company, kind, rows, report)


def install_languages(env) -> None:
    """Letters, mails and the portal reach each customer in his own language."""
    codes = list(LANGUAGES.values())
    for code in codes:
        env["res.lang"]._activate_lang(code)
    modules = env["ir.module.module"].search([("name", "in", SPOKEN)])
    modules._update_translations(codes)


def let_customers_speak(env, *histories) -> None:
    """Give the customers of histories, by then in the books, the language of their country."""
    codes = [code for history in histories for code in history.buyers]
    customers = env["res.partner"].search([("ref", "in", codes)])
    for country, partners in customers.grouped("country_code").items():
        partners.lang = LANGUAGES[country]


def build_reports(env, company, history, today: date, report=_no_report) -> None:
    """Log what two providers say about some of the customers."""
    env["ar.credit.provider"].create([NUMBERS, CLASSES])
    rows = report_rows(history.buyers.values(), today)
    _load_table(env, company, "reports", rows, report)


def _load_table(env, company, kind, rows, report) -> None:
    run = (
        env["ar.history.import"]
        .with_company(company)
        .create(
            {
                "name": f"{kind}.csv",
                "kind": kind,
                "file": base64.b64encode(_csv(rows)),
                "company_id": company.id,
            }
        )
    )
    run.action_import()
    run._work(report)
    if run.error_count:
        raise ValueError(run.error_ids.filtered(lambda e: e.level == "error").mapped("message"))


def _csv(rows: list[dict[str, object]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _is_done(env, what: str) -> bool:
    """Whether this was built before; if not, it is from now on."""
    parameters = env["ir.config_parameter"].sudo()
    done = set((parameters.get_param(DONE) or "").split())
    parameters.set_param(DONE, " ".join(sorted(done | {what})))
    return what in done


# ---------------------------------------------------------------------- companies and people
def _build_companies(env):
    # or naming the country would install every module that Odoo offers for it
    plain = env(context=dict(env.context, chart_template_load=True))
    italian = plain.ref("base.main_company")
    italian.write(
        {
            "name": "Valdombra Forniture S.r.l.",
            "country_id": env.ref("base.it").id,
            "street": "Via delle Officine 12",
            "zip": "40121",
            "city": "Bologna",
            "vat": "IT99000011009",
            "email": "info@valdombra.example",
        }
    )
    french = plain["res.company"].create(
        {
            "name": "Clairvallon Distribution SAS",
            "country_id": env.ref("base.fr").id,
            "street": "8 rue des Ateliers",
            "zip": "69002",
            "city": "Lyon",
            "currency_id": env.ref("base.EUR").id,
        }
    )
    for company, chart in ((italian.with_env(env), "it"), (french.with_env(env), "fr")):
        if company.chart_template != chart:
            env["account.chart.template"].try_loading(chart, company, install_demo=False)
        company.account_use_credit_limit = True
        env["res.partner.bank"].create(
            {"acc_number": ACCOUNTS[chart], "partner_id": company.partner_id.id}
        )
    # prices in the companies' currency: Odoo made the first list before it knew the country
    env["product.pricelist"].search([("company_id", "in", (italian | french).ids)]).write(
        {"currency_id": env.ref("base.EUR").id}
    )
    # or letters carry the picture that asks for a logo
    (italian | french).logo = False
    # at creation, Odoo would ask its own service who has this address
    french.email = "info@clairvallon.example"
    # whoever builds it works in both
    env.user.company_ids |= french
    return italian.with_env(env), french.with_env(env)


def _build_users(env, italian, french):
    teams = env["crm.team"].create(
        [{"name": name, "company_id": False} for name in ("North", "South")]
    )
    users = {}
    for login, groups in GROUPS.items():
        users[login] = env["res.users"].create(
            {
                "name": NAMES[login],
                "login": login,
                "password": login,
                "email": f"{login}@valdombra.example",
                "company_id": italian.id,
                "company_ids": [Command.set((italian | french).ids)],
                "group_ids": [Command.set([env.ref(name).id for name in groups.split(",")])],
            }
        )
    for team, login in zip(teams, ("sales1", "sales2"), strict=True):
        team.member_ids = users[login]
    return users


def _build_rates(env, companies, today: date) -> None:
    """A rate at the beginning of each month, for the currencies of the foreign payers."""
    currencies = (
        env["res.currency"].with_context(active_test=False).search([("name", "in", list(RATES))])
    )
    currencies.active = True
    days = {(today - timedelta(days=ago)).replace(day=1) for ago in range(0, 640, 15)}
    rates = env["res.currency.rate"]
    for company in companies:
        known = {
            (rate.currency_id, rate.name)
            for rate in rates.search([("company_id", "=", company.id)])
        }
        rates.create(
            [
                {
                    "currency_id": currency.id,
                    "company_id": company.id,
                    "name": day,
                    "rate": rate_on(currency.name, day),
                }
                for currency in currencies
                for day in sorted(days)
                if (currency, day) not in known
            ]
        )


def _build_portal_user(env, company, history) -> None:
    """A person at a customer who pays late: he sees his own invoices and orders."""
    code = next(b.code for b in history.buyers.values() if b.habit == "late" and b.country == "IT")
    customer = env["res.partner"].search([("ref", "=", code)], limit=1)
    contact = env["res.partner"].create(
        {
            "name": "Paola Greco (portal)",
            "parent_id": customer.id,
            "email": f"portal.{code.lower()}@customers.example",
        }
    )
    env["res.users"].with_context(no_reset_password=True).create(
        {
            "partner_id": contact.id,
            "login": "portal",
            "password": "portal",
            "company_id": company.id,
            "company_ids": [Command.set(company.ids)],
            "group_ids": [Command.set([env.ref("base.group_portal").id])],
        }
    )
