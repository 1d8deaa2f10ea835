"""Reading providers over real HTTP, from the simulator: pages, faults, repetitions, knocks."""

import io
import zipfile
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage

from odoo import fields
from odoo.addons.base.tests.test_ir_cron import CronMixinCase
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, RecordCapturer, tagged
from odoo.tools import mute_logger

from ..ar_credit_control.models.exchange_ahead import BATCH, Ahead
from ..ar_credit_control.models.exchange_document import AT_ONCE
from ..connectors.contract import Message
from ..connectors.errors import ServiceFailing
from ..connectors.simulator.backlog import Backlog
from ..connectors.simulator.server import Simulator
from ..connectors.simulator.world import World
from .exchange_common import ERRORS, ExchangeCommon

FILE = "IT01234567890_00001.xml"


def go_on(_done, remaining=0):
    return float("inf")


class Failing:
    """A feed with a message on each page, which then fails."""

    def __init__(self, messages):
        self.messages = messages

    def fetch(self, _since, cursor):
        place = int(cursor or 0)
        if place == len(self.messages):
            raise ServiceFailing("out of order")
        return [self.messages[place]], str(place + 1)


@tagged("post_install", "-at_install")
class TestExchangePull(ExchangeCommon, CronMixinCase, HttpCase):
    @classmethod
    def _request_handler(cls, s, r, /, **kw):
        """Odoo's compares the timeout with a number; ours has one to connect and one to wait."""
        timeout = kw.get("timeout")
        kw["timeout"] = timeout[1] if isinstance(timeout, tuple) else timeout
        return super()._request_handler(s, r, **kw)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.simulator = Simulator(World())
        cls.enterClassContext(cls.simulator)
        cls.world = cls.simulator.world
        base = cls.simulator.base("x").removesuffix("/x")
        cls.env["ir.config_parameter"].set_param("ar_credit_control.exchange_simulator", base)
        cls.feed = cls._feed("invoicetronic")
        sent = fields.Datetime.subtract(fields.Datetime.now(), days=2)
        cls.env["ar.exchange.transmission"]._note_sent("sdi", [(cls.invoice, FILE, "", sent)])

    @classmethod
    def _feed(cls, provider):
        return cls.env["ar.exchange.account"].create(
            {
                "name": provider,
                "company_id": cls.company.id,
                "provider": provider,
                "base_url": cls.simulator.base(provider),
                "user_name": cls.simulator.world.user,
                "secret": cls.simulator.world.secret,
                "user_id": cls.collector.id,
            }
        )

    def setUp(self):
        super().setUp()
        self.simulator.world = World()  # each test has an exchange of its own
        self.world = self.simulator.world

    def _tell(self, kind="NS", move=None, file=FILE, **values):
        move = move or self.invoice
        return self.world.add(
            type=kind,
            file_name=file,
            number=move.name,
            day=str(move.invoice_date),
            errors=ERRORS if kind == "NS" else (),
            **values,
        )

    # ------------------------------------------------------------------ the four providers
    def test_a_rejection_arrives_from_each_provider(self):
        for number, provider in enumerate(("invoicetronic", "aruba", "openapi_it", "acube")):
            move = self._invoice(self.customer, 100 + number, due=-5)
            name = f"IT01234567890_2000{number}.xml"
            self._know(move, name)
            self.simulator.world = self.world = World()
            self._tell(move=move, file=name)
            feed = self.feed if provider == "invoicetronic" else self._feed(provider)
            with self.subTest(provider=provider):
                self.assertTrue(feed._pull(go_on), feed.last_error)
                self.assertFalse(feed.last_error)
                problem = self._problem(move)
                self.assertEqual(problem.error_ids.mapped("code"), ["00305", "00311"])
                self.assertEqual(problem.user_id, self.collector)
                self.assertFalse(problem.doubtful)
                self.assertEqual(feed.health, "good")

    def test_one_mail_for_a_reading_of_many_pages(self):
        self.feed.since = "2025-12-01"
        self.simulator.world = self.world = World(Backlog(210))
        moves = [self._invoice(self.customer, 100 + place, due=-5) for place in range(2)]
        for place, move in enumerate([*moves, self.invoice]):
            self._know(move, f"IT01234567890_3000{place}.xml")
            self._tell(move=move, file=f"IT01234567890_3000{place}.xml")
        before = self.env["mail.message"].search([], order="id desc", limit=1).id
        self.feed._pull(go_on)
        told = self.env["mail.message"].search(
            [("id", ">", before), ("message_type", "=", "user_notification")]
        )
        self.assertEqual(told.partner_ids, self.collector.partner_id | self.salesman.partner_id)
        self.assertEqual(len(told), 2)
        self.assertIn(": 3", told[0].subject)

    def test_the_overlap_changes_nothing(self):
        self._tell()
        self.feed._pull(go_on)
        self.assertGreater(self.feed.last_run - self.feed.since, timedelta(hours=23))
        with RecordCapturer(self.Notification, []) as captured:
            self.feed._pull(go_on)
        self.assertFalse(captured.records)
        self._tell("RC")
        with RecordCapturer(self.Notification, []) as captured:
            self.feed._pull(go_on)
        self.assertEqual(len(captured.records), 1)

    def test_out_of_time_it_goes_on_where_it_was(self):
        self.feed.since = "2025-12-01"
        self.simulator.world = self.world = World(Backlog(1450))
        with RecordCapturer(self.Notification, []) as captured:
            self.assertFalse(self.feed._pull(lambda done, remaining=0: 0))
            self.assertEqual(self.feed.cursor, "6", "five pages are one transaction")
            first = len(captured.records)
            self.assertTrue(self.feed._pull(go_on))
        self.assertLess(first, len(captured.records))
        self.assertFalse(self.feed.cursor)
        asked = self.world.requests["/invoicetronic/update"]
        self.assertIn(asked, range(8, 12), "at most the next batch was fetched in vain")
        keys = captured.records.mapped("key")
        self.assertEqual(len(keys), len(set(keys)))

    def test_a_backlog_with_everything_that_goes_wrong(self):
        self.feed.since = "2025-12-01"
        self.simulator.world = self.world = World(Backlog(300))
        aruba = self._feed("aruba")
        aruba.since = "2025-12-01"
        with RecordCapturer(self.Notification, []) as captured:
            aruba._pull(go_on)
        states = captured.records.grouped("state")
        self.assertIn("unmatched", states)
        self.assertIn("quarantined", states)
        self.assertEqual(set(states["quarantined"].mapped("reason")), {"malformed"})

    def test_documents_are_asked_about_until_they_have_their_last_answer(self):
        for provider in ("aruba", "openapi_it", "acube"):
            with self.subTest(provider=provider):
                self._ask_until_all_is_said(provider)

    def _ask_until_all_is_said(self, provider):
        self.simulator.world = self.world = World()
        feed = self._feed(provider)
        Document = self.env["ar.exchange.document"].sudo()
        own = [("account_id", "=", feed.id)]
        for place, kind in enumerate(("NS", "RC", "MC")):
            self._tell(kind, file=f"IT01234567890_{provider[:1]}000{place}.xml")

        def asked():
            before = sum(self.world.requests.values())
            documents = Document.search(own)
            documents.checked_on = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
            self.assertTrue(feed._pull(go_on), feed.last_error)
            now = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
            turns = Document.search([*own, ("checked_on", ">", now)])
            self.assertLess(sum(self.world.requests.values()) - before, 12)
            return len(turns)

        self.assertEqual(asked(), 3)
        self.assertTrue(all(Document.search(own).mapped("settled")), "rejected, or at a business")
        self.assertEqual(asked(), 0, "whoever has a final answer is left alone")
        late = f"IT01234567890_{provider[:1]}0009.xml"
        self._tell("NS", file=late)
        self.assertEqual(asked(), 1)
        self.assertEqual(asked(), 0)
        again = Document.search(own, limit=1)
        again.settled = False
        self.assertEqual(asked(), 1, "without a final answer it has its turn")
        again.write(
            {
                "settled": False,
                "first_seen": fields.Datetime.subtract(fields.Datetime.now(), days=50),
            }
        )
        self.assertEqual(asked(), 0, "too old to hear more of")

    def test_the_longest_unasked_come_first_and_a_reading_is_bounded(self):
        feed = self._feed("aruba")
        Document = self.env["ar.exchange.document"].sudo()
        moment = fields.Datetime.now()
        Document.create(
            [
                {
                    "account_id": feed.id,
                    "name": f"{place:04}.xml",
                    "first_seen": moment,
                    "checked_on": fields.Datetime.subtract(moment, minutes=place),
                }
                for place in range(AT_ONCE + 10)
            ]
        )
        turn, known = feed._get_polled()
        self.assertEqual((len(turn), turn[0]), (AT_ONCE, f"{AT_ONCE + 9:04}.xml"))
        self.assertEqual(len(known), AT_ONCE + 10)
        for user in (self.salesman, self.accountant, self.collector):
            with self.assertRaises(AccessError):
                Document.with_user(user).create({"account_id": feed.id, "name": "x"})
        with self.assertRaises(AccessError):
            Document.with_user(self.salesman).search([])

    def test_what_came_before_a_failure_is_kept(self):
        self._know()
        raws = [self._raw("RC"), self._raw("NS", hours=1)]
        feed = Failing([Message("x", str(place), raw) for place, raw in enumerate(raws)])
        self.feed.started = fields.Datetime.now()
        for eager in (False, True):
            self.feed.cursor = False
            with Ahead(feed, datetime.now(timezone.utc), "sdi", eager) as ahead:
                self.assertEqual(self.feed._pull_page(ahead), (2, False))
                self.assertEqual(self.feed.cursor, "2")
                self.assertEqual(self._problem().state, "open")
                with self.assertRaises(ServiceFailing):
                    self.feed._pull_page(ahead)

    def test_one_batch_is_fetched_ahead_and_only_where_the_cursor_leads(self):
        asked = []

        class Endless:
            def fetch(self, _since, cursor):
                asked.append(int(cursor or 0))
                return [Message("x", "", b"<html/>")] * BATCH, str(int(cursor or 0) + 1)

        now = datetime.now(timezone.utc)
        with Ahead(Endless(), now, "sdi") as ahead:
            self.assertEqual(ahead.take(None).following, "1")
            self.assertEqual(len(ahead.take("1").rows), BATCH)
            self.assertEqual(ahead.take("7").following, "8", "somebody has moved the cursor")
        self.assertEqual(asked[:2], [0, 1])
        self.assertLessEqual(set(asked), {0, 1, 2, 7, 8})
        asked.clear()
        with Ahead(Endless(), now, "sdi", eager=False) as ahead:
            ahead.take(None)
        self.assertEqual(asked, [0])

    # ------------------------------------------------------------------ faults
    def test_faults_are_told_and_mended_by_the_next_run(self):
        self._tell()
        for fault, code in (
            ("unauthorized", "401"),
            ("redirect", "302"),
            ("html", "HTML"),
            ("huge", "bytes"),
            ("deep", "deeply"),
            ("gzip", "compressed"),
        ):
            with self.subTest(fault=fault):
                self.feed.last_error = False
                self.world.break_next(fault, times=1)
                self.assertTrue(self.feed._pull(go_on))
                self.assertIn(code, self.feed.last_error)
                self.assertTrue(self.feed.last_remedy)
                self.assertEqual(self.feed.health, "failing")
                self.assertGreater(self.feed.next_run, fields.Datetime.now())
                self.assertNotIn(self.world.secret, self.feed.last_error)
        self.assertFalse(self._problem())
        self.feed._pull(go_on)
        self.assertFalse(self.feed.last_error)
        self.assertEqual(self._problem().state, "open")

    def test_the_owner_is_told_once_of_wrong_credentials(self):
        self.feed.secret = "wrong"
        before = self.env["mail.message"].search([], order="id desc", limit=1).id
        self.feed._pull(go_on)
        self.feed._pull(go_on)
        told = self.env["mail.message"].search(
            [
                ("id", ">", before),
                ("model", "=", "ar.exchange.account"),
                ("partner_ids", "!=", False),
            ]
        )
        self.assertEqual(told.partner_ids, self.collector.partner_id)
        self.assertEqual(len(told), 1)

    def test_one_message_that_breaks_the_machine_is_set_apart(self):
        """Whatever raises inside: the page goes on without it, and it is kept."""
        raws = [self._raw("NS"), b"<a/>", self._raw("MC", hours=1)]
        messages = [Message("x", str(place), raw, "m.xml") for place, raw in enumerate(raws)]
        messages[1] = Message("x", "1", raws[1], None)  # no name: nothing expects that
        with mute_logger("odoo.addons.ar_credit_control.ar_credit_control.models.exchange_pull"):
            stored = self.feed._take_in_safely(messages, "feed")
        self.assertEqual(len(stored), 3)
        self.assertIn("quarantined", stored.mapped("state"))
        self.assertEqual(self._problem().state, "open")

    # ------------------------------------------------------------------ when
    def test_the_job_reads_what_is_due_and_plans_the_next(self):
        self._tell()
        self.account.unlink()
        cron = self.env.ref("ar_credit_control.cron_exchange_pull")
        self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
        self.feed.next_run = fields.Datetime.add(fields.Datetime.now(), minutes=7)
        self.env["ar.exchange.account"]._plan_next()
        trigger = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(trigger.call_at, self.feed.next_run)

    def test_read_now(self):
        with self.assertRaises(AccessError):
            self.feed.with_user(self.salesman).action_pull()
        with self.assertRaises(UserError):
            self.account.with_user(self.collector).action_pull()
        self.feed.next_run = fields.Datetime.add(fields.Datetime.now(), minutes=7)
        with self.capture_triggers("ar_credit_control.cron_exchange_pull") as captured:
            self.feed.with_user(self.collector).action_pull()
        self.assertEqual(len(captured.records), 1)
        self.assertLessEqual(self.feed.next_run, fields.Datetime.now())

    def test_a_signed_knock_wakes_its_account_and_nothing_else(self):
        self.feed.next_run = later = fields.Datetime.add(fields.Datetime.now(), hours=1)
        token = self.feed._get_webhook_token()
        path = "/ar_credit_control/exchange/"
        for wrong in ("x", token[:-4] + "AAAA", self.account._get_webhook_token(), "é" * 9):
            with self.subTest(token=wrong):
                self.assertEqual(self.url_open(path + wrong, data="{}").status_code, 404)
        self.assertEqual(self.feed.next_run, later)
        self.assertEqual(self.url_open(path + token, data="<xml/>").status_code, 204)
        self.feed.invalidate_recordset()
        self.assertLess(self.feed.next_run, later)
        self.feed.with_user(self.manager).action_renew_webhook()
        self.assertEqual(self.url_open(path + token, data="").status_code, 404)

    # ------------------------------------------------------------------ mail and files
    def test_certified_mail_through_the_alias(self):
        domain = self.env["mail.alias.domain"].create({"name": "pec.example"})
        self.account.write({"alias_name": "sdi", "alias_domain_id": domain.id})
        self._know()
        mail = EmailMessage()
        mail["From"] = "sdi01@pec.fatturapa.it"
        mail["To"] = "sdi@pec.example"
        mail["Subject"] = "POSTA CERTIFICATA: Invio File"
        mail["Message-Id"] = "<1@pec.example>"
        mail.set_content("Notifica")
        for name, raw in (
            ("IT01234567890_00001_NS_001.xml", self._raw("NS")),
            ("daticert.xml", b"<x/>"),
        ):
            mail.add_attachment(raw, maintype="application", subtype="xml", filename=name)
        with RecordCapturer(self.Notification, []) as captured:
            self.env["mail.thread"].message_process(False, mail.as_bytes())
        self.assertEqual(captured.records.mapped("source"), ["mail"])
        self.assertEqual(captured.records.state, "applied")
        self.assertTrue(self._problem().doubtful)

    def _attach(self, name, raw):
        attachments = self.env["ir.attachment"].with_user(self.accountant)
        return attachments.create({"name": name, "raw": raw})

    def test_an_upload_of_one_or_of_an_archive(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for place, kind in enumerate(("NS", "MC", "RC")):
                archive.writestr(f"{place}.xml", self._raw(kind, hours=place))
        files = self._attach("all.zip", packed.getvalue())
        wizard = (
            self.env["ar.exchange.upload"]
            .with_user(self.accountant)
            .create(
                {"account_id": self.account.id, "attachment_ids": [fields.Command.set(files.ids)]}
            )
        )
        action = wizard.action_upload()
        stored = self.Notification.search(action["domain"])
        self.assertEqual(sorted(stored.mapped("type")), ["MC", "NS", "RC"])
        self.assertFalse(files.exists())
        with self.assertRaises(UserError):
            wizard.action_upload()

    def test_one_uploaded_rejection_opens_its_problem(self):
        files = self._attach("ns.xml", self._raw("NS"))
        action = (
            self.env["ar.exchange.upload"]
            .with_user(self.accountant)
            .create(
                {"account_id": self.account.id, "attachment_ids": [fields.Command.set(files.ids)]}
            )
            .action_upload()
        )
        self.assertEqual(action["res_id"], self._problem().id)
