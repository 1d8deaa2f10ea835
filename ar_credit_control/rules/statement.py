"""How the open items of one customer are laid out on a statement of account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from .exposure import BUCKET_KEYS, ageing_bucket


@dataclass(frozen=True, slots=True)
class Item:
    """One open receivable item in its own currency; ``residual`` is negative for a credit.

    ``disputed`` is the part of it that the customer contests.
    """

    currency: str
    number: str
    reference: str
    kind: str
    issued: date
    due: date
    amount: float
    residual: float
    disputed: float = 0.0


@dataclass(frozen=True, slots=True)
class Section:
    """The items of one currency: charges by due date, then what is in the customer's favour."""

    currency: str
    charges: tuple[Item, ...]
    credits: tuple[Item, ...]
    ageing: tuple[tuple[str, float], ...]

    @property
    def charged(self) -> float:
        """What the charges still owe."""
        return sum(item.residual for item in self.charges)

    @property
    def credited(self) -> float:
        """What is open in the customer's favour, as a positive number."""
        return -sum(item.residual for item in self.credits)

    @property
    def balance(self) -> float:
        """What remains to be paid; negative when the customer is owed.

        Rounded, as a letter says another thing above and below zero.
        """
        return round(self.charged - self.credited, 6)

    @property
    def disputed(self) -> float:
        """What the customer contests of the charges."""
        return sum(item.disputed for item in self.charges)

    @property
    def overdue(self) -> float:
        """The part of the charges that is past its due date."""
        return sum(amount for key, amount in self.ageing if key != "not_due")


def statement_sections(items: Iterable[Item], today: date, first: str = "") -> tuple[Section, ...]:
    """Sections by currency: the currency ``first`` at the top, the others by name.

    >>> invoice = Item("EUR", "INV/1", "", "invoice", date(2026, 1, 1), date(2026, 1, 31), 100, 60)
    >>> section, = statement_sections([invoice], date(2026, 3, 15))
    >>> section.balance, section.overdue, dict(section.ageing)["due_31_60"]
    (60, 60, 60)
    """
    ordered = sorted(
        (item for item in items if item.residual),
        key=lambda item: (item.currency != first, item.currency, item.due, item.number),
    )
    return tuple(
        _section(currency, tuple(group), today)
        for currency, group in groupby(ordered, key=lambda item: item.currency)
    )


def days_overdue(item: Item, today: date) -> int:
    """Days past due of a charge; 0 for what is not due yet and for credits."""
    return max(0, (today - item.due).days) if item.residual > 0 else 0


def _section(currency: str, items: tuple[Item, ...], today: date) -> Section:
    charges = tuple(item for item in items if item.residual > 0)
    totals = dict.fromkeys(BUCKET_KEYS, 0.0)
    for item in charges:
        totals[ageing_bucket((today - item.due).days)] += item.residual
    in_favour = tuple(item for item in items if item.residual < 0)
    return Section(currency, charges, in_favour, tuple(totals.items()))
