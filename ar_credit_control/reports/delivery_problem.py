from odoo import fields, models
from odoo.tools import SQL

from ..models.delivery_problem import OUTCOMES, STATES
from ..models.exchange_account import NETWORKS


class DeliveryReport(models.Model):
    """Delivery problems as figures: one row for each error, counted by problem."""

    _name = "ar.delivery.report"
    _description = "Delivery problems in figures"
    _auto = False
    _order = "opened_on desc, id"
    _rec_name = "code"

    problem_id = fields.Many2one(
        "ar.delivery.problem", string="Problems", aggregator="count_distinct", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Owner", readonly=True)
    network = fields.Selection(NETWORKS, readonly=True)
    outcome = fields.Selection(OUTCOMES, readonly=True)
    state = fields.Selection(STATES, readonly=True)
    code = fields.Char(readonly=True, help="The network's own code.")
    opened_on = fields.Date(string="Since", readonly=True)
    age_band = fields.Selection(
        [
            ("a", "Up to 2 days"),
            ("b", "3 to 5 days"),
            ("c", "6 to 15 days"),
            ("d", "Over 15 days"),
        ],
        string="Age",
        readonly=True,
        help="Of a closed problem: how old it became.",
    )
    days_to_fix = fields.Float(
        string="Days to fix", aggregator="avg", readonly=True, help="From the message to its end."
    )
    foreseen = fields.Float(
        string="Check would have found it (%)",
        aggregator="avg",
        readonly=True,
        help="Share of rejections that the check before sending finds as well.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT COALESCE(error.id, -problem.id) AS id, problem.id AS problem_id,
                   problem.company_id, problem.partner_id, problem.user_id, problem.network,
                   problem.outcome, problem.state, COALESCE(error.code, problem.code) AS code,
                   problem.opened_on,
                   CASE WHEN problem.outcome = 'not_issued'
                        THEN CASE WHEN problem.foreseen THEN 100 ELSE 0 END END AS foreseen,
                   COALESCE(problem.closed_on, problem.fixed_on) - problem.opened_on AS days_to_fix,
                   CASE WHEN life.days <= 2 THEN 'a' WHEN life.days <= 5 THEN 'b'
                        WHEN life.days <= 15 THEN 'c' ELSE 'd' END AS age_band
              FROM ar_delivery_problem problem
         LEFT JOIN ar_delivery_error error ON error.problem_id = problem.id
     CROSS JOIN LATERAL (
                SELECT COALESCE(problem.closed_on, %s::date) - problem.opened_on AS days) life
            """,
            fields.Date.context_today(self),
        )
