from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..rules.credit_limit import Rule


class CreditPolicy(models.Model):
    """When an order deserves a warning and when it must wait."""

    _name = "ar.credit.policy"
    _description = "Credit policy"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    is_default = fields.Boolean(compute="_compute_is_default", string="Company's policy")
    rule_ids = fields.One2many("ar.credit.policy.rule", "policy_id", copy=True)
    manager_id = fields.Many2one(
        "res.users",
        string="Credit manager",
        tracking=True,
        help="Is told of orders on hold when the customer has nobody responsible.",
    )
    release_tolerance = fields.Float(
        string="Release tolerance (%)",
        default=5.0,
        help="A released order may grow by this much before it is checked again.",
    )
    release_days = fields.Integer(
        string="Release valid for (days)", default=7, help="A release not used by then lapses."
    )
    review_months = fields.Integer(
        string="Review every (months)", default=12, help="Sets the next review of a customer."
    )

    _release_tolerance_range = models.Constraint(
        "CHECK(release_tolerance >= 0 AND release_tolerance <= 100)",
        "The release tolerance must lie between 0 and 100 %.",
    )
    _release_days_positive = models.Constraint(
        "CHECK(release_days > 0)", "A release must be valid for at least one day."
    )
    _review_months_positive = models.Constraint(
        "CHECK(review_months > 0)", "The review period must be at least one month."
    )

    @api.depends("company_id.ar_credit_policy_id")
    def _compute_is_default(self):
        for policy in self:
            policy.is_default = policy.company_id.ar_credit_policy_id == policy

    def action_set_default(self):
        self.ensure_one()
        self.check_access("write")
        # the field is the company's, which only administrators may write
        self.company_id.sudo().ar_credit_policy_id = self

    @tools.ormcache("self.id", "effect")
    def _get_rules(self, effect=None):
        """The policy's rules as values, in order; those of one effect alone where it is given."""
        return tuple(
            Rule(
                rule.criterion,
                rule.effect,
                rule.percent,
                rule.amount,
                rule.days,
                rule.level,
                rule.grade or "",
            )
            for rule in self.sudo().rule_ids  # a salesperson may not read how the policy is set
            if effect in (None, rule.effect)
        )

    @api.model
    @tools.ormcache("company_id")
    def _get_overdue_days(self, company_id):
        """The ages of overdue items that any rule of the company's root asks about."""
        root_id = self.env["ar.position"]._get_company(company_id).root_id
        rules = (
            self.env["ar.credit.policy.rule"]
            .sudo()
            .search(
                [
                    ("company_id", "=", root_id),
                    ("criterion", "=", "overdue_days"),
                ]
            )
        )
        return tuple(sorted(set(rules.mapped("days"))))

    @api.model
    def _default_values(self, company):
        """The policy that a company starts with: safe for good customers, firm with late ones."""
        rules = [
            {"criterion": "manual_hold", "effect": "hold"},
            {"criterion": "limit_use", "effect": "hold", "percent": 100},
            {"criterion": "limit_use", "effect": "warn", "percent": 80},
            {"criterion": "overdue_days", "effect": "hold", "days": 30, "amount": 250},
            {"criterion": "overdue_amount", "effect": "warn", "amount": 0},
            {"criterion": "limit_expired", "effect": "warn"},
            {"criterion": "review_overdue", "effect": "warn"},
            {"criterion": "not_assessed", "effect": "warn"},
            {"criterion": "term_longer", "effect": "warn"},
            {"criterion": "weak_discount", "effect": "warn", "percent": 5},
        ]
        return {
            "name": self.env._("Standard"),
            "company_id": company.id,
            "rule_ids": [
                fields.Command.create({"sequence": index, **rule})
                for index, rule in enumerate(rules, 1)
            ],
        }


class CreditPolicyRule(models.Model):
    """One criterion of a credit policy and what follows from it."""

    _name = "ar.credit.policy.rule"
    _description = "Credit policy rule"
    _order = "sequence, id"

    policy_id = fields.Many2one("ar.credit.policy", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="policy_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="policy_id.currency_id")
    sequence = fields.Integer(default=10)
    criterion = fields.Selection(
        [
            ("manual_hold", "Customer put on hold"),
            ("limit_use", "Use of the limit above a share"),
            ("overdue_days", "Overdue for more than some days"),
            ("overdue_amount", "Overdue above an amount"),
            ("limit_expired", "Limit expired"),
            ("review_overdue", "Credit review overdue"),
            ("not_assessed", "Customer not assessed"),
            ("order_amount", "Order above an amount"),
            ("term_longer", "Payment term longer than the customer's"),
            ("weak_discount", "Discount above a share for grade D or E"),
            ("dunning_level", "Dunning level at or above"),
        ],
        required=True,
    )
    effect = fields.Selection([("warn", "Warn"), ("hold", "Hold")], required=True, default="hold")
    percent = fields.Float(string="Share (%)", default=100.0)
    amount = fields.Monetary(
        help="For items overdue for some days: what they must exceed together, so that small "
        "remainders do not stop a good customer."
    )
    days = fields.Integer()
    level = fields.Integer(default=1)

    @api.constrains("criterion", "percent", "amount", "days", "level")
    def _check_thresholds(self):
        for rule in self:
            if rule.criterion == "limit_use" and rule.percent <= 0:
                problem = self.env._("a share of the limit above 0 %")
            elif rule.percent < 0:
                problem = self.env._("a share of 0 % or more")
            elif rule.amount < 0:
                problem = self.env._("an amount of 0 or more")
            elif rule.days < 0:
                problem = self.env._("0 days or more")
            elif rule.criterion == "dunning_level" and rule.level < 1:
                problem = self.env._("a level of 1 or more")
            else:
                continue
            label = dict(self._fields["criterion"]._description_selection(self.env))
            raise ValidationError(
                self.env._(
                    "The rule “%(rule)s” needs %(problem)s.",
                    rule=label[rule.criterion],
                    problem=problem,
                )
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
