from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..rules.dunning import BACKWARDS, GRACE, Ladder, faults
from .dunning_ready import READY, ready_values


class DunningPolicy(models.Model):
    """How one kind of payer is reminded: a ladder of levels."""

    _name = "ar.dunning.policy"
    _description = "Dunning policy"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id, index=True
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.root_id.currency_id,
        help="Of the policy's amounts; they are converted at the date of each run.",
    )
    is_default = fields.Boolean(compute="_compute_is_default", string="Company's policy")
    grace_days = fields.Integer(
        default=3, tracking=True, help="Payments on their way: no reminder within these days."
    )
    min_interval = fields.Integer(
        string="Days between contacts",
        default=7,
        tracking=True,
        help="At least so many days lie between two notices to a customer.",
    )
    mode = fields.Selection(
        [("account", "The customer's account"), ("items", "Single items")],
        string="Addresses",
        required=True,
        default="account",
        tracking=True,
        help="The account goes to one level and the notice lists all that is overdue; or each "
        "item has a level, and the notice lists those that go to a higher one.",
    )
    fallback_channel = fields.Selection(
        [("letter", "Letter"), ("call", "Phone call")],
        string="Without e-mail address",
        required=True,
        default="letter",
    )
    interest_scheme_id = fields.Many2one("ar.interest.scheme", string="Late payment law")
    use_contract_rate = fields.Boolean(string="Interest rate agreed")
    contract_rate = fields.Float(
        string="Agreed rate (%)", help="Percent a year; not below the floor that the law sets."
    )
    level_ids = fields.One2many("ar.dunning.level", "policy_id", copy=True)
    assignment_ids = fields.One2many("ar.dunning.assignment", "policy_id")

    _grace_positive = models.Constraint(
        "CHECK(grace_days >= 0)", "Grace days are 0 or more: use levels before the due date."
    )
    _interval_positive = models.Constraint(
        "CHECK(min_interval >= 0)", "The days between contacts are 0 or more."
    )
    _rate_positive = models.Constraint(
        "CHECK(contract_rate >= 0)", "An agreed interest rate is 0 or more."
    )

    @api.depends("company_id.ar_dunning_policy_id")
    def _compute_is_default(self):
        for policy in self:
            policy.is_default = policy.company_id.ar_dunning_policy_id == policy

    @api.constrains("level_ids", "grace_days")
    def _check_levels(self):
        for policy in self:
            for kind, number in faults(policy._to_rules().levels, policy.grace_days):
                raise ValidationError(policy._explain(kind, policy.level_ids[number - 1]))

    def _explain(self, kind, level):
        names = {"policy": self.display_name, "level": level.name, "days": level.days}
        if kind == GRACE:
            return self.env._(
                "Policy “%(policy)s”, level “%(level)s”: %(days)s days lie within the %(grace)s "
                "days of grace. Set more days, or fewer days of grace.",
                grace=self.grace_days,
                **names,
            )
        before = self.level_ids[level.number - 2]
        names["before"] = before.name
        if kind == BACKWARDS:
            return self.env._(
                "Policy “%(policy)s”: level “%(level)s” comes after %(days)s days, not later than "
                "“%(before)s” before it. Set more days, or change the order.",
                **names,
            )
        return self.env._(
            "Policy “%(policy)s”: level “%(level)s” comes after %(days)s days, before the deadline "
            "of “%(before)s” is over. Set at least %(least)s days, or a shorter deadline.",
            least=before.days + before.deadline_days,
            **names,
        )

    def action_set_default(self):
        self.ensure_one()
        self.check_access("write")
        # the field is the company's, which only administrators may write
        self.company_id.sudo().ar_dunning_policy_id = self

    def _to_rules(self, rate=1.0):
        """The ladder as a value; ``rate`` converts its amounts."""
        self.ensure_one()
        return Ladder(
            tuple(level._to_rules(rate) for level in self.level_ids),
            self.grace_days,
            self.mode == "account",
        )

    def _get_rate(self, date):
        """Factor from the policy's currency to its company's on a day.

        :raise UserError: when nobody entered a rate for the currency
        """
        company, levels = self.company_id, self.level_ids
        amounts = levels.mapped("min_amount") + levels.mapped("approval_amount")
        if self.currency_id == company.currency_id or not any(amounts):
            return 1.0
        currencies = self.currency_id | company.currency_id
        known = self.env["res.currency.rate"].search(
            [("currency_id", "in", currencies.ids), ("name", "<=", date)]
        )
        missing = currencies - known.currency_id - company.currency_id
        if missing:
            raise UserError(
                self.env._(
                    "Policy “%(policy)s”: there is no exchange rate of %(currency)s on %(date)s. "
                    "Enter one, or set the policy's amounts in %(own)s.",
                    policy=self.display_name,
                    currency=missing.name,
                    date=date,
                    own=company.currency_id.name,
                )
            )
        return self.currency_id._convert(1.0, company.currency_id, company, date, round=False)

    # ------------------------------------------------------------------ ready-made
    @api.model
    def _create_ready(self, company):
        """Give a company the ready-made policies, and rules by which customers get them."""
        scheme = self.env["ar.interest.scheme"]._get_default(company)
        policies = self.create([ready_values(self.env, key, company, scheme) for key in READY])
        by_key = dict(zip(READY, policies, strict=True))
        tag = self.env.ref("ar_credit_control.tag_public_body", raise_if_not_found=False)
        self.env["ar.dunning.assignment"].create(
            [
                *(
                    [{"policy_id": by_key["public"].id, "tag_ids": [Command.link(tag.id)]}]
                    if tag
                    else []
                ),
                {"policy_id": by_key["good"].id, "best_grade": "A", "worst_grade": "B"},
                {"policy_id": by_key["bad"].id, "best_grade": "D", "worst_grade": "E"},
            ]
        )
        company.ar_dunning_policy_id = by_key["normal"]
