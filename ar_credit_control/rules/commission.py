"""What a commission is made of: brackets of days, shares of people, and where cents go.

Amounts are exact (``Decimal``), rates and shares are percents, factors are plain multipliers.
How an invoice's entries are reckoned, for every rule that matched and every payee:

1. A settlement's part of the commission, not rounded: the rule's base × money ÷ the document's
   total × rate × speed factor × term factor × the part that is earned at payment × the payee's
   share.
2. Each payment is rounded by itself, except the last one that earned a coin of a document on which
   nothing is open any more: it takes what is missing to the payee's part of the rounded sum of 1
   (and of what was earned beforehand), so that coins are neither lost nor made.
3. The payees' parts of a rounded sum, and of what is earned beforehand, are found by :func:`split`,
   so that they add up to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

HUNDRED = Decimal(100)
NOISE = Decimal("0.0000000001")  # what a chain of divisions may leave behind


class Bracket(NamedTuple):
    """Payments of the days ``first`` to ``last`` (None: and later) earn ``factor`` times.

    Days count from the invoice or from its due date; earlier ones belong to the first bracket.
    """

    first: int
    last: int | None
    factor: Decimal


def speed_factor(brackets: Sequence[Bracket], days: int) -> Decimal:
    """How much more or less a payment earns for its speed; 0 when it is lost.

    >>> brackets = [Bracket(0, 30, Decimal(1)), Bracket(31, 60, Decimal("0.5"))]
    >>> [str(speed_factor(brackets, days)) for days in (-2, 30, 31, 61)]
    ['1', '1', '0.5', '0']
    >>> str(speed_factor([], 400))
    '1'
    """
    if not brackets:
        return Decimal(1)
    for bracket in sorted(brackets, key=lambda bracket: bracket.first):
        if bracket.last is None or days <= bracket.last:
            return bracket.factor
    return Decimal(0)


def last_day(brackets: Sequence[Bracket]) -> int | None:
    """The last day on which anything is earned; None when there is no such day.

    >>> last_day([Bracket(0, 30, Decimal(1)), Bracket(31, 60, Decimal(0))])
    30
    >>> last_day([Bracket(0, None, Decimal(1))]) is None
    True
    """
    earning = [bracket for bracket in brackets if bracket.factor]
    if not brackets or any(bracket.last is None for bracket in earning):
        return None
    return max((bracket.last for bracket in earning if bracket.last is not None), default=-1)


class Fault(NamedTuple):
    """What is wrong with brackets: ``backwards``, ``open``, ``gap`` or ``overlap``.

    Days ``first`` to ``last`` are the ones at fault.
    """

    kind: str
    first: int
    last: int


def bracket_fault(brackets: Iterable[Bracket]) -> Fault | None:
    """The first reason why a day has no bracket, or two of them.

    >>> bracket_fault([Bracket(0, 10, Decimal(1)), Bracket(15, None, Decimal(1))])
    Fault(kind='gap', first=11, last=14)
    >>> bracket_fault([Bracket(0, 10, Decimal(1)), Bracket(10, 20, Decimal(1))])
    Fault(kind='overlap', first=10, last=10)
    >>> bracket_fault([Bracket(0, 10, Decimal(1)), Bracket(11, None, Decimal(1))]) is None
    True
    """
    before: Bracket | None = None
    for bracket in sorted(brackets, key=lambda bracket: bracket.first):
        last = bracket.last
        if last is not None and last < bracket.first:
            return Fault("backwards", bracket.first, last)
        if before is not None and (fault := _seam_fault(before, bracket)):
            return fault
        before = bracket
    return None


def _seam_fault(before: Bracket, after: Bracket) -> Fault | None:
    if before.last is None:
        return Fault("open", before.first, after.first)
    if after.first > before.last + 1:
        return Fault("gap", before.last + 1, after.first - 1)
    if after.first <= before.last:
        return Fault("overlap", after.first, before.last)
    return None


def round_to(amount: Decimal, coin: Decimal) -> Decimal:
    """Half a coin is rounded away from zero, as Odoo's currencies do.

    >>> [str(round_to(Decimal(text), Decimal("0.01"))) for text in ("0.005", "-0.005", "0.0049")]
    ['0.01', '-0.01', '0.00']
    """
    clean = amount.quantize(NOISE, ROUND_HALF_UP)
    return (clean / coin).quantize(Decimal(1), ROUND_HALF_UP) * coin


def split(total: Decimal, percents: Sequence[Decimal], coin: Decimal) -> list[Decimal]:
    """Parts of an amount that add up to it (to the percents' sum of it): each ends where the
    rounded running sum ends.

    >>> [str(part) for part in split(Decimal("0.05"), [Decimal(50), Decimal(50)], Decimal("0.01"))]
    ['0.03', '0.02']
    """
    parts: list[Decimal] = []
    done = running = Decimal(0)
    for percent in percents:
        running += percent
        end = round_to(total * running / HUNDRED, coin)
        parts.append(end - done)
        done = end
    return parts


def with_remainder(exact: Sequence[Decimal], total: Decimal, coin: Decimal) -> list[Decimal]:
    """Amounts rounded one by one; the last one that is a coin at least makes them ``total``.

    >>> [str(a) for a in with_remainder([Decimal(1) / 3] * 3, Decimal(1), Decimal("0.01"))]
    ['0.33', '0.33', '0.34']
    >>> exact = [Decimal("0.335"), Decimal("0.335"), Decimal(0)]
    >>> [str(a) for a in with_remainder(exact, Decimal("0.67"), Decimal("0.01"))]
    ['0.34', '0.33', '0.00']
    """
    rounded = [round_to(amount, coin) for amount in exact]
    if rounded:
        last = max((place for place, amount in enumerate(rounded) if amount), default=-1)
        rounded[last] += total - sum(rounded, Decimal(0))
    return rounded


def shares_fault(percents: Iterable[Decimal]) -> Decimal | None:
    """What a split adds up to, when that is not 100.

    >>> shares_fault([Decimal(60), Decimal(30)]), shares_fault([Decimal(60), Decimal(40)])
    (Decimal('90'), None)
    """
    total = sum(percents, Decimal(0))
    return None if abs(total - HUNDRED) < Decimal("0.005") else total
