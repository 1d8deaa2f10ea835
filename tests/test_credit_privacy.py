"""A colleague's customer: who may not see its position reads its figures nowhere."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import CreditCommon, RpcMixin

# what the customer owes, and what is left to him: found in no answer to a stranger
SECRETS = ("4321", "4,321", "1234", "1,234")
UNSEEN = "the customer is in a colleague's portfolio"


class PrivacyCase(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secret = cls._new_customer("Secret", limit=1234)
        cls._invoice(cls.secret, 4321, due=-60)
        cls.policy.manager_id = cls.manager
        cls.order = cls._order(cls.secret, 10, user=cls.stranger)

    def _assert_no_secret(self, *texts):
        for text in texts:
            for secret in SECRETS:
                self.assertNotIn(secret, str(text))


@tagged("post_install", "-at_install")
class TestCreditPrivacy(PrivacyCase):
    def test_the_notice_of_a_held_order_says_whom_to_ask(self):
        notice = self.order.action_confirm()["params"]["message"]
        self.assertIn(UNSEEN, notice)
        own = self._order(self.secret, 10)
        self.assertIn("4,321.00", own.action_confirm()["params"]["message"])

    def test_the_refusal_of_a_growth_says_no_more(self):
        self.secret.sudo().credit_limit = 0
        self.policy.rule_ids.filtered(lambda r: r.criterion != "limit_use").unlink()
        self.order.action_confirm()
        self.secret.sudo().credit_limit = 1234
        with self.assertRaises(UserError) as refusal:
            self.order.order_line.product_uom_qty = 2
        self.assertIn(UNSEEN, str(refusal.exception))
        self.assertIn("decision by the credit manager", str(refusal.exception))
        self._assert_no_secret(refusal.exception)

    def test_the_order_shows_that_it_waits_and_no_figure(self):
        self.order.action_confirm()
        order = self.order
        self.assertEqual((order.ar_credit_state, order.ar_hold_state), ("held", "waiting"))
        self.assertIn(UNSEEN, order.ar_hold_reason)
        self.assertFalse(order.ar_hold_remedy)
        # who sees the customer reads the same order's reason in full
        seen = self.order.with_user(self.manager)
        self.assertIn("4,321.00", seen.ar_hold_reason)
        self.assertTrue(seen.ar_hold_remedy)

    def test_an_authority_does_not_open_a_colleagues_customer(self):
        self.order.action_confirm()
        self.env["ar.credit.authority"].create({"user_id": self.stranger.id, "unlimited": True})
        self.assertFalse(self.order.ar_may_release)
        with self.assertRaises(AccessError):
            self.order.action_ar_release()
        with self.assertRaises(AccessError):
            self.order.sudo().ar_hold_id.with_user(self.stranger)._release("mine")
        self.assertEqual(self.order.state, "draft")

    def test_who_may_not_see_the_hold_may_ask_for_its_release(self):
        self.order.action_confirm()
        wizard = self.env["ar.credit.request"].with_user(self.stranger)
        wizard = wizard.create({"order_id": self.order.id, "note": "A new project"})
        self.assertIn(UNSEEN, wizard.reason_text)
        self.assertEqual(wizard.decider_id, self.manager)
        wizard.action_request()
        self.assertEqual(self.order.sudo().ar_hold_id.request_note, "A new project")

    def test_the_message_to_each_says_what_he_may_know(self):
        self.order.action_confirm()
        own = self._order(self.secret, 10)
        own.action_confirm()
        messages = (
            self.env["mail.message"]
            .sudo()
            .search([("model", "=", "sale.order"), ("message_type", "=", "user_notification")])
        )
        told = {
            message.res_id: (message.partner_ids, message.body)
            for message in messages
            if message.res_id in (self.order | own).ids
        }
        self.assertEqual(told[own.id][0], self.salesman.partner_id)
        self.assertIn("4,321.00", told[own.id][1])
        self.assertEqual(told[self.order.id][0], self.stranger.partner_id)
        self.assertIn("colleague", told[self.order.id][1])
        self._assert_no_secret(told[self.order.id][1], self.order.message_ids.mapped("body"))

    def test_a_decision_about_the_limit_is_told_to_those_who_may_see_it(self):
        profile = self.env["ar.credit.profile"]._get_or_create(self.secret, self.company)
        decision = self.env["ar.credit.limit"].with_user(self.manager)
        decision.create(
            {"profile_id": profile.id, "amount": 4321, "reason": "Balance sheet"}
        ).action_approve()
        told = profile.message_ids.filtered(lambda message: "4,321.00" in (message.body or ""))
        self.assertTrue(told.with_user(self.colleague).body)
        with self.assertRaises(AccessError):
            told.with_user(self.stranger).read(["body"])
        seen = self.secret.with_user(self.stranger).message_ids.mapped("body")
        self._assert_no_secret(seen)


@tagged("post_install", "-at_install")
class TestCreditPrivacyRpc(RpcMixin, PrivacyCase, HttpCase):
    """The same through the door that programs use, with every id guessed right."""

    def test_nothing_is_read_of_a_colleagues_customer(self):
        self.order.action_confirm()
        hold = self.order.sudo().ar_hold_id
        messages = (
            self.env["mail.message"]
            .sudo()
            .search([("model", "=", hold._name), ("res_id", "=", hold.id)])
        )
        told = self.env["mail.message"].sudo().search([("body", "like", "4,321")])
        self.authenticate(self.stranger.login, self.stranger.login)
        refused = (
            (hold._name, "read", [hold.ids]),
            (hold._name, "read", [hold.ids, ["exposure", "overdue", "findings", "reason_text"]]),
            (hold._name, "web_read", [hold.ids, {"findings_table": {}, "ar_widget": {}}]),
            (hold._name, "action_release", [hold.ids]),
            (hold._name, "message_post", [hold.ids]),
            ("mail.activity", "read", [hold.activity_ids.ids, ["note"]]),
            ("mail.message", "read", [(messages | told).ids, ["body"]]),
        )
        with mute_logger("odoo.http"):
            for model, method, args in refused:
                with self.subTest(model=model, method=method):
                    answer = self._call(model, method, args)
                    self.assertEqual(answer["error"]["data"]["name"], "odoo.exceptions.AccessError")
                    self._assert_no_secret(answer)

    def test_searches_find_nothing_to_compare_with(self):
        self.order.action_confirm()
        hold = self.order.sudo().ar_hold_id
        self.authenticate(self.stranger.login, self.stranger.login)
        for domain in ([("overdue", ">", 4000)], [("order_id", "=", self.order.id)], []):
            found = self._call("ar.credit.hold", "search", [domain])["result"]
            self.assertNotIn(hold.id, found)
        sums = self._call(
            "ar.credit.hold", "formatted_read_group", [[]], groupby=[], aggregates=["overdue:sum"]
        )
        self._assert_no_secret(sums["result"])
        through_the_order = self._call(
            "sale.order", "search", [[("ar_hold_id.overdue", ">", 4000)]]
        )
        self.assertNotIn(self.order.id, through_the_order.get("result", []))

    def test_the_order_gives_nothing_away(self):
        self.order.action_confirm()
        self.authenticate(self.stranger.login, self.stranger.login)
        names = [name for name in self.order._fields if name.startswith("ar_")]
        answers = [
            self._call("sale.order", "read", [self.order.ids, names]),
            self._call(
                "sale.order",
                "web_read",
                [self.order.ids, {"ar_hold_id": {"fields": {"display_name": {}}}}],
            ),
            self._call("sale.order", "action_confirm", [self.order.ids]),
            self._call("mail.message", "search_read", [[], ["body"]]),
            self._call("mail.activity", "search_read", [[], ["note", "summary"]]),
        ]
        for answer in answers:
            self.assertIn("result", answer)
            self._assert_no_secret(answer)
        for fields in (["overdue"], ["reason_text"]):
            nested = {"ar_hold_id": {"fields": {name: {} for name in fields}}}
            with mute_logger("odoo.http"):
                answer = self._call("sale.order", "web_read", [self.order.ids, nested])
            self._assert_no_secret(answer)
