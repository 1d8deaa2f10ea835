"""What is earned when an order is confirmed, and how its invoice takes its place."""

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionOrder(CommissionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.invoice_policy = "order"
        cls._replan(upfront_percent=30, upfront_on="order")

    def _confirmed(self, amount=1000, **vals):
        order = self._order(self.customer, amount, **vals).with_env(self.env)
        order.action_confirm()
        return order

    def _bill(self, order, quantity=None):
        invoice = order._create_invoices(final=True)
        if quantity is not None:
            invoice.invoice_line_ids.quantity = quantity
        invoice.invoice_date = self.today
        invoice.action_post()
        return invoice

    def _on_order(self, order):
        """What the order itself has earned; a reckoning from scratch says the same."""
        self._reckon()
        self.assertEqual(self.env["ar.commission.due"]._differences(self.company), [])
        entries = self.env["ar.commission.entry"].search([("order_id", "=", order.id)])
        return round(sum(entries.mapped("amount")), 6)

    def test_a_quotation_earns_nothing_and_an_order_its_part(self):
        order = self._order(self.customer, 1000).with_env(self.env)
        self.assertEqual(self._on_order(order), 0)
        order.action_confirm()
        self.assertEqual(self._on_order(order), 30)
        entry = self._entries()
        self.assertEqual((entry.kind, entry.number, entry.base), ("order", order.name, 300))
        self.assertEqual(entry.payee_id, self.salesman.partner_id)

    def test_the_invoice_takes_the_place_of_the_order(self):
        order = self._confirmed(99.99)
        self.assertEqual(self._on_order(order), 3.0)
        invoice = self._bill(order)
        self.assertEqual(self._on_order(order), 0)
        self.assertEqual(self._earned(invoice), 3.0)
        self._pay(invoice, 33.33)
        self._pay(invoice)
        self.assertEqual(self._earned(), 10.0)
        self.assertAlmostEqual(sum(self._entries().mapped("base")), 99.99)

    def test_what_is_left_to_invoice_stays_earned(self):
        order = self._confirmed(1000)
        invoice = self._bill(order, 0.25)
        self.assertEqual((self._on_order(order), self._earned(invoice)), (22.5, 7.5))
        self._bill(order)
        self.assertEqual(self._on_order(order), 0)
        self.assertEqual(self._earned(), 30)

    def test_a_cancelled_order_gives_back(self):
        order = self._confirmed()
        self._reckon()
        order._action_cancel()
        self.assertEqual(self._on_order(order), 0)
        self.assertEqual(self._entries().mapped("amount"), [30, -30])

    def test_a_cancelled_invoice_gives_the_order_its_part_back(self):
        order = self._confirmed()
        invoice = self._bill(order)
        self.assertEqual(self._on_order(order), 0)
        invoice.button_draft()
        self.assertEqual(self._on_order(order), 30)
        self.assertEqual(self._earned(), 30)

    def test_a_credit_note_is_not_to_be_invoiced_again(self):
        order = self._confirmed()
        invoice = self._bill(order)
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"journal_id": invoice.journal_id.id}).refund_moves()
        note = invoice.reversal_move_ids
        note.action_post()
        (invoice + note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()
        self.assertEqual(self._on_order(order), 0)
        self.assertEqual(self._earned(), 0)

    def test_a_changed_order_is_reckoned_again(self):
        order = self._confirmed()
        self.assertEqual(self._on_order(order), 30)
        order.order_line.write({"product_uom_qty": 3, "price_unit": 1000})
        self.assertEqual(self._on_order(order), 90)
        order.order_line = [
            Command.create({"product_id": self.product.id, "price_unit": 500, "tax_ids": []})
        ]
        self.assertEqual(self._on_order(order), 105)
        order.user_id = self.colleague
        self.assertEqual(self._on_order(order), 0)

    def test_a_down_payment_counts_once(self):
        order = self._confirmed()
        self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        ).create({"advance_payment_method": "fixed", "fixed_amount": 400}).create_invoices()
        order.invoice_ids.action_post()
        self.assertEqual((self._on_order(order), self._earned()), (18, 30))
        self._bill(order)
        self.assertEqual((self._on_order(order), self._earned()), (0, 30))

    def test_an_order_that_is_not_invoiced_in_time_gives_back(self):
        self._replan(order_days=10)
        order = self._confirmed()
        order.date_order = fields.Datetime.subtract(fields.Datetime.now(), days=10)
        self.assertEqual(self._on_order(order), 30)
        self.env.cr.execute(
            "UPDATE sale_order SET date_order = date_order - interval '1 day' WHERE id = %s",
            [order.id],
        )
        self.env.invalidate_all()
        order._mark_commission()
        self.assertEqual(self._on_order(order), 0)

    def _grade(self, grade):
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        profile.sudo().write({"score_grade": grade})

    def test_a_rule_of_a_grade_asks_for_that_on_the_orders_day(self):
        rules = [Command.clear(), *(Command.create(rule) for rule in self._by_grade())]
        self._replan(rule_ids=rules)
        self._grade("B")
        order = self._confirmed()
        self.assertEqual(self._on_order(order), 60)
        self._grade("E")
        order.order_line.price_unit = 2000
        self.assertEqual(self._on_order(order), 120, "the grade is that of the order's day")
        self.assertEqual(self._on_order(self._confirmed()), 30, "of a new order, that of its day")

    @staticmethod
    def _by_grade():
        return {"sequence": 1, "grade": "B", "rate": 20}, {"sequence": 2, "rate": 10}

    def test_critical_customers_earn_nothing_before_they_pay(self):
        self._replan(trigger="payment_for_grades", critical_grade="D")
        earned = {}
        for grade in ("C", "D", "E"):
            self._grade(grade)
            order = self._confirmed()
            with_order = self._on_order(order)
            invoice = self._bill(order)
            earned[grade] = (with_order, self._on_order(order), self._earned(invoice))
            self._pay(invoice, 400)
            earned[grade] += (self._earned(invoice),)
            self._pay(invoice)
            self.assertEqual(self._earned(invoice), 100)
        nothing = (0, 0, 0, 40)
        self.assertEqual(earned, {"C": (30, 0, 100, 100), "D": nothing, "E": nothing})

    def test_the_order_goes_by_the_grade_of_its_day(self):
        self._replan(trigger="payment_for_grades", critical_grade="D")
        self._grade("E")
        critical = self._confirmed()
        self.assertEqual(self._on_order(critical), 0)
        self._grade("B")
        good = self._confirmed()
        self.assertEqual(self._on_order(good), 30)
        critical._mark_commission()
        self.assertEqual(self._on_order(critical), 0)
        self._grade("E")
        good._mark_commission()
        self.assertEqual(self._on_order(good), 30)
        invoice = self._bill(good)
        self.assertEqual(
            (self._on_order(good), self._earned(invoice)), (0, 0), "who is critical by then pays"
        )
        self._pay(invoice)
        self.assertEqual(self._earned(), 100)

    def test_customers_without_a_grade_are_critical_where_the_plan_says_so(self):
        for critical, part in ((True, 0), (False, 30)):
            self._replan(trigger="payment_for_grades", unrated_critical=critical)
            self.assertEqual(self._on_order(self._confirmed()), part)

    def test_a_critical_customers_whole_commission_waits_for_his_money(self):
        self._replan(trigger="payment_for_grades", critical_grade="D")
        self._grade("E")
        self._bill(self._confirmed())
        self._reckon()
        (row,) = self.env["ar.commission.waiting"]._waiting(company=self.company)
        self.assertEqual((row["amount"], row["reason"]), (100, "unpaid"))

    def test_a_simulation_counts_an_order_on_its_day_as_the_ledger_does(self):
        old, invoiced, fresh = (self._confirmed(amount) for amount in (1000, 2000, 500))
        for order, days in ((old, 50), (invoiced, 40)):
            order.date_order = fields.Datetime.subtract(fields.Datetime.now(), days=days)
        self._confirmed(800)._action_cancel()
        invoice = self._bill(invoiced, 0.5)
        invoice.button_draft()
        invoice.invoice_date = fields.Date.subtract(self.today, days=20)
        invoice.action_post()
        self._pay(invoice, day=-10)
        self._reckon()
        periods = ((-60, -45), (-44, -30), (-29, -15), (-14, -5), (-4, 0))
        expected = [30, 30, 30, 70, 15]
        self.assertEqual([self._simulated(*days) for days in periods], [(x, x) for x in expected])
        draft = self.version.copy({"upfront_on": "invoice"})
        self.assertEqual([self._simulated(*days, draft)[0] for days in periods], [0, 0, 30, 70, 0])
        self.assertEqual(self._on_order(fresh), 15)

    def test_a_simulation_knows_money_that_came_before_the_invoice(self):
        invoice = self._sold(1000, day=-5)
        self._pay(invoice, day=-30)
        self._reckon()
        self.assertEqual(self._simulated(-40, -20), (70, 70))

    def test_the_job_finds_orders_that_waited_too_long(self):
        self._replan(order_days=10)
        order = self._confirmed()
        self._reckon()
        self.assertFalse(self.env["ar.commission.due"]._count())
        later = fields.Date.add(self.today, days=11)
        self.env["ar.commission.due"].with_context(tz="UTC")._mark_expired(later)
        self.assertEqual(self.env["ar.commission.due"].search([]).order_id, order)

    def test_the_part_is_shared_to_the_cent(self):
        self.plan.member_ids.copy({"user_id": self.colleague.id})
        order = self._order(self.customer, 1.5).with_env(self.env)
        order.ar_commission_share_ids = [
            Command.create({"payee_id": user.partner_id.id, "percent": 50})
            for user in (self.salesman, self.colleague)
        ]
        order.action_confirm()
        self.assertEqual(self._on_order(order), 0.05)
        self.assertEqual(sorted(self._entries().mapped("amount")), [0.02, 0.03])

    def test_where_invoices_earn_orders_do_not(self):
        self._replan(upfront_on="invoice")
        order = self._confirmed()
        self.assertEqual(self._on_order(order), 0)
        self.assertFalse(self._entries())

    def test_an_order_that_earned_is_not_deleted(self):
        order = self._confirmed()
        self._reckon()
        order._action_cancel()
        with self.assertRaisesRegex(UserError, "has earned commission.*leave it cancelled"):
            order.unlink()

    def test_a_contract_that_ends_earlier_earns_no_order(self):
        order = self._confirmed()
        self.assertEqual(self._on_order(order), 30)
        self.plan.member_ids.date_to = fields.Date.subtract(self.today, days=1)
        self.assertEqual(self._on_order(order), 0)
