from odoo import models


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def write(self, vals):
        if "rounding" in vals:
            self.env.registry.clear_cache()  # the position remembers the company's own
        return super().write(vals)
