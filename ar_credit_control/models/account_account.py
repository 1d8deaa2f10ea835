from odoo import api, models


class AccountAccount(models.Model):
    _inherit = "account.account"

    @api.model_create_multi
    def create(self, vals_list):
        """The position remembers which accounts are receivable: a new one ends that."""
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        if {"account_type", "company_ids"} & vals.keys():
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
