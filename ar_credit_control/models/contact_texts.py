from odoo import fields, models


class CreditTexts(models.AbstractModel):
    """When a customer was last spoken with, on the widget, and how."""

    _inherit = "ar.credit.texts"

    def _figures(self, verdict):
        return {**super()._figures(verdict), "last_contact": self._last_contact(verdict.contact)}

    def _last_contact(self, contact):
        if not contact:
            return False
        date, channel, outcome, level_id = contact
        day = fields.Datetime.context_timestamp(self, date).date()
        if level_id:  # the name of a level is no secret
            label = self.env["ar.dunning.level"].sudo().browse(level_id).name
        else:
            label = self.env["ar.contact"]._get_label(channel, outcome)
        return {"date": fields.Date.to_string(day), "label": label}
