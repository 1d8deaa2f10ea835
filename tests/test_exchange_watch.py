"""What Odoo's own e-invoicing says becomes a message, a problem, and in the end its closing."""

import json
from base64 import b64decode
from unittest import skipUnless

from odoo import fields
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


@tagged("post_install", "-at_install")
class TestExchangeWatchElsewhere(ExchangeCommon):
    """Other countries' modules: what their fields say, whether at once or by the job."""

    def _needs(self, model, field):
        if model not in self.env or field not in self.env[model]._fields:
            self.skipTest(f"nothing here has {model}.{field}")

    def _watch(self):
        accounts = self.env["ar.exchange.account"]
        accounts._cron_watch(lambda _done: float("inf"))
        return self._problem()

    def _let_time_pass(self):
        """Odoo's job does not run twice in a second, as tests do."""
        sent = self.env["ar.exchange.transmission"].sudo()
        sent = sent.search([("move_id", "=", self.invoice.id)])
        sent.moment = fields.Datetime.subtract(fields.Datetime.now(), hours=1)

    def _goes_wrong_and_is_mended(self, bad, good):
        self._needs("account.move", next(iter(bad)))
        self.invoice.write(bad)
        problem = self._watch()
        self.assertEqual((problem.outcome, problem.state), ("not_issued", "open"))
        self.assertEqual(problem.account_id.provider, "odoo")
        self._let_time_pass()
        self.invoice.write(good)
        self._watch()
        self.assertEqual((problem.state, problem.close_reason), ("closed", "delivered"))
        self.assertEqual(self._watch(), problem, "the same status is heard of once")

    def test_poland(self):
        self._goes_wrong_and_is_mended(
            {"l10n_pl_edi_status": "rejected", "l10n_pl_edi_ref": "A1"},
            {"l10n_pl_edi_status": "accepted", "l10n_pl_edi_ref": "A2"},
        )

    def test_peppol(self):
        self._goes_wrong_and_is_mended(
            {"peppol_move_state": "error", "peppol_message_uuid": "u-1"},
            {"peppol_move_state": "done", "peppol_message_uuid": "u-2"},
        )

    def test_romania(self):
        self._goes_wrong_and_is_mended(
            {"l10n_ro_edi_state": "invoice_refused", "l10n_ro_edi_index": "1"},
            {"l10n_ro_edi_state": "invoice_validated", "l10n_ro_edi_index": "2"},
        )

    def test_hungary(self):
        self._goes_wrong_and_is_mended(
            {"l10n_hu_edi_state": "rejected", "l10n_hu_edi_transaction_code": "1"},
            {"l10n_hu_edi_state": "confirmed", "l10n_hu_edi_transaction_code": "2"},
        )

    def test_spain_verifactu(self):
        self._needs("account.move", "l10n_es_edi_verifactu_state")
        field = self.env["account.move"]._fields["l10n_es_edi_verifactu_state"]
        if field.compute:
            self.skipTest("Odoo computes it from its documents")
        self._goes_wrong_and_is_mended(
            {"l10n_es_edi_verifactu_state": "rejected"},
            {"l10n_es_edi_verifactu_state": "accepted"},
        )

    def test_spain_ticketbai(self):
        self._needs("l10n_es_edi_tbai.document", "state")
        document = (
            self.env["l10n_es_edi_tbai.document"]
            .sudo()
            .create(
                {"name": self.invoice.name, "company_id": self.company.id, "date": self._today()}
            )
        )
        self.invoice.l10n_es_tbai_post_document_id = document
        self.assertFalse(self._watch())
        document.write({"state": "rejected", "response_message": "B4_2000001: NIF"})
        problem = self._watch()
        self.assertEqual((problem.outcome, problem.text), ("not_issued", "B4_2000001: NIF"))
        self._let_time_pass()
        document.write({"state": "accepted", "response_message": False})
        self._watch()
        self.assertEqual(problem.state, "closed")

    def test_spain_sii_and_other_documents_of_odoo(self):
        self._needs("account.edi.document", "blocking_level")
        kind = self.env["account.edi.format"].search([], limit=1)
        document = self.env["account.edi.document"].create(
            {"move_id": self.invoice.id, "edi_format_id": kind.id, "state": "to_send"}
        )
        document.write({"blocking_level": "error", "error": "<p>[1117] El NIF no existe</p>"})
        problem = self._watch()
        self.assertEqual((problem.outcome, problem.state), ("not_issued", "open"))
        self.assertIn("1117", problem.text)
        self._let_time_pass()
        document.write({"blocking_level": False, "error": False, "state": "sent"})
        self._watch()
        self.assertEqual(problem.state, "closed")

    def test_every_field_of_the_list_is_one_of_odoos(self):
        """Wherever a module is installed, what the list calls its fields exists."""
        for watched in self.env["ar.exchange.account"]._get_watched():
            names = [watched.ident, watched.file, *watched.texts]
            known = self.env[watched.model]._fields
            missing = {name for name in names if name} - set(known)
            if watched.texts != ("l10n_es_edi_verifactu_warning",):
                self.assertFalse(missing, watched)
            if watched.link:
                self.assertIn(watched.link, self.env["account.move"]._fields)
