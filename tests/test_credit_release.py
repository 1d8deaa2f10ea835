from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestCreditRelease(CreditCommon):
    """The two dialogs: a salesperson asks, somebody with the authority answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.limited = cls._new_customer("Limited", limit=100)
        cls.today = fields.Date.context_today(cls.customer)

    def _hold(self, amount=150, **vals):
        order = self._order(self.limited, amount, **vals)
        order.action_confirm()
        return order

    def _request(self, order, user=None, **vals):
        wizard = self.env["ar.credit.request"].with_user(user or self.salesman)
        return wizard.create({"order_id": order.id, "note": "Good customer", **vals})

    # ------------------------------------------------------------------ asking
    def test_asking_shows_why_the_order_waits(self):
        order = self._hold()
        action = order.action_ar_request_release()
        wizard = Form(
            self.env["ar.credit.request"].with_user(self.salesman).with_context(**action["context"])
        )
        self.assertEqual(wizard.reason_text, order.ar_hold_reason)
        self.assertEqual(wizard.amount, 150)
        wizard.note = "They pay on Friday"
        wizard.save().action_request()
        self.assertEqual(order.ar_hold_id.request_note, "They pay on Friday")
        self.assertTrue(order.ar_hold_id.requested_on)
        self.assertIn("They pay on Friday", " ".join(order.message_ids.mapped("body")))

    def test_asking_for_an_order_that_nothing_holds(self):
        order = self._order(self.limited, 50)
        with self.assertRaisesRegex(UserError, "Nothing holds this order: confirm it"):
            self._request(order).action_request()

    def test_asking_for_a_total_that_is_cleared_already(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        with self.assertRaisesRegex(UserError, "just change its lines"):
            self._request(order, amount=60).action_request()
        self.assertFalse(order.ar_hold_id)

    def test_asking_for_more_keeps_the_confirmed_order(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        self._request(order, amount=250).action_request()
        self.assertEqual(order.state, "sale")
        self.assertEqual((order.ar_hold_id.state, order.ar_hold_id.amount), ("waiting", 250))
        self.assertIn("shall grow", order.ar_hold_reason)

    def test_asking_needs_a_right_to_the_order(self):
        order = self._hold()
        with self.assertRaises(AccessError):
            self._request(order, user=self.stranger).action_request()
        self.assertFalse(order.ar_hold_id.request_note)

    def test_the_dialogs_show_nothing_to_those_who_may_not_see_the_order(self):
        order = self._hold()
        plain = self._new_user("ar_plain", "base.group_user")
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self._request(order, user=plain).reason_text  # noqa: B018
        wizard = self.env["ar.credit.release"].with_user(plain)
        with self.assertRaises(AccessError):
            wizard.create({"hold_id": order.ar_hold_id.id, "reason": "x"}).reason_text  # noqa: B018

    # ------------------------------------------------------------------ answering
    def _release_form(self, order, user=None):
        action = order.with_user(user or self.manager).action_ar_release()
        return Form(
            self.env["ar.credit.release"]
            .with_user(user or self.manager)
            .with_context(**action["context"])
        )

    def test_release_proposes_what_the_policy_says(self):
        self.policy.write({"release_tolerance": 3, "release_days": 4})
        order = self._hold()
        self._request(order).action_request()
        wizard = self._release_form(order)
        self.assertEqual((wizard.amount, wizard.tolerance), (150, 3))
        self.assertEqual(wizard.valid_until, fields.Date.add(self.today, days=4))
        self.assertEqual(wizard.request_note, "Good customer")
        self.assertTrue(wizard.confirm)
        self.assertEqual(wizard.ar_widget["this_order"], 150)

    def test_release_without_confirmation_leaves_the_order_to_the_salesperson(self):
        order = self._hold()
        wizard = self._release_form(order)
        wizard.reason = "Guarantee received"
        wizard.confirm = False
        wizard.save().action_release()
        self.assertEqual((order.state, order.ar_credit_state), ("draft", "released"))
        self.assertEqual(order.ar_hold_id.decided_by_id, self.manager)
        self.assertEqual(order.ar_hold_id.decision_reason, "Guarantee received")
        order.action_confirm()
        self.assertEqual((order.state, order.ar_credit_state), ("sale", "released"))

    def test_a_decided_hold_is_not_decided_again(self):
        order = self._hold()
        wizard = self._release_form(order)
        wizard.reason = "ok"
        wizard = wizard.save()
        order.ar_hold_id.with_user(self.manager).action_refuse()
        with self.assertRaisesRegex(UserError, "decided already"):
            wizard.action_release()
        self.assertEqual(order.ar_hold_id.state, "refused")

    def test_a_tolerance_above_the_policys_counts_against_the_authority(self):
        self.env["ar.credit.authority"].create(
            {"user_id": self.collector.id, "release_amount": 150}
        )
        order = self._hold(150)
        hold = order.ar_hold_id.with_user(self.collector)
        with self.assertRaises(AccessError):
            hold._release("twice as much", tolerance=100)
        hold._release("usual", tolerance=5)
        self.assertEqual(order.state, "sale")

    def test_who_may_not_release_is_told_how_far_his_authority_goes(self):
        self.env["ar.credit.authority"].create({"user_id": self.collector.id, "release_amount": 40})
        with self.assertRaisesRegex(AccessError, r"150\.00 is more than you may approve .*40\.00"):
            self._hold().ar_hold_id.with_user(self.collector).action_release()
        with self.assertRaisesRegex(AccessError, "no authority"):
            self._hold().ar_hold_id.with_user(self.auditor).action_release()

    def test_a_release_is_for_one_debtor(self):
        order = self._hold()
        order.ar_hold_id.with_user(self.manager)._release("known", confirm=False)
        payer = self._new_customer("Payer", limit=10)
        order.partner_invoice_id = payer
        order.action_confirm()
        self.assertEqual((order.state, order.ar_hold_id.partner_id), ("draft", payer))

    # ------------------------------------------------------------------ afterwards
    def test_a_refused_order_that_may_go_later_is_free(self):
        order = self._hold()
        order.ar_hold_id.with_user(self.manager).action_refuse()
        self.assertEqual(order.ar_credit_state, "held")
        self.limited.with_company(self.company).sudo().credit_limit = 500
        order.action_confirm()
        self.assertEqual((order.state, order.ar_credit_state), ("sale", "free"))

    def test_a_refused_order_may_be_tried_again(self):
        order = self._hold()
        refused = order.ar_hold_id
        refused.with_user(self.manager).action_refuse()
        self.assertIn("Release refused", " ".join(order.message_ids.mapped("body")))
        order.action_confirm()
        self.assertEqual(order.ar_hold_id.state, "waiting")
        self.assertNotEqual(order.ar_hold_id, refused)

    def test_growth_that_fits_by_now_needs_no_answer_any_more(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        self._request(order, amount=180).action_request()
        self.limited.with_company(self.company).sudo().credit_limit = 500
        order.order_line.price_unit = 180
        self.assertEqual(order.amount_total, 180)
        self.assertEqual((order.ar_hold_id.state, order.ar_credit_state), ("passed", "free"))

    def test_refused_growth_leaves_a_confirmed_order_as_it_was(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        self._request(order, amount=180).action_request()
        order.ar_hold_id.with_user(self.manager).action_refuse()
        self.assertEqual((order.state, order.ar_credit_state), ("sale", "free"))
        with self.assertRaises(UserError):
            order.order_line.price_unit = 180

    def test_the_customer_learns_nothing_from_his_order(self):
        order = self._hold()
        portal = self._new_user("ar_portal", "base.group_portal")
        portal.partner_id.parent_id = self.limited
        theirs = order.with_user(portal)
        order.message_subscribe(portal.partner_id.ids)
        theirs.invalidate_recordset()
        self.assertEqual(theirs.read(["amount_total"])[0]["amount_total"], 150)
        for name in ("ar_widget", "ar_hold_reason", "ar_hold_remedy", "ar_credit_state"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                theirs.read([name])
