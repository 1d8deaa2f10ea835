from dataclasses import replace

from odoo import fields, models
from odoo.tools import SQL

from ..rules.dunning import Due, outlook


class CreditProfile(models.Model):
    """What a customer is going to hear from us, should nothing be paid."""

    _inherit = "ar.credit.profile"

    def action_dunning_outlook(self):
        """List the notices of the next months."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("If nothing is paid: %s", self.partner_id.display_name),
            "res_model": "ar.dunning.outlook",
            "view_mode": "list",
            "domain": [("id", "in", self._make_outlook().ids)],
            "target": "new",
        }

    def _make_outlook(self):
        """One record for each notice ahead."""
        # who may see the profile may see what follows from it; items stay with accounting
        policy, steps = self.sudo()._get_outlook()
        levels = policy.level_ids
        return self.env["ar.dunning.outlook"].create(
            [
                {
                    "profile_id": self.id,
                    "date": day,
                    "level_id": levels[choice.level - 1].id,
                    "items": len(choice.items),
                    "amount": amount,
                }
                for day, choice, amount in steps
            ]
        )

    def _get_outlook(self):
        """The policy, and (day, ``Choice``, amount) of each notice ahead."""
        today = fields.Date.context_today(self)
        Run = self.env["ar.dunning.run"]
        run = Run.new({"company_id": self.company_id.id, "date": today, "kind": "run"})
        scope = run._get_scope(self.partner_id.ids)
        run._load(replace(scope, run=0, ladders=run._get_ladders_sql(run._get_policies(), True)))
        account = self.env.execute_query(
            SQL("SELECT policy_id, balance, last_date, stop FROM ar_dunning_account")
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT line_id, due, asked::float8, told FROM ar_dunning_item WHERE reason IS NULL"
            )
        )
        policies = self.env["ar.dunning.policy"]
        if not account or account[0][3] not in (None, "interval"):
            return policies, []
        policy_id, balance, last, _stop = account[0]
        policy = policies.browse(policy_id)
        steps = outlook(
            policy._to_rules(policy._get_rate(today)),
            [Due(*row) for row in rows],
            float(balance),
            today,
            last,
            policy.min_interval,
        )
        amounts = {key: asked for key, _due, asked, _told in rows}
        return policy, [
            (day, choice, sum(amounts[key] for key in choice.items)) for day, choice in steps
        ]
