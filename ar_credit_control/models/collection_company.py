from odoo import api, fields, models

from .res_company import SELDOM_READ


class ResCompany(models.Model):
    _inherit = "res.company"

    ar_silence_days = fields.Integer(
        string="Days without contact",
        default=30,
        required=True,
        prefetch=SELDOM_READ,
        help="Customers overdue for longer, with no contact in that time, are pointed out.",
    )
    ar_retention_months = fields.Integer(
        string="Keep persons and notes (months)",
        default=36,
        required=True,
        prefetch=SELDOM_READ,
        help="After a claim has ended; then figures stay, and persons and notes go. 0: for ever.",
    )

    _ar_retention_positive = models.Constraint(
        "CHECK(ar_retention_months >= 0)", "Keep persons and notes: enter 0 months or more."
    )
    _ar_silence_days_positive = models.Constraint(
        "CHECK(ar_silence_days > 0)", "Days without contact: enter 1 or more."
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    ar_silence_days = fields.Integer(related="company_id.ar_silence_days", readonly=False)
    ar_retention_months = fields.Integer(related="company_id.ar_retention_months", readonly=False)
    ar_erasable = fields.Char(compute="_compute_ar_erasable", string="Due now")

    @api.depends("ar_retention_months")
    def _compute_ar_erasable(self):
        for settings in self:
            settings.ar_erasable = self.env["ar.collection.case"]._describe_erasable(
                settings.company_id, settings.ar_retention_months
            )
