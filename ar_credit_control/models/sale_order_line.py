from odoo import api, models

AMOUNT_FIELDS = {
    "product_uom_qty",
    "price_unit",
    "discount",
    "tax_ids",
    "product_id",
    "product_uom_id",
}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        # costs passed on were incurred already, and down payments add nothing to the total
        lines.filtered(lambda line: not (line.is_expense or line.is_downpayment)).order_id.filtered(
            lambda o: o.state == "sale"
        )._ar_check_increase()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if AMOUNT_FIELDS & vals.keys():
            self.order_id._ar_check_increase()
        return result
