"""Links of notices to the portal's pages, signed instead of stored.

Core's own links carry a token that is kept on the invoice. To give one to each invoice of a run
would write to the ledger, and wait for whoever is booking a payment just then; so a link of ours is
signed with the database's secret, and the token is made when somebody opens it.
"""

from odoo import api, models
from odoo.tools import consteq
from odoo.tools import hmac as sign

SCOPE = "ar_credit_control.invoice"
LENGTH = 32  # hexadecimal digits: 128 bits, half of what the function yields


class AccountMove(models.Model):
    _inherit = "account.move"

    def _ar_signed_path(self):
        """The address below the company's own that opens this invoice without a login."""
        return f"/ar/invoice/{self.id}/{self._ar_signature()}"

    def _ar_signature(self):
        # safe: the secret signs, and is not told
        return sign(self.env(su=True), SCOPE, self.id)[:LENGTH]

    @api.model
    def _ar_from_signature(self, move_id, signature):
        """The invoice that a signed address names; nothing where the signature is not its own."""
        move = self.browse(move_id)
        if not (signature.isascii() and consteq(move._ar_signature(), signature)):
            return self.browse()
        return move.exists().filtered(lambda m: m.is_invoice(include_receipts=True))


class DunningNotice(models.Model):
    _inherit = "ar.dunning.notice"

    def _get_payment_link(self):
        """The portal's page of the invoice, or of all that are overdue."""
        link = self.line_ids._get_link() if len(self.line_ids) == 1 else None
        return link or f"{self.get_base_url()}/my/invoices?filterby=overdue_invoices"


class DunningNoticeLine(models.Model):
    _inherit = "ar.dunning.notice.line"

    def _get_link(self):
        """The portal's page of the invoice, which needs no login."""
        move = self.move_line_id.move_id
        if not move.is_invoice(include_receipts=True):
            return None
        return f"{move.get_base_url()}{move._ar_signed_path()}"
