from odoo import api, fields, models
from odoo.tools import SQL


class PortfolioRule(models.Model):
    """A rule by which customers get a collector: the first one that matches counts."""

    _name = "ar.portfolio.rule"
    _description = "Portfolio rule"
    _inherit = ["ar.customer.rule"]

    user_id = fields.Many2one("res.users", string="Collector", required=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id, index=True
    )

    def _get_target(self):
        return self.user_id

    def action_apply(self):
        """Apply the rules of the company now, not only at night."""
        self.check_access("write")
        for company in self.company_id.root_id:
            self.sudo()._apply(company)  # checked above
        return True

    @api.model
    def _cron_apply(self):
        for company in self.env["res.company"].search([("parent_id", "=", False)]):
            self._apply(company)

    @api.model
    def _apply(self, company):
        """Give customers who owe something their collector, by two statements.

        Who got a collector by hand keeps it; whom no rule is about any more has none.
        """
        rules = self.search([("company_id", "=", company.id), ("user_id.active", "=", True)])
        ledger = self.env["res.partner"].with_company(company)._ar_ledger_sql()
        self.env.flush_all()
        cr = self.env.cr
        if rules:
            cr.execute(self._missing_sql(company, ledger))
        cr.execute(self._assign_sql(company, ledger, rules))
        self.env["ar.credit.profile"].invalidate_model(["collector_id", "portfolio_rule_id"])

    def _missing_sql(self, company, ledger):
        """Profiles for customers who owe something and have none."""
        return SQL(
            """
            INSERT INTO ar_credit_profile
                   (partner_id, company_id, credit_mode, confirmations,
                    create_uid, create_date, write_uid, write_date)
            SELECT customer_id, %(company)s, 'limit', 0, %(uid)s, now() at time zone 'UTC',
                   %(uid)s, now() at time zone 'UTC'
              FROM (%(ledger)s) ledger WHERE balance <> 0
               AND customer_id NOT IN (
                   SELECT partner_id FROM ar_credit_profile WHERE company_id = %(company)s)
       ON CONFLICT (partner_id, company_id) DO NOTHING
            """,
            company=company.id,
            uid=self.env.uid,
            ledger=ledger,
        )

    def _assign_sql(self, company, ledger, rules):
        matched = SQL("NULL::int")
        if rules:
            cases = SQL(" ").join(SQL("WHEN %s THEN %s", rule._to_sql(), rule.id) for rule in rules)
            matched = SQL("CASE %s END", cases)
        return SQL(
            """
            UPDATE ar_credit_profile target
               SET collector_id = rule.user_id, portfolio_rule_id = rule.id
              FROM (
                SELECT profile.id, %(matched)s AS rule_id
                  FROM ar_credit_profile profile
                  JOIN res_partner partner ON partner.id = profile.partner_id
             LEFT JOIN (%(ledger)s) owed ON owed.customer_id = partner.id
            CROSS JOIN LATERAL (SELECT COALESCE(owed.overdue, 0) AS overdue) ledger
                 WHERE profile.company_id = %(company)s
                   AND profile.collector_by_hand IS NOT TRUE
              ) found
         LEFT JOIN ar_portfolio_rule rule ON rule.id = found.rule_id
             WHERE target.id = found.id
               AND (target.collector_id, target.portfolio_rule_id)
                   IS DISTINCT FROM (rule.user_id, rule.id)
            """,
            matched=matched,
            ledger=ledger,
            company=company.id,
        )
