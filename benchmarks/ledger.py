"""A ledger of any size: model documents by the ORM, multiplied by SQL, checked against the ORM.

``dev/bench ledger`` builds it alone. A tenth of the receivable lines is open by default; a part of
the customers has an invoice contact of its own, a credit limit, many documents or none at all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from odoo import Command, fields

from . import databases
from .clone import Cloner
from .common import Result
from .databases import say

NEEDS_ODOO = True


@dataclass(frozen=True)
class Kind:
    """A group of documents that belong together.

    make: makes them for one model customer. shift: days that copies go back, from and to.
    of: what ``share`` is a share of: ``open`` or ``closed`` receivable lines, or ``customers``.
    opens, closes: receivable lines that each copy leaves open and closed.
    """

    name: str
    make: Callable
    of: str
    share: float
    opens: int = 0
    closes: int = 0
    shift: tuple[int, int] = (0, 160)


def add_arguments(parser) -> None:
    """Options of every benchmark that runs on this ledger."""
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=1_000_000, help="receivable lines")
    parser.add_argument("--open", type=float, default=0.1, help="share of lines not yet paid")


def run(args) -> Result:
    result = Result("ledger")
    start = time.perf_counter()
    result.setting = {"database": database(args)} | setting(args)
    result.figure("built or found in", time.perf_counter() - start, "s")
    return result


def setting(args) -> dict:
    return {"customers": args.customers, "receivable lines": args.lines, "open": args.open}


def database(args) -> str:
    """Name of a database that holds the ledger, Odoo's own modules and nothing else."""
    sources = [Path(__file__), Path(__file__).with_name("clone.py")]
    version = databases.digest(sources, os.environ["BASE_DB"], str(args.open))
    name = f"{databases.PREFIX}_ledger_{args.customers}_{args.lines}_{version}"
    if name not in databases.names(name):
        databases.drop(databases.names(name.rpartition("_")[0] + "_"))
        build(name, args)
    return name


def with_addon(args) -> str:
    """The same ledger in a database with the addon installed."""
    plain = database(args)
    target = plain.replace(f"{databases.PREFIX}_ledger_", f"{databases.PREFIX}_addon_")
    return databases.with_modules(
        plain, f"{target}{databases.product_digest()}", "ar_credit_control"
    )


def build(name: str, args) -> None:
    say(f"Building a ledger of {args.customers:,} customers and {args.lines:,} lines …")
    databases.copy(os.environ["BASE_DB"], f"{name}_new")
    databases.configure()
    with databases.environment(f"{name}_new", commit=True) as env:
        models = Models(env)
        groups = {kind.name: models.make(kind) for kind in KINDS}
        env.flush_all()
        fill(env.cr, models.template, groups, args)
    with databases.environment(f"{name}_new") as env:
        verify(env, groups)
    databases.execute(f"{name}_new", "VACUUM ANALYZE")
    databases.close(f"{name}_new")
    databases.rename(f"{name}_new", name)


# ---------------------------------------------------------------- model documents
class Models:
    """Makes each kind of document once, through the ORM, as a person would."""

    def __init__(self, env):
        self.env = env(context={"tracking_disable": True, "no_reset_password": True})
        self.company = env.company
        self.today = fields.Date.today()
        self._make_currencies()
        self.journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
        self.product = env["product.product"].create(
            {"name": "Service", "type": "service", "list_price": 100.0, "invoice_policy": "order"}
        )
        self.product.taxes_id = False
        self.halves = self._term("Two halves", ((50.0, 30), (50.0, 60)))
        self.month = self._term("30 days", ((100.0, 30),))
        self.template = self._partner("Customer")

    def _make_currencies(self):
        """Euro with a rate that differs from month to month, and prices in it."""
        self.euro = self.env.ref("base.EUR")
        self.euro.active = True
        self.env["res.currency.rate"].create(
            [
                {
                    "currency_id": self.euro.id,
                    "name": self.today - timedelta(days=30 * month),
                    "company_id": self.company.id,
                    "rate": 0.80 + 0.01 * (month % 7),
                }
                for month in range(36)
            ]
        )
        self.euro_prices = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": self.euro.id}
        )

    def _term(self, name, instalments):
        lines = [
            Command.create({"value": "percent", "value_amount": percent, "nb_days": days})
            for percent, days in instalments
        ]
        return self.env["account.payment.term"].create({"name": name, "line_ids": lines})

    def _partner(self, name):
        partner = self.env["res.partner"].create(
            {"name": name, "is_company": True, "customer_rank": 1, "country_id": 233}
        )
        contact = {"name": "Accounts", "type": "invoice", "parent_id": partner.id}
        self.env["res.partner"].create(contact)
        return partner

    def make(self, kind) -> tuple[int, int]:
        """The model customer of a kind and its invoice contact."""
        partner = self._partner(f"Model of {kind.name}")
        kind.make(self, partner.child_ids)
        self.env.flush_all()
        return partner.id, partner.child_ids.id

    def invoice(self, contact, euro=False, days=0, term=None, kind="out_invoice", post=True):
        move = self.env["account.move"].create(
            {
                "move_type": kind,
                "partner_id": contact.id,
                "invoice_date": self.today - timedelta(days=days),
                "invoice_payment_term_id": (term or self.month).id,
                "currency_id": (self.euro if euro else self.company.currency_id).id,
                "invoice_line_ids": [
                    Command.create({"product_id": self.product.id, "quantity": 10, "tax_ids": []})
                ],
            }
        )
        if post:
            move.action_post()
        return move

    def payment(self, contact, amount, euro=False, entry=True):
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": contact.commercial_partner_id.id,
                "amount": amount,
                "currency_id": (self.euro if euro else self.company.currency_id).id,
                "journal_id": self.journal.id,
                "date": self.today,
            }
        )
        if not entry:
            payment.outstanding_account_id = False
        payment.action_post()
        return payment

    def paid(self, contact, share=1.0, **options):
        invoice = self.invoice(contact, days=40, **options)
        payment = self.payment(contact, invoice.amount_total * share, options.get("euro", False))
        self.match(invoice | payment.move_id)

    def match(self, moves):
        moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()

    def credited(self, contact):
        self.match(self.invoice(contact, days=40) | self.invoice(contact, kind="out_refund"))

    def unmatched(self, contact):
        self.payment(contact, 40.0)

    def pending(self, contact):
        """A payment that waits for the bank: no entry, but the invoice knows of it."""
        invoice = self.invoice(contact)
        self.payment(contact, 300.0, entry=False).invoice_ids = invoice

    def order(self, contact, euro=False, confirm=True):
        order = self.env["sale.order"].create(
            {
                "partner_id": contact.commercial_partner_id.id,
                "partner_invoice_id": contact.id,
                "pricelist_id": self.euro_prices.id if euro else False,
                "payment_term_id": self.month.id,
                "order_line": [
                    Command.create(
                        {"product_id": self.product.id, "product_uom_qty": quantity, "tax_ids": []}
                    )
                    for quantity in (6, 4)
                ],
            }
        )
        if confirm:
            order.action_confirm()
        return order

    def part_invoiced(self, contact):
        invoice = self.order(contact)._create_invoices()
        invoice.invoice_line_ids[0].quantity = 2
        invoice.action_post()

    def sold(self, contact):
        invoice = self.order(contact)._create_invoices()
        invoice.action_post()
        self.match(invoice | self.payment(contact, invoice.amount_total).move_id)


KINDS = (
    Kind("open", lambda m, c: m.invoice(c), "open", 0.50, 1),
    Kind("instalments", lambda m, c: m.invoice(c, term=m.halves), "open", 0.20, 2),
    Kind("part paid", lambda m, c: m.paid(c, 0.4), "open", 0.10, 1, 1, (0, 120)),
    Kind("open in euro", lambda m, c: m.invoice(c, euro=True), "open", 0.08, 1),
    Kind("part paid in euro", lambda m, c: m.paid(c, 0.4, euro=True), "open", 0.02, 1, 1, (0, 120)),
    Kind("credit note", lambda m, c: m.invoice(c, kind="out_refund"), "open", 0.05, 1),
    Kind("unmatched payment", Models.unmatched, "open", 0.03, 1),
    Kind("payment without entry", Models.pending, "open", 0.02, 1, 0, (0, 20)),
    Kind("paid", Models.paid, "closed", 0.75, 0, 2, (0, 800)),
    Kind("paid in euro", lambda m, c: m.paid(c, euro=True), "closed", 0.06, 0, 3, (0, 800)),
    Kind("credited", Models.credited, "closed", 0.09, 0, 2, (0, 800)),
    Kind("sold", Models.sold, "closed", 0.10, 0, 2, (0, 800)),
    Kind("draft", lambda m, c: m.invoice(c, post=False), "customers", 0.05, 0, 0, (0, 5)),
    Kind(
        "euro draft",
        lambda m, c: m.invoice(c, euro=True, post=False),
        "customers",
        0.01,
        0,
        0,
        (0, 5),
    ),
    Kind("order", Models.order, "customers", 0.15, 0, 0, (0, 60)),
    Kind("euro order", lambda m, c: m.order(c, euro=True), "customers", 0.03, 0, 0, (0, 60)),
    Kind("part invoiced order", Models.part_invoiced, "customers", 0.02, 0, 0, (0, 60)),
    Kind("quotation", lambda m, c: m.order(c, confirm=False), "customers", 0.40, 0, 0, (0, 30)),
)


def copies(kind: Kind, args) -> int:
    """How many copies of a kind give the ledger its size."""
    opened = round(args.lines * args.open)
    closed_beside = sum(
        round(opened * k.share / k.opens) * k.closes for k in KINDS if k.of == "open"
    )
    basis = {
        "open": opened,
        "closed": args.lines - opened - closed_beside,
        "customers": args.customers,
    }
    per_copy = {"open": kind.opens, "closed": kind.closes, "customers": 1}[kind.of]
    return round(basis[kind.of] * kind.share / per_copy)


# ---------------------------------------------------------------- multiplication
def fill(cr, template, groups, args) -> None:
    """Customers first, then the copies of every kind, spread over them."""
    cloner = Cloner(cr)
    customers(cr, cloner, template, args.customers)
    cr.execute("SELECT setseed(0.42)")
    for kind in KINDS:
        say(f"  {kind.name}: {copies(kind, args):,}")
        spread(cr, kind, copies(kind, args), args.customers)
        cloner.copy(cloner.group(*groups[kind.name]))
    say("  indexes")
    cloner.finish()


def customers(cr, cloner, template, count) -> None:
    """Copies of the template; every tenth has a contact for its invoices, six of ten a limit."""
    cr.execute("CREATE TEMP TABLE bench_customer (n int, id int, contact_id int)")
    cr.execute(
        """INSERT INTO bench_customer
           SELECT n, first.id + n,
                  first.id + CASE WHEN n %% 10 = 0 THEN %(count)s + n / 10 ELSE n END
             FROM generate_series(0, %(count)s - 1) n,
                  (SELECT max(id) + 1 AS id FROM res_partner) first""",
        {"count": count},
    )
    name = "'Customer ' || lpad((c.n + 1)::text, 6, '0')"
    limit = "jsonb_build_object('1', 1000 * (1 + c.n % 97))"
    company = {
        "id": "c.id",
        "commercial_partner_id": "c.id",
        "name": name,
        "complete_name": name,
        "credit_limit": f"CASE WHEN c.n % 10 < 6 THEN {limit} END",
    }
    contact = {
        "id": "c.contact_id",
        "commercial_partner_id": "c.id",
        "parent_id": "c.id",
        "complete_name": name + " || ', Accounts'",
    }
    columns = cloner.columns_of("res_partner")
    copy_partners(cr, columns, template.id, company, "TRUE")
    copy_partners(cr, columns, template.child_ids.id, contact, "c.contact_id <> c.id")
    cr.execute("CREATE UNIQUE INDEX ON bench_customer (n)")


def copy_partners(cr, columns, model, values, condition) -> None:
    quoted = [f'"{column}"' for column in columns]
    chosen = [values.get(column, f'p."{column}"') for column in columns]
    cr.execute(
        f"INSERT INTO res_partner ({', '.join(quoted)}) SELECT {', '.join(chosen)} "
        f"FROM res_partner p CROSS JOIN bench_customer c WHERE p.id = {model} AND {condition}"
    )


def spread(cr, kind, count, customer_count) -> None:
    """Table ``bench_copy``: whom each copy goes to, how large and how old it is.

    The square of an even distribution: one customer in a hundred gets a tenth of all documents.
    """
    cr.execute("DROP TABLE IF EXISTS bench_copy")
    cr.execute(
        """CREATE TEMP TABLE bench_copy AS
           SELECT drawn.n, customer.id AS partner_id, customer.contact_id, drawn.factor, drawn.shift
             FROM (SELECT n, floor(%(customers)s * power(random(), 2))::int AS customer,
                          1 + floor(20 * random())::int AS factor,
                          -(%(first)s + floor(%(days)s * random())::int) AS shift
                     FROM generate_series(0, %(count)s - 1) n) drawn
             JOIN bench_customer customer ON customer.n = drawn.customer""",
        {
            "customers": customer_count,
            "first": kind.shift[0],
            "days": kind.shift[1] - kind.shift[0],
            "count": count,
        },
    )
    cr.execute("ANALYZE bench_copy")


# ---------------------------------------------------------------- check against the ORM
COMPUTED = {
    "account.move": ("amount_total", "amount_total_signed", "amount_residual", "payment_state"),
    "account.move.line": ("amount_residual", "amount_residual_currency", "reconciled"),
    "account.payment": ("amount_company_currency_signed", "is_reconciled"),
    "sale.order": ("amount_total", "invoice_status"),
    "sale.order.line": ("qty_invoiced", "untaxed_amount_to_invoice", "price_total"),
}


def verify(env, groups, sample=300) -> None:
    """Recomputes a sample of copies by the ORM: every stored figure must stay as it is."""
    models = [partner for pair in groups.values() for partner in pair]
    for model, names in COMPUTED.items():
        records = env[model].search(
            [("partner_id", "not in", models)] if "partner_id" in env[model] else []
        )
        step = max(1, len(records) // sample)
        check(records[::step], names)


def check(records, names) -> None:
    before = {record: [record[name] for name in names] for record in records}
    for name in names:
        records.env.add_to_compute(records._fields[name], records)
    for record, values in before.items():
        after = [record[name] for name in names]
        if after != values:
            raise SystemExit(f"error: {record} differs from the ORM: {names} {values} {after}")
