"""From the bytes of a message to the columns of ``ar.exchange.notification``: no database."""

from base64 import b64encode
from datetime import datetime, timezone
from hashlib import sha256

from ...connectors.contract import Message
from ...connectors.describe import describe
from ...connectors.envelopes import zip_parts
from ...connectors.errors import ConnectorError
from ...connectors.guards import MAX_BYTES, printable
from ...connectors.lifecycle import Direction, Outcome, check_dates
from ...connectors.recognise import Failure, read

KEPT = 64 * 1024  # of a message that cannot be used
MAX_KEY = 200
PLAIN = (
    "network",
    "type",
    "title",
    "outcome",
    "code",
    "text",
    "exchange_id",
    "external_id",
    "file_name",
    "file_hash",
    "duplicate_of",
    "network_number",
    "signature",
)


def rows_of(message, network, now=None):
    """What one message says, as rows ready to store; one that cannot be read is a row, too.

    :param message: a :class:`connectors.contract.Message`
    :param network: the account's, for messages that do not tell their own
    :param now: aware time against which dates are checked
    """
    now = now or datetime.now(timezone.utc)
    reading = read(message.raw, message.name)
    if _is_collection(message, reading):
        parts = [Message(message.provider, "", raw, name) for name, raw in _parts(message)]
        return [row for part in parts for row in rows_of(part, network, now)]
    rows = [_row(message, item, now) for item in reading.notifications]
    return rows + [_failed(message, item, network) for item in reading.failures]


def _is_collection(message, reading):
    """Somebody's archive of messages: each is kept for itself, not all of them with each."""
    return len(reading.notifications) > 1 and message.raw[:2] == b"PK"


def _parts(message):
    return zip_parts(message.raw)


def _row(message, item, now):
    found = describe(item)
    row = _plain(found) | {
        "key": _short(item.key),
        "name": message.name or item.part or None,
        "raw": b64encode(message.raw).decode(),
        "raw_size": len(message.raw),
        "digest": item.digest or None,
        "moment": item.moment.replace(tzinfo=None) if item.moment else None,
        "dates": found["dates"],
        "invoices": found["invoices"],
        "errors": found["errors"],
        "parties": found["parties"],
        "verified": item.verified,
        "reason": None,
        "detail": None,
        "remedy": None,
    }
    if item.direction is Direction.RECEIVED:
        row["outcome"] = Outcome.INFORMATION.value
    try:
        check_dates(item, now)
    except ConnectorError as error:
        row |= _problem(error) | {"moment": None}
    return row


def _plain(found):
    return {name: printable(found[name]) if found[name] else None for name in PLAIN}


def _problem(error):
    return {"reason": "malformed", "detail": printable(str(error))[:500], "remedy": error.remedy}


def _failed(message, item: Failure, network):
    """A row of a message that says nothing; what it was is kept, up to a bound."""
    digest = sha256(message.raw).hexdigest()
    return dict.fromkeys((*PLAIN, "moment", "dates", "invoices", "errors", "parties")) | {
        "network": network,
        "outcome": Outcome.UNKNOWN.value,
        "title": item.error.code,
        "key": _short(f"{digest}:{item.part}"),
        "name": item.part or message.name or message.document or None,
        "raw": b64encode(message.raw[:KEPT]).decode(),
        "raw_size": len(message.raw),
        "digest": digest,
        "verified": False,
        "file_name": message.document or None,
        **_problem(item.error),
    }


def _short(key):
    """Keys stand in an index, which has no room for a page of text."""
    return key if len(key) <= MAX_KEY else sha256(key.encode()).hexdigest()


def check_size(raw):
    """Whether the file may be read at all; uploads say it before anything is stored."""
    return len(raw) <= MAX_BYTES


def set_apart_row(message, network, error):
    """The row of a message that the machine itself stumbled over."""
    return _failed(message, Failure("", error), network) | {"state": "quarantined"}
