from odoo import models


class InternalThread(models.AbstractModel):
    """A chatter about somebody's debts: nobody outside the company follows it or is told of it."""

    _name = "ar.internal.thread"
    _description = "Chatter within the company"

    def message_subscribe(self, partner_ids=None, subtype_ids=None):
        """Only colleagues follow; others are left out without a word, whoever adds them."""
        partners = self.env["res.partner"].browse(partner_ids or ())
        inside = self._inside(partners).ids
        return super().message_subscribe(partner_ids=inside, subtype_ids=subtype_ids)

    def _inside(self, partners):
        # whether a partner is a colleague is no secret to who may add followers
        return partners.filtered(
            lambda partner: any(not user.share for user in partner.sudo().user_ids)
        )

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        told = super()._notify_get_recipients(message, msg_vals=msg_vals, **kwargs)
        return [recipient for recipient in told if not recipient["share"]]


class CreditProfile(models.Model):
    _name = "ar.credit.profile"
    _inherit = ["ar.internal.thread", "ar.credit.profile"]


class CollectionCase(models.Model):
    _name = "ar.collection.case"
    _inherit = ["ar.internal.thread", "ar.collection.case"]


class Claim(models.AbstractModel):
    """Promises, disputes and instalment plans."""

    _name = "ar.claim"
    _inherit = ["ar.internal.thread", "ar.claim"]
