"""Which invoices messages speak about: a constant number of statements for any number of them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from odoo.tools import SQL

from ...connectors.lifecycle import as_utc
from ..rules.delivery import stem

# Of a transmission that no message names, neither by file nor by number.
NAMELESS = "-"
# Of documents that share a number, as many are looked at: two are too many already.
ALIKE = 20
# Odoo's clock and the provider's may differ by so much.
SLACK = timedelta(hours=1)


@dataclass(slots=True)
class Transmission:
    """What is known of a sending; ``outcome`` and ``moment`` are the last ones told."""

    id: int
    move_id: int
    company_id: int
    key: str
    exchange_id: str
    file_hash: str
    sent_on: datetime
    outcome: str
    moment: datetime | None

    def learn(self, row):
        """Remember what a message tells, and by which names it calls the transmission."""
        self.outcome, self.moment = row["outcome"], row["moment"] or self.moment
        self.exchange_id = self.exchange_id or row["exchange_id"] or ""
        self.file_hash = self.file_hash or row["file_hash"] or ""


class Invoice(NamedTuple):
    id: int
    company_id: int
    name: str
    year: int | None
    move_type: str


def find_numbered(cr, names, companies):
    """Posted sales documents with one of these numbers, of these companies.

    For the equality of texts PostgreSQL would choose Odoo's trigram index on numbers, which takes
    a second for a page where the ordered one takes a millisecond; only that can serve a range.
    """
    if not names:
        return []
    cr.execute(
        SQL(
            """
            SELECT move.id, move.company_id, move.name, EXTRACT(YEAR FROM move.invoice_date)::int,
                   move.move_type
              FROM unnest(%s) wanted(name)
        CROSS JOIN LATERAL (
                SELECT * FROM account_move
                 WHERE name BETWEEN wanted.name AND wanted.name AND company_id = ANY(%s)
                   AND state = 'posted' AND name <> '/'
                   AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')
              ORDER BY name LIMIT %s
              ) move
            """,
            sorted(names),
            sorted(companies),
            ALIKE,
        )
    )
    return [Invoice(*row) for row in cr.fetchall()]


class Known:
    """What the database knows that some messages may speak about.

    :param rows: dictionaries with ``file_name``, ``file_hash``, ``exchange_id``, ``invoices``
    :param companies: ids of the companies that the messages are for
    """

    def __init__(self, cr, network, companies, rows):
        self.network = network
        self._cr = cr
        self._companies = set(companies)
        self.by_id = {}
        self._by_key = defaultdict(list)
        self._by_exchange = defaultdict(list)
        self._by_hash = defaultdict(list)
        self._by_move = defaultdict(list)
        self._invoices = defaultdict(list)
        self._company = {}
        self._read_transmissions(rows)
        self._read_invoices(rows)
        self._read_chosen(rows)
        self._read_siblings()

    # ------------------------------------------------------------------ reading
    def _read_transmissions(self, rows):
        keys = {key_of(row) for row in rows if key_of(row)}
        numbers = {row["exchange_id"] for row in rows if row["exchange_id"]}
        hashes = {row["file_hash"] for row in rows if row["file_hash"]}
        self.add(
            SQL(
                "network = %s AND (key = ANY(%s) OR exchange_id = ANY(%s) OR file_hash = ANY(%s))",
                self.network,
                sorted(keys),
                sorted(numbers),
                sorted(hashes),
            )
        )

    def _read_invoices(self, rows):
        names = {ref["number"] for row in rows for ref in row["invoices"] or []}
        for invoice in find_numbered(self._cr, names, self._companies):
            self._invoices[invoice.name].append(invoice)
            self._company[invoice.id] = invoice.company_id

    def _read_chosen(self, rows):
        """Invoices that a person chose for a message."""
        chosen = [move_id for row in rows for move_id in row.get("chosen", ())]
        if chosen:
            self._cr.execute(
                SQL("SELECT id, company_id FROM account_move WHERE id = ANY(%s)", chosen)
            )
            self._company.update(self._cr.fetchall())

    def _read_siblings(self):
        """The other transmissions of these invoices: which one is the latest?"""
        moves = set(self._company)
        if moves:
            self.add(SQL("network = %s AND move_id = ANY(%s)", self.network, sorted(moves)))

    def add(self, condition):
        """Take in the transmissions that fit the condition."""
        self._cr.execute(
            SQL(
                "SELECT id, move_id, company_id, key, COALESCE(exchange_id, ''),"
                " COALESCE(file_hash, ''), sent_on, COALESCE(outcome, ''), moment"
                " FROM ar_exchange_transmission WHERE %s",
                condition,
            )
        )
        for row in self._cr.fetchall():
            known = Transmission(*row)
            if known.id not in self.by_id:
                self.by_id[known.id] = known
                self._by_key[known.key].append(known)
                self._by_move[known.move_id].append(known)
                self._company[known.move_id] = known.company_id
                if known.exchange_id:
                    self._by_exchange[known.exchange_id].append(known)
                if known.file_hash:
                    self._by_hash[known.file_hash].append(known)

    # ------------------------------------------------------------------ asking
    def latest(self, move_id):
        """The latest transmission of an invoice, None when there is none."""
        known = self._by_move.get(move_id)
        return max(known, key=lambda item: (item.sent_on, item.id)) if known else None

    def invoices_of(self, row):
        """(ids of the invoices, reason why there are none) of a message."""
        sent = self._sent_as(row)
        own = {item.move_id for item in sent if item.company_id in self._companies}
        if sent and not own:
            return [], "foreign"
        named = list(map(self._named, row["invoices"] or []))
        if any(_is_ambiguous(found, own) for found in named):
            return [], "ambiguous"
        chosen = _choose(own, named)
        return sorted(chosen), "" if chosen else "unmatched"

    def _sent_as(self, row):
        """Transmissions that a message names: by file, else by number, else by the file's hash."""
        found = self._by_key.get(key_of(row)) or self._by_exchange.get(row["exchange_id"])
        return found or self._by_hash.get(row["file_hash"], [])

    def _named(self, ref):
        found = self._invoices.get(ref["number"], [])
        return {invoice.id for invoice in found if ref.get("year") in (None, invoice.year)}

    def company_of(self, move_id):
        return self._company[move_id]

    def transmission_of(self, row, move_id):
        """The transmission of the invoice that the message speaks about, if it is known."""
        for known in self._by_move.get(move_id, []):
            if _is_about(row, known):
                return known
        if not key_of(row):
            return self._nameless(row, move_id)
        return None if row["file_name"] else self._not_numbered(row, move_id)

    def _not_numbered(self, row, move_id):
        """The latest one that is known by its file only, for a message that knows its number only.

        A message that is older than that sending speaks of an earlier one.
        """
        latest = self.latest(move_id)
        if latest and not latest.exchange_id and sent_on(row) >= latest.sent_on - SLACK:
            return latest
        return None

    def _nameless(self, row, move_id):
        """The latest one, unless it was rejected and the message tells that it went on."""
        latest = self.latest(move_id)
        rejected = latest and latest.outcome == "not_issued" and row["outcome"] != "not_issued"
        if rejected and row["moment"] and latest.moment and row["moment"] > latest.moment:
            return None
        return latest


def _is_about(row, known):
    """Whether a message names this transmission: by file, by number, or by the file's hash."""
    number = row["exchange_id"]
    named = known.key in (key_of(row), number) or number and known.exchange_id == number
    return named or bool(row["file_hash"]) and known.file_hash == row["file_hash"]


def _is_ambiguous(found, own):
    return len(found) > 1 and found.isdisjoint(own)


def _choose(own, named):
    """The invoices of the file, or those of them that the message names.

    A file with one invoice is matched by its name even if the number is written differently.
    """
    moves = set().union(*named)
    if not own or not named:
        return own or moves
    if moves & own:
        return moves & own
    return own if len(own) == 1 else set()


def key_of(row):
    """What names the transmission in a message: the invoice file, else the exchange's number."""
    return stem(row["file_name"] or "") or row["exchange_id"] or ""


def new_key(row):
    """The key of a transmission that is heard of for the first time."""
    return key_of(row) or f"{NAMELESS}{row['moment'] or ''}"


def sent_on(row):
    """When a transmission was sent, as far as its first message tells."""
    dates = row["dates"] or {}
    for name in ("received", "sent"):
        if dates.get(name):
            return as_utc(datetime.fromisoformat(dates[name])).replace(tzinfo=None)
    return row["moment"] or datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
