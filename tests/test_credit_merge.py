from odoo import fields
from odoo.tests import tagged

from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestCreditMerge(CreditCommon):
    """Two records of one customer become one: what was decided about either goes on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.double = cls._new_customer("Customer again")
        cls.profiles = cls.env["ar.credit.profile"]
        cls.today = fields.Date.context_today(cls.customer)

    def _profile(self, partner):
        return self.profiles._get_or_create(partner, self.company)

    def _merge(self, *sources, user=None):
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(user or self.env.user)
        partners = self.customer.union(*sources)
        wizard._merge(partners.ids, self.customer, extra_checks=False)
        self.env.invalidate_all()
        return self.profiles.search([("partner_id", "=", self.customer.id)])

    def test_a_hold_is_not_lifted_by_merging(self):
        self._profile(self.customer)
        self._profile(self.double).write(
            {"manual_hold": True, "manual_hold_reason": "Letter came back"}
        )
        # core lets administrators merge, who need not have any part in credit control
        groups = "base.group_partner_manager,base.group_erp_manager,account.group_account_invoice"
        merger = self._new_user("ar_merger", groups)
        profile = self._merge(self.double, user=merger)
        self.assertEqual(len(profile), 1)
        self.assertEqual(
            (profile.manual_hold, profile.manual_hold_reason), (True, "Letter came back")
        )
        order = self._order(self.customer, 10)
        order.action_confirm()
        self.assertEqual(order.ar_credit_state, "held")

    def test_the_profile_of_the_one_that_had_one_is_kept(self):
        profile = self._profile(self.double)
        profile.manual_hold = True
        self.assertEqual(self._merge(self.double), profile)
        self.assertTrue(profile.manual_hold)

    def test_three_become_one_and_the_strictest_counts(self):
        third = self._new_customer("Customer once more")
        self._profile(self.double).sudo().credit_mode = "no_credit"
        later, sooner = (fields.Date.add(self.today, days=days) for days in (90, 10))
        self._profile(self.double).review_date = later
        self._profile(third).write({"review_date": sooner, "user_id": self.manager.id})
        profile = self._merge(self.double, third)
        self.assertEqual(len(profile), 1)
        self.assertEqual(profile.credit_mode, "no_credit")
        self.assertEqual((profile.review_date, profile.user_id), (sooner, self.manager))

    def test_what_the_kept_customer_had_stays(self):
        kept = self._profile(self.customer)
        kept.write({"manual_hold": True, "manual_hold_reason": "Ours", "user_id": self.manager.id})
        self._profile(self.double).write({"user_id": self.collector.id})
        profile = self._merge(self.double)
        self.assertEqual(profile, kept)
        self.assertEqual((profile.manual_hold_reason, profile.user_id), ("Ours", self.manager))

    def test_history_and_to_dos_come_along(self):
        self._profile(self.customer)
        double = self._profile(self.double)
        decision = (
            self.env["ar.credit.limit"]
            .with_user(self.manager)
            .create({"profile_id": double.id, "amount": 700, "reason": "Balance sheet"})
        )
        double.message_post(body="Spoke to their bank")
        double.activity_schedule("ar_credit_control.activity_review", user_id=self.manager.id)
        profile = self._merge(self.double)
        self.assertEqual(profile.limit_ids, decision)
        self.assertEqual(decision.partner_id, self.customer)
        self.assertIn("Spoke to their bank", " ".join(profile.message_ids.mapped("body")))
        self.assertEqual(len(profile.activity_ids), 1)
        decision.with_user(self.manager).action_approve()
        self.assertEqual(self.customer.with_company(self.company).credit_limit, 700)

    def test_orders_and_their_holds_follow_their_debtor(self):
        self.double.credit_limit = 100
        confirmed, held = (self._order(self.double, amount) for amount in (60, 150))
        (confirmed | held).action_confirm()
        self.assertEqual((confirmed.state, held.ar_credit_state), ("sale", "held"))
        self.customer.credit_limit = 100
        self._merge(self.double)
        self.assertEqual(held.ar_hold_id.partner_id, self.customer)
        self.assertEqual(confirmed.sudo().ar_cleared_partner_id, self.customer)
        confirmed.order_line.price_unit = 50  # no growth, and no move to another debtor
        held.ar_hold_id.with_user(self.manager)._release("known")
        self.assertEqual(held.state, "sale")
        self.assertEqual(self._position().orders, 200)

    def test_each_companys_profile_is_its_own(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        theirs = self.profiles.sudo()._get_or_create(self.double, other)
        theirs.manual_hold = True
        ours = self._profile(self.customer)
        merged = self._merge(self.double) | self.profiles.sudo().search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(merged, ours | theirs)
        self.assertFalse(ours.manual_hold)
        self.assertTrue(theirs.manual_hold)

    def test_dunning_and_a_grade_by_hand_come_along(self):
        policy = self.env["ar.dunning.policy"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        self._profile(self.customer).write(self._graded("B"))
        self._profile(self.double).with_user(self.manager).write(
            {**self._graded("D"), "dunning_policy_id": policy.id}
        )
        profile = self._merge(self.double)
        self.assertEqual(profile.dunning_policy_id, policy)
        self.assertEqual((profile.grade, profile.override_author_id), ("D", self.manager))
        self.assertIn(self.customer, self.env["ar.score.news"].sudo().search([]).partner_id)

    def test_the_worse_of_two_grades_by_hand_stays(self):
        self._profile(self.customer).write(self._graded("E"))
        self._profile(self.double).write(self._graded("A"))
        self.assertEqual(self._merge(self.double).grade, "E")

    def _graded(self, grade):
        until = fields.Date.add(self.today, days=30)
        return {"override_grade": grade, "override_reason": grade, "override_until": until}
