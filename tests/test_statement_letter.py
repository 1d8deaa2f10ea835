"""The statement as it leaves the house: who sends it, to whom, and what it says."""

import io
import re

from lxml import html
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
        root = html.fromstring(put_letterheads_into_pages(page.decode()))
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

    def test_every_letter_but_the_first_begins_a_page(self):
        _root, letters = self._pages(self.customer | self.other)
        breaks = ["page-break-before" in (letter.get("style") or "") for letter in letters]
        self.assertEqual(breaks, [False, True])


@tagged("post_install", "-at_install")
class TestStatementPdf(LetterCase, HttpCase):
    def _text(self, user, partners):
        report = self._report(user).with_context(force_report_rendering=True)
        if report.get_wkhtmltopdf_state() != "ok":
            self.skipTest("wkhtmltopdf is not installed")
        content, kind = report._render_qweb_pdf(REPORT, partners.ids)
        self.assertEqual(kind, "pdf")
        return [
            re.sub(r"\s+", " ", page.extract_text())
            for page in PdfFileReader(io.BytesIO(content)).pages
        ]

    def test_the_pdf_names_sender_customer_and_amount(self):
        (text,) = self._text(self.salesman, self.customer)
        for words in ("Sender & Sons", "Customer", "Balance to pay", "1,234.50", "Bank account"):
            self.assertIn(words, text)

    def test_several_customers_are_one_file_of_several_letters(self):
        first, second = self._text(self.salesman, self.customer | self.other)
        self.assertIn("1,234.50", first)
        self.assertIn("Nothing is open", second)
        self.assertIn("Sender & Sons", second)
        self.assertNotIn("1,234.50", second)

    def test_the_address_of_a_pdf_typed_in_is_refused(self):
        self.authenticate(self.stranger.login, self.stranger.login)
        answer = self.url_open(f"/report/pdf/{REPORT}/{self.customer.id}")
        self.assertEqual(answer.status_code, 403)
        self.assertNotIn("1,234.50", answer.text)
        with self.assertRaises(AccessError):
            self._report(self.stranger)._render_qweb_html(REPORT, self.customer.ids)
