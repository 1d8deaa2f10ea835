"""Promises to pay: who may write one down about what, what it stops, and how it is judged."""

from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, tagged

from .claim_common import ClaimCommon
from .common import RpcMixin

step = st.tuples(st.sampled_from(["bank", "note", "loose"]), st.integers(1, 60), st.integers(0, 15))


class PromiseCommon(ClaimCommon):
    def _judge(self, days=0):
        """Judge as if so many days had passed."""
        with freeze_time(datetime.now() + timedelta(days=days)):
            self.env["ar.promise"].sudo()._cron_judge()

    def _money(self, amount, days=0, match=True, partner=None, move=None):
        """Money on the bank account, dated so many days from today; matched unless told not to."""
        account = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "date": self.today + timedelta(days=days),
                "journal_id": self.company_data["default_journal_bank"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_assets"].id,
                            "debit": amount,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": account.id,
                            "credit": amount,
                            "partner_id": (partner or self.customer).id,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        if match:
            (self._item(move) | self._item(entry)).reconcile()
        return entry

    def _credit(self, amount, days=0):
        note = self._invoice(self.customer, amount, move_type="out_refund", post=False)
        note.invoice_date = note.date = self.today + timedelta(days=days)
        note.action_post()
        (self._item() | self._item(note)).reconcile()

    def _before(self, *records):
        """What was in the books before the promise: tests have one moment for everything."""
        for record in records:
            self.env.flush_all()
            self.env.cr.execute(
                f"UPDATE {record._table} SET create_date = create_date - interval '1 day'"
                " WHERE id = ANY(%s)",
                [record.ids],
            )
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestPromise(PromiseCommon):
    # ------------------------------------------------------------------ writing it down
    def test_it_is_written_down_and_logged(self):
        person = self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})
        promise = self._promise(contact_id=person.id, channel="phone", note="Sure")
        self.assertEqual((promise.amount, promise.state), (500, "open"))
        self.assertEqual(promise.user_id, self.collector)
        self.assertEqual(promise.last_day, promise.date + timedelta(days=2), "the policy's days")
        entry = self.env["ar.contact"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual((entry.outcome, entry.person_id), ("promise", person))

    def test_bad_input_is_refused_with_what_to_do(self):
        other = self._new_customer("Other")
        theirs = self._invoice(other, 100)
        paid = self._invoice(self.customer, 70)
        self._pay(paid)
        euro = self.setup_other_currency("EUR", rates=[("2010-01-01", 0.5)])
        foreign = self._invoice(self.customer, 40, currency=euro)
        with self._refused("lies in the past"):
            self._promise(days=-1)
        with self._refused("only .*500.00.* is open"):
            self._promise(amount=500.01)
        with self._refused("paid already"):
            self._promise(move=paid)
        with self._refused("not one of Customer"):
            self._promise(move=theirs, partner_id=self.customer.id)
        with self._refused("several currencies"):
            self._promise(line_ids=[self._line(), self._line(foreign)])
        with self._refused("at least one open invoice"):
            self._promise(line_ids=[])
        self.assertTrue(self._promise(days=0), "today is no day of the past")
        with self._refused("promised already"):
            self._promise(amount=10)

    def test_button_fills_in_what_is_overdue(self):
        later = self._invoice(self.customer, 70, due=10)
        second = self._invoice(self.customer, 30, due=-3)
        action = self.customer.with_user(self.collector).action_ar_promise()
        form = Form(
            self.env["ar.promise"].with_user(self.collector).with_context(**action["context"])
        )
        form.date = self.today
        promise = form.save()
        self.assertEqual(promise.line_ids.move_line_id, self._item() | self._item(second))
        self.assertEqual(promise.amount, 530)
        action = self.customer.with_user(self.collector).action_ar_promise()
        self.assertEqual(action["context"]["default_line_ids"], [], "all of it is promised")
        self.assertTrue(self._promise(move=later))

    def test_salespeople_keep_to_the_policy(self):
        self.policy.write({"promise_max_days": 10, "promise_max_open": 1})
        with self._refused("choose a day up to"):
            self._promise(self.salesman, days=11)
        self._promise(self.salesman, days=10, amount=20)
        other = self._invoice(self.customer, 50, due=-1)
        with self._refused("1 promises are open already"):
            self._promise(self.salesman, move=other)
        self.assertTrue(self._promise(move=other, days=60), "collectors decide themselves")

    # ------------------------------------------------------------------ what it stops
    def test_promised_item_is_not_chased_until_the_day_has_passed(self):
        promise = self._promise()
        self.assertEqual(self._reason(self._run()), "promised")
        late = promise.last_day + timedelta(days=1)
        self.assertEqual(self._run(date=late).notice_ids.amount, 500, "judged or not")
        promise.action_cancel()
        self.assertEqual(self._run().notice_ids.amount, 500)

    def test_position_and_widget_show_what_is_still_to_come(self):
        self._promise(amount=200)
        self.assertEqual(self._position().promised, 200)
        self._money(150)
        self.assertEqual(self._position().promised, 50)
        self._money(100)
        self.assertEqual(self._position().promised, 0)
        other = self._invoice(self.customer, 80, due=-2)
        self._promise(move=other)
        widget = self.customer.with_user(self.salesman).ar_widget
        self.assertEqual(widget["promised"], 80)
        self.assertIn("promise", [chip["key"] for chip in widget["chips"]])
        self.assertTrue(widget["actions"]["promise"])
        found = self.env["ar.promise"].search(self.customer.action_ar_promises()["domain"])
        self.assertEqual(found.line_ids.move_line_id, self._item() | self._item(other))
        self.assertFalse(
            self.env["ar.dispute"].search(self.customer.action_ar_disputes()["domain"])
        )

    # ------------------------------------------------------------------ judging
    def test_kept_as_soon_as_the_money_is_there(self):
        promise = self._promise()
        self._money(499.5)
        self._judge()
        self.assertEqual((promise.state, promise.paid), ("kept", 499.5), "within the tolerance")
        self.assertEqual(promise.judged_on, self.today)
        self.assertFalse(promise.line_ids.is_open)
        self.assertEqual(self._scoring("promise"), 0)

    def test_partly_kept_and_broken_after_the_last_day(self):
        partly, broken = (
            self._promise(days=0),
            self._promise(days=0, move=self._invoice(self.customer, 90, due=-1)),
        )
        self._money(200)
        self._judge(2)
        self.assertEqual({partly.state, broken.state}, {"open"}, "two days of grace")
        self._judge(3)
        self.assertEqual((partly.state, partly.paid), ("partly_kept", 200))
        self.assertEqual((broken.state, broken.paid), ("broken", 0))

    def test_day_ends_in_the_time_zone_of_the_company(self):
        promise = self._promise(days=0)
        promise.sudo().tolerance_days = 0
        self.company.partner_id.tz = "Pacific/Auckland"  # half a day ahead
        midnight = datetime.combine(self.today, datetime.min.time())
        for hours, state in ((10, "open"), (13, "broken")):
            with freeze_time(midnight + timedelta(hours=hours)):
                self.env["ar.promise"].sudo()._cron_judge()
            self.assertEqual(promise.state, state)

    def test_broken_one_escalates_and_weighs_on_the_score(self):
        profile = self.Profile._get_or_create(self.customer, self.company)
        profile.user_id = self.manager
        promise = self._promise(days=0)
        self._judge(3)
        self._judge(3)
        activity = promise.activity_ids
        self.assertEqual((activity.user_id, len(activity)), (self.manager, 1))
        promise.sudo().judged_on = self.today
        self.assertGreater(self._scoring("promise"), 0.9)
        self.assertEqual(self._run().notice_ids.amount, 500, "nothing holds the next notice back")
        news = self.env["ar.score.news"].search([("partner_id", "=", self.customer.id)])
        self.assertTrue(news)

    def test_late_statement_and_bounced_payment_are_seen_at_the_second_look(self):
        promise = self._promise(days=0)
        self._judge(3)
        self.assertEqual(promise.state, "broken")
        entry = self._money(500, days=0)  # entered later, but on the account in time
        self._judge(4)
        self.assertEqual(promise.state, "kept")
        self._item(entry).remove_move_reconcile()
        entry.button_draft()
        self._judge(5)
        self.assertEqual(promise.state, "broken")

    def test_money_of_before_and_of_others_does_not_count(self):
        self._before(self._money(100, match=False).line_ids)
        stranger = self._new_customer("Stranger")
        self._money(500, match=False, partner=stranger)
        promise = self._promise(days=0)
        self._judge(3)
        self.assertEqual((promise.state, promise.paid), ("broken", 0))

    def test_unmatched_money_counts_once(self):
        first = self._promise(days=0)
        second = self._promise(days=1, move=self._invoice(self.customer, 90, due=-1))
        self._money(520, match=False)
        self._judge(4)
        self.assertEqual((first.state, second.state), ("kept", "partly_kept"))
        self.assertEqual(second.paid, 20)

    def test_registered_payment_counts_before_the_bank_knows(self):
        promise = self._promise(days=0)
        journal = self.company_data["default_journal_bank"]
        journal.inbound_payment_method_line_ids.payment_account_id = False
        full_accounting = patch.object(
            self.env.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda _self: "in_payment",
        )
        with full_accounting:
            self._pay(self.move)
        self._judge(3)
        self.assertEqual(self.move.amount_residual, 500, "the ledger does not know of it")
        self.assertEqual((promise.state, promise.paid), ("kept", 500))
        self._judge(4)
        self.assertEqual(promise.state, "kept", "also at the second look")

    def test_credit_note_is_no_payment(self):
        promise = self._promise(days=0)
        self._credit(500)
        self._judge(3)
        self.assertEqual((promise.state, promise.paid), ("cancelled", 0), "nothing was owed")

    def test_queries_do_not_depend_on_the_number_of_promises(self):
        counts = []
        for number in (1, 8):
            for _index in range(number):
                self._promise(move=self._invoice(self.customer, 10, due=-1))
            self.env.flush_all()
            self.env.invalidate_all()
            self._judge()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._judge()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1)

    # ------------------------------------------------------------------ random ledgers
    @example([("loose", 51, 13), ("bank", 40, 13), ("loose", 11, 5), ("bank", 17, 1)], 3, 35)
    @settings(
        max_examples=10,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
        database=None,
    )
    @given(st.lists(step, max_size=4), st.integers(0, 8), st.integers(1, 100))
    def _check_random(self, steps, days, amount):
        with self.env.cr.savepoint() as savepoint:
            promise = self._promise(days=days, amount=amount, move=self.small)
            money, noted = self._settle(steps)
            self._judge(20)
            wanted = max(0, amount - max(0, noted - (100 - amount)))
            paid = min(wanted, sum(day <= days + 2 for day in money))
            self.assertEqual((promise.state, promise.paid), (self._word(wanted, paid), paid))
            savepoint.rollback()
        self.env.invalidate_all()

    def _settle(self, steps):
        """Book the steps; the days of every coin that came, and how much credit notes took."""
        money, noted, matched = [], 0, 100
        for kind, size, day in steps:
            if kind != "loose":
                size = min(size, matched)
                matched -= size
            if kind == "note" and size:
                self._note(size)
                noted += size
            elif size:
                self._money(size, days=day, match=kind == "bank", move=self.small)
                money += [day] * size
        return money, noted

    def _word(self, wanted, paid):
        if not wanted:
            return "cancelled"
        if paid and wanted - paid <= 1:
            return "kept"
        return "partly_kept" if paid else "broken"

    def _note(self, amount):
        note = self._invoice(self.customer, amount, move_type="out_refund")
        (self._item(self.small) | self._item(note)).reconcile()

    def test_random_ledgers(self):
        self.small = self._invoice(self.customer, 100, due=-1)
        self._check_random()


@tagged("post_install", "-at_install")
class TestPromiseAccess(RpcMixin, PromiseCommon, HttpCase):
    """Tries to get past the rights of promises as a program would."""

    def test_only_for_ones_own_customers(self):
        portal = self._new_user("ar_portal_p", "base.group_portal")
        for user in (self.stranger, self.auditor, self.owner, portal):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._promise(user)
        theirs = self._invoice(self._new_customer("Theirs", user_id=self.stranger.id), 90)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self._promise(self.salesman, move=theirs)
        with self._refused("not one of Customer"):
            self._promise(self.salesman, move=theirs, partner_id=self.customer.id)

    def test_who_sees_it(self):
        promise = self._promise()
        for user, seen in (
            (self.salesman, True),
            (self.colleague, True),
            (self.stranger, False),
            (self.seller_all, True),
            (self.auditor, True),
            (self.accountant, True),
        ):
            with self.subTest(user=user.login):
                for record in (promise, promise.line_ids):
                    found = record.with_user(user).search([("id", "in", record.ids)])
                    self.assertEqual(bool(found), seen)
        with self.assertRaises(AccessError):
            promise.with_user(self.owner).read(["amount"])

    def test_nobody_writes_how_it_was_kept(self):
        promise = self._promise(self.salesman)
        for user in (self.salesman, self.collector, self.manager, self.accountant):
            for vals in (
                {"state": "kept"},
                {"paid": 500.0},
                {"date": self.today + timedelta(days=9)},
                {"tolerance_days": 30},
                {"judged_on": self.today},
                {"amount": 1.0},
            ):
                with self.subTest(user=user.login, vals=vals), self.assertRaises(AccessError):
                    promise.with_user(user).write(vals)
            for vals in ({"state": "kept"}, {"tolerance_days": 30}, {"user_id": user.id}):
                with self.subTest(user=user.login, vals=vals), self.assertRaises(AccessError):
                    self._promise(user, **vals)
            with self.assertRaises(AccessError):
                promise.line_ids.with_user(user).write({"amount": 1})
            with self.assertRaises(AccessError):
                promise.with_user(user).unlink()
        with self.assertRaises(AccessError):
            promise.with_user(self.colleague).action_cancel()
        promise.note = "He called again"
        promise.action_cancel()
        with self._refused("closed already"):
            promise.action_cancel()

    def test_rpc(self):
        self.authenticate(self.salesman.login, self.salesman.login)
        promise = self._promise()
        for method, args in (
            ("_cron_judge", []),
            ("_set_verdict", [promise.ids, {}, "2026-01-01"]),
            ("write", [promise.ids, {"state": "kept"}]),
            ("action_cancel", [promise.ids]),
        ):
            with self.subTest(method=method):
                self.assertIn("error", self._call("ar.promise", method, args))
        self.assertEqual(promise.state, "open")

    def test_collector_writes_one_down(self):
        self.customer.name = "Promising & Sons"
        self.start_tour("/odoo/receivables", "ar_promise_collector", login=self.collector.login)
        promise = self.env["ar.promise"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual((promise.amount, promise.date), (500, self.today))
        self.assertEqual(promise.user_id, self.collector)

    def test_other_companies_see_nothing(self):
        promise = self._promise()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._new_user("ar_foreign_p", "ar_credit_control.group_credit_manager")
        foreign.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        for record in (promise, promise.line_ids):
            self.assertFalse(record.with_user(foreign).search([("id", "in", record.ids)]))
            with self.assertRaises(AccessError):
                record.with_user(foreign).read(["amount"])
