"""The statement as it leaves the house: who sends it, to whom, and what it says."""

import io

from lxml import html
from odoo import Command
from odoo.addons.base.models.ir_actions_report import _wkhtml
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools.pdf import PdfFileReader

from ..ar_credit_control.reports.letterhead import put_letterheads_into_pages
from .common import CreditCommon

REPORT = "ar_credit_control.report_statement"


class LetterCase(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.company_details = "<p>Sender & Sons, 12 Harbour Road</p>"
        cls.company.report_footer = "<p>Bank account 4711</p>"
        cls.other = cls._new_customer("Other buyer")
        cls._invoice(cls.customer, 1234.5, due=-12)

    def _report(self, user):
        company = self.company
        env = self.env(user=user, context={"allowed_company_ids": company.ids})
        return env["ir.actions.report"]


@tagged("post_install", "-at_install")
class TestStatementLetter(LetterCase):
    def _pages(self, partners):
        """The letters as they go to a printer that knows no page headers."""
        page, _type = self._report(self.salesman)._render_qweb_html(
            REPORT, partners.ids, {"report_type": "pdf"}
        )
        letters, ids = put_letterheads_into_pages(page.decode())
        self.assertEqual(ids, partners.ids)
        root = html.fromstring(letters)
        return root, root.xpath("//div[contains(@class, 'o_ar_letterhead')]/..")

    def test_each_letter_stands_between_its_head_and_foot(self):
        root, letters = self._pages(self.customer | self.other)
        self.assertEqual(len(letters), 2)
        for letter, name in zip(letters, ("Customer", "Other buyer"), strict=True):
            own = [child.text_content() for child in letter if "o_ar_letter" != child.get("class")]
            self.assertIn("Sender & Sons", own[0])
            words = " ".join(" ".join(own).split())
            self.assertRegex(words, rf"Sender & Sons.*{name}.*Statement of account.*4711")
            self.assertNotIn("Page", words, "nothing counts pages there")
        # core would print what it finds under these names once more
        self.assertFalse(root.xpath("//div[contains(concat(' ', @class, ' '), ' header ')]"))
        self.assertEqual(
            len(root.xpath("//div[contains(concat(' ', @class, ' '), ' article ')]")), 1
        )

    def test_a_foot_without_words_is_left_out(self):
        """Its line alone would take a page of its own below a full one."""
        self.company.report_footer = False
        root, _letters = self._pages(self.customer | self.other)
        self.assertEqual(len(root.xpath("//div[contains(@class, 'o_ar_letterhead')]")), 2)
        self.assertFalse(root.xpath("//div[contains(@class, 'o_ar_letterfoot')]"))

    def test_every_letter_but_the_first_begins_a_page(self):
        _root, letters = self._pages(self.customer | self.other)
        breaks = ["page-break-before" in (letter.get("style") or "") for letter in letters]
        self.assertEqual(breaks, [False, True])


@tagged("post_install", "-at_install")
class TestStatementPdf(LetterCase, HttpCase):
    def _pages(self, partners):
        report = self._report(self.salesman).with_context(force_report_rendering=True)
        if report.get_wkhtmltopdf_state() != "ok":
            self.skipTest("wkhtmltopdf is not installed")
        content, kind = report._render_qweb_pdf(REPORT, partners.ids)
        self.assertEqual(kind, "pdf")
        # with web fonts some builds draw letters instead of writing them: there is no text to read
        return PdfFileReader(io.BytesIO(content)).pages

    def test_a_customer_gets_a_page_and_several_get_a_file(self):
        self.assertEqual(len(self._pages(self.customer)), 1)
        self.assertEqual(len(self._pages(self.customer | self.other)), 2)

    def test_what_is_printed_names_sender_customer_and_amount(self):
        """In the letter itself, or in the page's head where the printer has one."""
        report = self.env.ref("ar_credit_control.action_report_statement")
        page, _type = self._report(self.salesman)._render_qweb_html(
            REPORT, self.customer.ids, {"report_type": "pdf"}
        )
        bodies, _ids, header, footer, paper = report._prepare_html(page.decode(), report.model)
        letter, whole = str(bodies[0]), f"{header}{bodies[0]}{footer}"
        for words in ("Customer", "Balance to pay", "1,234.50"):
            self.assertIn(words, letter)
        for words in ("Sender &amp; Sons", "Bank account 4711"):
            self.assertEqual(whole.count(words), 1)
            self.assertEqual(words in letter, not _wkhtml().is_patched_qt)
        for side in ("top", "bottom"):  # where they are printed once, every page needs no room
            room = paper.get(f"data-report-margin-{side}")
            self.assertEqual(bool(room), not _wkhtml().is_patched_qt)

    def test_what_the_customer_disputes_stands_beside_it(self):
        def letter():
            page, _type = self._report(self.salesman)._render_qweb_html(
                REPORT, self.customer.ids, {"report_type": "pdf"}
            )
            return " ".join(html.fromstring(page.decode()).text_content().split())

        self.assertNotIn("isputed", letter())
        item = self.env["ar.open.item"].search([("partner_id", "=", self.customer.id)])
        self.env["ar.dispute"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "reason": "price",
                "note": "x",
                "line_ids": [Command.create({"item_id": item.id, "amount": 100})],
            }
        )
        self.assertRegex(letter(), r"Disputed by you \$ ?100.00.*disputed \$ ?100.00")
        customers = (self.customer | self.other).with_user(self.salesman)
        customers.invalidate_recordset()
        customers = customers.with_company(self.company)
        self.assertEqual(customers.mapped("ar_disputed"), [100, 0])

    def test_the_address_of_a_pdf_typed_in_is_refused(self):
        self.authenticate(self.stranger.login, self.stranger.login)
        answer = self.url_open(f"/report/pdf/{REPORT}/{self.customer.id}")
        self.assertEqual(answer.status_code, 403)
        self.assertNotIn("1,234.50", answer.text)
        with self.assertRaises(AccessError):
            self._report(self.stranger)._render_qweb_html(REPORT, self.customer.ids)
