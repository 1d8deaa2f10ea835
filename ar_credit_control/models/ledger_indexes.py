"""Indexes that the position's statement needs and core has no use for."""

from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    _ar_draft_idx = models.Index(
        "(commercial_partner_id) WHERE state = 'draft'"
        " AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
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
