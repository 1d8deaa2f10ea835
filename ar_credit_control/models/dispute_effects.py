"""What a dispute changes elsewhere: reminders, the score, and where it can be opened."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class CreditPolicy(models.Model):
    _inherit = "ar.credit.policy"

    dispute_days = fields.Integer(
        string="Disputes settled within (days)",
        default=14,
        tracking=True,
        help="The deadline that a new dispute gets.",
    )

    _dispute_days_positive = models.Constraint(
        "CHECK(dispute_days BETWEEN 1 AND 365)", "Disputes must be settled within 1 to 365 days."
    )


class DunningLeftOut(models.Model):
    _inherit = "ar.dunning.left.out"

    reason = fields.Selection(
        selection_add=[("disputed", "Disputed")], ondelete={"disputed": "cascade"}
    )


class DunningRun(models.Model):
    """What is disputed is not chased; of an item disputed in part the rest is."""

    _inherit = "ar.dunning.run"

    @api.model
    def _get_never_chased(self, scope):
        return super()._get_never_chased(scope) + [
            SQL(
                """
                SELECT open.line_id, 'disputed'::varchar AS reason,
                       to_char(dispute.deadline, 'YYYY-MM-DD') AS note
                  FROM ar_dispute_line line
                  JOIN ar_dunning_open open ON open.line_id = line.move_line_id
                  JOIN ar_dispute dispute ON dispute.id = line.dispute_id
                 WHERE line.is_open AND line.amount >= open.residual_currency
                """
            )
        ]

    @api.model
    def _get_held_back(self, scope):
        return super()._get_held_back(scope) + [
            SQL(
                """
                SELECT line.move_line_id AS line_id, line.amount FROM ar_dispute_line line
                  JOIN ar_dunning_open open ON open.line_id = line.move_line_id
                 WHERE line.is_open AND line.amount < open.residual_currency
                """
            )
        ]


class Score(models.AbstractModel):
    """A dispute explains a delay; one without ground is a mark against the customer."""

    _inherit = "ar.score"

    @api.model
    def _marks(self):
        return super()._marks() + [
            SQL(
                """
                SELECT item.move_id,
                       dispute.state = 'open' OR dispute.justified IS NOT TRUE AS disputed,
                       CASE WHEN dispute.state = 'resolved' AND dispute.justified
                            THEN dispute.date END AS void_since
                  FROM ar_dispute dispute
                  JOIN ar_dispute_line line ON line.dispute_id = dispute.id
                  JOIN account_move_line item ON item.id = line.move_line_id
                 WHERE dispute.state <> 'cancelled'
                """
            )
        ]

    @api.model
    def _conduct(self, company):
        return super()._conduct(company) + [
            SQL(
                """
                SELECT partner_id, 'dispute', resolved_on, id FROM ar_dispute
                 WHERE company_id = %s AND state = 'resolved' AND justified IS NOT TRUE
                """,
                company.id,
            )
        ]

    def _flush(self):
        for model in ("ar.dispute", "ar.dispute.line"):
            self.env[model].flush_model()
        return super()._flush()


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_ar_dispute(self):
        """A new dispute of the customer, to be filled in."""
        self.ensure_one()
        Dispute = self.env["ar.dispute"]
        Dispute.check_access("create")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New dispute"),
            "res_model": Dispute._name,
            "views": [(False, "form")],
            "context": {"default_partner_id": self.commercial_partner_id.id},
        }


class AccountMove(models.Model):
    _inherit = "account.move"

    ar_dispute_count = fields.Integer(compute="_compute_ar_dispute_count")

    @api.depends("line_ids")
    def _compute_ar_dispute_count(self):
        groups = self.env["ar.dispute.line"]._read_group(
            [("move_line_id.move_id", "in", self.ids)], ["move_line_id"], ["__count"]
        )
        counts = {}
        for item, count in groups:
            counts[item.move_id.id] = counts.get(item.move_id.id, 0) + count
        for move in self:
            move.ar_dispute_count = counts.get(move._origin.id, 0)

    def action_ar_dispute(self):
        """A dispute about what is open of this invoice."""
        self.ensure_one()
        items = self.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and line.amount_residual > 0
        )
        if self.state != "posted" or not items:
            raise UserError(self.env._("Nothing of this invoice is open: there is nothing to ask."))
        action = self.commercial_partner_id.action_ar_dispute()
        lines = [fields.Command.create({"item_id": item.id}) for item in items]
        return {**action, "context": {**action["context"], "default_line_ids": lines}}

    def action_ar_disputes(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_dispute"
        )
        domain = [("line_ids.move_line_id.move_id", "=", self.id)]
        return {**action, "domain": domain, "context": {}}
