from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules.credit_limit import HOLD, Finding


class CreditRequest(models.TransientModel):
    """The salesperson asks for an order to be let go."""

    _name = "ar.credit.request"
    _description = "Ask for release"

    # whoever may read the order sees what is shown of it: no sudo below
    order_id = fields.Many2one("sale.order", required=True, readonly=True)
    currency_id = fields.Many2one(related="order_id.company_id.currency_id", related_sudo=False)
    state = fields.Selection(related="order_id.state", related_sudo=False)
    amount = fields.Monetary(
        string="New total",
        compute="_compute_amount",
        compute_sudo=False,
        store=True,
        readonly=False,
        help="What the confirmed order shall grow to, taxes included.",
    )
    reason_text = fields.Text(related="order_id.ar_hold_reason", related_sudo=False)
    decider_id = fields.Many2one("res.users", compute="_compute_decider_id")
    note = fields.Text(string="Why it should go", required=True)

    @api.depends("order_id")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.order_id._ar_amount(wizard.order_id.company_id)

    @api.depends("order_id")
    def _compute_decider_id(self):
        """Who is told, so that the salesperson knows whom to remind."""
        for wizard in self:
            hold = wizard.order_id.sudo().ar_hold_id  # a name, which every employee may read
            partner = hold.partner_id or wizard.order_id.partner_invoice_id
            # making the profile on its first need is no decision
            profiles = self.env["ar.credit.profile"].sudo()
            profile = profiles._get_or_create(partner, wizard.order_id.company_id)
            wizard.decider_id = profile._get_credit_manager()

    def action_request(self):
        self.ensure_one()
        self.order_id.check_access("write")
        confirmed = self.state == "sale"
        if confirmed:
            self._hold_increase()
        elif self.order_id.ar_hold_state != "waiting":
            raise UserError(
                self.env._("Nothing holds this order: confirm it, and it will say if it must wait.")
            )
        hold = self.order_id.sudo().ar_hold_id  # whoever may write the order may ask for it
        hold._request(self.note, self.amount if confirmed else None)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _hold_increase(self):
        """Open a hold for the growth of a confirmed order, which itself stays as it is."""
        order = self.order_id.sudo()  # write access to the order was checked
        company = order.company_id
        cleared = order.currency_id._convert(
            order.ar_cleared_amount, company.currency_id, company, fields.Date.context_today(self)
        )
        if company.currency_id.compare_amounts(self.amount, cleared) <= 0:
            raise UserError(
                self.env._("The order is cleared for this total: just change its lines.")
            )
        verdict = order._ar_get_verdicts(company)[order.id]
        vals = order._ar_hold_vals(verdict, from_machine=False)
        self.env["ar.credit.hold"].sudo()._open(
            order,
            {
                **vals,
                "amount": self.amount,
                "findings": vals["findings"] or [Finding("growth", HOLD).to_json()],
            },
        )
