"""What Odoo's own e-invoicing says becomes a message, a problem, and in the end its closing."""

import json
from base64 import b64decode
from unittest import skipUnless

from odoo.modules.module import get_manifest
from odoo.tests import tagged

from ..ar_credit_control.models.exchange_watched import WATCHED
from ..ar_credit_control.rules.delivery import STAGES
from .exchange_common import ExchangeCommon

FIRST, SECOND = "IT01234567890_00001.xml", "IT01234567890_00002.xml"


@tagged("post_install", "-at_install")
class TestExchangeWatch(ExchangeCommon):
    def setUp(self):
        super().setUp()
        if "l10n_it_edi_state" not in self.env["account.move"]._fields:
            self.skipTest("the Italian e-invoicing is not installed here")

    def _send(self, name=FIRST):
        """What sending leaves behind: the state first, the file's name after it."""
        self.invoice.l10n_it_edi_state = "processing"
        self.invoice.l10n_it_edi_transaction = "42"
        self.invoice.l10n_it_edi_attachment_name = name

    def _answer(self, raw, state):
        """What the daily job of Odoo does with a message of the SdI."""
        parsed = self.invoice._l10n_it_edi_parse_notification({"state": state, "xml_content": raw})
        told = self.invoice._l10n_it_edi_transform_notification(parsed)
        message = self.invoice._l10n_it_edi_get_message(told)
        self.invoice.write(
            {
                "l10n_it_edi_state": told["l10n_it_edi_state"],
                "l10n_it_edi_transaction": told["l10n_it_edi_transaction"],
                "l10n_it_edi_header": message or False,
            }
        )

    def test_every_error_of_a_rejection_though_odoo_keeps_but_one(self):
        self._send()
        self._answer(self._raw("NS"), "notificaScarto")
        problem = self._problem()
        self.assertEqual(problem.outcome, "not_issued")
        self.assertEqual(problem.error_ids.mapped("code"), ["00305", "00311"])
        self.assertEqual(problem.error_ids[0].hint, "Verificare la partita IVA")
        self.assertEqual(problem.account_id.provider, "odoo")
        self.assertFalse(problem.doubtful)
        self.assertEqual(self.invoice.l10n_it_edi_state, "rejected")

    def test_sent_again_waits_and_delivered_closes(self):
        self._send()
        self._answer(self._raw("NS"), "notificaScarto")
        problem = self._problem()
        self.invoice.l10n_it_edi_state = False
        self._send(SECOND)
        self.assertEqual(problem.state, "fixed")
        self._answer(self._raw("RC", file=SECOND, hours=23), "ricevutaConsegna")
        self.assertEqual((problem.state, problem.close_reason), ("closed", "delivered"))

    def test_a_status_set_without_a_message(self):
        self._send()
        self.invoice.write(
            {
                "l10n_it_edi_state": "forward_failed",
                "l10n_it_edi_header": "<p>Casella <b>piena</b></p>",
            }
        )
        problem = self._problem()
        self.assertEqual(problem.outcome, "issued_not_delivered")
        self.assertIn("Casella", problem.text)
        evidence = json.loads(b64decode(problem.notification_id.raw))
        self.assertEqual((evidence["ident"], evidence["state"]), (FIRST, "forward_failed"))
        self.invoice.l10n_it_edi_state = "forwarded"
        self.assertEqual(problem.state, "closed")

    def test_the_job_finds_what_nobody_wrote(self):
        """A stored status that was computed, or written by a statement of its own."""
        self._send()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET l10n_it_edi_state = 'rejected' WHERE id = %s",
            [self.invoice.id],
        )
        self.invoice.invalidate_recordset()
        accounts = self.env["ar.exchange.account"].sudo()
        sdi = next(item for item in accounts._get_watched() if item.network == "sdi")
        self.assertIn(self.invoice.id, accounts._find_untold(sdi))
        accounts._hear(sdi, [accounts._read_with_note(sdi, self.invoice)])
        self.assertEqual(self._problem().outcome, "not_issued")
        self.assertNotIn(self.invoice.id, accounts._find_untold(sdi))

    def test_drafts_and_bills_are_nobodys_problem(self):
        draft = self._invoice(self.customer, 10, post=False)
        draft.l10n_it_edi_state = "rejected"
        self.assertFalse(self._problem(draft))

    def test_an_accountant_may_set_it_off(self):
        self._send()
        self.invoice.with_user(self.accountant).write({"l10n_it_edi_state": "rejected"})
        self.assertEqual(self._problem().state, "open")

    def test_nothing_here_ever_stops_odoo(self):
        self._send()
        broken = b"<RicevutaScarto><Errore><Codice>1</Codice></Errore></RicevutaScarto>"
        self._answer(broken, "notificaScarto")
        self.assertEqual(self.invoice.l10n_it_edi_state, "rejected")
        self.assertEqual(self._problem().state, "open")
        kept = self.Notification.search([("state", "=", "quarantined")], limit=1, order="id desc")
        self.assertEqual(kept.reason, "malformed")


@tagged("post_install", "-at_install")
class TestWatchedFields(ExchangeCommon):
    def test_outcomes_are_known(self):
        for watched in WATCHED:
            with self.subTest(field=watched.field):
                self.assertLessEqual(set(watched.outcomes.values()), set(STAGES))

    def test_values_exist_where_the_module_is_installed(self):
        for watched in self.env["ar.exchange.account"]._get_watched():
            field = self.env[watched.model]._fields[watched.field]
            values = {value for value, _label in field._description_selection(self.env)}
            with self.subTest(field=watched.field):
                self.assertTrue(values & set(watched.outcomes))
                if watched.ident:
                    self.assertIn(watched.ident, self.env[watched.model]._fields)

    @skipUnless(get_manifest("account_peppol"), "Odoo's Peppol module is not at hand")
    def test_a_module_that_is_not_installed_is_no_hindrance(self):
        fields = [item.field for item in self.env["ar.exchange.account"]._get_watched()]
        if "peppol_move_state" not in self.env["account.move"]._fields:
            self.assertNotIn("peppol_move_state", fields)
