"""What a message of an e-invoice exchange changes, and by when somebody has to act on it.

Outcomes are the words of ``connectors/lifecycle.py``. An invoice is sent once or several times;
each sending is a transmission, and only the latest one says how the invoice stands.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

OPENS = frozenset({"not_issued", "issued_not_delivered", "refused_by_buyer", "disputed"})
SETTLES = frozenset({"delivered", "accepted"})
# How far along its way an outcome is: decides where the times do not. A rejection ends the way.
STAGES: dict[str, int] = {
    "": -1,
    "sent": 0,
    "transient": 1,
    "issued_not_delivered": 2,
    "delivered": 3,
    "closed": 4,
    "disputed": 5,
    "refused_by_buyer": 6,
    "accepted": 6,
    "not_issued": 7,
}
SATURDAY = 5


class Said(NamedTuple):
    """What a message tells of a transmission; ``moment`` is when it happened (UTC), if it says."""

    outcome: str
    moment: datetime | None = None


class Verdict(NamedTuple):
    """``state`` of the message, ``effect`` on the invoice's problem, ``reason`` for people.

    state: ``applied``, ``history`` or ``quarantined``. effect: ``open``, ``settle``, ``resent``
    or nothing.
    reason: ``information``, ``unknown``, ``superseded``, ``older``, ``repeated``,
    ``unconfirmed`` or nothing.
    """

    state: str
    effect: str = ""
    reason: str = ""


# What says nothing about the fate of an invoice that was sent.
UNPLACED = {"information": Verdict("history", reason="information")}


def decide(said: Said, seen: Said, *, latest: bool, troubled: bool, may_close: bool) -> Verdict:
    """What to do with a message about a transmission of which ``seen`` is the last thing known.

    :param latest: no newer transmission of the invoice is known
    :param troubled: a problem of the invoice is open, which good news would close
    :param may_close: the message is authentic enough to close something unseen

    >>> decide(Said("not_issued"), Said(""), latest=True, troubled=False, may_close=False)
    Verdict(state='applied', effect='open', reason='')
    >>> decide(Said("delivered"), Said("not_issued"), latest=False, troubled=True, may_close=True)
    Verdict(state='history', effect='', reason='superseded')
    """
    if said.outcome not in STAGES:
        return UNPLACED.get(said.outcome, Verdict("quarantined", reason="unknown"))
    if not latest:
        return Verdict("history", reason="superseded")
    if not is_newer(said, seen):
        return Verdict("history", reason="repeated" if said == seen else "older")
    effect = _effect(said.outcome)
    if effect == "settle" and troubled and not may_close:
        return Verdict("quarantined", reason="unconfirmed")
    return Verdict("applied", effect)


def _effect(outcome: str) -> str:
    if outcome in OPENS:
        return "open"
    if outcome in SETTLES:
        return "settle"
    return "resent" if outcome == "sent" else ""


def is_newer(said: Said, seen: Said) -> bool:
    """Whether a message moves its transmission on: by its time, else by how far along it is.

    Nothing comes after a rejection: the file does not exist for the exchange. That something was
    sent is told by another clock than the exchange's, so it never goes by time.

    >>> noon, one = datetime(2026, 1, 1, 12), datetime(2026, 1, 1, 13)
    >>> is_newer(Said("delivered", one), Said("issued_not_delivered", noon))
    True
    >>> is_newer(Said("sent"), Said("delivered", noon)), is_newer(Said("sent"), Said("sent"))
    (False, False)
    """
    if seen.outcome == "not_issued":
        return False
    timed = said.moment and seen.moment and "sent" not in (said.outcome, seen.outcome)
    if timed and said.moment != seen.moment:
        return said.moment > seen.moment
    return STAGES[said.outcome] > STAGES[seen.outcome]


def deadline(start: date, days: int, working: bool = False) -> date:
    """The last day to act: so many days after ``start``, weekends left out if ``working``.

    Public holidays are not left out: a deadline that is too early does no harm.

    >>> deadline(date(2026, 1, 1), 5), deadline(date(2026, 1, 1), 5, working=True)
    (datetime.date(2026, 1, 6), datetime.date(2026, 1, 8))
    """
    if not working:
        return start + timedelta(days=days)
    day = start
    for _step in range(days):
        day += timedelta(days=1)
        while day.weekday() >= SATURDAY:
            day += timedelta(days=1)
    return day


@lru_cache(maxsize=4096)
def stem(file_name: str) -> str:
    """An invoice file's name without its endings, as messages write it with and without them.

    >>> stem("IT01234567890_00001.xml.p7m"), stem("IT01234567890_00001")
    ('IT01234567890_00001', 'IT01234567890_00001')
    """
    name = file_name.strip()
    for ending in (".p7m", ".xml", ".zip"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name
