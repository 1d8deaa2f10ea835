"""What confirmed orders will still be invoiced for.

Amounts are plain numbers. Nothing here reads a database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class OpenOrders(NamedTuple):
    """Confirmed orders of one customer in one currency, less what is invoiced of their goods.

    order_id: of an order with a down payment, which stands alone; None for all others together.
    amount: in the orders' currency.
    """

    partner_id: int
    currency_id: int
    order_id: int | None
    amount: float


def remaining(
    orders: Iterable[OpenOrders], down_payments: Mapping[int, float], rates: Mapping[int, float]
) -> dict[int, float]:
    """``{partner id: amount}`` in the company's currency, not rounded.

    A down payment lowers what is still to come of its own order, at most to nothing.

    :param down_payments: by order id, in the order's currency
    :param rates: factors by currency id; 1 for the company's own, which need not be there

    >>> remaining([OpenOrders(7, 1, 5, 100.0), OpenOrders(7, 2, None, 10.0)], {5: 30.0}, {2: 0.5})
    {7: 75.0}
    """
    amounts: dict[int, float] = defaultdict(float)
    for part in orders:
        amount = part.amount
        if part.order_id:
            amount = max(0.0, amount - down_payments.get(part.order_id, 0.0))
        amounts[part.partner_id] += amount * rates.get(part.currency_id, 1.0)
    return dict(amounts)
