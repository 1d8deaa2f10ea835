from odoo import api, fields, models

from .res_partner import SALES_GROUPS


class CreditTexts(models.AbstractModel):
    """What customers dispute and promise stands on the widget as chips."""

    _inherit = "ar.credit.texts"

    @api.model
    def _payload(self, company, verdict, visible):
        payload = super()._payload(company, verdict, visible)
        if visible:
            position = verdict.position
            payload["chips"] += self._claim_chips(position, company)
            owes = position.not_due + position.overdue > 0
            for key in ("dispute", "promise"):
                payload["actions"][key] = owes and self.env[f"ar.{key}"].has_access("create")
        return payload

    def _claim_chips(self, position, company):
        money, _day = self._formats(company)
        chips = (
            ("dispute", position.disputed, self.env._("Disputed %s"), "fa-comments-o"),
            ("promise", position.promised, self.env._("Promised %s"), "fa-handshake-o"),
        )
        return [
            {
                "key": key,
                "label": label % money(amount),
                "tone": "info",
                "icon": icon,
                "action": f"action_ar_{key}s",
            }
            for key, amount, label, icon in chips
            if amount
        ]


class ResPartner(models.Model):
    """What a chip opens."""

    _inherit = "res.partner"

    ar_disputed = fields.Monetary(
        compute="_compute_ar_disputed",
        string="Disputed",
        currency_field="ar_currency_id",
        groups=SALES_GROUPS,
        help="What the customer contests of its open invoices.",
    )

    def _compute_ar_disputed(self):
        positions = self.env["ar.position"]._get_positions(self._ar_filter_visible() & self)
        for partner in self:
            position = positions.get(partner._origin.id)
            partner.ar_disputed = position.disputed if position else 0.0

    def action_ar_disputes(self):
        return self._ar_claims("ar_credit_control.action_ar_dispute")

    def action_ar_promises(self):
        return self._ar_claims("ar_credit_control.action_ar_promise")

    def _ar_claims(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        domain = [("partner_id", "=", self.commercial_partner_id.id), ("state", "=", "open")]
        return {**action, "domain": domain, "context": {}}
