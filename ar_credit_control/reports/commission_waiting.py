from odoo import fields, models
from odoo.tools import SQL

SEES_ALL = ("ar_credit_control.group_commission_manager", "ar_credit_control.group_auditor")
REASONS = [
    ("unpaid", "Not paid"),
    ("disputed", "Disputed"),
    ("in_process", "Not seen by the bank"),
    ("lost", "Too late"),
]


class CommissionWaitingLine(models.Model):
    """Open invoices and what they would earn if they were paid today.

    The customer whose call is worth most comes first, with all of his invoices. Everybody sees
    his own; whoever manages or audits commissions sees all of them.
    """

    _name = "ar.commission.waiting.line"
    _description = "Commission that waits for money"
    _auto = False
    _rec_name = "number"
    _order = "call_amount desc, partner_id, amount desc, id"

    payee_id = fields.Many2one("res.partner", "Person", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    number = fields.Char("Invoice", readonly=True)
    residual = fields.Monetary("Open", readonly=True)
    date_due = fields.Date("Due date", readonly=True)
    days = fields.Integer("Days overdue", readonly=True, aggregator="max")
    amount = fields.Monetary("Commission", readonly=True, help="Yours if the customer paid today.")
    call_amount = fields.Monetary(
        "One call", readonly=True, aggregator="max", help="Of all of the customer's open invoices."
    )
    last_date = fields.Date(
        "Lost after", readonly=True, help="The last day on which a payment earns anything."
    )
    reason = fields.Selection(REASONS, "Why it waits", readonly=True)

    def action_open_customer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }

    @property
    def _table_query(self):
        """The current company and its branches; of others only for whoever may see them."""
        user = self.env.user
        all_ = self.env.su or any(user.has_group(group) for group in SEES_ALL)
        waiting = self.env["ar.commission.waiting"]._waiting_sql(
            None if all_ else user.partner_id, None, self.env.company
        )
        return SQL(
            """
            SELECT move_id::bigint * 4194304 + payee_id AS id, payee_id, partner_id, company_id,
                   currency_id, number, residual, date_due, days, amount, last_date, reason,
                   SUM(amount) OVER (PARTITION BY payee_id, partner_id) AS call_amount
              FROM (%s) waiting
             WHERE amount <> 0 OR reason = 'lost'
            """,
            waiting,
        )
