from odoo import fields, models

from ..models.order_paid import money_share


class SaleReport(models.Model):
    """What was paid beside what was invoiced, for instance by salesperson."""

    _inherit = "sale.report"

    ar_amount_paid = fields.Monetary(
        string="Untaxed Amount Paid",
        readonly=True,
        help="Of the invoiced amount, the part that came in as money.",
    )

    def _select_additional_fields(self):
        self.env["sale.order"]._ar_flush_paid()
        return {**super()._select_additional_fields(), "ar_amount_paid": self._ar_amount_paid()}

    def _ar_amount_paid(self):
        """Text of the column: the report's query is made of text, not of ``SQL``."""
        share = money_share(self.env["sale.order"]._ar_journals())
        mogrified = self.env.cr.mogrify(share.code, share.params)
        return f"""
            SUM((SELECT SUM(-invoiced.balance
                            * {mogrified.decode(self.env.cr.connection.encoding)})
                   FROM sale_order_line_invoice_rel rel
                   JOIN account_move_line invoiced ON invoiced.id = rel.invoice_line_id
                   JOIN account_move move ON move.id = invoiced.move_id
                  WHERE rel.order_line_id = l.id AND move.state = 'posted'
                    AND move.move_type = 'out_invoice'))
            * {self._case_value_or_one("account_currency_table.rate")}"""
