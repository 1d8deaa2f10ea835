from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .unkeyed import Unkeyed

REASONS = [
    ("excluded", "Excluded by hand"),
    ("covered", "Covered by unmatched credit"),
    ("payment", "Payment registered"),
    ("credit", "Account in credit"),
    ("interval", "Contacted a short time ago"),
    ("policy", "The policy cannot be used"),
    ("short", "Below the amount of every level"),
    ("paid", "Paid in the meantime"),
    ("sent", "Sent by another run"),
    ("changed", "No longer due for a reminder"),
]


class DunningLeftOut(models.Model):
    """An item, or a customer, that a run does not chase, and why."""

    _name = "ar.dunning.left.out"
    _description = "Left out of a dunning run"
    _order = "partner_id, id"
    _rec_name = "partner_id"
    _log_access = False

    run_id = Unkeyed("ar.dunning.run", required=True, index=True)
    notice_id = Unkeyed("ar.dunning.notice", index="btree_not_null")
    company_id = Unkeyed("res.company", required=True)
    partner_id = Unkeyed("res.partner", string="Customer", required=True)
    move_line_id = Unkeyed("account.move.line", string="Item", index="btree_not_null")
    name = fields.Char(string="Document", help="Empty: the whole customer.")
    currency_id = Unkeyed("res.currency", required=True)
    amount = fields.Monetary()
    reason = fields.Selection(REASONS, required=True)
    note = fields.Char(string="Details")
    at_sending = fields.Boolean(help="It fell out at the last look, after the review.")


class DunningExclusion(models.Model):
    """A customer, or one of its invoices, that is not chased up to a day."""

    _name = "ar.dunning.exclusion"
    _description = "Excluded from dunning"
    _inherit = ["mail.thread"]
    _order = "date_to desc, id desc"
    _rec_name = "partner_id"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id, index=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        index=True,
        tracking=True,
    )
    move_id = fields.Many2one(
        "account.move",
        string="Only invoice",
        ondelete="cascade",
        index="btree_not_null",
        tracking=True,
        domain="[('commercial_partner_id', '=', partner_id), ('state', '=', 'posted'),"
        " ('move_type', 'in', ('out_invoice', 'out_receipt'))]",
        help="Empty: everything that the customer owes.",
    )
    reason = fields.Char(required=True, tracking=True)
    date_to = fields.Date(
        string="Until", required=True, tracking=True, help="The last day without reminders."
    )
    active = fields.Boolean(default=True)

    @api.model_create_multi
    def create(self, vals_list):
        Partner = self.env["res.partner"]
        for vals in vals_list:
            if vals.get("partner_id"):  # items belong to the customer, whatever contact was chosen
                vals["partner_id"] = Partner.browse(vals["partner_id"]).commercial_partner_id.id
        return super().create(vals_list)

    @api.constrains("partner_id", "move_id", "reason")
    def _check_invoice(self):
        for exclusion in self:
            move = exclusion.move_id
            if move and move.commercial_partner_id != exclusion.partner_id.commercial_partner_id:
                problem = self.env._("%s is an invoice of another customer", move.display_name)
            elif not (exclusion.reason or "").strip():
                problem = self.env._("give a reason: it stands in every run")
            else:
                continue
            raise ValidationError(
                self.env._(
                    "Exclusion of %(customer)s: %(problem)s.",
                    customer=exclusion.partner_id.display_name,
                    problem=problem,
                )
            )


def reasons(env):
    """The reasons as the user reads them, those of other rooms included."""
    return dict(env["ar.dunning.left.out"]._fields["reason"]._description_selection(env))
