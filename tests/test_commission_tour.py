"""Commission in a real browser: a salesperson finds his best call, a manager pays statements."""

from dateutil.relativedelta import relativedelta
from odoo import Command
from odoo.tests import HttpCase, tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionTour(CommissionCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._replan(speed_ids=[Command.create({"day_from": 0, "day_to": 120, "factor": 1})])
        cls.first = cls.today.replace(day=1) - relativedelta(months=1)
        cls.paid = cls._sold(300, day=(cls.first - cls.today).days)

    def setUp(self):
        super().setUp()
        self._pay(self.paid, day=(self.first - self.today).days + 3)

    def test_a_salesperson_finds_his_best_call(self):
        late = self._new_customer("Late & Sons")
        for amount in (400, 500):
            self._sold(amount, day=-40, partner_id=late.id)
        self._sold(800, day=-5, partner_id=self._new_customer("Prompt & Daughters").id)
        self._sold(2000, day=-121, partner_id=self._new_customer("Forgotten").id)
        self._reckon()
        statement = self.env["ar.commission.statement"]._draw(
            self.company, self.first, self.first + relativedelta(day=31)
        )
        self.assertEqual(statement.total, 30)
        self.start_tour(
            "/odoo/commission-waiting", "ar_commission_salesperson", login=self.salesman.login
        )

    def test_a_manager_draws_approves_and_pays(self):
        self._reckon()
        self.start_tour(
            "/odoo/commission-statements", "ar_commission_manager", login=self.commissioner.login
        )
        statement = self.env["ar.commission.statement"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual((statement.state, statement.total), ("paid", 30))
        self.assertEqual(statement.entry_ids.mapped("state"), ["settled"])
