from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..rules.exposure import BUCKETS

AS_OF = ("ar_as_of",)
ACCOUNTING = "account.group_account_invoice,account.group_account_readonly"


class OpenItem(models.Model):
    """Receivable items that are still open, now or at the end of the day ``ar_as_of``.

    Salespeople read this list instead of journal items, which stay closed to them. Every field
    depends on the context key, so that two days never share a cached figure.
    """

    _name = "ar.open.item"
    _description = "Open receivable item"
    _auto = False
    _rec_name = "number"
    _rec_names_search = ["number", "ref"]
    _order = "date_due, id"
    _depends = {
        "account.move": ["invoice_date", "move_type", "name", "ref"],
        "account.move.line": [
            "account_id", "amount_currency", "amount_residual", "amount_residual_currency",
            "balance", "company_id", "currency_id", "date", "date_maturity", "journal_id",
            "move_id", "move_type", "parent_state", "partner_id", "reconciled",
        ],
        "account.partial.reconcile": [
            "amount", "credit_amount_currency", "credit_move_id",
            "debit_amount_currency", "debit_move_id", "max_date",
        ],
        "res.partner": ["commercial_partner_id", "country_id", "user_id"],
    }  # fmt: skip

    move_id = fields.Many2one("account.move", "Journal entry", readonly=True, groups=ACCOUNTING)
    number = fields.Char(readonly=True)
    ref = fields.Char("Reference", readonly=True)
    kind = fields.Selection(
        [
            ("invoice", "Invoice"),
            ("refund", "Credit note"),
            ("payment", "Payment"),
            ("other", "Other"),
        ],
        readonly=True,
    )
    invoice_date = fields.Date(readonly=True)
    date_due = fields.Date("Due date", readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="max", depends_context=AS_OF)
    bucket = fields.Selection(
        selection="_selection_bucket", string="Ageing", readonly=True, depends_context=AS_OF
    )
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    root_company_id = fields.Many2one("res.company", "Main company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(readonly=True, currency_field="company_currency_id")
    amount_currency = fields.Monetary("Amount in currency", readonly=True, aggregator=None)
    residual = fields.Monetary(
        "Open amount", readonly=True, currency_field="company_currency_id", depends_context=AS_OF
    )
    residual_currency = fields.Monetary(
        "Open in currency", readonly=True, aggregator=None, depends_context=AS_OF
    )

    @api.depends("number", "residual_currency", "currency_id", "date_due")
    @api.depends_context("lang", *AS_OF)
    def _compute_display_name(self):
        """Whoever chooses one shall know which it is."""
        for item in self:
            item.display_name = self.env._(
                "%(number)s · %(open)s · due %(due)s",
                number=item.number or item.ref or "",
                open=item.currency_id.format(item.residual_currency or 0.0),
                due=format_date(self.env, item.date_due),
            )

    def _selection_bucket(self):
        """The ageing of debit items; what is open in the customer's favour has no age."""
        _ = self.env._
        return [
            ("not_due", _("Not due")),
            ("due_1_30", _("1–30 days")),
            ("due_31_60", _("31–60 days")),
            ("due_61_90", _("61–90 days")),
            ("due_over_90", _("Over 90 days")),
            ("unapplied", _("Unapplied credit")),
        ]

    def action_open_document(self):
        """Open the journal entry: for those who may read the ledger."""
        self.ensure_one()
        return self.move_id.get_formview_action()

    def _read_group_orderby(self, order, groupby_terms, query):
        """Order groups by age, not by the alphabet of the ageing's keys."""
        terms = dict(groupby_terms)
        if "bucket" in terms:
            keys = [key for key, _label in self._selection_bucket()]
            terms["bucket"] = SQL("array_position(%s, %s)", keys, terms["bucket"])
        result = super()._read_group_orderby(order, terms, query)
        # super may extend the terms by what it orders customers by
        groupby_terms.update(terms | {k: v for k, v in groupby_terms.items() if k == "bucket"})
        return result

    # ------------------------------------------------------------------ SQL
    @property
    def _table_query(self):
        as_of = fields.Date.to_date(self.env.context.get("ar_as_of"))
        today = as_of or fields.Date.context_today(self)
        return SQL(
            """
            SELECT item.*, %(today)s - item.date_due AS days_overdue, %(bucket)s AS bucket
              FROM (%(items)s) item
             WHERE item.residual <> 0 OR item.residual_currency <> 0
            """,
            today=today,
            bucket=self._bucket_sql(SQL("(%s - item.date_due)", today)),
            items=self._items_sql(as_of),
        )

    def _bucket_sql(self, days):
        cases = SQL(" ").join(
            SQL("WHEN %s <= %s THEN %s", days, last, key)
            for key, _first, last in BUCKETS
            if last is not None
        )
        return SQL(
            "CASE WHEN item.residual < 0 THEN 'unapplied' %s ELSE %s END", cases, BUCKETS[-1][0]
        )

    def _items_sql(self, as_of):
        """One row per receivable instalment with what it owes."""
        return SQL(
            """
            SELECT line.id, line.move_id, move.name AS number, move.ref, %(kind)s AS kind,
                   COALESCE(move.invoice_date, line.date) AS invoice_date,
                   COALESCE(line.date_maturity, line.date) AS date_due,
                   customer.id AS partner_id, customer.user_id, customer.country_id,
                   line.company_id, root.id AS root_company_id, line.currency_id,
                   company.currency_id AS company_currency_id,
                   line.balance AS amount, line.amount_currency, %(residuals)s
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
              JOIN account_move move ON move.id = line.move_id
              JOIN account_journal journal ON journal.id = line.journal_id
              JOIN res_company company ON company.id = line.company_id
              JOIN res_company root ON root.id = SPLIT_PART(company.parent_path, '/', 1)::int
         LEFT JOIN res_partner contact ON contact.id = line.partner_id
         LEFT JOIN res_partner customer ON customer.id = contact.commercial_partner_id
              %(undone)s
             WHERE account.account_type = 'asset_receivable' AND line.parent_state = 'posted'
               AND %(open)s
            """,
            kind=self._kind_sql(),
            **self._residual_sql(as_of),
        )

    def _kind_sql(self):
        return SQL(
            """CASE WHEN move.move_type IN ('out_invoice', 'out_receipt') THEN 'invoice'
                    WHEN move.move_type = 'out_refund' THEN 'refund'
                    WHEN move.origin_payment_id IS NOT NULL
                      OR journal.type IN ('bank', 'cash', 'credit') THEN 'payment'
                    ELSE 'other' END"""
        )

    def _residual_sql(self, as_of):
        """What is open now, or on a day: today's residual with later reconciliations undone.

        Going back from the stored residual touches only the items open now and those reconciled
        since, not the whole history.
        """
        if not as_of:
            return {
                "residuals": SQL(
                    "line.amount_residual AS residual,"
                    " line.amount_residual_currency AS residual_currency"
                ),
                "undone": SQL(),
                "open": SQL("line.reconciled IS NOT TRUE"),
            }
        later = self._later_matches_sql(as_of)
        return {
            "residuals": SQL(
                "line.amount_residual + COALESCE(undone.amount, 0) AS residual,"
                " line.amount_residual_currency + COALESCE(undone.amount_currency, 0)"
                " AS residual_currency"
            ),
            "undone": SQL("LEFT JOIN (%s) undone ON undone.line_id = line.id", later),
            "open": SQL(
                "line.date <= %s AND line.id IN ("
                " SELECT id FROM account_move_line WHERE reconciled IS NOT TRUE"
                " UNION ALL SELECT line_id FROM (%s) later)",
                as_of,
                later,
            ),
        }

    def _later_matches_sql(self, as_of):
        return SQL(
            """
            SELECT line_id, SUM(side.amount) AS amount,
                   SUM(side.amount_currency) AS amount_currency
              FROM account_partial_reconcile part
        CROSS JOIN LATERAL (VALUES
                       (part.debit_move_id, part.amount, part.debit_amount_currency),
                       (part.credit_move_id, -part.amount, -part.credit_amount_currency)
                   ) side (line_id, amount, amount_currency)
             WHERE part.max_date > %s
          GROUP BY line_id
            """,
            as_of,
        )
