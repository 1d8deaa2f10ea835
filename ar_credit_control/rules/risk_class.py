"""What a customer's grade means for limits and reports, and how soon he is looked at again."""

from __future__ import annotations

from dataclasses import dataclass

NOT_ASSESSED = "none"
GRADE_KEYS: tuple[str, ...] = (*"ABCDE", NOT_ASSESSED)


@dataclass(frozen=True, slots=True)
class RiskClass:
    """One grade of a policy.

    need_percent: the part of what the customer needs that a proposed limit grants, in percent.
    notice_days: how long before its end the renewal of an external report is asked for.
    """

    need_percent: float
    notice_days: int


# The worse the payer, the less of the need, and the sooner a fresh report. Customers not assessed
# get the policy's default limit, whatever their need.
DEFAULT_CLASSES: dict[str, RiskClass] = {
    "A": RiskClass(150, 15),
    "B": RiskClass(120, 30),
    "C": RiskClass(100, 45),
    "D": RiskClass(50, 60),
    "E": RiskClass(0, 90),
    NOT_ASSESSED: RiskClass(0, 30),
}


def review_months(period: int, exposure: float, full_exposure: float) -> int:
    """Months until the next review: the period, shorter in proportion where more is at stake.

    Up to ``full_exposure`` the whole period holds, at twice that half of it, never under a month.

    >>> [review_months(12, exposure, 1000) for exposure in (10, 1000, 2000, 5000, 99999)]
    [12, 12, 6, 2, 1]
    """
    if full_exposure <= 0 or exposure <= full_exposure:
        return period
    return max(1, int(period * full_exposure / exposure))
