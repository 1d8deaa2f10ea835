"""Two confirmations at the same moment, over two real connections."""

import threading
from functools import partial

from odoo import Command
from odoo.service.model import retrying
from odoo.tests import tagged

from .race_common import RaceCase


@tagged("post_install", "-at_install")
class TestCreditRace(RaceCase):
    def _create(self, env):
        company = env["res.company"].search([("chart_template", "!=", False)], limit=1)
        company = company or env.company
        env = env(context={"allowed_company_ids": company.ids})
        partner = env["res.partner"].create({"name": "Race", "is_company": True})
        partner.credit_limit = 100
        product = env["product.product"].create(
            {
                "name": "Race",
                "type": "service",
                "taxes_id": [Command.clear()],
            }
        )
        orders = env["sale.order"].create(
            [
                {
                    "partner_id": partner.id,
                    "order_line": [Command.create({"product_id": product.id, "price_unit": 60})],
                }
                for _ in range(2)
            ]
        )
        self.created_company = company.id
        self.ids = {
            "sale.order": orders.ids,
            "product.template": product.product_tmpl_id.ids,
            "res.partner": partner.ids,
        }

    def _remove(self):
        with self._environment() as env:
            orders = env["sale.order"].browse(self.ids["sale.order"])
            orders.filtered(lambda o: o.state == "sale")._action_cancel()
            orders.ar_hold_id.unlink()
            for model, ids in self.ids.items():
                env[model].browse(ids).unlink()

    def _confirm(self, order_id, ready, results):
        with self._environment() as env:
            order = env(context={"allowed_company_ids": [self.created_company]})[
                "sale.order"
            ].browse(order_id)
            env.cr.execute("SELECT 1 FROM ar_credit_profile LIMIT 1")  # takes the snapshot
            ready.wait(timeout=30)
            retrying(order.action_confirm, env)
            results.append(order.state)

    def test_both_cannot_pass_on_the_same_free_limit(self):
        ready, results = threading.Barrier(2), []
        threads = [
            threading.Thread(target=partial(self._confirm, order_id, ready, results))
            for order_id in self.ids["sale.order"]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        self.assertEqual(sorted(results), ["draft", "sale"])
        with self._environment() as env:
            orders = env["sale.order"].browse(self.ids["sale.order"])
            self.assertEqual(sorted(orders.mapped("ar_credit_state")), ["free", "held"])

    def test_a_profile_that_was_just_written_to_stops_nobody_who_only_needs_one(self):
        """As the jobs of the night do, while orders are confirmed."""
        (partner_id,) = self.ids["res.partner"]
        with self._environment() as env:
            company = env["res.company"].browse(self.created_company).root_id
            env["ar.credit.profile"]._ensure([partner_id], company)
        with self._environment() as job:
            job.cr.execute("SELECT 1 FROM ar_credit_profile LIMIT 1")  # takes the snapshot
            with self._environment() as order:
                partner = order["res.partner"].browse(partner_id)
                order["ar.credit.profile"]._lock(partner, company.with_env(order))
            Profile = job["ar.credit.profile"]
            Profile._ensure([partner_id], company.with_env(job))
            self.assertEqual(Profile.search_count([("partner_id", "=", partner_id)]), 1)
