from odoo import fields
from odoo.tests import tagged

from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestCreditDaily(CreditCommon):
    """What the daily job does by itself, run as the scheduler runs it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.customer)
        cls.limited = cls._new_customer("Limited", limit=100)
        cls.profile = cls.env["ar.credit.profile"]._get_or_create(cls.limited, cls.company)
        cls.job = cls.env.ref("ar_credit_control.cron_daily")

    def _hold(self, amount=150):
        order = self._order(self.limited, amount)
        order.action_confirm()
        return order

    def _raise_limit(self, amount=1000):
        self.limited.with_company(self.company).sudo().credit_limit = amount

    def _run_job(self):
        self.env.flush_all()
        self.job.sudo().ir_actions_server_id.run()
        self.env.invalidate_all()

    # ------------------------------------------------------------------ reviews
    def test_a_due_review_is_reminded_once(self):
        self.policy.manager_id = self.manager
        self.profile.review_date = self.today
        self._run_job()
        self._run_job()
        self.assertEqual(len(self.profile.activity_ids), 1)
        self.assertEqual(self.profile.activity_ids.user_id, self.manager)
        self.assertIn("Limited", self.profile.activity_ids.summary)

    def test_the_customers_responsible_is_reminded_first(self):
        self.policy.manager_id = self.manager
        self.profile.write({"review_date": self.today, "user_id": self.collector.id})
        self._run_job()
        self.assertEqual(self.profile.activity_ids.user_id, self.collector)

    def test_a_later_review_is_not_reminded(self):
        self.profile.review_date = fields.Date.add(self.today, days=1)
        self._run_job()
        self.assertFalse(self.profile.activity_ids)

    def test_the_next_review_is_reminded_again(self):
        self.profile.review_date = self.today
        self._run_job()
        self.profile.activity_ids.action_feedback("Still sound")
        self.profile.assessed_on = self.today
        self._run_job()
        self.assertFalse(self.profile.activity_ids, "not before its date")
        self.profile.review_date = self.today
        self._run_job()
        self.assertEqual(len(self.profile.activity_ids), 1)

    # ------------------------------------------------------------------ releases
    def test_an_unused_release_lapses_and_the_salesperson_reads_it(self):
        order = self._hold()
        hold = order.ar_hold_id
        hold.with_user(self.manager)._release("quick", valid_until=self.today, confirm=False)
        self._run_job()
        self.assertEqual(hold.state, "released", "good until the end of its last day")
        hold.sudo().valid_until = fields.Date.subtract(self.today, days=1)
        self._run_job()
        self.assertEqual((hold.state, order.ar_credit_state), ("lapsed", "held"))
        self.assertIn("lapsed unused", " ".join(order.message_ids.mapped("body")))

    def test_a_used_release_does_not_lapse(self):
        order = self._hold()
        order.ar_hold_id.with_user(self.manager)._release("ok", valid_until=self.today)
        order.ar_hold_id.sudo().valid_until = fields.Date.subtract(self.today, days=1)
        self._run_job()
        self.assertEqual((order.ar_hold_id.state, order.ar_credit_state), ("released", "released"))

    # ------------------------------------------------------------------ holds
    def test_a_cancelled_order_waits_for_nothing(self):
        self.policy.manager_id = self.manager
        order = self._hold()
        order._action_cancel()
        self._run_job()
        self.assertEqual(order.ar_hold_id.state, "withdrawn")
        self.assertEqual(order.ar_credit_state, "free")
        self.assertFalse(order.ar_hold_id.activity_ids, "nobody is asked for a release any more")

    def test_a_freed_order_is_told_once_and_its_to_do_ends_with_the_confirmation(self):
        order = self._hold()
        self._run_job()
        self.assertFalse(order.activity_ids, "it must still wait")
        self._raise_limit()
        self._run_job()
        self._run_job()
        self.assertEqual(len(order.activity_ids), 1)
        self.assertEqual(order.activity_ids.user_id, self.salesman)
        self.assertIn(order.name, order.activity_ids.summary)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertFalse(order.activity_ids)

    def test_two_orders_are_not_promised_the_same_free_limit(self):
        first, second = self._hold(130), self._hold(140)
        self._raise_limit(150)
        self._run_job()
        self.assertEqual(len((first | second).activity_ids), 1)

    def test_a_confirmed_order_that_shall_grow_is_not_to_be_confirmed(self):
        order = self._order(self.limited, 60)
        order.action_confirm()
        self.env["ar.credit.request"].with_user(self.salesman).create(
            {"order_id": order.id, "amount": 400, "note": "Second stage"}
        ).action_request()
        self._run_job()
        self.assertFalse(order.activity_ids)
        self.assertEqual(order.ar_hold_id.state, "waiting")
