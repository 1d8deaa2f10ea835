"""Why a customer has its score, in words, with the documents one click away."""

from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .score_ledger import ScoreCommon


@tagged("post_install", "-at_install")
class TestScoreCard(ScoreCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.late, cls.prompt = cls._new_customer("Late"), cls._new_customer("Prompt")
        for ago in range(100, 700, 60):
            cls.pay(cls.sell(cls.late, 100, ago), 100, ago - 80)
            cls.pay(cls.sell(cls.prompt, 100, ago), 100, ago - 28)
        cls.sell(cls.late, 200, 130)
        cls.env["ar.score.model"].sudo()._run(cls.company, lambda done, remaining: 1.0)

    def profile(self, partner, user=None):
        profiles = self.env["ar.credit.profile"].with_user(user or self.salesman)
        return profiles.search([("partner_id", "=", partner.id)])

    def test_points_of_the_reasons_add_up_to_the_score(self):
        for partner in (self.late, self.prompt):
            profile = self.profile(partner)
            card = profile.score_card
            self.assertEqual(sum(reason["points"] for reason in card["reasons"]), profile.score)
            self.assertEqual((card["score"], card["grade"]), (profile.score, profile.grade))
            self.assertFalse(card["stale"])
            self.assertEqual(card["reasons"][0]["key"], "average")
            self.assertTrue(all(reason["name"] for reason in card["reasons"]))
            self.assertLessEqual(len(card["reasons"]), 7)

    def test_words_of_a_late_payer(self):
        profile = self.profile(self.late)
        card = profile.score_card
        self.assertLess(min(reason["points"] for reason in card["reasons"]), 0)
        evidence = self.env["ar.score"]._evidence(self.late, self.company)[self.late.id]
        told = {
            key: self.env["ar.score.texts"]._text(key, evidence, profile)
            for key in ("habit", "late", "overdue", "conditions", "disputes")
        }
        self.assertEqual(told["late"], "100% of 10 instalments late")
        self.assertRegex(told["habit"], r"^Usually \d+ days after the due date")
        self.assertRegex(told["overdue"], r"200.00.*, the oldest for 100 days$")
        self.assertEqual(told["conditions"], "30 days agreed")
        self.assertEqual(told["disputes"], "0% of the instalments disputed")
        facts = {fact["name"]: fact["value"] for fact in card["facts"]}
        self.assertEqual(facts["Paid on time"], "0%")
        self.assertEqual(facts["Rests on"], "10 instalments")
        self.assertRegex(facts["Expected delay"], r"^\d+ days \(\d+ to \d+\)$")
        self.assertEqual(len(card["months"]), 1)

    def test_a_reason_opens_its_documents(self):
        profile = self.profile(self.late)
        for key, count in (("late", 11), ("habit", 10), ("overdue", 1), ("disputes", 0)):
            action = profile.action_score_documents(key)
            found = self.env[action["res_model"]].with_user(self.salesman).search(action["domain"])
            with self.subTest(key=key):
                self.assertEqual(len(found), count)
                self.assertLessEqual(found.partner_id, self.late)
        recent = self.env["ar.payment.history"].search(
            profile.action_score_documents("recent")["domain"]
        )
        self.assertTrue(recent)
        self.assertLess(len(recent), 10)

    def test_history_shows_what_was_paid_and_what_is_open(self):
        rows = self.env["ar.payment.history"].search([("partner_id", "=", self.late.id)])
        self.assertEqual(len(rows), 11)
        open_row = rows.filtered(lambda row: not row.date_paid)
        self.assertEqual((open_row.days, open_row.amount), (100, 200))
        paid = rows - open_row
        self.assertEqual(set(paid.mapped("days")), {50})
        self.assertEqual(open_row.action_open_document()["res_id"], open_row.move_id.id)

    def test_a_card_says_when_the_books_have_changed(self):
        invoice = self.sell(self.prompt, 900, 200)
        self.pay(invoice, 900, 5)
        profile = self.profile(self.prompt)
        profile.invalidate_recordset()
        self.assertTrue(profile.score_card["stale"])
        profile.with_user(self.collector).action_assess()
        profile.invalidate_recordset()
        self.assertFalse(profile.score_card["stale"])

    def test_a_grade_set_by_hand_shows_beside_the_computed_one(self):
        profile = self.profile(self.late, self.manager)
        profile.write(
            {
                "override_grade": "B",
                "override_reason": "Guaranteed",
                "override_until": self.today + timedelta(days=9),
            }
        )
        card = self.profile(self.late).score_card
        self.assertEqual((card["grade"], card["words"]), ("B", "pays well"))
        self.assertEqual(card["computed"], profile.score_grade)
        self.assertIn("Guaranteed", card["override"])

    def test_a_customer_without_history_has_no_card(self):
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        self.assertFalse(profile.score_card)

    def test_a_stranger_reads_no_reasons(self):
        self.assertFalse(self.profile(self.late, self.stranger))
        profile = self.profile(self.late).with_user(self.stranger)
        profile.invalidate_recordset()
        with self.assertRaises(AccessError):
            profile.read(["score_card"])
        with self.assertRaises(AccessError):
            profile.action_score_documents("late")
