"""Where contacts come from that nobody logs: notices, and mails to and from the customer."""

from odoo import fields, models

MAILS = ("email", "comment", "email_outgoing")


class DunningNotice(models.Model):
    _inherit = "ar.dunning.notice"

    def _deliver(self):
        result = super()._deliver()
        self.env["ar.contact"].sudo()._log_notices(self.ids)  # whoever may send may leave a trace
        return result

    def _recall(self):
        """A mail that never left was no contact."""
        if self.mail_status == "waiting" and not self.by_letter:
            self.env["ar.contact"].sudo().search([("notice_id", "=", self.id)])._forget()
        return super()._recall()


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _message_post_after_hook(self, message, msg_values):
        result = super()._message_post_after_hook(message, msg_values)
        if message.message_type in MAILS:
            self.env["ar.contact"]._log_mail(message, self.commercial_partner_id)
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def _message_post_after_hook(self, message, msg_values):
        result = super()._message_post_after_hook(message, msg_values)
        if message.message_type in MAILS and self._ar_is_overdue():
            self.env["ar.contact"]._log_mail(message, self.commercial_partner_id, self.company_id)
        return result

    def _ar_is_overdue(self):
        """Mails about an invoice count once it is overdue; before, they only deliver it."""
        today = fields.Date.context_today(self)
        return (
            self.is_sale_document()
            and self.state == "posted"
            and self.payment_state in ("not_paid", "partial")
            and bool(self.invoice_date_due and self.invoice_date_due < today)
        )


class Contact(models.Model):
    _inherit = "ar.contact"

    def _forget(self):
        """Take entries back that tell of something that did not happen."""
        self.notice_id = False
        self.unlink()

    def _log_mail(self, message, customer, company=None):
        """Enter a mail to or from a customer; what colleagues write to each other is none."""
        direction = _get_direction(message, customer)
        if not direction or not customer.sudo().customer_rank:
            return
        persons = message.author_id if direction == "in" else message.partner_ids
        self._log(
            [
                {
                    "partner_id": customer.id,
                    "company_id": (company or self.env.company).root_id.id,
                    "date": message.date,
                    "channel": "email",
                    "direction": direction,
                    "user_id": self.env.uid if direction == "out" else False,
                    "person_id": _of(customer, persons)[:1].id,
                    "note": message.subject or message.record_name,
                    "message_id": message.id,
                }
            ]
        )


def _get_direction(message, customer):
    """``out``, ``in``, or None when the customer has no part in a message."""
    if _of(customer, message.author_id) or (
        message.message_type == "email" and not message.author_id
    ):
        return "in" if message.message_type in ("email", "comment") else None
    seen = not message.is_internal and not message.subtype_id.internal
    return "out" if seen and _of(customer, message.partner_ids) else None


def _of(customer, persons):
    return persons.filtered(lambda person: person.commercial_partner_id == customer)
