"""The credit limit that a customer's own figures suggest, step by step.

What a customer needs is what it owes at any time when it buys as in the last twelve months and
pays on terms: turnover × days of the terms / days of the period. This turns round the ratio of
days sales outstanding (Credit Research Foundation: receivables × 365 / annual credit sales), with
the terms in place of the days that it takes: who pays late must not earn a higher limit by it.
Turnover includes tax, as receivables do.

The grade then grants a part of the need; a company report caps what is at one's own risk; cover
by an insurer gives back what these took, up to the need. All amounts are in one currency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

YEAR = 365
SHORTEST = 90  # days: a first big invoice says little about a year


@dataclass(frozen=True, slots=True)
class Basis:
    """What a proposal rests on.

    turnover: invoiced less credited over ``period_days``, tax included. term_days: days from
    invoice to due date, weighted by amount. grade: empty for customers not assessed.
    need_percent: the part of the need that the grade grants. default_limit: what customers get
    until assessed, 0 for no limit. advised: what the latest valid report advises (0: no credit),
    None for nothing. insured: cover by an insurer.
    """

    turnover: float = 0.0
    period_days: int = YEAR
    term_days: float = 0.0
    grade: str = ""
    need_percent: float = 0.0
    default_limit: float = 0.0
    advised: float | None = None
    insured: float = 0.0

    @property
    def need(self) -> float:
        """What the customer owes when it buys as before and pays on terms."""
        return max(0.0, self.turnover * self.term_days / self.period_days)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the arithmetic: what was done, and the amount after it."""

    key: str
    amount: float
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """amount: the limit to give, 0 for no credit, None when nothing suggests any."""

    amount: float | None
    steps: tuple[Step, ...] = ()


def propose(basis: Basis) -> Proposal:
    """The limit that the figures suggest, with every step on the way.

    >>> found = propose(Basis(turnover=146_000, term_days=30, grade="B", need_percent=120))
    >>> found.amount, [(step.key, round(step.amount)) for step in found.steps]
    (14000.0, [('turnover', 146000), ('need', 12000), ('grade', 14400), ('rounded', 14000)])
    """
    steps = _start(basis)
    if not steps:
        return Proposal(None)
    steps += _advice(basis, steps[-1].amount)
    steps += _cover(basis, steps[-1].amount)
    exact = steps[-1].amount
    amount = round_down(exact)
    if amount != exact:
        steps.append(Step("rounded", amount))
    return Proposal(amount, tuple(steps))


def round_down(amount: float) -> float:
    """Keep the two leading digits: a limit is a round number, and never above what was reckoned.

    >>> [round_down(amount) for amount in (0, 7.9, 99, 123, 14_999.99, 250_000)]
    [0.0, 7.0, 99.0, 120.0, 14000.0, 250000.0]
    """
    # 12,000 may have been reckoned as 11,999.9999999, and large amounts are off by more
    whole = math.floor(amount + 1e-6 + amount * 1e-14)
    step = 10 ** max(0, len(str(whole)) - 2)
    return float(whole - whole % step)


def period_days(since_first: int | None) -> int:
    """Days that a turnover of the last year stands for, by days since the first invoice.

    >>> [period_days(days) for days in (None, 10, 200, 4000)]
    [365, 90, 200, 365]
    """
    return YEAR if since_first is None else min(YEAR, max(SHORTEST, since_first))


def _start(basis: Basis) -> list[Step]:
    """From the need and the grade, else from what customers get before they are assessed."""
    if basis.grade and basis.need > 0:
        granted = basis.need * basis.need_percent / 100
        return [
            Step("turnover", basis.turnover, {"days": basis.period_days}),
            Step("need", basis.need, {"terms": basis.term_days, "days": basis.period_days}),
            Step("grade", granted, {"grade": basis.grade, "percent": basis.need_percent}),
        ]
    if basis.default_limit > 0:
        key = "no_turnover" if basis.grade else "not_assessed"
        return [Step(key, basis.default_limit)]
    if basis.advised is not None:
        return [Step("advice", basis.advised)]
    return [Step("uncovered", 0.0)] if basis.insured > 0 else []


def _advice(basis: Basis, amount: float) -> list[Step]:
    if basis.advised is None or basis.advised >= amount:
        return []
    return [Step("advice", basis.advised)]


def _cover(basis: Basis, amount: float) -> list[Step]:
    """Insured risk is the insurer's: up to the need, or all of it while no need is known."""
    lifted = min(basis.insured, basis.need) if basis.need > 0 else basis.insured
    return [Step("insured", lifted, {"cover": basis.insured})] if lifted > amount else []
