"""How much of an order is given away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

WEAK_GRADES = ("D", "E")


class Line(NamedTuple):
    """One line of an order: discount in percent; a discount on the whole order is a line of its
    own with a negative price."""

    quantity: float
    price: float
    discount: float = 0.0


def discount_percent(lines: Iterable[Line]) -> float:
    """The largest discount of an order in percent: on one line, or on all of it.

    Goods that are taken back (negative quantity) are given away by nobody.

    >>> discount_percent([Line(1, 100, 10), Line(1, 100)])
    10.0
    >>> discount_percent([Line(2, 100), Line(1, -50)])
    25.0
    >>> discount_percent([Line(2, 100), Line(-1, 100)])
    0.0
    >>> discount_percent([])
    0.0
    """
    lines = [line for line in lines if line.quantity > 0]
    full = sum(line.quantity * line.price for line in lines if line.price > 0)
    if full <= 0:
        return 0.0
    total = sum(line.quantity * line.price * (1 - line.discount / 100) for line in lines)
    on_lines = (line.discount for line in lines if line.price > 0)
    return max(0.0, round(100 * (1 - total / full), 6), *on_lines)
