from odoo import api, fields, models

CONTESTED = ("refused_by_buyer", "disputed")


class DeliveryProblem(models.Model):
    """What a buyer refuses or holds up is a dispute, with the buyer's own reason."""

    _inherit = "ar.delivery.problem"

    dispute_id = fields.Many2one("ar.dispute", readonly=True, ondelete="set null")

    def _raise_disputes(self):
        """Open a dispute about what is still open of each refused invoice."""
        wanted = self.filtered(lambda p: p.outcome in CONTESTED and not p.doubtful)
        items = wanted._get_items()
        vals_list, problems = [], self.browse()
        for problem in wanted:
            own = items.filtered(lambda item, move=problem.move_id: item.move_id == move)
            if own and problem.dispute_id.state != "open":
                vals_list.append(problem._get_dispute_vals(own))
                problems += problem
        if vals_list:
            disputes = self.env["ar.dispute"].create(vals_list)
            for problem, dispute in zip(problems, disputes, strict=True):
                problem.dispute_id = dispute

    def _get_items(self):
        """Open items of these invoices that nobody disputes yet."""
        items = self.env["account.move.line"].search(
            [
                ("move_id", "in", self.move_id.ids),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual", ">", 0),
            ]
        )
        taken = self.env["ar.dispute.line"]._find_taken(items.ids)
        return items.filtered(lambda item: item.id not in taken)

    def _get_dispute_vals(self, items):
        return {
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.root_id.id,
            "reason": "invoice_data" if self.outcome == "refused_by_buyer" else "other",
            "channel": "other",
            "note": self.text,
            "user_id": self.user_id.id,
            "line_ids": [fields.Command.create({"move_line_id": item.id}) for item in items],
        }

    def _close(self, reason):
        """A refusal that the exchange takes back ends its dispute; a person's click does not."""
        result = super()._close(reason)
        if reason in ("delivered", "replaced"):
            disputes = self.dispute_id.filtered(lambda dispute: dispute.state == "open")
            if disputes:
                disputes._close({"state": "cancelled"})
        return result

    @api.model
    def _open(self, account, effects, source):
        opened = super()._open(account, effects, source)
        opened._raise_disputes()
        return opened

    def action_confirm(self):
        result = super().action_confirm()
        self.sudo()._raise_disputes()  # safe: asked for by the method above
        return result

    def action_open_dispute(self):
        self.ensure_one()
        return self.dispute_id.get_formview_action()
