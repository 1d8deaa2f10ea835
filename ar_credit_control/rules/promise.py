"""Whether customers keep what they promise to pay.

A bundle is what was promised together about some items: one promise, or the instalments of a
plan. Money settles the oldest promise first. Amounts are plain numbers in one currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from .exposure import exceeds

OPEN, KEPT, PARTLY, BROKEN, CANCELLED = "open", "kept", "partly_kept", "broken", "cancelled"


class Promised(NamedTuple):
    """One payment that was promised: it may come up to ``days`` later and ``short`` by so much."""

    key: int
    date: date
    amount: float
    days: int = 0
    short: float = 0.0

    @property
    def last_day(self) -> date:
        """The last day on which money is in time."""
        return self.date + timedelta(days=self.days)


class Receipt(NamedTuple):
    """What settled a part of the items: money, or else a credit note, a loss."""

    day: date
    amount: float
    money: bool = True


class Verdict(NamedTuple):
    """What became of a promise: ``paid`` came in time."""

    state: str
    paid: float


def judge(
    promised: Iterable[Promised], owed: float, receipts: Sequence[Receipt], today: date
) -> dict[int, Verdict]:
    """What became of each promise of one bundle, by its key.

    owed: what was open of the items when the promise was made. Whatever else than money settles
    them is no longer owed; only when that leaves less than was promised does less have to come,
    from the last promise on. A promise of which nothing is left is cancelled.

    >>> day = date(2026, 3, 31)
    >>> judge([Promised(1, day, 100.0)], 100.0, [Receipt(day, 60.0)], date(2026, 4, 1))
    {1: Verdict(state='partly_kept', paid=60.0)}
    """
    parts = sorted(promised, key=lambda part: (part.date, part.key))
    expected = _expected(parts, owed, receipts)
    verdicts, before = {}, 0.0
    for part in parts:
        wanted = expected[part.key]
        came = sum(r.amount for r in receipts if r.money and r.day <= part.last_day)
        paid = max(0.0, min(came - before, wanted))
        before += wanted
        verdicts[part.key] = Verdict(_state(part, wanted, paid, today), paid)
    return verdicts


def lacking(promised: Iterable[Promised], owed: float, receipts: Sequence[Receipt]) -> float:
    """What one bundle still lacks: money that came after its last day fills nothing.

    >>> day, late = date(2026, 3, 31), date(2026, 4, 9)
    >>> lacking([Promised(1, day, 35.0)], 100.0, [Receipt(day, 17.0), Receipt(late, 40.0)])
    18.0
    """
    parts = list(promised)
    last = max(part.last_day for part in parts)
    came = sum(r.amount for r in receipts if r.money and r.day <= last)
    return max(0.0, sum(_expected(parts, owed, receipts).values()) - came)


def _expected(
    parts: Sequence[Promised], owed: float, receipts: Sequence[Receipt]
) -> Mapping[int, float]:
    """What has to come of each promise, after credit notes."""
    total = sum(part.amount for part in parts)
    fewer = max(0.0, sum(r.amount for r in receipts if not r.money) - max(0.0, owed - total))
    expected = {}
    for part in reversed(parts):
        expected[part.key] = max(0.0, part.amount - fewer)
        fewer = max(0.0, fewer - part.amount)
    return expected


def _state(part: Promised, wanted: float, paid: float, today: date) -> str:
    if not exceeds(wanted, 0.0):
        return CANCELLED
    came = exceeds(paid, 0.0)
    if came and not exceeds(wanted - paid, part.short):
        return KEPT
    if today <= part.last_day:
        return OPEN
    return PARTLY if came else BROKEN


class Credit(NamedTuple):
    """Money of a customer that is in the books and matched with nothing yet."""

    day: date
    amount: float


def spread(missing: Sequence[float], credits: Iterable[Credit]) -> list[list[Receipt]]:
    """Give money that is matched with nothing to bundles, the first one first.

    missing: what each bundle still lacks. Each unit of money counts for one bundle alone.

    >>> day = date(2026, 3, 31)
    >>> [sum(r.amount for r in given) for given in spread([30, 50], [Credit(day, 40)])]
    [30, 10]
    """
    given: list[list[Receipt]] = [[] for _bundle in missing]
    left = list(missing)
    for credit in sorted(credits):
        rest = credit.amount
        for place, lacking in enumerate(left):
            taken = min(rest, lacking)
            if taken > 0:
                given[place].append(Receipt(credit.day, taken))
                left[place] -= taken
                rest -= taken
    return given
