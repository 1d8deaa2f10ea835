"""What a delivery problem means elsewhere, who may do what with it, and what its deadline does."""

from lxml import etree
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .dunning_common import DunningCommon
from .exchange_common import ExchangeCommon


@tagged("post_install", "-at_install")
class TestDeliveryProblem(ExchangeCommon, DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._invoice(cls.customer, 300, due=-30)
        for place, move in enumerate((cls.invoice, cls.other)):
            sent = cls.now.replace(tzinfo=None)
            name = f"IT01234567890_0000{place + 1}.xml"
            cls.env["ar.exchange.transmission"]._note_sent(
                "sdi", [(move, name, "", fields.Datetime.subtract(sent, days=2))]
            )

    def _chased(self):
        run = self._run().sudo()
        return run.notice_ids.line_ids.move_line_id.move_id, run.left_out_ids

    def _widget(self):
        self.customer.invalidate_recordset()
        return self.customer.with_user(self.salesman).with_company(self.company).ar_widget

    # ------------------------------------------------------------------ elsewhere
    def test_an_invoice_that_was_not_issued_is_not_chased(self):
        self.assertEqual(self._chased()[0], self.invoice | self.other)
        self._take(self._raw("NS"))
        chased, left_out = self._chased()
        self.assertEqual(chased, self.other)
        line = left_out.filtered(lambda found: found.reason == "not_issued")
        self.assertEqual(line.move_line_id.move_id, self.invoice)
        self.assertIn("00305", line.note)

    def test_each_outcome_has_its_reason(self):
        for kind, reason in (("MC", "not_delivered"), ("NE", "disputed")):
            with self.subTest(kind=kind):
                self._take(self._raw(kind, hours=ord(kind[0]) - 76))
                self.assertIn(reason, self._chased()[1].mapped("reason"))

    def test_reminders_go_on_when_it_arrived_or_is_doubtful(self):
        self._take(self._raw("MC"), source="mail")
        self.assertIn(self.invoice, self._chased()[0])
        problem = self._problem()
        problem.with_user(self.collector).action_confirm()
        self.assertNotIn(self.invoice, self._chased()[0])
        self._take(self._raw("RC", hours=1))
        self.assertIn(self.invoice, self._chased()[0])

    def test_score_takes_what_was_not_issued_for_never_owed(self):
        marks = {}

        def read():
            for query in self.env["ar.score"]._marks():
                for move, disputed, void in self.env.execute_query(query):
                    if move == self.invoice.id:
                        marks[move] = disputed, void

        self._take(self._raw("NS"))
        read()
        self.assertEqual(marks[self.invoice.id], (False, self._problem().opened_on))
        news = self.env["ar.score.news"].search([("partner_id", "=", self.customer.id)])
        self.assertTrue(news)
        self._problem().sudo()._close("hand")
        marks.clear()
        read()
        self.assertFalse(marks)

    def test_widget_shows_it_to_the_salesperson(self):
        self.assertNotIn("delivery", [chip["key"] for chip in self._widget()["chips"]])
        self._take(self._raw("NS"), self._raw("MC", self.other, file="IT01234567890_00002.xml"))
        chip = next(chip for chip in self._widget()["chips"] if chip["key"] == "delivery")
        self.assertEqual((chip["tone"], chip["label"]), ("danger", "Rejected by the exchange: 1"))
        self._problem().sudo()._close("hand")
        chip = next(chip for chip in self._widget()["chips"] if chip["key"] == "delivery")
        self.assertEqual(chip["tone"], "warning")

    def test_flag_on_the_invoice_and_in_lists(self):
        self._take(self._raw("NS"))
        moves = self.env["account.move"].with_user(self.accountant)
        invoice = moves.browse(self.invoice.id)
        self.assertEqual(invoice.ar_delivery_state, "not_issued")
        self.assertIn("IdCodice", invoice.ar_delivery_text)
        domain = [("partner_id", "=", self.customer.id)]
        self.assertEqual(moves.search([*domain, ("ar_delivery_state", "!=", False)]), invoice)
        self.assertNotIn(invoice, moves.search([*domain, ("ar_delivery_state", "=", False)]))
        self.assertFalse(moves.search([*domain, ("ar_delivery_state", "=", "disputed")]))
        self.assertEqual(invoice.action_open_delivery_problems()["res_id"], self._problem().id)
        form = Form(invoice)
        self.assertEqual(form.ar_delivery_state, "not_issued")

    def test_a_refusal_is_a_dispute_with_the_buyers_reason(self):
        self._take(self._raw("NE", reason="Importo errato"))
        problem = self._problem()
        dispute = problem.dispute_id
        self.assertEqual((dispute.state, dispute.note), ("open", "Importo errato"))
        self.assertEqual(dispute.line_ids.move_line_id, self._item(self.invoice))
        self.assertEqual(problem.action_open_dispute()["res_id"], dispute.id)
        self._take(self._raw("NE", hours=5, answer="EC01"))
        self.assertEqual(problem.state, "open", "two answers without a time: the first stands")
        sent = fields.Datetime.now()
        name = "IT01234567890_00008.xml"
        self.env["ar.exchange.transmission"]._note_sent("sdi", [(self.invoice, name, "", sent)])
        self._take(self._raw("RC", file=name, hours=23))
        self.assertEqual((problem.state, dispute.state), ("closed", "cancelled"))

    def test_what_is_disputed_already_is_not_disputed_twice(self):
        item = self._item(self.invoice)
        self.env["ar.dispute"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "reason": "price",
                "note": "x",
                "line_ids": [fields.Command.create({"move_line_id": item.id})],
            }
        )
        self._take(self._raw("NE"))
        self.assertFalse(self._problem().dispute_id)

    def test_figures(self):
        self._take(self._raw("NS"), self._raw("MC", self.other, file="IT01234567890_00002.xml"))
        self._problem(self.other).sudo()._close("hand")
        self.env.flush_all()
        report = self.env["ar.delivery.report"].with_user(self.auditor)
        own = [("partner_id", "=", self.customer.id)]
        by_code = dict(report._read_group(own, ["code"], ["problem_id:count_distinct"]))
        self.assertEqual(by_code, {"00305": 1, "00311": 1, "MC": 1})
        total = report._read_group(own, [], ["problem_id:count_distinct", "days_to_fix:avg"])
        self.assertEqual(total[0][0], 2)
        closed = report._read_group([*own, ("state", "=", "closed")], [], ["days_to_fix:avg"])
        self.assertEqual(closed[0][0], self._problem(self.other).age)
        with self.assertRaises(AccessError):
            report.with_user(self.salesman).search(own)

    # ------------------------------------------------------------------ its life
    def test_corrected_then_waiting(self):
        self._take(self._raw("NS"))
        problem = self._problem().with_user(self.accountant)
        problem.action_fixed()
        self.assertEqual((problem.state, problem.fixed_on), ("fixed", self._today()))
        self.assertFalse(problem.sudo().activity_ids)
        self.assertIn("awaited", problem.task)

    def test_sending_again_is_a_correction(self):
        self._take(self._raw("NS"))
        sent = fields.Datetime.now()
        self.env["ar.exchange.transmission"]._note_sent(
            "sdi", [(self.invoice, "IT01234567890_00009.xml", "", sent)]
        )
        answer = (
            b'<rispostaSdIRiceviFile xmlns="http://www.fatturapa.gov.it/sdi/ws/trasmissione/v1.0/'
            b'types"><IdentificativoSdI>777</IdentificativoSdI></rispostaSdIRiceviFile>'
        )
        self.env["ar.exchange.transmission"].search(
            [("key", "=", "IT01234567890_00009")]
        ).sudo().exchange_id = "777"
        self._take(answer)
        self.assertEqual(self._problem().state, "fixed")

    def test_a_cancelled_invoice_waits_for_nothing(self):
        self._take(self._raw("NS"))
        self.invoice.button_draft()
        self.assertEqual(self._problem().state, "open", "corrected as a draft, then sent again")
        self.invoice.button_cancel()
        problem = self._problem()
        self.assertEqual((problem.state, problem.close_reason), ("closed", "void"))
        self.assertFalse(problem.activity_ids)

    def test_by_hand_and_open_again(self):
        self._take(self._raw("MC"))
        problem = self._problem().with_user(self.collector)
        problem.action_close()
        self.assertEqual((problem.state, problem.close_reason), ("closed", "hand"))
        problem.action_reopen()
        self.assertEqual(problem.state, "open")
        self.assertTrue(problem.activity_ids)
        self._take(self._raw("RC", hours=3))
        with self.assertRaises(UserError):
            problem.action_reopen()

    def test_a_refusal_after_a_failed_delivery_is_the_same_problem(self):
        self._take(self._raw("MC"))
        problem = self._problem()
        problem.user_id = self.accountant
        self._take(self._raw("NE", hours=2, reason="Importo errato"))
        self.assertEqual(self._problem(), problem)
        self.assertEqual((problem.outcome, problem.text), ("refused_by_buyer", "Importo errato"))
        self.assertEqual(problem.user_id, self.accountant)

    def test_managers_are_told_once_before_the_deadline(self):
        self._take(self._raw("NS"))
        problem = self._problem().sudo()
        problem.deadline = fields.Date.add(self._today(), days=2)
        self.Problem.sudo()._cron_escalate()
        self.assertFalse(problem.escalated_on)
        problem.deadline = fields.Date.add(self._today(), days=1)
        self.assertEqual(problem.urgency, "soon")
        before = self.env["mail.message"].search([], order="id desc", limit=1).id
        self.Problem.sudo()._cron_escalate()
        self.Problem.sudo()._cron_escalate()
        told = self.env["mail.message"].search([("id", ">", before), ("model", "!=", False)])
        self.assertIn(self.manager.partner_id, told.partner_ids)
        self.assertEqual(len(told.filtered("partner_ids")), 1)
        self.assertEqual(problem.escalated_on, self._today())

    def test_managers_hear_of_what_was_sent_again_without_an_answer(self):
        self._take(self._raw("NS"))
        problem = self._problem().sudo()
        problem.action_fixed()
        problem.deadline = self._today()
        self.Problem.sudo()._cron_escalate()
        self.assertEqual((problem.state, problem.escalated_on), ("fixed", self._today()))

    def test_nobody_hears_of_what_is_closed(self):
        self._take(self._raw("NS"))
        problem = self._problem().sudo()
        problem.deadline = self._today()
        problem.action_close()
        self.Problem.sudo()._cron_escalate()
        self.assertFalse(problem.escalated_on)

    # ------------------------------------------------------------------ rights
    def test_what_the_exchange_said_stays(self):
        self._take(self._raw("NS"))
        problem = self._problem()
        for vals in ({"state": "closed"}, {"outcome": "disputed"}, {"doubtful": True}):
            for user in (self.manager, self.accountant, self.collector):
                with self.subTest(vals=vals, user=user.login), self.assertRaises(UserError):
                    problem.with_user(user).write(vals)
        problem.with_user(self.accountant).write(
            {"user_id": self.accountant.id, "deadline": self._today(), "note": "x"}
        )
        with self.assertRaises(UserError):
            self.Problem.with_user(self.manager).create({"move_id": self.invoice.id})
        with self.assertRaises(AccessError):
            problem.error_ids.with_user(self.manager).write({"code": "1"})

    def test_whoever_sees_problems_sees_their_screens(self):
        self._take(self._raw("NS"))
        for user in (self.salesman, self.colleague, self.accountant, self.auditor, self.manager):
            problem = self._problem().with_user(user)
            for kind in ("list", "form"):
                with self.subTest(user=user.login, kind=kind):
                    self.env.invalidate_all()
                    view = etree.fromstring(problem.get_view(view_type=kind)["arch"])
                    shown = view.xpath("//field[not(ancestor::field)]/@name")
                    values = problem.read(shown)[0]
                    self.assertEqual(values["urgency"], "later")

    def test_salespeople_read_their_own_and_change_nothing(self):
        self._take(self._raw("NS"))
        problem = self._problem()
        self.assertEqual(problem.with_user(self.salesman).outcome, "not_issued")
        self.assertEqual(problem.with_user(self.colleague).error_ids[0].code, "00305")
        with self.assertRaises(AccessError):
            problem.with_user(self.stranger).read(["outcome"])
        for method in ("action_fixed", "action_close", "action_reopen", "action_confirm"):
            for user in (self.salesman, self.stranger, self.auditor):
                with self.subTest(method=method, user=user.login), self.assertRaises(AccessError):
                    getattr(problem.with_user(user), method)()

    def test_messages_and_accounts_are_not_for_salespeople(self):
        stored = self._take(self._raw("NS"))
        for records in (stored, self.account, stored.transmission_ids):
            with self.subTest(model=records._name), self.assertRaises(AccessError):
                records.with_user(self.salesman).read(["display_name"])
        for method in ("action_confirm", "action_dismiss", "action_apply_again"):
            for user in (self.salesman, self.auditor):
                with self.subTest(method=method, user=user.login), self.assertRaises(AccessError):
                    getattr(stored.with_user(user), method)()
        with self.assertRaises(AccessError):
            self.env["ar.exchange.upload"].with_user(self.salesman).create({})
        with self.assertRaises(AccessError):
            self.account.with_user(self.salesman)._upload([("x.xml", b"<x/>")])

    def test_credentials_are_for_managers(self):
        self.account.write({"secret": "hush", "user_name": "me"})
        self.assertEqual(self.account.with_user(self.manager).secret, "hush")
        for user in (self.collector, self.accountant, self.auditor):
            for name in ("secret", "user_name"):
                with self.subTest(user=user.login, name=name), self.assertRaises(AccessError):
                    self.account.with_user(user).read([name])
            with self.assertRaises(AccessError):
                self.account.with_user(user).write({"name": "x"})
        self.assertFalse(self.account.copy().secret)

    def test_other_companies_see_nothing(self):
        stored = self._take(self._raw("NS"))
        outsider = self._new_user("ar_outsider", "ar_credit_control.group_credit_manager")
        other = self.env["res.company"].create({"name": "Elsewhere"})
        outsider.write({"company_ids": [fields.Command.set(other.ids)], "company_id": other.id})
        for records in (stored, self.account, self._problem()):
            with self.subTest(model=records._name), self.assertRaises(AccessError):
                records.with_user(outsider).read(["display_name"])
