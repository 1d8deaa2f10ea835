"""The demo ledger goes through the importer into any company, once."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.tests import tagged

from ..demo.claims import build_claims
from ..demo.company import (
    DONE,
    GROUPS,
    build,
    build_reports,
    build_small,
    install_languages,
    let_customers_speak,
    load,
)
from ..demo.ledger import build_history
from ..demo.orders import STATES, build_orders
from ..demo.scores import build_scores


@tagged("post_install", "-at_install")
class TestDemoCompany(AccountTestInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(su=True)
        cls.company = cls.company_data["company"].sudo()
        cls.today = fields.Date.context_today(cls.env.user)
        cls.history = build_history(
            cls.today, {"IT": 2, "FR": 1, "PL": 1}, "X", seed=5, foreign=False, vat=False
        )

    def moves(self):
        return self.env["account.move"].search([("company_id", "=", self.company.id)])

    def test_a_history_becomes_a_ledger_once(self):
        load(self.env, self.company, self.history)
        moves = self.moves()
        self.assertEqual(set(moves.mapped("state")), {"posted"})
        numbers = {row["number"] for row in self.history.invoices}
        self.assertEqual(set(moves.filtered("invoice_date").mapped("name")), numbers)
        billed = sum(row["amount"] for row in self.history.invoices)
        seen = sum(row["amount"] for row in self.history.payments if not row["status"])
        receivable = moves.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        self.assertAlmostEqual(sum(receivable.mapped("amount_residual")), billed - seen, 2)
        load(self.env, self.company, self.history)
        self.assertEqual(self.moves(), moves)

    def test_customers_read_the_language_of_their_country(self):
        load(self.env, self.company, self.history)
        with patch("odoo.addons.ar_credit_control.demo.company.SPOKEN", ["ar_credit_control"]):
            install_languages(self.env)
        let_customers_speak(self.env, self.history)
        spoken = self.env["res.partner"].search([("ref", "in", list(self.history.buyers))])
        self.assertEqual(
            {partner.country_code: partner.lang for partner in spoken},
            {"IT": "it_IT", "FR": "fr_FR", "PL": "pl_PL"},
        )

    def test_orders_are_in_every_state(self):
        load(self.env, self.company, self.history)
        build_orders(self.env, self.company, self.history, self.env.user)
        orders = self.env["sale.order"].search([("company_id", "=", self.company.id)])
        self.assertGreaterEqual(len(orders), len(STATES))
        self.assertLessEqual({"draft", "sent", "cancel"}, set(orders.mapped("state")))

    def test_customers_have_scores_and_the_months_behind_them(self):
        load(self.env, self.company, self.history)
        build_scores(self.env, self.company, self.today, lambda _done, remaining: float("inf"))
        profiles = self.env["ar.credit.profile"].search([("company_id", "=", self.company.id)])
        assessed = profiles.filtered("score_grade")
        self.assertTrue(assessed)
        months = self.env["ar.score.snapshot"].search([("profile_id", "in", assessed.ids)])
        this_month = self.today.replace(day=1)
        self.assertEqual(max(months.mapped("month")), this_month)
        self.assertLess(min(months.mapped("month")), this_month)

    def test_some_customers_have_company_reports(self):
        load(self.env, self.company, self.history)
        build_reports(self.env, self.company, self.history, self.today)
        reports = self.env["ar.credit.report"].search([("company_id", "=", self.company.id)])
        self.assertTrue(reports)
        self.assertTrue(all(reports.mapped("rating")))

    def test_customers_promise_dispute_and_pay_in_instalments(self):
        load(self.env, self.company, self.history)
        build_claims(self.env(user=self.env.user.id), self.company, self.today)
        for model in ("ar.dispute", "ar.promise"):
            self.assertTrue(self.env[model].search([("company_id", "=", self.company.id)]))

    def test_building_again_does_nothing(self):
        self.env["ir.config_parameter"].set_param(DONE, "small whole")
        partners = self.env["res.partner"].search_count([])
        build(self.env)
        build_small(self.env)
        self.assertEqual(self.env["res.partner"].search_count([]), partners)

    def test_who_mends_rejected_invoices_may_correct_customers(self):
        for login in ("accountant", "manager"):
            groups = [self.env.ref(name).id for name in GROUPS[login].split(",")]
            user = self.env["res.users"].create(
                {"name": login, "login": f"demo-{login}", "group_ids": [(6, 0, groups)]}
            )
            self.assertTrue(self.env["res.partner"].with_user(user).has_access("write"), login)

    def test_a_ledger_of_another_day_ends_on_it(self):
        day = self.today - timedelta(days=30)
        older = build_history(day, {"IT": 3}, "Y", seed=6, vat=False)
        self.assertLessEqual(max(row["date"] for row in older.invoices), day)
