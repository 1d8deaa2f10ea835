"""Instalment plans: what must add up, what they stop, and what a default brings back."""

from datetime import date, timedelta

from freezegun import freeze_time
from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .test_promise import PromiseCommon


@tagged("post_install", "-at_install")
class TestInstalmentPlan(PromiseCommon):
    def _plan(self, user=None, start=True, amount=None, **vals):
        plan = (
            self.env["ar.instalment.plan"]
            .with_user(user or self.collector)
            .create(
                {
                    "partner_id": self.customer.id,
                    "first_date": self.today + timedelta(days=10),
                    "line_ids": [self._line(amount=amount)],
                    **vals,
                }
            )
        )
        plan.action_schedule()
        if start:
            plan.action_start()
        return plan

    def _states(self, plan):
        return plan.promise_ids.sorted("date").mapped("state")

    # ------------------------------------------------------------------ the agreement
    def test_schedule_adds_up(self):
        plan = self._plan(first_date=date(2030, 1, 31))
        self.assertEqual(
            [(row.date, row.amount) for row in plan.instalment_ids],
            [
                (date(2030, 1, 31), 166.66),
                (date(2030, 2, 28), 166.66),
                (date(2030, 3, 31), 166.68),
            ],
        )
        self.assertEqual(sum(plan.promise_ids.mapped("amount")), 500)
        self.assertEqual((plan.state, plan.total), ("running", 500))
        entry = self.env["ar.contact"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual(entry.outcome, "promise", "one word of the customer, not four")

    def test_bad_input_is_refused_with_what_to_do(self):
        plan = self._plan(start=False)
        plan.instalment_ids[0].amount = 100
        with self._refused("add up to .*433.34.* instead of .*500.00.*: change one"):
            plan.action_start()
        plan.instalment_ids[0].amount = 166.66
        plan.instalment_ids[0].date = self.today - timedelta(days=1)
        with self._refused("lies in the past: choose a later"):
            plan.action_start()
        plan.instalment_ids.unlink()
        with self._refused("make out the schedule first"):
            plan.action_start()
        plan.action_schedule()
        self._money(50)
        with self._refused("paid meanwhile"):
            plan.action_start()
        tiny = self._plan(start=False, amount=0.02, count=2)
        tiny.count = 3
        with self._refused("cannot be split so often"):
            tiny.action_schedule()

    def test_an_item_is_promised_once(self):
        draft = self._plan(start=False)
        promise = self._promise()
        with self._refused("promised already"):
            draft.action_start()
        promise.action_cancel()
        draft.action_start()
        with self._refused("promised already"):
            self._promise()
        with self._refused("started already"):
            draft.action_start()

    def test_form(self):
        form = Form(self.env["ar.instalment.plan"].with_user(self.collector))
        form.partner_id = self.customer
        form.first_date = self.today
        with form.line_ids.new() as line:
            line.item_id = self.env["ar.open.item"].browse(self._item().id)
        plan = form.save()
        plan.action_schedule()
        with Form(plan) as form, form.instalment_ids.edit(0) as row:
            row.amount = 200
        with self._refused("change one of them"):
            plan.action_start()

    def test_agreement_is_printed(self):
        plan = self._plan(max_missed=2, note="Deliveries go on")
        html = self.env["ir.actions.report"]._render_qweb_html(
            "ar_credit_control.report_instalment_plan", plan.ids
        )[0]
        for words in (b"166.68", b"500.00", self.move.name.encode(), b"Deliveries go on"):
            self.assertIn(words, html)

    # ------------------------------------------------------------------ judging
    def test_items_are_not_chased_while_it_is_kept(self):
        plan = self._plan()
        self.assertEqual(
            self._reason(self._run(date=self.today + timedelta(days=8))), "instalments"
        )
        self._money(166.66, days=9)
        self._judge(11)
        self.assertEqual(self._states(plan), ["kept", "open", "open"])
        self.assertEqual(self._position().promised, 333.34, "what is still to come")
        self._money(333.34, days=20)
        self._judge(21)
        self.assertEqual((plan.state, self._states(plan)), ("done", ["kept"] * 3))
        self.assertEqual(plan.paid, 500)
        self.assertEqual(self._position().promised, 0)

    def test_instalments_kept_long_ago_still_count(self):
        """The first one is out of the second look when the last one is judged."""
        plan = self._plan(every="quarter")
        for days, amount in ((10, 166.66), (100, 166.66), (190, 166.68)):
            self._money(amount, days=days)
            self._judge(days + 3)
        self.assertEqual((plan.state, self._states(plan)), ("done", ["kept"] * 3))

    def test_money_pays_the_oldest_instalment_first(self):
        plan = self._plan(max_missed=2)
        self._judge(13)
        self.assertEqual(self._states(plan), ["broken", "open", "open"])
        self.assertEqual(plan.state, "running", "one may be missed")
        self._money(166.66, days=40)
        self._judge(45)
        self.assertEqual(self._states(plan)[1], "broken", "it paid the first one, late")
        self.assertEqual(plan.state, "defaulted")

    def test_default_brings_reminders_back_at_the_level_where_they_were(self):
        self._age(self._send(), 10)
        level = self._level()
        self.assertEqual(level, 1)
        profile = self.Profile._get_or_create(self.customer, self.company)
        profile.user_id = self.manager
        plan = self._plan()
        self._judge(13)
        self.assertEqual((plan.state, self._states(plan)[1:]), ("defaulted", ["cancelled"] * 2))
        self.assertFalse(plan.line_ids.is_open)
        told = plan.activity_ids.filtered(
            lambda a: a.activity_type_id == self.env.ref("ar_credit_control.activity_plan_default")
        )
        self.assertEqual((told.user_id, len(told)), (self.manager, 1))
        self.assertEqual(self._level(), level)
        notice = self._run().notice_ids
        self.assertEqual((notice.amount, notice.level_number), (500, 2))
        self._judge(14)
        self.assertEqual(len(plan.activity_ids), 1, "told once")

    def test_cancelled_plan_lets_items_go(self):
        plan = self._plan()
        plan.action_cancel()
        self.assertEqual(set(self._states(plan)), {"cancelled"})
        self.assertTrue(self._promise())
        with self._refused("closed already"):
            plan.action_cancel()

    # ------------------------------------------------------------------ rights
    def test_who_may_make_one(self):
        for user in (self.salesman, self.auditor, self.owner):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._plan(user)
        plan = self._plan(self.accountant)
        for user, seen in ((self.salesman, True), (self.stranger, False), (self.auditor, True)):
            for records in (plan, plan.instalment_ids, plan.line_ids, plan.promise_ids):
                found = records.with_user(user).search([("id", "in", records.ids)])
                self.assertEqual(bool(found), seen, (user.login, records._name))

    def test_nobody_changes_what_was_agreed(self):
        plan = self._plan()
        for user in (self.collector, self.manager, self.accountant):
            own = plan.with_user(user)
            for vals in (
                {"state": "done"},
                {"total": 1.0},
                {"max_missed": 9},
                {"instalment_ids": [Command.clear()]},
                {"first_date": self.today},
            ):
                with self.subTest(user=user.login, vals=vals), self.assertRaises(AccessError):
                    own.write(vals)
            with self._refused("started already"):
                own.instalment_ids[0].amount = 1
            with self._refused("started already"):
                own.instalment_ids.unlink()
            with self.assertRaises(AccessError):
                own.line_ids.write({"amount": 1})
            with self.assertRaises(AccessError):
                self._plan(user, start=False, state="running")
        with freeze_time(self.today), self.assertRaises(AccessError):
            plan.with_user(self.salesman).action_cancel()

    def test_other_companies_see_nothing(self):
        plan = self._plan()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._new_user("ar_foreign_i", "ar_credit_control.group_credit_manager")
        foreign.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        for record in (plan, plan.instalment_ids):
            self.assertFalse(record.with_user(foreign).search([("id", "in", record.ids)]))
