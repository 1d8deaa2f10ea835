from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.commission_drawing import PEOPLE
from ..models.commission_ledger import BATCH


class CommissionDraw(models.TransientModel):
    """The statements of everybody for a period, in one go."""

    _name = "ar.commission.draw"
    _description = "Draw commission statements"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id,
        domain="[('parent_id', '=', False)]",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: fields.Date.context_today(self) + relativedelta(months=-1, day=1),
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        default=lambda self: fields.Date.context_today(self) + relativedelta(months=-1, day=31),
    )
    people = fields.Integer(compute="_compute_found")
    entries = fields.Integer(string="Commissions", compute="_compute_found")
    amount = fields.Monetary(compute="_compute_found")
    behind = fields.Integer(
        compute="_compute_found",
        string="Changes to reckon first",
        help="Payments and disputes since the last calculation.",
    )

    @api.depends("company_id", "date_to")
    def _compute_found(self):
        for wizard in self:
            found = self.env["ar.commission.entry"]
            [(people, entries, amount)] = found._read_group(
                found._unstated(wizard.company_id, wizard.date_to),
                [],
                ["payee_id:count_distinct", "__count", "amount:sum"],
            )
            wizard.update({"people": people, "entries": entries, "amount": amount})
            wizard.behind = self.env["ar.commission.due"].search_count(
                [("company_id", "child_of", wizard.company_id.id)]
            )

    def action_draw(self):
        """Draw them, and show those of the period."""
        self.ensure_one()
        if self.date_to < self.date_from:
            raise UserError(self.env._("“Until” lies before “From”: swap them."))
        if self.people > PEOPLE or self.behind > BATCH:
            return self._draw_later()
        # what was matched since the last calculation; statements are drawn with the user's rights
        self.env["ar.commission.due"].sudo()._calculate()
        Statement = self.env["ar.commission.statement"]
        Statement._draw(self.company_id, self.date_from, self.date_to)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_commission_statement"
        )
        period = [("company_id", "=", self.company_id.id), ("date_from", "=", self.date_from)]
        return {**action, "domain": period, "context": {}}

    def _draw_later(self):
        """Very many are drawn by a job, whose progress is shown."""
        drawing = self.env["ar.commission.drawing"].create(
            {
                "company_id": self.company_id.id,
                "date_from": self.date_from,
                "date_to": self.date_to,
                "total": self.people,
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Statements are being drawn"),
            "res_model": drawing._name,
            "res_id": drawing.id,
            "views": [(False, "form")],
        }
