"""Cases: from the formal notice over the agency to court, with what it costs and brings."""

import base64
import io
import zipfile

import psycopg2
from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from openpyxl import load_workbook

from .test_collector import CollectorCommon


class CaseCommon(CollectorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Case = cls.env["ar.collection.case"].with_user(cls.collector).with_company(cls.company)
        cls.agency = cls.env["res.partner"].create({"name": "Agency"})
        cls.formal = cls.ladder.level_ids[2]
        cls.formal.write(
            {
                "formal_notice": True,
                "by_letter": True,
                "mail_template_id": cls.env.ref("ar_credit_control.dunning_text_formal").id,
            }
        )

    def _open(self, **vals):
        case = self.Case._open_for(self.customer)
        case.write(vals)
        return case

    def _hand_over(self, **vals):
        case = self._open(agency_id=self.agency.id, **vals)
        case.action_hand_over()
        return case

    def _climb(self):
        """Send the levels up to the formal one."""
        for age in (60, 40, 0):
            run = self._send()
            self._age(run, age)
        return run.notice_ids


@tagged("post_install", "-at_install")
class TestCase(CaseCommon):
    def _chip(self):
        self.customer.invalidate_recordset()
        seen = self.customer.with_user(self.salesman).with_company(self.company).ar_widget
        return next((chip for chip in seen["chips"] if chip["key"] == "case"), None)

    def test_the_widget_shows_how_far_a_case_has_come(self):
        self._invoice(self.customer, 300, due=-50)
        case = self._open(agency_id=self.agency.id)
        self.assertFalse(self._chip(), "friendly reminders are no news")
        case.write({"notice_date": self._day(-20), "deadline": self._day(-1)})
        case.action_formal_notice()
        self.assertEqual(self._chip()["label"], "Formal notice")
        case.action_hand_over()
        self.assertEqual((self._chip()["label"], self._chip()["tone"]), ("Handed over", "danger"))
        case.action_legal()
        self.assertEqual(self._chip()["label"], "Legal")
        case.outcome = "paid"
        case.action_close()
        self.assertFalse(self._chip())
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        with self.assertRaises(AccessError):
            profile.with_user(self.manager).case_phase = "legal"

    # ------------------------------------------------------------------ opening
    def test_a_case_holds_what_is_overdue_and_no_item_twice(self):
        late = self._invoice(self.customer, 300, due=-50)
        self._invoice(self.customer, 200, due=10)
        case = self._open()
        self.assertEqual((case.claim, case.residual, case.phase), (300, 300, "amicable"))
        self.assertEqual(case.line_ids.name, late.name)
        self.assertRegex(case.name, r"^CASE/\d{4}/\d{4}$")
        with self.assertRaisesRegex(UserError, "open case holds it already"):
            self._open()
        line = {"case_id": case.id, "move_line_id": self._item(late).id}
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation):
            with self.env.cr.savepoint():
                self.env["ar.collection.case.line"].sudo().create(line)

    def test_a_closed_case_frees_its_items(self):
        self._invoice(self.customer, 300, due=-50)
        case = self._open()
        with self.assertRaisesRegex(UserError, "enter how it ended"):
            case.action_close()
        case.outcome = "withdrawn"
        case.action_close()
        self.assertEqual((case.phase, case.closed_on), ("closed", self.today))
        self.assertEqual(self._open().claim, 300)

    def test_items_of_another_customer_are_refused(self):
        self._invoice(self.customer, 300, due=-50)
        foreign = self._invoice(self._new_customer("Other"), 100, due=-50)
        case = self._open()
        with self.assertRaisesRegex(ValidationError, "another customer"):
            case.line_ids = [Command.create({"item_id": self._item(foreign).id})]

    def test_the_worklist_opens_the_case(self):
        self._invoice(self.customer, 300, due=-50)
        row = self.env["ar.worklist"].with_user(self.collector).browse(self.customer.id)
        action = row.action_open_case()
        case = self.Case.browse(action["res_id"])
        self.assertEqual((case.partner_id, case.user_id), (self.customer, self.collector))
        self.assertEqual(row.action_open_case()["res_id"], case.id)
        case.write({"next_step": "Ask the lawyer", "next_date": self.today})
        self.env.invalidate_all()
        self.assertEqual((row.kind, row.suggestion), ("case_due", "Ask the lawyer"))

    # ------------------------------------------------------------------ formal notice
    def test_a_formal_notice_opens_a_case_with_its_deadline(self):
        invoice = self._invoice(self.customer, 300, due=-90)
        notice = self._climb()
        self.assertEqual((notice.level_id, notice.state), (self.formal, "sent"))
        case = self.Case.search([("partner_id", "=", self.customer.id)])
        self.assertEqual((case.phase, case.notice_id), ("formal_notice", notice))
        self.assertEqual((case.notice_date, case.deadline), (self._day(0), notice.deadline))
        self.assertEqual(case.line_ids.name, invoice.name)
        self.assertEqual(case.next_date, self._day(6))

    def test_a_formal_notice_goes_into_the_open_case(self):
        self._invoice(self.customer, 300, due=-90)
        case = self._open()
        notice = self._climb()
        self.assertEqual((case.phase, case.notice_id), ("formal_notice", notice))
        self.assertEqual(self.Case.search_count([("partner_id", "=", self.customer.id)]), 1)

    def test_the_notice_names_parties_claim_deadline_and_the_countrys_word(self):
        self.company.partner_id.write({"street": "1 High Street", "city": "Lyon", "vat": False})
        self.customer.write({"country_id": self.france.id})
        self._invoice(self.customer, 300, due=-90)
        body = self._climb().body
        for words in (
            "Mise en demeure de payer",
            "1 High Street",
            "Creditor",
            "Debtor",
            "1 Road",
            "300.00",
            "To be paid by",
        ):
            self.assertIn(words, body)

    def test_reminders_of_other_levels_carry_no_formal_block(self):
        self._invoice(self.customer, 300, due=-90)
        self.assertNotIn("Creditor", self._send().notice_ids.body)

    def test_the_case_says_what_its_notice_lacks(self):
        self._invoice(self.customer, 300, due=-90)
        self.company.partner_id.write({"street": False})
        self._climb()
        case = self.Case.search([("partner_id", "=", self.customer.id)])
        self.assertIn("your company's address", case.notice_gaps)
        self.assertIn("an account to pay to", case.notice_gaps)
        self.assertIn("a deadline that is long enough", case.notice_gaps)
        self.assertNotIn("the customer's address", case.notice_gaps)

    def test_the_formal_notice_is_made_out_from_the_case(self):
        self._invoice(self.customer, 300, due=-90)
        case = self._open()
        action = case.action_propose_notice()
        run = self.Run.browse(action["res_id"])
        self.assertEqual(run.notice_ids.level_id, self.formal)
        self._send(run.with_user(self.collector))
        self.assertEqual((case.phase, case.notice_id), ("formal_notice", run.notice_ids))

    def test_where_dunning_proposes_nothing_the_notice_is_entered_by_hand(self):
        self._invoice(self.customer, 300, due=-90)
        self._send()
        case = self._open()
        with self.assertRaisesRegex(UserError, "Contacted a short time ago.*yourself"):
            case.action_propose_notice()
        with self.assertRaisesRegex(UserError, "enter the day of the notice"):
            case.action_formal_notice()
        case.write(
            {
                "notice_date": self.today,
                "deadline": self._day(15),
                "tracking_number": "RR123456785FR",
            }
        )
        case.action_formal_notice()
        self.assertEqual((case.phase, case.next_date), ("formal_notice", self._day(16)))
        letter = self._contacts().filtered(lambda entry: not entry.automatic)
        self.assertEqual((letter.channel, letter.date.date()), ("letter", self.today))
        self.assertEqual(letter.with_user(self.collector).note, "RR123456785FR")

    def test_a_manager_may_send_it_before_dunning_would(self):
        self._invoice(self.customer, 300, due=-90)
        self._invoice(self.customer, 80, due=20)
        self._send()
        case = self._open()
        with self.assertRaisesRegex(UserError, "credit manager may have it made out"):
            case.action_propose_notice()
        with self.assertRaisesRegex(AccessError, "credit manager"):
            case.action_force_notice()
        case = case.with_user(self.manager).with_company(self.company)
        with self.assertRaisesRegex(UserError, "Reason to send it all the same"):
            case.action_force_notice()
        case.notice_reason = "The customer moves abroad"
        run = self.Run.browse(case.action_force_notice()["res_id"])
        self.assertEqual(run.notice_ids.level_id, self.formal)
        self.assertEqual(run.notice_ids.amount, 300, "what is not due yet is not claimed")
        self.assertEqual(run.forced_reason, "The customer moves abroad")
        self.assertIn("moves abroad", case.message_ids[0].body)
        self._send(run.with_user(self.manager))
        self.assertEqual((case.phase, case.notice_id), ("formal_notice", run.notice_ids))

    def test_a_second_proposal_leads_to_the_notice_that_waits(self):
        self._invoice(self.customer, 300, due=-90)
        case = self._open()
        run = self.Run.browse(case.action_propose_notice()["res_id"])
        self.assertEqual(case.action_propose_notice()["res_id"], run.id)
        run.action_confirm()
        forced = case.with_user(self.manager).with_company(self.company)
        forced.notice_reason = "He moves abroad"
        self.assertEqual(forced.action_force_notice()["res_id"], run.id, "whoever presses it")
        run.action_cancel()
        again = self.Run.browse(case.action_propose_notice()["res_id"])
        self.assertNotEqual(again, run, "what was given up is made out anew")
        self._send(again.with_user(self.collector))
        self.assertEqual(case.notice_id, again.notice_ids)
        self.assertFalse(run.notice_ids.filtered(lambda notice: notice.state == "sent"))

    def test_a_policy_without_a_formal_level_makes_out_none(self):
        self._invoice(self.customer, 300, due=-90)
        self.formal.formal_notice = False
        case = self._open(notice_reason="He moves abroad")
        for call in (
            case.action_propose_notice,
            case.with_user(self.manager).with_company(self.company).action_force_notice,
        ):
            with self.assertRaisesRegex(UserError, "“Plain” is a formal notice: give Customer"):
                call()

    def test_what_is_never_chased_is_not_forced_either(self):
        item = self._item(self._invoice(self.customer, 300, due=-90))
        self.env["ar.dispute"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "reason": "price",
                "note": "x",
                "line_ids": [Command.create({"move_line_id": item.id})],
            }
        )
        case = self._open(notice_reason="x").with_user(self.manager).with_company(self.company)
        with self.assertRaises(UserError):
            case.action_force_notice()
        with self.assertRaisesRegex(AccessError, "credit manager"):
            self.Run.with_user(self.collector).create({"forced_reason": "x"})
        run = self.Run.with_user(self.collector).create({})
        with self.assertRaises(AccessError):
            run.forced_reason = "x"

    # ------------------------------------------------------------------ handed over
    def test_handed_over_items_are_not_chased_until_the_case_is_closed(self):
        self._invoice(self.customer, 300, due=-50)
        case = self._hand_over()
        self._invoice(self.customer, 100, due=-10)
        run = self._run()
        self.assertEqual(run.notice_ids.amount, 100)
        self.assertEqual(run.left_out_ids.mapped("reason"), ["case"])
        self.assertEqual(run.left_out_ids.note, case.name)
        case.outcome = "withdrawn"
        case.action_close()
        self.assertEqual(self._run().notice_ids.amount, 400)

    def test_a_case_handed_over_comes_back_to_its_collector(self):
        self._invoice(self.customer, 300, due=-50)
        case = self._open(notice_date=self._day(-20), deadline=self._day(-1))
        case.action_formal_notice()
        self.assertEqual(case.next_date, self.today, "what follows the notice is to be decided")
        case.agency_id = self.agency
        case.action_hand_over()
        self.assertEqual(
            (case.next_step, case.next_date), ("Ask Agency how the case stands", self._day(30))
        )

    def test_what_the_collector_planned_stays_when_the_case_is_handed_over(self):
        self._invoice(self.customer, 300, due=-50)
        case = self._hand_over(next_step="Send the contract", next_date=self._day(3))
        self.assertEqual((case.next_step, case.next_date), ("Send the contract", self._day(3)))

    def test_dunning_goes_on_in_the_amicable_phase(self):
        self._invoice(self.customer, 300, due=-50)
        self._open()
        self.assertEqual(self._run().notice_ids.amount, 300)

    def test_nobody_is_handed_over_to_nobody(self):
        self._invoice(self.customer, 300, due=-50)
        with self.assertRaisesRegex(UserError, "choose whom"):
            self._open().action_hand_over()

    def test_phases_lead_forward_only_and_by_their_buttons(self):
        self._invoice(self.customer, 300, due=-50)
        case = self._hand_over()
        case.write({"notice_date": self.today, "deadline": self._day(9)})
        with self.assertRaisesRegex(UserError, "does not go back"):
            case.action_formal_notice()
        case.action_legal()
        for vals in ({"phase": "amicable"}, {"closed_on": self.today}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                case.write(vals)

    def test_what_came_in_and_what_it_cost(self):
        invoice = self._invoice(self.customer, 1000, due=-50)
        self._pay(invoice, 100)
        case = self._hand_over(fee_percent=10, fee_fixed=30, fee_success_only=True)
        self.assertEqual((case.claim, case.recovered, case.costs), (900, 0, 0))
        self._pay(invoice, 400)
        case.step_ids = [
            Command.create({"kind": "order", "cost": 50, "recovered": 0}),
            Command.create({"kind": "seizure", "cost": 25, "recovered": 100}),
        ]
        self.env.invalidate_all()
        # 10 % of 500, 30 fixed, 75 of the court
        self.assertEqual((case.recovered, case.fee, case.costs), (500, 80, 155))
        self.assertEqual((case.residual, case.cost_share), (500, 0.31))

    def test_a_credit_note_recovers_nothing(self):
        invoice = self._invoice(self.customer, 1000, due=-50)
        case = self._hand_over()
        refund = self._invoice(self.customer, 400, move_type="out_refund")
        (self._item(invoice) | self._item(refund)).reconcile()
        self.env.invalidate_all()
        self.assertEqual((case.recovered, case.residual), (0, 600))

    # ------------------------------------------------------------------ the file
    def _file(self, case):
        action = case.action_make_file()
        kept = (
            self.env["ir.attachment"].sudo().browse(int(action["url"].split("/")[3].split("?")[0]))
        )
        self.assertEqual((kept.res_model, kept.res_id), (case._name, case.id))
        return zipfile.ZipFile(io.BytesIO(base64.b64decode(kept.datas)))

    def test_the_file_holds_statement_invoices_notices_and_a_spreadsheet(self):
        self._invoice(self.customer, 300, due=-90)
        self._send()
        self._contact(date=self._ago(2), person_id=self.person.id, note="He cried")
        case = self._hand_over()
        archive = self._file(case)
        names = archive.namelist()
        for folder in ("statement/", "invoices/", "notices/", "case.xlsx", "MANIFEST.txt"):
            self.assertEqual(len([name for name in names if name.startswith(folder)]), 1, folder)
        manifest = archive.read("MANIFEST.txt").decode()
        for name in names:
            if name != "MANIFEST.txt":
                self.assertIn(name, manifest)
        self.assertIn("Agency", manifest)
        self.assertIn("case.xlsx: customer, items, dunning, contacts\r\n", manifest)
        book = load_workbook(io.BytesIO(archive.read("case.xlsx")))
        sheets = {page.title: [[c.value for c in row] for row in page] for page in book}
        self.assertEqual(sheets["Items"][1][2:4], [300, 300])
        self.assertEqual(sheets["Dunning"][1][1], "First")
        self.assertEqual(len(sheets["Contacts"]), 3)
        for entry in sheets["Contacts"][1:]:
            self.assertRegex(entry[0], r"^[0-9-]{10} [0-9:]{8}$")

    def test_no_person_and_no_note_leaves_the_house(self):
        self._invoice(self.customer, 300, due=-90)
        self._contact(date=self._ago(2), person_id=self.person.id, note="He cried")
        archive = self._file(self._hand_over())
        everything = str([archive.read(name) for name in archive.namelist()])
        book = load_workbook(io.BytesIO(archive.read("case.xlsx")))
        everything += str([[c.value for c in row] for page in book for row in page])
        for secret in ("Paula", "paula@", "He cried"):
            self.assertNotIn(secret, everything)

    def test_the_file_holds_what_the_exchange_said(self):
        invoice = self._invoice(self.customer, 300, due=-90)
        sent = {"move_id": invoice.id, "company_id": self.company.id, "network": "sdi"}
        transmission = (
            self.env["ar.exchange.transmission"]
            .sudo()
            .create({**sent, "key": "IT_1", "sent_on": self._ago(30)})
        )
        account = self.env["ar.exchange.account"].create(
            {"name": "By file", "company_id": self.company.id}
        )
        self.env["ar.exchange.notification"].sudo().create(
            {
                "account_id": account.id,
                "company_id": self.company.id,
                "network": "sdi",
                "provider": "files",
                "source": "upload",
                "key": "RC_1",
                "name": "IT_1_RC_001.xml",
                "raw": base64.b64encode(b"<ricevuta/>"),
                "raw_size": 11,
                "state": "applied",
                "transmission_ids": [Command.set(transmission.ids)],
            }
        )
        archive = self._file(self._hand_over())
        [name] = [name for name in archive.namelist() if name.startswith("exchange/")]
        self.assertEqual(archive.read(name), b"<ricevuta/>")
        self.assertIn(name, archive.read("MANIFEST.txt").decode())

    def test_the_spreadsheet_tells_of_promises_disputes_and_steps(self):
        invoice = self._invoice(self.customer, 300, due=-90)
        line = [Command.create({"item_id": self._item(invoice).id, "amount": 100})]
        self.env["ar.promise"].create(
            {"partner_id": self.customer.id, "date": self._day(3), "line_ids": line}
        )
        self.env["ar.dispute"].create(
            {"partner_id": self.customer.id, "reason": "quality", "line_ids": line}
        )
        case = self._hand_over()
        case.step_ids = [Command.create({"kind": "summons", "court": "Lyon", "cost": 12})]
        archive = self._file(case)
        book = load_workbook(io.BytesIO(archive.read("case.xlsx")))
        filled = [page for page in book if page.max_row > 1]
        rows = {page.title: [cell.value for cell in page[2]] for page in filled}
        self.assertEqual(rows["Promises"][0], str(self._day(3)))
        self.assertEqual(rows["Promises"][1:4], [100, self.company.currency_id.name, "Open"])
        self.assertEqual(rows["Disputes"][1:4], ["Quality", 100, "Open"])
        self.assertEqual(rows["Steps"][1:3], ["Summons", "Lyon"])
        self.assertEqual(rows["Steps"][4], 12)

    def test_amounts_that_make_no_sense_are_refused(self):
        self._invoice(self.customer, 300, due=-90)
        case = self._open()
        for vals in (
            {"fee_percent": 101},
            {"fee_percent": -1},
            {"fee_fixed": -5},
            {"step_ids": [Command.create({"cost": -1})]},
            {"step_ids": [Command.create({"recovered": -1})]},
        ):
            with (
                self.subTest(vals=vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation),
                self.env.cr.savepoint(),
            ):
                case.write(vals)
                self.env.flush_all()

    def test_a_notice_by_certified_mail_is_a_mail_in_the_log(self):
        self._invoice(self.customer, 300, due=-90)
        case = self._open(
            notice_date=self._day(-1), deadline=self._day(9), served_by="certified_mail"
        )
        case.action_formal_notice()
        entry = self._contacts()
        self.assertEqual((entry.channel, entry.user_id), ("email", self.collector))
        self.assertFalse(entry.next_date)

    def test_a_name_does_not_become_a_formula(self):
        self._invoice(self.customer, 300, due=-90)
        self.customer.name = "=1+1"
        archive = self._file(self._hand_over())
        book = load_workbook(io.BytesIO(archive.read("case.xlsx")))
        cell = book["Customer"]["B2"]
        self.assertEqual((cell.value, cell.data_type), ("=1+1", "s"))

    # ------------------------------------------------------------------ who may
    def test_who_is_not_of_collection_sees_no_case(self):
        self._invoice(self.customer, 300, due=-50)
        case = self._open()
        for user in (self.salesman, self.seller_all, self.accountant):
            seen = case.with_user(user)
            for method, args in (
                ("read", [["claim"]]),
                ("write", [{"note": "x"}]),
                ("action_hand_over", []),
                ("action_make_file", []),
            ):
                with self.subTest(user=user.login, method=method):
                    with self.assertRaises(AccessError):
                        getattr(seen, method)(*args)
        self.assertEqual(case.with_user(self.auditor).claim, 300)
        for method in ("action_legal", "action_make_file", "action_propose_notice"):
            with self.subTest(method=method), self.assertRaises(AccessError):
                getattr(case.with_user(self.auditor), method)()
        with self.assertRaises(AccessError):
            case.with_user(self.manager).unlink()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._new_user("ar_foreign_k", "ar_credit_control.group_credit_manager")
        foreign.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        for records in (case, case.line_ids):
            with self.assertRaises(AccessError):
                records.with_user(foreign).read(["display_name"])
