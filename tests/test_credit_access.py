"""Tries to get past the rules as a program would: method calls, not screens."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import tagged

from .common import CreditCommon

FIGURES = ("ar_balance", "ar_overdue", "ar_exposure", "ar_available", "ar_limit_use")


@tagged("post_install", "-at_install")
class TestCreditAccess(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._invoice(cls.customer, 400, due=-40)
        cls.order = cls._order(cls.customer, 50)
        cls.order.action_confirm()
        cls.profile = cls.env["ar.credit.profile"]._get_or_create(cls.customer, cls.company)
        cls.plain = cls._new_user("ar_plain", "base.group_user")

    def _as(self, user, record=None):
        record = record or self.customer
        record.invalidate_recordset()
        return record.with_user(user).with_context(allowed_company_ids=self.company.ids)

    # ------------------------------------------------------------------ positions
    def test_salespeople_see_their_own_and_their_teams_customers(self):
        for user in (
            self.salesman,
            self.colleague,
            self.seller_all,
            self.collector,
            self.auditor,
            self.manager,
            self.accountant,
        ):
            with self.subTest(user=user.login):
                partner = self._as(user)
                self.assertEqual(partner.ar_overdue, 400)
                self.assertTrue(partner.ar_widget["visible"])
                self.assertEqual(partner.ar_widget["overdue"], 400)

    def test_salespeople_do_not_see_strangers_customers(self):
        partner = self._as(self.stranger)
        self.assertEqual([partner[name] for name in FIGURES], [0] * len(FIGURES))
        payload = partner.ar_widget
        self.assertFalse(payload["visible"])
        self.assertNotIn("overdue", payload)
        self.assertNotIn("400", str([payload["advice"], payload["findings"]]))
        self.assertEqual(payload["actions"], {"statement": False, "open_items": False})

    def test_nor_by_searching_sorting_or_grouping(self):
        Partner = self.env["res.partner"].with_user(self.stranger)
        domain = Domain("id", "=", self.customer.id)
        self.assertFalse(Partner.search(domain & Domain("ar_overdue", ">", 0)))
        self.assertFalse(Partner.search(domain & Domain("ar_exposure", ">", 0)))
        self.assertEqual(
            Partner._read_group(domain, ["ar_overdue_band"], ["ar_overdue:sum"]), [("none", 0)]
        )
        mine = self.env["res.partner"].with_user(self.salesman)
        self.assertEqual(mine.search(domain & Domain("ar_overdue", ">", 0)), self.customer)

    def test_customers_of_nobody_are_everybodys(self):
        self.customer.user_id = False
        self.assertEqual(self._as(self.stranger).ar_overdue, 400)

    def test_internal_users_without_sales_or_accounting_see_nothing(self):
        for name in (*FIGURES, "ar_widget", "ar_oldest_due"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                self._as(self.plain).read([name])
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(self.plain).search([("ar_overdue", ">", 0)])

    def test_the_journal_stays_closed_to_sales(self):
        """Core shows salespeople their own invoices; entries and payments stay closed."""
        accounts = self.company_data
        entry = self.env["account.move"].create(
            {
                "line_ids": [
                    Command.create(
                        {"account_id": accounts["default_account_assets"].id, "debit": 5}
                    ),
                    Command.create(
                        {
                            "account_id": accounts["default_account_receivable"].id,
                            "credit": 5,
                            "partner_id": self.customer.id,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        for user in (self.salesman, self.seller_all, self.stranger):
            for record in (entry, entry.line_ids):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    record.with_user(user).read(["display_name"])
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["account.payment"].with_user(user).search([])
        with self.assertRaises(AccessError):
            self.invoice.line_ids.with_user(self.stranger).read(["balance"])

    def test_portal_customers_see_no_position(self):
        portal = self._new_user("ar_portal", "base.group_portal")
        portal.partner_id.parent_id = self.customer
        for name in ("ar_widget", "ar_overdue"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                self.customer.with_user(portal).read([name])
        for model in ("ar.credit.profile", "ar.credit.hold", "ar.credit.limit", "ar.credit.policy"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(portal).search([])

    # ------------------------------------------------------------------ records
    def test_holds_and_profiles_follow_the_same_rules(self):
        hold = self.order.ar_hold_id
        self.assertEqual(hold.state, "waiting")
        for model, record in (("ar.credit.hold", hold), ("ar.credit.profile", self.profile)):
            for user, seen in (
                (self.salesman, True),
                (self.colleague, True),
                (self.stranger, False),
                (self.seller_all, True),
                (self.auditor, True),
                (self.accountant, True),
            ):
                with self.subTest(model=model, user=user.login):
                    found = self.env[model].with_user(user).search([("id", "=", record.id)])
                    self.assertEqual(bool(found), seen)

    def test_nobody_writes_what_decisions_write(self):
        for user in (
            self.salesman,
            self.seller_all,
            self.auditor,
            self.collector,
            self.accountant,
            self.manager,
        ):
            profile = self.profile.with_user(user)
            for vals in (
                {"credit_mode": "no_credit"},
                {"raise_amount": 1e9},
                {"limit_valid_until": False},
            ):
                with self.subTest(user=user.login, vals=vals), self.assertRaises(AccessError):
                    profile.write(vals)
        for user in (self.salesman, self.collector, self.manager):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["ar.credit.hold"].with_user(user).create({"order_id": self.order.id})
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["ar.credit.profile"].with_user(user).create(
                    {
                        "partner_id": self.customer.id,
                        "company_id": self.company.id,
                    }
                )

    def test_only_managers_lift_a_hold_and_change_policy(self):
        self.profile.with_user(self.collector).write(
            {
                "manual_hold": True,
                "manual_hold_reason": "Letter came back",
            }
        )
        for user in (self.collector, self.salesman, self.auditor):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.profile.with_user(user).manual_hold = False
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.policy.with_user(user).release_days = 99
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["ar.credit.authority"].with_user(user).create(
                    {
                        "user_id": user.id,
                        "unlimited": True,
                    }
                )
        self.profile.with_user(self.manager).manual_hold = False
        self.assertFalse(self.profile.manual_hold)

    def test_decisions_cannot_be_backdated_or_moved(self):
        decision = (
            self.env["ar.credit.limit"]
            .with_user(self.collector)
            .create(
                {
                    "profile_id": self.profile.id,
                    "amount": 10,
                    "reason": "Trial",
                }
            )
        )
        other = self.env["ar.credit.profile"]._get_or_create(
            self._new_customer("Other"), self.company
        )
        for vals in (
            {"state": "approved"},
            {"decided_by_id": self.manager.id},
            {"profile_id": other.id},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                decision.write(vals)
        decision.with_user(self.manager).action_approve()
        with self.assertRaises(UserError):
            decision.write({"amount": 1e6})
        self.assertEqual(decision.amount, 10)

    def test_other_companies_stay_apart(self):
        other = self.env["res.company"].sudo().create({"name": "Other company"})
        stranger = self._new_user("ar_other", "ar_credit_control.group_credit_manager")
        stranger.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        for model, record in (
            ("ar.credit.hold", self.order.ar_hold_id),
            ("ar.credit.profile", self.profile),
            ("ar.credit.policy", self.policy),
        ):
            with self.subTest(model=model):
                found = self.env[model].with_user(stranger).search([("id", "=", record.id)])
                self.assertFalse(found)
                with self.assertRaises(AccessError):
                    record.with_user(stranger).read(["display_name"])
        partner = self.customer.with_user(stranger).with_context(allowed_company_ids=other.ids)
        self.assertEqual(partner.ar_overdue, 0)
