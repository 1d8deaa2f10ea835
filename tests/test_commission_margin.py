"""Rates on margins, where orders know their cost."""

from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionMargin(CommissionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "purchase_price" not in cls.env["sale.order.line"]._fields:
            cls.skipTest(cls, "Margins in Sales Orders (sale_margin) is not installed.")
        cls.product.write({"invoice_policy": "order", "standard_price": 60})
        cls._replan(basis="margin")

    def _confirmed(self, amount=100, quantity=10, **vals):
        order = self._order(self.customer, amount, **vals).with_env(self.env)
        order.order_line.write({"product_uom_qty": quantity, "price_unit": amount})
        order.action_confirm()
        return order

    def _bill(self, order, quantity=None, discount=0):
        invoice = order._create_invoices()
        invoice.invoice_line_ids.discount = discount
        if quantity is not None:
            invoice.invoice_line_ids.quantity = quantity
        invoice.invoice_date = self.today
        invoice.action_post()
        return invoice

    def test_money_earns_its_part_of_the_margin(self):
        order = self._confirmed()
        self.assertEqual(order.margin, 400)
        invoice = self._bill(order)
        self._pay(invoice, 250)
        self.assertEqual(self._earned(invoice), 10)
        self.assertEqual(self._entries(invoice).base, 100)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 40)

    def test_each_invoice_has_the_margin_of_what_it_invoices(self):
        order = self._confirmed()
        first, rest = self._bill(order, quantity=4), self._bill(order)
        self._pay(first)
        self.assertEqual(self._earned(first), 16)
        self._pay(rest)
        self.assertEqual(self._earned(rest), 24)

    def test_a_discount_on_the_invoice_lowers_the_margin(self):
        invoice = self._bill(self._confirmed(), discount=10)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 30)

    def test_a_sale_below_cost_takes_away(self):
        invoice = self._bill(self._confirmed(amount=50))
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), -10)

    def test_a_credit_note_takes_its_margin_back(self):
        invoice = self._bill(self._confirmed())
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 40)
        note = invoice._reverse_moves([{"invoice_date": self.today}])
        note.invoice_line_ids.quantity = 5
        note.action_post()
        self._pay(note)
        self.assertEqual(self._earned(note), -20)

    def test_lines_without_an_order_have_no_margin(self):
        invoice = self._sold(1000)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 0)

    def test_an_order_in_another_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2016-01-01", 2.0)])
        prices = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        order = self._order(self.customer, 200, pricelist_id=prices.id).with_env(self.env)
        order.order_line.purchase_price = 120
        order.action_confirm()
        invoice = self._bill(order)
        self.assertEqual(invoice.currency_id, euro)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 4)

    def test_the_order_earns_on_its_margin_too(self):
        self._replan(upfront_percent=50, upfront_on="order")
        order = self._confirmed()
        self.assertEqual(self._earned(), 20)
        invoice = self._bill(order, quantity=4)
        self.assertEqual((self._earned(), self._earned(invoice)), (20, 8))
        self._pay(invoice)
        self.assertEqual((self._earned(), self._earned(invoice)), (28, 16))

    def test_what_waits_is_reckoned_on_the_margin(self):
        self._bill(self._confirmed())
        self.env.flush_all()
        lines = self.env["ar.commission.waiting.line"].with_user(self.salesman).search([])
        self.assertEqual(lines.mapped("amount"), [40])
        stakes = self.env["ar.commission.waiting"]._stakes(
            self.salesman, self.customer.ids, self.company
        )
        self.assertEqual(stakes, {self.customer.id: 40})
