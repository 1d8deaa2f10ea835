from collections import defaultdict, namedtuple
from itertools import groupby

from odoo import fields, models
from odoo.tools import SQL
from psycopg2.extras import Json

from ..rules.delivery import Said, decide
from .exchange_match import Known, new_key, sent_on
from .exchange_reading import rows_of

OWN = ("feed", "odoo")  # fetched with our own credentials, or said by Odoo itself
JSON = ("dates", "invoices", "errors", "parties")
COLUMNS = (
    *("network", "key", "name", "raw", "raw_size", "digest", "type", "title", "outcome", "code"),
    *("text", "exchange_id", "external_id", "file_name", "file_hash", "moment", *JSON),
    *("duplicate_of", "network_number", "verified", "signature", "state", "reason", "detail"),
    "remedy",
)
INSERT = (
    "INSERT INTO ar_exchange_notification"
    f" (account_id, company_id, provider, source, received, {', '.join(COLUMNS)})"
    " VALUES %s RETURNING id"
)
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
        found = self.env.execute_query(
            SQL(
                "SELECT network, key FROM ar_exchange_notification"
                " WHERE company_id = %s AND provider = %s AND key = ANY(%s)",
                self.company_id.id,
                self.provider,
                [key for _network, key in unique],
            )
        )
        for known in found:
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
        values = [
            SQL(
                "(%s, %s, %s::timestamp, %s, %s)",
                sent.id,
                sent.outcome,
                sent.moment,
                sent.exchange_id or None,
                sent.file_hash or None,
            )
            for sent in known.by_id.values()
            if sent.outcome
        ]
        if values:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE ar_exchange_transmission sent
                       SET outcome = told.outcome, moment = told.moment,
                           exchange_id = told.exchange_id, file_hash = told.file_hash
                      FROM (VALUES %s) told (id, outcome, moment, exchange_id, file_hash)
                     WHERE sent.id = told.id
                       AND (sent.outcome, sent.moment, sent.exchange_id, sent.file_hash)
                           IS DISTINCT FROM
                           (told.outcome, told.moment, told.exchange_id, told.file_hash)
                    """,
                    SQL(", ").join(values),
                )
            )
            self.env["ar.exchange.transmission"].invalidate_model()

    # ------------------------------------------------------------------ storing
    def _store(self, rows, source):
        """Keep the messages with what was made of them."""
        Notification = self.env["ar.exchange.notification"]
        if not rows:
            return Notification
        now = fields.Datetime.now()
        fixed = (self.id, self.company_id.id, self.provider, source, now)
        values = [(*fixed, *_values(row)) for row in rows]
        found = self.env.cr.execute_values(INSERT, values, page_size=len(values), fetch=True)
        for row, (key,) in zip(rows, found, strict=True):
            row["id"] = key
        self._link([(row["id"], sent) for row in rows for sent in row.get("transmissions", [])])
        Notification.invalidate_model(flush=False)
        return Notification.browse([key for (key,) in found])

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


def _values(row):
    for name in COLUMNS:
        value = row[name]
        yield Json(value) if name in JSON and value is not None else value
