"""Proposed limits on the profile: right, shown, accepted by who may, asked for by the others."""

import random
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..ar_credit_control.rules.limit_proposal import round_down
from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestLimitProposal(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env.user)
        cls.profile = cls._profile(cls.customer, grade="B")

    @classmethod
    def _profile(cls, partner, grade=False):
        profile = cls.env["ar.credit.profile"]._get_or_create(partner, cls.company)
        profile.sudo().score_grade = grade
        return profile

    @classmethod
    def _sale(cls, partner, amount, ago=30, terms=30, move_type="out_invoice"):
        day = cls.today - timedelta(days=ago)
        move = cls.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": partner.id,
                "invoice_date": day,
                "invoice_date_due": day + timedelta(days=terms),
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "x", "quantity": 1, "price_unit": amount, "tax_ids": []}
                    )
                ],
            }
        )
        move.action_post()
        return move

    def _authority(self, user, amount):
        self.env["ar.credit.authority"].create(
            {"user_id": user.id, "limit_amount": amount, "company_id": self.company.id}
        )

    def _limit(self):
        return self.customer.with_company(self.company).sudo().credit_limit

    # ------------------------------------------------------------------ figures
    def test_turnover_terms_and_grade_make_the_limit(self):
        self._sale(self.customer, 90_000, ago=300)
        self._sale(self.customer, 10_000, ago=60, terms=60)
        self._sale(self.customer, 20_000, ago=30, move_type="out_refund", terms=0)
        self._sale(self.customer, 5_000_000, ago=366)
        # 80,000 in 365 days, (90 × 30 + 10 × 60) / 100 = 33 days: 7,232.88 × 120 % = 8,679.45
        self.assertEqual(self.profile.proposed_limit, 8600)
        html = self.profile.with_user(self.auditor).proposal_html
        for text in ("80,000", "33 days", "7,232.88", "8,679.45", "120 %", "8,600"):
            self.assertIn(text, html)

    def test_a_young_customer_is_not_taken_for_a_years_worth(self):
        self._sale(self.customer, 9000, ago=10)
        self.assertEqual(self.profile.proposed_limit, round_down(9000 * 30 / 90 * 1.2))

    def test_cover_and_reports_count(self):
        self._sale(self.customer, 365_000, ago=364)
        self.env["ar.credit.report"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "provider_id": self.env["ar.credit.provider"].create({"name": "House"}).id,
                "advised_limit": 10_000,
            }
        )
        self.assertEqual(self.profile.proposed_limit, 10_000)
        self.profile.sudo().insured_amount = 80_000
        self.assertAlmostEqual(self.profile.proposed_limit, round_down(365_000 * 30 / 364))

    def test_new_customers_get_the_limit_until_assessed(self):
        fresh = self._profile(self._new_customer("Fresh"))
        self.assertEqual(fresh.proposal_state, "none")
        self.assertIn(fresh.proposal_html, (False, "", "\n    \n"))
        self.policy.default_limit = 500
        fresh.invalidate_recordset()
        self.assertEqual((fresh.proposal_state, fresh.proposed_limit), ("limit", 500))

    def test_many_customers_agree_with_plain_reckoning_in_a_fixed_number_of_queries(self):
        rng = random.Random(7)
        profiles, expected = self.env["ar.credit.profile"], {}
        percents = {"A": 1.5, "B": 1.2, "C": 1.0, "D": 0.5}
        for index in range(6):
            partner = self._new_customer(f"Customer {index}")
            grade = rng.choice("ABCD")
            sales = [
                (rng.randrange(1000, 90_000), rng.randrange(0, 364), rng.choice((0, 30, 60)))
                for _ in range(rng.randrange(1, 4))
            ]
            for amount, ago, terms in sales:
                self._sale(partner, amount, ago, terms)
            period = min(365, max(90, max(ago for _amount, ago, _terms in sales)))
            need = sum(amount * terms for amount, _ago, terms in sales) / period
            profile = self._profile(partner, grade)
            profiles += profile
            expected[profile] = round_down(need * percents[grade])
        self.env.flush_all()
        for profile in profiles:
            self.assertEqual(profile.proposed_limit, expected[profile])
        profiles.invalidate_recordset()
        profiles[0].proposed_limit  # noqa: B018 (whatever is read once)
        counts = []
        for some in (profiles[:2], profiles):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.mapped("proposed_limit")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    # ------------------------------------------------------------------ decisions
    def test_who_may_accepts_with_one_click(self):
        self._sale(self.customer, 100_000, ago=364)
        proposed = self.profile.proposed_limit
        self.profile.with_user(self.manager).action_accept_proposal()
        self.assertEqual(self._limit(), proposed)
        decision = self.profile.limit_ids
        self.assertEqual(
            (decision.state, decision.decided_by_id, decision.is_computed),
            ("approved", self.manager, True),
        )
        self.assertIn("Grade B", decision.arithmetic)
        with self.assertRaises(UserError):
            self.profile.with_user(self.manager).action_accept_proposal()

    def test_others_ask_for_it_and_only_once(self):
        self.policy.manager_id = self.manager
        self._sale(self.customer, 100_000, ago=364)
        for _again in range(2):
            self.profile.with_user(self.salesman).action_accept_proposal()
        decision = self.profile.limit_ids
        self.assertEqual((len(decision), decision.state), (1, "proposed"))
        self.assertEqual(decision.requested_by_id, self.salesman)
        self.assertEqual(decision.activity_ids.user_id, self.manager)
        self.assertFalse(self._limit())
        self._sale(self.customer, 900_000, ago=20)
        self.profile.invalidate_recordset()
        self.profile.with_user(self.collector).action_accept_proposal()
        self.assertEqual(self.profile.limit_ids, decision, "the request that waits is renewed")
        self.assertEqual(decision.amount, self.profile.proposed_limit)

    def test_authority_decides_up_to_its_amount(self):
        self._sale(self.customer, 100_000, ago=364)
        proposed = self.profile.proposed_limit
        self._authority(self.salesman, proposed - 1)
        self._authority(self.colleague, proposed)
        self.profile.with_user(self.salesman).action_accept_proposal()
        self.assertFalse(self._limit())
        self.profile.with_user(self.colleague).action_accept_proposal()
        self.assertEqual(self._limit(), proposed)

    def test_a_bad_payer_is_proposed_no_credit(self):
        self._sale(self.customer, 100_000, ago=364)
        self.profile.sudo().score_grade = "E"
        self.assertEqual(self.profile.proposal_state, "no_credit")
        self.profile.with_user(self.manager).action_accept_proposal()
        self.assertEqual(self.profile.credit_mode, "no_credit")

    def test_limits_of_many_customers_are_proposed_where_they_differ(self):
        self._sale(self.customer, 100_000, ago=364)
        same, none = self._new_customer("Same"), self._new_customer("None")
        self._sale(same, 36_400, ago=364)
        profile = self._profile(same, "C")
        same.with_company(self.company).sudo().credit_limit = profile.proposed_limit
        customers = (self.customer | same | none).with_user(self.collector)
        action = customers.with_company(self.company).action_ar_propose_limits()
        decisions = self.env["ar.credit.limit"].search(action["domain"])
        self.assertEqual(decisions.partner_id, self.customer)
        self.assertEqual(decisions.amount, self.profile.proposed_limit)

    # ------------------------------------------------------------------ rights
    def test_salespeople_do_not_read_the_arithmetic(self):
        self._sale(self.customer, 100_000, ago=364)
        self.profile.with_user(self.salesman).action_accept_proposal()
        for user in (self.salesman, self.seller_all, self.accountant):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    self.profile.with_user(user).read(["proposal_html"])
                with self.assertRaises(AccessError):
                    self.profile.limit_ids.with_user(user).read(["arithmetic"])

    def test_nobody_claims_a_proposal_or_one_of_a_stranger(self):
        self._sale(self.customer, 100_000, ago=364)
        with self.assertRaises(AccessError):
            self.profile.with_user(self.stranger).action_accept_proposal()
        with self.assertRaises(AccessError):
            self.profile.with_user(self.auditor).action_propose_limits()
        decision = (
            self.env["ar.credit.limit"]
            .with_user(self.collector)
            .create(
                {
                    "profile_id": self.profile.id,
                    "amount": 10**9,
                    "reason": "Mine",
                    "is_computed": True,
                }
            )
        )
        self.assertFalse(decision.is_computed)
        with self.assertRaises(AccessError):
            decision.write({"is_computed": True})
        self.assertFalse(self._limit())
