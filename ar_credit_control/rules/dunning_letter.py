"""The figures and the word forms of a dunning letter.

A sentence without a number needs two forms, one for a single invoice and one for several; so the
ready-made texts say each such sentence in both. A number before a noun needs the plural of its
language, which ``plural`` names: Polish has three ("2 faktury", "5 faktur").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from .exposure import BUCKET_KEYS, ageing_bucket
from .interest import Part, by_half_year

ONE = "one"
FEW = "few"
MANY = "many"


def plural(language: str, count: int) -> str:
    """The form of a noun behind a whole number of 0 or more: ``one``, ``few`` or ``many``.

    language: a code such as ``pl_PL``; those that are not known here go by the English rule.
    Rules: Unicode CLDR, cardinal numbers below a million; ``other`` is called ``many`` here.

    >>> [plural("pl_PL", count) for count in (1, 2, 5, 12, 22, 112)]
    ['one', 'few', 'many', 'many', 'few', 'many']
    >>> plural("fr_FR", 0), plural("it_IT", 0)
    ('one', 'many')
    """
    code = language.partition("_")[0]
    if count == 1 or (code == "fr" and count == 0):
        return ONE
    few = count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14)
    return FEW if code == "pl" and few else MANY


def ageing(items: Iterable[tuple[int, float]]) -> list[tuple[str, float]]:
    """Open amounts by ageing bucket, the buckets in their order and empty ones included.

    items: days past due (negative before) and open amount.

    >>> ageing([(-3, 10.0), (5, 20.0), (30, 1.0), (31, 4.0)])[:3]
    [('not_due', 10.0), ('due_1_30', 21.0), ('due_31_60', 4.0)]
    """
    totals = dict.fromkeys(BUCKET_KEYS, 0.0)
    for days, amount in items:
        totals[ageing_bucket(days)] += amount
    return list(totals.items())


@dataclass(frozen=True, slots=True)
class InterestRow:
    """Interest at one rate over the days of one half-year, rounded."""

    first: date
    last: date
    rate: float
    amount: float


def interest_rows(
    parts: Sequence[Sequence[Part]], total: float, rounding: float
) -> tuple[list[InterestRow], float]:
    """Interest by half-year, and what earlier notices charged of it already.

    parts: of each item. total: what the notice asks for, which is the rounded interest of each
    item less what was charged before. The rows less the latter come to the total exactly: the
    largest row takes what rounding leaves over.

    >>> item = [Part(date(2026, 1, 2), date(2026, 1, 11), 1000.0, 10.0, 2.744)]
    >>> (row,), before = interest_rows([item, item], 5.48, 0.01)
    >>> row.last.isoformat(), row.amount, before
    ('2026-01-11', 5.48, 0.0)
    >>> interest_rows([item, item], 3.0, 0.01)[1]
    2.48
    """
    digits = _digits(rounding)
    items = (round(sum(part.amount for part in item), digits) for item in parts)
    before = round(sum(items) - total, digits)
    if before <= len(parts) * rounding:
        before = 0.0
    rows = _by_half_year([part for item in parts for part in item], digits)
    rest = round(total + before - sum(row.amount for row in rows), digits)
    if rows and rest:
        place = max(range(len(rows)), key=lambda index: rows[index].amount)
        rows[place] = replace(rows[place], amount=round(rows[place].amount + rest, digits))
    return rows, before


def _by_half_year(parts: Sequence[Part], digits: int) -> list[InterestRow]:
    rows = []
    for half, rate, amount in by_half_year(parts):
        mine = [part for part in parts if half.start <= part.first <= half.end]
        first, last = min(part.first for part in mine), max(part.last for part in mine)
        rows.append(InterestRow(first, last, rate, round(amount, digits)))
    return rows


def _digits(rounding: float) -> int:
    """Decimal places of the smallest unit of a currency."""
    return max(0, len(f"{rounding:.6f}".rstrip("0").partition(".")[2]))


def payment_reference(references: Iterable[str], fallback: str, limit: int = 140) -> str:
    """What to write on a transfer: the numbers of the documents, as far as it has room for all.

    limit: characters of a transfer's text (SEPA: 140).

    >>> payment_reference(["INV/1", "INV/2", "INV/1"], "C042")
    'INV/1, INV/2'
    >>> payment_reference(["INV/1", "INV/2"], "C042", limit=8)
    'C042'
    """
    text = ", ".join(dict.fromkeys(reference for reference in references if reference))
    return text if text and len(text) <= limit else fallback
