"""Opening history becomes posted documents: once, line by line, and only for who may."""

import base64
import io
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import Command, fields
from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..ar_credit_control.rules.history import Invoice

BATCH = 10
CUSTOMERS = "code;name;country;payment_term;credit_limit\nC1;Alfa;IT;;5000\nC2;Beta;FR;30 Days;\n"


class HistoryCase(AccountTestInvoicingCommon):
    chart_template = "generic_coa"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.manager = new_test_user(
            cls.env,
            "history_manager",
            groups="ar_credit_control.group_credit_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        # small batches, so that a few documents show what many do
        cls.startClassPatcher(
            patch.object(type(cls.env["ar.history.import"]), "_batch_size", BATCH)
        )
        cls.today = fields.Date.context_today(cls.env.user)

    def day(self, ago):
        return (self.today - timedelta(days=ago)).isoformat()

    def start(self, text, **vals):
        data = text if isinstance(text, bytes) else text.encode()
        vals = {"name": "old.csv", "file": base64.b64encode(data)} | vals
        return self.env["ar.history.import"].with_user(self.manager).create(vals)

    def work(self, run):
        """Import as the background job does, without its commits."""
        run.action_import()
        run.sudo()._work(lambda done, remaining: 1)
        return run

    def load(self, *texts, **vals):
        return [self.work(self.start(text, **vals)) for text in texts][-1]

    def records(self, *keys):
        return self.env["ar.history.record"].search(
            [("key", "in", keys), ("company_id", "=", self.company.id)]
        )

    def move(self, number):
        return self.records(number).move_id

    def payment(self, key):
        return self.records(key).payment_id

    def invoices(self, *rows, extra=""):
        return "\n".join([f"number;customer;date;due_date;amount{extra}", *rows])

    def payments(self, *rows, extra=""):
        return "\n".join([f"reference;customer;date;amount;invoices{extra}", *rows])

    def codes(self, run):
        return [(error.line, error.field) for error in run.error_ids]


@tagged("post_install", "-at_install")
class TestHistoryImport(HistoryCase):
    def test_documents_are_posted_as_the_old_books_had_them(self):
        self.load(CUSTOMERS, self.invoices(f"2024/F-7;C1;{self.day(90)};{self.day(60)};1.200,50"))
        move = self.move("2024/F-7")
        self.assertRecordValues(
            move,
            [
                {
                    "name": "2024/F-7",
                    "payment_reference": "2024/F-7",
                    "state": "posted",
                    "move_type": "out_invoice",
                    "invoice_date": self.today - timedelta(days=90),
                    "invoice_date_due": self.today - timedelta(days=60),
                    "amount_total": 1200.5,
                    "amount_tax": 0.0,
                    "payment_state": "not_paid",
                    "company_id": self.company.id,
                }
            ],
        )
        partner = move.partner_id
        self.assertEqual((partner.ref, partner.name, partner.country_code), ("C1", "Alfa", "IT"))
        self.assertEqual(partner.with_company(self.company).credit_limit, 5000)
        self.assertFalse(move.message_partner_ids - self.manager.partner_id)

    def test_numbers_stay_when_they_are_of_another_year_than_the_date(self):
        rows = [f"INV/2001/000{n};C1;{self.day(30 + n)};;10" for n in range(1, 4)]
        self.load(CUSTOMERS, self.invoices(*rows))
        self.assertEqual(
            [self.move(f"INV/2001/000{n}").name for n in range(1, 4)],
            ["INV/2001/0001", "INV/2001/0002", "INV/2001/0003"],
        )

    def test_due_date_comes_from_the_line_or_its_terms_or_the_customers_terms(self):
        rows = [f"F1;C2;{self.day(50)};;10;", f"F2;C1;{self.day(50)};;10;30 Days"]
        self.load(CUSTOMERS, self.invoices(*rows, extra=";payment_term"))
        for number in ("F1", "F2"):
            due = self.move(number).invoice_date_due
            self.assertEqual(due, self.today - timedelta(days=20))

    def test_instalments_keep_their_dates_and_amounts(self):
        rows = [
            f"F1;C1;{self.day(90)};{self.day(30)};33,33",
            f"F1;C1;{self.day(90)};{self.day(60)};50,00",
            f"F1;C1;{self.day(90)};{self.day(0)};16,67",
        ]
        self.load(CUSTOMERS, self.invoices(*rows), self.payments(f"P1;C1;{self.day(40)};60;F1"))
        lines = self.move("F1").line_ids.filtered("date_maturity").sorted("date_maturity")
        self.assertEqual(lines.mapped("debit"), [50.0, 33.33, 16.67])
        self.assertEqual(
            lines.mapped("date_maturity"), [self.today - timedelta(days=d) for d in (60, 30, 0)]
        )
        self.assertEqual(lines.mapped("amount_residual"), [0.0, 23.33, 16.67])

    def test_instalments_survive_a_reset_to_draft(self):
        rows = [f"F1;C1;{self.day(9)};{self.day(d)};{a}" for d, a in ((5, 10), (2, 20))]
        self.load(CUSTOMERS, self.invoices(*rows))
        move = self.move("F1")
        move.button_draft()
        move.invoice_line_ids.price_unit = 60
        move.action_post()
        lines = move.line_ids.filtered("date_maturity").sorted("date_maturity")
        self.assertEqual(lines.mapped("debit"), [20.0, 40.0])
        self.assertEqual(move.name, "F1")

    def test_payments_whole_in_part_over_and_of_several_invoices(self):
        self.load(
            CUSTOMERS,
            self.invoices(*[f"F{n};C1;{self.day(80)};{self.day(50)};100" for n in range(1, 6)]),
            self.payments(
                f"P1;C1;{self.day(40)};100;F1",
                f"P2;C1;{self.day(39)};60;F2",
                f"P3;C1;{self.day(38)};40;F2",
                f"P4;C1;{self.day(37)};150;F3",
                f"P5;C1;{self.day(36)};130;F4|F5",
                f"P6;C1;{self.day(35)};25;",
            ),
        )
        residuals = [self.move(f"F{n}").amount_residual for n in range(1, 6)]
        self.assertEqual(residuals, [0, 0, 0, 0, 70])
        unapplied = {
            key: -sum(
                self.move(key)
                .line_ids.filtered(lambda line: line.account_type == "asset_receivable")
                .mapped("amount_residual")
            )
            for key in ("P1", "P4", "P5", "P6")
        }
        self.assertEqual(unapplied, {"P1": 0, "P4": 50, "P5": 0, "P6": 25})
        entry = self.move("P1")
        bank = entry.journal_id.default_account_id
        self.assertEqual((entry.state, entry.journal_id.type, entry.ref), ("posted", "bank", "P1"))
        self.assertEqual(
            sum(entry.line_ids.filtered(lambda line: line.account_id == bank).mapped("debit")), 100
        )

    def test_a_registered_payment_leaves_the_invoice_open(self):
        self.load(
            CUSTOMERS,
            self.invoices(f"F1;C1;{self.day(80)};{self.day(50)};100"),
            self.payments(f"P1;C1;{self.day(4)};100;F1;registered", extra=";status"),
        )
        payment = self.payment("P1")
        self.assertEqual((payment.state, payment.amount), ("in_process", 100))
        self.assertFalse(payment.move_id)
        self.assertEqual(self.move("F1").amount_residual, 100)

    def test_credit_notes_and_money_paid_back(self):
        rows = [
            f"N1;C1;{self.day(60)};;-30;F1",
            f"F1;C1;{self.day(80)};{self.day(50)};100;",
            f"N2;C1;{self.day(55)};;-20;F1",
            f"N3;C1;{self.day(55)};;-45;",
        ]
        refund = self.payments(f"R1;C1;{self.day(5)};-45;N3")
        self.load(CUSTOMERS, self.invoices(*rows, extra=";credit_of"), refund)
        self.assertEqual(self.move("F1").amount_residual, 50)
        self.assertEqual(self.move("N2").reversed_entry_id, self.move("F1"))
        self.assertEqual(self.move("N3").move_type, "out_refund")
        self.assertEqual(self.move("N3").amount_residual, 0)
        refund = self.move("R1").line_ids.filtered(lambda line: line.account_type == "asset_cash")
        self.assertEqual(refund.credit, 45)

    def test_foreign_currency_with_the_difference_of_the_rates(self):
        dollar = self.setup_other_currency("CAD", rates=[(self.day(400), 2.0), (self.day(45), 4.0)])
        self.load(
            CUSTOMERS,
            self.invoices(f"F1;C1;{self.day(80)};{self.day(50)};100;cad", extra=";currency"),
            self.payments(f"P1;C1;{self.day(40)};60;F1;CAD", extra=";currency"),
        )
        move = self.move("F1")
        self.assertEqual(move.currency_id, dollar)
        self.assertEqual((move.amount_residual, move.amount_residual_signed), (40, 20))

    def test_a_tax_that_is_given_is_inside_the_amount_to_the_cent(self):
        tax = self.company_data["default_tax_sale"]
        amounts = ["100", "0.01", "99.99", "1234.57", "33.33", "7.77"]
        rows = [f"F{n};C1;{self.day(9)};;{a};{tax.amount:g}" for n, a in enumerate(amounts)]
        self.load(CUSTOMERS, self.invoices(*rows, extra=";tax"))
        totals = [self.move(f"F{n}").amount_total for n in range(len(amounts))]
        self.assertEqual(totals, [float(amount) for amount in amounts])
        self.assertEqual(
            self.move("F0").amount_tax,
            self.company.currency_id.round(100 - 100 / (1 + tax.amount / 100)),
        )

    def test_disputed_is_remembered(self):
        rows = [f"F1;C1;{self.day(9)};;10;yes", f"F2;C1;{self.day(9)};;10;"]
        self.load(CUSTOMERS, self.invoices(*rows, extra=";disputed"))
        self.assertEqual(self.records("F1", "F2").mapped("disputed"), [True, False])

    # ------------------------------------------------------------------ again
    def test_the_same_file_again_changes_nothing(self):
        files = (
            CUSTOMERS,
            self.invoices(f"F1;C1;{self.day(80)};{self.day(50)};100"),
            self.payments(f"P1;C1;{self.day(4)};60;F1", f";C1;{self.day(3)};5;"),
        )
        self.load(*files)
        lines = self.env["account.move.line"].search_count([])
        run = self.load(*files)
        self.assertEqual(self.env["account.move.line"].search_count([]), lines)
        self.assertEqual((run.state, run.total_count, run.known_count), ("done", 0, 2))

    def test_a_line_that_says_something_else_is_told_and_changes_nothing(self):
        self.load(CUSTOMERS, self.invoices(f"F1;C1;{self.day(80)};;100"))
        run = self.load(self.invoices(f"F1;C1;{self.day(80)};;101"))
        self.assertEqual(self.move("F1").amount_total, 100)
        self.assertEqual((run.warning_count, run.error_count), (1, 0))
        self.assertIn("F1", run.error_ids.message)

    def test_a_customer_with_that_reference_is_used_as_it_is(self):
        partner = self.env["res.partner"].create({"name": "Alfa Holding", "ref": "C1"})
        run = self.load(CUSTOMERS)
        self.assertEqual(self.records("C1").partner_id, partner)
        self.assertEqual(partner.name, "Alfa Holding")
        self.assertEqual(run.warning_count, 1)
        self.load(self.invoices(f"F1;C1;{self.day(80)};;100"))
        self.assertEqual(self.move("F1").partner_id, partner)

    def test_the_database_itself_refuses_a_row_twice(self):
        self.load(CUSTOMERS)
        vals = {"company_id": self.company.id, "kind": "customers", "key": "C1"}
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.env["ar.history.record"].sudo().create(vals | {"digest": "x", "customer": "C1"})

    def test_after_a_crash_it_goes_on_where_it_was(self):
        count = 2 * BATCH + 5
        run = self.start(self.invoices(*[f"F{n};C1;{self.day(80)};;10" for n in range(count)]))
        self.load(CUSTOMERS)
        run.action_import()
        steps = []

        def dies_in_the_second_batch(done, remaining):
            steps.append((done, remaining))
            if len(steps) == 2:
                raise ConnectionError("the server went away")
            return 1

        try:  # assertRaises would roll the first batch back
            run.sudo()._work(dies_in_the_second_batch)
        except ConnectionError:
            run.env.invalidate_all()
        self.assertEqual(steps, [(BATCH, BATCH + 5), (BATCH, 5)])
        self.assertEqual((run.state, run.done_count), ("running", 2 * BATCH))
        run.sudo()._work(lambda done, remaining: 1)
        self.assertEqual((run.state, run.done_count, run.progress), ("done", count, 100))
        moves = run.sudo().record_ids.move_id
        self.assertEqual((len(moves), set(moves.mapped("state"))), (count, {"posted"}))

    def test_a_batch_that_was_rolled_back_leaves_no_trace(self):
        run = self.start(self.invoices(*[f"F{n};C1;{self.day(80)};;10" for n in range(3)]))
        self.load(CUSTOMERS)
        run.action_import()

        def dies(done, remaining):
            raise ConnectionError("the server went away")

        with self.assertRaises(ConnectionError), self.cr.savepoint():
            run.sudo()._work(dies)
        self.assertFalse(self.records("F0", "F1", "F2"))
        run.sudo()._work(lambda done, remaining: 1)
        self.assertEqual(len(self.records("F0", "F1", "F2").move_id), 3)

    def test_stopped_and_out_of_time(self):
        rows = [f"F{n};C1;{self.day(80)};;10" for n in range(BATCH + 1)]
        self.load(CUSTOMERS)
        run = self.start(self.invoices(*rows))
        run.action_import()
        self.assertFalse(run.sudo()._work(lambda done, remaining: 0))
        self.assertEqual((run.state, run.done_count), ("running", BATCH))
        run.action_stop()
        run.sudo()._work(lambda done, remaining: 1)
        self.assertEqual((run.state, run.done_count), ("checked", BATCH))
        self.work(run)
        self.assertEqual(
            (run.state, run.done_count, run.total_count), ("done", BATCH + 1, BATCH + 1)
        )

    def test_the_background_job_imports(self):
        run = self.start(CUSTOMERS)
        run.action_import()
        with self.enter_registry_test_mode():
            self.env.ref("ar_credit_control.ir_cron_history_import").method_direct_trigger()
        self.assertEqual((run.state, run.done_count), ("done", 2))

    # ------------------------------------------------------------------ findings
    def test_findings_name_line_field_and_remedy(self):
        rows = [
            f"F1;C9;{self.day(9)};;10",
            "F2;C1;soon;;10",
            f"F3;C1;{self.day(9)};{self.day(10)};10",
        ]
        self.load(CUSTOMERS)
        run = self.start(self.invoices(*rows))
        run.action_check()
        self.assertEqual(sorted(self.codes(run)), [(2, "customer"), (3, "date"), (4, "due_date")])
        self.assertTrue(all(run.error_ids.mapped("remedy")))
        text = base64.b64decode(run.findings_file).decode("utf-8-sig")
        self.assertEqual(len(text.splitlines()), 4)
        self.assertIn("error,invoices,3,date,'soon' is not a date.", text)
        with self.assertRaises(UserError):
            run.action_import()
        self.assertEqual(run.state, "checked")

    def test_good_lines_go_in_without_the_bad_ones(self):
        self.load(CUSTOMERS)
        rows = [f"F1;C9;{self.day(9)};;10", f"F2;C1;{self.day(9)};;10"]
        run = self.load(self.invoices(*rows), skip_errors=True)
        self.assertEqual((run.state, run.done_count, run.error_count), ("done", 1, 1))
        self.assertTrue(self.move("F2"))

    def test_what_the_server_refuses_is_a_finding_and_the_rest_goes_in(self):
        self.load(CUSTOMERS)
        rows = [f"F{n};C1;{self.day(9)};;10" for n in range(2 * BATCH)]
        run = self.start(self.invoices(*rows))
        run.action_import()
        # what no check foresees: the database itself will not have one of them
        self.cr.execute("ALTER TABLE account_move ADD CONSTRAINT no_f2 CHECK (name != 'F2')")
        with mute_logger("odoo.sql_db"):
            run.sudo()._work(lambda done, remaining: 1)
        self.assertEqual((run.state, run.error_count), ("done", 1))
        self.assertEqual(run.done_count, 2 * BATCH - 1)
        self.assertEqual((run.error_ids.line, run.error_ids.key), (4, "F2"))
        self.assertFalse(self.records("F2"))

    def test_what_became_wrong_after_the_check_is_a_finding(self):
        self.load(CUSTOMERS)
        run = self.start(self.invoices(f"F1;C1;{self.day(9)};;1", f"F2;C2;{self.day(9)};;1"))
        run.action_import()
        self.records("C2").partner_id.unlink()
        run.sudo()._work(lambda done, remaining: 1)
        self.assertEqual((run.state, run.done_count, run.error_count), ("done", 1, 1))
        self.assertEqual(self.codes(run), [(3, "customer")])

    def test_a_document_that_rests_on_a_refused_one_is_a_finding(self):
        run = self.start(CUSTOMERS)
        instalments = ((None, Decimal(5)),)
        invoice = Invoice(7, "F1", "C9", self.today, instalments, credit_of="F0")
        worker = run.sudo()
        worker._need_journals()
        worker._write_batch(worker._names(), "invoices", [invoice])
        self.assertEqual(self.codes(run), [(7, "customer")])

    def test_a_file_that_cannot_be_read(self):
        for data in (b"PK\x03\x04 no zip", b"\xff\xfe\x00", b"a;b\n1;2\n", b"x"):
            run = self.start(data)
            run.action_check()
            self.assertEqual(run.error_count, 1, data)
            self.assertTrue(run.error_ids.remedy)

    def test_one_workbook_with_three_sheets(self):
        import openpyxl

        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "Payments"
        sheet.append(["reference", "customer", "date", "amount", "invoices"])
        sheet.append(["P1", 1001, self.today, 40.10, "F1"])
        sheet = book.create_sheet("invoices")
        sheet.append(["Number", "Customer", "Date", "Due date", "Amount"])
        sheet.append(["F1", 1001, self.today - timedelta(days=40), self.today, 100.1])
        sheet = book.create_sheet("CUSTOMERS")
        sheet.append(["Code", "Name"])
        sheet.append([1001, "Alfa"])
        book.create_sheet("notes").append(["nothing of interest"])
        out = io.BytesIO()
        book.save(out)
        run = self.load(out.getvalue())
        self.assertEqual((run.state, run.done_count, run.error_count), ("done", 3, 0))
        self.assertEqual(self.move("F1").amount_residual, 60)
        self.assertEqual(self.records("1001").partner_id.ref, "1001")


@tagged("post_install", "-at_install")
class TestHistoryAccess(HistoryCase):
    def person(self, login, groups):
        return new_test_user(
            self.env,
            login,
            groups=groups,
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )

    def test_an_accounting_manager_may(self):
        user = self.person("history_accountant", "account.group_account_manager")
        run = self.start(CUSTOMERS).with_user(user)
        self.assertEqual(self.work(run).done_count, 2)

    def test_others_may_not_even_look(self):
        run = self.start(CUSTOMERS)
        for groups in (
            "base.group_user",
            "sales_team.group_sale_manager",
            "account.group_account_invoice",
            "ar_credit_control.group_collector",
        ):
            user = self.person(f"history_{groups}", groups)
            for call in ("read", "action_check", "action_import", "action_stop"):
                with self.assertRaises(AccessError, msg=f"{groups} {call}"):
                    getattr(run.with_user(user), call)()
            with self.assertRaises(AccessError):
                run.with_user(user).create({"name": "x", "file": b""})

    def test_the_record_of_what_came_in_is_read_only(self):
        self.load(CUSTOMERS)
        record = self.records("C1").with_user(self.manager)
        self.assertEqual(record.key, "C1")
        for change in (
            lambda: record.write({"key": "C3"}),
            record.unlink,
            lambda: record.copy({"key": "C3"}),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_another_company_is_refused(self):
        other = self.setup_other_company()["company"]
        with self.assertRaises(AccessError):
            self.start(CUSTOMERS, company_id=other.id)
        run = self.env["ar.history.import"].create(
            {"name": "x.csv", "file": base64.b64encode(CUSTOMERS.encode()), "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            run.with_user(self.manager).action_import()
        with self.assertRaises(UserError):
            self.start(
                CUSTOMERS,
                journal_id=self.env["account.journal"]
                .search([("company_id", "=", other.id), ("type", "=", "sale")], limit=1)
                .id,
            )

    def test_each_company_has_its_own_numbers(self):
        other = self.setup_other_company()["company"]
        self.load(CUSTOMERS, self.invoices(f"F1;C1;{self.day(9)};;10"))
        self.manager.company_ids |= other
        text = self.invoices(f"F1;C1;{self.day(9)};;20")
        self.load(text, company_id=other.id)
        moves = self.env["ar.history.record"].search([("key", "=", "F1")]).move_id
        self.assertEqual(sorted(moves.mapped("amount_total")), [10, 20])
        self.assertEqual(moves.company_id, self.company | other)
