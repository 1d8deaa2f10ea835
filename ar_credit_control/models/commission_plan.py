"""Who earns commission, by which rules, and since when: plans and their versions in time."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import format_date

from ..rules.commission import Bracket, last_day
from .score_profile import GRADES

FIRST, LAST = fields.Date.to_date("1000-01-01"), fields.Date.to_date("9999-12-31")


class CommissionPlan(models.Model):
    """What some people earn on what they sell, once customers pay."""

    _name = "ar.commission.plan"
    _description = "Commission plan"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company.root_id,
        domain="[('parent_id', '=', False)]",
    )
    active = fields.Boolean(default=True, tracking=True)
    mode = fields.Selection(
        [("first", "First rule that matches"), ("stack", "All rules that match, added up")],
        string="Rules",
        required=True,
        default="first",
        tracking=True,
        help="What a line of an invoice earns when several rules are about it.",
    )
    version_ids = fields.One2many("ar.commission.version", "plan_id", string="Versions")
    member_ids = fields.One2many("ar.commission.member", "plan_id", string="Members")
    version_id = fields.Many2one(
        "ar.commission.version", compute="_compute_version_id", string="In force"
    )

    @api.depends("version_ids.state", "version_ids.date_from", "version_ids.date_to")
    def _compute_version_id(self):
        today = fields.Date.context_today(self)
        for plan in self:
            plan.version_id = plan.version_ids.filtered(
                lambda v: v.state == "active" and v._covers(today, today)
            )[:1]

    @api.constrains("company_id")
    def _check_company_id(self):
        for plan in self:
            if plan.company_id.parent_id:
                raise ValidationError(
                    self.env._(
                        "“Company” of %(plan)s: branches share the plans of %(root)s: choose it.",
                        plan=plan.name,
                        root=plan.company_id.root_id.name,
                    )
                )


class Period(models.AbstractModel):
    """A span of days; no end means for good."""

    _name = "ar.commission.period"
    _description = "Period of a commission plan"

    date_from = fields.Date(string="From", required=True, default=fields.Date.context_today)
    date_to = fields.Date(string="Until", help="Empty: until further notice.")

    _period_forwards = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "“Until” lies before “From”: swap them.",
    )

    def _covers(self, first, last):
        """Whether it has a day in common with the one from ``first`` to ``last``."""
        self.ensure_one()
        return self.date_from <= (last or LAST) and first <= (self.date_to or LAST)

    def _overlapping(self, others):
        """The first of the others that has a day in common."""
        return next((o for o in others - self if o._covers(self.date_from, self.date_to)), None)

    def _format_period(self):
        end = format_date(self.env, self.date_to) if self.date_to else self.env._("further notice")
        return self.env._(
            "%(start)s until %(end)s", start=format_date(self.env, self.date_from), end=end
        )


class Ranged(models.AbstractModel):
    """Numbers within bounds: the database refuses others, this says beforehand whose they are.

    ``_ranges``: field → (lowest, highest). ``_owners``: fields that say what a line belongs to.
    """

    _name = "ar.commission.ranged"
    _description = "Numbers within bounds"
    _ranges: dict[str, tuple[float, float]] = {}
    _owners: tuple[str, ...] = ()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_ranges(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_ranges(vals)
        return super().write(vals)

    def _check_ranges(self, vals):
        for name in self._ranges.keys() & vals.keys():
            low, high = self._ranges[name]
            if not low <= vals[name] <= high:
                raise ValidationError(
                    self.env._(
                        "“%(field)s” of %(owner)s is %(value)g: enter %(low)g to %(high)g.",
                        field=self._fields[name]._description_string(self.env),
                        owner=self._name_owner(vals),
                        value=vals[name],
                        low=low,
                        high=high,
                    )
                )

    def _name_owner(self, vals):
        """The version or plan, or whatever else a line belongs to; a record's own name."""
        for name in self._owners:
            owner = self[:1][name] if self else self[name].browse(vals.get(name) or [])
            if owner:
                return owner.display_name
        return self[:1].display_name or vals.get("name") or self._description


class CommissionVersion(models.Model):
    """The terms of a plan for invoices of a period. Once in force they do not change: a new
    version begins where this one ends."""

    _name = "ar.commission.version"
    _description = "Version of a commission plan"
    _inherit = ["ar.commission.period", "ar.commission.ranged"]
    _order = "plan_id, date_from desc, id desc"
    _ranges = {"upfront_percent": (0, 100), "order_days": (0, 3650)}

    plan_id = fields.Many2one(
        "ar.commission.plan", required=True, index=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="plan_id.company_id", store=True, index=True)
    name = fields.Char(required=True, default=lambda self: self.env._("Version"))
    state = fields.Selection(
        [("draft", "Draft"), ("active", "In force")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )
    trigger = fields.Selection(
        [
            ("payment", "When the customer pays"),
            ("invoice", "When the invoice is posted"),
            ("payment_for_grades", "When a critical customer pays, else on the invoice"),
        ],
        string="Earned",
        required=True,
        default="payment",
    )
    critical_grade = fields.Selection(
        GRADES,
        string="Critical from grade",
        default="D",
        help="Customers of this payment grade and worse earn on payment only. The grade is the "
        "one at the time when the invoice or the order was first reckoned.",
    )
    unrated_critical = fields.Boolean(
        string="Customers without a grade are critical",
    )
    upfront_percent = fields.Float(
        string="Part up front (%)",
        digits=(5, 2),
        help="Of the commission, earned before the customer pays; the rest when he pays. Where "
        "critical customers must pay first, nothing is earned beforehand on these; the others earn "
        "this part with the order, where it is earned there, and all of it on the invoice.",
    )
    upfront_on = fields.Selection(
        [
            ("invoice", "When the invoice is posted"),
            ("order", "When the order is confirmed"),
        ],
        string="Part up front is earned",
        required=True,
        default="invoice",
        help="On an order: taken back when it is cancelled. The invoice takes the order's place: "
        "what both earned together never counts twice.",
    )
    order_days = fields.Integer(
        string="Days to invoice",
        help="An order that is not invoiced within so many days gives back what it earned; "
        "0: it never does.",
    )
    in_process = fields.Boolean(
        string="Payments in process count",
        default=True,
        help="A registered payment earns at once; otherwise when it is matched with the bank.",
    )
    clock = fields.Selection(
        [("invoice", "Invoice date"), ("due", "Due date")],
        string="Days count from",
        required=True,
        default="invoice",
    )
    basis = fields.Selection(
        [("net", "Net amount"), ("margin", "Margin")],
        string="Rates are on",
        required=True,
        default="net",
    )
    rule_ids = fields.One2many("ar.commission.rule", "version_id", copy=True)
    speed_ids = fields.One2many("ar.commission.speed", "version_id", copy=True)
    term_ids = fields.One2many(
        "ar.commission.term", "version_id", string="Payment terms", copy=True
    )
    last_day = fields.Integer(
        compute="_compute_last_day",
        store=True,
        help="The last day on which a payment earns anything; -1: there is no such day.",
    )

    _upfront_range = models.Constraint(
        "CHECK(upfront_percent BETWEEN 0 AND 100)",
        "“Part up front” is a share of the commission: enter 0 to 100 %.",
    )

    _order_days_range = models.Constraint(
        "CHECK(order_days >= 0)",
        "“Days to invoice” counts from the order: enter 0 or more.",
    )

    @api.depends("plan_id.name", "name")
    def _compute_display_name(self):
        for version in self:
            version.display_name = f"{version.plan_id.name}: {version.name}"

    @api.depends("speed_ids.day_from", "speed_ids.day_to", "speed_ids.no_end", "speed_ids.factor")
    def _compute_last_day(self):
        for version in self:
            last = last_day(version.speed_ids._to_rules())
            version.last_day = -1 if last is None else last


class CommissionRule(models.Model):
    """A rate, and which lines of which invoices it is about; what is empty matches any."""

    _name = "ar.commission.rule"
    _description = "Commission rule"
    _inherit = ["ar.commission.ranged"]
    _ranges = {"rate": (0, 100)}
    _owners = ("version_id",)
    _order = "version_id, sequence, id"

    version_id = fields.Many2one(
        "ar.commission.version", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="version_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    product_id = fields.Many2one("product.product", ondelete="restrict", index="btree_not_null")
    categ_id = fields.Many2one(
        "product.category",
        string="Product category",
        ondelete="restrict",
        index="btree_not_null",
        help="With all categories below.",
    )
    tag_id = fields.Many2one(
        "res.partner.category",
        string="Customer tag",
        ondelete="restrict",
        index="btree_not_null",
    )
    grade = fields.Selection(
        [*GRADES, ("-", "Not assessed")],
        string="Payment grade",
        help="As it was when the invoice was first reckoned.",
    )
    rate = fields.Float(string="Rate (%)", digits=(7, 4), required=True)

    _rate_range = models.Constraint(
        "CHECK(rate BETWEEN 0 AND 100)",
        "“Rate” of a commission rule is a percentage: enter 0 to 100.",
    )

    @api.depends("product_id", "categ_id", "tag_id", "grade", "rate")
    def _compute_display_name(self):
        for rule in self:
            about = [rule.product_id.display_name, rule.categ_id.name, rule.tag_id.name, rule.grade]
            words = ", ".join(filter(None, about)) or self.env._("everything")
            rule.display_name = f"{words}: {rule.rate:g} %"


class CommissionSpeed(models.Model):
    """What a payment earns that comes so many days after the invoice, or after it is due."""

    _name = "ar.commission.speed"
    _description = "Speed bracket of a commission"
    _inherit = ["ar.commission.ranged"]
    _ranges = {"factor": (0, 10)}
    _owners = ("version_id",)
    _order = "version_id, day_from, id"

    version_id = fields.Many2one(
        "ar.commission.version", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="version_id.company_id", store=True, index=True)
    day_from = fields.Integer(string="From day", required=True, default=0)
    day_to = fields.Integer(string="To day")
    no_end = fields.Boolean(string="And later", help="Payments never come too late.")
    factor = fields.Float(
        digits=(6, 4),
        required=True,
        default=1.0,
        help="1: the plain rate. More for fast money, less for slow money, 0: lost.",
    )

    _factor_range = models.Constraint(
        "CHECK(factor BETWEEN 0 AND 10)",
        "“Factor” of a speed bracket multiplies the rate: enter 0 to 10.",
    )

    def _to_rules(self):
        return [
            Bracket(s.day_from, None if s.no_end else s.day_to, Decimal(str(s.factor)))
            for s in self
        ]


class CommissionTerm(models.Model):
    """What invoices with a payment term earn in proportion; terms without a line earn plainly."""

    _name = "ar.commission.term"
    _description = "Payment term factor of a commission"
    _inherit = ["ar.commission.ranged"]
    _ranges = {"factor": (0, 10)}
    _owners = ("version_id",)
    _order = "version_id, id"

    version_id = fields.Many2one(
        "ar.commission.version", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="version_id.company_id", store=True, index=True)
    payment_term_id = fields.Many2one(
        "account.payment.term", required=True, ondelete="restrict", index=True
    )
    factor = fields.Float(digits=(6, 4), required=True, default=1.0)

    _factor_range = models.Constraint(
        "CHECK(factor BETWEEN 0 AND 10)",
        "“Factor” of a payment term multiplies the rate: enter 0 to 10.",
    )
    _term_unique = models.UniqueIndex(
        "(version_id, payment_term_id)", "This payment term has a factor already: change it."
    )


class CommissionMember(models.Model):
    """A contract: somebody earns by a plan between two days."""

    _name = "ar.commission.member"
    _description = "Member of a commission plan"
    _inherit = ["ar.commission.period", "ar.commission.ranged"]
    _order = "plan_id, date_from desc, id"
    _ranges = {"share_percent": (0.01, 100)}
    _owners = ("plan_id",)

    plan_id = fields.Many2one("ar.commission.plan", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="plan_id.company_id", store=True, index=True)
    user_id = fields.Many2one("res.users", string="Salesperson", index="btree_not_null")
    team_id = fields.Many2one(
        "crm.team",
        string="Sales team",
        index="btree_not_null",
        help="Whoever sold an invoice of this team, unless he has a contract of his own.",
    )
    agent_id = fields.Many2one(
        "res.partner",
        index="btree_not_null",
        ondelete="restrict",
        help="A partner from outside, paid by vendor bill.",
    )
    payee_id = fields.Many2one(
        "res.partner",
        compute="_compute_payee_id",
        store=True,
        index="btree_not_null",
        string="Person",
    )
    share_percent = fields.Float(
        string="Share (%)",
        digits=(5, 2),
        default=100.0,
        required=True,
        help="Of the plan's rates: 50 for a trainee who earns half.",
    )

    _who = models.Constraint(
        "CHECK(num_nonnulls(user_id, team_id, agent_id) = 1)",
        "A member is a salesperson, a sales team or an agent: choose exactly one.",
    )
    _share_range = models.Constraint(
        "CHECK(share_percent > 0 AND share_percent <= 100)",
        "“Share” of a member is a part of the plan's rates: enter more than 0, up to 100 %.",
    )

    @api.depends("user_id.partner_id", "agent_id")
    def _compute_payee_id(self):
        for member in self:
            member.payee_id = member.user_id.partner_id or member.agent_id

    @api.depends("user_id", "team_id", "agent_id")
    def _compute_display_name(self):
        for member in self:
            who = member.user_id or member.team_id or member.agent_id
            member.display_name = who.display_name

    @api.constrains("user_id", "team_id", "agent_id", "date_from", "date_to", "plan_id")
    def _check_one_contract(self):
        """Nobody earns by two plans at once: the same invoice would be paid for twice."""
        for member in self:
            others = self.search(
                [
                    ("company_id", "=", member.company_id.id),
                    ("plan_id.active", "=", True),
                    ("payee_id", "=", member.payee_id.id),
                    ("team_id", "=", member.team_id.id),
                ]
            )
            if other := member._overlapping(others):
                raise ValidationError(
                    self.env._(
                        "%(who)s is a member of %(plan)s already (%(period)s): end that contract "
                        "before this one begins.",
                        who=member.display_name,
                        plan=other.plan_id.name,
                        period=other._format_period(),
                    )
                )
