"""What confirmed orders will still be invoiced for.

Amounts are plain numbers. Nothing here reads a database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class OpenOrder(NamedTuple):
    """A confirmed order of one customer, less what is invoiced of its goods.

    amount: in the order's currency; below zero where discounts are left over.
    down_paid: whether there is a down payment on it.
    """

    partner_id: int
    currency_id: int
    order_id: int
    amount: float
    down_paid: bool = False


def remaining(
    orders: Iterable[OpenOrder], down_payments: Mapping[int, float], rates: Mapping[int, float]
) -> dict[int, float]:
    """``{partner id: amount}`` in the company's currency, not rounded.

    A down payment lowers what is still to come of its own order, at most to nothing.

    :param down_payments: by order id, in the order's currency
    :param rates: factors by currency id; 1 for the company's own, which need not be there

    >>> remaining([OpenOrder(7, 1, 5, 100.0), OpenOrder(7, 2, 6, 10.0)], {5: 30.0}, {2: 0.5})
    {7: 75.0}
    """
    amounts: dict[int, float] = defaultdict(float)
    for order in orders:
        amount = max(0.0, order.amount - down_payments.get(order.order_id, 0.0))
        amounts[order.partner_id] += amount * rates.get(order.currency_id, 1.0)
    return dict(amounts)
