"""The items of a notice: one value of it, read as lines; after an update from the version that
kept them in a table."""

import gc
import hashlib
from datetime import timedelta
from pathlib import Path

from odoo import Command
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import SQL
from psycopg2.errors import SerializationFailure

from ..ar_credit_control.models.dunning_process import collecting_later
from .dunning_common import DunningCommon

STEPS = Path(__file__).parent.parent / "migrations"
COLUMNS = (
    "move_line_id", "name", "date_invoice", "date_due", "days", "reached", "held", "level_number",
    "residual", "covered", "amount_company", "amount_original", "interest", "compensation",
)  # fmt: skip
TOAST = "default_toast_compression"
SAID = ("name", "date_invoice", "date_due", "days", "residual", "covered")


@tagged("post_install", "-at_install")
class TestDunningItems(DunningCommon):
    def _read(self, lines):
        return lines.sudo().sorted("id").read(["notice_id", *COLUMNS], load=False)

    def _propose_two(self):
        """A notice with two items of which a credit covers a part, and one of somebody else."""
        self._invoice(self.customer, 100, due=-30)
        self._invoice(self.customer, 70, due=-10)
        self._invoice(self.customer, 20, move_type="out_refund")
        other = self._new_customer("Other", email="other@customer.example")
        self._invoice(other, 55, due=-30)
        notices = self._run().notice_ids
        mine = notices.filtered(lambda notice: notice.partner_id == self.customer)
        return mine, notices - mine

    # ------------------------------------------------------------------ lines
    def test_a_line_says_what_the_item_was(self):
        mine, _other = self._propose_two()
        older, newer = mine.line_ids
        item = older.sudo().move_line_id
        self.assertEqual((older.name, newer.level_number), (item.move_name, 1))
        self.assertEqual((older.date_due, older.days), (item.date_maturity, 30))
        self.assertEqual(older.date_invoice, item.move_id.invoice_date)
        self.assertEqual((older.residual, older.covered, newer.covered), (100, 20, 0))
        self.assertEqual((older.amount_company, older.amount_original), (80, 100))
        self.assertEqual((older.reached, older.held), (2, 0))
        self.assertEqual((older.interest, older.compensation), (0, 0))
        self.assertEqual((older.notice_id, older.currency_id), (mine, mine.currency_id))
        self.assertEqual(mine.amount, sum(line.residual - line.covered for line in mine.line_ids))

    def _assert_read_alike(self, notices):
        """Texts are told of the same lines that records show."""
        found = notices._read_lines()
        for notice in notices:
            lines = [tuple(line[name] for name in SAID) for line in notice.line_ids]
            self.assertEqual([tuple(line[1:]) for line in found[notice.id]], lines)

    def test_texts_read_the_lines_that_records_show(self):
        mine, other = self._propose_two()
        self._assert_read_alike(mine | other)
        items = [line.item for line in mine._read_lines()[mine.id]]
        self.assertEqual(items, mine.sudo().line_ids.move_line_id.ids)
        with self.assertQueryCount(1):
            (mine | other)._read_lines()

    def test_texts_read_lines_as_they_were_changed(self):
        mine, _other = self._propose_two()
        mine.sudo()._set_items({"covered": [0, 70], "name": ["A", "B"]})
        self._assert_read_alike(mine)
        mine.sudo()._take_out(mine.line_ids[:1].ids)
        self._assert_read_alike(mine)
        mine.sudo()._take_out(mine.line_ids.ids)
        self.assertEqual(mine._read_lines(), {mine.id: []})

    def test_texts_have_the_oldest_item_first(self):
        """Whatever the order in the snapshot; of one day, in that order."""
        mine, _other = self._propose_two()
        lines = mine.line_ids.sorted("id", reverse=True)
        mine.sudo()._set_items(
            {name: lines.mapped(name) for name in ("name", "date_due", "residual", "covered")}
        )
        self._assert_read_alike(mine)
        mine.sudo()._set_items({"date_due": lines[:1].mapped("date_due") * 2})
        self._assert_read_alike(mine)

    def test_a_notice_without_items_has_no_lines(self):
        mine, other = self._propose_two()
        self.env.cr.execute(SQL("UPDATE ar_dunning_notice SET items = NULL WHERE id = %s", mine.id))
        self.env.invalidate_all()
        self.assertEqual(mine._read_lines(), {mine.id: []})
        self.assertEqual(mine.sudo()._get_items(), [])
        self.assertEqual(len((mine | other)._read_lines()[other.id]), 1)

    def test_texts_are_compressed_as_fast_as_the_server_can(self):
        """In each of the three tables that hold them."""
        mine, other = self._propose_two()
        mine.run_id.action_confirm()
        mine.run_id.action_process()
        execute = self.env.execute_query
        ((known,),) = execute(
            SQL("SELECT COUNT(*) FROM pg_settings WHERE name = %s AND 'lz4' = ANY(enumvals)", TOAST)
        )
        if not known:
            self.skipTest("the server has no lz4")
        rows = execute(
            SQL(
                """
                SELECT pg_column_compression(notice.body), pg_column_compression(message.body),
                       pg_column_compression(mail.body_html)
                  FROM ar_dunning_notice notice
                  JOIN mail_message message ON message.id = notice.message_id
                  JOIN mail_mail mail ON mail.mail_message_id = message.id
                 WHERE notice.id = ANY(%s)
                """,
                (mine | other).ids,
            )
        )
        self.assertEqual(rows, [("lz4",) * 3] * 2)

    def test_what_is_set_for_one_statement_is_undone(self):
        """Joins stay in memory only while the texts are written."""
        mine, other = self._propose_two()
        mine.run_id.action_confirm()
        mine.run_id.action_process()
        self.assertEqual((mine.state, other.state), ("sent", "sent"))
        self.assertEqual(self.env.execute_query(SQL("SHOW enable_nestloop")), [("on",)])
        self.assertTrue(gc.isenabled())
        ids = ",".join(map(str, sorted(mine.sudo().line_ids.move_line_id.ids)))
        self.assertEqual(mine.sudo().items_hash, hashlib.md5(ids.encode()).hexdigest())

    def test_garbage_is_looked_for_again_after_a_batch_that_failed(self):
        with self.assertRaises(SerializationFailure), collecting_later():
            self.assertFalse(gc.isenabled())
            raise SerializationFailure
        self.assertTrue(gc.isenabled())

    def test_an_item_whose_entry_was_deleted_keeps_its_words(self):
        mine, other = self._propose_two()
        (line,) = other.line_ids
        name, gone = line.name, line.sudo().move_line_id.move_id
        gone.button_draft()
        gone.with_context(force_delete=True).unlink()
        (item,) = other.sudo()._get_items()
        self.assertEqual((item.name, item.residual, item.move_id), (name, 55, None))
        self.assertFalse(other.run_id.sudo()._lock(other.sudo()), "nobody is changing it")
        other.run_id.action_confirm()
        other.run_id.action_process()
        self.assertEqual((mine.state, other.state), ("sent", "dropped"))

    def test_items_of_a_day_stand_in_the_order_of_their_entry(self):
        moves = [self._invoice(self.customer, 10 + n, due=-30) for n in range(12)]
        self._item(moves[5]).date_maturity = self.today - timedelta(days=40)
        self._item(moves[0]).name = "Written to last"
        self.env.flush_all()
        lines = self._run().notice_ids.line_ids
        expected = [moves[5], *moves[:5], *moves[6:]]
        self.assertEqual(lines.mapped("name"), [move.name for move in expected])

    def test_lines_are_found_by_id_and_by_notice(self):
        mine, other = self._propose_two()
        Line = self.env["ar.dunning.notice.line"]
        both = (mine | other).line_ids
        self.assertEqual(len(both), 3)
        self.assertEqual(Line.search([("id", "in", mine.line_ids.ids)]), mine.line_ids)
        self.assertEqual(Line.search([("id", "=", other.line_ids.id)]), other.line_ids)
        within = [("notice_id", "in", both.notice_id.ids)]
        self.assertEqual(
            Line.search([*within, "!", ("id", "in", mine.line_ids.ids)]), other.line_ids
        )
        self.assertFalse(Line.search([("id", "in", [])]))
        unknown = Line.browse(other.line_ids.id + 1)
        self.assertEqual((other.line_ids | unknown).exists(), other.line_ids)
        self.assertEqual(Line.search([("residual", "=", 55), *within]), other.line_ids)

    def test_lines_are_read_by_the_key_of_their_notice(self):
        """However many notices there are, those of others are not opened."""
        mine, _other = self._propose_two()
        Line = self.env["ar.dunning.notice.line"]
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        for domain in ([("id", "in", mine.line_ids.ids)], [("notice_id", "in", mine.ids)]):
            query = Line._search(domain)
            self.env.cr.execute(SQL("EXPLAIN %s", query.select()))
            plan = "\n".join(line for (line,) in self.env.cr.fetchall())
            self.assertIn("ar_dunning_notice_pkey", plan)

    def test_a_deleted_entry_leaves_its_line(self):
        invoice = self._invoice(self.customer, 100, due=-30)
        notice = self._run().notice_ids
        name = invoice.name
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        self.env.invalidate_all()
        self.assertEqual((notice.line_ids.name, notice.line_ids.residual), (name, 100))
        self.assertFalse(notice.line_ids.move_line_id)
        run = notice.run_id
        run.action_confirm()
        run.action_process()
        self.assertEqual((notice.state, notice.problem), ("dropped", "Paid in the meantime"))
        self.assertFalse(notice.line_ids)
        left_out = notice.left_out_ids
        self.assertEqual((left_out.name, left_out.amount), (name, 100))
        self.assertFalse(left_out.move_line_id)

    def test_the_review_changes_levels_of_lines(self):
        mine, _other = self._propose_two()
        mine.action_raise()
        self.assertEqual(mine.line_ids.mapped("level_number"), [2, 1])
        mine.action_lower()
        self.assertEqual(mine.line_ids.mapped("level_number"), [1, 1])

    # ------------------------------------------------------------------ customers in scope
    def test_a_run_about_archived_customers_is_about_nobody_else(self):
        other = self._new_customer("Other", email="other@customer.example")
        self._invoice(self.customer, 100, due=-30)
        self._invoice(other, 100, due=-30)
        run = self.Run.create({"company_id": self.company.id, "partner_ids": [other.id]})
        other.active = False
        run.action_propose()
        self.assertEqual(run.notice_ids.partner_id, other)

    # ------------------------------------------------------------------ the level held
    def test_a_customer_that_joins_another_keeps_what_was_said(self):
        """Items of what was a customer of its own go on from their level."""
        self._invoice(self.customer, 100, due=-30)
        first = self._send()
        self._age(first, 10)
        group = self._new_customer("Group", email="group@customer.example")
        self.customer.write({"is_company": False, "parent_id": group.id})
        self.assertEqual(self.customer.commercial_partner_id, group)
        notice = self._run().notice_ids
        self.assertEqual((notice.partner_id, notice.level_number), (group, 2))
        self.assertEqual(notice.line_ids.held, 1)

    def test_old_items_keep_their_level_beside_new_ones(self):
        old = self._invoice(self.customer, 100, due=-30)
        first = self._send()
        self._age(first, 400)
        self.env.flush_all()
        for table, ids in (
            ("ar_dunning_notice", first.notice_ids.ids),
            ("account_move_line", old.line_ids.ids),
        ):
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET create_date = create_date - interval '400 days'"
                    " WHERE id = ANY(%s)",
                    SQL.identifier(table),
                    ids,
                )
            )
        self.env.invalidate_all()
        new = self._invoice(self.customer, 50, due=-30)
        lines = {line.name: line.held for line in self._run().notice_ids.line_ids}
        self.assertEqual(lines, {old.name: 1, new.name: 0})

    # ------------------------------------------------------------------ the version before
    def test_an_update_carries_lines_over(self):
        mine, other = self._propose_two()
        mine.action_raise()
        gone = self._invoice(self.customer, 30, due=-30)
        third = self._run(partner_ids=[Command.set(self.customer.ids)]).notice_ids
        gone.button_draft()
        gone.with_context(force_delete=True).unlink()
        notices = mine | other | third
        before = self._read(notices.line_ids)
        self._as_it_was()
        self._update("19.0.1.2.0", "19.0.1.4.0")
        self.assertEqual(self._read(notices.line_ids), before)
        self.assertEqual(self.Notice.browse(mine.id).line_ids.mapped("covered"), [20, 0])
        mine.action_reckon_again()
        self.assertEqual(self._read(notices.line_ids), before)

    def test_an_update_keeps_what_lacks_a_figure(self):
        """A charge that could not be reckoned, none at all, and a notice without items."""
        mine, other = self._propose_two()
        third = self._run(partner_ids=[Command.set(self.customer.ids)]).notice_ids
        mine.sudo()._set_items({"interest": [None, 1.5], "compensation": [40, 0]})
        before = self._read((mine | other).line_ids)
        self._as_json()
        self.env.cr.execute(
            SQL("UPDATE ar_dunning_notice SET item_values = NULL WHERE id = %s", third.id)
        )
        self._update("19.0.1.4.0")
        self.assertEqual(self._read((mine | other).line_ids), before)
        self.assertEqual(self._read_interest(mine), [None, 1.5])
        self.assertEqual(self._read_interest(other), None)
        self.assertFalse(third.line_ids)

    def _read_interest(self, notice):
        """What is stored, where records show a zero for what is not known."""
        ((values,),) = self.env.execute_query(
            SQL("SELECT (items).interest::float8[] FROM ar_dunning_notice WHERE id = %s", notice.id)
        )
        return values

    def _update(self, *versions):
        for version in versions:
            script = load_script(str(STEPS / version / "pre-migrate.py"), "items")
            script.migrate(self.env.cr, version)
        self.env.invalidate_all()

    def _as_json(self):
        """The column of the version before: one object of arrays."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            ALTER TABLE ar_dunning_notice ADD COLUMN item_values jsonb;
            UPDATE ar_dunning_notice SET item_values = jsonb_strip_nulls(to_jsonb(items))
             WHERE (items).interest IS NULL;
            UPDATE ar_dunning_notice SET item_values = to_jsonb(items)
             WHERE (items).interest IS NOT NULL;
            ALTER TABLE ar_dunning_notice DROP COLUMN items;
            DROP TYPE ar_dunning_items;
            """
        )

    def _as_it_was(self):
        """The table of two versions before, filled from the lines."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                CREATE TABLE ar_dunning_notice_line AS SELECT line.* FROM (%s) line;
                ALTER TABLE ar_dunning_notice DROP COLUMN items;
                DROP TYPE ar_dunning_items;
                """,
                self.env["ar.dunning.notice.line"]._table_query,
            )
        )
