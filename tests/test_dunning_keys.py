"""What dunning notices name stays, or takes them along: by a foreign key or without one."""

from pathlib import Path

from odoo import Command
from odoo.exceptions import UserError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import SQL

from .dunning_common import DunningCommon

STEPS = Path(__file__).parent.parent / "migrations"
TABLES = ("ar_dunning_notice", "ar_dunning_left_out")
KEPT = {("ar_dunning_notice", "create_uid"), ("ar_dunning_notice", "write_uid")}


@tagged("post_install", "-at_install")
class TestDunningKeys(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._invoice(cls.customer, 100, due=-30)
        cls.paid = cls._invoice(cls.customer, 20, due=-31)
        cls._invoice(cls.customer, 20, move_type="out_refund")

    def _count(self, run):
        return [
            self.env.execute_query(
                SQL("SELECT count(*) FROM %s WHERE run_id = %s", SQL.identifier(table), run.id)
            )[0][0]
            for table in TABLES
        ]

    def _keys(self):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT key.conrelid::regclass::text, attribute.attname
                  FROM pg_constraint key
                  JOIN pg_attribute attribute
                    ON attribute.attrelid = key.conrelid AND attribute.attnum = key.conkey[1]
                 WHERE key.contype = 'f' AND key.conrelid::regclass::text = ANY(%s)
                """,
                list(TABLES),
            )
        )
        return set(rows)

    def _refused(self, records, words):
        with self.assertRaisesRegex(UserError, words), self.cr.savepoint():
            records.unlink()
        self.assertTrue(records.exists())

    # ------------------------------------------------------------------ runs
    def test_a_run_that_is_deleted_takes_its_proposal_along(self):
        other = self._run()
        run = self._run()
        self.assertEqual(self._count(run), [1, 1])
        notice = run.notice_ids
        run.unlink()
        self.assertEqual(self._count(run), [0, 0])
        self.assertFalse(notice.exists())
        self.assertEqual(self._count(other), [1, 1], "nobody else's")

    def test_a_cancelled_run_goes_with_what_was_left_out_in_review(self):
        run = self._run()
        run.action_cancel()
        run.unlink()
        self.assertEqual(self._count(run), [0, 0])

    def test_a_run_that_sent_something_stays_with_it(self):
        run = self._send()
        self._refused(run, "Only runs that sent nothing")
        self.assertEqual(self._count(run), [1, 1])

    # ------------------------------------------------------------------ what notices name
    def test_a_currency_of_a_notice_stays(self):
        franc = self.env["res.currency"].create(
            {"name": "FRX", "symbol": "Fx", "rate_ids": [Command.create({"rate": 2})]}
        )
        unused = self.env["res.currency"].create({"name": "UNX", "symbol": "Ux"})
        move = self._invoice(self.customer, 50, due=-30, currency=franc)
        run = self._run()
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self._refused(franc, "“FRX” stands in dunning notices")
        self.assertIn(franc, run.notice_ids.currency_id)
        self.assertEqual(run.sudo().currency_ids, franc | self.company.currency_id)
        unused.unlink()
        run.unlink()
        franc.unlink()

    def test_a_currency_of_what_was_left_out_stays(self):
        franc = self.env["res.currency"].create(
            {"name": "FRX", "symbol": "Fx", "rate_ids": [Command.create({"rate": 2})]}
        )
        move = self._invoice(self.customer, 50, due=-30, currency=franc)
        self.env["ar.dunning.exclusion"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "move_id": move.id,
                "reason": "Agreed",
                "date_to": self.today,
            }
        )
        run = self._run()
        self.assertNotIn(franc, run.notice_ids.currency_id)
        self.assertIn(franc, run.sudo().currency_ids)
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self._refused(franc, "“FRX” stands in dunning notices")

    def test_a_policy_of_a_notice_stays_even_without_its_levels(self):
        run = self._run()
        spare = self._policy("Spare")
        spare.action_set_default()
        self._refused(self.ladder, "“Plain.*” stands in dunning notices")
        run.notice_ids.sudo().level_id.policy_id = spare
        self._refused(self.ladder, "“Plain.*” stands in dunning notices")
        run.unlink()
        self.ladder.unlink()

    def test_a_level_of_a_notice_stays_also_when_another_policy_has_it(self):
        run = self._run()
        level, spare = run.sudo().notice_ids.level_id, self._policy("Spare")
        self._refused(level, "“First” stands in dunning notices")
        level.policy_id = spare
        self._refused(spare, "“First” stands in dunning notices")
        run.unlink()
        spare.unlink()
        self.assertFalse(level.exists())

    def test_a_customer_stays_by_its_items_and_after_them_by_its_notices(self):
        customer = self.env["res.partner"].create({"name": "Gone", "email": "gone@example.com"})
        moves = self._invoice(customer, 70, due=-30) + self._invoice(customer, 30, due=-30)
        run = self._run(partner_ids=[Command.set(customer.ids)])
        self.assertEqual(run.notice_ids.partner_id, customer)
        self._refused(customer, "used in Accounting")
        moves.button_draft()
        moves.with_context(force_delete=True).unlink()
        self._refused(customer, "“Gone” stands in dunning notices")
        run.unlink()
        customer.unlink()

    def test_a_level_that_a_proposal_named_before_may_go(self):
        run = self._run()
        first, second = run.sudo().notice_ids.level_id, self.ladder.level_ids[1]
        self.assertEqual(run.sudo().level_ids, first)
        run.notice_ids.action_raise()
        self.assertEqual(run.sudo().level_ids, first | second)
        run.notice_ids.action_lower()
        second.unlink()
        self.assertEqual(run.sudo().level_ids, first)
        run.sudo().notice_ids.unlink()
        first.unlink()
        self.assertFalse(run.sudo().level_ids)

    def test_a_recipient_that_is_gone_all_the_same_fails_alone(self):
        recipient = self.env["res.partner"].create(
            {"name": "Desk", "parent_id": self.customer.id, "type": "invoice", "email": "d@x.it"}
        )
        other = self.env["res.partner"].create({"name": "Other", "email": "o@x.it"})
        self._invoice(other, 70, due=-30)
        run = self._run()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM res_partner WHERE id = %s", [recipient.id])
        self.env.invalidate_all()
        self._send(run)
        states = {notice.partner_id: notice.state for notice in run.notice_ids}
        self.assertEqual(states, {self.customer: "failed", other: "sent"})
        failed = run.notice_ids.filtered(lambda notice: notice.state == "failed")
        self.assertTrue(failed.problem)

    def test_a_notice_that_is_deleted_takes_what_it_left_out_along(self):
        run = self._run()
        self.assertTrue(run.left_out_ids.notice_id)
        run.sudo().notice_ids.unlink()
        self.assertEqual(self._count(run), [0, 0])

    def test_customers_that_are_merged_take_their_notices_along(self):
        kept = self.env["res.partner"].create({"name": "Kept", "email": "kept@example.com"})
        run = self._run()
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((self.customer | kept).ids, kept)
        self.env.invalidate_all()
        self.assertEqual(run.notice_ids.partner_id, kept)
        self.assertEqual(run.left_out_ids.partner_id, kept)

    def test_a_recipient_of_a_notice_stays(self):
        recipient = self.env["res.partner"].create(
            {"name": "Desk", "parent_id": self.customer.id, "type": "invoice", "email": "d@x.it"}
        )
        run = self._run()
        self.assertEqual(run.notice_ids.recipient_id, recipient)
        self._refused(recipient, "Desk” stands in dunning notices")
        run.unlink()
        recipient.unlink()

    def test_a_company_stays_by_its_runs(self):
        run = self._run()
        self.env.cr.execute(
            """
            SELECT conname FROM pg_constraint
             WHERE conrelid = 'ar_dunning_run'::regclass AND contype = 'f' AND confdeltype = 'r'
            """
        )
        self.assertIn(("ar_dunning_run_company_id_fkey",), self.env.cr.fetchall())
        self.assertEqual(run.notice_ids.company_id, run.company_id)

    def test_contacts_that_are_merged_take_their_notices_along(self):
        recipient, kept = self.env["res.partner"].create(
            [
                {"name": name, "parent_id": self.customer.id, "type": kind, "email": "d@x.it"}
                for name, kind in (("Desk", "invoice"), ("Office", "other"))
            ]
        )
        notice = self._run().notice_ids.sudo()
        self.assertEqual(notice.recipient_id, recipient)
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((recipient | kept).ids, kept)
        notice.invalidate_recordset()
        self.assertEqual(notice.recipient_id, kept)
        self.assertFalse(recipient.exists())

    # ------------------------------------------------------------------ what may go
    def _forgets(self, notice, name, record):
        notice[name] = record
        record.unlink()
        notice.invalidate_recordset()
        self.assertFalse(notice[name], name)

    def test_what_followed_from_a_notice_may_be_deleted(self):
        notice = self._send().notice_ids.sudo()
        self.assertTrue(notice.message_id)
        self._forgets(notice, "message_id", notice.message_id)
        self._forgets(
            notice, "activity_id", self.customer.activity_schedule("mail.mail_activity_data_todo")
        )
        draft = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": self.customer.id}
        )
        self._forgets(notice, "charge_move_id", draft)
        self.assertEqual(notice.state, "sent")

    def test_users_of_a_notice_may_be_deleted(self):
        notice, other = self._run().notice_ids.sudo(), self._run().notice_ids.sudo()
        other.collector_id = self.collector
        for name in ("approved_by_id", "collector_id", "salesperson_id"):
            user = self.env["res.users"].create({"name": name, "login": name})
            self._forgets(notice, name, user)
        self.assertEqual(other.collector_id, self.collector, "nobody else is forgotten")

    def _rule(self, policy):
        return self.env["ar.dunning.assignment"].create({"policy_id": policy.id})

    def test_a_rule_may_be_deleted_and_goes_with_its_policy(self):
        rule = self._rule(self.ladder)
        notice = self._run().notice_ids.sudo()
        self.assertEqual(notice.assignment_id, rule)
        rule.unlink()
        self.assertFalse(notice.assignment_id)
        spare = self._policy("Spare")
        notice.assignment_id = self._rule(spare)
        spare.unlink()
        notice.invalidate_recordset()
        self.assertFalse(notice.assignment_id)

    def test_an_item_that_was_left_out_may_be_deleted(self):
        left_out = self._run().left_out_ids.sudo()
        move = left_out.move_line_id.move_id
        self.assertTrue(move)
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        left_out.invalidate_recordset()
        self.assertTrue(left_out.exists())
        self.assertFalse(left_out.move_line_id)

    # ------------------------------------------------------------------ the tables
    def test_these_keys_and_no_others(self):
        self.assertEqual(self._keys(), KEPT)

    def test_an_update_gives_up_the_others(self):
        self.env.cr.execute(
            """
            ALTER TABLE ar_dunning_notice
                ADD CONSTRAINT ar_dunning_notice_run_id_fkey
                    FOREIGN KEY (run_id) REFERENCES ar_dunning_run (id),
                ADD CONSTRAINT ar_dunning_notice_policy_id_fkey
                    FOREIGN KEY (policy_id) REFERENCES ar_dunning_policy (id),
                ADD CONSTRAINT ar_dunning_notice_partner_id_fkey
                    FOREIGN KEY (partner_id) REFERENCES res_partner (id),
                ADD CONSTRAINT ar_dunning_notice_recipient_id_fkey
                    FOREIGN KEY (recipient_id) REFERENCES res_partner (id);
            ALTER TABLE ar_dunning_left_out
                ADD CONSTRAINT ar_dunning_left_out_currency_id_fkey
                    FOREIGN KEY (currency_id) REFERENCES res_currency (id);
            """
        )
        self.assertIn(("ar_dunning_notice", "policy_id"), self._keys())
        for step in ("19.0.1.3.0", "19.0.1.5.0", "19.0.1.6.0"):
            script = load_script(str(STEPS / step / "pre-migrate.py"), step.replace(".", "_"))
            script.migrate(self.env.cr, "19.0.1.2.0")
        self.assertEqual(self._keys(), KEPT)
