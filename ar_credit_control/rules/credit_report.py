"""Reports on customers by companies that sell them: each provider has a scale of its own.

A scale is either a span of numbers or a list of classes. Nothing here reads a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

NUMBERS = "numbers"
CLASSES = "classes"


class RatingError(ValueError):
    """A rating that its provider's scale does not have."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How one provider rates: numbers from ``best`` to ``worst``, or ``classes``, best first.

    ``best`` may be the smaller number or the larger one.
    """

    kind: str
    best: Decimal = Decimal(0)
    worst: Decimal = Decimal(0)
    classes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The scale as people write it, best first.

        >>> str(Scale(NUMBERS, Decimal(100), Decimal(600)))
        '100–600'
        """
        if self.kind == CLASSES:
            return ", ".join(self.classes)
        return f"{_plain(self.best)}–{_plain(self.worst)}"

    def problem(self) -> str | None:
        """``same_ends``, ``no_classes`` or ``double_class`` for a scale that rates nothing."""
        if self.kind == NUMBERS:
            return "same_ends" if self.best == self.worst else None
        if len(self.classes) < 2:
            return "no_classes"
        folded = [name.casefold() for name in self.classes]
        return "double_class" if len(set(folded)) < len(folded) else None

    def rating(self, text: str) -> str:
        """The rating as the scale writes it.

        :raises RatingError: the scale does not have it

        >>> Scale(CLASSES, classes=("AAA", "AA", "A")).rating("aa")
        'AA'
        >>> Scale(NUMBERS, Decimal(100), Decimal(600)).rating("212,0")
        '212'
        """
        if self.kind == CLASSES:
            for name in self.classes:
                if name.casefold() == text.strip().casefold():
                    return name
            raise RatingError(text)
        return _plain(self._number(text))

    def standing(self, rating: str) -> float:
        """Where a rating stands on the scale, in percent: 100 is the best.

        >>> Scale(NUMBERS, Decimal(100), Decimal(600)).standing("350")
        50.0
        """
        if self.kind == CLASSES:
            place = self.classes.index(self.rating(rating))
            return 100.0 * (1 - place / (len(self.classes) - 1))
        return float(100 * (self._number(rating) - self.worst) / (self.best - self.worst))

    def _number(self, text: str) -> Decimal:
        try:
            number = Decimal(text.strip().replace(",", "."))
        except InvalidOperation:
            raise RatingError(text) from None
        low, high = sorted((self.best, self.worst))
        if not number.is_finite() or not low <= number <= high:
            raise RatingError(text)
        return number


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def split_classes(text: str) -> tuple[str, ...]:
    """Classes out of a text, parted by commas, semicolons or lines.

    >>> split_classes("AAA, AA; A")
    ('AAA', 'AA', 'A')
    """
    parts = text.replace(";", ",").replace("\n", ",").split(",")
    return tuple(part.strip() for part in parts if part.strip())


@dataclass(frozen=True, slots=True)
class Report:
    """One line of a file of reports; ``key`` tells it from all others of the company."""

    line: int
    provider: str
    customer: str
    date: date
    reference: str = ""
    rating: str = ""
    advised_limit: Decimal | None = None
    currency: str = ""
    valid_until: date | None = None
    no_credit: bool = False
    kind = "reports"

    @property
    def key(self) -> str:
        """The provider's own number, or else customer and day."""
        said = self.reference or f"{self.customer}|{self.date.isoformat()}"
        return f"{self.provider.casefold()}|{said}"


def faults(report: Report) -> list[tuple[str, str, object]]:
    """(field, code, value) of what a report's own line says that cannot be."""
    found = [fault] if (fault := _advice_fault(report)) else []
    if report.valid_until and report.valid_until < report.date:
        found.append(("valid_until", "ends_before_date", report.valid_until))
    if not report.rating and report.advised_limit is None and not report.no_credit:
        found.append(("rating", "says_nothing", ""))
    return found


def _advice_fault(report: Report) -> tuple[str, str, object] | None:
    advised = report.advised_limit
    if advised is None:
        return None
    if advised == 0:
        return "advised_limit", "advised_zero", advised
    if advised < 0:
        return "advised_limit", "negative", advised
    return ("no_credit", "advised_both", advised) if report.no_credit else None


def rating_fault(report: Report, scale: Scale) -> tuple[str, str, object] | None:
    """(field, code, value) of a rating outside its provider's scale; None when it is fine."""
    if not report.rating:
        return None
    try:
        scale.rating(report.rating)
    except RatingError:
        return "rating", "outside_scale", f"{report.rating} ({scale})"
    return None
