"""What a promise changes elsewhere: reminders, the score, and where it can be written down."""

from odoo import api, fields, models
from odoo.tools import SQL


class CreditPolicy(models.Model):
    _inherit = "ar.credit.policy"

    promise_days = fields.Integer(
        string="Wait for promised money (days)",
        default=2,
        tracking=True,
        help="A promise is broken when its money has not come so many days after its day.",
    )
    promise_amount = fields.Monetary(
        string="A promise may be short by",
        default=1.0,
        tracking=True,
        help="Bank charges, or a rounded amount, break no promise.",
    )
    promise_max_days = fields.Integer(
        string="Promise within (days)",
        default=30,
        tracking=True,
        help="How far away a day customers and salespeople may name; collectors may name any.",
    )
    promise_max_open = fields.Integer(
        string="Open promises at most",
        default=2,
        tracking=True,
        help="How many promises customers and salespeople may make at a time.",
    )

    _promise_limits = models.Constraint(
        "CHECK(promise_days BETWEEN 0 AND 30 AND promise_amount >= 0"
        " AND promise_max_days BETWEEN 1 AND 365 AND promise_max_open >= 0)",
        "Promises: wait 0 to 30 days, short by 0 or more, within 1 to 365 days, 0 or more open.",
    )


class DunningLeftOut(models.Model):
    _inherit = "ar.dunning.left.out"

    reason = fields.Selection(
        selection_add=[("promised", "Promised"), ("instalments", "Paid in instalments")],
        ondelete={"promised": "cascade", "instalments": "cascade"},
    )


class DunningRun(models.Model):
    """Nobody is reminded of what he has promised, until the day has passed."""

    _inherit = "ar.dunning.run"

    @api.model
    def _get_never_chased(self, scope):
        return super()._get_never_chased(scope) + [
            SQL(
                """
                SELECT open.line_id, 'promised'::varchar AS reason,
                       to_char(promise.date, 'YYYY-MM-DD') AS note
                  FROM ar_promise_line line
                  JOIN ar_dunning_open open ON open.line_id = line.move_line_id
                  JOIN ar_promise promise ON promise.id = line.promise_id
                 WHERE line.is_open AND promise.last_day >= %s::date
                """,
                scope.date,
            ),
            SQL(
                """
                SELECT open.line_id, 'instalments'::varchar AS reason, NULL::varchar AS note
                  FROM ar_promise_line line
                  JOIN ar_dunning_open open ON open.line_id = line.move_line_id
                 WHERE line.is_open AND line.plan_id IS NOT NULL
                """
            ),
        ]


class Score(models.AbstractModel):
    """A broken promise is a mark against the customer."""

    _inherit = "ar.score"

    @api.model
    def _conduct(self, company):
        return super()._conduct(company) + [
            SQL(
                """
                SELECT partner_id, 'promise', judged_on, id FROM ar_promise
                 WHERE company_id = %s AND state = 'broken'
                """,
                company.id,
            )
        ]

    def _flush(self):
        self.env["ar.promise"].flush_model()
        return super()._flush()


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_ar_promise(self):
        """A new promise about what is overdue and not promised yet, to be filled in."""
        return self._ar_new_promise("ar.promise", self.env._("New promise to pay"))

    def action_ar_plan(self):
        """A new instalment plan about the same."""
        return self._ar_new_promise("ar.instalment.plan", self.env._("New instalment plan"))

    def _ar_new_promise(self, model, title):
        self.ensure_one()
        self.env[model].check_access("create")
        lines = [fields.Command.create({"item_id": key}) for key in self._ar_to_promise().ids]
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": model,
            "views": [(False, "form")],
            "context": {
                "default_partner_id": self.commercial_partner_id.id,
                "default_line_ids": lines,
            },
        }

    def _ar_to_promise(self):
        """Overdue items of the current company, in one currency, that no open promise is about."""
        items = self.env["ar.open.item"].search(
            [
                ("partner_id", "=", self.commercial_partner_id.id),
                ("root_company_id", "=", self.env.company.root_id.id),
                ("residual", ">", 0),
                ("days_overdue", ">", 0),
            ]
        )
        taken = self.env["ar.promise.line"]._find_taken(items.ids)
        free = items.filtered(lambda item: item.id not in taken)
        return free.filtered(lambda item: item.currency_id == free[0].currency_id)
