"""Which orders may go through, which deserve a warning, which must wait: the credit policy.

A policy is an ordered list of rules. Each rule has one criterion and one effect. All amounts are
in the company's currency. Nothing here reads a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from .discount import WEAK_GRADES
from .exposure import Position, exceeds

WARN = "warn"
HOLD = "hold"
PASS = "pass"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a credit policy; which of the thresholds count depends on the criterion."""

    criterion: str
    effect: str = HOLD
    percent: float = 0.0
    amount: float = 0.0
    days: int = 0
    level: int = 0
    grade: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision rests on.

    order_amount: total of the order in company currency, 0 when a customer is looked at without
    an order. prepaid: the part of it that is already paid or authorised. term_days and
    customer_term_days: days from invoice to the last instalment, granted and agreed (None = no
    term). grade: of the customer's payment behaviour, A to E, None while it is unknown. discount:
    the order's largest, in percent. dunning_level: the highest at which the customer was reminded
    of what is overdue; dunning_hold: orders wait at that level. The position must count the order
    in ``this_order`` already.
    """

    position: Position
    today: date
    order_amount: float = 0.0
    prepaid: float = 0.0
    term_days: int | None = None
    customer_term_days: int | None = None
    manual_hold: bool = False
    hold_reason: str | None = None
    assessed: bool = True
    grade: str | None = None
    review_date: date | None = None
    discount: float = 0.0
    dunning_level: int = 0
    dunning_hold: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that applies, with the numbers that a message needs."""

    criterion: str
    effect: str
    params: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """The finding as values that JSON holds: dates as ``YYYY-MM-DD``."""
        values = {
            key: value.isoformat() if isinstance(value, date) else value
            for key, value in self.params.items()
        }
        return {"criterion": self.criterion, "effect": self.effect, "params": values}


Params = dict[str, object] | None


def _limit_use(rule: Rule, facts: Facts) -> Params:
    """Exposure above the given share of the limit; a limit of nothing is used up by anything."""
    position = facts.position
    if position.limit.kind != "amount":
        return None
    allowed = position.limit.amount * rule.percent / 100
    if not exceeds(position.exposure_shared, allowed):
        return None
    return {
        "use_percent": position.use_percent,
        "excess": position.exposure_shared - allowed,
        "limit": position.limit.amount,
        "exposure": position.exposure_shared,
        "percent": rule.percent,
    }


def _overdue_amount(rule: Rule, facts: Facts) -> Params:
    overdue = facts.position.overdue_net
    if not exceeds(overdue, rule.amount):
        return None
    return {"overdue": overdue, "amount": rule.amount}


def _overdue_days(rule: Rule, facts: Facts) -> Params:
    """Items overdue for more than the given days, worth more than the floor amount together."""
    position = facts.position
    old = position.overdue_beyond.get(rule.days, 0.0) - position.covered
    if not exceeds(old, max(0.0, rule.amount)):
        return None
    return {"overdue": old, "days": rule.days, "oldest": position.oldest_days(facts.today)}


def _manual_hold(_rule: Rule, facts: Facts) -> Params:
    return {"reason": facts.hold_reason} if facts.manual_hold else None


def _limit_expired(_rule: Rule, facts: Facts) -> Params:
    limit = facts.position.limit
    return {"date": limit.valid_until} if limit.expired(facts.today) else None


def _review_overdue(rule: Rule, facts: Facts) -> Params:
    """The review date has passed by more than the given days."""
    if facts.review_date is None or (facts.today - facts.review_date).days <= rule.days:
        return None
    return {"date": facts.review_date}


def _not_assessed(_rule: Rule, facts: Facts) -> Params:
    return None if facts.assessed else {}


def _score_grade(rule: Rule, facts: Facts) -> Params:
    """The grade of the rule or a worse one; an unknown customer is not a bad one."""
    if facts.grade is None or facts.grade < rule.grade:
        return None
    return {"grade": facts.grade}


def _order_amount(rule: Rule, facts: Facts) -> Params:
    if facts.order_amount <= rule.amount:
        return None
    return {"order": facts.order_amount, "amount": rule.amount}


def _term_longer(_rule: Rule, facts: Facts) -> Params:
    if facts.term_days is None or facts.customer_term_days is None:
        return None
    if facts.term_days <= facts.customer_term_days:
        return None
    return {"granted": facts.term_days, "agreed": facts.customer_term_days}


def _weak_discount(rule: Rule, facts: Facts) -> Params:
    """More discount than a customer deserves who pays late already."""
    if facts.grade not in WEAK_GRADES or facts.discount <= rule.percent:
        return None
    return {"grade": facts.grade, "discount": facts.discount, "percent": rule.percent}


def _dunning_level(rule: Rule, facts: Facts) -> Params:
    """Reminded at the rule's level or above."""
    return {"level": facts.dunning_level} if facts.dunning_level >= max(1, rule.level) else None


CRITERIA: dict[str, Callable[[Rule, Facts], Params]] = {
    "manual_hold": _manual_hold,
    "limit_use": _limit_use,
    "overdue_days": _overdue_days,
    "overdue_amount": _overdue_amount,
    "limit_expired": _limit_expired,
    "review_overdue": _review_overdue,
    "not_assessed": _not_assessed,
    "score_grade": _score_grade,
    "order_amount": _order_amount,
    "term_longer": _term_longer,
    "weak_discount": _weak_discount,
    "dunning_level": _dunning_level,
}


def findings(rules: Iterable[Rule], facts: Facts) -> tuple[Finding, ...]:
    """The rules that apply, in the policy's order, each criterion once with its hardest effect.

    *No credit* and a hold by the dunning level are no rules but choices made elsewhere, so they
    hold whatever the policy says. An order that is paid in advance risks nothing: no finding.
    """
    if _risks_nothing(facts):
        return ()
    found: dict[str, Finding] = {}
    if facts.position.limit.kind == "no_credit":
        found["no_credit"] = Finding("no_credit", HOLD, {"exposure": facts.position.exposure})
    if facts.dunning_hold:
        found["dunning_hold"] = Finding("dunning_hold", HOLD, {"level": facts.dunning_level})
    for rule in rules:
        known = found.get(rule.criterion)
        if known and (known.effect == HOLD or rule.effect == WARN):
            continue
        params = CRITERIA[rule.criterion](rule, facts)
        if params is not None:
            found[rule.criterion] = Finding(rule.criterion, rule.effect, params)
    return tuple(found.values())


def _risks_nothing(facts: Facts) -> bool:
    return facts.order_amount > 0 and not exceeds(facts.order_amount, facts.prepaid)


def decision(found: Iterable[Finding]) -> str:
    """The hardest effect among the findings.

    >>> decision([])
    'pass'
    >>> decision([Finding("a", WARN, {}), Finding("b", HOLD, {})])
    'hold'
    """
    effects = {finding.effect for finding in found}
    return HOLD if HOLD in effects else WARN if WARN in effects else PASS


@dataclass(frozen=True, slots=True)
class Verdict:
    """A position together with what the policy finds in it.

    amount: order total that was judged, in company currency; 0 for a customer without an order.
    grade, expected_delay: of the customer's payment behaviour, None while it is unknown.
    rejected, undelivered: e-invoices that the exchange threw out, and others that did not arrive.
    case_phase: how far the furthest open collection case has come, beyond friendly reminders.
    contact: day and time (UTC), channel, outcome and dunning level (id) of the last contact.
    """

    position: Position
    findings: tuple[Finding, ...] = ()
    manual_hold: bool = False
    amount: float = 0.0
    dunning_level: int = 0
    dunning_hold: bool = False
    grade: str | None = None
    expected_delay: float | None = None
    rejected: int = 0
    undelivered: int = 0
    case_phase: str | None = None
    contact: tuple | None = None

    @property
    def decision(self) -> str:
        return decision(self.findings)

    @property
    def holding(self) -> tuple[Finding, ...]:
        """The findings that stop an order."""
        return tuple(finding for finding in self.findings if finding.effect == HOLD)

    @property
    def stops_order(self) -> bool:
        """Whether the order must wait; one that is worth nothing has nothing to wait for."""
        return self.amount > 0 and bool(self.findings and self.holding)

    @property
    def criterion(self) -> str | None:
        """What matters most: the first finding that holds, else the first one."""
        first = (self.holding or self.findings)[:1]
        return first[0].criterion if first else None


def release_covers(
    amount: float, released: float, tolerance_percent: float, valid_until: date | None, today: date
) -> bool:
    """Whether a release still lets an order of this amount through.

    >>> from datetime import date
    >>> release_covers(105, 100, 5, None, date(2026, 1, 1))
    True
    >>> release_covers(105.01, 100, 5, None, date(2026, 1, 1))
    False
    >>> release_covers(100, 100, 0, date(2026, 1, 1), date(2026, 1, 2))
    False
    """
    if valid_until is not None and today > valid_until:
        return False
    return not exceeds(amount, released * (1 + tolerance_percent / 100))
