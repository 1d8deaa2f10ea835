from odoo import fields, models


class AgedBalance(models.TransientModel):
    """Asks for a day and opens the items that were open at its end."""

    _name = "ar.aged.balance"
    _description = "Aged balance"

    date = fields.Date("As of", required=True, default=fields.Date.context_today)
    partner_ids = fields.Many2many("res.partner", string="Customers")

    def action_open(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_aged_balance_items"
        )
        action["name"] = self.env._(
            "Aged balance on %(date)s", date=fields.Date.to_string(self.date)
        )
        action["context"] = {
            "ar_as_of": fields.Date.to_string(self.date),
            "search_default_group_partner": 1,
        }
        if self.partner_ids:
            action["domain"] = [("partner_id", "in", self.partner_ids.commercial_partner_id.ids)]
        return action
