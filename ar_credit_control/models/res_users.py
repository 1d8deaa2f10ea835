from odoo import fields, models

FULL_VIEW = (
    "ar_credit_control.group_auditor",
    "account.group_account_invoice",
    "account.group_account_readonly",
    "sales_team.group_sale_salesman_all_leads",
)


class ResUsers(models.Model):
    _inherit = "res.users"

    ar_colleague_ids = fields.Many2many(
        "res.users",
        compute="_compute_ar_colleague_ids",
        compute_sudo=True,  # only ids of colleagues, used by record rules
        string="Salespeople of the same teams",
    )

    def _compute_ar_colleague_ids(self):
        """The user and whoever belongs to a sales team that he belongs to or leads."""
        for user in self:
            teams = self.env["crm.team"].search(
                [
                    "|",
                    ("user_id", "=", user.id),
                    ("crm_team_member_ids.user_id", "=", user.id),
                ]
            )
            user.ar_colleague_ids = teams.member_ids | teams.user_id | user

    def _ar_sees_all(self):
        """Whether the user may see every customer's position."""
        return any(self.has_group(group) for group in FULL_VIEW)
