"""Documents of providers that are asked about one at a time: whose turn it is, and who is done."""

from odoo import api, fields, models
from odoo.tools import SQL

from ...connectors.lifecycle import Outcome
from ...connectors.recognise import read

POLLED = ("aruba", "openapi_it", "acube")
# Asked about in one reading; the rest has its turn in the next ones.
AT_ONCE = 300
# A public body answers within 15 days of delivery, an attestation follows 10 days after.
WATCHED_DAYS = 45
# A provider's list goes back as far at most; it may name a document later than it was written.
REMEMBERED_DAYS = 2 * WATCHED_DAYS
FINAL = {Outcome.NOT_ISSUED, Outcome.ACCEPTED, Outcome.REFUSED, Outcome.CLOSED}
# What the exchange writes about businesses: once it is delivered, or lies in the tax drawer from a
# day that is told, that was all. About public bodies it writes by another schema, and they answer.
TO_BUSINESS = b"ivaservizi.agenziaentrate.gov.it"


class ExchangeDocument(models.Model):
    """A document that a provider is asked about, until nothing more can come of it."""

    _name = "ar.exchange.document"
    _description = "Document that a provider is asked about"
    _order = "checked_on, id"

    account_id = fields.Many2one("ar.exchange.account", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    name = fields.Char(string="Document", required=True, help="As the provider calls it.")
    first_seen = fields.Datetime(required=True)
    checked_on = fields.Datetime(required=True, string="Asked last")
    settled = fields.Boolean(help="Its last message was a final one.")

    _once = models.UniqueIndex("(account_id, name)", "This document is remembered already.")
    _turn_idx = models.Index("(account_id, checked_on) WHERE settled IS NOT TRUE")

    @api.model
    def _note(self, account, asked, settled):
        """Remember that documents were asked about; ``settled`` are those that are done."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_exchange_document
                       (account_id, company_id, name, first_seen, checked_on, settled)
                SELECT %(account)s, %(company)s, name, now() at time zone 'UTC',
                       now() at time zone 'UTC', name = ANY(%(settled)s)
                  FROM unnest(%(asked)s::text[]) AS name
           ON CONFLICT (account_id, name) DO UPDATE
                   SET checked_on = EXCLUDED.checked_on,
                       settled = ar_exchange_document.settled OR EXCLUDED.settled
                """,
                account=account.id,
                company=account.company_id.id,
                asked=sorted(set(asked)),
                settled=sorted(settled),
            )
        )
        self.invalidate_model()


class ExchangeAccount(models.Model):
    _inherit = "ar.exchange.account"

    def _get_polled(self):
        """(documents to ask about, whose turn is longest ago; all that the list may name again)."""
        if self.provider not in POLLED:
            return (), None
        Document = self.env["ar.exchange.document"]
        turn = Document.search([*self._seen(WATCHED_DAYS), ("settled", "=", False)], limit=AT_ONCE)
        known = Document.search_fetch(self._seen(REMEMBERED_DAYS), ["name"])
        return turn.mapped("name"), set(known.mapped("name"))

    def _seen(self, days):
        since = fields.Datetime.subtract(fields.Datetime.now(), days=days)
        return [("account_id", "=", self.id), ("first_seen", ">=", since)]

    def _note_polled(self, feed, messages):
        """What was asked has had its turn; who got a final answer has no further one."""
        if self.provider in POLLED and feed.asked:
            done = {message.document for message in messages if _is_final(message)}
            done |= feed.ended.intersection(feed.asked)
            self.env["ar.exchange.document"]._note(self, feed.asked, done)
            feed.asked.clear()


def _is_final(message):
    """Whether nothing more is said about a document after this message."""
    for item in read(message.raw, message.name).notifications:
        delivered = item.type == "MC" or item.outcome is Outcome.DELIVERED
        business = delivered and (TO_BUSINESS in message.raw or "available" in item.dates)
        if business or item.type == "AT" or item.outcome in FINAL:
            return True
    return False
