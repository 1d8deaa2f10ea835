from odoo import fields, models


class CreditProfile(models.Model):
    """What is decided, rather than derived, about one customer of one company."""

    _name = "ar.credit.profile"
    _description = "Credit profile"
    _inherit = ["mail.thread"]
    _rec_name = "partner_id"
    _order = "id"

    partner_id = fields.Many2one(
        "res.partner", required=True, index=True, ondelete="cascade", string="Customer"
    )
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")

    _partner_company_unique = models.Constraint(
        "UNIQUE(partner_id, company_id)",
        "A customer has one credit profile per company.",
    )
