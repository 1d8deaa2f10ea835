from odoo import api, fields, models

from .res_company import SELDOM_READ


class ResCompany(models.Model):
    _inherit = "res.company"

    ar_dunning_policy_id = fields.Many2one(
        "ar.dunning.policy",
        string="Dunning policy",
        domain="[('company_id', '=', id)]",
        prefetch=SELDOM_READ,
        help="For customers that no rule is about.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._ar_create_dunning()
        return companies

    def write(self, vals):
        """A country that is entered later brings its law to the policies that lack one."""
        result = super().write(vals)
        if vals.keys() & {"country_id", "account_fiscal_country_id"}:
            self._ar_complete_dunning()
        return result

    def _ar_complete_dunning(self):
        # whoever may change a company
        policies = self.env["ar.dunning.policy"].sudo()
        lacking = [("company_id", "in", self.ids), ("interest_scheme_id", "=", False)]
        for company, found in policies._read_group(lacking, ["company_id"], ["id:recordset"]):
            found.interest_scheme_id = self.env["ar.interest.scheme"].sudo()._get_default(company)

    def _ar_create_dunning(self):
        """Give companies (branches follow their root) policies to start with; none: all of them."""
        companies = self or self.search([("parent_id", "=", False)])
        for company in companies.filtered(lambda c: c == c.root_id and not c.ar_dunning_policy_id):
            # whoever may create a company
            self.env["ar.dunning.policy"].sudo()._create_ready(company.sudo())
