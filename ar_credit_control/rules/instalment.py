"""Instalments: on which days, and how much on each.

Days follow python-dateutil's calendar: a plan that begins on the 31st falls on the last day of
shorter months and returns to the 31st.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_DOWN, Decimal

from dateutil.relativedelta import relativedelta

STEPS: dict[str, relativedelta] = {
    "week": relativedelta(weeks=1),
    "fortnight": relativedelta(weeks=2),
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
}


def schedule(first: date, every: str, count: int) -> list[date]:
    """The days of ``count`` instalments, each reckoned from the first one.

    >>> [day.isoformat() for day in schedule(date(2026, 1, 31), "month", 3)]
    ['2026-01-31', '2026-02-28', '2026-03-31']
    """
    return [first + STEPS[every] * place for place in range(count)]


def split(total: float, count: int, digits: int) -> list[float]:
    """Equal amounts that add up to the total: the last one takes what rounding leaves.

    :raise ValueError: when there is not a coin for each instalment

    >>> split(100, 3, 2)
    [33.33, 33.33, 33.34]
    """
    coin = Decimal(1).scaleb(-digits)
    exact = Decimal(str(total)).quantize(coin)
    each = (exact / count).quantize(coin, rounding=ROUND_DOWN)
    if each <= 0:
        raise ValueError(f"{total} cannot be paid in {count} instalments")
    return [float(each)] * (count - 1) + [float(exact - each * (count - 1))]


def defaulted(states: list[str], most: int) -> bool:
    """Whether so many instalments were missed that the whole is due again.

    >>> defaulted(["kept", "broken"], 1), defaulted(["kept", "partly_kept"], 2)
    (True, False)
    """
    return sum(state in ("broken", "partly_kept") for state in states) >= most
