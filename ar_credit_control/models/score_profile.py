from odoo import api, fields, models
from odoo.exceptions import AccessError

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
        GRADES, compute="_compute_grade", store=True, index=True, help="Empty: not assessed."
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

    @api.depends("score_grade", "override_grade", "override_until")
    def _compute_grade(self):
        """A grade set by hand counts up to its last day; then the daily update lets go of it."""
        today = fields.Date.context_today(self)
        for profile in self:
            until = profile.override_until
            holds = profile.override_grade and (not until or until >= today)
            profile.grade = profile.override_grade if holds else profile.score_grade

    def _check_write(self, vals):
        super()._check_write(vals)
        if self.env.su:
            return
        if SCORED & vals.keys():
            raise AccessError(self.env._("A score is computed: set the grade by hand instead."))
        manager = "ar_credit_control.group_credit_manager"
        if OVERRIDE & vals.keys() and not self.env.user.has_group(manager):
            raise AccessError(self.env._("Only a credit manager sets a grade by hand."))
