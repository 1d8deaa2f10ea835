from odoo import api, models


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
            payload["actions"]["dispute"] = owes and self.env["ar.dispute"].has_access("create")
        return payload

    def _claim_chips(self, position, company):
        if not position.disputed:
            return []
        money, _day = self._formats(company)
        return [
            {
                "key": "disputed",
                "label": self.env._("Disputed %s", money(position.disputed)),
                "tone": "warning",
                "icon": "fa-comments-o",
            }
        ]
