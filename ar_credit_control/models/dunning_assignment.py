from odoo import fields, models


class DunningAssignment(models.Model):
    """A rule by which customers get a dunning policy: the first one that matches counts."""

    _name = "ar.dunning.assignment"
    _description = "Dunning policy rule"
    _inherit = ["ar.customer.rule"]
    _check_company_auto = True

    policy_id = fields.Many2one(
        "ar.dunning.policy", required=True, ondelete="cascade", index=True, check_company=True
    )
    company_id = fields.Many2one(related="policy_id.company_id", store=True, index=True)

    def _get_target(self):
        return self.policy_id
