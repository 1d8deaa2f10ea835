"""Links of notices to the portal's pages, signed instead of stored.

Core's own links carry a token that is kept on the invoice. To give one to each invoice of a run
would write to the ledger, and wait for whoever is booking a payment just then; so a link of ours is
signed with the database's secret, and the token is made when somebody opens it.
"""

import hmac

from odoo import api, models
from odoo.tools import consteq

SCOPE = "ar_credit_control.invoice"
LENGTH = 32  # hexadecimal digits: 128 bits, half of what the function yields


class AccountMove(models.Model):
    _inherit = "account.move"

    def _ar_signed_paths(self):
        """``{id: address below the company's own}`` that opens an invoice without a login."""
        # safe: the secret signs, and is not told
        secret = self.env["ir.config_parameter"].sudo().get_param("database.secret").encode()
        return {key: f"/ar/invoice/{key}/{_sign(secret, key)}" for key in self.ids}

    @api.model
    def _ar_from_signature(self, move_id, signature):
        """The invoice that a signed address names; nothing where the signature is not its own."""
        move = self.browse(move_id)
        own = move._ar_signed_paths()[move_id].rpartition("/")[2]
        if not (signature.isascii() and consteq(own, signature)):
            return self.browse()
        return move.exists().filtered(lambda m: m.is_invoice(include_receipts=True))


def _sign(secret, key):
    message = repr((SCOPE, key)).encode()
    return hmac.digest(secret, message, "sha256").hex()[:LENGTH]
