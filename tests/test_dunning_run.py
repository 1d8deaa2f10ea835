"""Proposal, review and sending of a dunning run, as the people who do it see them."""

from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .dunning_common import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningRun(DunningCommon):
    def test_from_proposal_to_the_mail_queue(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        self._invoice(self.customer, 50, due=-10)
        self._invoice(self.customer, 70, due=10)
        run = self._run()
        notice = run.notice_ids
        self.assertEqual(run.state, "proposal")
        self.assertEqual(notice.partner_id, self.customer)
        self.assertEqual(notice.recipient_id, self.customer)
        self.assertEqual((notice.level_number, notice.amount, notice.item_count), (1, 150, 2))
        self.assertEqual(notice.days, 30)
        self.assertEqual(notice.deadline, fields.Date.add(self.today, days=5))
        self.assertTrue(notice.by_email)
        self.assertIn(invoice.name, notice.preview)
        self.assertEqual(self._level(), 0)

        self._send(run)
        self.assertEqual((run.state, notice.state, run.progress), ("done", "sent", 100))
        self.assertEqual(self._level(), 1)
        mail = self.env["mail.mail"].sudo().search([("recipient_ids", "in", self.customer.ids)])
        self.assertEqual((mail.state, notice.mail_status), ("outgoing", "waiting"))
        self.assertIn(invoice.name, mail.body_html)
        self.assertIn(notice.body, mail.body_html)
        self.assertIn("First", self.customer.message_ids[0].body)
        self.assertTrue(self.customer.message_ids[0].is_internal)

    def test_statements_of_sending_do_not_grow_with_the_notices(self):
        counts = []
        for size in (3, 3, 9):  # the first run also compiles the texts
            customers = self.customer.create(
                [
                    {"name": f"Late payer {at}", "email": f"late{at}@customer.example"}
                    for at in range(size)
                ]
            )
            for customer in customers:
                self._invoice(customer, 100, due=-30)
            run = self._run(partner_ids=[Command.set(customers.ids)])
            run.action_confirm()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            run.action_process()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(run.notice_ids.mapped("state"), ["sent"] * size)
            self.assertEqual([self._level(customer) for customer in customers], [1] * size)
        self.assertLessEqual(counts[2], counts[1])

    def test_levels_are_climbed_one_at_a_time_and_fall_back_when_paid(self):
        old = self._invoice(self.customer, 100, due=-90)
        self._invoice(self.customer, 50, due=-6)
        for number, age in ((1, 30), (2, 20), (3, 10)):
            run = self._send()
            self.assertEqual(run.notice_ids.level_number, number)
            self.assertEqual(self._level(), number)
            self._age(run, age)
        self.assertFalse(self._run().notice_ids)
        self._pay(old)
        self.Profile._refresh_dunning(self.company)
        self.assertEqual(self._level(), 1)

    def test_not_before_the_interval_since_the_last_contact(self):
        self._invoice(self.customer, 100, due=-90)
        first = self._send()
        self._age(first, 6)
        run = self._run()
        self.assertFalse(run.notice_ids)
        self.assertEqual(run.left_out_ids.mapped("reason"), ["interval"])
        self._age(first, 7)
        self.assertEqual(self._run().notice_ids.level_number, 2)

    def test_nothing_is_sent_twice(self):
        self._invoice(self.customer, 100, due=-6)
        self._send()
        self.assertFalse(self._run().notice_ids)
        with self.assertRaisesRegex(UserError, "no notice that can be sent"):
            self._run().action_confirm()

    def test_two_runs_with_the_same_notice_send_it_once(self):
        self._invoice(self.customer, 100, due=-6)
        one, two = self._run(), self._run()
        self._send(one)
        self._send(two)
        self.assertEqual(one.notice_ids.state, "sent")
        self.assertEqual(two.notice_ids.state, "dropped")
        self.assertEqual(two.state, "done")

    # ------------------------------------------------------------------ the last look
    def test_what_was_paid_since_falls_out_and_says_so(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        other = self._invoice(self.customer, 50, due=-30)
        run = self._run()
        run.action_confirm()
        self._pay(invoice)
        run.action_process()
        notice = run.notice_ids
        self.assertEqual((notice.state, notice.amount, notice.item_count), ("sent", 50, 1))
        self.assertEqual(notice.line_ids.name, other.name)
        self.assertEqual(notice.left_out_ids.mapped("reason"), ["paid"])
        self.assertTrue(notice.left_out_ids.at_sending)
        self.assertNotIn(invoice.name, notice.body)

    def test_a_notice_with_nothing_left_falls_out(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        run = self._run()
        run.action_confirm()
        self._pay(invoice)
        run.action_process()
        self.assertEqual(run.notice_ids.state, "dropped")
        self.assertEqual(run.notice_ids.problem, "Paid in the meantime")
        self.assertEqual((run.state, self._level()), ("done", 0))

    def test_a_notice_that_lost_its_items_falls_out(self):
        self._invoice(self.customer, 100, due=-30)
        run = self._run()
        run.action_confirm()
        run.notice_ids.sudo()._take_out(run.notice_ids.line_ids.ids)
        run.action_process()
        self.assertEqual(run.notice_ids.state, "dropped")
        self.assertEqual(run.notice_ids.problem, "Paid in the meantime")

    def test_the_last_look_changes_only_notices_with_news(self):
        """Each with all of its items, of which one may have changed."""
        other = self._new_customer("Other", email="other@customer.example")
        for partner in (self.customer, other):
            moves = [self._invoice(partner, 100 + n, due=-30) for n in range(3)]
        run = self._run()
        run.action_confirm()
        self._pay(moves[1], 60)
        before = run.notice_ids._read_lines()
        run.action_process()
        same, changed = run.notice_ids.sorted(lambda notice: notice.partner_id.name)
        self.assertEqual(run.notice_ids.mapped("state"), ["sent", "sent"])
        self.assertEqual(same._read_lines()[same.id], before[same.id])
        self.assertEqual((same.amount, changed.amount), (303, 243))
        self.assertEqual(changed.line_ids.mapped("residual"), [100, 41, 102])

    def test_confirming_takes_one_statement_for_all_notices(self):
        for number in range(5):
            partner = self._new_customer(f"C{number}", email=f"c{number}@customer.example")
            self._invoice(partner, 100, due=-30)
        run = self._run().sudo()
        held, *ready = run.notice_ids
        held.problem = "Not yet"
        self.env.flush_all()
        with self.assertQueryCount(1):
            run._queue()
        self.assertEqual(held.state, "proposed")
        self.assertEqual({notice.state for notice in ready}, {"queued"})
        with self.assertRaisesRegex(UserError, "no notice that can be sent"):
            run._queue()

    def test_a_part_payment_lowers_the_amount(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        run = self._run()
        run.action_confirm()
        self._pay(invoice, 40)
        run.action_process()
        self.assertEqual((run.notice_ids.state, run.notice_ids.amount), ("sent", 60))

    def test_an_exclusion_since_the_review_counts(self):
        self._invoice(self.customer, 100, due=-30)
        run = self._run()
        run.action_confirm()
        self._exclude()
        run.action_process()
        self.assertEqual(run.notice_ids.state, "dropped")
        self.assertEqual(run.left_out_ids.mapped("reason"), ["excluded"])

    # ------------------------------------------------------------------ never chased
    def _exclude(self, move=None, days=10, **vals):
        return self.env["ar.dunning.exclusion"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "move_id": move and move.id,
                "reason": "Waits for a credit note",
                "date_to": fields.Date.add(self.today, days=days),
                **vals,
            }
        )

    def test_exclusions_by_hand_are_visible_with_their_reason(self):
        kept = self._invoice(self.customer, 100, due=-30)
        out = self._invoice(self.customer, 50, due=-30)
        exclusion = self._exclude(out)
        run = self._run()
        self.assertEqual(run.notice_ids.line_ids.name, kept.name)
        left = run.left_out_ids
        self.assertEqual((left.name, left.reason, left.amount), (out.name, "excluded", 50))
        self.assertIn("Waits for a credit note", left.note)
        exclusion.date_to = fields.Date.subtract(self.today, days=1)
        self.assertEqual(self._run().notice_ids.amount, 150)

    def test_credit_covers_the_oldest_items(self):
        oldest = self._invoice(self.customer, 100, due=-30)
        self._invoice(self.customer, 50, due=-20)
        self._invoice(self.customer, 120, move_type="out_refund")
        run = self._run()
        self.assertEqual(run.notice_ids.amount, 30)
        self.assertEqual(run.notice_ids.line_ids.covered, 20)
        self.assertEqual(run.left_out_ids.mapped("name"), [oldest.name])
        self.assertEqual(run.left_out_ids.reason, "covered")

    def test_an_account_in_credit_gets_no_reminder(self):
        self._invoice(self.customer, 100, due=-30)
        self._invoice(self.customer, 100, move_type="out_refund")
        run = self._run()
        self.assertFalse(run.notice_ids)
        self.assertTrue(run.left_out_ids)

    def test_a_registered_payment_counts_before_it_is_booked(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        other = self._invoice(self.customer, 40, due=-60)
        journal = self.company_data["default_journal_bank"]
        journal.inbound_payment_method_line_ids.payment_account_id = False
        full_accounting = patch.object(
            self.env.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda _self: "in_payment",
        )
        with full_accounting:
            payment = self._pay(invoice)
        self.assertFalse(payment.move_id)
        run = self._run()
        self.assertEqual(run.notice_ids.line_ids.name, other.name)
        self.assertEqual(run.left_out_ids.mapped("reason"), ["payment"])

    # ------------------------------------------------------------------ currencies, recipients
    def test_one_notice_for_each_currency(self):
        self._invoice(self.customer, 100, due=-30)
        other = self.env.ref("base.GBP")
        other.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": other.id,
                "name": "2020-01-01",
                "company_id": self.company.id,
                "rate": 2.0,
            }
        )
        self._invoice(self.customer, 50, due=-30, currency=other)
        run = self._send()
        self.assertEqual(
            sorted((n.currency_id.name, n.amount, n.state) for n in run.notice_ids),
            [("GBP", 50, "sent"), (self.company.currency_id.name, 100, "sent")],
        )

    def test_the_invoice_contact_gets_it_in_its_language(self):
        self.env["res.lang"]._activate_lang("it_IT")
        self.template.with_context(lang="it_IT").subject = "Promemoria"
        contact = self.env["res.partner"].create(
            {
                "name": "Accounts",
                "type": "invoice",
                "parent_id": self.customer.id,
                "email": "accounts@customer.example",
                "lang": "it_IT",
            }
        )
        self._invoice(self.customer, 100, due=-30)
        run = self._send()
        self.assertEqual(run.notice_ids.recipient_id, contact)
        self.assertEqual(run.notice_ids.subject, "Promemoria")

    def test_the_dunning_contact_comes_first(self):
        contact = self.env["res.partner"].create(
            {"name": "Boss", "parent_id": self.customer.id, "email": "boss@customer.example"}
        )
        profile = self.Profile._get_or_create(self.customer, self.company)
        profile.dunning_contact_id = contact
        self._invoice(self.customer, 100, due=-30)
        self.assertEqual(self._run().notice_ids.recipient_id, contact)

    def test_without_address_the_fallback_channel_is_used_and_listed(self):
        self._invoice(self.customer, 100, due=-30)
        for email, street, fallback, channels, why in (
            ("a@b.example", "1 Road", "letter", (True, False, False), False),
            (False, "1 Road", "letter", (False, True, False), "no_email"),
            ("not an address", "1 Road", "letter", (False, True, False), "no_email"),
            (False, "1 Road", "call", (False, False, True), "no_email"),
            (False, False, "letter", (False, False, True), "no_email"),
        ):
            with self.subTest(email=email, street=street, fallback=fallback):
                self.customer.write({"email": email, "street": street})
                self.ladder.fallback_channel = fallback
                run = self._run()
                notice = run.notice_ids
                self.assertEqual((notice.by_email, notice.by_letter, notice.by_call), channels)
                self.assertEqual(notice.rerouted, why)
                self.assertEqual(run.rerouted_count, int(bool(why)))
        self._send(run)
        self.assertEqual(run.notice_ids.state, "sent")
        profile = self.Profile._get_or_create(self.customer, self.company)
        self.assertTrue(profile.activity_ids)

    def test_a_blacklisted_address_is_no_address(self):
        self.env["mail.blacklist"].create({"email": self.customer.email})
        self._invoice(self.customer, 100, due=-30)
        self.assertEqual(self._run().notice_ids.rerouted, "no_email")

    # ------------------------------------------------------------------ dates, simulation
    def test_a_later_date_is_a_simulation(self):
        self._invoice(self.customer, 100, due=2)
        self.assertFalse(self._run().notice_ids)
        run = self._run(fields.Date.add(self.today, days=10))
        self.assertEqual(run.notice_ids.level_number, 1)
        self.assertTrue(run.is_simulation)
        with self.assertRaisesRegex(UserError, "is a simulation: set today's date"):
            run.action_confirm()

    def test_a_date_before_the_last_run_is_refused(self):
        self._invoice(self.customer, 100, due=-30)
        self._send()
        with self.assertRaisesRegex(UserError, "before the last run"):
            self._run(fields.Date.subtract(self.today, days=1))

    def test_only_some_customers_or_policies(self):
        other = self._new_customer("Other", email="o@o.example")
        firm = self._policy("Firm")
        self.Profile._get_or_create(other, self.company).dunning_policy_id = firm
        for partner in (self.customer, other):
            self._invoice(partner, 100, due=-30)
        self.assertEqual(self._run().notice_ids.partner_id, self.customer | other)
        run = self._run(partner_ids=[fields.Command.set(other.ids)])
        self.assertEqual(run.notice_ids.partner_id, other)
        self.assertEqual(run.notice_ids.policy_reason, "set for this customer")
        run = self._run(policy_ids=[fields.Command.set(self.ladder.ids)])
        self.assertEqual(run.notice_ids.partner_id, self.customer)
        self.assertEqual(run.notice_ids.policy_reason, "the company's policy")

    def test_proposing_again_replaces_the_proposal(self):
        self._invoice(self.customer, 100, due=-30)
        run = self._run()
        self._invoice(self.customer, 50, due=-30)
        run.action_propose()
        self.assertEqual((len(run.notice_ids), run.notice_ids.amount), (1, 150))
        self._send(run)
        with self.assertRaisesRegex(UserError, "is Done"):
            run.action_propose()
