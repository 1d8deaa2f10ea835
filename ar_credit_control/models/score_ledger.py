"""What the ledger does not keep of its own changes is noted for the next run: a row, no more."""

from odoo import fields, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """A matching that is undone leaves no trace behind."""
        lines = self.debit_move_id.filtered(
            lambda line: line.account_type == "asset_receivable" and line.partner_id
        )
        pairs = [(line.partner_id, line.company_id) for line in lines]
        result = super().unlink()
        if pairs:
            self.env["ar.score.news"]._note(pairs)
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        """An invoice that is overdue already enters the books, or leaves them."""
        result = super().write(vals)
        if "state" in vals:
            today = fields.Date.context_today(self)
            overdue = self.filtered(
                lambda move: move.move_type in ("out_invoice", "out_receipt")
                and move.invoice_date_due
                and move.invoice_date_due < today
            )
            if overdue:
                pairs = [(move.partner_id, move.company_id) for move in overdue]
                self.env["ar.score.news"]._note(pairs)
        return result


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def write(self, vals):
        """A payment that the bank rejects."""
        result = super().write(vals)
        if vals.get("state") in ("rejected", "canceled", "draft"):
            customers = self.filtered(lambda payment: payment.partner_type == "customer")
            if customers:
                pairs = [(payment.partner_id, payment.company_id) for payment in customers]
                self.env["ar.score.news"]._note(pairs)
        return result
