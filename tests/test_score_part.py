"""What is read through the stored parts is what the ledger says, whatever happens to it."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..ar_credit_control.models.hooks import uninstall_hook
from .score_ledger import ScoreCommon

AGO = st.integers(1, 300)
AMOUNT = st.integers(20, 400)
WHICH = st.integers(0, 99)
KINDS = st.sampled_from(["pay", "pay", "credit", "loss"])
MODELS = "odoo.addons.ar_credit_control.ar_credit_control.models"


def go_on(_done, remaining):
    return 1.0 + remaining


class PartCommon(ScoreCommon):
    """Nights, and both ways of reading."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._new_customer("Other")
        cls.expense = cls.company_data["default_account_expense"]
        cls.Part = cls.env["ar.score.part"].sudo()
        cls.Note = cls.env["ar.score.part.note"].sudo()
        cls.Reach = cls.env["ar.score.part.reach"].sudo()

    def matchings(self):
        return self.env["account.partial.reconcile"].search(
            [("company_id", "=", self.company.id)], order="id"
        )

    def night(self, fresh=0, report=go_on):
        """A night in which all matchings but the newest ones are old enough."""
        found = self.matchings()
        self.env.flush_all()
        for chosen, days in ((found[: len(found) - fresh], 3), (found[len(found) - fresh :], 0)):
            self.env.cr.execute(
                "UPDATE account_partial_reconcile SET create_date = %s WHERE id = ANY(%s)",
                [fields.Datetime.now() - timedelta(days=days), chosen.ids],
            )
        found.invalidate_recordset()
        return self.Part._keep(self.company, report)

    def parts_read(self, ids=None):
        """Parts of customers; of so few the ledger is asked, of all the store."""
        Score = self.env["ar.score"]
        return sorted(Score._ask(Score._items(self.company, ids)), key=str)

    def check(self):
        """Returns what both ways of reading say."""
        everybody = self.env["ar.score.news"]._everybody(self.company)
        found = self.parts_read()
        ids = [key for (key,) in self.env.execute_query(everybody)]
        self.assertEqual(found, self.parts_read(ids))
        return found

    def line(self, move):
        return move.line_ids.filtered(lambda line: line.account_type == "asset_receivable")

    def stored(self):
        return self.Part.search([("company_id", "=", self.company.id)])

    def noted(self):
        return self.Note.search([("company_id", "=", self.company.id)]).mapped("match_id")


@tagged("post_install", "-at_install")
class TestScorePart(PartCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.sell(cls.customer, 100, 200)
        cls.payment = cls.pay(cls.invoice, 60, 150)
        cls.credit(cls.invoice, 10, 140)
        cls.second = cls.sell(cls.customer, 300, 90, cls.halves)
        cls.pay(cls.second, 300, 20)

    @contextmanager
    def changed(self):
        """After a night something is changed, and both ways of reading tell of it; the next night
        leaves no note."""
        self.night()
        before = self.check()
        yield
        after = self.check()
        self.assertNotEqual(before, after)
        self.assertTrue(self.noted())
        self.night()
        self.assertEqual(self.check(), after)
        self.assertFalse(self.noted())

    # ------------------------------------------------------------------ nights
    def test_a_night_stores_every_part_and_the_next_only_what_is_new(self):
        self.assertFalse(self.stored())
        self.night()
        self.assertEqual(self.stored().ids, self.matchings().ids)
        self.assertEqual(self.Part._get_last(self.company), self.matchings()[-1].id)
        before = self.stored()
        self.pay(self.invoice, 5, 3)
        self.night()
        self.assertEqual(len(self.stored() - before), 1)
        self.check()

    def test_stored_parts_are_what_is_read(self):
        self.night()
        self.env.cr.execute("UPDATE ar_score_part SET settled = settled - 7")
        with self.assertRaises(AssertionError):
            self.check()

    def test_what_was_matched_within_a_day_waits(self):
        self.night(fresh=2)
        self.assertEqual(self.stored().ids, self.matchings().ids[:-2])
        self.check()

    def test_a_matching_committed_late_is_read(self):
        """Its number is below that of others which could be seen before it."""
        late = self.matchings()[-2]
        self.env.cr.execute(
            "CREATE TEMP TABLE held ON COMMIT DROP AS"
            " SELECT * FROM account_partial_reconcile WHERE id = %s",
            [late.id],
        )
        self.env.cr.execute("DELETE FROM account_partial_reconcile WHERE id = %s", [late.id])
        self.env.invalidate_all()
        self.night(fresh=1)
        self.assertLess(self.Part._get_last(self.company), late.id)
        before = self.check()
        self.env.cr.execute("INSERT INTO account_partial_reconcile SELECT * FROM held")
        self.env.invalidate_all()
        self.assertEqual(len(self.check()), len(before) + 1)
        self.night()
        self.assertIn(late.id, self.stored().ids)
        self.check()

    def test_a_night_that_is_stopped_is_taken_up_where_it_stood(self):
        steps = []

        def stop(done, remaining):
            steps.append((done, remaining))
            return 0.0

        with patch(f"{MODELS}.score_part.CHUNK", 1):
            self.assertFalse(self.night(report=stop))
            self.assertEqual(len(self.stored()), 1)
            self.check()
            self.assertFalse(self.night(report=stop))
            self.assertTrue(self.night())
        self.assertTrue(all(remaining for _done, remaining in steps))
        self.assertEqual(self.stored().ids, self.matchings().ids)
        self.check()

    def test_settings_changed_between_two_steps_end_the_night(self):
        def change(done, remaining):
            self.bank.type = "sale"
            self.env.flush_all()
            return 1.0 + remaining

        self.night(fresh=len(self.matchings()))
        with patch(f"{MODELS}.score_part.CHUNK", 1):
            self.assertFalse(self.night(report=change))
        self.assertEqual(self.Part._get_last(self.company), 0)
        self.check()
        self.assertTrue(self.night())
        self.check()

    def test_the_run_stores_before_it_scores(self):
        self.night(fresh=len(self.matchings()))
        self.assertFalse(self.stored())
        self.env.cr.execute("UPDATE account_partial_reconcile SET create_date = '2020-01-01'")
        model = self.env["ar.score.model"].sudo()
        model._run(self.company, lambda _done, remaining: 0.0)
        self.assertTrue(self.stored())
        mine = [("partner_id", "=", self.customer.id), ("score_grade", "!=", False)]
        self.assertFalse(self.env["ar.credit.profile"].search(mine))
        model._run(self.company, go_on)
        self.assertTrue(self.env["ar.credit.profile"].search(mine))

    def test_branches_are_stored_with_their_root(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.night()
        self.assertEqual(self.Part._get_last(branch), 0)
        self.assertEqual(
            self.env["ar.score"]._evidence(self.customer, branch),
            self.env["ar.score"]._evidence(self.customer, self.company),
        )

    # ------------------------------------------------------------------ what may change later
    def test_a_matching_undone(self):
        with self.changed():
            self.line(self.invoice).remove_move_reconcile()

    def test_another_due_date(self):
        with self.changed():
            self.line(self.invoice).date_maturity = self.today - timedelta(days=160)

    def test_other_dates_of_the_entry(self):
        with self.changed():
            self.invoice.with_context(skip_readonly_check=True).invoice_date = (
                self.today - timedelta(days=202)
            )

    def test_another_day_of_the_money(self):
        with self.changed():
            self.payment.move_id.with_context(skip_readonly_check=True).date = (
                self.today - timedelta(days=145)
            )

    def test_another_partner(self):
        with self.changed():
            self.line(self.invoice).partner_id = self.other

    def test_merged_customers(self):
        with self.changed():
            wizard = self.env["base.partner.merge.automatic.wizard"].sudo()
            wizard._merge((self.customer | self.other).ids, self.other)
            self.env.invalidate_all()
        self.assertIn(self.other.id, {row[4] for row in self.parts_read()})

    def test_a_customer_that_becomes_a_contact_of_another(self):
        with self.changed():
            self.customer.write({"is_company": False, "parent_id": self.other.id})
        self.assertEqual({row[4] for row in self.parts_read()}, {self.other.id})

    def test_a_customer_that_moves_to_another_country(self):
        with self.changed():
            self.customer.country_id = self.env.ref("base.at")

    def test_an_invoice_reset_changed_and_posted_again(self):
        with self.changed():
            self.second.button_draft()
            self.check()
            self.night()
            self.assertTrue(self.noted(), "it may still be changed")
            self.second.invoice_date_due = self.today - timedelta(days=30)
            self.second.invoice_payment_term_id = False
            self.check()
            self.second.action_post()

    def test_an_invoice_that_was_a_draft_when_its_matching_was_stored(self):
        self.second.button_draft()
        self.night()
        self.check()
        self.second.action_post()
        self.assertTrue(self.noted())
        self.assertEqual(len(self.check()), len(self.matchings()) + 1)

    def test_a_payment_that_was_reversed(self):
        with self.changed():
            self.payment.move_id._reverse_moves([{"date": self.today}], cancel=True)

    def test_money_that_turns_out_a_loss(self):
        """An entry by hand is a payment unless its other side is a loss."""
        bank = self.company_data["default_account_assets"]
        entry = self.entry(self.customer, -25, 30, bank)
        self.match(self.sell(self.customer, 25, 80) | entry)
        with self.changed():
            entry.line_ids.filtered(lambda line: line.account_id == bank).account_id = self.expense

    def test_a_line_added_to_a_posted_entry(self):
        bank = self.company_data["default_account_assets"]
        entry = self.entry(self.customer, -25, 30, bank)
        self.match(self.sell(self.customer, 25, 80) | entry)
        with self.changed():
            self.env["account.move.line"].create(
                [
                    {"move_id": entry.id, "account_id": account.id, "balance": balance}
                    for account, balance in ((self.expense, 1), (bank, -1))
                ]
            )

    def test_an_entry_that_turns_out_a_reversal(self):
        opening = self.entry(self.customer, 500, 90, self.company_data["default_account_assets"])
        self.pay(opening, 500, 30)
        with self.changed():
            opening.reversed_entry_id = self.payment.move_id

    def test_other_settings_are_followed_at_once(self):
        bank = self.company_data["default_account_assets"]
        self.match(self.sell(self.customer, 25, 80) | self.entry(self.customer, -25, 30, bank))
        for name, (record, vals) in {
            "kind of an account": (bank, {"account_type": "expense"}),
            "kind of a journal": (self.bank, {"type": "sale"}),
            "exchange journal": (self.company, {"currency_exchange_journal_id": self.misc.id}),
        }.items():
            with self.subTest(setting=name), self.env.cr.savepoint() as savepoint:
                self.night()
                before = self.check()
                record.write(vals)
                after = self.check()
                self.assertNotEqual(before, after)
                self.assertEqual(self.Part._get_last(self.company), 0)
                self.night()
                self.assertTrue(self.Part._get_last(self.company))
                self.assertEqual(self.check(), after)
                self.env.flush_all()
                savepoint.rollback()
                self.env.invalidate_all()

    # ------------------------------------------------------------------ nobody waits
    def test_selling_paying_and_matching_notes_nothing(self):
        self.night()
        invoice = self.sell(self.customer, 100, 40, self.halves)
        self.pay(invoice, 70, 10)
        self.credit(invoice, 20, 5)
        self.env.flush_all()
        self.assertFalse(self.noted())
        self.check()

    def test_what_is_gone_with_the_addon_leaves_the_ledger_in_peace(self):
        uninstall_hook(self.env)
        self.line(self.invoice).remove_move_reconcile()
        self.line(self.invoice).date_maturity = self.today
        self.env.flush_all()
        self.assertFalse(self.noted())

    # ------------------------------------------------------------------ access
    def test_auditors_read_what_is_stored_for_their_companies_and_nobody_writes(self):
        self.night()
        self.line(self.invoice).date_maturity = self.today
        self.env.flush_all()
        foreign = self.env["res.company"].create({"name": "Foreign"})
        self.auditor.sudo().company_ids |= foreign
        for model in (self.Part, self.Note, self.Reach):
            mine = model.search([("company_id", "=", self.company.id)])
            self.assertTrue(mine)
            with self.subTest(model=model._name):
                read = mine.sudo(False).with_user(self.auditor)
                here = read.with_context(allowed_company_ids=self.company.ids)
                self.assertEqual(here.search([]) & mine, mine)
                there = read.with_context(allowed_company_ids=foreign.ids)
                self.assertFalse(there.search([]) & mine)
            for user in (self.salesman, self.accountant, self.collector, self.manager):
                record = mine.sudo(False).with_user(user)[:1]
                for forbidden in (
                    record.unlink,
                    lambda record=record: record.write({"company_id": self.company.id}),
                    lambda record=record: record.create({"company_id": self.company.id}),
                ):
                    with self.subTest(model=model._name, user=user.login):
                        with self.assertRaises(AccessError):
                            forbidden()
            with self.assertRaises(AccessError):
                mine.sudo(False).with_user(self.salesman).search([])


@tagged("post_install", "-at_install")
class TestAnyLedger(PartCommon):
    def test_random_ledgers(self):
        run_state_machine_as_test(
            type("Ledger", (LedgerMachine,), {"test": self}),
            settings=settings(
                max_examples=max(4, settings().max_examples // 12),
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )


class LedgerMachine(RuleBasedStateMachine):
    """Things that happen to a ledger by day, and nights."""

    test = None  # whose database it is

    def __init__(self):
        super().__init__()
        self.env = self.test.env
        self.savepoint = self.env.cr.savepoint()
        self.invoices, self.payments = [], []

    def teardown(self):
        self.savepoint.rollback()
        self.savepoint.close(rollback=False)
        self.env.invalidate_all()

    def one(self, documents, which):
        return documents[which % len(documents)]

    @invariant()
    def both_ways_agree(self):
        self.test.check()

    # ------------------------------------------------------------------ by day
    @rule(amount=AMOUNT, ago=AGO, terms=st.sampled_from([0, 30, None]), euro=st.booleans())
    def sell(self, amount, ago, terms, euro):
        test = self.test
        terms = test.halves if terms is None else terms
        currency = test.euro if euro else None
        self.invoices.append(test.sell(test.customer, amount, ago, terms, currency))

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, amount=AMOUNT, ago=AGO, kind=KINDS)
    def settle(self, which, amount, ago, kind):
        invoice = self.one(self.invoices, which)
        if invoice.state != "posted":
            return
        if kind == "pay":
            self.payments.append(self.test.pay(invoice, amount, ago, invoice.currency_id))
        elif invoice.currency_id == self.test.company.currency_id:
            {"credit": self.test.credit, "loss": self.test.write_off}[kind](invoice, amount, ago)

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH)
    def undo(self, which):
        self.one(self.invoices, which).line_ids.remove_move_reconcile()

    @precondition(lambda self: self.payments)
    @rule(which=WHICH)
    def bounce(self, which):
        payment = self.one(self.payments, which)
        if not payment.move_id.reversal_move_ids:
            payment.move_id._reverse_moves([{"date": self.test.today}], cancel=True)

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, ago=AGO)
    def put_off(self, which, ago):
        lines = self.test.line(self.one(self.invoices, which))
        lines[:1].date_maturity = self.test.today - timedelta(days=ago)

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH)
    def hand_over(self, which):
        lines = self.test.line(self.one(self.invoices, which))
        lines.partner_id = (self.test.customer | self.test.other) - lines.partner_id

    @rule(country=st.sampled_from(["base.at", "base.de"]))
    def move(self, country):
        self.test.customer.country_id = self.test.env.ref(country)

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, ago=AGO)
    def reset_or_post(self, which, ago):
        invoice = self.one(self.invoices, which)
        if invoice.state == "posted":
            invoice.button_draft()
        else:
            invoice.invoice_date_due = self.test.today - timedelta(days=ago)
            invoice.action_post()

    # ------------------------------------------------------------------ by night
    @rule(fresh=st.sampled_from([0, 0, 1, 3]), chunk=st.sampled_from([1, 500]))
    def night(self, fresh, chunk):
        with patch(f"{MODELS}.score_part.CHUNK", chunk):
            self.test.night(fresh)

    @rule()
    def stopped_night(self):
        with patch(f"{MODELS}.score_part.CHUNK", 1):
            self.test.night(report=lambda _done, remaining: 0.0)
