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
        """A country that is entered later brings its law to the policies that lack one, and a
        currency is that of the policies which had the one before: a new company has dollars until
        its chart of accounts is chosen."""
        before = {company: company.currency_id for company in self} if "currency_id" in vals else {}
        result = super().write(vals)
        for company, currency in before.items():
            company._ar_change_dunning_currency(currency)
        if vals.keys() & {"country_id", "account_fiscal_country_id"}:
            self._ar_complete_dunning()
        return result

    def _ar_change_dunning_currency(self, before):
        # whoever may change a company; core lets nobody do it once there are entries
        policies = self.env["ar.dunning.policy"].sudo().with_context(active_test=False)
        policies.search(
            [("company_id", "=", self.id), ("currency_id", "=", before.id)]
        ).currency_id = self.currency_id

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
