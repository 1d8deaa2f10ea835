"""Tries to get past the rights of dunning as a program would: method calls, not screens."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .dunning_common import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningAccess(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._invoice(cls.customer, 500, due=-30)
        cls.run_sent = cls.Run.create({"company_id": cls.company.id})
        cls.run_sent.action_propose()
        cls.notice = cls.run_sent.notice_ids
        cls.profile = cls.Profile._get_or_create(cls.customer, cls.company)
        cls.plain = cls._new_user("ar_plain_d", "base.group_user")

    def _refused(self, records, user, method, *args):
        with self.subTest(user=user.login, method=method), self.assertRaises(AccessError):
            getattr(records.with_user(user), method)(*args)

    def test_only_collectors_run_and_review(self):
        for user in (self.salesman, self.seller_all, self.auditor, self.accountant, self.plain):
            self._refused(self.Run, user, "create", {"company_id": self.company.id})
            self._refused(self.Run, user, "action_new_start")
            for method in (
                "action_propose",
                "action_confirm",
                "action_process",
                "action_stop",
                "action_cancel",
                "action_back_to_review",
            ):
                self._refused(self.run_sent, user, method)
            for method in (
                "action_leave_out",
                "action_take_in",
                "action_raise",
                "action_lower",
                "action_approve",
                "action_cancel",
                "action_retry",
                "action_reckon_again",
                "action_without_charges",
            ):
                self._refused(self.notice, user, method)
            self._refused(
                self.env["ar.dunning.review"],
                user,
                "create",
                {"notice_ids": [Command.set(self.notice.ids)]},
            )
            self._refused(
                self.env["ar.dunning.exclusion"],
                user,
                "create",
                {"partner_id": self.customer.id, "reason": "x", "date_to": self.today},
            )
        self.assertEqual((self.run_sent.state, self.notice.state), ("proposal", "proposed"))

    def test_nobody_writes_what_the_machine_writes(self):
        for vals in (
            {"state": "sent"},
            {"level_number": 3},
            {"amount": 1.0},
            {"problem": False},
            {"approved_by_id": self.collector.id},
            {"items_hash": "x"},
            {"recipient_id": self.collector.partner_id.id},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self.notice.with_user(self.manager).write(vals)
        for vals in ({"state": "done"}, {"kind": "start"}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                self.run_sent.with_user(self.manager).write(vals)
        for vals in ({"dunning_level": 0}, {"dunning_hold": False}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self.profile.with_user(self.manager).write(vals)
        for method in ("create", "unlink"):
            args = [{"notice_id": self.notice.id}] if method == "create" else []
            self._refused(self.notice.line_ids, self.manager, method, *args)
        self._refused(self.notice, self.manager, "unlink")

    def test_only_managers_configure(self):
        level = self.ladder.level_ids[0]
        for user in (self.collector, self.auditor, self.salesman, self.accountant):
            self._refused(self.ladder, user, "write", {"grace_days": 1})
            self._refused(level, user, "write", {"days": 6})
            self._refused(self.ladder, user, "action_set_default")
            self._refused(
                self.env["ar.dunning.assignment"], user, "create", {"policy_id": self.ladder.id}
            )
            self._refused(self.env["ar.dunning.schedule"], user, "create", {"name": "x"})
        level.with_user(self.manager).days = 6

    def test_salespeople_see_the_notices_of_their_customers(self):
        for user, seen in (
            (self.salesman, True),
            (self.colleague, True),
            (self.stranger, False),
            (self.seller_all, True),
            (self.collector, True),
            (self.auditor, True),
            (self.accountant, True),
        ):
            with self.subTest(user=user.login):
                notices = self.Notice.with_user(user)
                self.assertEqual(bool(notices.search([("id", "=", self.notice.id)])), seen)
                lines = self.env["ar.dunning.notice.line"].with_user(user)
                self.assertEqual(bool(lines.search([("notice_id", "=", self.notice.id)])), seen)
                if seen:
                    notice = self.notice.with_user(user)
                    notice.invalidate_recordset()
                    self.assertIn(self.notice.line_ids.move_line_id.move_id.name, notice.preview)
                    self.assertTrue(notice.policy_reason)
        for model in ("ar.dunning.notice", "ar.dunning.run", "ar.dunning.left.out"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.plain).search([])
        portal = self._new_user("ar_portal_d", "base.group_portal")
        with self.assertRaises(AccessError):
            self.Notice.with_user(portal).search([])

    def test_other_companies_see_nothing(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._new_user("ar_foreign_d", "ar_credit_control.group_credit_manager")
        foreign.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        for record in (
            self.run_sent,
            self.notice,
            self.notice.line_ids,
            self.ladder,
            self.ladder.level_ids,
        ):
            with self.subTest(model=record._name):
                found = self.env[record._name].with_user(foreign).search([("id", "in", record.ids)])
                self.assertFalse(found)
                with self.assertRaises(AccessError):
                    record.with_user(foreign).read(["display_name"])
        with self.assertRaises(AccessError):
            self.run_sent.with_user(foreign).action_propose()

    def test_a_collector_without_accounting_rights_does_it_all(self):
        user = self.collector
        self.assertFalse(user.has_group("account.group_account_readonly"))
        run = self._run(user=user)
        run.action_confirm()
        run.action_process()
        self.assertEqual((run.env.user, run.notice_ids.state), (user, "sent"))
        run.notice_ids.with_user(user).action_cancel()
