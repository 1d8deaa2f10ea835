"""Scales of the payment score: the payment index, the scale of habits, the decay of evidence."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import asinh, exp, log, sinh

# (days beyond terms, index): the classical scale on which 80 means paid on terms.
INDEX_KNOTS: tuple[tuple[float, float], ...] = (
    (-30.0, 100.0),
    (-20.0, 90.0),
    (0.0, 80.0),
    (15.0, 70.0),
    (22.0, 60.0),
    (30.0, 50.0),
    (60.0, 40.0),
    (90.0, 30.0),
    (120.0, 20.0),
    (240.0, 0.0),
)
EARLIEST, LATEST = -60.0, 120.0  # days: what is beyond says nothing more about the habit
HABIT_DAYS = 45.0  # within it a day counts in full, beyond it ever less: one outlier is no habit


def payment_index(days: float) -> float:
    """Index 0 to 100 of an amount-weighted delay, linear between the knots.

    >>> [payment_index(days) for days in (-45, -20, 0, 15, 22, 30, 60, 90, 120, 500)]
    [100.0, 90.0, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0, 20.0, 0.0]
    >>> payment_index(45)
    45.0
    """
    at = bisect_left(INDEX_KNOTS, (days,))
    if at == 0:
        return INDEX_KNOTS[0][1]
    if at == len(INDEX_KNOTS):
        return INDEX_KNOTS[-1][1]
    (low, high), (next_low, next_high) = INDEX_KNOTS[at - 1], INDEX_KNOTS[at]
    return high + (next_high - high) * (days - low) / (next_low - low)


def to_habit(days: float) -> float:
    """Days on the scale on which habits are averaged.

    >>> round(to_habit(1), 2), round(to_habit(60), 1)
    (1.0, 49.4)
    """
    return HABIT_DAYS * asinh(days / HABIT_DAYS)


def to_days(habit: float) -> float:
    """Inverse of :func:`to_habit`.

    >>> round(to_days(to_habit(42)), 9)
    42.0
    """
    return HABIT_DAYS * sinh(habit / HABIT_DAYS)


def chance(log_odds: float) -> float:
    """Probability for log-odds, safe at both ends.

    >>> chance(0.0), chance(-1000.0) > 0.0
    (0.5, True)
    """
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, log_odds))))


def log_odds(probability: float) -> float:
    """Inverse of :func:`chance`.

    >>> round(chance(log_odds(0.2)), 9)
    0.2
    """
    inside = min(max(probability, 1e-9), 1.0 - 1e-9)
    return log(inside / (1.0 - inside))


def mixed_quantile(low: float, high: float, share: float, scale: float, level: float) -> float:
    """Where ``level`` of the cases lie below, when ``share`` of them gather around ``high``.

    Both groups spread logistically by ``scale``. Each level is taken from the one group that it
    falls into, and the groups meet half-way: exact when they lie apart.

    >>> mixed_quantile(0.0, 20.0, 0.0, 3.0, 0.5), mixed_quantile(0.0, 20.0, 0.5, 3.0, 0.5)
    (0.0, 10.0)
    >>> round(mixed_quantile(0.0, 20.0, 0.2, 3.0, 0.9), 9)
    20.0
    """
    own, below = scale * log_odds(level), 1.0 - share
    meeting = min(max((low + high) / 2.0, low + own), high + own)
    if level < below:
        return min(low + scale * log_odds(level / below), meeting)
    if level > below:
        return max(high + scale * log_odds((level - below) / share), meeting)
    return meeting


def apportion(parts: Sequence[float], total: int) -> list[int]:
    """Whole numbers near ``parts`` that add up to ``total`` (largest remainders).

    >>> apportion([10.4, -3.4, 0.6], 8)
    [10, -3, 1]
    >>> apportion([], 0)
    []
    """
    floors = [int(part // 1) for part in parts]
    order = sorted(range(len(parts)), key=lambda at: floors[at] - parts[at])
    missing = total - sum(floors)
    if parts and not 0 <= missing <= len(parts):
        raise ValueError(f"{total} is not the rounded sum of the parts")
    for at in order[:missing]:
        floors[at] += 1
    return floors
