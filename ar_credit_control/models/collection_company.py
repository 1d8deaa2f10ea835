from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    ar_silence_days = fields.Integer(
        string="Days without contact",
        default=30,
        required=True,
        help="Customers overdue for longer, with no contact in that time, are pointed out.",
    )

    _ar_silence_days_positive = models.Constraint(
        "CHECK(ar_silence_days > 0)", "Days without contact: enter 1 or more."
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    ar_silence_days = fields.Integer(related="company_id.ar_silence_days", readonly=False)
