"""Two processes at work on one run, two runs at once, and processes that are killed.

Everything is committed and goes over connections of its own; what is left behind is removed.
"""

import os
import random
import signal
import threading
import time
from contextlib import closing, contextmanager
from functools import partial

import odoo.sql_db
import psycopg2
from odoo import Command, api, fields
from odoo.modules.registry import Registry
from odoo.sql_db import connection_info_for
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from ..ar_credit_control.models import dunning_sql

KILLS = 55
CUSTOMERS = 150
BATCH = 2


class Signal:
    """Tells the parent process that the child is about to work."""

    def __init__(self, pipe):
        self.pipe = pipe

    def wait(self, timeout):
        os.write(self.pipe, b"x")


@tagged("post_install", "-at_install")
class TestDunningRace(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())

    @contextmanager
    def _environment(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            company = env["res.company"].search([("chart_template", "!=", False)], limit=1)
            yield env(context={"allowed_company_ids": company.ids, "tracking_disable": True})

    # ------------------------------------------------------------------ data
    def _start(self, customers, runs=1):
        """Customers with one overdue invoice each, and confirmed runs about them."""
        with self._environment() as env:
            company = env.company
            self.company_email, company.email = company.email, "books@example.com"
            partners = env["res.partner"].create(
                [
                    {
                        "name": f"Race {number}",
                        "is_company": True,
                        "email": f"{number}@race.example",
                    }
                    for number in range(customers)
                ]
            )
            self.addCleanup(self._remove, partners.ids)
            policy = self._policy(env)
            for partner in partners:
                profile = env["ar.credit.profile"]._get_or_create(partner, company)
                profile.dunning_policy_id = policy
            self._invoice(env, partners)
            made = env["ar.dunning.run"].create(
                [{"partner_ids": [Command.set(partners.ids)]} for _ in range(runs)]
            )
            for run in made:
                run.action_propose()
                run.action_confirm()
            made.state = "processing"
            self.run_ids, self.partner_ids, self.policy_id = made.ids, partners.ids, policy.id

    def _policy(self, env):
        return env["ar.dunning.policy"].create(
            {
                "name": "Race",
                "level_ids": [
                    Command.create(
                        {
                            "name": "First",
                            "days": 5,
                            "mail_template_id": env.ref("ar_credit_control.dunning_text_first").id,
                        }
                    )
                ],
            }
        )

    def _invoice(self, env, partners):
        due = fields.Date.subtract(fields.Date.context_today(partners), days=20)
        moves = env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": due,
                    "invoice_date_due": due,
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create({"name": "x", "price_unit": 100, "tax_ids": []})
                    ],
                }
                for partner in partners
            ]
        )
        moves.action_post()

    def _remove(self, partner_ids):
        with self._environment() as env:
            env.company.email = self.company_email
            messages = env["mail.message"].search(
                [("model", "=", "res.partner"), ("res_id", "in", partner_ids)]
            )
            env["mail.mail"].search([("mail_message_id", "in", messages.ids)]).unlink()
            for table in ("ar_dunning_left_out", "ar_dunning_notice"):
                # past the rule that sent notices stay
                env.cr.execute(f"DELETE FROM {table} WHERE partner_id = ANY(%s)", [partner_ids])
            env.invalidate_all()
            runs = env["ar.dunning.run"].browse(self.run_ids)
            runs.state = "cancelled"
            runs.unlink()
            moves = env["account.move"].search([("partner_id", "in", partner_ids)])
            moves.button_draft()
            moves.with_context(force_delete=True).unlink()
            env["res.partner"].browse(partner_ids).unlink()
            env["ar.dunning.policy"].browse(self.policy_id).unlink()

    # ------------------------------------------------------------------ work
    def _work(self, run_id, ready=None, results=None):
        with self._environment() as env:
            run = env["ar.dunning.run"].browse(run_id)
            if ready:
                ready.wait(timeout=30)
            done = run._work(BATCH)
            if results is not None:
                results.append(done)

    def _check_each_once(self, env):
        """Nothing twice, nothing lost: one sent notice and one mail for each customer."""
        sent = env["ar.dunning.notice"].search(
            [("partner_id", "in", self.partner_ids), ("state", "=", "sent")]
        )
        self.assertEqual(sorted(sent.partner_id.ids), sorted(self.partner_ids))
        self.assertEqual(len(sent), len(self.partner_ids))
        mails = env["mail.mail"].search([("recipient_ids", "in", self.partner_ids)])
        self.assertEqual(sorted(mails.recipient_ids.ids), sorted(self.partner_ids))
        self.assertEqual(len(mails), len(self.partner_ids))
        history = env["mail.message"].search(
            [("model", "=", "res.partner"), ("res_id", "in", self.partner_ids)]
        )
        told = history.filtered(lambda message: "First:" in (message.body or ""))
        self.assertEqual(sorted(told.mapped("res_id")), sorted(self.partner_ids))
        levels = env["ar.credit.profile"].search([("partner_id", "in", self.partner_ids)])
        self.assertEqual(set(levels.mapped("dunning_level")), {1})

    def _together(self, run_ids):
        ready, results = threading.Barrier(len(run_ids)), []
        threads = [
            threading.Thread(target=partial(self._work, run_id, ready, results))
            for run_id in run_ids
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        self.assertEqual(len(results), len(run_ids))

    # ------------------------------------------------------------------ tests
    def test_two_processes_share_a_run(self):
        self._start(40)
        self._together(self.run_ids * 2)
        with self._environment() as env:
            self._check_each_once(env)
            self.assertEqual(env["ar.dunning.run"].browse(self.run_ids).state, "done")

    def test_two_runs_about_the_same_customers(self):
        self._start(20, runs=2)
        self._together(self.run_ids)
        for run_id in self.run_ids:
            self._work(run_id)
        with self._environment() as env:
            self._check_each_once(env)
            notices = env["ar.dunning.notice"].search([("partner_id", "in", self.partner_ids)])
            self.assertEqual(set(notices.mapped("state")), {"sent", "dropped"})
            self.assertEqual(set(notices.run_id.mapped("state")), {"done"})

    def test_an_item_that_is_being_paid_is_not_waited_for(self):
        self._start(3)
        with self._environment() as payer:
            line = payer["account.move.line"].search(
                [("partner_id", "=", self.partner_ids[0]), ("amount_residual", ">", 0)]
            )
            payer.cr.execute("UPDATE account_move_line SET name = name WHERE id = %s", [line.id])
            self._work(self.run_ids[0])
            with self._environment() as env:
                notices = env["ar.dunning.notice"].search([("run_id", "in", self.run_ids)])
                self.assertEqual(sorted(notices.mapped("state")), ["queued", "sent", "sent"])
                self.assertEqual(notices.run_id.state, "processing")
        self._work(self.run_ids[0])
        with self._environment() as env:
            self._check_each_once(env)

    def _start_without_notices(self):
        self._start(2)
        with self._environment() as env:
            run = env["ar.dunning.run"].browse(self.run_ids)
            run.state = "confirmed"
            run.action_back_to_review()
            env.flush_all()
            run._clear_proposal()

    @mute_logger("odoo.sql_db")
    def test_a_level_deleted_after_a_proposal_that_it_could_not_see_stays(self):
        self._start_without_notices()
        with self._environment() as deleter:
            level = deleter["ar.dunning.policy"].browse(self.policy_id).level_ids
            self.assertFalse(deleter["ar.dunning.notice"].search([("level_id", "in", level.ids)]))
            with self._environment() as env:
                env["ar.dunning.run"].browse(self.run_ids)._propose()
            with self.assertRaises(psycopg2.errors.ForeignKeyViolation):
                level.unlink()
            deleter.cr.rollback()
        with self._environment() as env:
            notices = env["ar.dunning.notice"].search([("run_id", "in", self.run_ids)])
            self.assertEqual(notices.level_id.exists().mapped("name"), ["First"])

    @mute_logger("odoo.sql_db")
    def test_a_proposal_about_a_level_deleted_meanwhile_begins_anew(self):
        self._start_without_notices()
        with self._environment() as env:
            policy = env["ar.dunning.policy"].browse(self.policy_id)
            policy.level_ids.copy({"name": "Second", "days": 15, "policy_id": policy.id})
        with self._environment() as proposer:
            run = proposer["ar.dunning.run"].browse(self.run_ids)
            self.assertEqual(run.state, "proposal")
            with self._environment() as env:
                env["ar.dunning.policy"].browse(self.policy_id).level_ids[0].unlink()
            with self.assertRaises(psycopg2.errors.SerializationFailure):
                run._propose()
            proposer.cr.rollback()
            run._propose()
            proposer.cr.commit()
            self.assertEqual(run.notice_ids.level_id.exists().mapped("name"), ["Second"])

    def test_a_proposal_finds_room_in_memory_or_does_without(self):
        """A session keeps the room of its first temporary table, even of one that was undone."""
        before = "CREATE TEMP TABLE ar_before AS SELECT 1 AS one; SELECT * FROM ar_before"
        for statement, room in (("SELECT 1", "64MB"), (before, "8MB")):
            _name, info = connection_info_for(get_db_name())
            with self.subTest(room=room), closing(psycopg2.connect(**info)) as session:
                cr = session.cursor()
                cr.execute(statement)
                session.rollback()
                cr.execute(dunning_sql.ROOM.code)
                cr.execute("SHOW temp_buffers")
                self.assertEqual(cr.fetchone(), (room,))

    def test_killed_at_any_point_nothing_is_sent_twice_or_lost(self):
        self._start(CUSTOMERS)
        dice, steps, longest = random.Random(7), [0], 0.2
        for _ in range(KILLS):
            self._kill_after(dice.uniform(0.0, longest))
            steps.append(self._count_sent())
            # on a fast machine kills come sooner, so that they hit work under way to the end
            longest *= 1.3 if steps[-1] == steps[-2] else 0.7
        self.assertLess(steps[-1], CUSTOMERS, "every kill has to hit work under way")
        self.assertGreater(len(set(steps)), 10, f"kills have to hit different points: {steps}")
        self._work(self.run_ids[0])
        with self._environment() as env:
            self._check_each_once(env)
            self.assertEqual(env["ar.dunning.run"].browse(self.run_ids).state, "done")

    def _count_sent(self):
        domain = [("run_id", "in", self.run_ids), ("state", "=", "sent")]
        with self._environment() as env:
            return env["ar.dunning.notice"].search_count(domain)

    def _kill_after(self, seconds):
        """Work on the run in a process of its own, and kill it that long after it begins."""
        begun, begin = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                odoo.sql_db._Pool = None  # the parent's connections are not for two
                self.registry._db = odoo.sql_db.db_connect(get_db_name())
                self._work(self.run_ids[0], Signal(begin))
            finally:
                os._exit(0)
        os.read(begun, 1)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(begun)
        os.close(begin)
