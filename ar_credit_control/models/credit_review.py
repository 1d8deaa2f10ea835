from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ..rules.risk_class import review_months

REVIEWS_A_DAY = 50  # of customers never assessed: more than anybody gets through


class CreditProfile(models.Model):
    """Reviews that come the sooner, the more a customer owes."""

    _inherit = "ar.credit.profile"

    @api.model
    def _cron_advance_reviews(self):
        """Bring the next review forward where exposure asks for it; never put one off.

        Who was never assessed and owes more than the policy's amount is due today, the largest
        first where they are too many for a day.
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
        due = {profile: profile._get_review_date(exposures[profile.partner_id.id])
               for profile in profiles}  # fmt: skip
        first = profiles.filtered(lambda profile: due[profile] and not profile.assessed_on)
        due |= first.sorted(lambda p: -exposures[p.partner_id.id])._spread_first_reviews()
        sooner = defaultdict(list)
        for profile, date in due.items():
            if date and (not profile.review_date or date < profile.review_date):
                sooner[date, bool(profile.review_date)].append(profile.id)
        for (date, planned), ids in sooner.items():
            # a first date is no decision that the chatter has to keep
            self.browse(ids).with_context(tracking_disable=not planned).review_date = date

    def _spread_first_reviews(self):
        """``{profile: date}`` for customers never assessed, in their order: so many a day.

        A company that begins with this, and with thousands of them, is not asked for all at once.
        """
        today = fields.Date.context_today(self)
        waiting = self.filtered(lambda p: p.review_date and p.review_date <= today)
        return {
            profile: fields.Date.add(today, days=(len(waiting) + place) // REVIEWS_A_DAY)
            for place, profile in enumerate(self - waiting)
        }

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
