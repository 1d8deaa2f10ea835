"""The way of an order through a hold, in a real browser."""

import json

from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import CreditCommon, RpcMixin

SIGNATURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ"
    "RU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestCreditTour(RpcMixin, CreditCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.late = cls._new_customer("Late & Sons", limit=10_000)
        cls._invoice(cls.late, 1240, due=-43)
        cls.env["product.product"].create(
            {
                "name": "Held thing",
                "type": "service",
                "list_price": 90,
                "taxes_id": [Command.clear()],
            }
        )

    def test_held_requested_released(self):
        self.start_tour(
            "/odoo/action-sale.action_quotations",
            "ar_credit_hold_salesperson",
            login=self.salesman.login,
        )
        order = self.env["sale.order"].search([("partner_id", "=", self.late.id)])
        self.assertEqual((order.state, order.ar_credit_state), ("draft", "held"))
        self.start_tour("/odoo/orders-on-hold", "ar_credit_hold_manager", login=self.manager.login)
        self.env.invalidate_all()
        self.assertEqual((order.state, order.ar_credit_state), ("sale", "released"))
        self.assertEqual(order.ar_hold_id.decision_reason, "Payment order seen")

    def test_portal_signature_is_kept_and_confirmed_after_release(self):
        order = self._order(self.late, 90, require_signature=True, require_payment=False).sudo()
        order.action_quotation_sent()
        url = f"/my/orders/{order.id}"
        token = order._portal_ensure_token()
        answer = self.url_open(
            f"{url}/accept",
            data=json.dumps(
                {
                    "params": {
                        "access_token": token,
                        "name": "Buyer",
                        "signature": SIGNATURE,
                    }
                }
            ),
            headers={"Content-Type": "application/json"},
        ).json()
        self.assertIn("redirect_url", answer["result"], "the customer meets no error")
        self.env.invalidate_all()
        self.assertTrue(order.signature, "the signature is kept")
        self.assertEqual((order.state, order.ar_credit_state), ("sent", "held"))
        self.assertTrue(order.ar_hold_id.from_machine)
        page = self.url_open(f"{url}?access_token={token}").text
        self.assertIn("We have received your order", page)
        for word in ("credit hold", "overdue", "1,240"):
            self.assertNotIn(word, page.lower())
        order.ar_hold_id.with_user(self.manager)._release("known customer")
        self.assertEqual(order.state, "sale")

    def test_release_through_rpc_is_refused(self):
        order = self._order(self.late, 90)
        order.action_confirm()
        self.authenticate(self.salesman.login, self.salesman.login)
        for model, method, args in (
            ("ar.credit.hold", "action_release", [order.ar_hold_id.ids]),
            ("ar.credit.hold", "write", [order.ar_hold_id.ids, {"state": "released"}]),
            ("sale.order", "write", [order.ids, {"ar_credit_state": "free"}]),
            ("ar.credit.hold", "_release", [order.ar_hold_id.ids, "mine"]),
        ):
            with self.subTest(method=method):
                answer = self._call(model, method, args)
                self.assertIn("error", answer)
        self._call("sale.order", "write", [order.ids, {"state": "sale"}])
        self._call("sale.order", "action_confirm", [order.ids])
        wizard = self._call(
            "ar.credit.release",
            "create",
            [
                {
                    "hold_id": order.ar_hold_id.id,
                    "reason": "mine",
                }
            ],
        )
        if "result" in wizard:
            self.assertIn(
                "error", self._call("ar.credit.release", "action_release", [wizard["result"]])
            )
        self.env.invalidate_all()
        self.assertEqual((order.state, order.ar_hold_id.state), ("draft", "waiting"))
