from odoo import api, fields, models

from ..models.dispute import ENDS
from ..rules.dispute import RESOLUTIONS


class DisputeResolve(models.TransientModel):
    """Say who was right."""

    _name = "ar.dispute.resolve"
    _description = "Resolve a dispute"

    dispute_id = fields.Many2one("ar.dispute", required=True, readonly=True)
    partner_id = fields.Many2one(related="dispute_id.partner_id")
    resolution = fields.Selection(ENDS, required=True, default="credit_note")
    justified = fields.Boolean(
        string="The customer had a reason",
        compute="_compute_justified",
        readonly=False,
        store=True,
        help="If not, the dispute lowers the customer's score.",
    )
    refund_id = fields.Many2one(
        "account.move",
        string="Credit note",
        domain="[('move_type', '=', 'out_refund'), ('state', '=', 'posted'),"
        " ('commercial_partner_id', '=', partner_id)]",
    )
    note = fields.Text(string="Reason", required=True)

    @api.depends("resolution")
    def _compute_justified(self):
        for wizard in self:
            wizard.justified = RESOLUTIONS.get(wizard.resolution, True)

    def action_resolve(self):
        self.ensure_one()
        refund = self.refund_id if self.resolution != "rejected" else None
        self.dispute_id._resolve(self.resolution, self.note, self.justified, refund)
        return {"type": "ir.actions.act_window_close"}
