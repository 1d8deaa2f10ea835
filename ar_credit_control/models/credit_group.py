from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CreditGroup(models.Model):
    """Companies that share one credit limit for each customer."""

    _name = "ar.credit.group"
    _description = "Companies sharing a credit limit"

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        string="Limit kept by",
        required=True,
        domain="[('id', 'in', company_ids)]",
        help="The customer's credit limit in this company is the limit of all companies of the "
        "group, converted into their currencies.",
    )
    company_ids = fields.One2many("res.company", "ar_credit_group_id", string="Companies")

    # a company is in one group only, so it cannot keep the limits of two
    _one_group_a_keeper = models.Constraint(
        "UNIQUE(company_id)", "This company keeps the limits of another group already."
    )

    @api.constrains("company_id", "company_ids")
    def _check_company(self):
        for group in self:
            if group.company_id not in group.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(company)s keeps the limit of %(group)s, so it must be one of its "
                        "companies: add it, or choose another one.",
                        company=group.company_id.display_name,
                        group=group.name,
                    )
                )
