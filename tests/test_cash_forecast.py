"""Expected cash: each open item on the day that its customer is known for, credit taken off."""

import random
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestCashForecast(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env.user)

    @classmethod
    def _assess(cls, partner, delay, earliest=None, latest=None, weight=10):
        profile = cls.env["ar.credit.profile"]._get_or_create(partner, cls.company)
        profile.sudo().write(
            {
                "score_grade": "C",
                "score_date": cls.today,
                "expected_delay": delay,
                "delay_earliest": delay if earliest is None else earliest,
                "delay_latest": delay if latest is None else latest,
                "score_observations": weight,
            }
        )
        return profile

    def _expected(self, partner=None):
        self.env.invalidate_all()
        domain = [("company_id", "=", self.company.id)]
        if partner:
            domain += [("partner_id", "=", partner.id)]
        return self.env["ar.cash.forecast"].search(domain)

    def _day(self, days):
        return self.today + timedelta(days=days)

    # ------------------------------------------------------------------ dates
    def test_the_customers_own_delay_and_interval(self):
        self._assess(self.customer, 7.4, earliest=-2, latest=20.6)
        self._invoice(self.customer, 100, due=30)
        self.assertRecordValues(
            self._expected(),
            [
                {
                    "date_due": self._day(30),
                    "date_expected": self._day(37),
                    "date_earliest": self._day(28),
                    "date_latest": self._day(51),
                    "days_late": 7,
                    "basis": "customer",
                    "expected": 100,
                }
            ],
        )

    def test_never_before_today_and_an_item_later_than_usual_stays_uncertain(self):
        self._assess(self.customer, 5, earliest=0, latest=15)
        self._invoice(self.customer, 100, due=-40)
        item = self._expected()
        self.assertEqual(
            (item.date_earliest, item.date_expected, item.date_latest, item.days_overdue),
            (self.today, self.today, self._day(10), 40),
        )
        self.assertTrue(item.later_than_usual)
        self._invoice(self.customer, 50, due=-15)
        self.assertEqual(self._expected().mapped("later_than_usual"), [True, False])

    def test_early_payers_pay_early(self):
        self._assess(self.customer, -10, earliest=-20, latest=0)
        self._invoice(self.customer, 100, due=15)
        item = self._expected()
        self.assertEqual(
            (item.date_earliest, item.date_expected, item.date_latest),
            (self.today, self._day(5), self._day(15)),
        )

    def test_who_is_not_assessed_pays_like_the_others_or_else_on_the_due_date(self):
        self._invoice(self.customer, 100, due=10)
        item = self._expected()
        self.assertEqual((item.date_expected, item.basis), (self._day(10), "due"))
        self._assess(self._new_customer("Slow"), 30, 20, 40, weight=30)
        self._assess(self._new_customer("Quick"), 10, 0, 20, weight=10)
        item = self._expected()
        self.assertEqual((item.date_expected, item.basis), (self._day(35), "company"))
        self.assertEqual((item.date_earliest, item.date_latest), (self._day(25), self._day(45)))

    # ------------------------------------------------------------------ amounts
    def test_credit_settles_the_oldest_items_first(self):
        self._invoice(self.customer, 100, due=-5)
        self._invoice(self.customer, 100, due=5)
        self._invoice(self.customer, 100, due=15)
        self._invoice(self.customer, 150, move_type="out_refund")
        items = self._expected(self.customer)
        self.assertEqual(items.mapped("expected"), [50, 100])
        self.assertEqual(items.mapped("date_due"), [self._day(5), self._day(15)])

    def test_credit_in_one_currency_leaves_the_other_alone(self):
        other = self.env["res.currency"].create(
            {
                "name": "XTF",
                "symbol": "F",
                "rate_ids": [Command.create({"name": "2000-01-01", "rate": 4})],
            }
        )
        self._invoice(self.customer, 100, due=5)
        self._invoice(self.customer, 100, due=6, currency=other)
        self._invoice(self.customer, 30, move_type="out_refund", currency=other)
        items = self._expected()
        self.assertEqual(items.mapped("expected"), [100, 17.5])
        self.assertEqual(items.mapped("expected_currency"), [100, 70])

    def test_a_random_ledger_agrees_with_plain_reckoning(self):
        rng = random.Random(11)
        partners = [self._new_customer(f"Customer {n}") for n in range(4)]
        delays = {}
        for partner in partners[:3]:
            delay = rng.randrange(-15, 40)
            delays[partner] = (delay - rng.randrange(10), delay, delay + rng.randrange(20))
            self._assess(partner, delays[partner][1], delays[partner][0], delays[partner][2])
        average = tuple(round(sum(d[n] for d in delays.values()) / 3 + 1e-9) for n in range(3))
        debits, credits = self._random_ledger(rng, partners)
        expected = [
            row
            for partner in partners
            for row in self._reckon(
                debits[partner], credits[partner], *delays.get(partner, average)
            )
        ]
        found = [
            (
                item.move_id.id,
                item.expected,
                item.date_earliest,
                item.date_expected,
                item.date_latest,
            )
            for item in self._expected()
        ]
        self.assertEqual(sorted(found), sorted(expected))

    def _random_ledger(self, rng, partners):
        """({partner: [(due, move id, amount)]}, {partner: credit}) of documents made here."""
        debits, credits = {partner: [] for partner in partners}, dict.fromkeys(partners, 0)
        for _number in range(24):
            partner, amount = rng.choice(partners), rng.randrange(1, 500)
            due = rng.randrange(-90, 60)
            if rng.random() < 0.25:
                self._invoice(partner, amount, move_type="out_refund")
                credits[partner] += amount
            else:
                move = self._invoice(partner, amount, due)
                debits[partner].append((self._day(due), move.id, amount))
        return debits, credits

    def _reckon(self, debits, credit, earliest, delay, latest):
        """(move, amount, earliest, expected, latest) of each debit that credit leaves open."""
        for due, move_id, amount in sorted(debits):
            used = min(amount, credit)
            credit -= used
            if amount > used:
                day = max(self.today, due + timedelta(days=delay))
                first = max(self.today, due + timedelta(days=earliest))
                last = max(due + timedelta(days=latest), day + timedelta(days=latest - delay))
                yield move_id, amount - used, first, day, last

    def test_weeks_add_up(self):
        self._invoice(self.customer, 100, due=3)
        self._invoice(self.customer, 50, due=40)
        groups = self.env["ar.cash.forecast"]._read_group(
            [("company_id", "=", self.company.id)], ["date_expected:week"], ["expected:sum"]
        )
        self.assertEqual(sum(amount for _week, amount in groups), 150)

    # ------------------------------------------------------------------ rights
    def test_salespeople_do_not_see_it(self):
        self._invoice(self.customer, 100, due=3)
        for user in (self.salesman, self.seller_all, self.stranger):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["ar.cash.forecast"].with_user(user).search([])
        for user in (self.accountant, self.auditor, self.manager):
            with self.subTest(user=user.login):
                found = self.env["ar.cash.forecast"].with_user(user).search([])
                self.assertEqual(found.mapped("expected"), [100])
                with self.assertRaises(AccessError):
                    found.with_user(user).write({"expected": 5})

    def test_other_companies_do_not_see_it(self):
        self._invoice(self.customer, 100, due=3)
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        stranger = self._new_user("ar_forecast_other", "ar_credit_control.group_credit_manager")
        stranger.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertFalse(self.env["ar.cash.forecast"].with_user(stranger).search([]))
