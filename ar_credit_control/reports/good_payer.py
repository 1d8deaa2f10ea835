from odoo import fields, models
from odoo.tools import SQL

from ..models import position_sql, turnover_sql

GRADES = [("A", "A"), ("B", "B")]


class GoodPayer(models.Model):
    """Customers of grade A or B with room under their limit, for salespeople.

    Safe potential is what such a customer may well buy and pay in the next three months: a
    quarter of the turnover of the last twelve, no more than what the limit leaves, times the
    chance that the next invoice is paid on time. All amounts are of the current company, in its
    currency. Customers on hold, and those with something overdue, are left out.
    """

    _name = "ar.good.payer"
    _description = "Good payer"
    _auto = False
    _rec_name = "partner_id"
    _order = "potential desc, id"
    _depends = {
        "account.move": ["commercial_partner_id", "invoice_date"],
        "res.partner": ["active", "country_id", "user_id"],
    }

    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    grade = fields.Selection(GRADES, readonly=True)
    late_probability = fields.Float("Chance of late payment", readonly=True, aggregator="avg")
    turnover = fields.Monetary("Turnover of 12 months", readonly=True)
    credit_limit = fields.Monetary(readonly=True)
    exposure = fields.Monetary(readonly=True)
    available = fields.Monetary("Unused limit", readonly=True)
    potential = fields.Monetary(
        "Safe potential",
        readonly=True,
        help="A quarter of the last twelve months' turnover, no more than the unused limit, times "
        "the chance that the next invoice is paid on time.",
    )

    def action_open_customer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }

    def action_new_quotation(self):
        """Start a quotation for the customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New quotation"),
            "res_model": "sale.order",
            "view_mode": "form",
            "context": {"default_partner_id": self.partner_id.id},
        }

    # ------------------------------------------------------------------ SQL
    @property
    def _table_query(self):
        company = self.env.company
        Position = self.env["ar.position"]
        Position._flush_ledger()
        terms = Position._get_terms(company)
        return SQL(
            """
            SELECT profile.partner_id AS id, profile.partner_id, partner.user_id,
                   partner.country_id, %(company)s AS company_id, %(currency)s AS currency_id,
                   profile.grade, profile.late_probability, sold.turnover,
                   owed.limit_amount AS credit_limit, owed.exposure_shared AS exposure,
                   owed.limit_amount - owed.exposure_shared AS available,
                   ROUND((LEAST(owed.limit_amount - owed.exposure_shared,
                                GREATEST(sold.turnover, 0) / 4)
                          * (1 - profile.late_probability))::numeric, 2) AS potential
              FROM ar_credit_profile profile
              JOIN res_partner partner ON partner.id = profile.partner_id AND partner.active
              JOIN (%(exposures)s) owed ON owed.customer_id = profile.partner_id
              JOIN (%(turnovers)s) sold ON sold.customer_id = profile.partner_id
             WHERE profile.company_id = %(root)s AND profile.grade IN ('A', 'B')
               AND profile.manual_hold IS NOT TRUE
               AND owed.limit_amount > owed.exposure_shared
               AND NOT EXISTS (%(overdue)s)
            """,
            company=company.id,
            currency=company.currency_id.id,
            root=terms.root,
            exposures=Position._shared_exposures_sql(company),
            turnovers=turnover_sql.turnovers(terms),
            overdue=self._overdue_sql(terms),
        )

    def _overdue_sql(self, terms):
        """Something overdue that no credit or payment in hand would cover."""
        items = position_sql.customers_items(terms)
        return SQL(
            """
            SELECT FROM (
                SELECT item.customer_id FROM (%s) item
              GROUP BY item.customer_id
                HAVING SUM(item.residual) FILTER (WHERE item.residual < 0 OR item.due < %s) > 0
            ) late WHERE late.customer_id = profile.partner_id
            """,
            items,
            terms.today,
        )
