"""The evidence of the payment score by loops over single parts: slow, plain, and independent of
the product's code, so that the SQL can be held against it."""

from dataclasses import dataclass
from datetime import date
from math import asinh

EARLIEST, LATEST, HABIT_DAYS, RECENT = -60, 120, 45.0, 9


@dataclass(frozen=True)
class Part:
    """A part of an instalment, paid or open."""

    partner_id: int
    country_id: int | None
    invoice_date: date
    due_date: date
    paid_date: date | None
    share: float = 1.0
    amount: float = 100.0
    disputed: bool = False
    paper: float = 0.0
    void_date: date | None = None

    def counts(self, as_of):
        return self.invoice_date < as_of and (self.void_date is None or self.void_date >= as_of)

    def paid_before(self, as_of):
        return self.paid_date is not None and self.paid_date < as_of

    def days(self, as_of):
        return ((self.paid_date if self.paid_before(as_of) else as_of) - self.due_date).days

    @property
    def months(self):
        return (self.due_date - self.invoice_date).days / 30

    def habit(self, as_of, effects):
        days = max(EARLIEST, min(LATEST, self.days(as_of)))
        added = effects[0] * self.disputed + effects[1] * self.paper + effects[2] * self.months
        return HABIT_DAYS * asinh((days - added) / HABIT_DAYS)


def evidence(parts, as_of, known):
    """Evidence by partner as dictionaries; ``known`` as score_snapshot.parameters() gives it."""
    result = {}
    for partner_id in {part.partner_id for part in parts}:
        mine = [p for p in parts if p.partner_id == partner_id and p.counts(as_of)]
        row = of_partner(mine, as_of, known)
        if row and (row["weight"] > 0 or row["open_days"] > 0):
            result[partner_id] = row
    return result


def of_partner(parts, as_of, known):
    if not parts:
        return None
    effects = (known["by_dispute"], known["by_paper"], known["by_months"])
    row = {"partner_id": parts[0].partner_id, "country_id": parts[0].country_id}
    row |= paid_sums([p for p in parts if p.paid_before(as_of)], as_of, known, effects)
    average = dict(zip(known["countries"], known["habits"], strict=True)).get(
        row["country_id"], known["average"]
    )
    long = (row["habit"] + known["pull"] * average) / (row["weight"] + known["pull"])
    recent = (row["recent_habit"] + 2 * long) / (row["recent_weight"] + 2)
    usual = max(long, recent)
    overdue = [p for p in parts if not p.paid_before(as_of) and p.days(as_of) > 0]
    return row | open_sums(overdue, as_of, usual, effects)


def paid_sums(paid, as_of, known, effects):
    def fade(part, times=1):
        age = max(0, (as_of - part.due_date).days)
        return 0.5 ** (age * times / known["half_life"])

    def total(value, times=1):
        return sum(part.share * fade(part, times) * value(part) for part in paid)

    return {
        "instalments": sum(part.share for part in paid),
        "weight": total(lambda p: 1),
        "habit": total(lambda p: p.habit(as_of, effects)),
        "disputed": total(lambda p: p.disputed),
        "late": total(lambda p: p.days(as_of) > 0 and not p.disputed),
        "recent_weight": total(lambda p: 1, RECENT),
        "recent_habit": total(lambda p: p.habit(as_of, effects), RECENT),
        "recent_paper": total(lambda p: p.paper, RECENT),
        "recent_months": total(lambda p: p.months, RECENT),
        "amount": sum(fade(p) * p.amount for p in paid),
        "amount_days": sum(fade(p) * p.amount * p.days(as_of) for p in paid),
    }


def open_sums(overdue, as_of, usual, effects):
    worse = [p for p in overdue if p.habit(as_of, effects) > usual]
    return {
        "open_weight": sum(p.share for p in worse),
        "open_habit": sum(p.share * p.habit(as_of, effects) for p in worse),
        "open_amount": sum(p.amount for p in overdue),
        "open_amount_days": sum(p.amount * p.days(as_of) for p in overdue),
        "open_days": max((p.days(as_of) for p in overdue), default=0),
    }
