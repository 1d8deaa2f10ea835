"""The contact log: who may write and read it, what enters it by itself, and what lists show."""

import random
from datetime import timedelta

import psycopg2
from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .dunning_common import DunningCommon


class ContactCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Contact = cls.env["ar.contact"]
        cls.customer.customer_rank = 1
        cls.person = cls.env["res.partner"].create(
            {"name": "Paula Payer", "parent_id": cls.customer.id, "email": "paula@payer.example"}
        )

    def _day(self, days):
        return fields.Date.add(self.today, days=days)

    def _ago(self, days, **more):
        return fields.Datetime.subtract(fields.Datetime.now(), days=days, **more)

    def _contact(self, user=None, **vals):
        Contact = self.Contact.with_user(user or self.collector)
        return Contact.create({"partner_id": self.customer.id, **vals})

    def _contacts(self, partner=None):
        return self.Contact.search([("partner_id", "=", (partner or self.customer).id)])


@tagged("post_install", "-at_install")
class TestContact(ContactCommon):
    # ------------------------------------------------------------------ by hand
    def test_a_call_is_logged_in_the_dialog(self):
        invoice = self._invoice(self.customer, 100, due=-10)
        action = self.customer.with_user(self.collector).action_ar_log_contact()
        Contact = self.Contact.with_user(self.collector).with_context(**action["context"])
        form = Form(Contact, self.env.ref("ar_credit_control.view_ar_contact_dialog"))
        self.assertEqual((form.channel, form.direction), ("phone", "out"))
        form.person_id = self.person
        form.outcome = "promise"
        form.note = "Pays next week"
        form.next_step = "Check the payment"
        form.next_date = self._day(7)
        form.open_item_ids.add(self.env["ar.open.item"].browse(self._item(invoice).id))
        contact = form.save()
        self.assertEqual((contact.partner_id, contact.user_id), (self.customer, self.collector))
        self.assertEqual(contact.items, invoice.name)
        self.assertEqual(contact.sudo().move_line_ids, self._item(invoice))
        customer = self.customer.with_company(self.company)
        self.assertEqual(customer.ar_last_contact, contact.date)
        self.assertEqual(customer.ar_next_action, "Check the payment")
        self.assertEqual(customer.ar_next_action_date, self._day(7))

    def test_the_next_dialog_proposes_the_step_that_is_ahead(self):
        self._contact(next_step="Call again", next_date=self._day(3))
        context = self.customer.with_user(self.collector).action_ar_log_contact()["context"]
        self.assertEqual(context["default_next_step"], "Call again")
        self.assertEqual(context["default_next_date"], self._day(3))

    def test_a_new_contact_decides_what_comes_next(self):
        first = self._contact(next_step="Call again", next_date=self._day(3))
        other = self._contact(
            partner_id=self._new_customer("Other").id, next_step="Write", next_date=self._day(1)
        )
        second = self._contact(next_step="Send the invoice", next_date=self._day(5))
        self.assertEqual((first.next_done, second.next_done, other.next_done), (True, False, False))
        self._contact(outcome="paid")
        self.assertTrue(second.next_done)
        self.assertFalse(self.customer.with_company(self.company).ar_next_action_date)

    def test_entries_of_other_capabilities_leave_the_next_step_alone(self):
        step = self._contact(next_step="Call again", next_date=self._day(3))
        self.Contact._log([{"partner_id": self.customer.id, "outcome": "promise"}])
        self.assertFalse(step.next_done)
        self.Contact._log([{"partner_id": self.customer.id, "next_date": self._day(4)}])
        self.assertTrue(step.next_done)

    def test_a_step_is_done_with_a_button(self):
        contact = self._contact(next_step="Call again", next_date=self._day(3))
        contact.action_next_done()
        self.assertTrue(contact.next_done)

    def test_a_contact_of_the_customer_counts_as_the_customer(self):
        contact = self._contact(partner_id=self.person.id)
        self.assertEqual((contact.partner_id, contact.person_id), (self.customer, self.person))

    def test_bad_input_is_refused_with_what_to_do(self):
        stranger = self._new_customer("Stranger")
        invoice = self._invoice(stranger, 100, due=-10)
        for message, vals in (
            ("does not belong to Customer", {"person_id": stranger.id}),
            ("does not belong to Customer", {"open_item_ids": self._item(invoice).ids}),
            ("lies in the past", {"date": self._ago(-2)}),
            ("give the next step a date", {"next_step": "Call again"}),
            ("lies before the contact", {"next_step": "Call", "next_date": self._day(-2)}),
        ):
            with self.subTest(vals=vals), self.assertRaisesRegex(ValidationError, message):
                self._contact(**vals)

    def test_what_happened_stays_as_it_was_logged(self):
        contact = self._contact(note="First")
        for vals in ({"date": self._ago(3)}, {"channel": "email"}, {"user_id": self.manager.id}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                contact.write(vals)
        contact.write({"note": "Corrected", "outcome": "informed"})
        contact.unlink()
        with self.assertRaises(AccessError):
            self._contact(message_id=1)

    def test_nobody_logs_in_the_name_of_another(self):
        self.assertEqual(self._contact(user_id=self.manager.id).user_id, self.collector)

    # ------------------------------------------------------------------ who may
    def test_notes_are_closed_to_those_who_are_not_collectors(self):
        contact = self._contact(note="Says he is broke", next_step="Call", next_date=self._day(1))
        for user in (self.salesman, self.colleague, self.accountant, self.auditor):
            seen = contact.with_user(user)
            seen.invalidate_recordset()
            with self.subTest(user=user.login):
                self.assertEqual((seen.channel, seen.next_step), ("phone", "Call"))
                self.assertNotIn("note", seen.fields_get())
                with self.assertRaises(AccessError):
                    seen.read(["note"])
                with self.assertRaises(AccessError):
                    seen.search([("note", "like", "broke")])
        self.assertEqual(contact.with_user(self.manager).note, "Says he is broke")

    def test_salespeople_see_and_log_contacts_of_their_customers_only(self):
        contact = self._contact(note="x")
        self.assertTrue(self.Contact.with_user(self.colleague).search([("id", "=", contact.id)]))
        own = self._contact(user=self.salesman, outcome="informed")
        self.assertEqual(own.user_id, self.salesman)
        self.assertFalse(self.Contact.with_user(self.stranger).search([("id", "=", contact.id)]))
        with self.assertRaises(AccessError):
            contact.with_user(self.stranger).read(["date"])
        with self.assertRaises(AccessError):
            self._contact(user=self.stranger)
        for user in (self.salesman, self.auditor, self.accountant):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    contact.with_user(user).write({"outcome": "paid"})
                with self.assertRaises(AccessError):
                    contact.with_user(user).unlink()
                with self.assertRaises(AccessError):
                    contact.with_user(user).action_next_done()
        for group in ("base.group_user", "base.group_portal"):
            plain = self._new_user(group, group)
            with self.assertRaises(AccessError):
                self.Contact.with_user(plain).search([])

    def test_other_companies_see_nothing(self):
        contact = self._contact()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._new_user("ar_foreign_c", "ar_credit_control.group_credit_manager")
        foreign.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertFalse(self.Contact.with_user(foreign).search([]))
        with self.assertRaises(AccessError):
            contact.with_user(foreign).read(["date"])
        seen = self.customer.with_user(foreign).with_company(other)
        seen.invalidate_recordset()
        self.assertFalse(seen.ar_last_contact)

    def test_figures_of_contacts_are_closed_as_the_position_is(self):
        self._contact(date=self._ago(2))
        seen = self.customer.with_user(self.stranger)
        seen.invalidate_recordset()
        self.assertFalse(seen.ar_last_contact)
        found = seen.search([("ar_last_contact", "!=", False), ("id", "=", seen.id)])
        self.assertFalse(found)
        self.assertTrue(self.customer.with_user(self.salesman).ar_last_contact)

    # ------------------------------------------------------------------ by itself
    def test_a_notice_enters_the_log_as_it_is_sent(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        notice = self._send().notice_ids
        contact = self._contacts()
        self.assertEqual((contact.notice_id, contact.channel), (notice, "email"))
        self.assertEqual((contact.date, contact.person_id), (notice.sent_on, notice.recipient_id))
        self.assertEqual(contact.sudo()._get_items(), self._item(invoice))
        self.assertEqual(contact.items, invoice.name)
        seen = contact.with_user(self.salesman)
        self.assertEqual(seen.open_item_ids.ids, self._item(invoice).ids)
        self.assertTrue(contact.automatic)
        with self.assertRaisesRegex(UserError, "stays in the log"):
            contact.with_user(self.manager).unlink()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation):
            with self.env.cr.savepoint():
                self.Contact._log_notices(notice.ids)

    def test_a_call_that_is_only_planned_is_no_contact(self):
        self.ladder.level_ids.write({"by_email": False, "by_call": True})
        self._invoice(self.customer, 100, due=-30)
        self.assertEqual(self._send().notice_ids.state, "sent")
        self.assertFalse(self._contacts())
        customer = self.customer.with_company(self.company)
        self.assertEqual(customer.ar_next_action_date, self.today)

    def test_a_notice_that_is_cancelled_before_it_left_was_no_contact(self):
        self._invoice(self.customer, 100, due=-30)
        notice = self._send().notice_ids
        notice.with_user(self.collector).action_cancel()
        self.assertFalse(self._contacts())

    def test_a_mail_that_left_stays_in_the_log_after_its_cancellation(self):
        self._invoice(self.customer, 100, due=-30)
        notice = self._send().notice_ids
        notice.sudo().message_id.notification_ids.notification_status = "sent"
        notice.with_user(self.collector).action_cancel()
        self.assertEqual(self._contacts().notice_id, notice)

    def test_mails_with_the_customer_enter_by_themselves(self):
        self.customer.with_user(self.accountant).message_post(
            body="When will you pay?",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.person.ids,
        )
        self.customer.message_post(
            body="Next week",
            message_type="email",
            subtype_xmlid="mail.mt_comment",
            author_id=self.person.id,
            subject="Re: your reminder",
        )
        incoming, outgoing = self._contacts().sorted("id", reverse=True)
        self.assertEqual((outgoing.direction, outgoing.user_id), ("out", self.accountant))
        self.assertEqual((incoming.direction, incoming.user_id.id), ("in", False))
        self.assertEqual(incoming.person_id, self.person)
        self.assertEqual(incoming.with_user(self.collector).note, "Re: your reminder")

    def test_a_collector_writes_to_the_customer_and_mends_a_wrong_contact(self):
        customer = self.customer.with_user(self.collector)
        customer.message_post(
            body="When will you pay?",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.person.ids,
        )
        self.assertEqual(self._contacts().user_id, self.collector)
        self.person.with_user(self.collector).phone = "+39 051 000000"
        person = customer.create({"name": "Nora New", "parent_id": customer.id})
        with self.assertRaises(AccessError):
            person.unlink()

    def test_what_colleagues_write_to_each_other_is_no_contact(self):
        self.customer.message_post(body="Beware", subtype_xmlid="mail.mt_note")
        self.customer.message_post(body="Beware", partner_ids=self.manager.partner_id.ids)
        self.customer.message_post(
            body="x", message_type="email", author_id=self.manager.partner_id.id
        )
        self.assertFalse(self._contacts())

    def test_mails_about_an_invoice_count_once_it_is_overdue(self):
        for due, count in ((5, 0), (-5, 1)):
            invoice = self._invoice(self.customer, 100, due=due)
            invoice.message_post(
                body="Your invoice",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                partner_ids=self.customer.ids,
            )
            self.assertEqual(len(self._contacts()), count)

    # ------------------------------------------------------------------ lists and widget
    def test_lists_agree_with_forms_whatever_was_logged(self):
        dice = random.Random(7)
        partners = self.env["res.partner"]
        for number in range(12):
            partner = self._new_customer(f"Customer {number}")
            partners |= partner
            for _ in range(dice.randrange(3)):
                step = dice.choice([{}, {"next_date": self._day(dice.randrange(9))}])
                date = self._ago(dice.randrange(1, 60))
                self.Contact._log([{"partner_id": partner.id, "date": date, **step}])
            if dice.random() < 0.3:
                profile = self.Profile._get_or_create(partner, self.company)
                profile.activity_schedule(
                    "ar_credit_control.activity_dunning_call",
                    date_deadline=self._day(dice.randrange(5)),
                )
        partners = partners.with_company(self.company)
        profiles = self.Profile.union(
            *(self.Profile._get_or_create(partner, self.company) for partner in partners)
        )
        for records in (partners, profiles):
            for name in ("ar_last_contact", "ar_next_action_date"):
                with self.subTest(model=records._name, name=name):
                    known = records.filtered(name)
                    inside = [("id", "in", records.ids)]
                    self.assertEqual(records.search([*inside, (name, "!=", False)]), known)
                    self.assertEqual(records.search([*inside, (name, "=", False)]), records - known)
                    ordered = records.search([*inside, (name, "!=", False)], order=f"{name}, id")
                    self.assertEqual(ordered, known.sorted(lambda r, f=name: (r[f], r.id)))

    def test_customers_overdue_without_contact_are_found(self):
        self.company.ar_silence_days = 20
        silent, spoken, fresh = (self._new_customer(name) for name in ("A", "B", "C"))
        for partner, due in ((silent, -21), (spoken, -21), (fresh, -20)):
            self._invoice(partner, 100, due=due)
        old = self.Contact._log([{"partner_id": silent.id, "date": self._ago(21)}])
        self.Contact._log([{"partner_id": spoken.id, "date": self._ago(19)}])
        partners = (silent | spoken | fresh).with_user(self.collector).with_company(self.company)
        inside = [("id", "in", partners.ids)]
        found = partners.search([*inside, ("ar_neglected", "=", True)])
        self.assertEqual(found, silent)
        self.assertEqual(partners.filtered("ar_neglected"), silent)
        self.assertEqual(partners.search([*inside, ("ar_neglected", "=", False)]), spoken | fresh)
        old.sudo().unlink()
        self.assertEqual(partners.search([*inside, ("ar_neglected", "=", True)]), silent)

    def test_the_widget_names_the_last_contact(self):
        self._invoice(self.customer, 100, due=-30)
        customer = self.customer.with_user(self.salesman).with_company(self.company)
        self.assertFalse(customer.ar_widget["last_contact"])
        self._contact(date=self._ago(1), outcome="promise", note="secret words")
        customer.invalidate_recordset()
        told = customer.ar_widget["last_contact"]
        self.assertEqual(told, {"date": str(self._day(-1)), "label": "Phone, Promised to pay"})
        stranger = self.customer.with_user(self.stranger)
        stranger.invalidate_recordset()
        self.assertFalse(stranger.ar_widget["last_contact"])
        self._send()
        customer.invalidate_recordset()
        self.assertEqual(customer.ar_widget["last_contact"]["label"], "First")

    def test_the_setting_is_a_number_of_days(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.CheckViolation):
            with self.env.cr.savepoint():
                self.company.ar_silence_days = 0
                self.env.flush_all()

    def test_buttons_open_the_contacts_of_the_customer(self):
        self._contact(outcome="informed")
        other = self._contact(partner_id=self._new_customer("Other").id)
        profile = self.Profile._get_or_create(self.customer, self.company)
        for record in (self.customer, self.person, profile):
            action = record.with_user(self.salesman).action_ar_contacts()
            found = self.Contact.search(action["domain"])
            self.assertEqual(found.partner_id, self.customer)
            self.assertNotIn(other, found)
        dialog = profile.with_user(self.salesman).action_ar_log_contact()
        self.assertEqual(dialog["target"], "new")
        self.assertEqual(dialog["context"]["default_partner_id"], self.customer.id)
        dialog = self.person.with_user(self.salesman).action_ar_log_contact()
        self.assertEqual(dialog["context"]["default_person_id"], self.person.id)

    def test_filters_tell_by_hand_from_by_itself(self):
        self._invoice(self.customer, 100, due=-30)
        self._send()
        by_hand = self._contact(outcome="informed")
        inside = [("partner_id", "=", self.customer.id)]
        found = self.Contact.search([*inside, ("automatic", "=", False)])
        self.assertEqual(found, by_hand)
        by_itself = self.Contact.search([*inside, ("automatic", "=", True)])
        self.assertEqual(by_itself, self._contacts() - by_hand)
        self.assertIn("First", by_itself.display_name)
        self.assertIn("Phone, Informed", by_hand.display_name)

    def test_a_batch_of_entries_costs_a_fixed_number_of_queries(self):
        partners = [self._new_customer(f"Many {number}").id for number in range(40)]

        def count(ids):
            before = self.env.cr.sql_log_count
            self.Contact._log(
                [{"partner_id": key, "next_date": self._day(1), "channel": "letter"} for key in ids]
            )
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(partners[:1])
        self.assertLessEqual(count(partners), count(partners[:2]) + 3)

    def test_a_time_zone_ahead_may_plan_for_its_own_today(self):
        contact = self._contact(
            date=fields.Datetime.now() - timedelta(minutes=1), next_date=self.today
        )
        self.assertEqual(contact.next_date, self.today)
