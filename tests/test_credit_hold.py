from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestCreditHold(CreditCommon):
    """What happens to orders, by whatever path they are confirmed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.limited = cls._new_customer("Limited", limit=100)

    def _hold(self, amount=150, **vals):
        order = self._order(self.limited, amount, **vals)
        order.action_confirm()
        return order

    # ------------------------------------------------------------------ paths
    def test_button_within_limit_confirms(self):
        order = self._order(self.limited, 100)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.ar_credit_state, "free")

    def test_button_over_limit_is_held(self):
        order = self._order(self.limited, 100.01)
        answer = order.action_confirm()
        self.assertEqual(order.state, "draft")
        self.assertEqual(order.ar_credit_state, "held")
        self.assertEqual(order.ar_hold_id.state, "waiting")
        self.assertIn("100.01", order.ar_hold_reason)
        self.assertEqual(answer["tag"], "display_notification")

    def test_bare_write_of_the_state_is_held(self):
        order = self._order(self.limited, 150)
        order.write({"state": "sale", "note": "kept"})
        self.assertEqual(order.state, "draft")
        self.assertIn("kept", order.note, "the rest of the write is not lost")
        self.assertEqual(order.ar_credit_state, "held")

    def test_creation_as_confirmed_is_held(self):
        order = self._order(self.limited, 150, state="sale")
        self.assertEqual((order.state, order.ar_credit_state), ("draft", "held"))
        order = self._order(self.limited, 50, state="sale")
        self.assertEqual(order.state, "sale")

    def test_copy_does_not_carry_a_release(self):
        order = self._hold()
        order.ar_hold_id.with_user(self.manager)._release("agreed")
        copy = order.copy()
        self.assertFalse(copy.ar_hold_id)
        copy.action_confirm()
        self.assertEqual(copy.ar_credit_state, "held")

    def test_context_keys_release_nothing(self):
        order = self._order(self.limited, 150)
        order.with_context(
            bypass_risk=True, ar_bypass=True, ar_cleared_orders=[order.id], bypass_checks=True
        ).action_confirm()
        self.assertEqual(order.state, "draft")

    def test_protected_fields_are_closed_to_everybody(self):
        order = self._hold()
        for name, value in (
            ("ar_credit_state", "released"),
            ("ar_cleared_amount", 1e9),
            ("ar_hold_id", False),
            ("ar_cleared_partner_id", self.limited.id),
        ):
            for user in (self.salesman, self.manager):
                with self.subTest(field=name, user=user.login), self.assertRaises(AccessError):
                    order.with_user(user).write({name: value})
        with self.assertRaises(AccessError):
            self.env["sale.order"].with_user(self.salesman).create(
                {
                    "partner_id": self.limited.id,
                    "ar_cleared_amount": 1e9,
                }
            )

    def test_batch_holds_some_and_confirms_the_rest(self):
        small, large = self._order(self.limited, 60), self._order(self.limited, 500)
        other = self._order(self.customer, 500)
        (small | large | other).action_confirm()
        self.assertEqual(small.state, "sale")
        self.assertEqual(large.state, "draft")
        self.assertEqual(other.state, "sale")

    def test_batch_cannot_spend_one_limit_twice(self):
        first, second = self._order(self.limited, 60), self._order(self.limited, 60)
        (first | second).action_confirm()
        self.assertEqual({first.state, second.state}, {"sale", "draft"})

    def test_second_confirmation_adds_no_second_hold(self):
        order = self._hold()
        order.action_confirm()
        self.assertEqual(len(self.env["ar.credit.hold"].search([("order_id", "=", order.id)])), 1)

    # ------------------------------------------------------------------ who owes
    def test_invoice_address_owes(self):
        payer = self._new_customer("Payer", limit=100)
        order = self._order(self.customer, 150, partner_invoice_id=payer.id)
        order.action_confirm()
        self.assertEqual(order.ar_hold_id.partner_id, payer)

    def test_contacts_share_the_limit_of_their_company(self):
        contact = self.env["res.partner"].create(
            {
                "name": "Buyer",
                "parent_id": self.limited.id,
                "type": "contact",
            }
        )
        self._order(self.limited, 80).action_confirm()
        order = self._order(contact, 30)
        order.action_confirm()
        self.assertEqual(order.ar_credit_state, "held")

    def test_no_limit_set_is_no_limit(self):
        order = self._order(self.customer, 1_000_000)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_no_credit_holds_whatever_the_policy_says(self):
        self.policy.rule_ids.unlink()
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        profile.sudo().credit_mode = "no_credit"
        order = self._order(self.customer, 1)
        order.action_confirm()
        self.assertEqual(order.ar_credit_state, "held")
        self.assertNotIn("nlimited", order.ar_widget["advice"])

    def test_foreign_currency_counts_once(self):
        self.other_currency = self.env.ref("base.EUR")
        self.other_currency.active = True
        company_currency = self.company.currency_id
        self.env["res.currency.rate"].create(
            {
                "currency_id": self.other_currency.id,
                "company_id": self.company.id,
                "name": "2020-01-01",
                "rate": 0.5,
            }
        )
        self.assertNotEqual(self.other_currency, company_currency)
        self._invoice(self.limited, 20, currency=self.other_currency)
        self.assertEqual(self._position(self.limited).balance, 40)
        self.assertEqual(self._position(self.limited).by_currency[0].balance, 20)

    # ------------------------------------------------------------------ after confirmation
    def test_raised_quantity_is_checked(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        order.order_line.write({"product_uom_qty": 1.5, "price_unit": 60})
        with self.assertRaisesRegex(UserError, "cannot grow"):
            order.order_line.write({"product_uom_qty": 3, "price_unit": 60})

    def test_added_line_is_checked(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        with self.assertRaises(UserError):
            order.write(
                {"order_line": [Command.create({"product_id": self.product.id, "price_unit": 90})]}
            )

    def test_moving_the_debt_is_checked(self):
        order = self._order(self.customer, 500)
        order.action_confirm()
        with self.assertRaises(UserError):
            order.partner_invoice_id = self.limited

    def test_lowering_a_confirmed_order_needs_nothing(self):
        order = self._order(self.customer, 500)
        order.action_confirm()
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        profile.sudo().credit_mode = "no_credit"
        order.order_line.write({"product_uom_qty": 0.5, "price_unit": 500})
        self.assertEqual(order.amount_total, 250)

    def test_what_an_order_gave_up_is_free_for_others(self):
        order = self._order(self.limited, 90)
        order.action_confirm()
        order.order_line.write({"product_uom_qty": 0.5, "price_unit": 90})
        other = self._order(self.limited, 50)
        other.action_confirm()
        self.assertEqual(other.state, "sale")
        with self.assertRaises(UserError):
            order.order_line.write({"product_uom_qty": 1, "price_unit": 90})

    def test_lines_of_one_save_are_judged_together(self):
        order = self._order(self.limited, 95)
        order.action_confirm()
        order.write(
            {
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "product_uom_qty": 1,
                            "price_unit": 60,
                            "tax_ids": [Command.clear()],
                        }
                    ),
                    Command.update(order.order_line.id, {"product_uom_qty": 0.2, "price_unit": 95}),
                ],
            }
        )
        self.assertEqual(order.amount_total, 79)

    def test_a_rate_that_moves_is_no_growth(self):
        foreign = self.env.ref("base.EUR")
        foreign.active = True
        Rate = self.env["res.currency.rate"]
        rate = Rate.create(
            {
                "currency_id": foreign.id,
                "company_id": self.company.id,
                "name": "2020-01-01",
                "rate": 1.0,
            }
        )
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "EUR",
                "currency_id": foreign.id,
            }
        )
        order = self._order(self.limited, 90, pricelist_id=pricelist.id)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        rate.rate = 0.5  # the order is worth twice as much in the company's currency
        order.order_line.write({"product_uom_qty": 0.9, "price_unit": 90})
        self.assertEqual(order.amount_total, 81)

    def test_cancelled_and_redrafted_is_checked_again(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        order._action_cancel()
        order.action_draft()
        self._order(self.limited, 90).action_confirm()
        order.action_confirm()
        self.assertEqual(order.ar_credit_state, "held")

    def test_growth_can_be_requested_and_released(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        wizard = (
            self.env["ar.credit.request"]
            .with_user(self.salesman)
            .create(
                {
                    "order_id": order.id,
                    "amount": 180,
                    "note": "Project grew",
                }
            )
        )
        wizard.action_request()
        self.assertEqual(order.state, "sale")
        order.ar_hold_id.with_user(self.manager)._release("fine", 180)
        order.order_line.write({"product_uom_qty": 3, "price_unit": 60})
        self.assertEqual(order.amount_total, 180)
        with self.assertRaises(UserError):
            order.order_line.write({"product_uom_qty": 4, "price_unit": 60})

    def test_invoicing_is_never_blocked(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        self.env["ar.credit.profile"]._get_or_create(self.limited, self.company).sudo().write(
            {
                "manual_hold": True,
            }
        )
        invoice = order.sudo()._create_invoices()
        invoice.action_post()
        self.assertEqual(invoice.state, "posted")

    # ------------------------------------------------------------------ paid in advance
    def _pay_online(self, order, amount, state="done"):
        """A payment transaction of the order, processed as the provider's answer would be."""
        provider = self.env["payment.provider"].sudo().create({"name": "Bank", "code": "none"})
        method = self.env["payment.method"].sudo().create({"name": "Card", "code": "ar_card"})
        return (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": method.id,
                    "reference": f"{order.name}-{amount}",
                    "amount": amount,
                    "currency_id": order.currency_id.id,
                    "partner_id": self.limited.id,
                    "state": state,
                    "sale_order_ids": [Command.link(order.id)],
                }
            )
        )

    def test_order_paid_in_advance_passes(self):
        order = self._order(self.limited, 150)
        self._pay_online(order, 150)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_payment_confirms_a_prepaid_order_by_itself(self):
        order = self._order(self.limited, 150, require_payment=True).sudo()
        self._pay_online(order, 150)._check_amount_and_confirm_order()
        self.assertEqual(order.state, "sale")

    def test_part_payment_is_kept_and_the_order_waits(self):
        order = self._order(self.limited, 500, require_payment=True, prepayment_percent=0.3).sudo()
        self._pay_online(order, 150)._check_amount_and_confirm_order()
        self.assertEqual((order.state, order.ar_credit_state), ("draft", "held"))
        self.assertEqual(order.amount_paid, 150)
        self.assertTrue(order.ar_hold_id.from_machine)
        self.assertEqual(order.ar_hold_id.exposure, 350, "what is paid is at no risk")
        order.ar_hold_id.with_user(self.manager)._release("deposit paid")
        self.assertEqual(order.state, "sale")

    def test_import_of_a_file_is_checked(self):
        result = (
            self.env["sale.order"]
            .with_user(self.manager)
            .load(
                ["partner_id/.id", "state", "order_line/product_id/.id", "order_line/price_unit"],
                [
                    [str(self.limited.id), "sale", str(self.product.id), "500"],
                    [str(self.customer.id), "sale", str(self.product.id), "500"],
                ],
            )
        )
        self.assertFalse([m for m in result["messages"] if m["type"] == "error"], result)
        held, passed = self.env["sale.order"].browse(result["ids"])
        self.assertEqual((held.state, held.ar_credit_state), ("draft", "held"))
        self.assertEqual(passed.state, "sale")

    # ------------------------------------------------------------------ release
    def test_release_confirms_and_leaves_its_trace(self):
        order = self._hold()
        order.ar_hold_id.with_user(self.manager)._release("Cheque seen")
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.ar_credit_state, "released")
        bodies = " ".join(order.message_ids.mapped("body"))
        self.assertIn("On credit hold", bodies)
        self.assertIn("Cheque seen", bodies)
        self.assertTrue(
            all(m.subtype_id.internal for m in order.message_ids if "credit hold" in (m.body or ""))
        )

    def test_release_needs_a_reason(self):
        order = self._hold()
        with self.assertRaisesRegex(UserError, "reason"):
            order.ar_hold_id.with_user(self.manager)._release("  ")

    def test_release_is_refused_to_those_who_may_not(self):
        hold = self._hold().ar_hold_id
        for user in (self.salesman, self.seller_all, self.collector, self.auditor, self.accountant):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                hold.with_user(user)._release("please")
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                hold.with_user(user).write({"state": "released"})
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                hold.with_user(user).action_release()

    def test_release_up_to_ones_authority(self):
        self.env["ar.credit.authority"].create(
            {
                "user_id": self.collector.id,
                "release_amount": 150,
            }
        )
        small, large = self._hold(150), self._hold(151)
        small.ar_hold_id.with_user(self.collector)._release("small enough")
        self.assertEqual(small.state, "sale")
        with self.assertRaises(AccessError):
            large.ar_hold_id.with_user(self.collector)._release("too much")
        with self.assertRaises(AccessError):
            large.ar_hold_id.with_user(self.collector)._release("too much", amount=10)

    def test_released_order_may_grow_within_tolerance_only(self):
        order = self._hold(200)
        order.ar_hold_id.with_user(self.manager)._release("ok", tolerance=10, confirm=False)
        order.order_line.price_unit = 221
        order.action_confirm()
        self.assertEqual(order.ar_credit_state, "held")
        order.ar_hold_id.with_user(self.manager)._release("ok again", confirm=False)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_release_lapses(self):
        order = self._hold(200)
        yesterday = fields.Date.subtract(fields.Date.today(), days=1)
        order.ar_hold_id.with_user(self.manager)._release(
            "short", valid_until=yesterday, confirm=False
        )
        self.env["ar.credit.hold"].sudo()._cron_update()
        self.assertEqual(order.ar_hold_id.state, "lapsed")
        order.action_confirm()
        self.assertEqual(order.state, "draft")

    def test_release_withdrawn(self):
        order = self._hold(200)
        order.ar_hold_id.with_user(self.manager)._release("ok", confirm=False)
        order.ar_hold_id.with_user(self.manager).action_withdraw()
        order.action_confirm()
        self.assertEqual(order.state, "draft")

    def test_hold_ends_by_itself_when_the_customer_pays(self):
        invoice = self._invoice(self.limited, 80)
        order = self._order(self.limited, 90)
        order.action_confirm()
        self.assertEqual(order.ar_credit_state, "held")
        self._invoice(self.limited, 80, move_type="out_refund")
        self.env["ar.credit.hold"].sudo()._cron_update()
        self.assertTrue(order.activity_ids, "the salesperson is told")
        order.action_confirm()
        self.assertEqual((order.state, order.ar_credit_state), ("sale", "free"))
        self.assertEqual(order.ar_hold_id.state, "passed")
        self.assertTrue(invoice)

    def test_people_are_told(self):
        self.policy.manager_id = self.manager
        order = self._hold()
        self.assertEqual(order.ar_hold_id.activity_ids.user_id, self.manager)
        self.assertIn("150.00", order.ar_hold_id.sudo().activity_ids.note)
        note = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", "sale.order"),
                    ("res_id", "=", order.id),
                    ("message_type", "=", "user_notification"),
                ]
            )
        )
        self.assertEqual(note.partner_ids, self.salesman.partner_id, "and nobody else")
        self.assertIn("150.00", note.body)

    def test_request_reaches_the_manager(self):
        self.policy.manager_id = self.manager
        order = self._hold()
        self.env["ar.credit.request"].with_user(self.salesman).create(
            {
                "order_id": order.id,
                "note": "Paying on Friday",
            }
        ).action_request()
        self.assertEqual(order.ar_hold_id.request_note, "Paying on Friday")
        notified = order.ar_hold_id.message_ids.partner_ids
        self.assertIn(self.manager.partner_id, notified)

    # ------------------------------------------------------------------ limits
    def test_temporary_raise_counts_until_its_last_day(self):
        profile = self.env["ar.credit.profile"]._get_or_create(self.limited, self.company)
        today = fields.Date.today()
        self.env["ar.credit.limit"].with_user(self.manager).create(
            {
                "profile_id": profile.id,
                "kind": "raise",
                "amount": 200,
                "date_to": today,
                "reason": "Season",
            }
        ).action_approve()
        self.assertEqual(self._position(self.limited).limit.amount, 200)
        profile.sudo().raise_until = fields.Date.subtract(today, days=1)
        self.assertEqual(self._position(self.limited).limit.amount, 100)

    def test_limit_needs_authority_on_every_path(self):
        self.env["ar.credit.authority"].create(
            {
                "user_id": self.accountant.id,
                "limit_amount": 500,
            }
        )
        partner = self.customer.with_user(self.accountant).with_company(self.company)
        partner.credit_limit = 500
        self.assertEqual(self.customer.with_company(self.company).credit_limit, 500)
        with self.assertRaises(UserError):
            partner.credit_limit = 501
        decision = (
            self.env["ar.credit.limit"]
            .with_user(self.accountant)
            .create(
                {
                    "profile_id": self.env["ar.credit.profile"]
                    ._get_or_create(self.customer, self.company)
                    .id,
                    "amount": 900,
                    "reason": "Growing",
                    "state": "approved",
                }
            )
        )
        self.assertEqual(decision.state, "proposed", "nobody approves by writing the state")
        with self.assertRaises(UserError):
            decision.action_approve()
        decision.with_user(self.manager).action_approve()
        self.assertEqual(self.customer.with_company(self.company).credit_limit, 900)
        self.assertIn("900", " ".join(decision.profile_id.message_ids.mapped("body")))
