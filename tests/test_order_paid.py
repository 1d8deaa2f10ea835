"""A sale is complete only when it is paid in full: on orders, in their list, in the report."""

from odoo import Command, fields
from odoo.tests import tagged

from .score_ledger import ScoreCommon


@tagged("post_install", "-at_install")
class TestOrderPaid(ScoreCommon):
    def _sold(self, amount=100.0, user=None, partner=None, **vals):
        """A confirmed order."""
        order = self._order(partner or self.customer, amount, user, **vals).with_env(self.env)
        order.action_confirm()
        return order

    def _bill(self, *orders):
        """One posted invoice of some orders."""
        invoice = self.env["sale.order"].union(*orders)._create_invoices(final=True)
        invoice.invoice_date = self.today
        invoice.action_post()
        return invoice

    def _all_say(self, order, state):
        """Form, filter and group agree."""
        self.env.invalidate_all()
        self.assertEqual(order.ar_paid_state, state)
        Order = self.env["sale.order"]
        for value in ("none", "open", "partial", "paid"):
            found = Order.search([("id", "=", order.id), ("ar_paid_state", "=", value)])
            self.assertEqual(bool(found), value == state)
        self.assertFalse(Order.search([("id", "=", order.id), ("ar_paid_state", "!=", state)]))
        groups = Order._read_group([("id", "=", order.id)], ["ar_paid_state"], ["__count"])
        self.assertEqual(groups, [(state, 1)])

    def _paid(self, order):
        self.env.flush_all()
        [(paid,)] = self.env["sale.report"]._read_group(
            [("order_reference", "=", f"sale.order,{order.id}")], [], ["ar_amount_paid:sum"]
        )
        return paid or 0.0

    # ------------------------------------------------------------------ an order's life
    def test_from_the_order_to_the_last_cent(self):
        order = self._sold()
        self._all_say(order, "none")
        invoice = self._bill(order)
        self._all_say(order, "open")
        self.assertEqual(self._paid(order), 0)
        self.pay(invoice, 40, 0)
        self._all_say(order, "partial")
        self.assertEqual(self._paid(order), 40)
        self.pay(invoice, 60, 0)
        self._all_say(order, "paid")
        self.assertEqual(self._paid(order), 100)

    def test_a_bounced_payment_opens_it_again(self):
        order = self._sold()
        payment = self.pay(self._bill(order), 100, 0)
        self._all_say(order, "paid")
        payment.move_id.line_ids.remove_move_reconcile()
        self._all_say(order, "open")
        self.assertEqual(self._paid(order), 0)

    def test_an_advance_is_not_the_whole(self):
        order = self._sold()
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "percentage",
                "amount": 30,
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        wizard.create_invoices()
        advance = order.invoice_ids
        advance.invoice_date = self.today
        advance.action_post()
        self.pay(advance, 30, 0)
        self._all_say(order, "partial")
        rest = self._bill(order)
        self.assertEqual(rest.amount_total, 70)
        self._all_say(order, "partial")
        self.pay(rest, 70, 0)
        self._all_say(order, "paid")
        self.assertEqual(self._paid(order), 100)

    # ------------------------------------------------------------------ what is no money
    def test_a_loss_is_not_a_payment(self):
        order = self._sold()
        invoice = self._bill(order)
        self.pay(invoice, 60, 0)
        self.write_off(invoice, 40, 0)
        self.assertEqual(invoice.payment_state, "paid", "so Odoo says")
        self._all_say(order, "partial")
        self.assertEqual(self._paid(order), 60)

    def test_what_was_credited_need_not_be_paid(self):
        order = self._sold()
        invoice = self._bill(order)
        self.credit(invoice, 40, 0)
        self.pay(invoice, 60, 0)
        self._all_say(order, "paid")
        self.assertEqual(self._paid(order), 60)

    def test_a_reversed_sale_is_not_paid(self):
        order = self._sold()
        self.credit(self._bill(order), 100, 0)
        self._all_say(order, "open")
        self.assertEqual(self._paid(order), 0)

    def test_tax_is_no_turnover(self):
        tax = self.company_data["default_tax_sale"]
        order = self._sold()
        order.order_line.tax_ids = tax
        invoice = self._bill(order)
        self.assertGreater(invoice.amount_total, 100)
        self.pay(invoice, invoice.amount_total / 2, 0)
        self.assertAlmostEqual(self._paid(order), 50, 2)

    def test_a_foreign_order_is_told_in_the_companys_money(self):
        prices = self.env["product.pricelist"].create({"name": "Euro", "currency_id": self.euro.id})
        order = self._sold(pricelist_id=prices.id)
        invoice = self._bill(order)
        self.assertEqual(invoice.currency_id, self.euro)
        self.pay(invoice, 50, 0, currency=self.euro)
        self._all_say(order, "partial")
        self.assertAlmostEqual(self._paid(order), 25, 2)

    # ------------------------------------------------------------------ several
    def test_orders_of_one_invoice_share_its_fate(self):
        one, other = self._sold(100), self._sold(300)
        self.pay(self._bill(one, other), 200, 0)
        self.assertEqual((self._paid(one), self._paid(other)), (50, 150))
        self.assertEqual((one | other).mapped("ar_paid_state"), ["partial", "partial"])

    def test_a_list_costs_one_statement(self):
        orders = self.env["sale.order"].union(*(self._sold() for _count in range(4)))
        for order in orders:
            self._bill(order)
        orders[:1].mapped("ar_paid_state")
        queries = []
        for some in (orders[:1], orders):
            self.env.flush_all()
            some.invalidate_recordset()
            some.fetch(["invoice_status"])
            before = self.env.cr.sql_log_count
            some.mapped("ar_paid_state")
            queries.append(self.env.cr.sql_log_count - before)
        self.assertEqual(queries[0], queries[1])

    def test_paying_costs_nothing_for_it(self):
        """The field is not stored: registering a payment never looks for orders."""
        field = self.env["sale.order"]._fields["ar_paid_state"]
        self.assertFalse(field.store)
        trees = self.env.registry.get_trigger_tree(
            [self.env["account.move"]._fields["payment_state"]], select=lambda f: f is field
        )
        self.assertTrue(trees, "what is in memory follows")

    # ------------------------------------------------------------------ people
    def test_salespeople_read_their_own_and_filter(self):
        mine = self._sold(user=self.salesman)
        self._sold(user=self.stranger, partner=self._new_customer("Other", user_id=False))
        self.pay(self._bill(mine), 100, 0)
        mine.invalidate_recordset()
        Order = self.env["sale.order"].with_user(self.salesman)
        self.assertEqual(mine.with_user(self.salesman).ar_paid_state, "paid")
        self.assertEqual(Order.search([("ar_paid_state", "=", "paid")]), mine)
        self.assertEqual(Order.search([("ar_paid_state", "=", False)]), Order)
        action = self.env.ref("ar_credit_control.action_sale_report_paid")
        self.assertEqual(action.res_model, "sale.report")
        self.env.flush_all()
        sums = (
            self.env["sale.report"]
            .with_user(self.seller_all)
            ._read_group(
                [("user_id", "=", self.salesman.id), ("date", ">=", fields.Date.today())],
                ["user_id"],
                ["untaxed_amount_invoiced:sum", "ar_amount_paid:sum"],
            )
        )
        self.assertEqual(sums, [(self.salesman, 100, 100)])
