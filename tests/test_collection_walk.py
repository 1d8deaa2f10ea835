"""The way of a claim through the demo company, in a real browser, by those who work on it."""

import base64
import io
import zipfile
from collections import Counter
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import HttpCase, tagged
from openpyxl import load_workbook

from ..demo.company import build
from .common import RpcMixin

# as many as the walk needs; on a database where the whole company was built, it is walked there
CUSTOMERS = {"IT": 9, "FR": 2, "PL": 1}, {"FR": 2}
AMOUNTS = 1200, 800, 500


class DemoCompany(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        build(cls.env, CUSTOMERS, lambda _done, remaining: float("inf"))
        cls.company = cls.env.ref("base.main_company")
        cls.env = cls.env(context={"allowed_company_ids": cls.company.ids, "lang": "en_US"})
        cls.today = fields.Date.context_today(cls.env.user)
        users = cls.env["res.users"].search([("login", "in", list(cls.logins()))])
        for user in users:
            setattr(cls, user.login, user.with_env(cls.env))
        cls.customer = cls.portal.partner_id.commercial_partner_id.with_env(cls.env)
        cls._prepare_customer()

    @classmethod
    def logins(cls):
        return ("accountant", "manager", "collector", "sales1", "portal")

    @classmethod
    def _prepare_customer(cls):
        """Three late invoices more than history gave it, the collector, and a strict policy."""
        cls.customer.user_id = cls.sales1
        profile = cls.env["ar.credit.profile"]._get_or_create(cls.customer, cls.company)
        policy = cls.env["ar.dunning.policy"].search(
            [("company_id", "=", cls.company.id), ("level_ids.formal_notice", "=", True)], limit=1
        )
        profile.write({"collector_id": cls.collector.id, "dunning_policy_id": policy.id})
        cls.profile = profile
        for model in ("ar.promise", "ar.dispute", "ar.instalment.plan"):
            cls.env[model].search([("partner_id", "=", cls.customer.id)]).action_cancel()
        cls.env["ar.contact"].search([("partner_id", "=", cls.customer.id)]).unlink()
        cls.moves = cls.env["account.move"].create(
            [cls._values(place, amount) for place, amount in enumerate(AMOUNTS, 1)]
        )
        cls.moves.action_post()

    @classmethod
    def _values(cls, place, amount):
        line = {"name": "Goods", "quantity": 1, "price_unit": amount, "tax_ids": []}
        return {
            "move_type": "out_invoice",
            "company_id": cls.company.id,
            "name": f"WALK/{place}",
            "partner_id": cls.customer.id,
            "invoice_user_id": cls.sales1.id,
            "invoice_date": cls.today - timedelta(days=90),
            "invoice_date_due": cls.today - timedelta(days=60),
            "invoice_payment_term_id": False,
            "invoice_line_ids": [Command.create(line)],
        }

    def _items(self, place=None):
        moves = self.moves[place] if place is not None else self.moves
        return moves.line_ids.filtered(lambda line: line.account_type == "asset_receivable")

    def _as(self, user, model):
        return self.env[model].with_user(user).with_company(self.company)

    def _judge_later(self, promise, days):
        """Let days pass: the promise, and what was said until then, lie so far back."""
        self.env.flush_all()
        for query in (
            "UPDATE ar_promise SET date = date - %s, last_day = last_day - %s WHERE id = %s",
            "UPDATE ar_contact SET date = date - make_interval(days => %s), next_date ="
            " next_date - %s WHERE partner_id = %s",
        ):
            owner = promise.id if "promise" in query else self.customer.id
            self.env.cr.execute(query, (days, days, owner))
        self.env.invalidate_all()
        self.env["ar.promise"]._judge(self.company)

    def _send(self):
        run = self._as(self.collector, "ar.dunning.run").create(
            {"company_id": self.company.id, "partner_ids": self.customer.ids}
        )
        run.action_propose()
        return run

    def _pay(self, place, amount):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.moves[place].ids
        ).create({"amount": amount})._create_payments()

    def _dispute(self, place):
        line = Command.create({"item_id": self._items(place).id})
        return self._as(self.sales1, "ar.dispute").create(
            {"partner_id": self.customer.id, "reason": "price", "line_ids": [line]}
        )


@tagged("post_install", "-at_install")
class TestCollectionWalk(RpcMixin, DemoCompany):
    def test_from_the_first_call_to_the_hand_over_file(self):
        self._call_and_promise()
        self._first_reminder()
        self._plan()
        self._default()
        dispute = self._dispute_in_the_browser()
        self._see_no_notes()
        self._resolve(dispute)
        case = self._hand_over()
        self._check_file(case)
        self._check_dunning_stopped(case)
        self._recover(case)
        self.start_tour(
            "/odoo/action-sale.action_quotations", "ar_walk_handed_over", login="sales1"
        )

    def _call_and_promise(self):
        self.start_tour("/odoo/worklist", "ar_walk_call", login="collector")
        self.promise = self.env["ar.promise"].search(
            [("partner_id", "=", self.customer.id)], limit=1
        )
        self.assertLessEqual(self._items(), self.promise.line_ids.move_line_id)
        called = self.env["ar.contact"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual(set(called.mapped("outcome")), {"informed", "promise"})
        reasons = self._send().left_out_ids.mapped("reason")
        self.assertEqual(set(reasons), {"promised"})

    def _first_reminder(self):
        """The promise breaks; the next reminder goes out a week before the customer calls."""
        self._judge_later(self.promise, 5)
        self.assertEqual(self.promise.state, "broken")
        run = self._send()
        run.action_confirm()
        run.action_process()
        self.assertEqual(self.customer.ar_dunning_level, 1)
        run.notice_ids.sudo().date = self.today - timedelta(days=20)

    def _plan(self):
        self.start_tour("/odoo/worklist", "ar_walk_plan", login="collector")
        self.plan = self.env["ar.instalment.plan"].search(
            [("partner_id", "=", self.customer.id), ("state", "=", "running")]
        )
        self.assertEqual(sum(self.plan.instalment_ids.mapped("amount")), self.plan.total)
        self.assertEqual(set(self._send().left_out_ids.mapped("reason")), {"instalments"})

    def _default(self):
        """The first instalment does not come: reminders go on where they were."""
        self._judge_later(self.plan.promise_ids.sorted("date")[0], 5)
        self.assertEqual(self.plan.state, "defaulted")
        self.assertEqual(self.customer.ar_dunning_level, 1)
        notice = self._send().notice_ids
        self.assertEqual(notice.level_number, 2)
        self.asked = notice.amount
        notice.run_id.action_cancel()

    def _dispute_in_the_browser(self):
        self._as(self.sales1, "sale.order").create({"partner_id": self.customer.id})
        self.start_tour("/odoo/action-sale.action_quotations", "ar_walk_dispute", login="sales1")
        dispute = self.env["ar.dispute"].search([("partner_id", "=", self.customer.id)], limit=1)
        self.assertEqual((dispute.amount, dispute.create_uid), (300, self.sales1))
        self.assertEqual(dispute.line_ids.move_line_id, self._items(1))
        less = self._send().notice_ids
        self.assertAlmostEqual(self.asked - less.amount, 300, 2, "the rest is chased on")
        less.run_id.action_cancel()
        return dispute

    def _see_no_notes(self):
        self.start_tour(f"/odoo/res.partner/{self.customer.id}", "ar_walk_notes", login="sales1")
        self.authenticate("sales1", "sales1")
        contact = self.env["ar.contact"].search([("partner_id", "=", self.customer.id)], limit=1)
        self.assertIn("error", self._call("ar.contact", "read", [contact.ids, ["note"]]))
        self.assertIn("result", self._call("ar.contact", "read", [contact.ids, ["outcome"]]))

    def _resolve(self, dispute):
        self.start_tour(f"/odoo/ar.dispute/{dispute.id}", "ar_walk_resolve", login="collector")
        self.assertEqual((dispute.state, dispute.resolution), ("resolved", "rejected"))

    def _hand_over(self):
        agency = self.env["res.partner"].create({"name": "Walk Recupero S.r.l."})
        self.start_tour("/odoo/worklist", "ar_walk_case", login="collector", timeout=180)
        case = self.env["ar.collection.case"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual((case.phase, case.agency_id), ("hand_over", agency))
        self.assertTrue(case.notice_id.level_id.formal_notice)
        self.assertEqual(case.tracking_number, "RR123456785IT")
        return case

    def _check_file(self, case):
        archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(case.file_ids.sudo().datas)))
        folders = Counter(name.split("/")[0] for name in archive.namelist())
        invoices = len(case.line_ids)
        self.assertEqual(
            folders,
            {"MANIFEST.txt": 1, "case.xlsx": 1, "statement": 1, "invoices": invoices, "notices": 2},
        )
        self.assertIn("invoices/WALK-1-", archive.read("MANIFEST.txt").decode())
        self._check_sheets(archive.read("case.xlsx"), case)

    def _check_sheets(self, content, case):
        book = load_workbook(io.BytesIO(content))
        sheets = {page.title: [[cell.value for cell in row] for row in page][1:] for page in book}
        columns = {title: list(zip(*rows, strict=True)) for title, rows in sheets.items() if rows}
        self.assertAlmostEqual(sum(columns["Items"][2]), case.claim, 2)
        self.assertEqual(len(sheets["Dunning"]), 2)
        self.assertIn("Broken", columns["Promises"][3])
        self.assertEqual(
            sheets["Disputes"][0][1:5], ["Wrong quantity", 300, "Resolved", "Rejected"]
        )
        self.assertLessEqual(
            {"Informed", "Promised to pay", "No answer", "Disputes"}, set(columns["Contacts"][3])
        )
        self.assertNotIn("asks his bank", str(sheets), "what was said stays in the house")

    def _check_dunning_stopped(self, case):
        run = self._send()
        left_out = run.left_out_ids.filtered(lambda row: row.move_line_id in self._items())
        self.assertEqual((set(left_out.mapped("reason")), len(left_out)), ({"case"}, 3))
        self.assertFalse(run.notice_ids)
        run.action_cancel()

    def _recover(self, case):
        self.assertEqual((case.recovered, case.costs), (0, 45))
        self._pay(0, 1000)
        self.env.invalidate_all()
        self.assertEqual((case.recovered, case.fee, case.costs), (1000, 100, 145))
        self.assertAlmostEqual(case.residual, case.claim - 1000)

    # ------------------------------------------------------------------ the customer
    def test_what_a_customer_says_on_its_own_page(self):
        self.portal.lang = "en_US"  # the words that the tour looks for
        self.start_tour("/my/statement", "ar_walk_portal", login="portal")
        promise = self.env["ar.promise"].search([("partner_id", "=", self.customer.id)])
        promise = promise.filtered(lambda found: found.state == "open")
        latest = self.today + timedelta(days=self.company.ar_credit_policy_id.promise_max_days)
        self.assertEqual((promise.amount, promise.date, promise.channel), (1200, latest, "portal"))
        dispute = self.env["ar.dispute"].search(
            [("partner_id", "=", self.customer.id), ("state", "=", "open")]
        )
        self.assertEqual((dispute.amount, dispute.user_id), (800, self.sales1))
        kept = self.env["ir.attachment"].search(
            [("res_model", "=", "ar.dispute"), ("res_id", "=", dispute.id)]
        )
        self.assertEqual(kept.mimetype, "image/png")
        for claim in (promise, dispute):
            self.assertNotIn(self.portal.partner_id, claim.message_partner_ids)
        reasons = {row.move_line_id: row.reason for row in self._send().left_out_ids}
        self.assertEqual(reasons[self._items(0)], "promised")
        self.assertEqual(reasons[self._items(1)], "disputed")

    # ------------------------------------------------------------------ what the browser skips
    def test_a_promise_that_is_kept_in_part_is_chased_for_the_rest(self):
        line = Command.create({"item_id": self._items(0).id})
        promise = self._as(self.collector, "ar.promise").create(
            {"partner_id": self.customer.id, "date": self.today, "line_ids": [line]}
        )
        self._pay(0, 700)
        self._judge_later(promise.sudo(), 5)
        self.assertEqual((promise.state, promise.paid), ("broken", 0), "it came too late")
        again = self._as(self.collector, "ar.promise").create(
            {"partner_id": self.customer.id, "date": self.today, "line_ids": [line]}
        )
        self._pay(0, 200)
        self.env.cr.execute(
            "UPDATE account_move_line SET date = date - 5 WHERE move_id IN"
            " (SELECT move_id FROM account_payment WHERE partner_id = %s AND amount = 200)",
            (self.customer.id,),
        )
        self._judge_later(again.sudo(), 5)
        self.assertEqual((again.state, again.paid), ("partly_kept", 200))
        row = self._as(self.collector, "ar.worklist").search([("id", "=", self.customer.id)])
        self.assertEqual(row.kind, "broken_promise")
        self.assertEqual(self._items(0).amount_residual, 300)
        self.assertNotIn("promised", self._send().left_out_ids.mapped("reason"))

    def test_commission_waits_while_an_invoice_is_disputed(self):
        self._pay(0, 600)
        self._dispute(0)
        self.env["ar.commission.due"]._calculate()
        entries = self.env["ar.commission.entry"].search([("move_id", "=", self.moves[0].id)])
        self.assertEqual(set(entries.mapped("state")), {"held"})
        dispute = self.env["ar.dispute"].search(
            [("partner_id", "=", self.customer.id), ("state", "=", "open")]
        )
        dispute._resolve("rejected", "Agreed", False, None)
        self.env["ar.commission.due"]._calculate()
        self.env.invalidate_all()
        self.assertEqual(set(entries.mapped("state")), {"payable"})
