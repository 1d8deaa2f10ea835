"""Open items in slices of age, and what they say of a position.

The database adds up the items of each slice; here the slices are put together. Amounts are plain
numbers, days are whole days. Nothing here reads a database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from .exposure import BUCKETS, CurrencyShare, ageing_bucket

DECIMALS = 6  # more than any currency has: what adding floats leaves behind is rounded off


class Slice(NamedTuple):
    """Open items of one customer in one currency, all debit or all credit, of about one age.

    draft: of documents that are not posted yet.
    place: how many of the ``edges`` their days past due have reached.
    residual: in the company's currency; ``residual_currency``: in their own.
    oldest_due: the earliest due date among them.
    """

    currency_id: int
    draft: bool
    debit: bool
    place: int
    residual: float
    residual_currency: float
    oldest_due: date


def edges(overdue_days: Iterable[int] = ()) -> list[int]:
    """Days past due at which an item gets into another bucket, or beyond one of the numbers.

    >>> edges([45, 30])
    [1, 31, 46, 61, 91]
    """
    starts = (first for _key, first, _last in BUCKETS if first is not None)
    return sorted({*starts, *(days + 1 for days in overdue_days)})


def figures(
    slices: Iterable[Slice], own_currency_id: int, overdue_days: Collection[int] = ()
) -> dict[str, object]:
    """What the open items of one customer say of its ``Position``, by the position's fields.

    :param slices: cut at ``edges(overdue_days)``
    :param own_currency_id: the company's; others are shown in themselves, too

    >>> figures([Slice(1, False, True, 2, 60.0, 60.0, date(2026, 1, 5))], 1, [30])["overdue_beyond"]
    {30: 60.0}
    """
    starts = [None, *edges(overdue_days)]  # first day past due of each place
    amounts: dict[str, float] = {}
    beyond = dict.fromkeys(overdue_days, 0.0)
    shares: dict[int, CurrencyShare] = {}
    oldest_due = None
    for part in slices:
        if part.draft:
            _add(amounts, "draft_invoices", part.residual)
            continue
        start = starts[part.place]
        overdue = part.debit and start is not None and start > 0
        _add(amounts, _bucket(part, start), abs(part.residual))
        if overdue:
            oldest_due = min(oldest_due or part.oldest_due, part.oldest_due)
            for days in beyond:
                if start > days:
                    _add(beyond, days, part.residual)
        if part.currency_id != own_currency_id:
            _share(shares, part, overdue)
    return {
        **amounts,
        "oldest_due": oldest_due,
        "overdue_beyond": beyond,
        "by_currency": tuple(shares.values()),
    }


def _bucket(part: Slice, start: int | None) -> str:
    if not part.debit:
        return "unapplied"
    return "not_due" if start is None else ageing_bucket(start)


def _share(shares: dict[int, CurrencyShare], part: Slice, overdue: bool) -> None:
    amount = part.residual_currency
    _key, balance, late = shares.get(part.currency_id, (None, 0.0, 0.0))
    shares[part.currency_id] = CurrencyShare(
        part.currency_id,
        round(balance + amount, DECIMALS),
        round(late + amount, DECIMALS) if overdue else late,
    )


def _add(sums: dict, key: object, amount: float) -> None:
    before = sums.get(key)
    sums[key] = round(before + amount, DECIMALS) if before else amount
