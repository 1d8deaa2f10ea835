from odoo import fields, models

from .score_profile import GRADES


class ScoreSnapshot(models.Model):
    """A customer's score at the end of a month, or today in the month that runs."""

    _name = "ar.score.snapshot"
    _description = "Monthly score"
    _order = "month desc, id"
    _rec_name = "month"
    _log_access = False  # written by the hundred thousand, by the assessment alone

    profile_id = fields.Many2one("ar.credit.profile", required=True, ondelete="cascade")
    partner_id = fields.Many2one(related="profile_id.partner_id")
    company_id = fields.Many2one(related="profile_id.company_id")
    month = fields.Date(required=True)
    score = fields.Integer(aggregator="avg")
    score_grade = fields.Selection(GRADES, string="Grade")
    expected_delay = fields.Float("Expected delay (days)", aggregator="avg", digits=(16, 1))
    late_probability = fields.Float("Chance of late payment", aggregator="avg")
    payment_index = fields.Integer(aggregator="avg")
    on_time_share = fields.Float("Paid on time", aggregator="avg")
    warned_grade = fields.Selection(
        GRADES, help="The grade that responsible and salesperson were warned of this month."
    )

    _profile_month_unique = models.Constraint(
        "UNIQUE(profile_id, month)", "A customer has one score a month."
    )
