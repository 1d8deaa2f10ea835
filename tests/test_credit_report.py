"""Reports on customers: by hand, from files, on the profile, and their renewal in time."""

import base64
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..ar_credit_control.models import credit_review
from .common import CreditCommon

HEADER = "provider;customer;date;reference;rating;advised_limit;currency;valid_until;no_credit"


class ReportCase(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env.user)
        Provider = cls.env["ar.credit.provider"]
        cls.house = Provider.create({"name": "House", "best": 100, "worst": 600})
        cls.letters = Provider.create(
            {"name": "Letters", "scale": "classes", "classes": "AAA, AA, A, B"}
        )
        cls.customer.ref = "C1"
        cls.other = cls._new_customer("Other", ref="C2")
        cls.profile = cls.env["ar.credit.profile"]._get_or_create(cls.customer, cls.company)

    @classmethod
    def day(cls, ago):
        return cls.today - timedelta(days=ago)

    @classmethod
    def _report(cls, **vals):
        return cls.env["ar.credit.report"].create(
            {
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                "provider_id": cls.house.id,
                "date": cls.today,
                "rating": "212",
                **vals,
            }
        )

    def _import(self, *rows, **vals):
        run = (
            self.env["ar.history.import"]
            .with_user(self.manager)
            .create(
                {
                    "name": "reports.csv",
                    "kind": "reports",
                    "file": base64.b64encode("\n".join([HEADER, *rows]).encode()),
                    **vals,
                }
            )
        )
        run.action_import()
        run.sudo()._work(lambda done, remaining: 1)
        return run

    def _reports(self):
        return self.env["ar.credit.report"].search([("company_id", "=", self.company.id)])


@tagged("post_install", "-at_install")
class TestCreditReport(ReportCase):
    # ------------------------------------------------------------------ log
    def test_a_report_is_valid_as_long_as_its_provider_says(self):
        report = self._report(date=self.day(10))
        self.assertEqual(report.valid_until, fields.Date.add(self.day(10), months=12))
        self.assertTrue(report.is_valid)
        self.assertEqual(report.standing, 77.6)
        old = self._report(date=self.day(90), valid_until=self.day(1))
        self.assertFalse(old.is_valid)
        found = self.env["ar.credit.report"].search([("is_valid", "=", True)])
        self.assertIn(report, found)
        self.assertNotIn(old, found)

    def test_ratings_are_kept_as_their_scale_writes_them(self):
        self.assertEqual(self._report(rating="212,0").rating, "212")
        report = self._report(provider_id=self.letters.id, rating="aa")
        self.assertEqual(report.rating, "AA")
        report.rating = "b "
        self.assertEqual((report.rating, report.standing), ("B", 0))

    def test_what_makes_no_sense_is_refused(self):
        for vals in (
            {"rating": "700"},
            {"rating": "AA"},
            {"provider_id": self.letters.id, "rating": "212"},
            {"rating": False},
            {"date": fields.Date.add(self.today, days=1)},
        ):
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                self._report(**vals)
        for vals in (
            {"valid_until": self.day(1)},
            {"advised_limit": -5},
            {"advised_limit": 5, "no_credit": True},
        ):
            with self.subTest(vals=vals), self.assertRaises(IntegrityError):
                with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                    self._report(**vals)

    def test_the_same_report_is_not_logged_twice(self):
        self._report(reference="R1")
        self._report(reference="R2")
        self._report()
        for reference in ("R1", False, ""):
            with self.subTest(reference=reference), self.assertRaises(IntegrityError):
                with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                    self._report(reference=reference)

    def test_a_contacts_report_is_its_companys(self):
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.other.id})
        report = self._report(partner_id=contact.id)
        self.assertEqual(report.partner_id, self.other)
        profile = self.env["ar.credit.profile"].search([("partner_id", "=", self.other.id)])
        self.assertEqual(profile.report_id, report, "the profile was made for it")

    def test_scales_keep_room_for_what_was_rated(self):
        self._report()
        for vals in (
            {"best": 300},
            {"scale": "classes", "classes": "A,B"},
            {"best": 5, "worst": 5},
        ):
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                self.house.write(vals)
        self.house.worst = 212
        for vals in ({"classes": "A"}, {"classes": "A, a"}, {"classes": False}):
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                self.letters.write(vals)

    # ------------------------------------------------------------------ profile
    def test_the_profile_shows_the_latest_valid_report(self):
        self._report(date=self.day(50), rating="300")
        latest = self._report(date=self.day(20), rating="212", advised_limit=15_000)
        self._report(date=self.day(5), valid_until=self.day(1), rating="500")
        profile = self.profile.with_user(self.auditor)
        self.assertEqual(profile.report_id, latest)
        self.assertEqual(
            (profile.report_rating, profile.report_scale, profile.report_advice),
            ("212", "100–600", 15_000),
        )

    def test_advice_in_another_currency_is_converted(self):
        currency = self.env["res.currency"].create(
            {
                "name": "XTA",
                "symbol": "T",
                "rate_ids": [Command.create({"name": "2000-01-01", "rate": 4})],
            }
        )
        report = self._report(advised_limit=1000, currency_id=currency.id)
        self.assertEqual(report._get_advice(), 250)
        self.assertEqual(self.profile.report_advice, 250)
        self.assertEqual(self._report(no_credit=True, date=self.day(1))._get_advice(), 0)
        self.assertIsNone(self._report(date=self.day(2))._get_advice())

    # ------------------------------------------------------------------ files
    def test_good_lines_go_in_without_the_bad_ones_and_only_once(self):
        rows = [
            f"House;C1;{self.day(9)};R1;212;15.000,00;;;",
            f"House;C1;{self.day(8)};R2;700;;;;",
            f"letters;C2;{self.day(7)};;aa;;;{self.today};yes",
            f"House;C2;{self.day(-1)};R4;300;;;;",
            f"House;C1;{self.day(9)};R1;212;15.000,00;;;",
            f"House;C1;{self.day(9)};R6;212;-1;;;",
            f"House;C1;{self.day(9)};R7;212;1;QQQ;;",
        ]
        with self.assertRaises(UserError):
            self._import(*rows)
        self.assertFalse(self._reports())
        run = self._import(*rows, skip_errors=True)
        self.assertEqual(
            [(error.line, error.field) for error in run.error_ids],
            [
                (3, "rating"),
                (5, "date"),
                (6, "reference"),
                (7, "advised_limit"),
                (8, "currency"),
            ],
        )
        self.assertTrue(all(run.error_ids.mapped("remedy")))
        self.assertIn("700 (100–600)", run.error_ids[0].message)
        reports = self._reports().sorted("date")
        self.assertRecordValues(
            reports,
            [
                {
                    "partner_id": self.customer.id,
                    "provider_id": self.house.id,
                    "rating": "212",
                    "advised_limit": 15_000,
                    "no_credit": False,
                    "valid_until": fields.Date.add(self.day(9), months=12),
                },
                {
                    "partner_id": self.other.id,
                    "provider_id": self.letters.id,
                    "rating": "AA",
                    "advised_limit": 0,
                    "no_credit": True,
                    "valid_until": self.today,
                },
            ],
        )
        self._import(*rows, skip_errors=True)
        self.assertEqual(self._reports().sorted("date"), reports)

    def test_what_came_in_before_is_counted(self):
        rows = [f"House;C1;{self.day(9)};R1;212;;;;", f"House;C1;{self.day(9)};R2;99;;;;"]
        self._import(*rows, skip_errors=True)
        run = self._import(*rows, skip_errors=True)
        self.assertEqual((run.total_count, run.known_count, run.error_count), (0, 1, 1))

    def test_a_file_of_reports_needs_no_journal(self):
        run = self._import(f"House;C1;{self.day(9)};R1;212;;;;")
        self.assertFalse(run.journal_id or run.payment_journal_id)
        self.assertEqual(run.done_count, 1)

    def test_a_report_entered_by_hand_is_not_doubled_by_a_file(self):
        report = self._report(date=self.day(9), reference="R1", rating="300")
        run = self._import(f"House;C1;{self.day(9)};R1;212;;;;")
        self.assertEqual(self._reports(), report)
        self.assertEqual((run.record_ids.report_id, report.rating), (report, "300"))

    # ------------------------------------------------------------------ renewal
    def _renew(self):
        self.env["ar.credit.report"]._cron_expiry()
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", "ar.credit.report"),
                ("res_id", "in", self._reports().ids),
            ]
        )

    def _grade(self, grade):
        self.profile.sudo().score_grade = grade

    def test_the_worse_the_grade_the_earlier_the_renewal(self):
        self.policy.manager_id = self.manager
        for grade, days in (("A", 15), ("B", 30), ("C", 45), ("D", 60), ("E", 90), (False, 30)):
            with self.subTest(grade=grade):
                self._reports().unlink()
                self._grade(grade)
                report = self._report(valid_until=fields.Date.add(self.today, days=days + 1))
                self.assertFalse(self._renew())
                report.valid_until = fields.Date.add(self.today, days=days)
                activity = self._renew()
                self.assertEqual(activity.user_id, self.manager)
                self.assertEqual(activity.date_deadline, report.valid_until)
                self.assertIn("House", activity.summary)
                self.assertEqual(self._renew(), activity, "once for each report")

    def test_the_customers_own_policy_says_when(self):
        strict = self.policy.copy({"name": "Strict"})
        strict.class_ids.filtered(lambda c: c.grade == "A").notice_days = 200
        self._grade("A")
        self._report(valid_until=fields.Date.add(self.today, days=150))
        self.assertFalse(self._renew())
        self.profile.policy_id = strict
        self.assertTrue(self._renew())

    def test_a_newer_report_needs_no_renewal_of_the_old_one(self):
        self._report(date=self.day(300), valid_until=self.today)
        self._report(valid_until=fields.Date.add(self.today, days=300))
        self.assertFalse(self._renew())

    def test_an_activity_that_was_done_does_not_come_again(self):
        self._report(valid_until=self.today)
        self._renew().action_feedback("Ordered")
        self.assertFalse(self._renew().filtered("active"))

    def test_the_daily_job_does_all_of_it(self):
        self._report(valid_until=self.today)
        job = self.env.ref("ar_credit_control.cron_daily")
        job.sudo().ir_actions_server_id.run()
        self.assertTrue(self._reports().activity_ids)

    # ------------------------------------------------------------------ rights
    def test_only_credit_control_reads_reports(self):
        report = self._report()
        for user in (self.salesman, self.seller_all, self.accountant):
            with self.subTest(user=user.login):
                for model in ("ar.credit.report", "ar.credit.provider", "ar.credit.policy.class"):
                    with self.assertRaises(AccessError):
                        self.env[model].with_user(user).search([])
                with self.assertRaises(AccessError):
                    report.with_user(user).read(["rating"])
                with self.assertRaises(AccessError):
                    self.profile.with_user(user).read(["report_rating", "report_advice"])
                with self.assertRaises(AccessError):
                    self.env["ar.history.import"].with_user(user).create(
                        {"name": "x", "file": base64.b64encode(b"x"), "kind": "reports"}
                    )
        self.assertEqual(report.with_user(self.auditor).rating, "212")

    def test_auditors_change_nothing_and_collectors_delete_nothing(self):
        report = self._report()
        with self.assertRaises(AccessError):
            report.with_user(self.auditor).rating = "300"
        with self.assertRaises(AccessError):
            self.house.with_user(self.collector).best = 50
        report.with_user(self.collector).rating = "300"
        with self.assertRaises(AccessError):
            report.with_user(self.collector).unlink()
        report.with_user(self.manager).unlink()

    def test_other_companies_do_not_see_them(self):
        report = self._report()
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        stranger = self._new_user("ar_report_other", "ar_credit_control.group_credit_manager")
        stranger.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertFalse(
            self.env["ar.credit.report"].with_user(stranger).search([("id", "=", report.id)])
        )
        with self.assertRaises(AccessError):
            report.with_user(stranger).read(["rating"])
        lines = self.policy.class_ids
        self.assertTrue(lines)
        with self.assertRaises(AccessError):
            lines.with_user(stranger).read(["grade"])


@tagged("post_install", "-at_install")
class TestCreditReview(ReportCase):
    """Reviews come the sooner the more is at stake; new customers stay not assessed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.review_exposure = 1000

    def _advance(self):
        self.env["ar.credit.profile"]._cron_advance_reviews()
        return self.profile.review_date

    def test_exposure_brings_the_review_forward(self):
        self.profile.assessed_on = self.day(60)
        planned = self.profile.review_date
        self.assertEqual(planned, fields.Date.add(self.day(60), months=12))
        self._invoice(self.customer, 1000)
        self.assertEqual(self._advance(), planned, "the whole period up to the amount")
        self._invoice(self.customer, 1000)
        self.assertEqual(self._advance(), fields.Date.add(self.day(60), months=6))
        self._invoice(self.customer, 100_000)
        self.assertEqual(self._advance(), self.today, "never in the past")

    def test_it_never_puts_a_review_off(self):
        self.profile.write({"assessed_on": self.today, "review_date": self.today})
        self._invoice(self.customer, 1001)
        self.assertEqual(self._advance(), self.today)

    def test_who_owes_much_and_was_never_assessed_is_due_today(self):
        fresh = self._new_customer("Fresh")
        self._invoice(fresh, 1001)
        self._advance()
        profile = self.env["ar.credit.profile"].search([("partner_id", "=", fresh.id)])
        self.assertEqual(profile.review_date, self.today)
        self.assertFalse(self.profile.review_date, "who owes little is left alone")

    def test_first_reviews_are_spread_over_days_the_largest_first(self):
        customers = [self._new_customer(f"Fresh {place}") for place in range(5)]
        for place, customer in enumerate(customers, 2):
            self._invoice(customer, 1000 * place)
        Profile = self.env["ar.credit.profile"]
        with patch.object(credit_review, "REVIEWS_A_DAY", 2):
            Profile._cron_advance_reviews()
            ids = [customer.id for customer in customers]
            profiles = Profile.search([("partner_id", "in", ids)]).sorted(lambda p: p.partner_id.id)
            days = [(profile.review_date - self.today).days for profile in profiles]
            self.assertEqual(days, [2, 1, 1, 0, 0])
            Profile._cron_advance_reviews()
            again = [(profile.review_date - self.today).days for profile in profiles]
            self.assertEqual(again, days, "what waits today leaves no room for more")
            profiles[3:].assessed_on = self.today
            Profile._cron_advance_reviews()
        days = [(profile.review_date - self.today).days for profile in profiles[:3]]
        self.assertEqual(days, [1, 0, 0], "who works faster gets the next ones")

    def test_no_amount_means_the_same_period_for_all(self):
        self.policy.review_exposure = 0
        self.profile.assessed_on = self.today
        self._invoice(self.customer, 1_000_000)
        self.assertEqual(self._advance(), fields.Date.add(self.today, months=12))

    # ------------------------------------------------------------------ new customers
    def test_the_default_limit_does_not_make_a_customer_assessed(self):
        self.policy.rule_ids.unlink()
        self.policy.rule_ids = [Command.create({"criterion": "not_assessed", "effect": "warn"})]
        self.policy.with_user(self.manager).default_limit = 500
        self.customer.invalidate_recordset()
        customer = self.customer.with_user(self.salesman).with_company(self.company)
        self.assertEqual(customer.ar_available, 500)
        self.assertIn("not been assessed", str(customer.ar_widget["findings"]))
        self.customer.with_company(self.company).sudo().credit_limit = 700
        customer.invalidate_recordset()
        self.assertFalse(customer.ar_widget["findings"])

    def test_only_managers_set_it_and_not_below_zero(self):
        with self.assertRaises(AccessError):
            self.policy.with_user(self.collector).default_limit = 500
        with self.assertRaises(ValidationError):
            self.policy.with_user(self.manager).default_limit = -1
