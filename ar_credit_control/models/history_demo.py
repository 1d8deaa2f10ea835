from odoo import api, models


class Demo(models.AbstractModel):
    """What demo data calls: the builder of a small demo ledger."""

    _name = "ar.demo"
    _description = "Demo ledger"

    @api.model
    def _build_small(self):
        # only needed where demo data is wanted
        from ...demo.company import build_small

        build_small(self.env)
