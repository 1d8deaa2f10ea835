from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules.score import Policy
from ..rules.score_snapshot import HALF_LIFE

USUAL = Policy()
CUTS = dict(USUAL.cuts)


class CreditPolicy(models.Model):
    """From which score on a customer has which grade, and what else the score depends on."""

    _inherit = "ar.credit.policy"

    score_cut_a = fields.Integer("A from", default=CUTS["A"], tracking=True)
    score_cut_b = fields.Integer("B from", default=CUTS["B"], tracking=True)
    score_cut_c = fields.Integer("C from", default=CUTS["C"], tracking=True)
    score_cut_d = fields.Integer("D from", default=CUTS["D"], tracking=True)
    score_half_life = fields.Integer(
        "Half-life (days)",
        default=int(HALF_LIFE),
        tracking=True,
        help="A payment counts half as much after so many days. The company's policy decides for "
        "all its customers.",
    )
    score_thin_below = fields.Float(
        "Thin history below",
        default=USUAL.thin_below,
        help="Paid instalments, faded by age: with fewer the score is marked as resting on little.",
    )
    score_habitual_share = fields.Float(
        "Habitually late from",
        default=USUAL.habitual_share,
        help="Share of undisputed instalments that are paid late.",
    )
    score_habitual_from = fields.Float(
        "After instalments",
        default=USUAL.habitual_from,
        help="Paid instalments before a customer is called habitually late.",
    )
    score_promise_points = fields.Float("Broken promise", default=USUAL.promise_points)
    score_dispute_points = fields.Float("Unfounded dispute", default=USUAL.dispute_points)
    score_bounce_points = fields.Float("Bounced payment", default=USUAL.bounce_points)
    score_conduct_most = fields.Float("At most together", default=USUAL.conduct_most)
    warning_exposure = fields.Monetary(
        "Early warning from",
        default=10000.0,
        help="When a customer with at least this exposure drops a grade, its responsible and its "
        "salesperson are told.",
    )

    _score_cuts_fall = models.Constraint(
        "CHECK(100 >= score_cut_a AND score_cut_a > score_cut_b AND score_cut_b > score_cut_c"
        " AND score_cut_c > score_cut_d AND score_cut_d >= 1)",
        "The scores from which grades begin must fall from A to D, between 100 and 1.",
    )
    _score_half_life_range = models.Constraint(
        "CHECK(score_half_life BETWEEN 30 AND 3650)",
        "The half-life of payments must lie between 30 and 3650 days.",
    )
    _score_habitual_share_range = models.Constraint(
        "CHECK(score_habitual_share > 0 AND score_habitual_share <= 1)",
        "The share from which a customer is habitually late must lie above 0 and up to 100 %.",
    )
    _score_marks_positive = models.Constraint(
        "CHECK(score_thin_below >= 0 AND score_habitual_from >= 0)",
        "Numbers of instalments cannot be negative.",
    )
    _score_points_range = models.Constraint(
        "CHECK(LEAST(score_promise_points, score_dispute_points, score_bounce_points,"
        " score_conduct_most) >= 0 AND GREATEST(score_promise_points, score_dispute_points,"
        " score_bounce_points, score_conduct_most) <= 100)",
        "Points for conduct must lie between 0 and 100.",
    )
    _warning_exposure_positive = models.Constraint(
        "CHECK(warning_exposure >= 0)", "The exposure of early warnings cannot be negative."
    )

    def write(self, vals):
        """Every customer is judged anew, by the next run, when it would be judged otherwise."""
        result = super().write(vals)
        if any(name.startswith("score_") for name in vals):
            for company in self.company_id:
                self.env["ar.score.news"]._collect_all(company)
        return result

    def _score_policy(self):
        """The policy as the rules take it."""
        if not self:
            return USUAL
        cuts = [(letter, self[f"score_cut_{letter.lower()}"]) for letter in "ABCD"]
        names = (
            "thin_below",
            "habitual_share",
            "habitual_from",
            "promise_points",
            "dispute_points",
            "bounce_points",
            "conduct_most",
        )
        return Policy(cuts=(*cuts, ("E", 0)), **{name: self[f"score_{name}"] for name in names})


class CreditPolicyRule(models.Model):
    _inherit = "ar.credit.policy.rule"

    criterion = fields.Selection(
        selection_add=[("score_grade", "Payment grade at or below")],
        ondelete={"score_grade": "cascade"},
    )
    grade = fields.Selection(
        [(letter, letter) for letter in "ABCDE"], default="D", help="This grade and worse ones."
    )

    @api.constrains("criterion", "grade")
    def _check_grade(self):
        for rule in self:
            if rule.criterion == "score_grade" and not rule.grade:
                raise ValidationError(
                    self.env._("The rule “Payment grade at or below” needs a grade.")
                )
