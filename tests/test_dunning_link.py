"""Links in notices: they open their one invoice without a login, and nothing else."""

import re

from odoo.tests import HttpCase, new_test_user, tagged

from .dunning_common import DunningCommon

LINK = re.compile(r'href="([^"]*/ar/invoice/[^"]*)"')


@tagged("post_install", "-at_install")
class TestDunningLink(DunningCommon, HttpCase):
    def _links(self, notice):
        return list(dict.fromkeys(LINK.findall(notice.body)))

    def _open(self, address):
        return self.url_open(re.sub(r"^https?://[^/]*", "", address))

    def _signed(self, move):
        return move._ar_signed_paths()[move.id]

    def test_the_link_opens_the_invoice_without_a_login(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        (link,) = self._links(self._send().notice_ids)
        answer = self._open(link)
        self.assertEqual(answer.status_code, 200)
        self.assertIn(f"/my/invoices/{invoice.id}?access_token=", answer.url)
        self.assertIn(invoice.name, answer.text)
        invoice.invalidate_recordset()
        token = invoice.access_token
        self._open(link)
        self.assertEqual(invoice.access_token, token)

    def test_sending_does_not_write_to_invoices(self):
        invoices = self._invoice(self.customer, 100, due=-30) | self._invoice(
            self.customer, 50, due=-30
        )
        written = invoices.mapped("write_date")
        notice = self._send().notice_ids
        self.assertEqual(len(self._links(notice)), 2)
        self.assertIn("/my/invoices?filterby=overdue_invoices", notice.body)
        self.assertFalse(any(invoices.mapped("access_token")))
        self.assertEqual(invoices.mapped("write_date"), written)

    def test_a_token_that_is_there_is_kept(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        kept = invoice._portal_ensure_token()
        self.assertIn(kept, self._open(self._signed(invoice)).url)
        self.assertEqual(invoice.access_token, kept)

    def test_links_of_previews_and_of_what_was_sent_are_the_same(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        run = self._run()
        self.assertIn(self._signed(invoice), run.notice_ids.preview)
        self._send(run)
        self.assertIn(self._signed(invoice), run.notice_ids.body)

    # ------------------------------------------------------------------ attempts
    def test_forged_signatures_open_nothing(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        good = self._signed(invoice).rpartition("/")[2]
        flipped = ("0" if good[0] != "0" else "1") + good[1:]
        for bad in (flipped, good[:-1], good + "0", good.upper() + "x", "0" * 32, "é", "%00"):
            with self.subTest(signature=bad):
                answer = self._open(f"/ar/invoice/{invoice.id}/{bad}")
                self.assertEqual(answer.status_code, 404)
                self.assertNotIn(invoice.name, answer.text)
        invoice.invalidate_recordset()
        self.assertFalse(invoice.access_token)

    def test_a_signature_opens_no_other_invoice(self):
        mine = self._invoice(self.customer, 100, due=-30)
        theirs = self._invoice(self._new_customer("Competitor"), 777, due=-30)
        signature = self._signed(mine).rpartition("/")[2]
        self.assertEqual(self._open(f"/ar/invoice/{theirs.id}/{signature}").status_code, 404)
        self.assertNotEqual(signature, self._signed(theirs).rpartition("/")[2])

    def test_who_guesses_learns_not_which_invoices_there_are(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        there, gone = (
            self._open(f"/ar/invoice/{key}/{'0' * 32}") for key in (invoice.id, 2**31 - 1)
        )
        beyond = self._open(f"/ar/invoice/{10**30}/{'0' * 32}")
        self.assertEqual({there.status_code, gone.status_code, beyond.status_code}, {404})
        self.assertEqual(
            there.text.replace(str(invoice.id), ""), gone.text.replace(str(2**31 - 1), "")
        )

    def test_a_sign_in_does_not_help(self):
        user = new_test_user(self.env, login="ar_portal_spy", groups="base.group_portal")
        invoice = self._invoice(self.customer, 100, due=-30)
        self.authenticate(user.login, user.login)
        self.assertEqual(self._open(f"/ar/invoice/{invoice.id}/{'0' * 32}").status_code, 404)

    def test_entries_that_are_no_invoices_have_no_link(self):
        entry = self.env["account.move"].create(
            {"move_type": "entry", "company_id": self.company.id}
        )
        self.assertEqual(self._open(self._signed(entry)).status_code, 404)

    def test_a_deleted_invoice_has_none_either(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        address = self._signed(invoice)
        invoice.button_draft()
        self.assertEqual(self._open(address).status_code, 200)  # core shows drafts to who has them
        invoice.with_context(force_delete=True).unlink()
        self.assertEqual(self._open(address).status_code, 404)

    def test_a_cancelled_invoice_answers_as_core_does(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        invoice.button_draft()
        invoice.button_cancel()
        core = self.url_open(
            f"/my/invoices/{invoice.id}?access_token={invoice._portal_ensure_token()}"
        )
        answer = self._open(self._signed(invoice))
        self.assertEqual((answer.status_code, answer.url), (core.status_code, core.url))

    def test_the_signature_is_bound_to_the_database(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        address = self._signed(invoice)
        self.env["ir.config_parameter"].set_param("database.secret", "another")
        self.assertNotEqual(self._signed(invoice), address)
        self.assertEqual(self._open(address).status_code, 404)
