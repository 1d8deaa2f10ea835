from odoo import api, models
from odoo.exceptions import AccessError

# Odoo stores these and lets programs write them, and the position rests on them.
COMPUTED = {"price_subtotal", "price_total", "price_tax", "qty_invoiced", "qty_to_invoice"}
# What a line is, is said when it is made.
KINDS = {"is_downpayment", "is_expense"}
AMOUNT_FIELDS = {
    "order_id",
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
        for vals in vals_list:
            self._ar_guard(vals, COMPUTED)
        lines = super().create(vals_list)
        lines._ar_check_down_payments()
        judged = lines
        # costs that accounting passes on were incurred already; others only call them so
        if self.env.su or self.env.user.has_group("account.group_account_invoice"):
            judged = lines.filtered(lambda line: not line.is_expense)
        judged.order_id.filtered(lambda o: o.state == "sale")._ar_check_increase()
        return lines

    def write(self, vals):
        self._ar_guard(vals, COMPUTED | KINDS)
        result = super().write(vals)
        if AMOUNT_FIELDS & vals.keys():
            self._ar_check_down_payments()
            self.order_id._ar_check_increase()
        return result

    def _ar_check_down_payments(self):
        """Totals leave down payments out: one with a quantity would be sold past the check."""
        if not self.env.su and any(line.is_downpayment and line.product_uom_qty for line in self):
            raise AccessError(self.env._("A down payment has no quantity: sell an ordinary line."))

    def _ar_guard(self, vals, closed):
        if not self.env.su and closed & vals.keys():
            raise AccessError(
                self.env._(
                    "%s cannot be typed in: it follows from the order and its invoices.",
                    ", ".join(self._fields[name].string for name in sorted(closed & vals.keys())),
                )
            )
