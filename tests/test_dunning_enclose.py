"""Invoices and the statement that go out with a notice, where its level says so."""

import io

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from .dunning_common import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningEnclose(DunningCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "force_report_rendering": True})
        cls.Report = cls.env["ir.actions.report"]
        cls.Notice = cls.Notice.with_env(cls.env)
        cls.level = cls.ladder.level_ids[0]
        cls.invoices = [cls._invoice(cls.customer, amount, due=-10) for amount in (100, 200)]

    def _sent(self, **level):
        if self.Report.get_wkhtmltopdf_state() == "install":
            self.skipTest("wkhtmltopdf is not installed")
        self.level.write(level)
        run = self._send()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"sent"})
        return self.Notice.browse(run.notice_ids.ids).sudo()

    def _draw(self):
        """What the background job does with what waits, without its commits."""
        notices = self.Notice.sudo()._take_to_enclose()
        notices._enclose()
        return notices

    def _mail(self, notice):
        self.env.invalidate_all()
        mails = self.env["mail.mail"].sudo()
        return mails.search([("mail_message_id", "=", notice.message_id.id)])

    def _leaves(self, notice):
        """Whether the queue would send the notice's mail now."""
        mail = self._mail(notice)
        return mail.state == "outgoing" and not mail.scheduled_date

    def test_the_mail_waits_for_what_it_encloses(self):
        notice = self._sent(attach_invoices=True, attach_statement=True)
        self.assertTrue(notice.to_enclose)
        self.assertFalse(self._leaves(notice))
        self.assertTrue(self._mail(notice).scheduled_date, "and leaves bare rather than never")
        self._draw()
        self.assertFalse(notice.to_enclose)
        self.assertTrue(self._leaves(notice))
        names = sorted(self._mail(notice).attachment_ids.mapped("name"))
        self.assertEqual(len(names), 3)
        self.assertEqual(names[-1], "Statement - Customer.pdf")
        for move in self.invoices:
            self.assertIn(move.name.replace("/", "_"), " ".join(names))
        for attachment in notice.enclosure_ids:
            self.assertEqual(attachment.raw[:5], b"%PDF-")
        statement = notice.enclosure_ids.filtered(lambda a: a.name == names[-1])
        self.assertIn("300.00", " ".join(self._pages(statement)))

    def _pages(self, attachment):
        """The words of each page."""
        reader = PdfFileReader(io.BytesIO(attachment.raw))
        return [" ".join(page.extract_text().split()) for page in reader.pages]

    def test_an_invoice_goes_out_as_it_was_sent(self):
        move = self.invoices[0]
        kept = self.env["ir.attachment"].create(
            {
                "name": "as_sent.pdf",
                "raw": b"%PDF-1.4 as it was sent",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        move.invalidate_recordset(["invoice_pdf_report_id"])
        notice = self._sent(attach_invoices=True)
        self._draw()
        found = notice.enclosure_ids.filtered(lambda a: a.name == "as_sent.pdf")
        self.assertEqual(found.raw, kept.raw)
        self.assertEqual(len(notice.enclosure_ids), 2)

    def test_nothing_is_drawn_twice(self):
        notice = self._sent(attach_statement=True)
        self._draw()
        self.assertTrue(notice.enclosure_ids)
        self.assertFalse(self._draw())

    def test_levels_without_enclosures_do_not_wait(self):
        notice = self._sent()
        self.assertFalse(notice.to_enclose)
        self.assertTrue(self._leaves(notice))

    def test_what_cannot_be_drawn_keeps_no_mail_back(self):
        notice = self._sent(attach_invoices=True)
        report = self.env.ref("account.account_invoices")
        report.report_name = "account.no_such_report"
        with mute_logger("odoo.addons.base.models.ir_actions_report", "odoo.sql_db"):
            self._draw()
        self.assertIn("without its enclosures", notice.problem)
        self.assertTrue(self._leaves(notice))
        self.assertFalse(self._mail(notice).attachment_ids)

    def test_letters_are_followed_by_what_they_enclose(self):
        notice = self._sent(attach_statement=True, by_letter=True, by_email=False)
        action = notice.run_id.with_env(self.env).action_print_letters()
        self.assertEqual(action["type"], "ir.actions.act_url")
        joined = self.env["ir.attachment"].search(
            [("res_model", "=", "ar.dunning.run"), ("res_id", "=", notice.run_id.id)]
        )
        pages = self._pages(joined)
        self.assertEqual(len(pages), 2)
        self.assertIn("Statement of account", pages[1])

    def test_enclosures_are_closed_to_who_may_not_read_the_notice(self):
        notice = self._sent(attach_statement=True)
        self._draw()
        for user, allowed in (
            (self.collector, True),
            (self.salesman, True),
            (self.stranger, False),
        ):
            attachment = notice.enclosure_ids.with_user(user)
            attachment.invalidate_recordset()
            with self.subTest(user=user.login):
                if allowed:
                    self.assertTrue(attachment.raw)
                else:
                    with self.assertRaises(AccessError):
                        attachment.check_access("read")
