from odoo import api, fields, models
from odoo.tools import SQL

from ..rules.risk_class import review_months


class CreditProfile(models.Model):
    """Reviews that come the sooner, the more a customer owes."""

    _inherit = "ar.credit.profile"

    @api.model
    def _cron_advance_reviews(self):
        """Bring the next review forward where exposure asks for it; never put one off.

        Who was never assessed and owes more than the policy's amount is due today.
        """
        roots = self.env["res.company"].search([("parent_id", "=", False)])
        for company in roots.filtered("ar_credit_policy_id"):
            self._advance_reviews(company)

    def _advance_reviews(self, company):
        exposures = self._get_large_exposures(company)
        self._ensure(exposures, company)
        profiles = self.search(
            [("company_id", "=", company.id), ("partner_id", "in", list(exposures))]
        )
        for profile in profiles:
            due = profile._get_review_date(exposures[profile.partner_id.id])
            if due and (not profile.review_date or due < profile.review_date):
                profile.review_date = due

    def _get_large_exposures(self, company):
        """``{partner id: exposure}`` of customers beyond what any policy leaves the full period."""
        policies = self.env["ar.credit.policy"].search([("company_id", "=", company.id)])
        amounts = [amount for amount in policies.mapped("review_exposure") if amount > 0]
        if not amounts:
            return {}
        Position = self.env["ar.position"]
        Position._flush_ledger()
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT customer_id, exposure::float8 FROM (%s) customer WHERE exposure > %s",
                    Position._shared_exposures_sql(company),
                    min(amounts),
                )
            )
        )

    def _get_review_date(self, exposure):
        """When a customer with this exposure is to be reviewed; None: no sooner than planned."""
        policy = self._get_policy()
        if not policy.review_exposure or exposure <= policy.review_exposure:
            return None
        today = fields.Date.context_today(self)
        if not self.assessed_on:
            return today
        months = review_months(policy.review_months, exposure, policy.review_exposure)
        return max(today, fields.Date.add(self.assessed_on, months=months))
