"""What a ledger as a whole says, fitted from its own payments at each snapshot.

Four small fits in plain arithmetic: days that conditions add (least squares within customers),
the average customer and the spread around it (moments), the logistic rule of a late payment
(Newton steps), the correction of the expected delay (least absolute deviations). Each is held
near a sensible prior, so that a thin ledger moves little. Factors are never negative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from .score import (
    Company,
    Conditions,
    Evidence,
    dispute_chance,
    figures,
    habit_of,
    late_chance,
    shift,
    usual_days,
)
from .score_scale import EARLIEST, LATEST, chance

Row = Sequence[float]

RIDGE = 1.0
COUNTRY_CUSTOMERS = 10  # below so many customers a country says nothing of its own
COUNTRY_PULL = 10.0
LEAST_BETWEEN = 0.05  # share of the spread that customers differ by at the least
LATENESS_PRIOR = 2.0
DELAY_PRIOR = 3.0
HALF_DAY = 0.5  # deviations below it count as squares: keeps the weights finite


@dataclass(frozen=True, slots=True)
class Lesson:
    """One paid part of an instalment, and what was known when its month began."""

    evidence: Evidence
    conditions: Conditions
    share: float
    days: float

    @property
    def late(self) -> float:
        return float(self.days > 0)


def solve(matrix: Sequence[Row], right: Row) -> list[float]:
    """Solution of a small system of linear equations, by elimination.

    >>> solve([[2.0, 1.0], [1.0, 3.0]], [3.0, 5.0])
    [0.8, 1.4]
    """
    size = len(right)
    rows = [[*map(float, row), float(value)] for row, value in zip(matrix, right, strict=True)]
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(rows[row][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for below in range(at + 1, size):
            factor = rows[below][at] / rows[at][at]
            rows[below] = [a - factor * b for a, b in zip(rows[below], rows[at], strict=True)]
    result = [0.0] * size
    for at in reversed(range(size)):
        known = sum(rows[at][column] * result[column] for column in range(at + 1, size))
        result[at] = (rows[at][size] - known) / rows[at][at]
    return result


def fit_effects(sums: Sequence[float | None]) -> tuple[float, float, float]:
    """Days that a dispute, paper, 30 more days of terms add, from the sums of ``EFFECTS``.

    >>> fit_effects([None] * 9)
    (0.0, 0.0, 0.0)
    """
    s11, s12, s13, s14, s22, s23, s24, s33, s34 = (float(value or 0.0) for value in sums)
    matrix = [[s11 + RIDGE, s12, s13], [s12, s22 + RIDGE, s23], [s13, s23, s33 + RIDGE]]
    by_dispute, by_paper, by_months = solve(matrix, [s14, s24, s34])
    return (by_dispute, by_paper, by_months)


def fit_averages(company: Company, rows: Sequence[Sequence[float]]) -> Company:
    """The average customer, the spread around a habit and the pull, from ``AVERAGES``."""
    if not rows:
        return company
    totals = [sum(float(row[at]) for row in rows) for at in range(1, 11)]
    _customers, inner, freedom, weight, sums, squares, per_payment, mass, disputed, late = totals
    within = max(inner / freedom, 1.0) if freedom > 1e-6 else company.spread**2
    average = sums / weight
    between = squares / weight - average**2 - within * per_payment / weight
    undisputed = mass - disputed
    return replace(
        company,
        habit=average,
        habits=fit_countries(average, rows),
        spread=sqrt(within),
        pull=within / max(between, LEAST_BETWEEN * within),
        dispute_share=disputed / mass,
        late_share=late / undisputed if undisputed > 0.0 else company.late_share,
    )


def fit_countries(average: float, rows: Iterable[Sequence[float]]) -> dict[int, float]:
    """Average habit of each country that has customers enough, drawn towards the company's."""
    return {
        int(row[0]): (float(row[5]) + COUNTRY_PULL * average) / (float(row[4]) + COUNTRY_PULL)
        for row in rows
        if row[0] is not None and row[1] >= COUNTRY_CUSTOMERS
    }


def without_negatives(
    fit: Callable[[Sequence[int]], list[float]], size: int
) -> tuple[float, float, float, float]:
    """Fits again without the most negative factor until none is left; the constant is free."""
    free = list(range(size))
    while True:
        result = fit(free)
        worst = min(free[1:], key=lambda at: result[at], default=0)
        if not worst or result[worst] >= 0.0:
            return (result[0], result[1], result[2], result[3])
        free.remove(worst)


def normal_equations(
    rows: Sequence[Row], weights: Row, targets: Row, free: Sequence[int], prior: float
) -> tuple[list[list[float]], list[float]]:
    """Weighted sums of squares of the free columns, with ``prior`` on the diagonal."""
    matrix = [[prior if a == b else 0.0 for b in free] for a in free]
    right = [0.0 for _ in free]
    for row, weight, target in zip(rows, weights, targets, strict=True):
        values = [row[at] for at in free]
        for a, value in enumerate(values):
            scaled = weight * value
            right[a] += target * value
            line = matrix[a]
            for b, other in enumerate(values):
                line[b] += scaled * other
    return matrix, right


def only_free(start: Row, free: Sequence[int]) -> list[float]:
    """The coefficients to start from; those not free are zero."""
    return [value if at in free else 0.0 for at, value in enumerate(start)]


def products(rows: Sequence[Row], coefficients: Row) -> list[float]:
    """What the coefficients say of each row."""
    return [sum(map(float.__mul__, coefficients, row)) for row in rows]


def newton_logistic(
    rows: Sequence[Row], late: Row, shares: Row, start: Row, free: Sequence[int]
) -> list[float]:
    """Coefficients of the logistic rule, held near ``start``; those not free are zero."""
    current = only_free(start, free)
    for _ in range(25):
        steps = _newton_steps(rows, late, shares, start, free, current)
        for at, step in zip(free, steps, strict=True):
            current[at] += step
        if max(map(abs, steps)) < 1e-6:
            break
    return current


def _newton_steps(
    rows: Sequence[Row], late: Row, shares: Row, start: Row, free: Sequence[int], current: Row
) -> list[float]:
    """How far to move each free coefficient; bounded, so that a steep start does not overshoot."""
    chances = [chance(guess) for guess in products(rows, current)]
    weights = [s * p * (1.0 - p) for s, p in zip(shares, chances, strict=True)]
    gaps = [s * (y - p) for s, y, p in zip(shares, late, chances, strict=True)]
    matrix, right = normal_equations(rows, weights, gaps, free, LATENESS_PRIOR)
    pulled = [
        value - LATENESS_PRIOR * (current[at] - start[at])
        for at, value in zip(free, right, strict=True)
    ]
    return [max(-2.0, min(2.0, step)) for step in solve(matrix, pulled)]


def least_deviations(
    rows: Sequence[Row], days: Row, shares: Row, start: Row, free: Sequence[int]
) -> list[float]:
    """Coefficients with the least absolute deviations, by squares weighted anew at each step."""
    current = only_free(start, free)
    for _ in range(30):
        found = _least_squares(rows, days, shares, start, free, current)
        change = max(abs(current[at] - new) for at, new in zip(free, found, strict=True))
        for at, new in zip(free, found, strict=True):
            current[at] = new
        if change < 1e-4:
            break
    return current


def _least_squares(
    rows: Sequence[Row], days: Row, shares: Row, start: Row, free: Sequence[int], current: Row
) -> list[float]:
    """The free coefficients, each row weighted by how far off the current ones are."""
    guesses = products(rows, current)
    weights = [s / max(abs(d - g), HALF_DAY) for s, d, g in zip(shares, days, guesses, strict=True)]
    targets = [w * d for w, d in zip(weights, days, strict=True)]
    matrix, right = normal_equations(rows, weights, targets, free, DELAY_PRIOR)
    right = [value + DELAY_PRIOR * start[at] for at, value in zip(free, right, strict=True)]
    return solve(matrix, right)


def fit_lateness(company: Company, lessons: Sequence[Lesson]) -> Company:
    """The logistic rule of a late payment, each lesson under the conditions it came to have."""
    rows = [_lateness_row(company, lesson) for lesson in lessons]
    late = [lesson.late for lesson in lessons]
    shares = [lesson.share for lesson in lessons]
    start = Company().lateness
    found = without_negatives(
        lambda free: newton_logistic(rows, late, shares, start, free), len(start)
    )
    return replace(company, lateness=found)


def _lateness_row(company: Company, lesson: Lesson) -> tuple[float, ...]:
    habit = habit_of(lesson.evidence, company)
    disputed = dispute_chance(habit, lesson.conditions)
    return figures(habit, shift(company, lesson.conditions, disputed))


def fit_delay(company: Company, lessons: Sequence[Lesson]) -> Company:
    """The correction of the expected delay, each lesson before a dispute could be known."""
    rows = [_delay_row(company, lesson) for lesson in lessons]
    days = [max(EARLIEST, min(LATEST, lesson.days)) for lesson in lessons]
    shares = [lesson.share for lesson in lessons]
    start = Company().delay
    found = without_negatives(
        lambda free: least_deviations(rows, days, shares, start, free), len(start)
    )
    return replace(company, delay=found)


def _delay_row(company: Company, lesson: Lesson) -> tuple[float, ...]:
    habit = habit_of(lesson.evidence, company)
    conditions = replace(lesson.conditions, disputed=None)
    late = late_chance(habit, company, conditions)
    usual = usual_days(habit, company, conditions)
    return (1.0, min(usual, 0.0), max(usual, 0.0), max(usual, 0.0) * late)


def fit_rules(company: Company, lessons: Sequence[Lesson]) -> Company:
    """Both rules; without lessons the priors stand."""
    return fit_delay(fit_lateness(company, lessons), lessons) if lessons else company
