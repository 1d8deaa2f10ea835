"""What going further with a claim costs, and what it brings."""

from __future__ import annotations

from typing import NamedTuple

# The phases in their order; a case goes forward through them, and may be closed in any.
PHASES: tuple[str, ...] = ("amicable", "formal_notice", "hand_over", "legal", "closed")
# From here on somebody else speaks with the customer: no reminder may cross his letters.
SILENT: tuple[str, ...] = ("hand_over", "legal")


class Terms(NamedTuple):
    """What an agency or a lawyer takes: a percentage of what comes in, and a fixed amount.

    success_only: the fixed amount falls due only when something came in.
    """

    percent: float = 0.0
    fixed: float = 0.0
    success_only: bool = False


def fee(recovered: float, terms: Terms) -> float:
    """The fee on what was recovered, in the same currency, not rounded.

    >>> fee(1000.0, Terms(percent=15.0, fixed=50.0)), fee(0.0, Terms(15.0, 50.0, True))
    (200.0, 0.0)
    """
    due = terms.fixed if recovered > 0 or not terms.success_only else 0.0
    return due + max(0.0, recovered) * terms.percent / 100.0


def cost_share(costs: float, recovered: float) -> float | None:
    """Costs for each unit recovered; None while nothing came in.

    >>> cost_share(200.0, 1000.0), cost_share(50.0, 0.0)
    (0.2, None)
    """
    return costs / recovered if recovered > 0 else None


def may_enter(current: str, wanted: str) -> bool:
    """Whether a case may go from one phase into another: forward only, and never out of closed.

    >>> may_enter("amicable", "legal"), may_enter("legal", "hand_over")
    (True, False)
    """
    return PHASES.index(wanted) > PHASES.index(current)
