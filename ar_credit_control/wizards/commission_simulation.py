"""What a version would have paid over a past period, before it is put in force."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..models.commission_order_sql import of_orders
from ..models.commission_sql import Scope, chain, until


class CommissionSimulation(models.TransientModel):
    _name = "ar.commission.simulation"
    _description = "Simulation of a commission plan"

    version_id = fields.Many2one("ar.commission.version", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="version_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(
        string="Money from",
        required=True,
        default=lambda self: fields.Date.subtract(
            fields.Date.start_of(fields.Date.context_today(self), "month"), months=12
        ),
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        default=lambda self: fields.Date.subtract(
            fields.Date.start_of(fields.Date.context_today(self), "month"), days=1
        ),
    )
    line_ids = fields.One2many("ar.commission.simulation.line", "simulation_id", readonly=True)
    simulated = fields.Monetary(compute="_compute_totals", string="This version")
    earned = fields.Monetary(compute="_compute_totals", string="Earned in fact")

    def _compute_totals(self):
        for simulation in self:
            simulation.simulated = sum(simulation.line_ids.mapped("simulated"))
            simulation.earned = sum(simulation.line_ids.mapped("earned"))

    def action_simulate(self):
        """Show what people would have earned; the ledger of commissions stays as it is."""
        self.ensure_one()
        if self.date_to < self.date_from:
            raise UserError(self.env._("“Until” lies before “Money from”: swap them."))
        self.line_ids.unlink()
        self.env["ar.commission.simulation.line"].create(
            [{"simulation_id": self.id, **row} for row in self._simulate()]
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Simulation of %s", self.version_id.display_name),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _simulate(self):
        """``payee_id, documents, base, simulated, earned`` of each person, the best first."""
        # the version is read with the rights of who opened it; the ledger only as sums
        self.version_id.check_access("read")
        self.env.flush_all()
        scope = Scope.simulated(self.env, self.version_id)
        orders = of_orders(scope, self._orders(), fields.Date.context_today(self))
        cr = self.env.cr
        cr.execute(
            SQL(
                """
                WITH mine AS (
                    SELECT payee_id, COUNT(DISTINCT (kind = 'order', doc_id)) AS documents,
                           SUM(base) AS base, SUM(amount) AS amount
                      FROM (%(invoiced)s UNION ALL %(ordered)s) target
                     WHERE date BETWEEN %(start)s AND %(end)s GROUP BY payee_id),
                held AS (
                    SELECT entry.payee_id, SUM(entry.amount) AS amount
                      FROM ar_commission_entry entry
                      JOIN res_company company ON company.id = entry.company_id
                     WHERE entry.date BETWEEN %(start)s AND %(end)s
                       AND split_part(company.parent_path, '/', 1)::int = %(company)s
                  GROUP BY entry.payee_id)
                SELECT payee_id, COALESCE(mine.documents, 0) AS documents,
                       COALESCE(mine.base, 0) AS base, COALESCE(mine.amount, 0) AS simulated,
                       COALESCE(held.amount, 0) AS earned
                  FROM mine FULL JOIN held USING (payee_id)
              ORDER BY simulated DESC, payee_id
                """,
                invoiced=self._targets(until(scope, self._documents(), "target")),
                ordered=self._targets(chain(orders.steps, "target")),
                start=self.date_from,
                end=self.date_to,
                company=self.company_id.id,
            )
        )
        return cr.dictfetchall()

    @staticmethod
    def _targets(steps):
        return SQL("(WITH %s SELECT payee_id, kind, doc_id, base, amount, date FROM target)", steps)

    def _documents(self):
        """Query of what was invoiced in the period, or settled by something of the period."""
        return SQL(
            """
            SELECT move.id FROM account_move move
              JOIN res_company company ON company.id = move.company_id
             WHERE split_part(company.parent_path, '/', 1)::int = %(company)s AND (
                   move.invoice_date BETWEEN %(start)s AND %(end)s
                   OR move.id IN (
                      SELECT item.move_id FROM account_move_line line
                        JOIN account_partial_reconcile match ON match.credit_move_id = line.id
                        JOIN account_move_line item ON item.id = match.debit_move_id
                       WHERE line.date BETWEEN %(start)s AND %(end)s)
                   OR move.id IN (
                      SELECT item.move_id FROM account_move_line line
                        JOIN account_partial_reconcile match ON match.debit_move_id = line.id
                        JOIN account_move_line item ON item.id = match.credit_move_id
                       WHERE line.date BETWEEN %(start)s AND %(end)s))
            """,
            company=self.company_id.id,
            start=self.date_from,
            end=self.date_to,
        )

    def _orders(self):
        """Query of what was ordered in the period, if the version asks for that."""
        return SQL(
            """
            SELECT sale.id FROM sale_order sale
              JOIN res_company company ON company.id = sale.company_id
             WHERE %(asked)s AND sale.state = 'sale'
               AND split_part(company.parent_path, '/', 1)::int = %(company)s
               AND sale.date_order::date BETWEEN %(start)s AND %(end)s
            """,
            asked=self.version_id.upfront_on == "order",
            company=self.company_id.id,
            start=self.date_from,
            end=self.date_to,
        )


class CommissionSimulationLine(models.TransientModel):
    _name = "ar.commission.simulation.line"
    _description = "What a person would have earned"

    simulation_id = fields.Many2one(
        "ar.commission.simulation", required=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="simulation_id.currency_id")
    payee_id = fields.Many2one("res.partner", string="Person", readonly=True)
    documents = fields.Integer(readonly=True)
    base = fields.Monetary(readonly=True)
    simulated = fields.Monetary(string="This version", readonly=True)
    earned = fields.Monetary(string="Earned in fact", readonly=True)
    difference = fields.Monetary(compute="_compute_difference")

    def _compute_difference(self):
        for line in self:
            line.difference = line.simulated - line.earned
