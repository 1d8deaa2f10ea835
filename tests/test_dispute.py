"""Disputes: who may open one about what, what it stops, and how it ends."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .claim_common import ClaimCommon
from .common import RpcMixin


@tagged("post_install", "-at_install")
class TestDispute(ClaimCommon):
    # ------------------------------------------------------------------ opening
    def test_salesperson_opens_one_without_accounting_rights(self):
        dispute = self._dispute(self.salesman, note="Half of it was promised free of charge")
        self.assertEqual(dispute.state, "open")
        self.assertEqual((dispute.amount, dispute.line_ids.number), (500, self.move.name))
        self.assertEqual(dispute.reason_group, "invoicing")
        self.assertEqual(dispute.user_id, self.salesman, "the customer's salesperson owns it")
        activity = dispute.sudo().activity_ids
        self.assertEqual((activity.user_id, len(activity)), (self.salesman, 1))
        self.assertEqual(activity.date_deadline, dispute.deadline)

    def test_it_stands_in_the_contact_log(self):
        self._dispute(self.salesman, channel="meeting", note="Half of it came")
        entry = self.env["ar.contact"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual((entry.outcome, entry.channel), ("dispute", "meeting"))
        self.assertEqual((entry.user_id, entry.direction), (self.salesman, "in"))
        self.assertEqual(entry.move_line_ids, self._item())

    def test_form_of_the_salesperson(self):
        action = self.customer.with_user(self.salesman).action_ar_dispute()
        Dispute = self.env["ar.dispute"].with_user(self.salesman).with_context(**action["context"])
        form = Form(Dispute)
        form.reason = "quality"
        with form.line_ids.new() as line:
            line.item_id = self.env["ar.open.item"].browse(self._item().id)
            self.assertEqual(line.amount, 500, "all of it, unless something else is entered")
            line.amount = 120
        dispute = form.save()
        self.assertEqual((dispute.line_ids.amount, dispute.line_ids.owed), (120, 500))
        self.assertEqual(dispute.line_ids.residual, 500)

    def test_invoice_button_fills_in_the_invoice(self):
        self.move.invoice_user_id = self.colleague
        action = self.move.with_user(self.accountant).action_ar_dispute()
        Dispute = self.env["ar.dispute"].with_user(self.accountant)
        form = Form(Dispute.with_context(**action["context"]))
        form.reason = "quantity"
        dispute = form.save()
        self.assertEqual(dispute.line_ids.move_line_id, self._item())
        self.assertEqual(dispute.user_id, self.colleague, "the invoice's salesperson")
        self.assertEqual(self.move.with_user(self.accountant).ar_dispute_count, 1)
        found = self.env["ar.dispute"].search(self.move.action_ar_disputes()["domain"])
        self.assertEqual(found, dispute)
        self._pay(self.move)
        with self.assertRaisesRegex(UserError, "Nothing of this invoice is open"):
            self.move.action_ar_dispute()

    def test_bad_input_is_refused_with_what_to_do(self):
        other = self._new_customer("Other")
        theirs = self._invoice(other, 100)
        paid = self._invoice(self.customer, 70)
        self._pay(paid)
        draft = self._invoice(self.customer, 70, post=False)
        for move, amount, message in (
            (theirs, 100, "not one of Customer"),
            (paid, 70, "paid already"),
            (draft, 70, "is no posted invoice"),
            (self.move, 500.01, "only .*500.00.* is open: enter that or less"),
        ):
            with self.subTest(message=message), self._refused(message):
                self._dispute(move=move, amount=amount, partner_id=self.customer.id)
        with self._refused("at least one open invoice"):
            self._dispute(line_ids=[])
        with self._refused("no contact of Customer"):
            self._dispute(contact_id=other.id)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            with self.env.cr.savepoint():
                self._dispute(amount=-5)

    def test_an_item_has_one_open_dispute(self):
        first = self._dispute(amount=100)
        with self._refused("open dispute about .* already"):
            self._dispute(self.salesman, amount=100)
        first._resolve("rejected", "Checked")
        self.assertTrue(self._dispute(amount=100))

    # ------------------------------------------------------------------ what it stops
    def test_disputed_item_leaves_dunning_until_resolved(self):
        dispute = self._dispute(self.salesman)
        run = self._run()
        self.assertEqual(self._reason(run), "disputed")
        self.assertFalse(run.notice_ids)
        dispute.with_user(self.collector)._resolve("rejected", "The price was agreed")
        self.assertEqual(self._run().notice_ids.amount, 500)

    def test_rest_of_an_item_disputed_in_part_is_chased(self):
        self._dispute(amount=150)
        notice = self._run().notice_ids
        self.assertEqual(notice.amount, 350)
        self.assertEqual(notice.line_ids.residual, 350)

    def test_dispute_opened_between_review_and_sending_stops_the_notice(self):
        run = self._run()
        self._dispute()
        self._send(run)
        self.assertEqual(run.left_out_ids.filtered("at_sending").reason, "disputed")

    def test_position_shows_it_apart(self):
        self.assertEqual(self._position().disputed, 0)
        dispute = self._dispute(amount=150)
        position = self._position()
        self.assertEqual((position.disputed, position.overdue), (150, 500))
        self._pay(self.move, 400)
        self.assertEqual(self._position().disputed, 100, "never more than is open")
        dispute.action_cancel()
        self.assertEqual(self._position().disputed, 0)
        self.assertEqual(self._position(as_of=self.today).disputed, 0)

    def test_position_of_a_foreign_item_is_in_company_currency(self):
        foreign = self.setup_other_currency("EUR", rates=[("2010-01-01", 0.5)])
        move = self._invoice(self.customer, 300, currency=foreign)
        dispute = self._dispute(move=move, amount=100)
        self.assertEqual(dispute.line_ids.currency_id, foreign)
        self.assertEqual((dispute.amount, self._position().disputed), (200, 200))

    def test_widget_shows_a_chip_and_offers_a_dispute(self):
        self._dispute(amount=150)
        widget = self.customer.with_user(self.salesman).ar_widget
        self.assertEqual(widget["disputed"], 150)
        self.assertIn("dispute", [chip["key"] for chip in widget["chips"]])
        self.assertTrue(widget["actions"]["dispute"])
        auditor = self.customer.with_user(self.auditor).ar_widget
        self.assertFalse(auditor["actions"]["dispute"])
        unseen = self.customer.with_user(self.stranger).ar_widget
        self.assertNotIn("dispute", [chip["key"] for chip in unseen["chips"]])
        self.assertNotIn("dispute", unseen["actions"])

    # ------------------------------------------------------------------ the end of it
    def test_credit_note_resolves_it(self):
        dispute = self._dispute(amount=150)
        with self.assertRaisesRegex(UserError, "choose the one that settles"):
            dispute._resolve("credit_note", "Price list was old")
        foreign = self._invoice(self._new_customer("Other"), 150, move_type="out_refund")
        draft = self._invoice(self.customer, 150, move_type="out_refund", post=False)
        for refund in (foreign, draft, self.move):
            with self.assertRaisesRegex(UserError, "no posted credit note of Customer"):
                dispute._resolve("credit_note", "Price list was old", refund=refund)
        draft.action_post()
        wizard = Form(
            self.env["ar.dispute.resolve"]
            .with_user(self.accountant)
            .with_context(default_dispute_id=dispute.id)
        )
        wizard.refund_id = draft
        wizard.note = "Price list was old"
        wizard.save().action_resolve()
        self.assertEqual((dispute.state, dispute.justified), ("resolved", True))
        self.assertEqual((dispute.refund_id, dispute.resolved_by_id), (draft, self.accountant))
        self.assertFalse(dispute.line_ids.is_open)
        self.assertFalse(dispute.activity_ids)
        with self.assertRaisesRegex(UserError, "closed already"):
            dispute._resolve("rejected", "again")

    def test_resolution_needs_words(self):
        with self.assertRaisesRegex(UserError, "say why"):
            self._dispute()._resolve("rejected", "  ")

    def test_rejected_one_weighs_on_the_score_and_a_justified_one_does_not(self):
        score = self.env["ar.score"]

        def marks():
            score._flush()
            return self.env.execute_query(score._marks()[-1])

        dispute = self._dispute()
        self.assertEqual(marks(), [(self.move.id, True, None)])
        self.assertEqual(self._scoring("dispute"), 0)
        dispute._resolve("compromise", "Half", justified=True)
        self.assertEqual(marks(), [(self.move.id, False, self.today)])
        self.assertEqual(self._scoring("dispute"), 0)
        self._dispute()._resolve("rejected", "No ground")
        self.assertGreater(self._scoring("dispute"), 0.9)
        news = self.env["ar.score.news"].search([("partner_id", "=", self.customer.id)])
        self.assertTrue(news, "the customer is scored anew by the next run")

    def test_past_the_deadline_owner_and_responsible_hear_of_it_once(self):
        dispute = self._dispute(self.salesman).sudo()
        Dispute = self.env["ar.dispute"].sudo()  # as the scheduler does
        Dispute._cron_remind()
        self.assertFalse(dispute.reminded, "not yet")
        dispute.deadline = self.today - timedelta(days=1)
        self.assertEqual(Dispute.search([("late", "=", True)]), dispute)
        profile = self.Profile._get_or_create(self.customer, self.company)
        profile.user_id = self.collector
        Dispute._cron_remind()
        Dispute._cron_remind()
        late = self.env.ref("ar_credit_control.activity_dispute_late")
        told = dispute.activity_ids.filtered(lambda a: a.activity_type_id == late)
        self.assertEqual((told.user_id, len(told)), (self.collector, 1))
        dispute.deadline = self.today + timedelta(days=5)
        self.assertFalse(dispute.reminded or dispute.late, "a new deadline is a new chance")

    def test_report_counts_by_cause(self):
        self._dispute(amount=150)._resolve("rejected", "x")
        self._dispute(amount=50, reason="quality")
        groups = self.env["ar.dispute"]._read_group(
            [("partner_id", "=", self.customer.id)], ["reason_group"], ["amount:sum"]
        )
        self.assertEqual(dict(groups), {"invoicing": 150, "product": 50})

    def test_deadline_comes_from_the_policy(self):
        self.policy.dispute_days = 5
        self.assertEqual(self._dispute().deadline, self.today + timedelta(days=5))
        self.assertIn("Wrong price", self._dispute_name())

    def _dispute_name(self):
        return self.env["ar.dispute"].search([], limit=1).display_name


@tagged("post_install", "-at_install")
class TestDisputeAccess(ClaimCommon):
    """Tries to get past the rights of disputes as a program would."""

    def test_only_for_ones_own_customers(self):
        for user in (self.stranger, self.auditor, self.owner):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._dispute(user)
        theirs = self._new_customer("Theirs", user_id=self.stranger.id)
        invoice = self._invoice(theirs, 90)
        with self.assertRaises(AccessError):
            self._dispute(self.salesman, move=invoice)
        with self.assertRaises(ValidationError):  # another's item below one's own customer
            self._dispute(self.salesman, move=invoice, partner_id=self.customer.id)
        portal = self._new_user("ar_portal_x", "base.group_portal")
        with self.assertRaises(AccessError):
            self._dispute(portal)

    def test_who_sees_it(self):
        dispute = self._dispute(user_id=self.owner.id)
        plain = self._new_user("ar_plain_x", "base.group_user")
        for user, seen in (
            (self.salesman, True),
            (self.colleague, True),
            (self.stranger, False),
            (self.seller_all, True),
            (self.collector, True),
            (self.auditor, True),
            (self.accountant, True),
            (self.owner, True),
            (plain, False),
        ):
            with self.subTest(user=user.login):
                found = self.env["ar.dispute"].with_user(user).search([("id", "=", dispute.id)])
                self.assertEqual(bool(found), seen)
                lines = self.env["ar.dispute.line"].with_user(user)
                self.assertEqual(bool(lines.search([("dispute_id", "=", dispute.id)])), seen)
                if seen:
                    found.invalidate_recordset()
                    self.assertEqual(found.line_ids.residual, 500)

    def test_nobody_writes_what_buttons_decide(self):
        dispute = self._dispute(self.salesman)
        for user in (self.salesman, self.collector, self.manager, self.accountant):
            for vals in (
                {"state": "resolved"},
                {"justified": True},
                {"resolution": "rejected"},
                {"amount": 1.0},
                {"partner_id": self.customer.id},
                {"resolved_by_id": user.id},
            ):
                with self.subTest(user=user.login, vals=vals), self.assertRaises(AccessError):
                    dispute.with_user(user).write(vals)
            with self.assertRaises(AccessError):
                self._dispute(user, state="resolved")
            with self.assertRaises(AccessError):
                dispute.with_user(user).unlink()
            with self.assertRaises(AccessError):
                dispute.line_ids.with_user(user).write({"is_open": False})

    def test_defaults_of_a_context_or_a_user_decide_nothing(self):
        self.env["ir.default"].with_user(self.salesman).set(
            "ar.dispute", "resolution", "rejected", user_id=True
        )
        prefilled = self.env["ar.dispute"].with_context(
            default_state="resolved", default_justified=True, default_note="Two boxes"
        )
        dispute = prefilled.with_user(self.salesman).create(
            {
                "partner_id": self.customer.id,
                "reason": "price",
                "line_ids": [self._line(None, None)],
            }
        )
        self.assertEqual((dispute.state, dispute.justified), ("open", False))
        self.assertFalse(dispute.resolution)
        self.assertEqual(dispute.note, "Two boxes", "what users may write, they may prefill")

    def test_owner_writes_what_he_found_and_nothing_else(self):
        dispute = self._dispute(user_id=self.owner.id).with_user(self.owner)
        dispute.finding = "Two boxes were missing"
        dispute.message_post(body="Asked the warehouse")
        for vals in ({"deadline": self.today}, {"user_id": self.salesman.id}, {"reason": "other"}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                dispute.write(vals)
        for method in ("action_resolve", "action_cancel"):
            with self.subTest(method=method), self.assertRaises(AccessError):
                getattr(dispute, method)()
        with self.assertRaises(AccessError):
            dispute._resolve("rejected", "mine")
        with self.assertRaises(AccessError):
            self.env["ar.dispute.resolve"].with_user(self.owner).create({"dispute_id": dispute.id})
        with self.assertRaises(AccessError):
            dispute.line_ids.write({"amount": 1})

    def test_salesperson_takes_back_his_own_and_no_other(self):
        mine = self._dispute(self.salesman)
        with self.assertRaises(AccessError):
            mine.with_user(self.colleague).action_cancel()
        mine.action_cancel()
        self.assertEqual(mine.state, "cancelled")

    def test_other_companies_see_nothing(self):
        dispute = self._dispute()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._new_user("ar_foreign_x", "ar_credit_control.group_credit_manager")
        foreign.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        for record in (dispute, dispute.line_ids):
            self.assertFalse(record.with_user(foreign).search([("id", "in", record.ids)]))
            with self.assertRaises(AccessError):
                record.with_user(foreign).read(["amount"])

    def test_what_is_written_stays_in_the_house(self):
        """The customer is neither follower nor recipient of what is said about the dispute."""
        self.customer.email = "pay@customer.example"
        dispute = self._dispute()
        dispute.message_subscribe(self.collector.partner_id.ids)
        message = dispute.message_post(body="They are right", message_type="comment")
        self.assertNotIn(self.customer, dispute.message_partner_ids | message.partner_ids)
        self.assertNotIn(self.customer, message.notified_partner_ids)
        suggested = dispute._message_get_suggested_recipients()
        self.assertNotIn(self.customer.id, [row.get("partner_id") for row in suggested])


@tagged("post_install", "-at_install")
class TestDisputeTour(RpcMixin, ClaimCommon, HttpCase):
    def test_rpc_refuses_foreign_customers(self):
        theirs = self._new_customer("Theirs", user_id=self.stranger.id)
        item = self._item(self._invoice(theirs, 90))
        self.authenticate(self.salesman.login, self.salesman.login)
        lines = [[0, 0, {"item_id": item.id}], [0, 0, {"move_line_id": item.id}]]
        for partner in (theirs, self.customer):
            for line in lines:
                vals = {"partner_id": partner.id, "reason": "price", "line_ids": [line]}
                with self.subTest(partner=partner.name):
                    self.assertIn("error", self._call("ar.dispute", "create", [vals]))
        self.assertIn("error", self._call("ar.dispute", "_resolve", [[1], "rejected", "x"]))
        self.assertFalse(self.env["ar.dispute"].search([("partner_id", "=", theirs.id)]))

    def test_salesperson_opens_a_dispute_from_the_quotation(self):
        self.customer.name = "Refusing & Sons"
        self._order(self.customer, 10)
        self.start_tour(
            "/odoo/action-sale.action_quotations",
            "ar_dispute_salesperson",
            login=self.salesman.login,
        )
        dispute = self.env["ar.dispute"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual((dispute.reason, dispute.amount), ("quantity", 200))
        self.assertEqual(dispute.create_uid, self.salesman)
        self.assertEqual(dispute.date, fields.Date.context_today(dispute))
