from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools.misc import format_amount

from .collection_collector import UNOWNED_DAYS
from .res_company import SELDOM_READ

NAMED = 20  # customers that a message names; the filter has them all


class ResCompany(models.Model):
    _inherit = "res.company"

    ar_unowned_told = fields.Char(
        readonly=True,
        copy=False,
        prefetch=SELDOM_READ,
        help="What the credit manager was told of last.",
    )


class CreditProfile(models.Model):
    """Tell each collector of customers that nobody speaks with, once until something changes."""

    _inherit = "ar.credit.profile"

    neglect_told_id = fields.Many2one(
        "res.users", readonly=True, copy=False, help="Who knows that nobody speaks with them."
    )
    neglect_told_amount = fields.Float(readonly=True, copy=False)

    def _check_write(self, vals):
        if not self.env.su and {"neglect_told_id", "neglect_told_amount"} & vals.keys():
            raise AccessError(self.env._("Who was told of what follows from the messages sent."))
        return super()._check_write(vals)

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
        self._forget_neglect(customers, company)
        if not customers:
            return
        self._ensure(customers.ids, company)
        profiles = self.search(
            [("company_id", "=", company.id), ("partner_id", "in", customers.ids)]
        )
        told = {profile.partner_id: profile.stand_in_id for profile in profiles}
        nobody = profiles[:1]._get_policy().manager_id
        for user, owned in customers.grouped(lambda c: told.get(c) or nobody).items():
            known = profiles.filtered(lambda profile, owned=owned: profile.partner_id in owned)
            if user and known._is_neglect_new(user):
                self._tell_user(user, owned, company)
                known._note_neglect(user)

    @api.model
    def _forget_neglect(self, customers, company):
        """Whom somebody spoke with since: told anew when it comes to that again."""
        domain = [("company_id", "=", company.id), ("neglect_told_id", "!=", False)]
        over = self.search([*domain, ("partner_id", "not in", customers.ids)])
        over.write({"neglect_told_id": False, "neglect_told_amount": 0})

    def _is_neglect_new(self, user):
        """Whether the user does not know of one of these yet, or of how much it has become."""
        return any(
            profile.neglect_told_id != user
            or profile.partner_id.ar_overdue > profile.neglect_told_amount
            for profile in self
        )

    def _note_neglect(self, user):
        for profile in self:
            profile.neglect_told_id = user
            profile.neglect_told_amount = profile.partner_id.ar_overdue

    def _tell_of_unowned(self, company):
        """Tell the credit manager how much is overdue with nobody responsible."""
        count, amount = self._get_unowned(company)
        manager = company.ar_credit_policy_id.manager_id
        news = f"{manager.id}:{count}:{amount:.2f}" if count and manager else False
        known, company.ar_unowned_told = company.ar_unowned_told, news
        if not news or news == known:
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
        """One message with the names, the highest amount first."""
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
