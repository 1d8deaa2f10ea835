"""What waits for the customer's money: the list for whoever earns it, and a chip on the widget."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionWaiting(CommissionCommon):
    def _lines(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["ar.commission.waiting.line"].with_user(user or self.salesman).search([])

    def _chip(self, user=None, record=None):
        self.env.invalidate_all()
        widget = (record or self.customer).with_user(user or self.salesman).ar_widget
        return next((c for c in widget["chips"] if c["key"] == "commission"), None)

    # ------------------------------------------------------------------ the list
    def test_which_call_is_worth_most(self):
        other = self._new_customer("Other")
        small = self._sold(400, day=-10)
        first = self._sold(300, day=-40, partner_id=other.id)
        second = self._sold(200, day=-5, partner_id=other.id)
        lines = self._lines()
        self.assertEqual(lines.mapped("number"), [m.name for m in (first, second, small)])
        self.assertEqual(lines.mapped("call_amount"), [50, 50, 40])
        self.assertEqual(lines.mapped("amount"), [30, 20, 40])
        self.assertEqual(lines.mapped("days"), [40, 5, 10])
        self.assertEqual(lines.mapped("residual"), [300, 200, 400])
        self.assertEqual(set(lines.mapped("reason")), {"unpaid"})
        self.assertEqual(lines[0].action_open_customer()["res_id"], other.id)

    def test_what_is_paid_waits_no_more(self):
        move = self._sold(400, day=-10)
        self._pay(move, 100)
        self.assertEqual(self._lines().mapped("amount"), [30])
        self._pay(move)
        self.assertNotIn("unpaid", self._lines().mapped("reason"))

    def test_whose_commission_a_customer_is_opens_from_his_form(self):
        person = self.env["res.partner"].create({"name": "Ada", "parent_id": self.customer.id})
        action = person.with_user(self.commissioner).action_ar_commission_shares()
        self.assertEqual((action["res_id"], action["target"]), (self.customer.id, "new"))
        arch = self.env["res.partner"].get_view(action["views"][0][0])["arch"]
        self.assertIn("ar_commission_share_ids", arch)

    def test_whose_commission_an_order_is_opens_from_its_form(self):
        order = self.env["sale.order"].create({"partner_id": self.customer.id})
        head = self._new_user("ar_head_of_sales", "sales_team.group_sale_manager")
        as_manager = order.with_user(head)
        action = as_manager.action_ar_commission_shares()
        self.assertEqual((action["res_model"], action["res_id"]), ("sale.order", order.id))
        form = Form(as_manager, view=self.env["ir.ui.view"].browse(action["views"][0][0]))
        with form.ar_commission_share_ids.new() as share:
            share.payee_id = self.salesman.partner_id
        form.save()
        self.assertEqual(order.ar_commission_share_ids.payee_id, self.salesman.partner_id)
        arch = as_manager.get_view(view_type="form")["arch"]
        self.assertIn("action_ar_commission_shares", arch)

    def test_it_can_be_grouped_by_customer(self):
        self._sold(100, day=-10)
        self._sold(200, day=-20)
        self.env.flush_all()
        Line = self.env["ar.commission.waiting.line"].with_user(self.salesman)
        groups = Line._read_group(
            [("payee_id.user_ids", "=", self.salesman.id)],
            ["partner_id"],
            ["amount:sum", "residual:sum", "days:max"],
        )
        self.assertEqual(groups, [(self.customer, 30, 300, 20)])

    def test_too_late_is_told_although_nothing_is_at_stake(self):
        self._replan(
            speed_ids=[Command.create({"day_from": 0, "day_to": 30, "factor": 1})],
        )
        self._sold(100, day=-31)
        soon = self._sold(100, day=-30)
        late = self._lines().filtered(lambda line: line.reason == "lost")
        self.assertEqual((late.amount, late.days), (0, 31))
        in_time = self._lines() - late
        self.assertEqual((in_time.number, in_time.last_date), (soon.name, self.today))

    # ------------------------------------------------------------------ people
    def test_everybody_sees_his_own(self):
        self.plan.member_ids = [
            Command.create({"user_id": self.colleague.id, "date_from": "2020-01-01"})
        ]
        self._sold(100)
        self._sold(200, seller=self.colleague)
        self.assertEqual(self._lines().mapped("amount"), [10])
        self.assertEqual(self._lines(self.colleague).mapped("amount"), [20])
        self.assertFalse(self._lines(self.stranger))
        self.assertEqual(self._lines(self.commissioner).mapped("amount"), [20, 10])
        self.assertEqual(self._lines(self.auditor).mapped("amount"), [20, 10])
        with self.assertRaises(AccessError):
            self._lines(self.accountant)
        theirs = self._lines(self.colleague).with_user(self.salesman)
        self.assertTrue(theirs)
        self.assertFalse(theirs.has_access("read"))

    def test_another_companys_invoices_are_not_in_it(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._sold(100)
        Line = self.env["ar.commission.waiting.line"].with_user(self.commissioner)
        self.env.flush_all()
        self.assertEqual(len(Line.search([])), 1)
        self.commissioner.company_ids = [Command.link(other.id)]
        self.assertFalse(Line.with_company(other).search([]))

    # ------------------------------------------------------------------ the widget
    def test_the_widget_says_what_its_reader_would_earn(self):
        self._sold(400, day=-10)
        self._sold(100, day=10)
        self.assertIn("50.00", self._chip()["label"])
        self.assertEqual(self._chip()["action"], "action_ar_commission_waiting")
        self.assertIsNone(self._chip(self.colleague), "he earns nothing here")
        order = self._order(self.customer, 10)
        self.assertIn("50.00", self._chip(record=order)["label"])

    def test_the_chip_opens_his_invoices_of_that_customer(self):
        move = self._sold(400, day=-10)
        self._sold(400, partner_id=self._new_customer("Other").id)
        person = self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})
        action = person.with_user(self.salesman).action_ar_commission_waiting()
        Line = self.env[action["res_model"]].with_user(self.salesman)
        self.env.flush_all()
        self.assertEqual(Line.search(action["domain"]).mapped("number"), [move.name])

    def _queries(self, records):
        self.env.flush_all()
        records.mapped("ar_widget")
        self.env.invalidate_all()
        records.mapped("name")
        before = self.env.cr.sql_log_count
        records.mapped("ar_widget")
        return self.env.cr.sql_log_count - before

    def test_it_costs_one_query_and_none_without_a_plan(self):
        customers = self.customer | self._new_customer("B") | self._new_customer("C")
        for customer in customers:
            self._sold(100, day=-10, partner_id=customer.id)
        # as the browser does; asked for, they would have to be read
        customers = customers.with_user(self.salesman).with_context(lang="en_US", tz="UTC")
        with_plan = self._queries(customers[:1])
        self.assertEqual(self._queries(customers), with_plan, "one for all of them")
        self.version.action_draft()
        self.assertFalse(self._chip())
        self.assertEqual(with_plan - self._queries(customers[:1]), 1)
