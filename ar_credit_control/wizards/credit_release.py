from odoo import api, fields, models


class CreditRelease(models.TransientModel):
    """The credit manager lets one order go, and says why."""

    _name = "ar.credit.release"
    _description = "Release an order"

    # anybody may be given an authority, so the hold's own rules say who sees it: no sudo below
    hold_id = fields.Many2one("ar.credit.hold", required=True, readonly=True)
    company_id = fields.Many2one(related="hold_id.company_id", related_sudo=False)
    currency_id = fields.Many2one(related="hold_id.currency_id", related_sudo=False)
    order_id = fields.Many2one(related="hold_id.order_id", related_sudo=False)
    partner_id = fields.Many2one(related="hold_id.partner_id", related_sudo=False)
    order_state = fields.Selection(related="hold_id.order_id.state", related_sudo=False)
    reason_text = fields.Text(related="hold_id.reason_text", related_sudo=False)
    request_note = fields.Text(related="hold_id.request_note", related_sudo=False)
    ar_widget = fields.Json(
        related="hold_id.ar_widget", related_sudo=False, string="Position today"
    )
    amount = fields.Monetary(
        string="Release up to",
        compute="_compute_defaults",
        compute_sudo=False,
        store=True,
        readonly=False,
    )
    tolerance = fields.Float(
        string="Tolerance (%)",
        compute="_compute_defaults",
        compute_sudo=False,
        store=True,
        readonly=False,
    )
    valid_until = fields.Date(
        compute="_compute_defaults", compute_sudo=False, store=True, readonly=False
    )
    reason = fields.Text(required=True)
    confirm = fields.Boolean(string="Confirm the order now", default=True)

    _tolerance_range = models.Constraint(
        "CHECK(tolerance >= 0 AND tolerance <= 100)", "The tolerance must lie between 0 and 100 %."
    )

    @api.depends("hold_id")
    def _compute_defaults(self):
        for wizard in self:
            hold = wizard.hold_id
            # the policy gives the usual values, whoever may read it
            profile = (
                self.env["ar.credit.profile"]
                .sudo()
                ._get_or_create(hold.partner_id, hold.company_id)
            )
            policy = profile._get_policy()
            wizard.amount = hold.amount
            wizard.tolerance = policy.release_tolerance
            wizard.valid_until = fields.Date.add(
                fields.Date.context_today(self), days=policy.release_days
            )

    def action_release(self):
        self.ensure_one()
        self.hold_id._release(
            self.reason, self.amount, self.tolerance, self.valid_until, self.confirm
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}
