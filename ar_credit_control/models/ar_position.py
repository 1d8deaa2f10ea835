from odoo import models


class ArPosition(models.AbstractModel):
    """The one source of what customers owe."""

    _name = "ar.position"
    _description = "Receivables position"
