from odoo import http
from odoo.http import request


class ExchangeWebhook(http.Controller):
    """Providers knock here when they have news; what they send along is never looked at."""

    @http.route(
        "/ar_credit_control/exchange/<string:token>",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        csrf=False,
        save_session=False,
    )
    def knock(self, token, **_content):
        """Wake the account whose signed address this is; everything else is answered alike."""
        # safe: the token is signed, and all that it opens is an early reading of that account
        accounts = request.env["ar.exchange.account"].sudo()
        account = accounts._verify_webhook(token)
        if not account:
            return request.make_response("", status=404)
        account._wake_up()
        return request.make_response("", status=204)
