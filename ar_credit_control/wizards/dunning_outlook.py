from odoo import fields, models


class DunningOutlook(models.TransientModel):
    """A notice ahead."""

    _name = "ar.dunning.outlook"
    _description = "Dunning outlook"
    _order = "date"

    profile_id = fields.Many2one("ar.credit.profile", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="profile_id.currency_id")
    date = fields.Date(required=True)
    level_id = fields.Many2one("ar.dunning.level", required=True, ondelete="cascade")
    channel = fields.Char(related="level_id.channel")
    items = fields.Integer()
    amount = fields.Monetary()
