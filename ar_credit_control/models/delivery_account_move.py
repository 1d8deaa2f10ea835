from odoo import api, fields, models

from .delivery_problem import OUTCOMES

SEEN_BY = (
    "sales_team.group_sale_salesman,account.group_account_invoice,"
    "account.group_account_readonly,ar_credit_control.group_auditor"
)


class AccountMove(models.Model):
    _inherit = "account.move"

    ar_delivery_problem_ids = fields.One2many(
        "ar.delivery.problem", "move_id", string="Delivery problems", groups=SEEN_BY
    )
    ar_delivery_state = fields.Selection(
        OUTCOMES,
        string="Delivery problem",
        compute="_compute_ar_delivery_state",
        search="_search_ar_delivery_state",
        groups=SEEN_BY,
        help="What the e-invoice exchange said of the invoice, until somebody has mended it.",
    )
    ar_delivery_text = fields.Char(compute="_compute_ar_delivery_state", groups=SEEN_BY)

    def write(self, vals):
        """An invoice that is cancelled has nobody waiting for its delivery."""
        result = super().write(vals)
        if vals.get("state") == "cancel":
            # safe: whoever may cancel the invoice ends what is open about it
            problems = self.env["ar.delivery.problem"].sudo()
            domain = [("move_id", "in", self.ids), ("state", "!=", "closed")]
            problems.search(domain)._close("void")
        return result

    @api.depends("ar_delivery_problem_ids.state", "ar_delivery_problem_ids.outcome")
    def _compute_ar_delivery_state(self):
        self.ar_delivery_state = False
        self.ar_delivery_text = False
        # safe: who sees the invoice sees that it did not arrive
        found = (
            self.env["ar.delivery.problem"]
            .sudo()
            .search([("move_id", "in", self.ids), ("state", "!=", "closed")], order="id")
        )
        for problem in found:
            move = self.browse(problem.move_id.id)
            move.ar_delivery_state = problem.outcome
            move.ar_delivery_text = problem.text

    @api.model
    def _search_ar_delivery_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = [outcome for outcome in value if outcome]
        # safe: ids of invoices, which the caller's own rules filter
        problems = self.env["ar.delivery.problem"].sudo()
        inner = problems._search([("state", "!=", "closed"), ("outcome", "in", wanted)])
        domain = fields.Domain("id", "in", inner.subselect("move_id"))
        if False in value:
            none = problems._search([("state", "!=", "closed")])
            domain |= fields.Domain("id", "not in", none.subselect("move_id"))
        return domain

    def action_open_delivery_problems(self):
        self.ensure_one()
        problems = self.ar_delivery_problem_ids
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Delivery problems"),
            "res_model": "ar.delivery.problem",
        }
        if len(problems) == 1:
            return action | {"res_id": problems.id, "view_mode": "form", "views": [(False, "form")]}
        return action | {"view_mode": "list,form", "domain": [("move_id", "=", self.id)]}
