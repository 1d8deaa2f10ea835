"""What a customer reads, in six languages, and how letters are printed."""

import glob
import io
import re
import shutil
import subprocess
import tempfile
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger
from odoo.tools.misc import format_amount
from odoo.tools.pdf import PdfFileReader

from ..ar_credit_control.models.dunning_forms import amount_writer
from ..ar_credit_control.models.dunning_letter import draw_modules
from .dunning_common import DunningCommon

# language: subject of the first reminder with one invoice, and with five; amount and date
WORDS = {
    "en_US": ("Reminder: 1 open invoice", "Reminder: 5 open invoices", "1,234.50", "%m/%d/%Y"),
    "it_IT": (
        "Promemoria: 1 fattura aperta",
        "Promemoria: 5 fatture aperte",
        "1.234,50",
        "%d/%m/%Y",
    ),
    "fr_FR": (
        "Rappel : 1 facture en attente de règlement",
        "Rappel : 5 factures en attente de règlement",
        "1 234,50",
        "%d/%m/%Y",
    ),
    "pl_PL": (
        "Przypomnienie: 1 nieopłacona faktura",
        "Przypomnienie: 5 nieopłaconych faktur",
        "1234,50",
        "%d.%m.%Y",
    ),
    "es_ES": (
        "Recordatorio: 1 factura pendiente",
        "Recordatorio: 5 facturas pendientes",
        "1.234,50",
        "%d/%m/%Y",
    ),
    "de_DE": (
        "Zahlungserinnerung: 1 offene Rechnung",
        "Zahlungserinnerung: 5 offene Rechnungen",
        "1.234,50",
        "%d.%m.%Y",
    ),
}
TEXTS = ("courtesy", "first", "second", "final", "formal")


def words(markup):
    return " ".join(html.fromstring(str(markup)).text_content().split())


class LetterCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"name": "Sender & Sons", "street": "12 Harbour Road"})

    @classmethod
    def _add_bank(cls):
        return cls.env["res.partner.bank"].create(
            {
                "acc_number": "IT60X0542811101000000123456",
                "partner_id": cls.company.partner_id.id,
                "company_id": cls.company.id,
                "allow_out_payment": True,
            }
        )

    @classmethod
    def _to_euro(cls):
        euro = cls.env.ref("base.EUR")
        euro.active = True
        cls.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "name": "2020-01-01",
                "company_id": cls.company.id,
                "rate": 0.5,
            }
        )
        return euro

    def _notice(self, **options):
        return self._run(**options).notice_ids


@tagged("post_install", "-at_install")
class TestDunningLanguages(LetterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in WORDS:
            cls.env["res.lang"]._activate_lang(code)
        module = cls.env["ir.module.module"].search([("name", "=", "ar_credit_control")])
        module._update_translations(list(WORDS))

    def _customers(self, *amounts):
        """A customer for each language, each with the same invoices: notices by language."""
        for code in WORDS:
            partner = self._new_customer(code, lang=code, email="a@b.example", street="1", city="X")
            for amount in amounts:
                self._invoice(partner, amount, due=-30)
        return {notice.partner_id.name: notice for notice in self._notice()}

    def test_one_invoice_in_each_language(self):
        for code, notice in self._customers(1234.5).items():
            self.assertEqual(notice.preview_subject, WORDS[code][0])

    def test_several_invoices_in_each_language(self):
        for code, notice in self._customers(1234.5, 1, 2, 3, 4).items():
            self.assertEqual(notice.preview_subject, WORDS[code][1])

    def test_polish_says_two_in_a_form_of_its_own(self):
        notice = self._customers(10, 20)["pl_PL"]
        self.assertIn("2 nieopłacone faktury", notice.preview_subject)

    def test_amounts_and_dates_are_those_of_the_reader(self):
        notices = self._customers(1234.5)
        for code, (_one, _many, amount, pattern) in WORDS.items():
            with self.subTest(language=code):
                text = re.sub(r"[\xa0\u202f]", " ", notices[code].preview)
                self.assertIn(amount, text)
                self.assertIn(notices[code].deadline.strftime(pattern), text)

    @settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
    @given(
        st.sampled_from(sorted(WORDS)),
        st.sampled_from(["USD", "EUR", "JPY", "KWD", "INR"]),
        st.one_of(st.floats(-1e9, 1e9), st.sampled_from([0.0, -0.001, 0.005, 1234.565, 1e12])),
    )
    def test_amounts_are_written_as_core_writes_them(self, code, name, amount):
        env, currency = self.env(context={"lang": code}), self.env.ref(f"base.{name}")
        self.assertEqual(amount_writer(env, currency)(amount), format_amount(env, amount, currency))

    def test_no_ready_made_text_is_left_in_english(self):
        for name in TEXTS:
            template = self.env.ref(f"ar_credit_control.dunning_text_{name}")
            for field in ("name", "subject", "body_html"):
                values = {template.with_context(lang=code)[field] for code in WORDS}
                self.assertEqual(len(values), len(WORDS), f"{name} {field}")

    def test_every_ready_made_text_renders_for_one_and_for_several(self):
        self._customers(100)
        self._invoice(self.customer, 100, due=-30)
        self._invoice(self.customer, 50, due=-30)
        notices = self._notice()
        for name in TEXTS:
            template = self.env.ref(f"ar_credit_control.dunning_text_{name}")
            for key, (subject, body) in notices._render(template).items():
                notice = notices.browse(key)
                self.assertNotRegex(subject + str(body), r"\{\{|t-out|\(form")
                paragraphs = html.fromstring(str(body)).xpath("//p[not(ancestor::table)]")
                self.assertEqual(len(paragraphs), 4, "either form of the sentence, not both")
                self.assertIn(notice.line_ids[0].name, body)

    def test_labels_of_the_tables_are_translated(self):
        texts = {code: words(n.preview) for code, n in self._customers(100, 50).items()}
        for label in ("Open amount", "Due date", "Total to pay", "Payment reference", "1–30 days"):
            for code in texts.keys() - {"en_US"}:
                self.assertNotIn(label, texts[code])
            self.assertIn(label, texts["en_US"])

    def test_names_of_levels_and_policies_follow_an_installed_language(self):
        policy = self._ready_policy()
        level = policy.level_ids[0]
        self.assertEqual(policy.with_context(lang="it_IT").name, "Standard")
        self.assertEqual(level.with_context(lang="it_IT").name, "Promemoria cortese")
        self.assertEqual(level.with_context(lang="pl_PL").name, "Uprzejme przypomnienie")
        self.assertEqual(level.with_context(lang="en_US").name, "Friendly reminder")

    def test_names_that_somebody_changed_stay(self):
        level = self._ready_policy().level_ids[0]
        level.with_context(lang="it_IT").name = "Il mio"
        level.with_context(lang="fr_FR").name = "Friendly reminder"
        other = level.copy({"name": "Mine", "sequence": 90, "days": 200})
        (level | other).policy_id._translate_ready(["it_IT", "fr_FR"])
        self.assertEqual(level.with_context(lang="it_IT").name, "Il mio")
        self.assertEqual(level.with_context(lang="fr_FR").name, "Rappel amical")
        self.assertEqual(other.with_context(lang="fr_FR").name, "Mine")

    def _ready_policy(self):
        return self.env["ar.dunning.policy"].search(
            [("company_id", "=", self.company.id), ("name", "=", "Standard")]
        )


@tagged("post_install", "-at_install")
class TestDunningText(LetterCommon):
    def _table(self, notice):
        """The rows of the first table of a notice's text, as texts."""
        table = html.fromstring(str(notice.preview)).xpath("//table")[0]
        rows = table.xpath(".//tr")
        return [[" ".join(cell.text_content().split()) for cell in row] for row in rows]

    def _money(self, amount):
        text = self.Notice.new({"currency_id": self.company.currency_id.id})._money(amount)
        return " ".join(text.split())

    def test_an_item_shows_what_it_was_and_what_is_left(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        self._pay(invoice, 40)
        head, row, total = self._table(self._notice())
        self.assertEqual(head[3:], ["Days overdue", "Invoice amount", "Open amount"])
        self.assertEqual(row[0], invoice.name)
        self.assertEqual(row[3:], ["30", self._money(100), self._money(60)])
        self.assertEqual(total, ["Total to pay", self._money(60)])

    def test_credit_has_a_column_where_there_is_some(self):
        self._invoice(self.customer, 100, due=-30)
        self._invoice(self.customer, 30, move_type="out_refund")
        head, row, _total = self._table(self._notice())
        self.assertIn("Covered by credit", head)
        self.assertEqual(row[4:], [self._money(100), self._money(30), self._money(70)])

    def test_ageing_comes_to_the_amount(self):
        for amount, due in ((10, -10), (20, -40), (40, -100)):
            self._invoice(self.customer, amount, due=due)
        labels, amounts = (
            html.fromstring(str(self._notice().preview)).xpath("//table")[1].xpath(".//tr")
        )
        found = {
            label.text_content(): " ".join(amount.text_content().split())
            for label, amount in zip(labels, amounts, strict=True)
        }
        self.assertEqual(found["1–30 days"], self._money(10))
        self.assertEqual(found["Over 90 days"], self._money(40))
        self.assertEqual(found["Not due"], self._money(0))

    def test_interest_is_broken_down_and_comes_to_its_total(self):
        scheme = self.env.ref("ar_credit_control.scheme_it")
        scheme.reference_id.rate_ids.unlink()
        for year in (2025, 2026, 2027):
            for day in ("01-01", "07-01"):
                self.env["ar.interest.rate"].create(
                    {
                        "reference_id": scheme.reference_id.id,
                        "date_from": f"{year}-{day}",
                        "rate": year - 2020 + (day == "07-01") / 2,
                    }
                )
        self.ladder.interest_scheme_id = scheme
        self.ladder.level_ids.write({"interest_mode": "show"})
        invoice = self._invoice(self.customer, 10000, due=-250)
        self._invoice(self.customer, 77.77, due=-33)
        self._pay(invoice, 400)
        notice = self._notice()
        found = notice.sudo()._interest_rows()
        self.assertGreaterEqual(len(found["rows"]), 2)
        self.assertEqual(found["before"], 0)
        self.assertAlmostEqual(sum(row.amount for row in found["rows"]), notice.interest)
        self.assertEqual(found["rows"][0].first, fields.Date.subtract(self.today, days=249))
        self.assertEqual(found["rows"][-1].last, self.today)
        text = words(notice.preview)
        self.assertIn("Interest for late payment " + self._money(notice.interest), text)
        self.assertIn("Total to pay " + self._money(notice.amount_total), text)
        self.assertIn("D.Lgs. 231/2002", text)
        for row in found["rows"]:
            self.assertIn(f"{row.rate:.2f} %", text)

    def test_without_interest_nothing_is_said_of_it(self):
        self._invoice(self.customer, 100, due=-30)
        self.assertNotIn("nterest", words(self._notice().preview))

    # ------------------------------------------------------------------ texts of one's own
    def _compare_with_core(self, **vals):
        """Many notices made at once say what Odoo's own rendering says of each by itself."""
        self.template.write(vals)
        self._add_bank()
        euro = self._to_euro()
        for number in range(1, 4):
            partner = self._new_customer(f"<Buyer> & {number}%", ref=f"R{number}" * (number % 2))
            partner.write({"email": "b@b.example"})
            for _item in range(number):
                self._invoice(partner, 10.5 * number, due=-30, currency=euro)
        notices = self._notice().sudo()
        texts = notices._render(self.template)
        for name, place in (("subject", 0), ("body_html", 1)):
            options = {"post_process": True} if place else {}
            core = self.template._render_field(name, notices.ids, options=options)
            for notice in notices:
                self.assertEqual(texts[notice.id][place].split(), core[notice.id].split())
        return texts

    def test_a_text_of_one_s_own_is_that_of_core_s_rendering(self):
        texts = self._compare_with_core(
            subject="{{ object.partner_id.ref ||| no number }}, 5 % of "
            "{{ max(map(lambda line: line.residual, object.line_ids)) }}: {{ object.item_count }}",
            body_html="""<div><p style="width: 50%">100 % %s %(tables)s {{ x }}</p>
                <t t-out="object._payment_box()" /><t t-out="object._items_table()" />
                <p t-foreach="object.line_ids" t-as="line"><t t-out="line.name" /></p>
                <t t-out="object._items_table()" /><b t-out="object._deadline_text()" />
                <a href="/my/home">x</a> <a href="/my">y</a></div>""",
        )
        numbers = {subject.partition(",")[0].strip() for subject, _body in texts.values()}
        self.assertEqual(numbers, {"R1", "R3", "no number"})
        self.assertTrue(all(body.count("Total to pay") == 3 for _subject, body in texts.values()))

    def test_ready_made_texts_are_those_of_core_s_rendering(self):
        self._compare_with_core(lang="{{ object.recipient_id.lang }}")

    def test_a_text_without_language_takes_the_sender_s(self):
        self._compare_with_core(lang=False)

    def test_lines_between_rows_are_borders_of_cells(self):
        """Mail programs that draw with Word draw none of rows."""
        self._invoice(self.customer, 100, due=-30)
        self._invoice(self.customer, 30, due=-10)
        tree = html.fromstring(str(self._notice().preview))
        *rows, _total = tree.xpath("//table")[0].xpath(".//tr")
        self.assertEqual(len(rows), 3)
        for cell in (cell for row in rows for cell in row):
            self.assertIn("border-bottom:", cell.get("style"))
        self.assertFalse(tree.xpath("//tr[contains(@style, 'border')]"))

    def test_the_head_looks_like_one_wherever_it_is_read(self):
        """Style sheets of programs say something else about heads of tables."""
        self._invoice(self.customer, 100, due=-30)
        heads = html.fromstring(str(self._notice().preview)).xpath("//th/@style")
        self.assertEqual(len(heads), 6)
        self.assertTrue(all("font-weight: bold" in style for style in heads))

    def test_words_of_the_table_stay_apart_in_plain_text(self):
        self._invoice(self.customer, 100, due=-30)
        self.assertIn("Invoice Date Due date Days overdue", words(self._notice().preview))

    # ------------------------------------------------------------------ how to pay
    def test_account_reference_and_code(self):
        self._add_bank()
        euro = self._to_euro()
        invoice = self._invoice(self.customer, 100, due=-30, currency=euro)
        notice = self._notice()
        text = words(notice.preview)
        self.assertIn("IBAN IT60 X054 2811 1010 0000 0123 456", text)
        self.assertIn(f"Payment reference {invoice.payment_reference}", text)
        self.assertIn("barcode_type=QR", notice.preview)
        self.assertIn("EUR100.0", notice.preview)

    def test_a_currency_without_code_has_none(self):
        self._add_bank()
        self._invoice(self.customer, 100, due=-30)
        notice = self._notice()
        self.assertIn("IBAN", notice.preview)
        self.assertNotIn("/report/barcode", notice.preview)

    def test_many_invoices_are_paid_under_the_number_of_the_notice(self):
        self.customer.ref = "C042"
        for _number in range(15):
            self._invoice(self.customer, 10, due=-30)
        notice = self._notice()
        reference = notice.sudo()._get_reference(notice.sudo()._get_items())
        self.assertEqual(reference, f"C042-{notice.id}")

    def test_the_letter_holds_its_code_as_a_picture(self):
        self._add_bank()
        self._invoice(self.customer, 100, due=-30, currency=self._to_euro())
        letter = self._notice().sudo()._letter_html()
        self.assertIn('src="data:image/png;base64,', letter)
        self.assertNotIn("/report/barcode", letter)

    def test_a_code_is_drawn_dark_on_light(self):
        from PIL import Image

        picture = Image.open(io.BytesIO(draw_modules([[True, False], [False, True]], size=3)))
        self.assertEqual(picture.size, (6, 6))
        self.assertEqual(
            [picture.getpixel(at) for at in ((0, 0), (5, 0), (2, 2), (5, 5))], [0, 255, 0, 0]
        )

    # ------------------------------------------------------------------ the mail
    def _mail(self, run):
        messages = run.notice_ids.message_id
        return self.env["mail.mail"].sudo().search([("mail_message_id", "in", messages.ids)])

    def test_the_mail_has_the_company_s_head_and_foot(self):
        self._invoice(self.customer, 100, due=-30)
        self.collector.email = "collector@example.com"
        run = self._send()
        text = words(self._mail(run).body_html)
        self.assertTrue(text.startswith("Sender & Sons"))
        self.assertIn(f"Your contact: {self.collector.name}", text)
        self.assertIn("collector@example.com", text)
        self.assertIn("12 Harbour Road", text)
        self.assertNotIn("Your contact", words(run.notice_ids.body))

    def test_the_machine_is_nobody_s_contact(self):
        self._invoice(self.customer, 100, due=-30)
        run = self._run(user=self.env.ref("base.user_root"))
        self.assertFalse(any(run.notice_ids._get_contacts().values()))

    def test_what_was_edited_in_the_review_is_in_the_mail(self):
        self._invoice(self.customer, 100, due=-30)
        run = self._run()
        run.notice_ids.with_user(self.collector).write({"subject": "S", "body": "<p>By hand</p>"})
        self._send(run)
        self.assertIn("By hand", self._mail(run).body_html)
        self.assertEqual(self._mail(run).subject, "S")


@tagged("post_install", "-at_install")
class TestDunningPrint(LetterCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "force_report_rendering": True})
        cls.Report = cls.env["ir.actions.report"]
        cls.Notice = cls.Notice.with_env(cls.env)
        cls.ladder.level_ids.write({"by_letter": True})
        cls._add_bank()
        cls.euro = cls._to_euro()

    def _letters(self, *counts):
        """Sent notices, one a customer with so many invoices."""
        for number, count in enumerate(counts):
            partner = self._new_customer(
                f"Buyer {number}", street=f"{number} Road", city="Town", email="b@b.example"
            )
            for _item in range(count):
                self._invoice(partner, 10 + number, due=-30, currency=self.euro)
        self.run = self._send()
        self.assertEqual(set(self.run.notice_ids.mapped("state")), {"sent"})
        return self.Notice.browse(self.run.notice_ids.sorted("partner_id").ids).sudo()

    def _need_wkhtmltopdf(self):
        if self.Report.get_wkhtmltopdf_state() == "install":
            self.skipTest("wkhtmltopdf is not installed")

    def _kept(self, notices):
        attachments = self.env["ir.attachment"].search(
            [("res_model", "=", "ar.dunning.notice"), ("res_id", "in", notices.ids)]
        )
        return {attachment.res_id: attachment for attachment in attachments}

    def _pages(self, content):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["pdftoppm", "-r", "60", "-png", "-", f"{folder}/page"], input=content, check=True
            )
            pages = sorted(glob.glob(f"{folder}/*.png"))
            return [open(page, "rb").read() for page in pages]

    def test_letters_printed_together_are_those_printed_one_by_one(self):
        self._need_wkhtmltopdf()
        if not shutil.which("pdftoppm"):
            self.skipTest("pdftoppm is not installed")
        notices = self._letters(2, 40, 1)
        streams = self.Report._render_qweb_pdf_prepare_streams(
            "ar_credit_control.report_dunning_notice", {}, notices.ids
        )
        self.assertEqual(list(streams), notices.ids)
        counts = []
        for notice in notices:
            together = self._pages(streams[notice.id]["stream"].getvalue())
            alone = self.Report.with_context(report_pdf_no_attachment=True)._render_qweb_pdf(
                "ar_credit_control.report_dunning_notice", notice.ids
            )[0]
            self.assertEqual(together, self._pages(alone), notice.partner_id.name)
            counts.append(len(together))
        self.assertEqual((counts[0], counts[2]), (1, 1))
        self.assertGreater(counts[1], 1)

    def test_the_letter_names_sender_recipient_and_amount(self):
        self._need_wkhtmltopdf()
        notices = self._letters(1)
        content, _kind = self.Report._render_qweb_pdf(
            "ar_credit_control.report_dunning_notice", notices.ids
        )
        (page,) = PdfFileReader(io.BytesIO(content)).pages
        text = re.sub(r"\s+", " ", page.extract_text())
        for part in ("Sender & Sons", "Buyer 0", "0 Road", "Reminder: 1 open invoice", "IBAN"):
            self.assertIn(part, text)
        self.assertIn(notices.line_ids.name, text)

    def test_cells_of_the_letter_are_as_wide_apart_as_those_of_the_mail(self):
        """A report's style sheet outweighs the attributes of tables: each has a rule of its own."""
        notices = self._letters(2)
        page, _kind = self.Report._render_qweb_html(
            "ar_credit_control.report_dunning_notice", notices.ids
        )
        tree = html.fromstring(page.decode())
        (style,) = tree.xpath("//style[contains(., 'o_ar_notice')]/text()")
        found = set(tree.xpath("//*[contains(@class, 'o_ar_notice')]//table/@cellpadding"))
        self.assertEqual(found, {"2", "3", "5", "12"})
        for width in found | {"4"}:
            self.assertRegex(style, rf'\[cellpadding="{width}"\][^{{]*\{{ padding:')

    def test_the_job_prints_what_waits_and_keeps_it(self):
        self._need_wkhtmltopdf()
        notices = self._letters(1, 1, 1)
        self.assertFalse(self._kept(notices))
        waiting = self.Notice._take_unprinted(limit=2)
        self.assertEqual(len(waiting), 2)
        waiting._print_letters()
        self.assertEqual(self._kept(notices).keys(), set(waiting.ids))
        self.assertFalse(self.Notice._take_unprinted(after=max(notices.ids)))
        self.Notice._take_unprinted()._print_letters()
        kept = self._kept(notices)
        self.assertEqual(kept.keys(), set(notices.ids))
        self.assertFalse(self.Notice._take_unprinted())
        self.run.with_env(self.env(user=self.collector)).action_print_letters()
        self.assertEqual(self._kept(notices), kept, "printed once, and kept")

    def test_sending_letters_starts_the_job(self):
        cron = self.env.ref("ar_credit_control.cron_dunning_letters")
        waiting = [("cron_id", "=", cron.id)]
        self.env["ir.cron.trigger"].search(waiting).unlink()
        self.ladder.level_ids.write({"by_letter": False})
        self._letters(1)
        self.assertFalse(self.env["ir.cron.trigger"].search(waiting))
        self.ladder.level_ids.write({"by_letter": True})
        self._letters(1)
        self.assertTrue(self.env["ir.cron.trigger"].search(waiting))

    def test_the_job_ends_where_nothing_can_be_kept(self):
        self._letters(1)
        self.env.ref("ar_credit_control.action_report_dunning_notice").attachment = False
        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", return_value=9
        ) as progress:
            self.Notice._cron_print_letters()
        self.assertEqual(progress.call_count, 1)

    def test_what_was_sent_is_printed_as_it_was_sent(self):
        self._need_wkhtmltopdf()
        notices = self._letters(1)
        notices._print_letters()
        before = self._kept(notices)[notices.id].raw
        notices.sudo().body = "<p>Changed</p>"
        content, _kind = self.Report._render_qweb_pdf(
            "ar_credit_control.report_dunning_notice", notices.ids
        )
        self.assertEqual(content, before)

    @mute_logger("odoo.addons.base.models.ir_actions_report")
    def test_one_letter_that_fails_does_not_stop_the_others(self):
        notices = self._letters(1, 1, 1)
        bad = notices[1]
        core = type(self.Report)._render_qweb_pdf

        def render(report, ref, ids, **options):
            if bad.id in ids:
                raise RuntimeError("The printer is on fire")
            return core(report, ref, ids, **options)

        with patch.object(type(self.Report), "_render_qweb_pdf", render):
            notices._print_letters()
        self.assertIn("The printer is on fire", bad.problem)
        self.assertFalse((notices - bad).filtered("problem"))
        self.assertNotIn(bad, self.Notice._take_unprinted())

    def test_a_run_without_letters_says_so(self):
        self.ladder.level_ids.write({"by_letter": False})
        self._invoice(self.customer, 10, due=-30)
        with self.assertRaisesRegex(UserError, "No notice of this run was sent as a letter"):
            self._send().action_print_letters()

    def test_only_who_sees_a_notice_prints_it(self):
        notices = self._letters(1)
        notices.partner_id.user_id = self.salesman
        report = self.env(user=self.stranger)["ir.actions.report"]
        with self.assertRaises(AccessError):
            report._render_qweb_html("ar_credit_control.report_dunning_notice", notices.ids)
        page = (
            self.env(user=self.auditor)["ir.actions.report"]
            ._render_qweb_html("ar_credit_control.report_dunning_notice", notices.ids)[0]
            .decode()
        )
        self.assertIn("Buyer 0", page)
