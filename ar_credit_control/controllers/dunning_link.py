from odoo import http
from odoo.http import request


class InvoiceLink(http.Controller):
    """What the links in notices lead to: core's own page of the invoice."""

    @http.route(
        "/ar/invoice/<int:move_id>/<string:signature>",
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
    )
    def invoice(self, move_id, signature, **_kwargs):
        """Whoever holds the link may open this one invoice; all else is answered alike."""
        # safe: the signature, which only this database can make, is checked before anything is read
        move = request.env["account.move"].sudo()._ar_from_signature(move_id, signature)
        if not move:
            raise request.not_found()
        return request.redirect(
            f"/my/invoices/{move.id}?access_token={move._portal_ensure_token()}"
        )
