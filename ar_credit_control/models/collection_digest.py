from markupsafe import Markup
from odoo import api, models
from odoo.tools.misc import format_amount

from .collection_collector import UNOWNED_DAYS

NAMED = 20  # customers that a message names; the filter has them all


class CreditProfile(models.Model):
    """Tell each collector of customers that nobody speaks with."""

    _inherit = "ar.credit.profile"

    @api.model
    def _cron_collection(self):
        """Portfolios first: who is told follows from them."""
        self.env["ar.portfolio.rule"]._cron_apply()
        for company in self.env["res.company"].search([("parent_id", "=", False)]):
            self.with_company(company)._tell_of_neglected(company)
            self.with_company(company)._tell_of_unowned(company)

    def _tell_of_neglected(self, company):
        customers = self.env["res.partner"].search(
            [("ar_neglected", "=", True)], order="ar_overdue DESC, id"
        )
        if not customers:
            return
        self._ensure(customers.ids, company)
        profiles = self.search(
            [("company_id", "=", company.id), ("partner_id", "in", customers.ids)]
        )
        told = {profile.partner_id: profile.stand_in_id for profile in profiles}
        nobody = profiles[:1]._get_policy().manager_id
        for user, owned in customers.grouped(lambda c: told.get(c) or nobody).items():
            if user:
                self._tell_user(user, owned, company)

    def _tell_of_unowned(self, company):
        """Tell the credit manager how much is overdue with nobody responsible."""
        count, amount = self._get_unowned(company)
        manager = company.ar_credit_policy_id.manager_id
        if not count or not manager:
            return
        self.env["mail.thread"].message_notify(
            subject=self.env._("%(count)s customers with nobody responsible", count=count),
            body=self.env._(
                "%(amount)s are overdue for more than %(days)s days with nobody responsible: "
                "name collectors, or make portfolio rules.",
                amount=format_amount(self.env, amount, company.currency_id),
                days=UNOWNED_DAYS,
            ),
            partner_ids=manager.partner_id.ids,
        )

    def _tell_user(self, user, customers, company):
        """One message a day with the names, the highest amount first."""
        self = self.with_context(lang=user.lang)
        rows = Markup("").join(
            Markup("<li>%s – %s</li>")
            % (
                customer.display_name,
                format_amount(self.env, customer.ar_overdue, company.currency_id),
            )
            for customer in customers[:NAMED]
        )
        more = len(customers) - NAMED
        rest = self.env._("… and %s more.", more) if more > 0 else ""
        intro = self.env._(
            "Overdue for more than %(days)s days, and nobody spoke with them in that time:",
            days=company.ar_silence_days,
        )
        self.env["mail.thread"].message_notify(
            subject=self.env._("%(count)s customers without contact", count=len(customers)),
            body=Markup("<p>%s</p><ul>%s</ul><p>%s</p>") % (intro, rows, rest),
            partner_ids=user.partner_id.ids,
        )
