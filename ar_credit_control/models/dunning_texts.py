from odoo import models


class CreditTexts(models.AbstractModel):
    """What a customer's dunning level says in findings and on the widget."""

    _inherit = "ar.credit.texts"

    def _message(self, finding, company):
        if finding.criterion == "dunning_hold":
            return self.env._(
                "Reminded at dunning level %s, at which orders wait.", finding.params["level"]
            )
        if finding.criterion == "dunning_level":
            return self.env._("Reminded at dunning level %s.", finding.params["level"])
        return super()._message(finding, company)

    def _subject(self, finding):
        if finding.criterion in ("dunning_hold", "dunning_level"):
            return self.env._("Dunning level")
        return super()._subject(finding)

    def _measure(self, finding, company):
        if finding.criterion in ("dunning_hold", "dunning_level"):
            return "", str(finding.params["level"])
        return super()._measure(finding, company)

    def _remedy(self, finding, company):
        if finding.criterion in ("dunning_hold", "dunning_level"):
            return self.env._("payment of the reminded invoices")
        return super()._remedy(finding, company)

    def _chips(self, verdict):
        chips = super()._chips(verdict)
        if not verdict.dunning_level:
            return chips
        return [
            *chips,
            {
                "key": "dunning",
                "label": self.env._("Dunning level %s", verdict.dunning_level),
                "tone": "danger" if verdict.dunning_hold else "warning",
                "icon": "fa-envelope-o",
                "action": "action_ar_dunning_notices",
            },
        ]
