from odoo import fields, models
from odoo.tools import consteq
from odoo.tools.misc import hash_sign, verify_hash_signed

from ...connectors.contract import Message

ENDINGS = (".xml", ".p7m", ".zip", ".eml", ".json")
# Certified mail wraps every message with its own papers.
PAPERS = ("daticert.xml", "smime.p7s")
SCOPE = "ar_exchange_webhook"


class ExchangeAccount(models.Model):
    """What comes without being asked for: certified mail, and a provider's knock."""

    _name = "ar.exchange.account"
    _inherit = ["ar.exchange.account", "mail.alias.mixin.optional"]

    webhook_url = fields.Char(
        compute="_compute_webhook_url",
        string="Webhook",
        groups="ar_credit_control.group_credit_manager",
        help="Give it to the provider: a call of this address reads the account at once.",
    )
    webhook_serial = fields.Integer(
        default=1, copy=False, readonly=True, groups="base.group_system"
    )

    def _compute_webhook_url(self):
        for account in self:
            token = account._get_webhook_token() if account.id else ""
            base = account.get_base_url()
            account.webhook_url = token and f"{base}/ar_credit_control/exchange/{token}"

    def _get_webhook_token(self):
        # safe: the number is part of the signature and not shown
        values = [self.id, self.sudo().webhook_serial]
        return hash_sign(self.env(su=True), SCOPE, values)

    def action_renew_webhook(self):
        """Make a new address; the old one wakes nobody any more."""
        self.check_access("write")
        for account in self.sudo():  # safe: who may write the account may renew its address
            account.webhook_serial += 1

    def _verify_webhook(self, token):
        """The account whose signed address this is, or none."""
        if not token.isascii() or len(token) > 300:
            return self.browse()
        try:
            values = verify_hash_signed(self.env, SCOPE, token)
        except (ValueError, AssertionError, IndexError):
            values = None
        if not values:
            return self.browse()
        account = self.browse(values[0]).exists()
        serial = str(account.webhook_serial)
        known = account.active and account.is_feed and consteq(serial, str(values[1]))
        return account if known else self.browse()

    # ------------------------------------------------------------------ mail
    def _alias_get_creation_values(self):
        values = super()._alias_get_creation_values()
        values["alias_model_id"] = self.env["ir.model"]._get_id("ar.exchange.account")
        if self.id:
            values["alias_force_thread_id"] = self.id
            values["alias_parent_model_id"] = values["alias_model_id"]
            values["alias_parent_thread_id"] = self.id
        return values

    def message_update(self, msg_dict, update_vals=None):
        """Messages that certified mail brings; anybody can write a mail, so none is trusted."""
        result = super().message_update(msg_dict, update_vals)
        messages = [
            Message("mail", "", _as_bytes(content), name)
            for name, content, *_info in msg_dict.get("attachments") or []
            if name and name.lower().endswith(ENDINGS) and name.lower() not in PAPERS
        ]
        if messages:
            # safe: stores messages as they came; none of them is taken for genuine
            self.sudo()._take_in_safely(messages, "mail")
        return result


def _as_bytes(content):
    return content.encode() if isinstance(content, str) else bytes(content)
