from odoo import api, models
from odoo.exceptions import AccessError

# Odoo stores these and lets programs write them, and the position rests on them.
COMPUTED = {
    "price_subtotal",
    "price_total",
    "price_tax",
    "qty_invoiced",
    "qty_to_invoice",
    "invoice_lines",
}
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
    "extra_tax_data",
}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.default_get(list(COMPUTED))  # of a context or a user: given like values
        for vals in vals_list:
            self._ar_guard({**defaults, **vals}, COMPUTED)
        lines = super().create(vals_list)
        lines._ar_check_down_payments()
        lines._ar_check_rounding()
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
            self._ar_check_rounding()
            self.order_id._ar_check_increase()
        return result

    def _ar_check_down_payments(self):
        """Totals leave down payments out: one with a quantity would be sold past the check."""
        if not self.env.su and any(line.is_downpayment and line.product_uom_qty for line in self):
            raise AccessError(self.env._("A down payment has no quantity: sell an ordinary line."))

    def _ar_check_rounding(self):
        """Amounts kept with a line, as core keeps those of a discount on the whole order, settle
        its cents: whatever they say beyond that would be sold past the check."""
        if self.env.su:
            return
        for line in self.filtered("extra_tax_data"):
            kept, plain = line._ar_total(line.extra_tax_data), line._ar_total({})
            cents = line.currency_id.rounding * (len(line.order_id.order_line) + 1)
            if abs(kept - plain) > cents:
                raise AccessError(
                    self.env._("%s: an amount follows from quantity and price.", line.name)
                )

    def _ar_total(self, extra_tax_data):
        base_line = self._prepare_base_line_for_taxes_computation(extra_tax_data=extra_tax_data)
        taxes = self.env["account.tax"]
        taxes._add_tax_details_in_base_line(base_line, self.company_id)
        taxes._round_base_lines_tax_details([base_line], self.company_id)
        return base_line["tax_details"]["total_included_currency"]

    def _ar_guard(self, vals, closed):
        if self.env.su:
            return
        # the form sends an empty list of invoices with every new line
        typed = sorted(closed & {name for name in vals if vals[name] != []})
        if typed:
            raise AccessError(
                self.env._(
                    "%s cannot be typed in: it follows from the order and its invoices.",
                    ", ".join(self._fields[name].string for name in typed),
                )
            )
