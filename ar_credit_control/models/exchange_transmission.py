from odoo import api, fields, models
from odoo.tools import SQL

from ..rules.delivery import stem
from .exchange_account import NETWORKS


class ExchangeTransmission(models.Model):
    """One sending of an invoice, and the last thing that the exchange said about it.

    An invoice that is corrected and sent again has two; only the latest tells how it stands.
    """

    _name = "ar.exchange.transmission"
    _description = "Transmission of an e-invoice"
    _order = "sent_on desc, id desc"
    _rec_name = "file_name"

    move_id = fields.Many2one("account.move", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", required=True)
    network = fields.Selection(NETWORKS, required=True)
    key = fields.Char(required=True, help="File name without ending, else the exchange's number.")
    file_name = fields.Char()
    exchange_id = fields.Char(string="Number of the exchange", index="btree_not_null")
    file_hash = fields.Char(
        string="Hash of the file", index="btree_not_null", help="SHA-256 of what was sent."
    )
    sent_on = fields.Datetime(required=True, help="As far as is known: when it was first heard of.")
    outcome = fields.Char(help="The last one, in the words that all networks share.")
    moment = fields.Datetime(help="When that happened.")

    _key_unique = models.UniqueIndex(
        "(network, key, move_id)", "This transmission of the invoice is known already."
    )

    @api.depends("file_name", "exchange_id")
    def _compute_display_name(self):
        for sent in self:
            sent.display_name = sent.file_name or sent.exchange_id or self.env._("Without a name")

    @api.model
    def _note_sent(self, network, rows):
        """Remember sendings: ``[(move, file name, exchange id, sent on)]``; known ones stay."""
        values = [
            SQL(
                "(%s, %s, %s, %s, %s, %s, %s, NULL)",
                move.id,
                move.company_id.id,
                network,
                stem(name) or exchange_id,
                name or None,
                exchange_id or None,
                sent_on,
            )
            for move, name, exchange_id, sent_on in rows
            if name or exchange_id
        ]
        if values:
            self._insert(SQL("VALUES %s", SQL(", ").join(values)))

    @api.model
    def _insert(self, query):
        """Insert what ``query`` gives: move, company, network, key, file, number, sent on, hash."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_exchange_transmission
                       (move_id, company_id, network, key, file_name, exchange_id, sent_on,
                        file_hash)
                %s
                ON CONFLICT (network, key, move_id) DO UPDATE
                   SET exchange_id = COALESCE(ar_exchange_transmission.exchange_id,
                                              EXCLUDED.exchange_id),
                       file_hash = COALESCE(ar_exchange_transmission.file_hash,
                                            EXCLUDED.file_hash)
                """,
                query,
            )
        )
        self.invalidate_model()
