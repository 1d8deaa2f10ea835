from odoo import fields, models
from odoo.tools import SQL

from .open_item import ACCOUNTING


class PaymentHistory(models.Model):
    """Parts of instalments, paid and open, as the score counts them.

    Salespeople follow a reason of the score to this list: journal items stay closed to them.
    """

    _name = "ar.payment.history"
    _description = "Payment history"
    _auto = False
    _rec_name = "number"
    _order = "date_due desc, id"
    _depends = {
        "account.move": ["name", "state"],
        "account.move.line": [
            "account_id", "amount_currency", "amount_residual", "amount_residual_currency",
            "balance", "company_id", "date", "date_maturity", "invoice_date", "journal_id",
            "move_id", "parent_state", "partner_id", "reconciled",
        ],
        "account.partial.reconcile": ["credit_move_id", "debit_amount_currency", "debit_move_id"],
        "account.payment": ["date", "invoice_ids", "move_id", "state"],
        "res.partner": ["commercial_partner_id", "country_id", "user_id"],
    }  # fmt: skip

    move_id = fields.Many2one("account.move", "Journal entry", readonly=True, groups=ACCOUNTING)
    number = fields.Char(readonly=True)
    invoice_date = fields.Date(readonly=True)
    date_due = fields.Date("Due date", readonly=True)
    date_paid = fields.Date("Paid on", readonly=True)
    days = fields.Integer(
        "Days beyond terms", readonly=True, aggregator="avg", help="Up to today while it is open."
    )
    disputed = fields.Boolean(readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    root_company_id = fields.Many2one("res.company", "Main company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(readonly=True)

    def action_open_document(self):
        """Open the journal entry: for those who may read the ledger."""
        self.ensure_one()
        return self.move_id.get_formview_action()

    @property
    def _table_query(self):
        """The current company and its branches."""
        company = self.env.company.root_id
        return SQL(
            """
            SELECT item.id, item.move_id, move.name AS number, item.invoice_date,
                   item.due_date AS date_due, item.paid_date AS date_paid,
                   COALESCE(item.paid_date, %(today)s) - item.due_date AS days, item.disputed,
                   item.partner_id, customer.user_id, item.company_id,
                   %(root)s AS root_company_id, %(currency)s AS currency_id, item.amount
              FROM (%(items)s) item
              JOIN account_move move ON move.id = item.move_id
              JOIN res_partner customer ON customer.id = item.partner_id
             WHERE item.void_date IS NULL
            """,
            today=SQL("%s::date", fields.Date.context_today(self)),
            root=SQL("%s::int", company.id),
            currency=SQL("%s::int", company.currency_id.id),
            items=self.env["ar.score"]._items(company),
        )
