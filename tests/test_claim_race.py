"""Two people write down a promise or a dispute, or make out a notice, at the same moment."""

import threading
from functools import partial

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import retrying
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .race_common import RaceCase


@tagged("post_install", "-at_install")
class TestClaimRace(RaceCase):
    """Over two real connections, each with its snapshot taken before the other one writes."""

    def _create(self, env):
        """A customer that owes 100, by an entry with accounts of its own."""
        accounts = env["account.account"].create(
            [
                {"name": "Race", "code": "RACE1", "account_type": "asset_receivable"},
                {"name": "Race", "code": "RACE2", "account_type": "income"},
            ]
        )
        journal = env["account.journal"].create({"name": "Race", "code": "RACE", "type": "general"})
        partner = env["res.partner"].create({"name": "Race", "is_company": True})
        contact = env["res.partner"].create({"name": "Racer", "parent_id": partner.id})
        user = new_test_user(env, "ar_racer", groups="base.group_portal", partner_id=contact.id)
        lines = [
            {"account_id": account.id, "partner_id": partner.id, "balance": balance}
            for account, balance in zip([*accounts, accounts[0]], (100, -160, 60), strict=True)
        ]
        move = env["account.move"].create(
            {"journal_id": journal.id, "line_ids": [Command.create(line) for line in lines]}
        )
        move.action_post()
        self.item, self.second = move.line_ids.filtered(lambda line: line.balance > 0).ids
        self.partner, self.company, self.user = partner.id, move.company_id.root_id.id, user.id
        self.ids = {
            "account.move": move.ids,
            "account.journal": journal.ids,
            "account.account": accounts.ids,
            "res.users": user.ids,
            "res.partner": (user.partner_id | partner).ids,
        }

    def _remove(self):
        with self._environment() as env:
            env["account.move"].browse(self.ids["account.move"]).button_draft()
            for model in ("ar.promise", "ar.dispute", "ar.contact", "ar.credit.profile"):
                env[model].search([("partner_id", "=", self.partner)]).unlink()
            for model, ids in self.ids.items():
                env[model].browse(ids).with_context(force_delete=True).unlink()

    def _write_down(self, model, vals, amount, env):
        line = {"move_line_id": self.item, "amount": amount}
        vals = {
            **vals,
            "partner_id": self.partner,
            "company_id": self.company,
            "line_ids": [Command.create(line)],
        }
        env[model].create(vals)

    def _promise_on_the_portal(self, item, env):
        tomorrow = fields.Date.add(fields.Date.today(), days=1)
        env["ar.portal"].with_user(self.user)._promise([item], tomorrow)

    def _work(self, action, ready, results):
        with self._environment() as env:
            env.cr.execute("SELECT 1 FROM ar_credit_profile LIMIT 1")  # takes the snapshot
            ready.wait(timeout=30)
            try:
                retrying(partial(action, env), env)
                results.append("written")
            except (UserError, ValidationError) as error:
                env.cr.rollback()
                results.append(str(error))

    def _race(self, *actions):
        """What each of the actions came to; the shortest first, which is the one that was done."""
        ready, results = threading.Barrier(len(actions)), []
        threads = [
            threading.Thread(target=self._work, args=(action, ready, results)) for action in actions
        ]
        with mute_logger("odoo.sql_db"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=60)
        return sorted(results, key=len)

    def _race_about_an_item(self, model, vals, amounts):
        results = self._race(
            *(partial(self._write_down, model, vals, amount) for amount in amounts)
        )
        with self._environment() as env:
            lines = env[f"{model}.line"].search([("move_line_id", "=", self.item)])
            self.assertLessEqual(sum(lines.mapped("amount")), 100)
            self.assertEqual(len(lines), 1)
        return results

    def test_two_promises(self):
        day = fields.Date.add(fields.Date.today(), days=3)
        done, refused = self._race_about_an_item("ar.promise", {"date": day}, (100, 60))
        self.assertEqual(done, "written")
        self.assertIn("promised already", refused)

    def test_two_disputes(self):
        vals = {"reason": "price", "note": "x"}
        done, refused = self._race_about_an_item("ar.dispute", vals, (70, 50))
        self.assertEqual(done, "written")
        self.assertIn("open dispute about this invoice", refused)

    def test_a_promise_more_than_the_policy_lets_customers_make(self):
        self.addCleanup(self._allow, self._allow(1))
        done, refused = self._race(
            *(partial(self._promise_on_the_portal, item) for item in (self.item, self.second))
        )
        self.assertEqual(done, "written")
        self.assertIn("1 promises are open already", refused)
        with self._environment() as env:
            self.assertEqual(env["ar.promise"].search_count([("partner_id", "=", self.partner)]), 1)

    def _allow(self, count):
        """How many promises customers may make.

        :return: how many they might make before
        """
        with self._environment() as env:
            policy = env["res.company"].browse(self.company).ar_credit_policy_id
            before, policy.promise_max_open = policy.promise_max_open, count
        return before
