"""What makes an invoice's commission be reckoned again: one statement each, and only rows added."""

from odoo import api, models
from odoo.exceptions import UserError

WATCHED = {
    "state",
    "invoice_user_id",
    "team_id",
    "invoice_payment_term_id",
    "commercial_partner_id",
    "partner_id",
    "matched_payment_ids",
}
PAID_BY = {"state", "amount", "date", "currency_id", "invoice_ids"}


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        matches = super().create(vals_list)
        # whoever matches a payment need not know of commissions
        self.env["ar.commission.due"].sudo()._mark_matches(matches.ids)
        return matches

    def unlink(self):
        # as above; asked before they are gone
        self.env["ar.commission.due"].sudo()._mark_matches(self.ids)
        return super().unlink()


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        result = super().write(vals)
        if not WATCHED.isdisjoint(vals):
            # as above
            self.env["ar.commission.due"].sudo()._mark_ids(self.ids)
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
        """The invoices themselves, and those of a customer that have none of their own."""
        # the ledger follows, whoever shared
        moves = self.env["account.move"].sudo()
        customers = self.partner_id.commercial_partner_id
        if customers:
            moves = moves.search(
                [
                    ("commercial_partner_id", "in", customers.ids),
                    ("move_type", "in", ("out_invoice", "out_receipt", "out_refund")),
                    ("state", "=", "posted"),
                ]
            )
        self.env["ar.commission.due"].sudo()._mark_ids((moves | self.move_id).ids)


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
