"""The collector's day: what stands on the worklist, in which order, and what it suggests."""

import random
from datetime import timedelta

from freezegun import freeze_time
from odoo import Command, fields
from odoo.addons.ar_credit_control.ar_credit_control.rules.worklist import (
    Customer,
    Task,
    best_task,
    is_stale,
    ranked,
)
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .exchange_common import ExchangeCommon
from .test_collector import CollectorCommon


class WorklistCommon(CollectorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Worklist = cls.env["ar.worklist"].with_user(cls.collector).with_company(cls.company)

    def _row(self, partner=None, user=None):
        self.env.invalidate_all()
        worklist = self.Worklist.with_user(user or self.collector)
        return worklist.browse((partner or self.customer).id)

    def _today(self, *partners):
        ids = [partner.id for partner in partners]
        return self.Worklist.search([("id", "in", ids), ("kind", "!=", False)]).ids


@tagged("post_install", "-at_install")
class TestWorklist(WorklistCommon):
    def test_it_works_without_any_set_up(self):
        partner = self._new_customer("Fresh")
        self._invoice(partner, 700, due=-45)
        row = self._row(partner)
        self.assertEqual((row.kind, row.overdue, row.collector_id.id), ("stale", 700, False))
        self.assertEqual(row.oldest_due, self._day(-45))
        self.assertEqual(row.suggestion, "Call: nobody has spoken with them yet.")
        self.assertIn(partner.id, self._today(partner))
        self.assertFalse(self.Profile.search([("partner_id", "=", partner.id)]))

    def test_a_step_falls_due_on_its_day(self):
        step = self._contact(next_step="Ask for the proof", next_date=self._day(1))
        self.assertEqual(self._row().suggestion, "Nothing to do today.")
        step.sudo().write({"date": self._ago(9), "next_date": self._day(0)})
        row = self._row()
        self.assertEqual((row.kind, row.suggestion), ("call_due", "Ask for the proof"))
        self.assertEqual(row.day, self._day(0))

    def test_a_dispute_past_its_deadline_waits_for_its_settlement(self):
        invoice = self._invoice(self.customer, 100, due=-5)
        dispute = self.env["ar.dispute"].create(
            {
                "partner_id": self.customer.id,
                "reason": "price",
                "line_ids": [Command.create({"item_id": self._item(invoice).id})],
            }
        )
        self.assertFalse(self._row().kind)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ar_dispute SET deadline = %s WHERE id = %s", (self._day(-1), dispute.id)
        )
        row = self._row()
        self.assertEqual((row.kind, row.day), ("dispute_due", self._day(-1)))
        self.assertIn("Settle the dispute", row.suggestion)

    def _broken(self):
        """A promise about an invoice, found broken a moment ago."""
        invoice = self._invoice(self.customer, 100, due=-60)
        line = Command.create({"item_id": self._item(invoice).id})
        promise = self.env["ar.promise"].create(
            {"partner_id": self.customer.id, "date": self._day(3), "line_ids": [line]}
        )
        promise.flush_recordset()
        self.env.cr.execute(  # two days are waited for the money
            "UPDATE ar_promise SET date = %s, last_day = %s WHERE id = %s",
            (self._day(-3), self._day(-1), promise.id),
        )
        self._contacts().sudo().write({"date": self._ago(3)})
        promise.invalidate_recordset()
        with freeze_time(fields.Datetime.now() - timedelta(hours=1), tick=True):
            promise.sudo()._judge(self.company)
        return promise

    def test_a_broken_promise_comes_first_until_somebody_dealt_with_it(self):
        self._broken()
        row = self._row()
        self.assertEqual((row.kind, row.day), ("broken_promise", self._day(-3)))
        self.assertIn("and not paid", row.suggestion)
        for before in (self._ago(0, hours=2), self._ago(3)):
            self._contact(date=before, outcome="informed")
            self.assertEqual(self._row().kind, "broken_promise", "spoken with before it broke")
        self._contact(outcome="no_answer")
        self.assertEqual(self._row().kind, "broken_promise", "nobody was reached")
        step = self._contact(outcome="no_answer", next_step="Call", next_date=self._day(1))
        self.assertFalse(self._row().kind, "somebody goes on tomorrow")
        step.sudo().unlink()
        self.assertEqual(self._row().kind, "broken_promise")
        self._contact(outcome="informed")
        self.assertFalse(self._row().kind)

    def test_what_a_customer_says_elsewhere_does_not_settle_a_broken_promise(self):
        promise = self._broken()
        other = self._invoice(self.customer, 50, due=-9)
        again = {"partner_id": self.customer.id, "date": self._day(3)}
        broken = promise.line_ids.move_line_id.move_id
        for move, kind in ((other, "broken_promise"), (broken, False)):
            line = Command.create({"item_id": self._item(move).id})
            self.env["ar.promise"].create({**again, "line_ids": [line]})
            self.assertEqual(self._row().kind, kind)

    def test_a_dispute_settles_a_broken_promise_when_it_is_about_all_of_it(self):
        promise = self._broken()
        item = promise.line_ids.move_line_id
        for amount, kind in ((40, "broken_promise"), (100, False)):
            dispute = self.env["ar.dispute"].create(
                {
                    "partner_id": self.customer.id,
                    "reason": "price",
                    "line_ids": [Command.create({"item_id": item.id, "amount": amount})],
                }
            )
            self.assertEqual(self._row().kind, kind)
            dispute.action_cancel()

    def test_nobody_calls_a_customer_that_an_agency_speaks_with(self):
        self._broken()
        self.assertEqual(self._row().tasks, 1)
        case = self.env["ar.collection.case"].with_user(self.collector)
        case = case.with_company(self.company)._open_for(self.customer)
        case.agency_id = self.env["res.partner"].create({"name": "Agency"})
        self.assertEqual(self._row().kind, "broken_promise")
        case.action_hand_over()
        self._contacts().sudo().unlink()
        self.assertFalse(self._row().kind, "neither broken nor without contact")
        case.next_date = self.today
        row = self._row()
        self.assertEqual((row.kind, row.suggestion), ("case_due", "Ask Agency how the case stands"))
        case.outcome = "withdrawn"
        case.action_close()
        self.assertEqual((self._row().kind, self._row().tasks), ("broken_promise", 2))

    def test_two_promises_of_a_day_are_named_once(self):
        self._broken()
        self._broken()
        row = self._row()
        self.assertEqual((row.tasks, row.also), (2, ""))

    def test_a_logged_contact_does_what_a_broken_promise_asked_for(self):
        promise = self._broken()
        self.assertTrue(promise.activity_ids)
        self._contact(outcome="no_answer")
        self.assertTrue(promise.activity_ids)
        self._contact(outcome="informed")
        self.assertFalse(promise.activity_ids)

    def test_a_missed_instalment_is_a_broken_promise(self):
        plan = self.env["ar.instalment.plan"].create(
            {
                "partner_id": self.customer.id,
                "first_date": self._day(0),
                "count": 2,
                "max_missed": 2,
                "line_ids": [
                    Command.create({"item_id": self._item(self._invoice(self.customer, 100)).id})
                ],
            }
        )
        plan.action_schedule()
        plan.action_start()
        self._contacts().sudo().unlink()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ar_promise SET date = %s, last_day = %s WHERE plan_id = %s AND date = %s",
            (self._day(-3), self._day(-1), plan.id, self.today),
        )
        self.env.invalidate_all()
        self.env["ar.promise"].sudo()._judge(self.company)
        self.assertEqual(plan.state, "running")
        self.assertEqual(self._row().kind, "broken_promise")

    def test_what_is_done_leaves_the_list_and_stays_readable(self):
        self._invoice(self.customer, 100, due=-60)
        self.assertEqual(self._today(self.customer), self.customer.ids)
        row = self._row()
        action = row.action_log_contact()
        self.Contact.with_user(self.collector).with_context(**action["context"]).create(
            {"outcome": "promise"}
        )
        self.assertFalse(self._today(self.customer))
        row = self._row()
        self.assertEqual(row.suggestion, "Nothing to do today.")
        self.assertEqual(row.contact_ids.outcome, "promise")
        self.assertEqual(row.open_item_ids.residual, 100)

    def test_more_than_one_thing_is_named(self):
        self._invoice(self.customer, 100, due=-60)
        step = self._contact(date=self._ago(40), next_step="Call Paula", next_date=self._day(-35))
        row = self._row()
        self.assertEqual((row.kind, row.tasks), ("call_due", 2))
        self.assertEqual(row.also, "Call: the last contact was 40 days ago.")
        step.action_next_done()
        row = self._row()
        self.assertEqual((row.kind, row.also), ("stale", ""))

    def test_a_call_that_dunning_asks_for_is_done_when_somebody_called(self):
        self.ladder.level_ids.write({"by_email": False, "by_call": True})
        self._invoice(self.customer, 100, due=-10)
        notice = self._send().notice_ids
        row = self._row()
        self.assertEqual(row.kind, "call_due")
        self.assertIn(notice.level_id.name, row.suggestion)
        self._contact(outcome="no_answer")
        self.assertEqual(self._row().kind, "call_due")
        self._contact(outcome="informed")
        self.assertFalse(self._row().kind)
        self.assertFalse(self.profile.activity_ids)

    def test_a_salesperson_who_logs_what_was_said_is_done_too(self):
        self.ladder.level_ids.write({"by_email": False, "ask_salesperson": True})
        self._invoice(self.customer, 100, due=-10)
        self._send()
        self.assertEqual(self.profile.activity_ids.user_id, self.salesman)
        self.assertFalse(self._row().kind)
        self._contact(user=self.salesman, outcome="informed")
        self.assertFalse(self.profile.activity_ids)

    def test_the_reviews_of_credit_are_no_steps_of_collection(self):
        self.profile.activity_schedule(
            "ar_credit_control.activity_review", date_deadline=self.today
        )
        self.assertFalse(self._row().kind)

    def test_the_list_of_today_shows_mine_nobodys_and_whom_i_stand_in_for(self):
        mine, others, nobodys = (self._new_customer(name) for name in ("M", "O", "N"))
        for partner in (mine, others, nobodys):
            self._invoice(partner, 100, due=-60)
        for partner, user in ((mine, self.collector), (others, self.other)):
            profile = self.Profile._get_or_create(partner, self.company)
            profile.with_user(self.manager).collector_id = user
        inside = [("id", "in", (mine | others | nobodys).ids)]
        domain = [*inside, ("collector_id", "in", (self.collector.id, False))]
        self.assertEqual(self.Worklist.search(domain).partner_id, mine | nobodys)
        self._absence(self.other, self.collector)
        self.env.invalidate_all()
        self.assertEqual(self.Worklist.search(domain).partner_id, mine | others | nobodys)

    def test_whoever_takes_customers_follows_them_up(self):
        self._invoice(self.customer, 100, due=-60)
        self._row().action_take()
        self.assertEqual(self.profile.collector_id, self.collector)
        self.assertTrue(self.profile.collector_by_hand)

    def test_the_order_is_that_of_the_rule_whatever_happened(self):
        dice = random.Random(11)
        partners = [self._new_customer(f"Customer {number}") for number in range(30)]
        self.company.ar_silence_days = 20
        for partner in partners:
            self._live(partner, dice)
        expected = ranked(map(self._as_plain, partners))
        self.env.invalidate_all()
        self.assertEqual(self._today(*partners), expected)
        self.assertGreater(len(expected), 10)
        for partner in partners:
            best = best_task(self._as_plain(partner).tasks)
            row = self.Worklist.search([("id", "=", partner.id)])
            self.assertEqual(row.kind or None, best and best.kind)

    def _live(self, partner, dice):
        """Give a customer invoices, contacts, steps and calls by chance."""
        for _ in range(dice.randrange(3)):
            self._invoice(partner, dice.choice([100, 250]), due=dice.randrange(-50, 10))
        for _ in range(dice.randrange(2)):
            ago = dice.randrange(1, 50)
            step = {"next_date": self._day(dice.randrange(-ago, 9)), "next_step": "Call"}
            vals = {"partner_id": partner.id, "date": self._ago(ago)}
            self.Contact._log([{**vals, **dice.choice([{}, step])}])
        if dice.random() < 0.3:
            self.Profile._get_or_create(partner, self.company).activity_schedule(
                "ar_credit_control.activity_dunning_call",
                date_deadline=self._day(dice.randrange(-5, 5)),
                summary="Level 2",
            )

    def _as_plain(self, partner):
        """The customer as values, read record by record."""
        partner = partner.with_company(self.company)
        contacts = self._contacts(partner)
        tasks = [
            Task("call_due", entry.next_date, entry.next_step)
            for entry in contacts
            if entry.next_date and not entry.next_done and entry.next_date <= self.today
        ]
        for activity in self.Profile.search([("partner_id", "=", partner.id)]).activity_ids:
            if activity.date_deadline <= self.today:
                tasks.append(Task("call_due", activity.date_deadline, activity.summary))
        oldest = partner.ar_oldest_due or None
        last = max(contacts.mapped("date"), default=None)
        if is_stale(oldest, last and last.date(), fields.Datetime.now().date(), 20):
            tasks.append(Task("stale", oldest))
        return Customer(partner.id, partner.ar_overdue, oldest, tasks)

    # ------------------------------------------------------------------ who may
    def test_who_is_not_of_collection_reads_no_worklist(self):
        self._invoice(self.customer, 100, due=-60)
        for user in (self.salesman, self.seller_all, self.accountant):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._row(user=user).read(["overdue"])
        self.assertEqual(self._row(user=self.auditor).overdue, 100)
        with self.assertRaises(AccessError):
            self._row(user=self.auditor).action_take()

    def test_another_company_has_its_own_worklist(self):
        self._invoice(self.customer, 100, due=-60)
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._new_user("ar_foreign_w", "ar_credit_control.group_collector")
        foreign.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        worklist = self.env["ar.worklist"].with_user(foreign).with_company(other)
        self.assertFalse(worklist.search([("overdue", ">", 0)]))
        self.assertFalse(worklist.search([("kind", "!=", False)]))

    def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(self):
        partners = [self._new_customer(f"Many {number}") for number in range(12)]
        for partner in partners:
            self._invoice(partner, 100, due=-60)
            self._contact(partner_id=partner.id, date=self._ago(50), next_date=self._day(-49))
        names = ["kind", "suggestion", "also", "overdue", "contact_ids", "open_item_ids"]

        def count(some):
            self.env.invalidate_all()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            rows = self.Worklist.search([("id", "in", [partner.id for partner in some])])
            rows.read(names)
            return self.env.cr.sql_log_count - before

        count(partners)
        self.assertLessEqual(count(partners), count(partners[:2]) + 1)


@tagged("post_install", "-at_install")
class TestWorklistDelivery(ExchangeCommon, WorklistCommon):
    def test_an_e_invoice_to_fix_stands_on_the_list_until_it_is_fixed(self):
        self._know()
        self._contact()
        self._take(self._raw("NS"))
        row = self._row()
        self.assertEqual((row.kind, row.title), ("delivery_problem", self.invoice.name))
        self.assertIn("send it again", row.suggestion)
        self._problem().sudo().state = "fixed"
        self.assertFalse(self._row().kind)


@tagged("post_install", "-at_install")
class TestWorklistTour(WorklistCommon, HttpCase):
    def test_a_collectors_day_in_the_browser(self):
        first, second = self._new_customer("Tour First"), self._new_customer("Tour Second")
        self._invoice(first, 90_000_000, due=-60)
        self._invoice(second, 80_000_000, due=-60)
        self.start_tour("/odoo/worklist", "ar_collector_day", login=self.collector.login)
        contact = self._contacts(first)
        self.assertEqual((contact.outcome, contact.channel), ("promise", "phone"))
        self.assertEqual(contact.with_user(self.collector).note, "Pays on Friday")
        self.assertEqual(contact.next_step, "Check the payment")
        self.assertFalse(self._contacts(second))

    def test_from_the_worklist_to_the_hand_over_file_in_the_browser(self):
        partner = self._new_customer("Tour Case")
        self._invoice(partner, 90_000_000, due=-60)
        self.env["res.partner"].create({"name": "Tour Agency"})
        self.start_tour("/odoo/worklist", "ar_collector_case", login=self.collector.login)
        case = self.env["ar.collection.case"].search([("partner_id", "=", partner.id)])
        self.assertEqual((case.phase, case.agency_id.name), ("hand_over", "Tour Agency"))
        self.assertTrue(case.file_ids)
        self.assertTrue(case.step_ids.filtered(lambda step: step.kind == "letter"))
