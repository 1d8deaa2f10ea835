"""How long persons and notes are kept after a claim has ended."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def erased_up_to(today: date, months: int) -> date | None:
    """What ended on this day or before it is erased today; None: nothing ever is.

    months: whole months to keep; the last day of a shorter month stands for the missing ones.

    >>> erased_up_to(date(2030, 3, 31), 1)
    datetime.date(2030, 2, 28)
    >>> erased_up_to(date(2030, 3, 31), 0) is None
    True
    """
    if months <= 0:
        return None
    years, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    last = monthrange(years, month + 1)[1]
    return date(years, month + 1, min(today.day, last))
