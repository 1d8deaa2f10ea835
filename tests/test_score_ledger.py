"""What the score reads of a real journal."""

from dataclasses import fields as columns
from datetime import timedelta
from random import Random

from odoo.tests import tagged

from ..ar_credit_control.rules.score import Company, Evidence
from ..ar_credit_control.rules.score_snapshot import parameters, to_json
from .score_ledger import ScoreCommon
from .unit.score_oracle import evidence

COMPANY = Company(effects=(12.0, 5.0, -3.0), habit=-4.0, pull=0.5)


@tagged("post_install", "-at_install")
class TestScoreLedger(ScoreCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ar.score.model"].sudo().create(
            {
                "company_id": cls.company.id,
                "month": "2000-01-01",
                "learned_on": "2000-01-01",
                "coefficients": to_json(COMPANY),
            }
        )

    def seen(self, partner=None, ago=0):
        partner = partner or self.customer
        as_of = self.today - timedelta(days=ago)
        found = self.env["ar.score"]._evidence(partner, self.company, as_of)
        return found.get(partner.id) or Evidence(partner.id)

    def check(self, partner, ago=0):
        """The evidence agrees with the plain reading."""
        as_of = self.today - timedelta(days=ago)
        known = parameters(COMPANY, as_of)
        expected = evidence(list(self.parts(partner)), as_of, known).get(partner.id, {})
        found = self.seen(partner, ago)
        for column in columns(Evidence):
            if column.name in expected:
                self.assertAlmostEqual(
                    getattr(found, column.name) or 0, expected[column.name] or 0, 6, column.name
                )
        self.assertEqual(found.assessed, bool(expected))

    # ------------------------------------------------------------------ any ledger
    def test_any_ledger_agrees_with_loops_over_records(self):
        for seed in range(4):
            random = Random(seed)
            partner = self._new_customer(f"Any {seed}")
            for _number in range(random.randint(2, 5)):
                self.random_document(partner, random)
            for ago in (0, 20, 60, 200):
                with self.subTest(seed=seed, ago=ago):
                    self.check(partner, ago)

    def random_document(self, partner, random):
        currency = random.choice([None, None, self.euro])
        ago, amount = random.randint(5, 400), random.randint(40, 900)
        terms = random.choice([0, 14, 30, self.halves])
        invoice = self.sell(partner, amount, ago, terms, currency)
        for _part in range(random.randint(0, 3)):
            then = random.randint(0, ago)
            match random.choice(["pay", "pay", "pay", "credit", "write off", "undo"]):
                case "pay":
                    self.pay(invoice, random.randint(10, amount), then, currency)
                case "credit" if not currency:
                    self.credit(invoice, random.randint(10, amount), then)
                case "write off" if not currency:
                    self.write_off(invoice, random.randint(10, amount), then)
                case "undo":
                    invoice.line_ids.remove_move_reconcile()

    def test_what_happens_later_changes_nothing_for_an_earlier_day(self):
        invoices = [self.sell(self.customer, 100 + ago, ago) for ago in (300, 200, 120, 90)]
        self.pay(invoices[0], 300, 250)
        self.pay(invoices[1], 100, 130)
        before = {ago: self.seen(ago=ago) for ago in (50, 100)}
        score = self.env["ar.score"]
        day = self.today - timedelta(days=50)
        scored = score._score(self.customer, self.company, day)
        self.pay(invoices[1], 200, 50)
        self.pay(invoices[2], 220, 10)
        self.credit(invoices[3], 190, 20)
        self.sell(self.customer, 55, 50)
        payment = self.pay(self.sell(self.customer, 80, 40), 80, 35)
        payment.move_id._reverse_moves([{"date": self.today}], cancel=True)
        self.assertEqual({ago: self.seen(ago=ago) for ago in (50, 100)}, before)
        self.assertEqual(score._score(self.customer, self.company, day), scored)
        self.assertNotEqual(self.seen(), before[50])

    # ------------------------------------------------------------------ what counts
    def test_each_instalment_and_each_part_counts_by_its_share(self):
        invoice = self.sell(self.customer, 100, 100, self.halves)  # due 86 and 55 days ago
        self.pay(invoice, 50, 80)
        self.pay(invoice, 10, 50)
        found = self.seen()
        self.assertAlmostEqual(found.instalments, 1.2)
        self.assertEqual(found.open_days, 55)
        self.assertAlmostEqual(found.open_amount, 40)

    def test_nothing_due_and_nothing_paid_is_unknown(self):
        self.sell(self.customer, 100, 5)
        self.assertFalse(self.seen().assessed)
        score = self.env["ar.score"]._score(self.customer, self.company)
        self.assertIsNone(score[self.customer.id].grade)

    def test_money_alone_pays(self):
        for settle in (self.credit, self.write_off):
            partner = self._new_customer(settle.__name__)
            invoice = self.sell(partner, 100, 100)
            settle(invoice, 100, 40)
            with self.subTest(settle=settle.__name__):
                self.assertFalse(self.seen(partner).assessed, "settled, but not paid")
                self.assertEqual(self.seen(partner, 50).open_days, 20, "still open on that day")

    def test_an_invoice_reversed_as_a_whole_was_never_late(self):
        invoice = self.sell(self.customer, 100, 100)
        invoice._reverse_moves([{"invoice_date": self.today - timedelta(days=2)}], cancel=True)
        self.assertFalse(self.seen().assessed)

    def test_a_foreign_invoice_is_paid_whatever_the_rate(self):
        self.env["res.currency.rate"].create(
            {
                "name": self.today - timedelta(days=60),
                "rate": 4.0,
                "currency_id": self.euro.id,
                "company_id": self.company.id,
            }
        )
        invoice = self.sell(self.customer, 100, 100, currency=self.euro)
        self.pay(invoice, 100, 50, currency=self.euro)
        self.assertEqual(invoice.payment_state, "paid")
        found = self.seen()
        self.assertAlmostEqual(found.instalments, 1.0)
        self.assertFalse(found.open_weight)

    def test_opening_entries_count_like_invoices(self):
        equity = self.company_data["default_account_assets"]
        opening = self.entry(self.customer, 500, 90, equity)
        self.assertEqual(self.seen().open_days, 90)
        self.pay(opening, 500, 30)
        self.assertAlmostEqual(self.seen().instalments, 1.0)

    def test_a_payment_under_way_counts_on_its_day(self):
        invoice = self.sell(self.customer, 100, 100)
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 60,
                "date": self.today - timedelta(days=5),
                "journal_id": self.bank.id,
            }
        )
        payment.outstanding_account_id = False
        payment.invoice_ids = invoice
        payment.action_post()
        self.assertAlmostEqual(self.seen().instalments, 0.6)
        self.assertAlmostEqual(self.seen().open_amount, 40)
        self.assertFalse(self.seen(ago=6).instalments)
        payment.action_reject()
        found = self.seen(ago=-1)
        self.assertFalse(found.instalments)
        self.assertAlmostEqual(found.payments_bounced, 1, 2)

    def test_a_bounced_payment_is_remembered(self):
        invoice = self.sell(self.customer, 100, 100)
        payment = self.pay(invoice, 100, 60)
        payment.move_id._reverse_moves([{"date": self.today - timedelta(days=50)}], cancel=True)
        found = self.seen()
        self.assertFalse(found.instalments)
        self.assertEqual(found.open_days, 70)
        self.assertAlmostEqual(found.payments_bounced, 0.5 ** (50 / 540))
        self.assertFalse(self.seen(ago=50).payments_bounced)

    def test_a_payment_corrected_on_its_day_did_not_bounce(self):
        payment = self.pay(self.sell(self.customer, 100, 100), 100, 60)
        payment.move_id._reverse_moves([{"date": payment.date}], cancel=True)
        self.assertFalse(self.seen().payments_bounced)

    def test_disputes_of_imported_history_are_known(self):
        invoice = self.sell(self.customer, 100, 100)
        self.env["ar.history.record"].sudo().create(
            {
                "company_id": self.company.id,
                "kind": "invoices",
                "key": "1",
                "digest": "1",
                "customer": "1",
                "disputed": True,
                "move_id": invoice.id,
            }
        )
        self.pay(invoice, 100, 20)
        self.assertGreater(self.seen().disputed, 0)

    def test_contacts_and_branches_count_with_their_root(self):
        contact = self.env["res.partner"].create({"name": "Jo", "parent_id": self.customer.id})
        self.pay(self.sell(contact, 100, 100), 100, 60)
        self.assertAlmostEqual(self.seen().instalments, 1.0)
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        found = self.env["ar.score"]._evidence(self.customer, branch)
        self.assertAlmostEqual(found[self.customer.id].instalments, 1.0)
