"""Why a score is what it is: a walk from the average customer to this one.

Each step puts one more part of the evidence in place; the points of the step are the difference
it makes. The steps add up to the score by construction, and their whole numbers too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .score import (
    Company,
    Evidence,
    Policy,
    behaviour_points,
    conduct_points,
    exact_score,
    predict,
)
from .score_scale import apportion

# Key of a reason: the fields of the evidence that it rests on, in the order of the walk.
PARTS: dict[str, tuple[str, ...]] = {
    "habit": ("weight", "habit"),
    "late": ("late",),
    "recent": ("recent_weight", "recent_habit"),
    "disputes": ("disputed",),
    "conditions": ("recent_paper", "recent_months"),
    "overdue": ("open_weight", "open_habit"),
}
CONDUCT: dict[str, tuple[str, ...]] = {
    "promises": ("promises_broken",),
    "unfounded": ("disputes_unfounded",),
    "bounced": ("payments_bounced",),
}
BASE = "average"


@dataclass(frozen=True, slots=True)
class Reason:
    """One step: its points, and the figures of the evidence that it rests on."""

    key: str
    points: int
    figures: tuple[tuple[str, float], ...] = ()


def neutral(evidence: Evidence, company: Company) -> Evidence:
    """The average customer, as many payments made as this one, under the same usual terms."""
    months = evidence.conditions().months
    return Evidence(
        evidence.partner_id,
        evidence.country_id,
        recent_weight=1e-9,
        recent_months=1e-9 * months,
        recent_habit=0.0,
    )


def _steps(evidence: Evidence, company: Company) -> Iterator[tuple[str, float]]:
    """Score before conduct after each part of the evidence."""
    stage = neutral(evidence, company)
    yield BASE, _points(stage, company)
    for key, names in PARTS.items():
        stage = _with(stage, evidence, company, key, names)
        yield key, _points(stage, company)


def _with(
    stage: Evidence, evidence: Evidence, company: Company, key: str, names: tuple[str, ...]
) -> Evidence:
    changes = {name: getattr(evidence, name) for name in names}
    if key == "habit":  # as often late as everybody, for now
        changes["late"] = company.late_share * evidence.weight
    if key == "recent":  # conditions are averages over the same weight: keep them as they were
        factor = evidence.recent_weight / stage.recent_weight
        changes["recent_months"] = stage.recent_months * factor
    return replace(stage, **changes)


def _points(stage: Evidence, company: Company) -> float:
    return behaviour_points(predict(stage, company, stage.conditions()))


def contributions(evidence: Evidence, company: Company, policy: Policy) -> dict[str, float]:
    """Exact points of every step; what conduct would take below zero is not counted."""
    result: dict[str, float] = {}
    before = 0.0
    for key, points in _steps(evidence, company):
        result[key] = points - before
        before = points
    lost = conduct_points(evidence, policy)
    total = sum(lost)
    factor = min(1.0, before / total) if total else 0.0
    result |= {key: -part * factor for key, part in zip(CONDUCT, lost, strict=True)}
    return result


def reasons(evidence: Evidence, company: Company, policy: Policy) -> list[Reason]:
    """All steps with points that add up to the rounded score, the strongest first after the base.

    The reader is shown the base and as many of the others as fit, the rest as one sum:
    :func:`strongest`.
    """
    if not evidence.assessed:
        return []
    parts = contributions(evidence, company, policy)
    whole = apportion(list(parts.values()), round(exact_score(evidence, company, policy)))
    found = [
        Reason(key, points, _figures(evidence, key))
        for key, points in zip(parts, whole, strict=True)
    ]
    return found[:1] + sorted(found[1:], key=lambda reason: -abs(reason.points))


def _figures(evidence: Evidence, key: str) -> tuple[tuple[str, float], ...]:
    names = (PARTS | CONDUCT).get(key, ())
    return tuple((name, getattr(evidence, name)) for name in names)


def strongest(found: list[Reason], most: int = 5) -> list[Reason]:
    """The base, the strongest others, and the rest as one: still adding up to the score."""
    if not found:
        return []
    moving = [reason for reason in found[1:] if reason.points]
    shown, rest = moving[:most], sum(reason.points for reason in moving[most:])
    return found[:1] + shown + ([Reason("rest", rest)] if rest else [])
