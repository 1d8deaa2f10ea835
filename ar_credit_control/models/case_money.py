from odoo import api, fields, models
from odoo.tools import SQL

from ..rules.collection_case import Terms, cost_share, fee


class CollectionCase(models.Model):
    """What the case is about in money: claim, what came in, and what that cost."""

    _inherit = "ar.collection.case"

    fee_percent = fields.Float(string="Fee (%)", help="Of what is recovered.")
    fee_fixed = fields.Monetary(string="Fixed fee")
    fee_success_only = fields.Boolean(
        string="Only on success", help="The fixed fee falls due when something comes in."
    )
    fee_note = fields.Char(string="Other terms")
    claim = fields.Monetary(compute="_compute_claim", store=True, help="Open when it was opened.")
    residual = fields.Monetary(compute="_compute_amounts", string="Still open")
    recovered = fields.Monetary(
        compute="_compute_amounts",
        help="What was paid of the claim, credit notes aside, and what steps recovered beside.",
    )
    fee = fields.Monetary(compute="_compute_amounts")
    costs = fields.Monetary(compute="_compute_amounts", help="Costs of the steps, and the fee.")
    cost_share = fields.Float(
        compute="_compute_amounts", string="Cost of a unit recovered", digits=(16, 2)
    )

    _fee_possible = models.Constraint(
        "CHECK(COALESCE(fee_percent, 0) BETWEEN 0 AND 100 AND COALESCE(fee_fixed, 0) >= 0)",
        "A fee is 0 to 100 percent, and the fixed part 0 or more.",
    )

    @api.depends("line_ids.amount")
    def _compute_claim(self):
        for case in self:
            case.claim = sum(case.line_ids.mapped("amount"))

    @api.depends(
        "claim",
        "line_ids.residual",
        "step_ids.cost",
        "step_ids.recovered",
        "fee_percent",
        "fee_fixed",
        "fee_success_only",
    )
    def _compute_amounts(self):
        credited = self._get_credited()
        for case in self:
            currency = case.currency_id
            residual = sum(case.line_ids.mapped("residual"))
            paid = case.claim - residual - credited.get(case._origin.id, 0.0)
            recovered = max(0.0, paid) + sum(case.step_ids.mapped("recovered"))
            due = Terms(case.fee_percent, case.fee_fixed, case.fee_success_only)
            case.residual = residual
            case.recovered = currency.round(recovered) if currency else 0.0
            case.fee = currency.round(fee(recovered, due)) if currency else 0.0
            case.costs = case.fee + sum(case.step_ids.mapped("cost"))
            case.cost_share = cost_share(case.costs, recovered) or 0.0

    def _get_credited(self):
        """``{id: credit notes matched with the items since the case was opened}``.

        They settle an item and recover nothing.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.case_id, SUM(part.amount)::float8
                  FROM ar_collection_case_line line
                  JOIN ar_collection_case claim ON claim.id = line.case_id
                  JOIN account_partial_reconcile part ON part.debit_move_id = line.move_line_id
                  JOIN account_move_line credit ON credit.id = part.credit_move_id
                  JOIN account_move move ON move.id = credit.move_id
                 WHERE line.case_id = ANY(%s) AND part.create_date >= claim.create_date
                   AND move.move_type = 'out_refund'
              GROUP BY line.case_id
                """,
                self._origin.ids,
            )
        )
        return dict(rows)
