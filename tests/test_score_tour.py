"""The score in a real browser: read, followed to its invoices, set by hand; who to sell more to."""

from datetime import timedelta

from odoo.tests import HttpCase, tagged

from .score_ledger import ScoreCommon


@tagged("post_install", "-at_install")
class TestScoreTour(ScoreCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.late = cls._new_customer("Late & Sons")
        cls.prompt = cls._new_customer("Prompt & Daughters", limit=50_000)
        for ago in range(100, 700, 60):
            cls.pay(cls.sell(cls.late, 1000, ago), 1000, ago - 80)
            cls.pay(cls.sell(cls.prompt, 1000, ago), 1000, ago - 28)
        cls.sell(cls.late, 2000, 130)
        cls.env["ar.score.model"].sudo()._run(cls.company, lambda done, remaining: 1.0)

    def _profile(self, partner):
        return self.env["ar.credit.profile"].search([("partner_id", "=", partner.id)])

    def test_a_grade_is_understood_and_set_by_hand(self):
        profile = self._profile(self.late)
        computed = profile.score_grade
        self.assertNotEqual(computed, "B")
        self.start_tour("/odoo/receivables", "ar_score_manager", login=self.manager.login)
        profile.invalidate_recordset()
        self.assertEqual((profile.grade, profile.score_grade), ("B", computed))
        self.assertEqual(profile.override_author_id, self.manager)
        self.assertGreater(profile.override_until, self.today + timedelta(days=10))
        self.assertEqual(profile.credit_limit, profile.limit_ids[:1].amount)
        self.assertTrue(profile.credit_limit)

    def test_good_payers_lead_to_the_customer(self):
        self.start_tour("/odoo/good-payers", "ar_score_salesperson", login=self.salesman.login)
