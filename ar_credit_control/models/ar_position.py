from collections import defaultdict, namedtuple

from odoo import api, fields, models, tools
from odoo.tools import SQL

from ..rules import ageing
from ..rules.exposure import Limit, Position
from . import position_sql

CompanyFacts = namedtuple("CompanyFacts", "root_id currency_id group_id policy_id")
NO_LIMIT = Limit()

# What the statements read of each model; None: every field.
READ = {
    "account.move.line": (
        "account_id amount_residual amount_residual_currency balance amount_currency company_id"
        " currency_id date date_maturity parent_state partner_id reconciled price_total"
    ).split(),
    "account.move": "state move_type amount_total_signed commercial_partner_id company_id".split(),
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
        partners = partners._origin.sudo()  # rights are the callers' business, see above
        partners.fetch(["commercial_partner_id"])  # and nothing else of a thousand
        owners = partners.commercial_partner_id.ids
        if not owners:
            return {}
        self = self.sudo()
        self._flush_ledger()
        rows = self._read(company, owners, as_of, overdue_days, shown)
        return self._add_shared_exposure(rows, company) if not as_of else rows

    # ------------------------------------------------------------------ statements
    def _read(self, company, owners, as_of=None, overdue_days=(), shown=True):
        """``{commercial partner id: (Position, row)}`` of one company alone."""
        terms = self._get_terms(company, as_of)
        statement = position_sql.customers(terms, _array(owners), shown)
        rows = [position_sql.Row(*row) for row in self.env.execute_query(statement)]
        entities = {row.contact_id: row.customer_id for row in rows}
        names = () if as_of else position_sql.PARTS if shown else position_sql.EXPOSURE
        found, slices = self._read_ledger(terms, names, owners, entities, overdue_days, as_of)
        figures = self._read_parts(terms, found, owners, entities)
        own = self._get_company(company.id).currency_id
        for key, its_slices in slices.items():
            figures[key].update(ageing.figures(its_slices, own, overdue_days))
        today = fields.Date.context_today(self)
        return {
            row.customer_id: (_to_position(row, today, figures[row.customer_id]), row)
            for row in rows
            if row.contact_id == row.customer_id
        }

    def _read_ledger(self, terms, names, owners, entities, overdue_days, as_of):
        """``{part: its sign}`` of those that there are, and ``{commercial partner id: [Slice]}``.

        :param entities: ``{contact id: commercial partner id}``
        """
        edges = _array(ageing.edges(overdue_days))
        rows = self.env.execute_query(
            position_sql.ledger(terms, names, _array(owners), _array(entities), edges, as_of)
        )
        first = len(names)
        slices = defaultdict(list)
        for row in rows:
            if partner_id := row[first]:
                slices[entities[partner_id]].append(ageing.Slice(*row[first + 1 :]))
        signs = dict(zip(names, rows[0], strict=False))
        return {name: sign for name, sign in signs.items() if sign is not None}, slices

    def _read_parts(self, terms, found, owners, entities):
        """``{commercial partner id: {field of a position: amount}}`` beside the ledger."""
        figures = defaultdict(dict)
        if found:
            member = SQL(
                "(SELECT * FROM unnest(%s, %s) AS member (id, customer_id))",
                _array(entities),
                _array(entities.values()),
            )
            statement = position_sql.parts(terms, found, _array(owners), member)
            for name, key, amounts in self.env.execute_query(statement):
                figures[key].update(zip(position_sql.PARTS[name].figures, amounts, strict=True))
        return figures

    @api.model
    def _get_terms(self, company, today=None):
        """What the pieces of ``position_sql`` are about, as values."""
        root, currency, *_shared = self._get_company(company.id)
        return position_sql.Terms(
            today=SQL("%s::date", today or fields.Date.context_today(self)),
            company=SQL("%s::int", company.id),
            root=SQL("%s::int", root),
            currency=SQL("%s::int", currency),
            companies=SQL("%s::int[]", self._get_company_ids(root)),
            receivables=SQL("%s::int[]", self._get_receivable_ids(root)),
            default_limit=SQL("%s::numeric", self._get_default_limit(company.id)),
        )

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
        """Root, currency, group and policy of a company, as ids.

        ``res.company`` ends what is kept here when one of them changes.
        A position is read with nearly every form, and a company is a wide row to fetch for four
        numbers that hardly ever change.
        """
        # known to whoever sees a position: its currency, and that other companies share the limit
        company = self.env["res.company"].sudo().browse(company_id)
        root = company.root_id
        return CompanyFacts(
            root.id, company.currency_id.id, root.ar_credit_group_id.id, root.ar_credit_policy_id.id
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
        if not group:
            return rows
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


def _array(ids):
    """Numbers as one value: of an ``ARRAY[…]`` the server would read a thousand expressions."""
    return SQL("%s::int[]", f"{{{','.join(map(str, ids))}}}")


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
