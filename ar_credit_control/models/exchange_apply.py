from collections import defaultdict, namedtuple
from itertools import groupby

from odoo import fields, models
from odoo.tools import SQL

from ..rules.delivery import Said, decide
from .exchange_match import Known, new_key, sent_on
from .exchange_reading import rows_of
from .exchange_sql import find_known, insert_messages, update_told

OWN = ("feed", "odoo")  # fetched with our own credentials, or said by Odoo itself
JSON = ("dates", "invoices", "errors", "parties")
# Of a message about several invoices, the first state that one of them gives it.
STATES = ("applied", "quarantined", "history")
# A message's effect on one invoice: effect is ``open``, ``settle`` or ``resent``.
Effect = namedtuple("Effect", "effect transmission row")


class ExchangeAccount(models.Model):
    """Stores messages and applies them, a page at a time, by a constant number of statements."""

    _inherit = "ar.exchange.account"

    def _take_in(self, messages, source):
        """Store messages and apply what they say, in this transaction.

        :param messages: of :class:`connectors.contract.Message`
        :param source: ``feed``, ``upload``, ``mail`` or ``odoo``
        :return: the new messages, as records
        """
        self.ensure_one()
        rows = [row for message in messages for row in rows_of(message, self.network)]
        return self._take_rows(rows, source)

    def _take_rows(self, rows, source):
        """Store and apply messages that are read already, see ``exchange_reading``."""
        self.env.flush_all()
        rows = self._without_known(rows)
        effects = []
        for _network, group in groupby(sorted(rows, key=_network_of), key=_network_of):
            effects += self._judge(list(group), source)
        stored = self._store(rows, source)
        self._take_effect(effects, source)
        return stored

    def _without_known(self, rows):
        """Each message once, and none that was stored before."""
        unique = {(row["network"], row["key"]): row for row in reversed(rows)}
        query = find_known(list(unique.values()), self.company_id.id, self.provider)
        for known in self.env.execute_query(query):
            unique.pop(known, None)
        return list(reversed(unique.values()))

    # ------------------------------------------------------------------ what it means
    def _judge(self, rows, source, confirmed=False):
        """Decide on each message of one network, in their order; returns what has effect.

        Writes ``state``, ``reason`` and ``transmissions`` into the rows.
        """
        known = Known(self.env.cr, rows[0]["network"], self._get_companies(), rows)
        foreign = self._get_foreign_ids(rows)
        for row in rows:
            self._place(row, known, foreign)
        self._make_transmissions(rows, known)
        troubled = self._get_troubled(rows)
        effects = []
        for row in rows:
            row["transmissions"] = []
            if row["moves"]:
                may_close = confirmed or source in OWN or row["verified"]
                effects += self._decide(row, known, troubled, may_close)
        self._write_outcomes(known)
        return effects

    def _place(self, row, known, foreign):
        """The invoices of a message, or why it has none."""
        row["moves"] = row.get("chosen", [])
        if row["moves"]:
            return
        if row["reason"] == "malformed":
            row["state"] = "quarantined"
        elif row["outcome"] == "information":
            row |= {"state": "history", "reason": "information"}
        elif foreign.intersection(_digits(party) for party in row["parties"] or []):
            row |= {"state": "quarantined", "reason": "foreign"}
        else:
            row["moves"], reason = known.invoices_of(row)
            state = "quarantined" if reason == "foreign" else "unmatched"
            row |= {"state": state, "reason": reason or None}

    def _get_foreign_ids(self, rows):
        """Tax ids of this database's other companies, without those that are ours as well."""
        if not any(row["parties"] for row in rows):
            return set()
        # safe: compared only, never shown
        companies = self.env["res.company"].sudo().search_fetch([], ["vat", "company_registry"])
        own = companies.filtered(lambda company: company.id in self._get_companies())
        return _tax_ids(companies - own) - _tax_ids(own)

    def _make_transmissions(self, rows, known):
        """Remember the transmissions that are heard of for the first time."""
        new = {}
        for row in rows:
            for move_id in row["moves"]:
                if not known.transmission_of(row, move_id):
                    new.setdefault((move_id, new_key(row)), row)
        if not new:
            return
        values = [
            SQL(
                "(%s, %s, %s, %s, %s, %s, %s, %s)",
                move_id,
                known.company_of(move_id),
                row["network"],
                key,
                row["file_name"],
                row["exchange_id"],
                sent_on(row),
                row["file_hash"],
            )
            for (move_id, key), row in new.items()
        ]
        self.env["ar.exchange.transmission"]._insert(SQL("VALUES %s", SQL(", ").join(values)))
        moves = sorted({move_id for move_id, _key in new})
        known.add(SQL("network = %s AND move_id = ANY(%s)", known.network, moves))

    def _get_troubled(self, rows):
        """Ids of the invoices that have an open problem."""
        moves = sorted({move_id for row in rows for move_id in row["moves"]})
        found = self.env.execute_query(
            SQL(
                "SELECT DISTINCT move_id FROM ar_delivery_problem"
                " WHERE move_id = ANY(%s) AND state <> 'closed'",
                moves,
            )
        )
        return {move_id for (move_id,) in found}

    def _decide(self, row, known, troubled, may_close):
        """Effects of one message on its invoices."""
        verdicts, effects = [], []
        for move_id in row["moves"]:
            sent = known.transmission_of(row, move_id)
            verdict = decide(
                Said(row["outcome"], row["moment"]),
                Said(sent.outcome, sent.moment),
                latest=known.latest(move_id) is sent,
                troubled=move_id in troubled,
                may_close=may_close,
            )
            verdicts.append(verdict)
            row["transmissions"].append(sent.id)
            if verdict.state == "applied":
                sent.learn(row)
                (troubled.add if verdict.effect == "open" else troubled.discard)(move_id)
            if verdict.effect:
                effects.append(Effect(verdict.effect, sent, row))
        best = min(verdicts, key=lambda verdict: STATES.index(verdict.state))
        row |= {"state": best.state, "reason": best.reason or None}
        return effects

    def _write_outcomes(self, known):
        """Keep what was told last of each transmission, by one statement."""
        told = [
            {
                "id": sent.id,
                "outcome": sent.outcome,
                "moment": sent.moment,
                "exchange_id": sent.exchange_id or None,
                "file_hash": sent.file_hash or None,
            }
            for sent in known.by_id.values()
            if sent.outcome
        ]
        if told:
            self.env.cr.execute(update_told(told))
            self.env["ar.exchange.transmission"].invalidate_model()

    # ------------------------------------------------------------------ storing
    def _store(self, rows, source):
        """Keep the messages with what was made of them."""
        Notification = self.env["ar.exchange.notification"]
        if not rows:
            return Notification
        frame = {
            "account_id": self.id,
            "company_id": self.company_id.id,
            "provider": self.provider,
            "source": source,
            "received": fields.Datetime.now(),
        }
        found = self.env.execute_query(insert_messages(rows, frame))
        ids = {(network, key): record for record, network, key in found}
        for row in rows:
            row["id"] = ids[row["network"], row["key"]]
        self._link([(row["id"], sent) for row in rows for sent in row.get("transmissions", [])])
        Notification.invalidate_model(flush=False)
        return Notification.browse(row["id"] for row in rows)

    def _link(self, pairs):
        if pairs:
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO ar_exchange_notification_transmission
                           (ar_exchange_notification_id, ar_exchange_transmission_id)
                    SELECT * FROM unnest(%s, %s) ON CONFLICT DO NOTHING
                    """,
                    [pair[0] for pair in pairs],
                    [pair[1] for pair in pairs],
                )
            )

    # ------------------------------------------------------------------ what follows
    def _take_effect(self, effects, source):
        """Open and close problems: of an invoice, the last thing that was told counts."""
        last = {effect.transmission.move_id: effect for effect in effects}
        kinds = defaultdict(list)
        for effect in last.values():
            kinds[effect.effect].append(effect)
        Problem = self.env["ar.delivery.problem"]
        Problem._settle([effect.transmission.move_id for effect in kinds["settle"]])
        Problem._resent(kinds["resent"])
        Problem._open(self, kinds["open"], source)


def _network_of(row):
    return row["network"]


def _digits(party):
    """Tax ids with and without their country are the same."""
    text = "".join(filter(str.isalnum, party)).upper()
    return text[2:] if text[:2].isalpha() else text


def _tax_ids(companies):
    names = ("vat", "company_registry")
    return {_digits(company[name]) for company in companies for name in names if company[name]}
