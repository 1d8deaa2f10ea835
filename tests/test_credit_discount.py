"""A discount for a customer who pays badly is warned of before it is given."""

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestCreditDiscount(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls.env["ar.credit.profile"]._get_or_create(cls.customer, cls.company)
        cls.policy.rule_ids.filtered(lambda r: r.criterion == "not_assessed").unlink()
        cls.rule = cls.policy.rule_ids.filtered(lambda r: r.criterion == "weak_discount")
        cls._grade("D")

    @classmethod
    def _grade(cls, grade):
        cls.profile.sudo().score_grade = grade

    def _discounted(self, discount, user=None):
        order = self._order(self.customer, 200, user)
        order.order_line.discount = discount
        return order

    def _findings(self, order):
        order.invalidate_recordset(["ar_widget"])
        return [(f["effect"], f["message"]) for f in order.ar_widget["findings"]]

    def test_the_quotation_names_grade_and_remedy(self):
        ((effect, message),) = self._findings(self._discounted(12.5))
        self.assertEqual(effect, "warn")
        for text in ("12.5 %", "grade D", "5 % at most", "in advance"):
            self.assertIn(text, message)

    def test_it_follows_the_line_as_it_is_typed(self):
        order = self._discounted(5)
        self.assertFalse(self._findings(order))
        order.order_line.discount = 5.5
        self.assertTrue(self._findings(order))

    def test_a_discount_on_the_whole_order_counts(self):
        order = self._order(self.customer, 200)
        order.order_line = [
            Command.create({"product_id": self.product.id, "price_unit": -20, "tax_ids": []})
        ]
        self.assertIn("10 %", self._findings(order)[0][1])

    def test_good_payers_and_unknown_ones_may_have_it(self):
        for grade in ("A", "B", "C", False):
            with self.subTest(grade=grade):
                self._grade(grade)
                self.assertFalse(self._findings(self._discounted(50)))

    def test_a_grade_set_by_hand_counts(self):
        self._grade("A")
        until = fields.Date.add(fields.Date.context_today(self.env.user), days=30)
        self.profile.sudo().write(
            {"override_grade": "E", "override_reason": "Bounced cheque", "override_until": until}
        )
        self.assertIn("grade E", self._findings(self._discounted(50))[0][1])

    def test_it_warns_and_holds_only_where_the_policy_says_so(self):
        order = self._discounted(50)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.rule.effect = "hold"
        held = self._discounted(50)
        held.action_confirm()
        self.assertEqual((held.state, held.ar_credit_state), ("draft", "held"))
        self.assertIn("a discount of 5 % or less", held.ar_hold_remedy)
        held.order_line.discount = 5
        held.action_confirm()
        self.assertEqual(held.state, "sale")

    def test_the_share_is_the_policys(self):
        self.rule.percent = 60
        self.assertFalse(self._findings(self._discounted(50)))
        self.rule.unlink()
        self.assertFalse(self._findings(self._discounted(100)))
        with self.assertRaises(ValidationError):
            self.policy.rule_ids = [Command.create({"criterion": "weak_discount", "percent": -1})]

    def test_strangers_are_not_told_the_grade(self):
        order = self._discounted(50, self.stranger)
        ((_effect, message),) = self._findings(order)
        self.assertNotIn("grade", message)
