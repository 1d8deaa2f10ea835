"""What every network's messages are translated into: one notification, one of a few outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from enum import Enum

from .errors import ImplausibleDate

# A message from tomorrow is a wrong clock; real ones arrive seconds to weeks after their date.
CLOCK_SLACK = timedelta(days=1)
# Electronic invoicing began in 2014; nothing that old is news, and 0001-01-01 is a filler.
EARLIEST = datetime(2013, 1, 1, tzinfo=timezone.utc)


class Outcome(str, Enum):
    """What became of the invoice, in the words that all networks share."""

    NOT_ISSUED = "not_issued"  # thrown out: it does not exist for the tax authority
    NOT_DELIVERED = "issued_not_delivered"  # valid, but the buyer did not get it
    REFUSED = "refused_by_buyer"
    DISPUTED = "disputed"  # in question, on hold or accepted in part
    TRANSIENT = "transient"  # a failure that the network or a retry mends
    SENT = "sent"  # taken in, no result yet
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    CLOSED = "closed"  # the process ended without an answer from the buyer
    INFORMATION = "information"  # says nothing about a sent invoice's fate
    UNKNOWN = "unknown"  # a code that no table knows: shown, never applied


OPENS_PROBLEM = frozenset(
    {Outcome.NOT_ISSUED, Outcome.NOT_DELIVERED, Outcome.REFUSED, Outcome.DISPUTED}
)
SETTLES = frozenset({Outcome.DELIVERED, Outcome.ACCEPTED})
APPLICABLE = OPENS_PROBLEM | SETTLES | {Outcome.TRANSIENT, Outcome.SENT, Outcome.CLOSED}


class Direction(str, Enum):
    """Whether the message speaks about an invoice that we sent or one that we received."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class InvoiceRef:
    """An invoice as the network names it; ``position`` is its place in a lot, from 1."""

    number: str
    year: int | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a mistake is corrected: ``record`` is the role (customer, company, invoice …)."""

    record: str = ""
    field: str = ""
    hint: str = ""

    @property
    def path(self) -> str:
        """``customer.vat``, or the record alone when no single field is to blame."""
        return f"{self.record}.{self.field}" if self.field else self.record


@dataclass(frozen=True, slots=True)
class MessageError:
    """One error of a message: the network's own words, and where to mend it."""

    code: str
    text: str = ""
    hint: str = ""  # the network's own advice
    location: str = ""  # where in the document, when the network says so
    fix: Fix = Fix()


@dataclass(frozen=True, slots=True)
class Notification:
    """One message of an exchange, understood.

    ``exchange_id`` is the exchange's number for the transmission, ``external_id`` the one of the
    message itself; ``file_name`` and ``file_hash`` are those of the invoice file it speaks about.
    ``code`` and ``text`` are the network's own. The raw bytes are not held: ``digest`` (SHA-256)
    and ``part`` (path inside a mail or archive) refer to them.
    """

    network: str
    type: str
    outcome: Outcome
    title: str = ""
    code: str = ""
    text: str = ""
    exchange_id: str = ""
    external_id: str = ""
    file_name: str = ""
    file_hash: str = ""
    archive_name: str = ""
    invoices: tuple[InvoiceRef, ...] = ()
    dates: Mapping[str, date] = field(default_factory=dict)
    errors: tuple[MessageError, ...] = ()
    parties: tuple[str, ...] = ()  # tax or network ids that may tell the company
    direction: Direction = Direction.SENT
    duplicate_of: str = ""  # number of the invoice that the network already holds
    network_number: str = ""  # number that the network gave to the accepted invoice
    verified: bool = False
    signature: str = "none"
    provider: str = ""
    digest: str = ""
    part: str = ""

    @property
    def key(self) -> str:
        """Natural key inside company and network: the same message twice has the same key.

        Never the provider's own id: the same receipt may come by feed, mail and upload.
        """
        message = self.external_id or f"sha256-{self.digest}"
        return ":".join((self.type, self.exchange_id, message))

    @property
    def moment(self) -> datetime | None:
        """The latest time of what is told, in UTC: orders the messages of a transmission."""
        return max(
            (as_utc(value) for name, value in self.dates.items() if name in EVENT_DATES),
            default=None,
        )

    def located(self, part: str) -> Notification:
        """The same message, found inside ``part`` of a container."""
        return replace(self, part="/".join(filter(None, (part, self.part))))


# The other dates are the invoice's own, or a date that a buyer chose.
EVENT_DATES = frozenset({"received", "delivered", "available", "sent", "updated", "issued"})


def as_utc(value: date) -> datetime:
    """The moment in UTC; a time without zone counts as UTC, a day as its first second."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        return value.replace(tzinfo=timezone.utc)
    try:
        return value.astimezone(timezone.utc)
    except OverflowError:  # year 1 or 9999, pushed over the edge by its offset
        return value.replace(tzinfo=timezone.utc)


def check_dates(notification: Notification, now: datetime) -> None:
    """Refuse a message whose event lies in the future or before the networks began."""
    for name, value in notification.dates.items():
        moment = as_utc(value)
        if name in EVENT_DATES and not EARLIEST <= moment <= now + CLOCK_SLACK:
            raise ImplausibleDate(f"{name!r} is {value.isoformat()}, but today is {now:%Y-%m-%d}")
