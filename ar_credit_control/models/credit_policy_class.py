from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..rules.risk_class import DEFAULT_CLASSES, GRADE_KEYS, NOT_ASSESSED, RiskClass

LABELS = [(key, key) for key in GRADE_KEYS if key != NOT_ASSESSED]


class CreditPolicy(models.Model):
    """What grades mean for limits and reports, and how soon a customer is reviewed."""

    _inherit = "ar.credit.policy"

    class_ids = fields.One2many(
        "ar.credit.policy.class",
        "policy_id",
        string="Risk classes",
        copy=True,
        default=lambda self: self._default_class_ids(),
    )
    review_exposure = fields.Monetary(
        string="Full period up to",
        default=50_000,
        help="Customers who owe more are reviewed sooner, in proportion: at twice the amount after "
        "half the period. 0: the same period for everybody.",
    )
    default_limit = fields.Monetary(
        string="Limit until assessed",
        compute="_compute_default_limit",
        inverse="_inverse_default_limit",
        help="The company's default credit limit: what customers get until somebody decides about "
        "them. 0: no limit. It is the same for all policies of the company.",
    )

    _review_exposure_positive = models.Constraint(
        "CHECK(review_exposure >= 0)",
        "The exposure up to which the full period holds cannot be negative: use 0 for any.",
    )

    @api.model
    def _default_class_ids(self):
        return [
            fields.Command.create(
                {
                    "grade": grade,
                    "need_percent": risk.need_percent,
                    "notice_days": risk.notice_days,
                }
            )
            for grade, risk in DEFAULT_CLASSES.items()
        ]

    @api.depends("company_id")
    def _compute_default_limit(self):
        Partner = self.env["res.partner"].sudo()  # a default of the company, no partner's
        for policy in self:
            Partner = Partner.with_company(policy.company_id)
            field = Partner._fields["credit_limit"]
            policy.default_limit = field.get_company_dependent_fallback(Partner)

    def _inverse_default_limit(self):
        # core keeps it among all defaults, which only administrators write; whoever writes the
        # policy decides about credit, and nothing but this amount is written
        defaults = self.env["ir.default"].sudo()
        for policy in self:
            if policy.default_limit < 0:
                raise ValidationError(
                    self.env._("The limit until assessed cannot be negative: use 0 for no limit.")
                )
            for company_id in self.env["ar.position"]._get_company_ids(policy.company_id.id):
                defaults.set(
                    "res.partner", "credit_limit", policy.default_limit, company_id=company_id
                )

    @tools.ormcache("self.id")
    def _get_classes(self):
        """``{grade: RiskClass}`` with every grade; grades without a line have the usual values."""
        lines = self.sudo().class_ids  # applied to everybody, whoever may read the policy
        said = {line.grade: RiskClass(line.need_percent, line.notice_days) for line in lines}
        return {**DEFAULT_CLASSES, **said}


class CreditPolicyClass(models.Model):
    """One grade of a policy: how much of the need a limit grants, when a report is renewed."""

    _name = "ar.credit.policy.class"
    _description = "Risk class of a credit policy"
    _order = "grade, id"
    _rec_name = "grade"

    policy_id = fields.Many2one("ar.credit.policy", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="policy_id.company_id", store=True, index=True)
    grade = fields.Selection([*LABELS, (NOT_ASSESSED, "Not assessed")], required=True)
    need_percent = fields.Float(
        string="Granted of the need (%)",
        help="A proposed limit grants this part of what the customer needs to buy as usual. "
        "Customers who are not assessed get the limit until assessed.",
    )
    notice_days = fields.Integer(
        string="Renew reports before (days)", help="Before the end of an external report."
    )

    _grade_unique = models.Constraint(
        "UNIQUE(policy_id, grade)", "The policy has this grade already: change its line."
    )
    _need_percent_range = models.Constraint(
        "CHECK(need_percent >= 0 AND need_percent <= 1000)",
        "The granted part of the need must lie between 0 and 1000 %.",
    )
    _notice_days_positive = models.Constraint(
        "CHECK(notice_days >= 0)", "A report is renewed 0 days or more before its end."
    )

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
