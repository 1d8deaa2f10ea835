"""What messages do to invoices: matching, order, duplicates, problems that open and close."""

import random
from datetime import timedelta
from itertools import permutations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..ar_credit_control.models.exchange_reading import rows_of
from ..ar_credit_control.rules.delivery import STAGES, deadline
from ..connectors.contract import Message
from .exchange_common import SAMPLES, ExchangeCommon

SECOND = "IT01234567890_00002.xml"


@tagged("post_install", "-at_install")
class TestExchangeApply(ExchangeCommon):
    def test_a_rejection_is_owned_dated_and_says_what_to_correct(self):
        self._know()
        stored = self._take(self._raw("NS"))
        self.assertEqual((stored.state, stored.outcome), ("applied", "not_issued"))
        problem = self._problem()
        self.assertEqual(problem.user_id, self.collector)
        self.assertEqual(problem.partner_id, self.customer)
        self.assertEqual(problem.opened_on + timedelta(days=5), problem.deadline)
        self.assertEqual(problem.error_ids.mapped("code"), ["00305", "00311"])
        first = problem.error_ids[0]
        self.assertEqual((first.record, first.field_name), ("customer", "vat"))
        self.assertIn("IdCodice", first.text)
        self.assertEqual(first.hint, "Verificare la partita IVA")
        self.assertEqual(first.action_correct()["res_id"], self.customer.id)
        self.assertEqual(problem.activity_ids.user_id, self.collector)
        self.assertEqual(problem.activity_ids.date_deadline, problem.deadline)

    def test_the_advice_is_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("it_IT")
        self._know()
        self._take(self._raw("NS"))
        error = self._problem().error_ids[0]
        self.assertIn("ask the customer and correct it", error.advice)
        self.assertIn("chiederla al cliente", error.with_context(lang="it_IT").advice)

    def test_a_file_is_known_by_its_hash_whatever_it_is_called(self):
        other = self._invoice(self.customer, 70, due=-5)
        digest = "ab" * 32
        self._know(other, "IT01234567890_0000A.xml")
        self._know()
        account = self.account
        first = {
            **rows_of(Message("x", "1", self._raw("RC", hours=-1), "m.xml"), "sdi")[0],
            "file_hash": digest,
        }
        account._take_rows([first], "feed")
        again = {
            **rows_of(Message("x", "2", self._raw("NE", other, hours=2), "m.xml"), "sdi")[0],
            "file_name": "IT01234567890_CUTOFF.xml",
            "file_hash": digest,
            "exchange_id": None,
            "invoices": [],
        }
        stored = account._take_rows([again], "feed")
        self.assertEqual(stored.transmission_ids.move_id, self.invoice)
        self.assertEqual(stored.transmission_ids.file_name, "IT01234567890_00001.xml")
        self.assertEqual(stored.transmission_ids.file_hash, digest)
        self.assertFalse(self._problem(other))

    def test_working_days(self):
        self.account.write({"deadline_kind": "working", "deadline_days": 5})
        self._know()
        self._take(self._raw("NS"))
        problem = self._problem()
        self.assertEqual(problem.deadline, deadline(problem.opened_on, 5, working=True))
        self.assertLess(problem.deadline.weekday(), 5)

    def test_owner_and_salesperson_are_told_once_for_many(self):
        moves = [self._invoice(self.customer, 100 + i, due=-10) for i in range(3)]
        for place, move in enumerate(moves):
            self._know(move, f"IT01234567890_1000{place}.xml")
        before = self.env["mail.message"].search([], order="id desc", limit=1).id
        self._take(
            *(
                self._raw("NS", move, file=f"IT01234567890_1000{place}.xml")
                for place, move in enumerate(moves)
            ),
            source="upload",
        )
        told = self.env["mail.message"].search(
            [("id", ">", before), ("message_type", "=", "user_notification")]
        )
        self.assertEqual(told.partner_ids, self.collector.partner_id | self.salesman.partner_id)
        self.assertEqual(len(told), 2)

    def test_many_problems_take_as_many_statements_as_few(self):
        def statements(first, number):
            files = [f"IT01234567890_{first + place}.xml" for place in range(number)]
            moves = [self._invoice(self.customer, 50 + first + i, due=-10) for i in range(number)]
            for move, file in zip(moves, files, strict=True):
                self._know(move, file)
            raws = [self._raw("NS", *pair) for pair in zip(moves, files, strict=True)]
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._take(*raws)
            self.env.flush_all()
            count = self.env.cr.sql_log_count - before
            problems = self.Problem.search([("move_id", "in", [move.id for move in moves])])
            self.assertEqual(len(problems.activity_ids), number)
            self.assertEqual(problems.message_partner_ids, self.collector.partner_id)
            self.assertEqual(problems.activity_ids[0].summary, problems[0]._get_summary())
            self.assertIn("IdCodice", moves[0].message_ids[0].body)
            return count

        statements(40000, 2)  # whatever is read once only
        self.assertEqual(statements(50000, 2), statements(60000, 12))

    def test_html_of_the_network_is_text(self):
        self._know()
        self._take(self._raw("NS", errors=(("00200", "<b onclick='x'>riga</b>", ""),)))
        note = self.invoice.message_ids[0].body
        self.assertIn("&lt;b onclick", note)
        self.assertNotIn("<b onclick", note)

    def test_delivery_closes_what_a_failed_delivery_opened(self):
        self._know()
        self._take(self._raw("MC"))
        self.assertEqual(self._problem().outcome, "issued_not_delivered")
        self._take(self._raw("RC", hours=2))
        problem = self._problem()
        self.assertEqual((problem.state, problem.close_reason), ("closed", "delivered"))
        self.assertFalse(problem.activity_ids)

    def test_corrected_and_sent_again_closes_by_itself(self):
        self._know()
        self._take(self._raw("NS"))
        self._know(file=SECOND, hours=3)
        self._take(self._raw("RC", file=SECOND, hours=4))
        self.assertEqual(self._problem().state, "closed")

    def test_late_message_about_the_older_transmission_is_history(self):
        self._know()
        self._know(file=SECOND, hours=3)
        self._take(self._raw("RC", file=SECOND, hours=4))
        late = self._take(self._raw("NS"))
        self.assertEqual((late.state, late.reason), ("history", "superseded"))
        self.assertFalse(self._problem())

    def test_rejected_again_is_a_new_problem_and_the_old_one_ends(self):
        self._know()
        self._take(self._raw("NS"))
        self._know(file=SECOND, hours=3)
        self._take(self._raw("NS", file=SECOND, hours=4))
        self.assertEqual(
            self._problem().sorted("id").mapped(lambda p: (p.state, p.close_reason)),
            [("closed", "replaced"), ("open", False)],
        )

    def test_the_same_message_twice_is_stored_once(self):
        self._know()
        raw = self._raw("NS")
        self.assertEqual(len(self._take(raw, raw)), 1)
        self.assertFalse(self._take(raw))
        self.assertEqual(len(self._problem()), 1)

    def test_the_same_receipt_by_another_way_changes_nothing(self):
        self._know()
        raw = self._raw("NS")
        self._take(raw)
        other = self.account.copy({"name": "Feed", "provider": "aruba"})
        again = self._take(raw, account=other)
        self.assertEqual((again.state, again.reason), ("history", "repeated"))
        self.assertEqual(len(self._problem()), 1)

    def test_by_number_and_year_when_the_file_is_not_known(self):
        raw = self._raw("NE", reason="Ordine mancante")
        self.assertEqual(self._take(raw).state, "applied")
        problem = self._problem()
        self.assertEqual((problem.outcome, problem.text), ("refused_by_buyer", "Ordine mancante"))

    def test_number_of_another_year_does_not_fit(self):
        stored = self._take(self._raw("NE", day="2019-01-01"))
        self.assertEqual((stored.state, stored.reason), ("unmatched", "unmatched"))

    def test_known_by_file_and_told_by_number_is_one_transmission(self):
        """Some providers name the exchange's number only; Odoo knows the file only."""
        self._know()
        sent = self.env["ar.exchange.transmission"].search([("move_id", "=", self.invoice.id)])
        self._take(self._raw("NE", file="", exchange_id="4711"))
        self.assertEqual(self._problem().transmission_id, sent)
        self.assertEqual(sent.exchange_id, "4711")
        self._know(file=SECOND, hours=3)
        late = self._take(self._raw("MC", file="", exchange_id="4711"))
        self.assertEqual((late.state, late.transmission_ids), ("history", sent))

    def test_one_invoice_of_a_lot(self):
        other = self._invoice(self.customer, 70, due=-3)
        self._know()
        self._know(other)
        stored = self._take(self._raw("NE", other))
        self.assertEqual(stored.move_ids, other)
        self.assertFalse(self._problem())
        self.assertEqual(self._problem(other).state, "open")

    def test_a_message_about_the_whole_lot(self):
        other = self._invoice(self.customer, 70, due=-3)
        self._know()
        self._know(other)
        stored = self._take(self._raw("NS"))
        self.assertEqual(stored.move_ids, self.invoice | other)
        self.assertEqual(len(self.Problem.search([("move_id", "in", stored.move_ids.ids)])), 2)

    def test_another_companys_invoice_is_kept_apart(self):
        foreign = self.company_data_2["company"] if hasattr(self, "company_data_2") else False
        foreign = foreign or self.env["res.company"].create({"name": "Other"})
        self.env.cr.execute(
            "INSERT INTO ar_exchange_transmission (move_id, company_id, network, key, sent_on)"
            " VALUES (%s, %s, 'sdi', 'IT01234567890_00001', now())",
            [self.invoice.id, foreign.id],
        )
        stored = self._take(self._raw("NS"))
        self.assertEqual((stored.state, stored.reason), ("quarantined", "foreign"))
        self.assertFalse(self._problem())

    def test_a_broken_message_does_not_stop_the_others(self):
        self._know()
        hostile = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><RicevutaScarto>&a;</RicevutaScarto>'
        stored = self._take(b"<RicevutaScarto><Identif", hostile, self._raw("NS"))
        self.assertEqual(stored.mapped("state"), ["quarantined", "quarantined", "applied"])
        self.assertTrue(all(message.remedy for message in stored[:2]))
        self.assertEqual(self._problem().state, "open")

    def test_a_large_broken_message_is_kept_up_to_a_bound(self):
        stored = self._take(b"\x00rubbish" * 40_000)
        self.assertEqual(stored.state, "quarantined")
        self.assertEqual(stored.raw_size, 320_000)
        self.assertLess(len(stored.raw), 100_000)

    def test_a_clock_a_year_off(self):
        self._know()
        stored = self._take(self._raw("NS", hours=24 * 365))
        self.assertEqual((stored.state, stored.reason), ("quarantined", "malformed"))

    def test_a_clock_a_year_off_is_applied_by_hand(self):
        stored = self._take(self._raw("NS", hours=24 * 400))
        Match = self.env["ar.exchange.match"].with_user(self.accountant)
        view = stored.with_user(self.accountant).get_view(view_type="form")["arch"]
        button = etree.fromstring(view).find(".//button[@name='action_match']")
        values = {name: stored[name] for name in ("state", "reason", "outcome")}
        self.assertFalse(safe_eval(button.get("invisible"), values))
        Match.create({"notification_id": stored.id, "move_id": self.invoice.id}).action_apply()
        problem = self._problem()
        self.assertEqual((stored.state, problem.state), ("applied", "open"))
        self.assertEqual(problem.opened_on, self._today())

    def test_unsigned_mail_opens_doubtfully_and_closes_nothing(self):
        self._know()
        self._take(self._raw("MC"), source="mail")
        problem = self._problem()
        self.assertTrue(problem.doubtful)
        stored = self._take(self._raw("RC", hours=2), source="mail")
        self.assertEqual((stored.state, stored.reason), ("quarantined", "unconfirmed"))
        self.assertIn("genuine", stored.what_to_do)
        self.assertEqual(problem.transmission_id.display_name, "IT01234567890_00001.xml")
        self.assertEqual(problem.state, "open")
        stored.with_user(self.collector).action_confirm()
        self.assertEqual((stored.state, problem.state), ("applied", "closed"))

    def test_matched_by_hand(self):
        stored = self._take(self._raw("NS", file="IT01234567890_99999.xml"))
        self.assertEqual(stored.state, "unmatched")
        self.assertFalse(stored.transmission_ids)
        wizard = (
            self.env["ar.exchange.match"]
            .with_user(self.accountant)
            .create({"notification_id": stored.id, "move_id": self.invoice.id})
        )
        self.assertTrue(wizard.changes)
        self.assertIn("opens a delivery problem", wizard.forecast)
        wizard.action_apply()
        self.assertEqual((stored.state, stored.move_ids), ("applied", self.invoice))
        self.assertEqual(self._problem().state, "open")

    def test_the_wizard_says_beforehand_what_changes_nothing(self):
        """A message about an older transmission, and one of which the newest is known already."""
        cases = (
            ("NS", {"hours": 1}, "history", "superseded", "older transmission"),
            ("RC", {"hours": 30}, "applied", False, "closes"),
            ("NS", {"hours": 40}, "applied", False, "opens"),
            ("EC", {"hours": 40}, "quarantined", "unknown", "not known"),
        )
        unread = self._take(self._raw("NE", file="IT01234567890_7.xml", number="?", answer="EC09"))
        for kind, options, state, reason, words in cases:
            with self.subTest(kind=kind, state=state):
                name = f"IT01234567890_9{kind}{options['hours']}.xml"
                stored = (
                    unread
                    if kind == "EC"
                    else self._take(self._raw(kind, file=name, number="?", **options))
                )
                self._know(file="IT01234567890_00002.xml", hours=20)
                wizard = (
                    self.env["ar.exchange.match"]
                    .with_user(self.accountant)
                    .create({"notification_id": stored.id, "move_id": self.invoice.id})
                )
                before = self.env["ar.exchange.transmission"].search_count([])
                self.assertIn(words, wizard.forecast)
                self.assertEqual(wizard.changes, state == "applied")
                self.assertEqual(self.env["ar.exchange.transmission"].search_count([]), before)
                wizard.action_apply()
                self.assertEqual((stored.state, stored.reason), (state, reason))

    def test_what_the_exchange_closed_its_next_message_opens_again(self):
        self._know()
        self._take(self._raw("MC"))
        self._take(self._raw("RC", hours=1))
        self.assertEqual(self._problem().state, "closed")
        self._take(self._raw("MC", hours=2))
        self.assertEqual((self._problem().state, self._problem().close_reason), ("open", False))
        self._problem().action_close()
        self._take(self._raw("MC", hours=3))
        self.assertEqual(self._problem().state, "closed", "somebody has seen to it")

    def test_suggestions_go_by_the_end_of_the_number(self):
        stored = self._take(self._raw("NE", number=f"X{self.invoice.name[-5:]}"))
        self.assertEqual(stored.state, "unmatched")
        self.assertIn(self.invoice, stored.suggestion_ids)
        context = stored.with_user(self.accountant).action_match()["context"]
        self.assertEqual(context["default_notification_id"], stored.id)

    def test_found_later(self):
        stored = self._take(self._raw("NS"))
        self.assertEqual(stored.state, "unmatched")
        self._know()
        stored.with_user(self.collector).action_apply_again()
        self.assertEqual(stored.state, "applied")
        self.assertEqual(len(self._problem()), 1)

    def test_set_aside(self):
        stored = self._take(b"rubbish")
        stored.with_user(self.collector).action_dismiss()
        self.assertEqual((stored.state, stored.reason), ("history", "dismissed"))

    def test_messages_are_evidence(self):
        stored = self._take(self._raw("NS"))
        for vals in ({"raw": b""}, {"outcome": "delivered"}, {"state": "applied"}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                stored.with_user(self.manager).write(vals)
        with self.assertRaises(UserError):
            stored.unlink()
        with self.assertRaises(UserError):
            stored.sudo().write({"code": "1"})

    def test_address_must_be_the_providers(self):
        self.env["ir.config_parameter"].set_param(
            "ar_credit_control.exchange_simulator", "http://127.0.0.1:8990"
        )
        for url in ("https://ws.fatturazioneelettronica.aruba.it", "https://api.acubeapi.com"):
            with self.subTest(url=url), self.assertRaises(ValidationError):
                self.account.write({"provider": "invoicetronic", "base_url": url})
        with self.assertRaises(ValidationError):
            self.account.write({"provider": "aruba", "base_url": "https://evil.example"})
        self.account.write({"provider": "aruba", "base_url": "http://127.0.0.1:8990/aruba"})

    def test_every_order_of_arrival_ends_alike(self):
        """Rejected, sent anew, failed, delivered: whatever comes when, one state remains."""
        self._know()
        self._know(file=SECOND, hours=3)
        raws = [
            self._raw("NS"),
            self._raw("MC", file=SECOND, hours=4),
            self._raw("RC", file=SECOND, hours=5),
        ]
        for order in permutations(raws):
            with self.subTest(order=[raws.index(raw) for raw in order]):
                self.env.cr.execute("SAVEPOINT orders")
                for raw in order:
                    self._take(raw)
                self.assertFalse(self._problem().filtered(lambda p: p.state != "closed"))
                self.env.cr.execute("ROLLBACK TO SAVEPOINT orders")
                self.env.invalidate_all()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(st.sampled_from(["RC", "MC", "NS"]), st.integers(0, 9)), max_size=6),
        st.integers(0, 9),
    )
    def test_pages_do_not_matter(self, told, seed):
        """One page, page by page, with repetitions: the same transmissions, the same problems."""
        raws = [self._raw(kind, hours=hour) for kind, hour in told]
        again = raws + [raw for raw in raws if seed % 2]
        random.Random(seed).shuffle(again)
        self._know()
        ends = []
        for pages in ([raws], [[raw] for raw in raws]):
            self.env.cr.execute("SAVEPOINT pages")
            for page in pages:
                self._take(*page)
            self._take(*again)
            sent = self.env["ar.exchange.transmission"].search([("move_id", "=", self.invoice.id)])
            open_ = self._problem().filtered(lambda p: p.state != "closed")
            ends.append(
                (
                    open_.mapped(lambda p: (p.outcome, p.state)),
                    sent.mapped(lambda s: (s.outcome, s.moment)),
                )
            )
            self.env.cr.execute("ROLLBACK TO SAVEPOINT pages")
            self.env.invalidate_all()
        self.assertEqual(ends[0], ends[1])
        self.assertLessEqual({outcome for outcome, _state in ends[0][0]}, set(STAGES))

    def test_samples_are_stored_whatever_they_are(self):
        files = [path for path in SAMPLES.rglob("*.*") if path.suffix != ".md"]
        self.assertGreater(len(files), 10)
        stored = self.account._upload([(path.name, path.read_bytes()) for path in files])
        self.assertGreaterEqual(len(stored), len(files) - 2)
        self.assertFalse(stored.filtered(lambda message: not message.state))
