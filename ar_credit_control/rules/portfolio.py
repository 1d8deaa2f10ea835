"""Who looks after a customer while the collector is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple


class Absence(NamedTuple):
    """A collector's absence, both days included, and who stands in."""

    deputy: int
    first: date
    last: date


def stand_in(collector: int, absences: Mapping[int, Sequence[Absence]], day: date) -> int:
    """The user who does the collector's work on a day: a deputy, or the deputy's deputy.

    Where all of them are away (each stands in for the other), the work stays with the collector.

    >>> away = Absence(2, date(2030, 7, 1), date(2030, 7, 14))
    >>> [stand_in(1, {1: [away]}, date(2030, 7, day)) for day in (1, 14, 15)]
    [2, 2, 1]
    """
    seen = {collector}
    current = collector
    while absence := _away(absences.get(current, ()), day):
        current = absence.deputy
        if current in seen:
            return collector
        seen.add(current)
    return current


def _away(absences: Sequence[Absence], day: date) -> Absence | None:
    return next((away for away in absences if away.first <= day <= away.last), None)
