from odoo.tests import tagged

from ..ar_credit_control.models.hooks import post_init_hook, uninstall_hook
from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestHooks(CreditCommon):
    """Coming into a house that has customers already, and leaving it."""

    def test_orders_confirmed_before_stand_as_they_are(self):
        before, draft = (self._order(self.customer, amount) for amount in (500, 70))
        before.action_confirm()
        orders = (before | draft).sudo()
        orders.write({"ar_cleared_amount": 0, "ar_cleared_partner_id": False})
        self.env.flush_all()
        post_init_hook(self.env)
        self.env.invalidate_all()
        self.assertEqual(before.sudo().ar_cleared_amount, 500)
        self.assertEqual(before.sudo().ar_cleared_partner_id, self.customer)
        self.assertEqual(draft.sudo().ar_cleared_amount, 0)
        # the limit that is set now is exceeded, and still nothing of the old order is touched
        self.customer.credit_limit = 100
        before.order_line.price_unit = 450
        self.assertEqual((before.state, before.amount_total), ("sale", 450))

    def test_companies_that_were_there_get_a_policy_once(self):
        self.company.sudo().ar_credit_policy_id = False
        other = self.env["res.company"].sudo().create({"name": "Other"})
        theirs = other.ar_credit_policy_id
        post_init_hook(self.env)
        self.assertTrue(self.company.ar_credit_policy_id.rule_ids)
        self.assertEqual(other.ar_credit_policy_id, theirs)

    def test_nothing_stays_behind_and_nothing_is_in_the_way(self):
        uninstall_hook(self.env)
        self.env.cr.execute(
            "SELECT count(*) FROM pg_proc WHERE proname ~ '^ar_(positions|lock|commission|score)'"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
        templates = self.env["mail.template"].search([("model", "=like", "ar.%")])
        templates.unlink()
        self.assertFalse(templates.exists())
