from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules.instalment import STEPS, defaulted, schedule, split
from .claim import GIVEN, OWN_WORDS

TERMS = frozenset(
    {"first_date", "every", "count", "max_missed", "tolerance_days", "instalment_ids"}
)


class InstalmentPlan(models.Model):
    """An agreement to pay open items in parts; each part is judged as a promise."""

    _name = "ar.instalment.plan"
    _description = "Instalment plan"
    _inherit = ["ar.claim"]
    _order = "id desc"
    _given = TERMS

    partner_id = fields.Many2one(tracking=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("running", "Running"),
            ("done", "Paid"),
            ("defaulted", "In default"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
    )
    line_ids = fields.One2many("ar.promise.line", "plan_id", copy=False)
    currency_id = fields.Many2one("res.currency", compute="_compute_total", store=True)
    total = fields.Monetary(compute="_compute_total", store=True)
    first_date = fields.Date(string="First instalment", required=True)
    every = fields.Selection("_selection_every", required=True, default="month")
    count = fields.Integer(string="Number of instalments", required=True, default=3)
    max_missed = fields.Integer(
        string="In default after", default=1, help="So many missed instalments end the agreement."
    )
    tolerance_days = fields.Integer(
        string="Days of grace",
        default=lambda self: self.env["ar.promise"]._get_policy().promise_days,
        help="An instalment is missed when its money has not come so many days after its day.",
    )
    instalment_ids = fields.One2many("ar.instalment", "plan_id", copy=False)
    promise_ids = fields.One2many("ar.promise", "plan_id")
    paid = fields.Monetary(compute="_compute_paid", string="Paid in time")
    agreed_on = fields.Date(string="Agreed on", readonly=True)

    _count_range = models.Constraint(
        "CHECK(count BETWEEN 2 AND 120)", "A plan has 2 to 120 instalments."
    )
    _clause = models.Constraint(
        "CHECK(max_missed >= 1 AND tolerance_days BETWEEN 0 AND 60)",
        "A plan ends after 1 missed instalment or more, with 0 to 60 days of grace.",
    )

    @api.model
    def _selection_every(self):
        _ = self.env._
        labels = {
            "week": _("Every week"),
            "fortnight": _("Every two weeks"),
            "month": _("Every month"),
            "quarter": _("Every quarter"),
        }
        return [(key, labels[key]) for key in STEPS]

    @api.depends("line_ids.amount", "line_ids.currency_id")
    def _compute_total(self):
        for plan in self:
            plan.currency_id = plan.line_ids.currency_id[:1] or plan.company_id.currency_id
            plan.total = sum(plan.line_ids.mapped("amount"))

    @api.depends("promise_ids.paid")
    def _compute_paid(self):
        for plan in self:
            plan.paid = sum(plan.promise_ids.mapped("paid"))

    @api.depends("partner_id", "total", "count")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = self.env._(
                "%(customer)s: %(total)s in %(count)s instalments",
                customer=plan.partner_id.name or "",
                total=(plan.currency_id or self.env.company.currency_id).format(plan.total),
                count=plan.count,
            )

    # ------------------------------------------------------------------ writing
    def write(self, vals):
        if not self.env.su:
            draft = all(plan.state == "draft" for plan in self)
            terms = (GIVEN | TERMS) - {"partner_id", "company_id"}
            allowed = terms if draft else OWN_WORDS
            self._check_fields(vals.keys() - allowed - {"message_follower_ids"})
        return super().write(vals)

    def _log_contact(self):
        """A draft is no word of the customer yet: it is logged when the plan starts."""
        running = self.filtered(lambda plan: plan.state == "running")
        return super(InstalmentPlan, running)._log_contact()

    # ------------------------------------------------------------------ the agreement
    def action_schedule(self):
        """Make out days and amounts, which may be changed before the start."""
        for plan in self:
            plan._require_draft()
            try:
                amounts = split(plan.total, plan.count, plan.currency_id.decimal_places)
            except ValueError:
                raise UserError(
                    self.env._("“Number of instalments”: %s cannot be split so often.", plan.total)
                )
            days = schedule(plan.first_date, plan.every, plan.count)
            plan.instalment_ids = [fields.Command.clear()] + [
                fields.Command.create({"date": day, "amount": amount})
                for day, amount in zip(days, amounts, strict=True)
            ]

    def action_start(self):
        """The customer has agreed: its items are not chased while it pays."""
        self.check_access("write")
        for plan in self:
            plan._require_draft()
            plan._check_instalments()
            plan.line_ids._check_item(plan.line_ids._find_taken(plan.line_ids.move_line_id.ids))
            # promises are made out as agreed, which the user may write
            plan.sudo()._make_promises()
            plan._log_contact()

    def _require_draft(self):
        if self.state != "draft":
            raise UserError(
                self.env._("The plan has started already: cancel it, and make another.")
            )

    def _check_instalments(self):
        if problem := self._find_problem():
            raise UserError(
                self.env._(
                    "Plan of %(customer)s: %(problem)s.",
                    customer=self.partner_id.name,
                    problem=problem,
                )
            )

    def _find_problem(self):
        """What keeps the plan from starting and what to do; None if nothing does."""
        money = self.currency_id.format
        agreed = sum(self.instalment_ids.mapped("amount"))
        if not self.instalment_ids:
            return self.env._("make out the schedule first")
        if len(self.line_ids.currency_id) > 1:
            return self.env._("the invoices are in several currencies: make a plan for each")
        if self.currency_id.compare_amounts(agreed, self.total):
            return self.env._(
                "the instalments add up to %(agreed)s instead of %(total)s: change one of them",
                agreed=money(agreed),
                total=money(self.total),
            )
        if any(line.residual != line.owed for line in self.line_ids):
            return self.env._("something was paid meanwhile: cancel it, and make another")
        if min(self.instalment_ids.mapped("date")) < fields.Date.context_today(self):
            return self.env._("an instalment lies in the past: choose a later first day")
        return None

    def _make_promises(self):
        today = fields.Date.context_today(self)
        self.write({"state": "running", "agreed_on": today})
        self.env["ar.promise"].create(
            [
                {
                    "partner_id": self.partner_id.id,
                    "company_id": self.company_id.id,
                    "contact_id": self.contact_id.id,
                    "channel": self.channel,
                    "date": instalment.date,
                    "tolerance_days": self.tolerance_days,
                    "instalment_id": instalment.id,
                    "user_id": self.env.uid,
                }
                for instalment in self.instalment_ids
            ]
        )

    def action_cancel(self):
        self._check_may_cancel()
        self._require_open()
        self.sudo()._end("cancelled")  # checked above

    def _is_alive(self):
        return self.state in ("draft", "running")

    # ------------------------------------------------------------------ judging
    def _close_ended(self):
        """Plans that are paid, and those whose clause says that all is due again."""
        for plan in self.filtered(lambda p: p.state == "running"):
            states = plan.promise_ids.mapped("state")
            if defaulted(states, plan.max_missed):
                plan._end("defaulted")
                plan._tell_default()
            elif "open" not in states:
                plan._end("done")

    def _end(self, state):
        """Reminders go on at the level where they were, as levels follow from what was sent."""
        self.write({"state": state})
        rest = self.promise_ids.filtered(lambda promise: promise.state == "open")
        rest.write({"state": "cancelled", "judged_on": fields.Date.context_today(self)})

    def _tell_default(self):
        responsible = self._get_responsible()
        self.activity_schedule(
            "ar_credit_control.activity_plan_default",
            user_id=responsible.id or self.env.uid,
            summary=self.env._("In default: %s", self.display_name),
            note=self.env._(
                "%(paid)s of %(total)s came in time. What is open is chased again.",
                paid=self.currency_id.format(self.paid),
                total=self.currency_id.format(self.total),
            ),
        )


class Instalment(models.Model):
    """One payment of a plan; once the plan runs, a promise stands for it."""

    _name = "ar.instalment"
    _description = "Instalment"
    _order = "plan_id, date, id"

    plan_id = fields.Many2one("ar.instalment.plan", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="plan_id.company_id", store=True)
    partner_id = fields.Many2one(related="plan_id.partner_id", store=True)
    currency_id = fields.Many2one(related="plan_id.currency_id")
    date = fields.Date(required=True)
    amount = fields.Monetary(required=True)
    promise_ids = fields.One2many("ar.promise", "instalment_id")
    state = fields.Selection(related="promise_ids.state")
    paid = fields.Monetary(related="promise_ids.paid", string="Came in time")

    _amount_positive = models.Constraint("CHECK(amount > 0)", "An instalment is above 0.")

    @api.model_create_multi
    def create(self, vals_list):
        instalments = super().create(vals_list)
        instalments._require_draft()
        return instalments

    def write(self, vals):
        self._require_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_draft(self):
        self._require_draft()

    def _require_draft(self):
        for plan in self.plan_id:
            plan._require_draft()
