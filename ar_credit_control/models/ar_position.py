from collections import defaultdict, namedtuple
from itertools import starmap

from odoo import api, fields, models, tools
from odoo.tools import SQL, float_round

from ..rules import ageing
from ..rules.exposure import Limit, Position
from ..rules.orders import OpenOrder, remaining
from . import position_sql
from .position_sql import literal

CompanyFacts = namedtuple("CompanyFacts", "root_id currency_id rounding group_id policy_id")
NO_LIMIT = Limit()

# What the statements read of each model; None: every field.
READ = {
    "account.move.line": (
        "account_id amount_residual amount_residual_currency balance amount_currency company_id"
        " currency_id date date_maturity display_type parent_state partner_id reconciled"
        " price_total"
    ).split(),
    "account.payment": (
        "state amount_company_currency_signed move_id partner_id partner_type company_id"
        " invoice_ids"
    ).split(),
    "sale.order": "state invoice_status partner_invoice_id company_id currency_id".split(),
    "sale.order.line": (
        "price_total product_uom_qty qty_delivered qty_invoiced is_downpayment display_type"
        " invoice_lines order_id"
    ).split(),
    "account.partial.reconcile": None,
    "res.currency": ["rounding"],
    "res.currency.rate": None,
    "res.partner": ["commercial_partner_id", "credit_limit", "property_payment_term_id"],
    "ar.credit.profile": None,
    "ar.contact": None,
}


class ArPosition(models.AbstractModel):
    """The one source of what customers owe.

    Everything is computed from the ledger when asked for, in two or three statements for any
    number of customers; their text is in ``position_sql``.
    """

    _name = "ar.position"
    _description = "Receivables position"

    # ------------------------------------------------------------------ public
    @api.model
    def _get_positions(self, partners, company=None, as_of=None, overdue_days=()):
        """Return what the commercial entities of ``partners`` owe the company and its branches.

        :param partners: any contacts; each stands for its commercial partner
        :param company: default the current one; figures are in its currency
        :param as_of: a date: the ledger as it stood at the end of that day, payments made later
            undone. Orders, drafts and pending payments keep no history and are then left out.
        :param overdue_days: numbers of days for ``Position.overdue_beyond``
        :return: ``{commercial partner id: Position}``, every partner asked for included

        Rights are not checked: callers decide who may see a position (``_ar_visible_domain``).
        """
        rows = self._get_rows(partners, company or self.env.company, as_of, overdue_days)
        return {key: position for key, (position, _row) in rows.items()}

    @api.model
    def _get_rows(self, partners, company, as_of=None, overdue_days=(), shown=True):
        """As ``_get_positions``, with what the credit profile says beside each position.

        :param shown: with what is only shown: claims, and the last contact
        """
        contacts = partners._origin.ids
        if not contacts:
            return {}
        self = self.sudo()
        self._flush_ledger()
        rows = self._read(company, contacts, as_of, overdue_days, shown)
        shared = not as_of and self._get_company(company.id).group_id
        return self._add_shared_exposure(rows, company) if shared else rows

    @api.model
    def _get_locked_rows(self, partners, company, today, overdue_days, whole=True):
        """``{contact id: (Position, row)}`` of the partners themselves, as ``_get_rows`` has them.

        Their entities' profiles are written to before anything is read, and made where there are
        none: see ``ar.credit.profile._lock``. With what is decided about a customer in the same
        statement, which most confirmations need, it costs one instead of three.

        :param whole: false leaves open orders and payments under way out where they decide
            nothing: no limit is set that they could use, and nothing is overdue.
        """
        self = self.sudo()
        self._flush_ledger()
        values = self._get_values(company, today)
        rows = self._lock_and_read_customers(partners, values)
        # in a group another company may keep the limit
        free = () if whole or values["group"] else _without_limit(rows, today)
        found = self._read_figures(values, rows, None, overdue_days, False, free)
        if any(found[key][0].overdue for key in free):
            found = self._read_figures(values, rows, None, overdue_days, False)
        if values["group"]:
            found = self._add_shared_exposure(found, company)
        entities = {row.contact_id: row.customer_id for row in rows}
        return {key: found[entities[key]] for key in partners.ids}

    # ------------------------------------------------------------------ statements
    def _lock_and_read_customers(self, partners, values):
        if not values["group"]:
            statement = position_sql.locked_customers(len(partners) > 1)
            found = self._execute(statement, values, contacts=literal(partners.ids))
            rows = [
                position_sql.Row(*contact, *decided)
                for *decided, contacts in found
                for contact in contacts
            ]
            if set(partners.ids) <= {row.contact_id for row in rows}:
                return rows
        company = self.env["res.company"].browse(values["company"])
        self.env["ar.credit.profile"]._lock(partners.sudo().commercial_partner_id, company)
        return self._read_customers(position_sql.customers(False), partners.ids, values)

    def _read_customers(self, statement, contacts, values):
        found = self._execute(statement, values, contacts=literal(contacts))
        return list(starmap(position_sql.Row, found))

    def _execute(self, statement, values, **more):
        self.env.cr.execute(statement, values | more)
        return self.env.cr.fetchall()

    def _read(self, company, contacts, as_of=None, overdue_days=(), shown=True):
        """``{commercial partner id: (Position, row)}`` of one company alone."""
        values = self._get_values(company, as_of)
        rows = self._read_customers(position_sql.customers(shown), contacts, values)
        return self._read_figures(values, rows, as_of, overdue_days, shown)

    def _read_figures(self, values, rows, as_of, overdue_days, shown, ledger_only=()):
        """``{commercial partner id: (Position, row)}`` from the rows of all contacts.

        :param ledger_only: customers whose open items alone are read
        """
        entities = {row.contact_id: row.customer_id for row in rows}
        decided = {row.customer_id: row for row in rows if row.contact_id == row.customer_id}
        whole = [key for key, entity in entities.items() if entity not in ledger_only]
        found = self._execute(
            position_sql.ledger(_beside(whole, as_of, shown), bool(as_of)),
            values,
            owners=literal(decided),
            contacts=literal(entities),
            whole=literal(whole),
            edges=literal(ageing.edges(overdue_days)),
        )
        names, slices, placed = _by_kind(found, entities)
        figures = self._read_parts(values, names, entities, placed)
        for key, its_slices in slices.items():
            figures[key].update(ageing.figures(its_slices, values["currency"], overdue_days))
        today = fields.Date.context_today(self) if as_of else values["today"]
        return {key: (_to_position(row, today, figures[key]), row) for key, row in decided.items()}

    def _read_parts(self, values, names, entities, placed):
        """``{commercial partner id: {field of a position: amount}}`` beside the ledger.

        :param names: which of the ``PARTS`` there are
        :param placed: every ``OpenOrder`` of the customers
        """
        down_paid = [order.order_id for order in placed if order.down_paid]
        foreign = {order.currency_id for order in placed} - {values["currency"]}
        names = [*names, *["down_payments"] * bool(down_paid), *["rates"] * bool(foreign)]
        rows = []
        if names:
            terms = position_sql.to_terms(values)
            rows = self.env.execute_query(
                position_sql.parts(terms, names, entities, down_paid, foreign)
            )
        figures, beside = defaultdict(dict), defaultdict(dict)
        for name, key, amounts in rows:
            if part := position_sql.PARTS.get(name):
                figures[key].update(zip(part.figures, amounts, strict=True))
            else:
                beside[name][key] = amounts[0]
        amounts = remaining(placed, beside["down_payments"], beside["rates"])
        for key, amount in amounts.items():
            figures[key]["orders"] = float_round(amount, precision_rounding=values["rounding"])
        return figures

    @api.model
    def _get_terms(self, company, today=None):
        """What the pieces of ``position_sql`` are about."""
        return position_sql.to_terms(self._get_values(company, today))

    def _get_values(self, company, today=None):
        """The same as values by name, with the company's group and rounding."""
        today = today or fields.Date.context_today(self)
        return {**self._get_lasting_values(company.id), "today": today}

    @api.model
    @tools.ormcache("company_id")
    def _get_lasting_values(self, company_id):
        """Those that hardly ever change; what they are made of is forgotten together with them."""
        facts = self._get_company(company_id)
        return {
            "company": company_id,
            "root": facts.root_id,
            "currency": facts.currency_id,
            "rounding": facts.rounding,
            "group": facts.group_id,
            "companies": literal(self._get_company_ids(facts.root_id)),
            "receivables": literal(self._get_receivable_ids(facts.root_id)),
            "default_limit": self._get_default_limit(company_id),
        }

    @api.model
    @tools.ormcache("company_id")
    def _get_default_limit(self, company_id):
        """What customers get whom nobody has looked at, in company currency.

        ``ir.default`` ends what is kept here when a default changes.
        """
        # a company that shares its limit counts, whoever may enter it
        Partner = self.env["res.partner"].sudo().with_company(company_id)
        return Partner._fields["credit_limit"].get_company_dependent_fallback(Partner) or 0.0

    @api.model
    @tools.ormcache("company_id")
    def _get_company(self, company_id):
        """Root, currency and its rounding, group and policy of a company: ids and a number.

        ``res.company`` and ``res.currency`` end what is kept here when one of them changes.
        A position is read with nearly every form, and a company is a wide row to fetch for five
        numbers that hardly ever change.
        """
        # known to whoever sees a position: its currency, and that other companies share the limit
        company = self.env["res.company"].sudo().browse(company_id)
        root = company.root_id
        currency = company.currency_id
        return CompanyFacts(
            root.id,
            currency.id,
            currency.rounding,
            root.ar_credit_group_id.id,
            root.ar_credit_policy_id.id,
        )

    @api.model
    @tools.ormcache("root_id")
    def _get_company_ids(self, root_id):
        """The company tree whose ledger counts, as core's ``credit`` reads it."""
        companies = self.env["res.company"].sudo()  # branches count, whoever may enter them
        return companies.with_context(active_test=False).search([("id", "child_of", root_id)]).ids

    @api.model
    @tools.ormcache("root_id")
    def _get_receivable_ids(self, root_id):
        """Accounts of a company tree whose items customers owe.

        ``account.account`` ends what is remembered here when an account changes.
        """
        accounts = self.env["account.account"].sudo().with_context(active_test=False)
        return accounts.search(
            [  # whoever asks: lines count, not what he may see of accounts
                ("account_type", "=", "asset_receivable"),
                ("company_ids", "in", self._get_company_ids(root_id)),
            ]
        ).ids

    @api.model
    def _shared_exposures_sql(self, company):
        """As ``_exposures_sql`` where companies share a limit: exposure counts in all of them."""
        own = position_sql.exposures(self._get_terms(company))
        group = self._get_group(company)
        if not group:
            return SQL("SELECT *, exposure AS exposure_shared FROM (%s) own", own)
        joins, exposures, limit = SQL(), SQL("own.exposure"), SQL("own.limit_amount")
        for member in group.company_ids - company.root_id:
            alias = SQL.identifier(f"member_{member.id}")
            rate = self._get_rate(member, company)
            joins = SQL(
                "%s JOIN (%s) %s USING (customer_id)",
                joins,
                position_sql.exposures(self._get_terms(member)),
                alias,
            )
            exposures = SQL("%s + %s.exposure * %s", exposures, alias, rate)
            if member == group.company_id:
                limit = SQL("%s.limit_amount * %s", alias, rate)
        return SQL(
            "SELECT customer_id, own.exposure, %s AS exposure_shared, %s AS limit_amount"
            " FROM (%s) own %s",
            exposures,
            limit,
            own,
            joins,
        )

    def _flush_ledger(self):
        """Write what the ORM still holds back: the statement reads the tables."""
        if self._is_written():
            return  # a form that is being read, nearly always
        for model, names in READ.items():
            self.env[model].flush_model(names)

    def _is_written(self):
        """Whether the ORM holds nothing back; new records are none of the tables' business."""
        env = self.env
        if env._field_dirty:
            return False
        pending = map(env.records_to_compute, env.fields_to_compute())
        return not any(any(records._ids) for records in pending)

    # ------------------------------------------------------------------ rows
    def _add_shared_exposure(self, rows, company):
        """Where companies share one limit, count what the customer owes the others against it."""
        group = self._get_group(company)
        others, limits = defaultdict(float), {}
        for member in group.company_ids - company.root_id:
            rate = self._get_rate(member, company)
            for key, (theirs, _row) in self._read(member, list(rows), shown=False).items():
                others[key] += company.currency_id.round(theirs.exposure * rate)
                if member == group.company_id:
                    amount = company.currency_id.round(theirs.limit.amount * rate)
                    limits[key] = theirs.limit._replace(amount=amount)
        return {
            key: (
                position._replace(
                    shared_exposure=others[key], limit=limits.get(key, position.limit)
                ),
                row,
            )
            for key, (position, row) in rows.items()
        }

    def _get_group(self, company):
        """The companies that share limits with this one: no secret to whoever sees a limit."""
        group_id = self._get_company(company.id).group_id
        return self.env["ar.credit.group"].sudo().browse(group_id or ())

    def _get_rate(self, source, target):
        """Factor from one company's currency to another's, today."""
        return self.env["res.currency"]._get_conversion_rate(
            source.currency_id, target.currency_id, target, fields.Date.context_today(self)
        )


def _beside(whole, as_of, shown):
    """What is read beside open items; how it stood on another day nobody knows."""
    if as_of or not whole:
        return ()
    return position_sql.BESIDE if shown else position_sql.EXPOSURE


def _by_kind(rows, entities):
    """What ``position_sql.ledger`` found.

    :param entities: ``{contact id: commercial partner id}``
    :return: names of ``PARTS``, ``{commercial partner id: [Slice]}``, and a list of ``OpenOrder``
    """
    names, slices, placed = set(), defaultdict(list), []
    for kind, partner_id, *row, order_id in rows:
        if kind == "items":
            slices[entities[partner_id]].append(ageing.Slice(*row))
        elif kind == "orders":
            currency_id, down_paid, _debit, _place, amount, *_more = row
            placed.append(
                OpenOrder(entities[partner_id], currency_id, order_id, amount, bool(down_paid))
            )
        else:
            names.add(kind)
    return names, slices, placed


def _without_limit(rows, today):
    """Commercial partners among the rows' contacts for whom no limit is in force."""
    return {
        row.customer_id
        for row in rows
        if row.contact_id == row.customer_id and _to_limit(row, today).kind == "none"
    }


def _to_position(row, today, figures):
    return Position(
        row.customer_id,
        insured=row.insured_amount or 0.0,
        limit=_to_limit(row, today),
        **figures,
    )


def _to_limit(row, today):
    """The limit in force on a day, from a row of the statement."""
    if row.credit_mode == "no_credit":
        return Limit("no_credit")
    amount, until = row.credit_limit, None
    starts, ends = row.raise_from, row.raise_until
    if ends and today <= ends and (not starts or starts <= today):
        amount, until = max(amount, row.raise_amount or 0.0), ends
    return Limit("amount", amount, row.limit_valid_until, until) if amount > 0 else NO_LIMIT
