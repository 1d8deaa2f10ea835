"""What a provider of an exchange has to offer: one call, whatever its API looks like.

A *feed* tells everything that happened since a moment; a *poll* asks about each open document.
Both look the same from outside: ``fetch`` is called with the cursor of the call before until it
returns no further one. A caller stores the messages and the cursor in one transaction, so an
interruption repeats at most one page; the natural key of a message makes that harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Protocol

# Providers' clocks and their indexes lag; what comes twice is recognised by its key.
OVERLAP = timedelta(days=1)
# A public body may answer 15 days after delivery, an attestation follows 10 days after that.
DOCUMENT_LOOKBACK = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the provider handed it over, not yet looked into.

    ``event_id`` is the provider's own id. ``document`` names what was asked about, for messages
    that turn out to be unreadable.
    """

    provider: str
    event_id: str
    raw: bytes
    name: str = ""
    document: str = ""


class Feed(Protocol):
    """A provider's side of the contract."""

    provider: str

    def fetch(self, since: datetime, cursor: str | None) -> tuple[Sequence[Message], str | None]:
        """The next messages, and the cursor for the call after; None when all are read."""


def drain(
    feed: Feed, since: datetime, cursor: str | None = None
) -> Iterator[tuple[Sequence[Message], str | None]]:
    """All pages from ``cursor`` on, each with the cursor to remember once it is stored."""
    while True:
        messages, following = feed.fetch(since, cursor)
        yield messages, following
        if following is None or following == cursor:
            return
        cursor = following


def next_since(started: datetime) -> datetime:
    """Where a run begins that follows a complete run begun at ``started``."""
    return started - OVERLAP


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second, as the providers' filters want it.

    >>> utc_text(datetime(2024, 11, 29, 12, 34, 56, tzinfo=timezone.utc))
    '2024-11-29T12:34:56Z'
    """
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
