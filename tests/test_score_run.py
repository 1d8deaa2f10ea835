"""Scores are written by the nightly run or on demand, never by those who enter payments."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .score_ledger import ScoreCommon


@tagged("post_install", "-at_install")
class TestScoreRun(ScoreCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prompt, cls.late, cls.new = (cls._new_customer(n) for n in ("Prompt", "Late", "New"))
        for ago in range(100, 700, 60):
            cls._trade(cls.prompt, ago, -2)
            cls._trade(cls.late, ago, 55)
        cls.sell(cls.new, 100, 3)
        cls.News = cls.env["ar.score.news"].sudo()
        cls.News.search([]).unlink()

    @classmethod
    def _trade(cls, partner, ago, delay):
        cls.pay(cls.sell(partner, 100, ago), 100, ago - 30 - delay)

    def run_all(self, time_left=lambda _done, remaining: 1.0):
        model = self.env["ar.score.model"].sudo()
        model._run(self.company, time_left)
        return model.search([("company_id", "=", self.company.id)])

    def profile(self, partner):
        return self.env["ar.credit.profile"].search([("partner_id", "=", partner.id)])

    def news(self):
        """The customers that the next run would score."""
        model = self.env["ar.score.model"].sudo().search([("company_id", "=", self.company.id)])
        # what was matched by this test's own transaction counts as read
        self.News._collect(self.company, model, self.today)
        return self.News.search([("company_id", "=", self.company.id)]).partner_id

    def settle(self):
        """As after a night: everything has been read and scored."""
        model = self.run_all()
        last = self.env["account.partial.reconcile"].search([], order="id desc", limit=1)
        model.write({"last_match": last.id, "last_run": fields.Datetime.now() + timedelta(days=1)})
        return model

    # ------------------------------------------------------------------ writing
    def test_first_run_scores_everybody_with_evidence(self):
        self.run_all()
        prompt, late = self.profile(self.prompt), self.profile(self.late)
        self.assertGreater(prompt.score, late.score + 20)
        self.assertLess(prompt.grade, late.grade)
        self.assertLess(prompt.late_probability, 0.5)
        self.assertGreater(late.expected_delay, 30)
        self.assertTrue(late.habitual_late)
        self.assertFalse(prompt.habitual_late)
        self.assertTrue(prompt.delay_earliest <= prompt.expected_delay <= prompt.delay_latest)
        self.assertAlmostEqual(prompt.score_observations, 10)
        self.assertEqual(prompt.score_trend, "new")
        self.assertEqual(prompt.score_date, self.today)
        self.assertFalse(self.profile(self.new).grade, "not assessed, never good")
        self.assertFalse(self.News.search([("company_id", "=", self.company.id)]))

    def test_written_scores_are_those_of_the_assessment(self):
        self.run_all()
        partners = self.prompt | self.late
        for key, one in self.env["ar.score"]._score(partners, self.company).items():
            profile = self.profile(self.env["res.partner"].browse(key))
            self.assertEqual((profile.score, profile.score_grade), (one.score, one.grade))
            self.assertAlmostEqual(profile.expected_delay, one.days, 6)
            self.assertAlmostEqual(profile.late_probability, one.late, 9)
            self.assertEqual(profile.payment_index, one.index)

    def test_a_month_is_kept_once_and_the_next_compares_with_it(self):
        self.run_all()
        Snapshot = self.env["ar.score.snapshot"].sudo()
        mine = Snapshot.search([("partner_id", "=", self.late.id)])
        self.assertEqual(len(mine), 1)
        self.assertEqual(mine.score, self.profile(self.late).score)
        self.profile(self.late).action_assess()
        self.assertEqual(len(Snapshot.search([("partner_id", "=", self.late.id)])), 1)
        self.month_before(self.profile(self.late), score=mine.score + 40)
        self.profile(self.late).action_assess()
        self.assertEqual(self.profile(self.late).score_trend, "worse")
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            mine.copy()

    def test_lost_evidence_takes_the_score_along(self):
        self.run_all()
        moves = self.env["account.move"].search([("partner_id", "=", self.late.id)])
        moves.line_ids.remove_move_reconcile()
        moves.button_draft()
        self.run_all()
        self.assertFalse(self.profile(self.late).grade)
        self.assertFalse(self.profile(self.late).score)

    def test_a_run_stopped_half_way_goes_on_with_what_is_left(self):
        with patch("odoo.addons.ar_credit_control.ar_credit_control.models.score_model.CHUNK", 1):
            self.run_all(lambda done, remaining: 0.0)
            first = self.env["ar.credit.profile"].search([("score_grade", "!=", False)])
            self.run_all()
        scored = self.env["ar.credit.profile"].search([("score_grade", "!=", False)])
        self.assertEqual(len(scored & first), len(first))
        self.assertIn(self.prompt, scored.partner_id)
        self.assertIn(self.late, scored.partner_id)

    # ------------------------------------------------------------------ news
    def test_a_quiet_night_scores_nobody(self):
        self.settle()
        self.assertFalse(self.news())

    def test_news_are_the_customers_of_payments(self):
        self.settle()
        invoice = self.sell(self.prompt, 70, 10)
        self.assertFalse(self.news(), "an invoice that is not due says nothing")
        self.pay(invoice, 70, 1)
        self.assertEqual(self.news(), self.prompt)

    def test_news_are_items_that_become_overdue(self):
        model = self.settle()
        self.sell(self.prompt, 70, 31)
        self.sell(self.late, 70, 30)
        self.News.search([]).unlink()
        model.last_day = self.today - timedelta(days=1)
        self.assertEqual(self.news(), self.prompt)

    def test_news_are_matchings_undone_and_overdue_invoices_booked(self):
        self.settle()
        move = self.env["account.move"].search(
            [("partner_id", "=", self.late.id), ("move_type", "=", "out_invoice")], limit=1
        )
        move.line_ids.remove_move_reconcile()
        self.assertEqual(self.news(), self.late)
        self.sell(self.prompt, 100, 200)
        self.assertEqual(self.news(), self.late | self.prompt)

    def test_news_are_payments_rejected(self):
        self.settle()
        payment = self.env["account.payment"].search([("partner_id", "=", self.late.id)], limit=1)
        payment.action_reject()
        self.assertEqual(self.news(), self.late)

    def test_other_cut_points_are_news_of_everybody(self):
        self.settle()
        before = self.profile(self.late).score_grade
        score = self.profile(self.late).score
        self.policy.score_cut_a = 100
        self.assertLessEqual(self.prompt | self.late, self.news())
        self.policy.write(
            dict(zip(("score_cut_a", "score_cut_b", "score_cut_c", "score_cut_d"),
                     (100, 99, 98, score + 1), strict=True))
        )  # fmt: skip
        self.run_all()
        self.assertEqual(self.profile(self.late).score_grade, "E")
        self.assertTrue(before)

    def test_entering_a_payment_computes_no_score(self):
        self.settle()
        invoice = self.sell(self.prompt, 70, 60)
        self.env.flush_all()
        statements = []
        execute = type(self.env.cr).execute

        def listen(cr, query, *args, **kwargs):
            statements.append(str(getattr(query, "code", query)))
            return execute(cr, query, *args, **kwargs)

        with patch.object(type(self.env.cr), "execute", listen):
            self.pay(invoice, 70, 1)
            self.env.flush_all()
        touched = [text for text in statements if "ar_score" in text or "ar_credit" in text]
        self.assertTrue(statements)
        self.assertFalse(touched)

    # ------------------------------------------------------------------ by hand
    def test_assessing_one_customer_now(self):
        self.settle()
        self._trade(self.new, 80, 40)
        self.profile(self.prompt).with_user(self.collector).action_assess()
        self.assertFalse(self.profile(self.new).grade, "others wait")
        profile = self.env["ar.credit.profile"].sudo()._get_or_create(self.new, self.company)
        profile.with_user(self.collector).action_assess()
        self.assertTrue(profile.grade)
        self.assertTrue(profile.thin_history)
        with self.assertRaises(AccessError):
            profile.with_user(self.salesman).action_assess()

    def test_a_grade_set_by_hand_holds_until_its_day(self):
        self.run_all()
        profile = self.profile(self.late).with_user(self.manager)
        computed = profile.score_grade
        profile.write(
            {
                "override_grade": "A",
                "override_reason": "Parent company guarantees",
                "override_until": self.today + timedelta(days=10),
            }
        )
        self.assertEqual((profile.grade, profile.score_grade), ("A", computed))
        self.assertEqual(profile.override_author_id, self.manager)
        profile.action_assess()
        self.assertEqual((profile.grade, profile.score_grade), ("A", computed))
        profile.sudo()._write({"override_until": self.today - timedelta(days=1)})
        profile.invalidate_recordset()
        self.env["ar.credit.profile"]._expire_overrides()
        self.assertEqual(profile.grade, computed)
        self.assertFalse(profile.override_reason or profile.override_author_id)
        self.assertIn("has expired", profile.message_ids[:2].mapped("body").__str__())

    def test_a_grade_set_by_hand_needs_its_reason_and_day(self):
        self.run_all()
        profile = self.profile(self.late).with_user(self.manager)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            with self.env.cr.savepoint():
                profile.override_grade = "A"
                profile.flush_recordset()
        profile.invalidate_recordset()
        yesterday = self.today - timedelta(days=1)
        with self.assertRaisesRegex(ValidationError, "lies in the past"):
            profile.write(
                {"override_grade": "A", "override_reason": "x", "override_until": yesterday}
            )
        with self.assertRaisesRegex(AccessError, "noted, not chosen"):
            profile.override_author_id = self.salesman

    # ------------------------------------------------------------------ early warning
    def drop(self, amount):
        """A customer who had an A last month and owes so much."""
        self.policy.warning_exposure = 1000
        self.run_all()
        profile = self.profile(self.late)
        self.month_before(profile, score_grade="A")
        self.sell(self.late, amount, 1)
        profile.action_assess()
        return profile

    def test_a_large_customer_that_drops_is_told_once(self):
        profile = self.drop(5000)
        warning = self.env.ref("ar_credit_control.activity_early_warning")
        told = profile.activity_ids.filtered(lambda a: a.activity_type_id == warning)
        self.assertEqual(told.user_id, profile._get_credit_manager() | self.salesman)
        self.assertRegex(told[0].summary, "Late pays worse: A → [C-E]")
        profile.action_assess()
        self.assertEqual(len(profile.activity_ids), len(told))

    def test_a_small_customer_that_drops_is_not(self):
        self.assertFalse(self.drop(10).activity_ids)

    # ------------------------------------------------------------------ access
    def test_salespeople_read_their_customers_history_alone(self):
        self.run_all()
        history = self.env["ar.payment.history"]
        for user, seen in ((self.salesman, True), (self.stranger, False), (self.auditor, True)):
            with self.subTest(user=user.login):
                domain = [("partner_id", "=", self.late.id)]
                self.assertEqual(bool(history.with_user(user).search(domain)), seen)
                snapshots = self.env["ar.score.snapshot"].with_user(user).search(domain)
                self.assertEqual(bool(snapshots), seen)
        self.assertTrue(
            history.with_user(self.colleague).search([("partner_id", "=", self.late.id)])
        )
        ledger = self.env["account.move.line"].with_user(self.colleague)
        self.assertFalse(ledger.search([("account_type", "=", "asset_receivable")]))
        with self.assertRaises(AccessError):
            history.with_user(self.salesman).search([], limit=1).read(["move_id"])

    def test_nobody_writes_what_is_computed(self):
        self.run_all()
        records = (
            self.profile(self.late).snapshot_ids,
            self.env["ar.score.model"].search([("company_id", "=", self.company.id)]),
            self.env["ar.payment.history"].search([], limit=1),
        )
        for user in (self.salesman, self.auditor, self.collector, self.manager):
            for record in records:
                with self.subTest(user=user.login, model=record._name):
                    with self.assertRaises(AccessError):
                        record.with_user(user).write({"company_id": self.company.id})
                    with self.assertRaises(AccessError):
                        record.with_user(user).unlink()
        with self.assertRaises(AccessError):
            self.env["ar.score.model"].with_user(self.salesman).search([])
        with self.assertRaises(AccessError):
            self.News.with_user(self.salesman).sudo(False).search([])
