"""The review of a proposal, what becomes of sent notices, schedules, and salespeople first."""

from freezegun import freeze_time
from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .dunning_common import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningReview(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._invoice(cls.customer, 500, due=-30)
        cls.other = cls._new_customer("Other", email="o@o.example")
        cls._invoice(cls.other, 100, due=-30)

    def _of(self, run, partner):
        return run.notice_ids.filtered(lambda n: n.partner_id == partner)

    def _review(self, notices, **vals):
        Wizard = self.env["ar.dunning.review"].with_user(self.collector)
        wizard = Wizard.create({"notice_ids": [Command.set(notices.ids)], **vals})
        return wizard.action_apply()

    # ------------------------------------------------------------------ review
    def test_notices_left_out_are_not_sent(self):
        run = self._run()
        notice = self._of(run, self.customer)
        with self.assertRaisesRegex(UserError, "Give a reason"):
            self._review(notice, decision="leave_out", reason=" ")
        self._review(notice, decision="leave_out", reason="Call first")
        self.assertEqual((notice.state, notice.note), ("left_out", "Call first"))
        self._send(run)
        self.assertEqual(notice.state, "left_out")
        self.assertEqual(self._of(run, self.other).state, "sent")
        self.assertEqual((run.state, self._level()), ("done", 0))

    def test_what_was_left_out_can_be_taken_in_again(self):
        run = self._run()
        run.notice_ids.action_leave_out()
        with self.assertRaisesRegex(UserError, "no notice that can be sent"):
            run.action_confirm()
        run.notice_ids.action_take_in()
        self._send(run)
        self.assertEqual(set(run.notice_ids.mapped("state")), {"sent"})

    def test_exclusion_until_a_day_from_the_list(self):
        run = self._run()
        notice = self._of(run, self.customer)
        with self.assertRaisesRegex(UserError, "Set the day"):
            self._review(notice, decision="exclude", reason="Dispute")
        until = fields.Date.add(self.today, days=20)
        self._review(notice, decision="exclude", reason="Dispute", date_to=until)
        self.assertEqual(notice.state, "left_out")
        later = self._run()
        self.assertFalse(self._of(later, self.customer))
        self.assertEqual(later.left_out_ids.mapped("reason"), ["excluded"])

    def test_another_channel_for_many(self):
        run = self._run()
        with self.assertRaisesRegex(UserError, "Choose at least one"):
            self._review(run.notice_ids, decision="channel")
        self._review(run.notice_ids, decision="channel", by_letter=True)
        self.assertEqual(run.notice_ids.mapped("channel"), ["Letter", "Letter"])
        self.other.email = False
        with self.assertRaisesRegex(UserError, "Other has no valid e-mail address"):
            self._review(run.notice_ids, decision="channel", by_email=True)

    def test_an_edited_text_is_what_leaves(self):
        run = self._run()
        notice = self._of(run, self.customer).with_user(self.collector)
        with Form(notice) as form:
            form.subject = "About our talk"
            form.body = "<p>As agreed on the phone.</p>"
        self.assertEqual(notice.preview_subject, "About our talk")
        self._send(run)
        mail = self.env["mail.mail"].search([("recipient_ids", "in", self.customer.ids)])
        self.assertEqual(mail.subject, "About our talk")
        self.assertIn("As agreed on the phone.", mail.body_html)
        with self.assertRaisesRegex(UserError, "past its review"):
            notice.subject = "Too late"

    def test_many_texts_begin_with_the_same_paragraph(self):
        paid_later = self._invoice(self.customer, 70, due=-30)
        run = self._run()
        notice, edited = (self._of(run, partner) for partner in (self.customer, self.other))
        edited.write({"subject": "Our talk", "body": "<p>As agreed.</p>"})
        with self.assertRaisesRegex(UserError, "Write the paragraph"):
            self._review(run.notice_ids, decision="opening", opening="<p><br></p>")
        self._review(run.notice_ids, decision="opening", opening="<p>Our bank changed.</p>")
        self.assertIn("Our bank changed.</p><p>As agreed.", edited.preview)
        self.assertIn(paid_later.name, notice.preview)
        self._pay(paid_later)
        self._send(run)
        for sent in notice | edited:
            self.assertEqual((sent.state, sent.body.count("Our bank changed.")), ("sent", 1))
        self.assertIn(self.invoice.name, notice.body)
        self.assertNotIn(paid_later.name, notice.body, "what is paid leaves the table")

    def test_a_person_may_raise_one_level_and_it_is_sent_so(self):
        run = self._run()
        notice = self._of(run, self.customer)
        notice.action_raise()
        self.assertEqual((notice.level_number, notice.proposed_number), (2, 1))
        self.assertIn("Second", notice.display_name)
        self._send(run)
        self.assertEqual(self._level(), 2)

    def test_large_notices_wait_for_a_manager(self):
        self.ladder.level_ids[0].approval_amount = 300
        run = self._run()
        large = self._of(run, self.customer)
        self.assertEqual((large.needs_approval, run.approval_count), (True, 1))
        self._send(run)
        self.assertEqual((large.state, run.state), ("proposed", "proposal"))
        with self.assertRaisesRegex(AccessError, "Only a credit manager"):
            large.with_user(self.collector).action_approve()
        large.with_user(self.manager).action_approve()
        self._send(run)
        self.assertEqual((large.state, run.state), ("sent", "done"))
        self.assertEqual(large.approved_by_id, self.manager)

    def test_a_run_goes_back_to_review_or_is_given_up(self):
        run = self._run()
        run.action_confirm()
        with self.assertRaisesRegex(UserError, "past its review"):
            run.notice_ids.action_leave_out()
        run.action_back_to_review()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"proposed"})
        run.action_cancel()
        self.assertEqual(run.state, "cancelled")
        with self.assertRaisesRegex(UserError, "is Cancelled"):
            run.action_process()

    # ------------------------------------------------------------------ stop, resume
    def test_a_run_is_stopped_and_goes_on(self):
        run = self._run()
        run.action_confirm()
        run = run.sudo()
        run.state = "processing"
        self.assertEqual(run._process_batch(limit=1), (1, []))
        self.assertEqual((run.sent_count, run.queued_count, run.progress), (1, 1, 50))
        run.action_stop()
        self.assertEqual(run.state, "stopped")
        run.action_process()
        self.assertEqual((run.state, run.sent_count), ("done", 2))

    def test_a_failure_is_listed_and_the_rest_goes_on(self):
        self.company.email = False
        self.env.user.email = False
        run = self._run(user=self.env.ref("base.user_root"))
        notice = self._of(run, self.other)
        notice.sudo().write({"by_email": False, "by_letter": True})
        self.env.ref("base.partner_root").email = False
        self._send(run)
        failed = self._of(run, self.customer)
        self.assertEqual((failed.state, notice.state, run.state), ("failed", "sent", "done"))
        self.assertIn("has no e-mail address to send from", failed.problem)
        self.company.email = "books@example.com"
        failed.action_retry()
        self.assertEqual(run.state, "processing")
        run.action_process()
        self.assertEqual((failed.state, failed.problem), ("sent", False))

    # ------------------------------------------------------------------ afterwards
    def test_the_mail_says_what_became_of_it(self):
        run = self._send()
        notice = self._of(run, self.customer)
        told = notice.sudo().message_id.notification_ids
        for status, meaning in (("sent", "sent"), ("bounce", "bounced"), ("exception", "failed")):
            told.write({"notification_status": status, "failure_reason": "No route"})
            notice.invalidate_recordset()
            self.assertEqual(notice.mail_status, meaning)
            found = self.Notice.search([("mail_status", "=", meaning)])
            self.assertEqual(found & run.notice_ids, notice)
        self.assertEqual(notice.mail_error, "No route")

    def test_a_cancelled_notice_takes_its_level_back_and_leaves_a_trace(self):
        run = self._send()
        notice = self._of(run, self.customer)
        self.assertEqual(self._level(), 1)
        notice.with_user(self.collector).action_cancel()
        self.assertEqual((notice.state, self._level()), ("cancelled", 0))
        mail = self.env["mail.mail"].search([("recipient_ids", "in", self.customer.ids)])
        self.assertEqual(mail.state, "cancel", "it had not left yet")
        self.assertIn("cancelled by", self.customer.message_ids[0].body)
        self.assertEqual(self._of(self._run(), self.customer).level_number, 1)
        with self.assertRaisesRegex(UserError, "nothing to cancel"):
            notice.action_cancel()

    def test_nothing_sent_is_ever_deleted(self):
        run = self._send()
        with self.assertRaisesRegex(UserError, "cancel it instead"):
            run.notice_ids.sudo().unlink()
        with self.assertRaisesRegex(UserError, "Only runs that sent nothing"):
            run.unlink()
        draft = self._run(partner_ids=[Command.set(self.customer.ids)])
        draft.unlink()

    def test_outside_followers_hear_nothing_of_it(self):
        outsider = self.env["res.partner"].create({"name": "Out", "email": "out@out.example"})
        self.customer.message_subscribe(
            partner_ids=outsider.ids, subtype_ids=self.env["mail.message.subtype"].search([]).ids
        )
        before = self.env["mail.mail"].search_count([])
        run = self._send(partner_ids=[Command.set(self.customer.ids)])
        self.assertEqual(self.env["mail.mail"].search_count([]), before + 1)
        told = run.notice_ids.sudo().message_id.notification_ids.res_partner_id
        self.assertEqual(told, self.customer)

    # ------------------------------------------------------------------ salesperson first
    def test_the_salesperson_is_asked_and_the_collector_takes_over(self):
        self.ladder.level_ids[0].write({"by_email": False, "ask_salesperson": True})
        profile = self.Profile._get_or_create(self.customer, self.company)
        profile.user_id = self.collector
        run = self._send(partner_ids=[Command.set(self.customer.ids)])
        notice = run.notice_ids
        activity = notice.sudo().activity_id
        self.assertEqual((activity.user_id, activity.res_id), (self.salesman, profile.id))
        self.assertEqual(activity.date_deadline, notice.deadline)
        self.assertFalse(self.env["mail.mail"].search([("recipient_ids", "in", self.customer.ids)]))
        self.Run.sudo()._cron_daily()
        self.assertFalse(notice.taken_over, "the deadline is not over")
        with freeze_time(fields.Date.add(notice.deadline, days=1)):
            self.Run.sudo()._cron_daily()
        self.assertTrue(notice.taken_over)
        self.assertEqual(profile.activity_ids.user_id, self.collector)
        told = profile.message_ids[0].notified_partner_ids
        self.assertEqual(told, (self.collector | self.salesman).partner_id)

    def test_a_salesperson_who_logged_something_keeps_the_case(self):
        self.ladder.level_ids[0].write({"by_email": False, "ask_salesperson": True})
        run = self._send(partner_ids=[Command.set(self.customer.ids)])
        notice = run.notice_ids
        notice.sudo().activity_id.with_user(self.salesman).action_feedback("Pays on Friday")
        with freeze_time(fields.Date.add(notice.deadline, days=1)):
            self.Run.sudo()._cron_daily()
        self.assertFalse(notice.taken_over)

    def test_without_salesperson_the_collector_calls(self):
        self.ladder.level_ids[0].write({"by_email": False, "ask_salesperson": True})
        self.customer.user_id = False
        run = self._send(partner_ids=[Command.set(self.customer.ids)])
        self.assertEqual(run.notice_ids.channel, "Phone call")
        self.assertEqual(run.notice_ids.rerouted, "no_salesperson")

    def test_hand_over_is_a_question_to_the_credit_manager(self):
        self.ladder.level_ids[0].hand_over = True
        profile = self.Profile._get_or_create(self.customer, self.company)
        profile.user_id = self.manager
        self._send(partner_ids=[Command.set(self.customer.ids)])
        self.assertEqual(profile.activity_ids.user_id, self.manager)

    # ------------------------------------------------------------------ schedules
    def _schedule(self, **vals):
        return self.env["ar.dunning.schedule"].create(
            {
                "name": "Weekly",
                "company_id": self.company.id,
                "user_id": self.collector.id,
                "next_date": self.today,
                **vals,
            }
        )

    def _scheduled(self):
        return self.Run.search(
            [("company_id", "=", self.company.id), ("scheduled", "=", True)], order="id"
        )

    def test_a_schedule_stops_at_the_proposal(self):
        schedule = self._schedule(next_date=fields.Date.subtract(self.today, days=15))
        self.Run.sudo()._cron_daily()
        run = self._scheduled()
        self.assertEqual((len(run), run.state, len(run.notice_ids)), (1, "proposal", 2))
        self.assertEqual(schedule.next_date, fields.Date.add(self.today, days=6))
        self.assertIn(self.collector.partner_id, run.message_ids[0].notified_partner_ids)
        self.Run.sudo()._cron_daily()
        self.assertEqual(self._scheduled(), run, "once a day at most")

    def test_or_goes_through_for_the_levels_that_may(self):
        self._schedule(go_through=True)
        firm = self._policy("Firm")
        self.Profile._get_or_create(self.other, self.company).dunning_policy_id = firm
        self.ladder.level_ids[0].auto_send = True
        self.Run.sudo()._cron_daily()
        run = self._scheduled()
        self.assertEqual(run.state, "processing")
        run.action_process()
        self.assertEqual(self._of(run, self.customer).state, "sent")
        self.assertEqual(self._of(run, self.other).state, "proposed")
        self.assertEqual(run.state, "proposal")

    # ------------------------------------------------------------------ exclusions
    def test_an_exclusion_is_about_the_customer_it_names(self):
        Exclusion = self.env["ar.dunning.exclusion"]
        vals = {"company_id": self.company.id, "reason": "x", "date_to": self.today}
        contact = self.env["res.partner"].create({"name": "Jo", "parent_id": self.customer.id})
        exclusion = Exclusion.create({**vals, "partner_id": contact.id})
        self.assertEqual(exclusion.partner_id, self.customer)
        with self.assertRaisesRegex(ValidationError, "is an invoice of another customer"):
            Exclusion.create({**vals, "partner_id": self.other.id, "move_id": self.invoice.id})
        with self.assertRaisesRegex(ValidationError, "give a reason"):
            Exclusion.create({**vals, "partner_id": self.other.id, "reason": "  "})

    # ------------------------------------------------------------------ outlook
    def test_the_outlook_says_what_follows_if_nothing_is_paid(self):
        profile = self.Profile._get_or_create(self.customer, self.company)
        self._send()
        steps = profile._make_outlook()
        self.assertEqual(
            [(s.level_id.name, (s.date - self.today).days, s.amount) for s in steps],
            [("Second", 7, 500), ("Third", 14, 500)],
        )
        self._invoice(self.customer, 600, move_type="out_refund")
        self.assertFalse(profile._make_outlook())

    def test_salespeople_see_the_outlook_of_their_customers_only(self):
        profile = self.Profile._get_or_create(self.customer, self.company)
        action = profile.with_user(self.salesman).action_dunning_outlook()
        steps = self.env[action["res_model"]].with_user(self.salesman).search(action["domain"])
        self.assertEqual(steps[0].channel, "E-mail")
        with self.assertRaises(AccessError):
            profile.with_user(self.stranger).action_dunning_outlook()
