"""From a ledger to scores: which texts of ``score_sql`` are asked, in which order, with what.

The ledger is reached through a function of the caller that takes a text and its parameters and
returns rows; ``items`` is the caller's own part of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

from . import score_sql
from .score import Company, Conditions, Evidence
from .score_fit import Lesson, fit_averages, fit_effects, fit_rules

Ask = Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]

HALF_LIFE = 540.0  # days; the recent habit fades faster, and the ledger says what it is worth
LESSON_MONTHS = 12
MOST_LESSONS = 2000  # of one month: more say little more
MONTH = timedelta(days=30)


def parameters(company: Company, as_of: date, half_life: float = HALF_LIFE) -> dict[str, Any]:
    """What every text needs beside ``items``."""
    by_dispute, by_paper, by_months = company.effects
    return {
        "as_of": as_of,
        "half_life": half_life,
        "by_dispute": by_dispute,
        "by_paper": by_paper,
        "by_months": by_months,
        "pull": company.pull,
        "average": company.habit,
        "countries": list(company.habits),
        "habits": list(company.habits.values()),
    }


def to_json(company: Company) -> dict[str, Any]:
    """Coefficients as they are stored."""
    found = {field.name: getattr(company, field.name) for field in fields(company)}
    return found | {"habits": {str(key): value for key, value in company.habits.items()}}


def from_json(stored: Mapping[str, Any]) -> Company:
    """Inverse of :func:`to_json`.

    >>> company = Company(habits={3: -2.5}, lateness=(0.1, 0.9, 0.0, 0.2))
    >>> from_json(to_json(company)) == company
    True
    """
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
    habits = {int(key): value for key, value in stored["habits"].items()}
    return Company(**values | {"habits": habits})


def read_evidence(
    ask: Ask, company: Company, as_of: date, half_life: float = HALF_LIFE
) -> Iterator[Evidence]:
    """Evidence of every customer that has any, as known before ``as_of``."""
    for row in ask(score_sql.EVIDENCE, parameters(company, as_of, half_life)):
        yield Evidence(*row)


def fit_company(ask: Ask, as_of: date, half_life: float = HALF_LIFE) -> Company:
    """The company's coefficients from what was known before ``as_of``."""
    company = Company()
    effects = ask(score_sql.EFFECTS, parameters(company, as_of, half_life))
    company = replace(company, effects=fit_effects(effects[0]))
    averages = ask(score_sql.AVERAGES, parameters(company, as_of, half_life))
    company = fit_averages(company, averages)
    return fit_rules(company, read_lessons(ask, company, as_of, half_life))


def read_lessons(ask: Ask, company: Company, as_of: date, half_life: float) -> list[Lesson]:
    """What was known at the start of each of the last months, and what came of its invoices."""
    lessons = []
    for month in range(1, LESSON_MONTHS + 1):
        start = as_of - month * MONTH
        known = parameters(company, start, half_life)
        known |= {"month_end": start + MONTH, "until": as_of}
        rows = ask(score_sql.LESSONS, known)
        lessons += map(_lesson, rows[:: 1 + len(rows) // MOST_LESSONS])
    return lessons


def _lesson(row: Sequence[Any]) -> Lesson:
    *known, paper, months, disputed, share, days = row
    conditions = Conditions(float(paper), float(months), bool(disputed))
    return Lesson(Evidence(*known), conditions, float(share), float(days))
