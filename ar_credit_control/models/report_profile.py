from odoo import api, fields, models

CREDIT_GROUPS = "ar_credit_control.group_auditor"


class CreditProfile(models.Model):
    """The latest external report beside what the company decides itself."""

    _inherit = "ar.credit.profile"

    report_id = fields.Many2one(
        "ar.credit.report",
        string="External report",
        compute="_compute_report_id",
        groups=CREDIT_GROUPS,
        help="The newest one that is valid today.",
    )
    report_rating = fields.Char("Rating", compute="_compute_report_id", groups=CREDIT_GROUPS)
    report_scale = fields.Char("Scale", compute="_compute_report_id", groups=CREDIT_GROUPS)
    report_valid_until = fields.Date(compute="_compute_report_id", groups=CREDIT_GROUPS)
    report_no_credit = fields.Boolean(
        "Advises against credit", compute="_compute_report_id", groups=CREDIT_GROUPS
    )
    report_advice = fields.Monetary(
        string="Advised limit",
        compute="_compute_report_id",
        groups=CREDIT_GROUPS,
        help="What the report advises, in the company's currency.",
    )

    @api.depends("partner_id", "company_id")
    def _compute_report_id(self):
        latest = self.env["ar.credit.report"]._get_latest(self.partner_id.ids, self.company_id)
        for profile in self:
            report = latest.get(
                (profile.partner_id.id, profile.company_id.id), self.env["ar.credit.report"]
            )
            profile.report_id = report
            profile.report_rating = report.rating
            profile.report_scale = report.scale_text
            profile.report_valid_until = report.valid_until
            profile.report_no_credit = report.no_credit
            profile.report_advice = report._get_advice() or 0.0 if report else 0.0

    def action_open_reports(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("External reports"),
            "res_model": "ar.credit.report",
            "view_mode": "list,form",
            "domain": [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
            ],
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
            },
        }
