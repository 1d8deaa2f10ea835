"""How good predictions are: ranking, distance, calibration."""

from __future__ import annotations

from collections.abc import Sequence

CASES = 50  # a decile with fewer proves nothing


def auc(chances: Sequence[float], late: Sequence[bool]) -> float:
    """Chance that a late invoice is ranked above one paid in time; ties count half.

    0.5 where all were late, or none: there is nothing to tell apart.
    """
    order = sorted(range(len(chances)), key=lambda at: chances[at])
    ranks, at = [0.0] * len(order), 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and chances[order[end + 1]] == chances[order[at]]:
            end += 1
        for tied in order[at : end + 1]:
            ranks[tied] = (at + end) / 2 + 1
        at = end + 1
    positive = sum(late)
    if positive in (0, len(late)):
        return 0.5
    total = sum(rank for rank, is_late in zip(ranks, late, strict=True) if is_late)
    return (total - positive * (positive + 1) / 2) / (positive * (len(late) - positive))


def brier(chances: Sequence[float], late: Sequence[bool]) -> float:
    return sum((p - y) ** 2 for p, y in zip(chances, late, strict=True)) / len(late)


def mean_error(guesses: Sequence[float], days: Sequence[float]) -> float:
    return sum(abs(g - d) for g, d in zip(guesses, days, strict=True)) / len(days)


def by_width(chances: Sequence[float], late: Sequence[bool]) -> list[tuple[int, float, float]]:
    """Cases, expected and observed share (in percent) for chances of 0-10 %, 10-20 %, …"""
    bins: list[list[int]] = [[] for _ in range(10)]
    for at, value in enumerate(chances):
        bins[min(9, int(value * 10))].append(at)
    return [reliability(members, chances, late) for members in bins]


def by_tenth(chances: Sequence[float], late: Sequence[bool]) -> list[tuple[int, float, float]]:
    """The same for the tenth with the lowest chances, the next tenth, …"""
    order = sorted(range(len(chances)), key=lambda at: chances[at])
    cuts = [len(order) * tenth // 10 for tenth in range(11)]
    return [
        reliability(order[low:high], chances, late)
        for low, high in zip(cuts, cuts[1:], strict=False)
    ]


def reliability(members, chances, late) -> tuple[int, float, float]:
    cases = len(members)
    if not cases:
        return (0, 0.0, 0.0)
    expected = 100 * sum(chances[at] for at in members) / cases
    return (cases, expected, 100 * sum(late[at] for at in members) / cases)


def worst_gap(table: Sequence[tuple[int, float, float]]) -> float:
    """Largest distance of expected and observed, in points, where there are cases enough."""
    return max((abs(e - o) for cases, e, o in table if cases >= CASES), default=0.0)
