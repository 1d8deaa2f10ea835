from odoo import api, fields, models

# Prefetch group: Odoo reads companies and orders all the time, and these of them nearly never.
SELDOM_READ = "ar_credit_control"


class ResCompany(models.Model):
    _inherit = "res.company"

    ar_credit_policy_id = fields.Many2one(
        "ar.credit.policy",
        string="Credit policy",
        domain="[('company_id', '=', id)]",
        prefetch=SELDOM_READ,
        help="For customers without a policy of their own.",
    )
    ar_credit_group_id = fields.Many2one(
        "ar.credit.group",
        string="Credit limit shared in",
        index="btree_not_null",
        prefetch=SELDOM_READ,
    )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._ar_create_policy()
        return companies

    def write(self, vals):
        if {"currency_id", "ar_credit_group_id", "ar_credit_policy_id"} & vals.keys():
            self.env.registry.clear_cache()  # the position remembers these
        return super().write(vals)

    @api.constrains("ar_credit_group_id")
    def _check_ar_credit_group_id(self):
        """The group's own check runs on its form only: its keeper could leave by this one."""
        kept = self.env["ar.credit.group"].sudo().search([("company_id", "in", self.ids)])
        kept._check_company()

    def _ar_create_policy(self):
        """Give each company (branches follow their root) a policy to start with."""
        for company in self.filtered(lambda c: c == c.root_id and not c.ar_credit_policy_id):
            policy = self.env["ar.credit.policy"].sudo()  # whoever may create a company
            company.sudo().ar_credit_policy_id = policy.create(policy._default_values(company))
        self.account_use_credit_limit = True
