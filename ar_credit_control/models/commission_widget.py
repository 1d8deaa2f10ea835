"""On the widget, what its reader would earn if this customer paid."""

from odoo import api, models


class CreditTexts(models.AbstractModel):
    _inherit = "ar.credit.texts"

    @api.model
    def _foresee(self, company, customer_ids):
        """One query for all of the customers, and none where nobody earns commission."""
        texts = super()._foresee(company, customer_ids)
        if not self.env["ar.commission.version"]._is_any_active():
            return texts
        # his own commission; of the customers only what is visible is shown
        waiting = self.env["ar.commission.waiting"].sudo()
        stakes = waiting._stakes(self.env.user, customer_ids, company)
        return texts.with_context(ar_commission_stakes=stakes)

    @api.model
    def _payload(self, company, verdict, visible):
        payload = super()._payload(company, verdict, visible)
        stake = self.env.context.get("ar_commission_stakes", {}).get(verdict.position.partner_id)
        if visible and stake:
            payload["chips"].append(self._stake_chip(company, stake))
        return payload

    def _stake_chip(self, company, stake):
        money, _day = self._formats(company)
        return {
            "key": "commission",
            "label": self.env._("Your commission waiting here: %s", money(stake)),
            "title": self.env._("Yours once the customer pays what is open."),
            "tone": "success",
            "icon": "fa-money",
            "action": "action_ar_commission_waiting",
        }


class ResPartner(models.Model):
    """What the chip opens."""

    _inherit = "res.partner"

    def action_ar_commission_waiting(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_commission_waiting"
        )
        own = [
            ("partner_id", "=", self.commercial_partner_id.id),
            ("payee_id", "=", self.env.user.partner_id.id),
        ]
        return {**action, "domain": own, "context": {}}
