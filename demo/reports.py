"""What providers of company reports say about some customers of the demo ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from .ledger import Buyer

NUMBERS = {"name": "Bilancia Credit Data", "scale": "numbers", "best": 100, "worst": 600}
CLASSES = {
    "name": "Northgate Reports",
    "scale": "classes",
    "classes": "AAA, AA, A, BBB, BB, B, C",
}
# habit of the customer → the span of his ratings on either scale
RATINGS = {
    "prompt": ((120, 210), ("AAA", "AA", "A")),
    "habitual": ((200, 280), ("A", "BBB")),
    "late": ((290, 380), ("BB", "B")),
    "insolvent": ((520, 600), ("C",)),
}


def report_rows(buyers: Iterable[Buyer], today: date) -> list[dict[str, object]]:
    """Lines of a file of reports: one for every third customer, some of them ending soon."""
    random = Random(9)
    rows = []
    for index, buyer in enumerate(buyers):
        if index % 3 or buyer.habit == "new":
            continue
        span, classes = RATINGS.get(buyer.habit, RATINGS["habitual"])
        numbers = random.random() < 0.6
        bankrupt = buyer.habit == "insolvent"
        advised = max(1000, round(buyer.order * random.uniform(1, 4), -3))
        rows.append(
            {
                "provider": (NUMBERS if numbers else CLASSES)["name"],
                "customer": buyer.code,
                "date": (today - timedelta(days=random.randrange(15, 360))).isoformat(),
                "reference": f"CR-{10_000 + index}",
                "rating": random.randrange(*span) if numbers else random.choice(classes),
                "advised_limit": "" if bankrupt else advised,
                "no_credit": "yes" if bankrupt else "",
            }
        )
    return rows
