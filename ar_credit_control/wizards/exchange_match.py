from odoo import fields, models


class ExchangeMatch(models.TransientModel):
    """Says which invoice a message is about."""

    _name = "ar.exchange.match"
    _description = "Match a message with an invoice"

    notification_id = fields.Many2one("ar.exchange.notification", required=True)
    company_id = fields.Many2one(related="notification_id.company_id")
    speaks_of = fields.Char(related="notification_id.invoice_text", string="The message speaks of")
    outcome = fields.Selection(related="notification_id.outcome")
    suggestion_ids = fields.Many2many(related="notification_id.suggestion_ids")
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        domain="[('company_id', 'child_of', company_id), ('state', '=', 'posted'),"
        " ('move_type', 'in', ('out_invoice', 'out_refund', 'out_receipt'))]",
    )

    def action_apply(self):
        self.ensure_one()
        self.notification_id._require_right()
        self.move_id.check_access("read")
        self.notification_id._apply_to(self.move_id)
        return {"type": "ir.actions.act_window_close"}
