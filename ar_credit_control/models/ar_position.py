from collections import defaultdict
from dataclasses import replace
from datetime import date

from odoo import api, fields, models, tools
from odoo.tools import SQL

from ..rules.exposure import BUCKET_KEYS, BUCKETS, CurrencyShare, Limit, Position

LEDGER = (*BUCKET_KEYS, "unapplied")
COLUMNS = {"pending": "payments_pending", "drafts": "draft_invoices", "orders": "orders"}
MEMBER = SQL("member")
EVERYBODY = SQL("(SELECT id, commercial_partner_id AS customer_id FROM res_partner)")
_DOWN_PAYMENT_INVOICED = SQL(
    """SELECT COALESCE(SUM(
                  CASE move.move_type WHEN 'out_refund' THEN -item.price_total
                                      ELSE item.price_total END), 0)
         FROM sale_order_line_invoice_rel rel
         JOIN account_move_line item ON item.id = rel.invoice_line_id
         JOIN account_move move ON move.id = item.move_id
        WHERE rel.order_line_id = line.id AND move.state <> 'cancel'"""
)


class ArPosition(models.AbstractModel):
    """The one source of what customers owe.

    Everything is computed from the ledger when asked for, in one statement for any number of
    customers. The parts of that statement are methods of their own, so that lists, reports and
    later capabilities read the same figures from the same text.
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
    def _get_rows(self, partners, company, as_of=None, overdue_days=()):
        """As ``_get_positions``, with what the credit profile says beside each position."""
        ids = partners._origin.ids
        if not ids:
            return {}
        self._flush_ledger()
        today = fields.Date.context_today(self)
        rows = self.env.execute_query_dict(
            self._positions_sql(company, ids, as_of, tuple(overdue_days))
        )
        positions = {
            row["customer_id"]: self._to_position(row, company, today, overdue_days) for row in rows
        }
        positions = self._add_shared_exposure(positions, company, as_of)
        return {row["customer_id"]: (positions[row["customer_id"]], row) for row in rows}

    # ------------------------------------------------------------------ statement
    @api.model
    def _positions_sql(self, company, ids, as_of=None, overdue_days=()):
        """One row per commercial entity of the contacts ``ids``, with every figure of a position.

        The pieces read ``member``: the entities' contacts, each with its ``customer_id``.
        """
        today = as_of or fields.Date.context_today(self)
        pieces = (
            {}
            if as_of
            else {
                "pending": self._pending_sql(company),
                "drafts": self._drafts_sql(company, "member"),
                "orders": self._orders_sql(company),
            }
        )
        return SQL(
            """
            WITH member AS MATERIALIZED (
                SELECT id, commercial_partner_id AS customer_id FROM res_partner
                 WHERE commercial_partner_id IN (
                       SELECT commercial_partner_id FROM res_partner WHERE id = ANY(%(ids)s))
            ), item AS MATERIALIZED (%(items)s), ledger AS (%(ledger)s), share AS (%(shares)s)
            SELECT customer.id AS customer_id, ledger.*, share.by_currency, %(columns)s
                   %(limit)s AS credit_limit, profile.credit_mode, profile.limit_valid_until,
                   profile.raise_amount, profile.raise_from, profile.raise_until,
                   profile.insured_amount, profile.policy_id, profile.manual_hold,
                   profile.manual_hold_reason, profile.assessed_on, profile.review_date
              FROM res_partner customer
         LEFT JOIN ledger ON ledger.ledger_customer_id = customer.id
         LEFT JOIN share ON share.customer_id = customer.id
              %(joins)s
         LEFT JOIN ar_credit_profile profile
                ON profile.partner_id = customer.id AND profile.company_id = %(root)s
             WHERE customer.id IN (SELECT customer_id FROM member)
            """,
            ids=ids,
            items=self._items_sql(company, as_of),
            ledger=self._ledger_sql(today, overdue_days),
            shares=self._shares_sql(company, today),
            columns=SQL("").join(
                SQL("%s.amount AS %s, ", SQL.identifier(name), SQL.identifier(COLUMNS[name]))
                for name in pieces
            ),
            joins=SQL(" ").join(
                SQL(
                    "LEFT JOIN (%(piece)s) %(name)s ON %(name)s.customer_id = customer.id",
                    piece=piece,
                    name=SQL.identifier(name),
                )
                for name, piece in pieces.items()
            ),
            limit=self._credit_limit_sql(company, SQL("customer")),
            root=company.root_id.id,
        )

    @api.model
    def _ledger_sql(self, today, overdue_days=()):
        """Open items (query ``item``) by customer: ageing, unapplied credit, oldest due date."""
        return SQL(
            """
            SELECT customer_id AS ledger_customer_id, %(buckets)s,
                   -SUM(residual) FILTER (WHERE residual < 0) AS unapplied,
                   MIN(due) FILTER (WHERE residual > 0 AND due < %(today)s) AS oldest_due
              FROM item
          GROUP BY customer_id
            """,
            buckets=self._buckets_sql(today, overdue_days),
            today=today,
        )

    def _buckets_sql(self, today, overdue_days):
        """A sum of open debit items for each ageing bucket and each age asked for."""
        spans = [*BUCKETS, *((f"beyond_{days}", days + 1, None) for days in overdue_days)]
        return SQL(", ").join(
            SQL(
                "SUM(residual) FILTER (WHERE residual > 0 AND due BETWEEN %s AND %s) AS %s",
                fields.Date.subtract(today, days=last) if last is not None else date.min,
                fields.Date.subtract(today, days=first) if first is not None else date.max,
                SQL.identifier(name),
            )
            for name, first, last in spans
        )

    def _shares_sql(self, company, today):
        """What is open in foreign currencies, in them: a list of (currency, balance, overdue)."""
        return SQL(
            """
            SELECT customer_id,
                   jsonb_agg(jsonb_build_array(currency_id, balance, overdue)) AS by_currency
              FROM (
                SELECT customer_id, currency_id, SUM(residual_currency) AS balance,
                       COALESCE(SUM(residual_currency)
                                FILTER (WHERE residual > 0 AND due < %(today)s), 0) AS overdue
                  FROM item WHERE currency_id <> %(currency)s
              GROUP BY customer_id, currency_id
              ) foreign_item
          GROUP BY customer_id
            """,
            today=today,
            currency=company.currency_id.id,
        )

    @api.model
    def _items_sql(self, company, as_of=None, member=MEMBER):
        """One row per open receivable instalment: residual in company and document currency.

        With ``as_of`` the residual is the balance less what was reconciled up to that day, the
        formula by which core computes ``amount_residual``.
        """
        if as_of:
            residual = self._residual_as_of_sql(as_of, "balance", "amount", "amount")
            in_currency = self._residual_as_of_sql(
                as_of, "amount_currency", "debit_amount_currency", "credit_amount_currency"
            )
            state = SQL("line.date <= %s", as_of)
        else:
            residual = SQL("line.amount_residual")
            in_currency = SQL("line.amount_residual_currency")
            state = SQL("line.reconciled IS NOT TRUE")
        return SQL(
            """
            SELECT member.customer_id, line.currency_id, %(residual)s AS residual,
                   %(in_currency)s AS residual_currency,
                   COALESCE(line.date_maturity, line.date) AS due
              FROM account_move_line line
              JOIN %(member)s member ON member.id = line.partner_id
             WHERE line.account_id = ANY(%(receivables)s) AND line.parent_state = 'posted'
               AND %(state)s AND line.company_id = ANY(%(companies)s)
            """,
            residual=residual,
            in_currency=in_currency,
            member=member,
            receivables=self._get_receivable_ids(),
            state=state,
            companies=self._get_company_ids(company.root_id.id),
        )

    def _residual_as_of_sql(self, as_of, amount, debit_column, credit_column):
        matched = (
            SQL(
                "COALESCE((SELECT SUM(part.%s) FROM account_partial_reconcile part"
                " WHERE part.%s = line.id AND part.max_date <= %s), 0)",
                SQL.identifier(column),
                SQL.identifier(side),
                as_of,
            )
            for column, side in (
                (debit_column, "debit_move_id"),
                (credit_column, "credit_move_id"),
            )
        )
        return SQL("line.%s - %s + %s", SQL.identifier(amount), *matched)

    @api.model
    def _pending_sql(self, company, member=MEMBER):
        """Payments registered without a journal entry, up to what their invoices still owe.

        Core shows such an invoice as paid or in payment while its ledger item stays open.
        """
        return SQL(
            """
            SELECT member.customer_id,
                   SUM(SIGN(pay.amount_company_currency_signed) * LEAST(
                       ABS(pay.amount_company_currency_signed),
                       COALESCE(ABS(invoices.residual), 'Infinity'))) AS amount
              FROM account_payment pay
              JOIN %(member)s member ON member.id = pay.partner_id
         LEFT JOIN LATERAL (
                SELECT SUM(line.amount_residual) AS residual
                  FROM account_move__account_payment rel
                  JOIN account_move_line line ON line.move_id = rel.invoice_id
                 WHERE rel.payment_id = pay.id AND line.parent_state = 'posted'
                   AND line.account_id = ANY(%(receivables)s)
              ) invoices ON TRUE
             WHERE pay.move_id IS NULL AND pay.state IN ('in_process', 'paid')
               AND pay.partner_type = 'customer' AND pay.company_id = ANY(%(companies)s)
               AND (pay.state = 'in_process' OR invoices.residual IS NOT NULL)
          GROUP BY member.customer_id
            """,
            member=member,
            receivables=self._get_receivable_ids(),
            companies=self._get_company_ids(company.root_id.id),
        )

    @api.model
    def _drafts_sql(self, company, member=None):
        """Customer invoices not posted yet, credit notes deducted."""
        scope = SQL("TRUE")
        if member:
            scope = SQL(
                "move.commercial_partner_id IN (SELECT customer_id FROM %s)", SQL.identifier(member)
            )
        return SQL(
            """
            SELECT move.commercial_partner_id AS customer_id,
                   SUM(move.amount_total_signed) AS amount
              FROM account_move move
             WHERE move.state = 'draft'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND move.company_id = ANY(%(companies)s) AND %(scope)s
          GROUP BY move.commercial_partner_id
            """,
            companies=self._get_company_ids(company.root_id.id),
            scope=scope,
        )

    @api.model
    def _orders_sql(self, company, member=MEMBER):
        """Confirmed orders less what is invoiced (drafts included: they are counted by themselves).

        The debtor is the commercial partner of the invoice address. A down payment invoice lowers
        what is still to come by its own amount until the final invoice takes it off.
        """
        return SQL(
            """
            WITH so AS MATERIALIZED (
                SELECT member.customer_id, so.id, so.currency_id,
                       GREATEST(0, SUM(CASE
                           WHEN line.is_downpayment THEN -(%(invoiced)s)
                           WHEN line.product_uom_qty > 0 THEN line.price_total * GREATEST(0,
                               GREATEST(line.product_uom_qty, line.qty_delivered)
                               - line.qty_invoiced) / line.product_uom_qty
                           ELSE 0 END)) AS remaining
                  FROM sale_order so
                  JOIN %(member)s member ON member.id = so.partner_invoice_id
                  JOIN sale_order_line line ON line.order_id = so.id
                 WHERE so.state = 'sale' AND so.invoice_status <> 'invoiced'
                   AND line.display_type IS NULL AND so.company_id = ANY(%(companies)s)
              GROUP BY member.customer_id, so.id
            )
            SELECT customer_id, SUM(remaining * COALESCE(factor, 1)) AS amount
              FROM so LEFT JOIN (%(factors)s) used USING (currency_id)
          GROUP BY customer_id
            """,
            invoiced=_DOWN_PAYMENT_INVOICED,
            member=member,
            companies=self._get_company_ids(company.root_id.id),
            factors=self._factors_sql(company),
        )

    # ------------------------------------------------------------------ pieces
    @api.model
    @tools.ormcache("root_id")
    def _get_company_ids(self, root_id):
        """The company tree whose ledger counts, as core's ``credit`` reads it."""
        companies = self.env["res.company"].sudo()  # branches count, whoever may enter them
        return companies.with_context(active_test=False).search([("id", "child_of", root_id)]).ids

    @api.model
    @tools.ormcache()
    def _get_receivable_ids(self):
        """Accounts whose items customers owe; see ``account.account`` for the cache's end."""
        accounts = self.env["account.account"].sudo()  # of every company: lines name theirs
        return (
            accounts.with_context(active_test=False)
            .search([("account_type", "=", "asset_receivable")])
            .ids
        )

    def _factors_sql(self, company):
        """Factor to the company's currency, once for each foreign currency in the query ``so``."""
        own = company.currency_id.id
        return SQL(
            """
            SELECT currency_id, %(to_rate)s / %(from_rate)s AS factor
              FROM (SELECT DISTINCT currency_id FROM so WHERE currency_id <> %(own)s) foreign_so
            """,
            own=own,
            to_rate=self._latest_rate_sql(company, SQL("%s", own)),
            from_rate=self._latest_rate_sql(company, SQL("foreign_so.currency_id")),
        )

    def _latest_rate_sql(self, company, currency):
        """Today's rate by the rule of ``res.currency``: the company's own before the shared one,
        the last one before the first to come."""
        return SQL(
            """COALESCE((
                SELECT rate FROM res_currency_rate
                 WHERE currency_id = %(currency)s
                   AND (company_id IS NULL OR company_id = %(root)s)
              ORDER BY name > %(today)s, company_id,
                       CASE WHEN name <= %(today)s THEN name END DESC, name LIMIT 1), 1)""",
            currency=currency,
            today=fields.Date.context_today(self),
            root=company.root_id.id,
        )

    def _credit_limit_sql(self, company, alias):
        """Core's company-dependent limit, with the company's default where a customer has none."""
        Partner = self.env["res.partner"].with_company(company)
        fallback = Partner._fields["credit_limit"].get_company_dependent_fallback(Partner)
        return SQL(
            "COALESCE((%s.credit_limit ->> %s)::numeric, %s)",
            alias,
            str(company.id),
            fallback or 0.0,
        )

    @api.model
    def _exposures_sql(self, company):
        """One row per customer of the whole ledger: what is owed, exposed, and the limit."""
        return SQL(
            """
            SELECT partner.id AS customer_id, COALESCE(items.balance, 0)
                   - COALESCE(pending.amount, 0) + COALESCE(drafts.amount, 0)
                   + COALESCE(orders.amount, 0) AS exposure, %(limit)s AS limit_amount
              FROM res_partner partner
         LEFT JOIN (SELECT customer_id, SUM(residual) AS balance FROM (%(items)s) item
                  GROUP BY customer_id) items ON items.customer_id = partner.id
         LEFT JOIN (%(pending)s) pending ON pending.customer_id = partner.id
         LEFT JOIN (%(drafts)s) drafts ON drafts.customer_id = partner.id
         LEFT JOIN (%(orders)s) orders ON orders.customer_id = partner.id
         LEFT JOIN ar_credit_profile profile
                ON profile.partner_id = partner.id AND profile.company_id = %(root)s
             WHERE partner.commercial_partner_id = partner.id
            """,
            limit=self._limit_amount_sql(company),
            items=self._items_sql(company, member=EVERYBODY),
            pending=self._pending_sql(company, EVERYBODY),
            drafts=self._drafts_sql(company),
            orders=self._orders_sql(company, EVERYBODY),
            root=company.root_id.id,
        )

    @api.model
    def _shared_exposures_sql(self, company):
        """As ``_exposures_sql`` where companies share a limit: exposure counts in all of them."""
        group = company.root_id.sudo().ar_credit_group_id  # which companies share is no secret
        if not group:
            return SQL(
                "SELECT *, exposure AS exposure_shared FROM (%s) own", self._exposures_sql(company)
            )
        today = fields.Date.context_today(self)
        joins, exposures, limit = SQL(), SQL("own.exposure"), SQL("own.limit_amount")
        for member in group.company_ids - company.root_id:
            alias = SQL.identifier(f"member_{member.id}")
            rate = self.env["res.currency"]._get_conversion_rate(
                member.currency_id, company.currency_id, company, today
            )
            joins = SQL(
                "%s JOIN (%s) %s USING (customer_id)", joins, self._exposures_sql(member), alias
            )
            exposures = SQL("%s + %s.exposure * %s", exposures, alias, rate)
            if member == group.company_id:
                limit = SQL("%s.limit_amount * %s", alias, rate)
        return SQL(
            "SELECT customer_id, own.exposure, %s AS exposure_shared, %s AS limit_amount"
            " FROM (%s) own %s",
            exposures,
            limit,
            self._exposures_sql(company),
            joins,
        )

    @api.model
    def _limit_amount_sql(self, company):
        """The limit in force for ``partner`` and ``profile``: NULL none set, 0 no credit."""
        today = fields.Date.context_today(self)
        return SQL(
            """CASE WHEN profile.credit_mode = 'no_credit' THEN 0
                    ELSE NULLIF(GREATEST(%(limit)s, CASE
                        WHEN profile.raise_until >= %(today)s
                         AND COALESCE(profile.raise_from, %(today)s) <= %(today)s
                        THEN profile.raise_amount ELSE 0 END), 0) END""",
            limit=self._credit_limit_sql(company, SQL("partner")),
            today=SQL("%s::date", today),
        )

    def _flush_ledger(self):
        """Write what the ORM still holds back: the statement reads the tables."""
        flush = {
            "account.move.line": (
                "account_id",
                "amount_residual",
                "amount_residual_currency",
                "balance",
                "amount_currency",
                "company_id",
                "currency_id",
                "date",
                "date_maturity",
                "parent_state",
                "partner_id",
                "reconciled",
                "price_total",
            ),
            "account.move": (
                "state",
                "move_type",
                "amount_total_signed",
                "commercial_partner_id",
                "company_id",
            ),
            "account.payment": (
                "state",
                "amount_company_currency_signed",
                "move_id",
                "partner_id",
                "partner_type",
                "company_id",
                "invoice_ids",
            ),
            "sale.order": (
                "state",
                "invoice_status",
                "partner_invoice_id",
                "company_id",
                "currency_id",
            ),
            "sale.order.line": (
                "price_total",
                "product_uom_qty",
                "qty_delivered",
                "qty_invoiced",
                "is_downpayment",
                "display_type",
                "invoice_lines",
                "order_id",
            ),
            "account.partial.reconcile": None,
            "res.partner": ("commercial_partner_id", "credit_limit"),
            "ar.credit.profile": None,
        }
        for model, names in flush.items():
            self.env[model].flush_model(names)

    # ------------------------------------------------------------------ rows
    def _to_position(self, row, company, today, overdue_days=()):
        money = {name: row[name] or 0.0 for name in LEDGER}
        for name in COLUMNS.values():
            money[name] = row.get(name) or 0.0
        if money["orders"]:  # the only sum of shares: all others add up rounded amounts
            money["orders"] = company.currency_id.round(money["orders"])
        return Position(
            partner_id=row["customer_id"],
            oldest_due=row["oldest_due"],
            insured=row["insured_amount"] or 0.0,
            limit=_to_limit(row, today),
            by_currency=tuple(CurrencyShare(*share) for share in row["by_currency"] or ()),
            overdue_beyond={days: row[f"beyond_{days}"] or 0.0 for days in overdue_days},
            **money,
        )

    def _add_shared_exposure(self, positions, company, as_of):
        """Where companies share one limit, count what the customer owes the others against it."""
        group = company.root_id.sudo().ar_credit_group_id
        if not group or as_of:
            return positions
        others = defaultdict(float)
        limits = {}
        today = fields.Date.context_today(self)
        for member in group.company_ids:
            if member == company.root_id:
                continue
            rows = self.env.execute_query_dict(self._positions_sql(member, list(positions)))
            for row in rows:
                theirs = self._to_position(row, member, today)
                others[theirs.partner_id] += member.currency_id._convert(
                    theirs.exposure, company.currency_id, company, today
                )
                if member == group.company_id:
                    limits[theirs.partner_id] = self._convert_limit(theirs.limit, member, company)
        return {
            key: replace(
                position, shared_exposure=others[key], limit=limits.get(key, position.limit)
            )
            for key, position in positions.items()
        }

    def _convert_limit(self, limit, source, target):
        amount = source.currency_id._convert(
            limit.amount, target.currency_id, target, fields.Date.context_today(self)
        )
        return replace(limit, amount=amount)


def _to_limit(row, today):
    """The limit in force on a day, from a row of the statement."""
    if row["credit_mode"] == "no_credit":
        return Limit("no_credit")
    amount, until = row["credit_limit"], None
    starts, ends = row["raise_from"], row["raise_until"]
    if ends and today <= ends and (not starts or starts <= today):
        amount, until = max(amount, row["raise_amount"] or 0.0), ends
    return Limit("amount", amount, row["limit_valid_until"], until) if amount > 0 else Limit()
