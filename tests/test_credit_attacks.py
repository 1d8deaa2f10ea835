"""Ways past a hold that a salesperson's program could try, beyond the order's buttons."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import CreditCommon, RpcMixin


class AttackCase(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.limited = cls._new_customer("Limited", limit=100)

    def _confirmed(self, amount=90, **vals):
        order = self._order(self.limited, amount, **vals)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        return order

    def _pricelist(self, currency, rate):
        """A price list in a currency of which one is worth ``rate`` of the company's."""
        currency.active = True
        currency.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {
                "currency_id": currency.id,
                "company_id": self.company.id,
                "inverse_company_rate": rate,
                "name": "2000-01-01",
            }
        )
        return self.env["product.pricelist"].create(
            {"name": currency.name, "currency_id": currency.id}
        )


@tagged("post_install", "-at_install")
class TestCreditAttacks(AttackCase):
    def test_a_total_that_was_typed_in_is_not_believed(self):
        order = self._order(self.limited, 5000)
        for vals in ({"amount_total": 1}, {"amount_untaxed": 1}, {"amount_tax": -4999}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                order.write(vals)
            with self.subTest(vals=vals, new=True), self.assertRaises(AccessError):
                self.env["sale.order"].with_user(self.salesman).create(
                    {"partner_id": self.limited.id, **vals}
                )
        order.action_confirm()
        self.assertEqual((order.state, order.ar_credit_state), ("draft", "held"))

    def test_what_is_to_be_invoiced_cannot_be_typed_in_either(self):
        order = self._confirmed()
        for vals in (
            {"price_total": 0},
            {"price_subtotal": 0},
            {"qty_invoiced": 1},
            {"qty_to_invoice": 0},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                order.order_line.write(vals)
        self.assertEqual(self._position(self.limited).orders, 90)

    def test_a_dearer_currency_is_growth(self):
        cheap = self._pricelist(self.env.ref("base.JPY"), 0.01)
        dear = self._pricelist(self.env.ref("base.GBP"), 2)
        order = self._confirmed(5000, pricelist_id=cheap.id)
        with self.assertRaisesRegex(UserError, "cannot grow"), self.env.cr.savepoint():
            order.write({"currency_id": dear.currency_id.id})
        self.env.invalidate_all()
        self.assertEqual(order.currency_id, cheap.currency_id)

    def test_a_cheaper_currency_is_none(self):
        order = self._confirmed()
        cheap = self._pricelist(self.env.ref("base.JPY"), 0.01)
        order.write({"currency_id": cheap.currency_id.id})
        self.assertEqual(order.currency_id, self.env.ref("base.JPY"))
        self.assertEqual(order.ar_cleared_amount, 90)

    def test_a_line_that_calls_itself_passed_on_costs_is_an_amount(self):
        order = self._confirmed()
        for mark, said in (("is_expense", "cannot grow"), ("is_downpayment", "no quantity")):
            line = Command.create(
                {"product_id": self.product.id, "price_unit": 5000, "tax_ids": [], mark: True}
            )
            with (
                self.subTest(mark=mark),
                self.assertRaisesRegex(UserError, said),
                self.env.cr.savepoint(),
            ):
                order.write({"order_line": [line]})
            with (
                self.subTest(mark=mark, line=True),
                self.assertRaisesRegex(UserError, said),
                self.env.cr.savepoint(),
            ):
                self.env["sale.order.line"].with_user(self.salesman).create(
                    {**line[2], "order_id": order.id}
                )
        self.env.invalidate_all()
        self.assertEqual(order.amount_total, 90)

    def test_what_comes_beside_a_confirmation_counts(self):
        """One call that confirms and makes the order larger, or another's debt."""
        line = Command.create({"product_id": self.product.id, "price_unit": 5000, "tax_ids": []})
        poor = self._new_customer("Poor", limit=1)
        for vals in ({"order_line": [line]}, {"partner_invoice_id": poor.id}):
            for order in (self._order(self.limited, 20), self._confirmed(20)):
                with (
                    self.subTest(vals=vals, state=order.state),
                    self.assertRaisesRegex(UserError, "cannot grow"),
                    self.env.cr.savepoint(),
                ):
                    order.write({"state": "sale", **vals})

    def test_lines_are_not_carried_into_a_confirmed_order(self):
        order, draft = self._confirmed(20), self._order(self.limited, 5000)
        with self.assertRaisesRegex(UserError, "cannot grow"), self.env.cr.savepoint():
            draft.order_line.write({"order_id": order.id})
        for mark in ("is_downpayment", "is_expense"):
            with self.subTest(mark=mark), self.assertRaisesRegex(AccessError, "cannot be typed"):
                order.order_line.write({mark: True})

    def test_an_order_is_not_called_invoiced_to_free_the_limit(self):
        order = self._confirmed()
        with self.assertRaises(AccessError):
            order.write({"invoice_status": "invoiced"})
        self.assertEqual(self._position(self.limited).orders, 90)

    def test_down_payments_are_invoiced_as_ever(self):
        order = self._order(self.limited, 80)
        order.order_line.tax_ids = self.company_data["default_tax_sale"]
        order.action_confirm()
        wizard = self.env["sale.advance.payment.inv"].with_user(self.salesman)
        wizard = wizard.with_context(active_model="sale.order", active_ids=order.ids)
        wizard.create({"advance_payment_method": "percentage", "amount": 50}).create_invoices()
        self.assertEqual(order.invoice_ids.amount_total, 46)
        self.assertEqual(order.amount_total, 92)

    def test_costs_that_an_accountant_passes_on_are_no_new_risk(self):
        order = self._confirmed()
        self.accountant.group_ids += self.env.ref("sales_team.group_sale_salesman_all_leads")
        self.env["sale.order.line"].with_user(self.accountant).create(
            {
                "order_id": order.id,
                "product_id": self.product.id,
                "price_unit": 5000,
                "is_expense": True,
                "tax_ids": [],
            }
        )
        self.assertEqual(order.amount_total, 5090)

    def test_defaults_of_the_caller_decide_nothing(self):
        """What a context or a user's own defaults fill in counts like what was given."""
        order = self._order_with({"state": "sale"}, 5000)
        self.assertEqual((order.state, order.ar_credit_state), ("draft", "held"))
        self.assertEqual(self._order_with({"state": "sale"}, 20).state, "sale")
        cleared = {"ar_cleared_amount": 1e9, "ar_cleared_partner_id": self.limited.id}
        for forged in (
            {"state": "sale", **cleared},
            {"ar_credit_state": "released"},
            {"amount_total": 1},
            {"qty_invoiced": 1},
        ):
            with self.subTest(forged=forged), self.assertRaises(AccessError):
                self._order_with(forged, 5000)

    def _order_with(self, defaults, amount):
        """An order of the salesperson, one half of the defaults in its context, one his own."""
        names = sorted(defaults)
        for name in names[1::2]:
            self.env["ir.default"].set("sale.order", name, defaults[name], user_id=self.salesman.id)
        context = {f"default_{name}": defaults[name] for name in names[::2]}
        line = {"product_id": self.product.id, "price_unit": amount, "tax_ids": []}
        return self.env(user=self.salesman, context=context)["sale.order"].create(
            {"partner_id": self.limited.id, "order_line": [Command.create(line)]}
        )

    def test_amounts_kept_with_a_line_settle_its_cents_alone(self):
        tax = self.company_data["default_tax_sale"]
        order = self._order(self.limited, 5000)
        order.order_line.tax_ids = tax
        amounts = {"tax_amount_currency": 0, "base_amount_currency": 1}
        with self.assertRaisesRegex(AccessError, "follows from quantity and price"):
            order.order_line.extra_tax_data = {
                "manual_tax_amounts": {str(tax.id): amounts},
                "manual_total_excluded_currency": 1,
                "currency_id": order.currency_id.id,
                "price_unit": 5000,
                "discount": 0,
                "quantity": 1,
            }

    def test_a_discount_on_the_whole_order_is_given_as_ever(self):
        order = self._order(self.customer, 33.33)
        order.order_line.tax_ids = self.company_data["default_tax_sale"]
        for _line in range(4):
            order.order_line[0].copy({"order_id": order.id})
        self.company.sale_discount_product_id = self.product
        wizard = self.env["sale.order.discount"].with_user(self.salesman)
        wizard.create(
            {"sale_order_id": order.id, "discount_type": "so_discount", "discount_percentage": 0.1}
        ).action_apply_discount()
        self.assertAlmostEqual(order.amount_total, 33.33 * 5 * 1.15 * 0.9, delta=0.05)

    def test_an_invoice_of_something_else_frees_no_limit(self):
        invoice = self._invoice(self.limited, 5)
        order = self._confirmed()
        with self.assertRaisesRegex(AccessError, "cannot be typed in"):
            order.order_line.invoice_lines = [Command.link(invoice.invoice_line_ids.id)]
        self.assertEqual(self._position(self.limited).orders, 90)

    def test_a_released_order_is_not_moved_to_another_debtor(self):
        order = self._order(self.limited, 150)
        order.action_confirm()
        order.ar_hold_id.with_user(self.manager)._release("known", confirm=False)
        poor = self._new_customer("Poor", limit=1)
        order.partner_invoice_id = poor
        order.action_confirm()
        self.assertEqual(order.state, "draft")
        self.assertEqual(order.sudo().ar_hold_id.partner_id, poor)

    def test_a_hold_ends_with_its_order(self):
        order = self._order(self.limited, 150)
        order.action_confirm()
        hold = order.ar_hold_id
        order.action_cancel()
        order.sudo().unlink()
        self.assertFalse(hold.exists())


@tagged("post_install", "-at_install")
class TestCreditAttacksRpc(RpcMixin, AttackCase, HttpCase):
    def test_a_program_confirms_nothing_over_the_limit(self):
        order = self._order(self.limited, 5000)
        self.authenticate(self.salesman.login, self.salesman.login)
        context = {"ar_skip": True, "bypass": True, "tracking_disable": True}
        with mute_logger("odoo.http"):
            for method, args in (
                ("write", [order.ids, {"amount_total": 1, "state": "sale"}]),
                ("write", [order.ids, {"state": "sale", "ar_cleared_amount": 5000}]),
                ("web_save", [order.ids, {"state": "sale"}, {}]),
                ("action_confirm", [order.ids]),
                ("_action_confirm", [order.ids]),
                ("_validate_order", [order.ids]),
                ("_ar_clear", [order.ids, None]),
                ("_ar_store_cleared", [order.ids, {}]),
                ("action_lock", [order.ids]),
                ("load", [[".id", "state"], [[str(order.id), "Sales Order"]]]),
            ):
                with self.subTest(method=method):
                    self._call("sale.order", method, args, context=context)
                    self.env.invalidate_all()
                    self.assertNotEqual(order.state, "sale")
                    self.assertEqual(order.ar_cleared_amount, 0)

    def test_decisions_are_closed_to_programs(self):
        order = self._order(self.limited, 5000)
        order.action_confirm()
        profile = self.env["ar.credit.profile"]._get_or_create(self.limited, self.company)
        self.authenticate(self.salesman.login, self.salesman.login)
        attempts = (
            ("ar.credit.profile", "write", [profile.ids, {"confirmations": 0}]),
            ("ar.credit.profile", "_ensure", [self.limited.ids, self.company.id]),
            ("ar.credit.profile", "unlink", [profile.ids]),
            ("ar.credit.hold", "unlink", [order.ar_hold_id.ids]),
            ("ar.credit.hold", "copy", [order.ar_hold_id.ids]),
            ("ar.credit.hold", "_cron_update", []),
            ("ar.credit.policy", "write", [self.policy.ids, {"release_tolerance": 100}]),
            ("ar.credit.policy.rule", "unlink", [self.policy.rule_ids.ids]),
            ("ar.credit.authority", "create", [{"user_id": self.salesman.id, "unlimited": True}]),
            ("ar.credit.group", "create", [{"name": "Ours", "company_id": self.company.id}]),
            ("ar.demo", "_build_small", []),
            ("ar.position", "_get_positions", [self.limited.ids]),
            ("ar.credit.check", "_judge_partners", [self.limited.ids, self.company.id]),
            ("res.partner", "write", [self.limited.ids, {"credit_limit": 1e6}]),
            ("res.company", "write", [self.company.ids, {"ar_credit_policy_id": False}]),
        )
        with mute_logger("odoo.http"):
            for model, method, args in attempts:
                with self.subTest(model=model, method=method):
                    self.assertIn("error", self._call(model, method, args))
        self.env.invalidate_all()
        self.assertEqual((order.state, order.ar_hold_id.state), ("draft", "waiting"))
        self.assertEqual(self.limited.with_company(self.company).credit_limit, 100)
