"""What makes an invoice's commission be reckoned again: one statement each, and only rows added."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

WATCHED = {
    "state",
    "invoice_user_id",
    "team_id",
    "invoice_payment_term_id",
    "commercial_partner_id",
    "partner_id",
    "matched_payment_ids",
}
ORDERED = {
    "state",
    "user_id",
    "team_id",
    "partner_id",
    "payment_term_id",
    "date_order",
    "currency_id",
    "order_line",
}
PRICED = {"product_id", "product_uom_qty", "price_unit", "discount", "tax_ids", "purchase_price"}
PAID_BY = {"state", "amount", "date", "currency_id", "invoice_ids"}


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        matches = super().create(vals_list)
        # whoever matches a payment need not know of commissions
        self.env["ar.commission.due"].sudo()._mark_lines(matches._line_ids())
        return matches

    def unlink(self):
        # as above; asked before they are gone
        self.env["ar.commission.due"].sudo()._mark_lines(self._line_ids())
        return super().unlink()

    def _line_ids(self):
        return (self.debit_move_id | self.credit_move_id).ids


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        result = super().write(vals)
        if not WATCHED.isdisjoint(vals):
            # as above
            due = self.env["ar.commission.due"].sudo()
            due._mark_ids(self.ids)
            if "state" in vals:  # the invoice takes the place of its orders
                due._mark_orders(_orders_of(self.ids))
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_without_commission(self):
        # only whether there are any, which nobody else is told
        entries = self.env["ar.commission.entry"].sudo()
        if found := entries.search([("move_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "%s has earned commission, which the ledger keeps: cancel it instead.",
                    found.move_id.display_name,
                )
            )


def _orders_of(move_ids):
    return SQL(
        """SELECT sold.order_id FROM account_move_line bill
             JOIN sale_order_line_invoice_rel rel ON rel.invoice_line_id = bill.id
             JOIN sale_order_line sold ON sold.id = rel.order_line_id
            WHERE bill.move_id = ANY(%s)""",
        list(move_ids),
    )


class SaleOrder(models.Model):
    """A confirmed order may earn a part, until its invoice takes its place."""

    _inherit = "sale.order"

    def write(self, vals):
        result = super().write(vals)
        if not ORDERED.isdisjoint(vals):
            self._mark_commission()
        return result

    def _mark_commission(self):
        if not self.env["ar.commission.version"]._asks_for_orders():
            return
        confirmed = self.filtered(lambda order: order.state in ("sale", "cancel"))
        # whoever sells need not know of commissions
        due = self.env["ar.commission.due"].sudo()
        due._mark_orders(SQL("SELECT unnest(%s::int[])", confirmed.ids))

    @api.ondelete(at_uninstall=False)
    def _unlink_without_commission(self):
        # only whether there are any, which nobody else is told
        entries = self.env["ar.commission.entry"].sudo()
        if found := entries.search([("order_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "%s has earned commission, which the ledger keeps: leave it cancelled.",
                    found.order_id.display_name,
                )
            )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.order_id._mark_commission()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if not PRICED.isdisjoint(vals):
            self.order_id._mark_commission()
        return result

    def unlink(self):
        self.order_id._mark_commission()
        return super().unlink()


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def write(self, vals):
        result = super().write(vals)
        if not PAID_BY.isdisjoint(vals):
            # as above
            invoices = self.sudo().invoice_ids
            self.env["ar.commission.due"].sudo()._mark_ids(invoices.ids)
        return result


class CommissionWaiver(models.Model):
    _inherit = "ar.commission.waiver"

    @api.model_create_multi
    def create(self, vals_list):
        waivers = super().create(vals_list)
        self.env["ar.commission.due"]._mark_ids(waivers.move_id.ids)
        return waivers

    def write(self, vals):
        if vals.keys() - {"active"}:
            raise UserError(
                self.env._("A waiver does not change: archive it, and grant another one.")
            )
        self.env["ar.commission.due"]._mark_ids(self.move_id.ids)
        return super().write(vals)


class CommissionShare(models.Model):
    _inherit = "ar.commission.share"

    @api.model_create_multi
    def create(self, vals_list):
        shares = super().create(vals_list)
        shares._mark()
        return shares

    def write(self, vals):
        self._mark()
        result = super().write(vals)
        self._mark()
        return result

    def unlink(self):
        self._mark()
        return super().unlink()

    def _mark(self):
        """Invoices and orders themselves, and those of a customer that have none of their own."""
        # the ledger follows, whoever shared
        moves = self.env["account.move"].sudo()
        orders = self.env["sale.order"].sudo()
        customers = self.partner_id.commercial_partner_id
        if customers:
            moves = moves.search(
                [
                    ("commercial_partner_id", "in", customers.ids),
                    ("move_type", "in", ("out_invoice", "out_receipt", "out_refund")),
                    ("state", "=", "posted"),
                ]
            )
            orders = orders.search(
                [("partner_id.commercial_partner_id", "in", customers.ids), ("state", "=", "sale")]
            )
        self.env["ar.commission.due"].sudo()._mark_ids((moves | self.move_id).ids)
        (orders | self.order_id)._mark_commission()


class DisputeLine(models.Model):
    """Commission waits while an invoice is disputed."""

    _inherit = "ar.dispute.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._mark_commission()
        return lines

    def unlink(self):
        self._mark_commission()
        return super().unlink()

    def _mark_commission(self):
        # who disputes need not know of commissions
        moves = self.sudo().move_line_id.move_id
        self.env["ar.commission.due"].sudo()._mark_ids(moves.ids)


class Dispute(models.Model):
    _inherit = "ar.dispute"

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self.line_ids._mark_commission()
        return result
