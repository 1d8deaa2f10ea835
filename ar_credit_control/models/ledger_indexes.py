"""Indexes that the position's statement needs and core has no use for."""

from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # Open items and drafts alone, with all that is summed: core's index of the same lines is asked
    # once for each receivable account, and the lines themselves lie scattered over a large table.
    _ar_open_idx = models.Index(
        "(partner_id) INCLUDE (account_id, company_id, currency_id, amount_residual,"
        " amount_residual_currency, date_maturity, date, parent_state, display_type)"
        " WHERE parent_state IN ('posted', 'draft') AND reconciled IS NOT TRUE"
        " AND (amount_residual <> 0 OR amount_residual_currency <> 0)"
    )


class AccountPayment(models.Model):
    _inherit = "account.payment"

    _ar_pending_idx = models.Index(
        "(partner_id) WHERE move_id IS NULL AND state IN ('in_process', 'paid')"
    )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    _ar_to_invoice_idx = models.Index(
        "(partner_invoice_id) WHERE state = 'sale' AND invoice_status <> 'invoiced'"
    )
