from odoo import api, fields, models


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

    forecast = fields.Char(compute="_compute_forecast", string="What happens")
    changes = fields.Boolean(compute="_compute_forecast")

    @api.depends("notification_id", "move_id")
    def _compute_forecast(self):
        for wizard in self:
            verdict = wizard.move_id and wizard.notification_id._foresee(wizard.move_id._origin)
            wizard.forecast = wizard._get_forecast(verdict) if verdict else False
            wizard.changes = bool(verdict) and verdict.state == "applied"

    def _get_forecast(self, verdict):
        reasons = self.env["ar.exchange.notification"]._fields["reason"]
        why = dict(reasons._description_selection(self.env)).get(verdict.reason, "")
        if verdict.state == "history":
            return self.env._("It goes to the history and changes nothing (%s).", why)
        if verdict.state == "quarantined":
            return self.env._("It stays in quarantine and changes nothing (%s).", why)
        return {
            "open": self.env._("It opens a delivery problem of the invoice, or renews it."),
            "settle": self.env._("It closes what is open of the invoice's delivery."),
        }.get(verdict.effect, self.env._("It is noted at the invoice's transmission."))

    def action_apply(self):
        self.ensure_one()
        self.notification_id._require_right()
        self.move_id.check_access("read")
        self.notification_id._apply_to(self.move_id)
        return {"type": "ir.actions.act_window_close"}
