from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

GRADES = [(letter, letter) for letter in "ABCDE"]
TRENDS = [("better", "Better"), ("steady", "Steady"), ("worse", "Worse"), ("new", "New")]

# Written by the assessment alone.
SCORED = {
    "score",
    "score_grade",
    "grade",
    "expected_delay",
    "delay_earliest",
    "delay_latest",
    "late_probability",
    "payment_index",
    "on_time_share",
    "score_trend",
    "habitual_late",
    "score_observations",
    "thin_history",
    "score_date",
}
OVERRIDE = {"override_grade", "override_reason", "override_until", "override_author_id"}


class CreditProfile(models.Model):
    """How the customer pays: computed figures, and the grade that a credit manager may set."""

    _inherit = "ar.credit.profile"

    score = fields.Integer(
        readonly=True, help="0 to 100: the higher, the better the customer pays."
    )
    score_grade = fields.Selection(
        GRADES, string="Computed grade", readonly=True, help="Empty: not assessed."
    )
    grade = fields.Selection(
        GRADES, compute="_compute_grade", store=True, help="Empty: not assessed."
    )
    expected_delay = fields.Float(
        "Expected delay (days)", readonly=True, help="Days beyond terms to expect of an invoice."
    )
    delay_earliest = fields.Float(
        readonly=True, help="One invoice in ten is paid before so many days beyond terms."
    )
    delay_latest = fields.Float(
        readonly=True, help="One invoice in ten is paid after so many days beyond terms."
    )
    late_probability = fields.Float(
        "Chance of late payment", readonly=True, help="That the next invoice is paid late."
    )
    payment_index = fields.Integer(
        readonly=True, help="Of the amount-weighted days beyond terms; 80 is paid on terms."
    )
    on_time_share = fields.Float(
        "Paid on time", readonly=True, help="Share of undisputed instalments, recent ones first."
    )
    score_trend = fields.Selection(TRENDS, string="Trend", readonly=True)
    habitual_late = fields.Boolean("Habitually late", readonly=True)
    score_observations = fields.Float(
        "Paid instalments", readonly=True, digits=(16, 1), help="What the score rests on."
    )
    thin_history = fields.Boolean(readonly=True, help="Too few payments to rely on the score.")
    score_date = fields.Date("Scored on", readonly=True)
    override_grade = fields.Selection(GRADES, string="Grade set by hand", tracking=True)
    override_reason = fields.Char("Reason for the grade", tracking=True)
    override_author_id = fields.Many2one("res.users", "Grade set by", readonly=True)
    override_until = fields.Date("Grade holds until", tracking=True)

    snapshot_ids = fields.One2many("ar.score.snapshot", "profile_id", readonly=True)

    _override_complete = models.Constraint(
        "CHECK(override_grade IS NULL OR"
        " (override_reason IS NOT NULL AND override_until IS NOT NULL))",
        "A grade set by hand needs a reason and the day until which it holds.",
    )

    @api.depends("score_grade", "override_grade", "override_until")
    def _compute_grade(self):
        """A grade set by hand counts up to its last day; then the nightly run lets go of it."""
        today = fields.Date.context_today(self)
        for profile in self:
            holds = profile.override_until and profile.override_until >= today
            profile.grade = (holds and profile.override_grade) or profile.score_grade

    @api.constrains("override_grade", "override_until")
    def _check_override_until(self):
        today = fields.Date.context_today(self)
        if any(p.override_grade and (p.override_until or today) < today for p in self):
            raise ValidationError(
                self.env._("“Grade holds until” lies in the past: choose today or a later day.")
            )

    def write(self, vals):
        if "override_author_id" in vals and not self.env.su:
            raise AccessError(self.env._("Who sets a grade by hand is noted, not chosen."))
        if "override_grade" in vals:
            if vals["override_grade"]:
                vals = {"override_author_id": self.env.uid, **vals}
            else:
                vals = {**vals, **dict.fromkeys(OVERRIDE, False)}
        result = super().write(vals)
        if "policy_id" in vals:  # its cut points may be others
            self.env["ar.score.news"]._note([(p.partner_id, p.company_id) for p in self])
        return result

    def _check_write(self, vals):
        super()._check_write(vals)
        if self.env.su:
            return
        if SCORED & vals.keys():
            raise AccessError(self.env._("A score is computed: set the grade by hand instead."))
        manager = "ar_credit_control.group_credit_manager"
        if OVERRIDE & vals.keys() and not self.env.user.has_group(manager):
            raise AccessError(self.env._("Only a credit manager sets a grade by hand."))

    def _get_stricter(self, other):
        """Of two grades set by hand the worse one stays, with who set it and why."""
        vals = super()._get_stricter(other)
        if (self.override_grade or "") > (other.override_grade or ""):
            vals |= {name: self[name] for name in OVERRIDE - {"override_author_id"}}
            vals["override_author_id"] = self.override_author_id.id
        self.env["ar.score.news"]._note([(other.partner_id, other.company_id)])
        return vals

    @api.model
    def _expire_overrides(self):
        """Give up grades set by hand whose last day has passed; the chatter keeps them."""
        today = fields.Date.context_today(self)
        expired = self.search([("override_grade", "!=", False), ("override_until", "<", today)])
        for profile in expired:
            profile.message_post(
                body=self.env._(
                    "The grade %(grade)s set by hand (%(reason)s) has expired.",
                    grade=profile.override_grade,
                    reason=profile.override_reason,
                )
            )
        expired.write({"override_grade": False})

    def action_assess(self):
        """Score these customers now, on what their own payments say."""
        self.check_access("write")
        for company, profiles in self.grouped("company_id").items():
            # coefficients are kept by the nightly run, whoever asks first
            self.env["ar.score.model"].sudo()._learn(company, fields.Date.context_today(self))
            self.env["ar.score"]._update(company, profiles.partner_id.ids)
            self._warn_early(company, profiles.partner_id.ids)
