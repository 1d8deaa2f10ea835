"""A night that stores settled parts while somebody else works in the ledger."""

from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import SerializationFailure

from .race_common import RaceCase


def go_on(_done, remaining):
    return 1.0 + remaining


@tagged("post_install", "-at_install")
class TestNightRace(RaceCase):
    """Over real connections, each with the snapshot of its beginning."""

    def _create(self, env):
        """An opening entry of a customer, paid a week ago; old enough to be stored."""
        customer = env["res.partner"].create({"name": "Paid at night"})
        invoice = self._book(env, customer, 100, 60)
        payment = self._book(env, customer, -100, 7)
        (invoice | payment).line_ids.filtered(lambda line: line.partner_id).reconcile()
        self.customer, self.moves, self.item = customer.id, (invoice | payment).ids, invoice.id
        env.flush_all()
        env.cr.execute(
            "UPDATE account_partial_reconcile SET create_date = %s WHERE id = ANY(%s)",
            [
                fields.Datetime.now() - timedelta(days=3),
                invoice.line_ids.matched_credit_ids.ids,
            ],
        )

    def _book(self, env, customer, balance, ago):
        day = fields.Date.today() - timedelta(days=ago)
        other = env["account.account"].search([("account_type", "=", "asset_current")], limit=1)
        sides = (
            (customer.property_account_receivable_id, balance, customer),
            (other, -balance, env["res.partner"]),
        )
        move = env["account.move"].create(
            {
                "move_type": "entry",
                "date": day,
                "line_ids": [
                    Command.create(
                        {"account_id": account.id, "balance": amount, "partner_id": partner.id}
                    )
                    for account, amount, partner in sides
                ],
            }
        )
        move.action_post()
        return move

    def _remove(self):
        with self._environment() as env:
            moves = env["account.move"].browse(self.moves)
            moves.line_ids.remove_move_reconcile()
            moves.button_draft()
            moves.with_context(force_delete=True).unlink()
            env["res.partner"].browse(self.customer).unlink()
        with self._environment() as env:
            self._night(env)

    def _night(self, env):
        return env["ar.score.part"]._keep(env.company.root_id, go_on)

    def _postpone(self, env, days=5):
        line = env["account.move"].browse(self.item).line_ids.filtered("partner_id")
        line.date_maturity = fields.Date.today() - timedelta(days=days)
        env.flush_all()
        return line.date_maturity

    def _due(self):
        """Due dates that the customer's parts have, read through the store and in the ledger."""
        with self._environment() as env:
            Score = env["ar.score"]
            read = []
            for ids in (None, [self.customer]):
                rows = Score._ask(Score._items(env.company.root_id, ids))
                read.append({row[7] for row in rows if row[4] == self.customer})
            self.assertEqual(*read)
            return read[0]

    def _noted(self):
        with self._environment() as env:
            match = env["account.move"].browse(self.item).line_ids.matched_credit_ids
            return bool(env["ar.score.part.note"].search_count([("match_id", "in", match.ids)]))

    # ------------------------------------------------------------------ a change in the night
    def test_a_change_that_the_first_night_cannot_see_is_read_all_the_same(self):
        with self._environment() as night:
            with self._environment() as clerk:
                day = self._postpone(clerk)
            self._night(night)
        self.assertEqual(self._due(), {day})
        self.assertTrue(self._noted(), "left for the next night")
        with self._environment() as night:
            self._night(night)
        self.assertFalse(self._noted())
        self.assertEqual(self._due(), {day})

    def test_a_night_at_its_notes_leaves_those_that_come_meanwhile(self):
        with self._environment() as night:
            self._night(night)
        with self._environment() as clerk:
            self._postpone(clerk, 9)
        with self._environment() as night:
            with self._environment() as clerk:
                day = self._postpone(clerk, 3)
            self._night(night)  # works off the first note
        self.assertTrue(self._noted())
        self.assertEqual(self._due(), {day})

    def test_a_change_not_yet_committed_holds_nobody_up(self):
        with self._environment() as night:
            self._night(night)
        with self._environment() as clerk:
            day = self._postpone(clerk)
            with self._environment() as night:
                self._night(night)
                night.cr.commit()
        self.assertEqual(self._due(), {day})
        self.assertTrue(self._noted())

    def test_a_matching_undone_in_the_night_is_gone(self):
        with self._environment() as night:
            with self._environment() as clerk:
                clerk["account.move"].browse(self.moves).line_ids.remove_move_reconcile()
            self._night(night)
        with self._environment() as env:
            Score = env["ar.score"]
            rows = Score._ask(Score._items(env.company.root_id))
            paid = [row[8] for row in rows if row[4] == self.customer]
        self.assertEqual(paid, [None], "open again")

    def test_settings_changed_in_the_night_win(self):
        with self._environment() as night:
            self._night(night)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(SerializationFailure),
            self._environment() as night,
        ):
            with self._environment() as clerk:
                clerk.cr.execute("UPDATE ar_score_part_reach SET last_match = 0")
            self._night(night)
        with self._environment() as env:
            self.assertEqual(env["ar.score.part"]._get_last(env.company.root_id), 0)
