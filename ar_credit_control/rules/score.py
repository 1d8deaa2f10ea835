"""How a customer pays: chance of a late payment, expected delay, score, grade.

The model, in the order in which it is explained to the reader:

1. *Habit.* Days beyond terms of each paid instalment, less what its own conditions add in this
   company (disputed, on paper, longer terms), averaged with fading weights and drawn towards the
   average customer of the company as long as there is little history. Items that are overdue
   today count with the days that they have reached, if these are worse than the habit, both over
   the long run and of late.
2. *Chance of paying late.* A logistic rule on three figures: distance of the long habit and of
   the recent habit from the due date, and the share of instalments that are late, overdue ones
   among them. Its coefficients come from the company's own ledger, are never negative, and are
   stored with each month.
3. *Score.* Half on-time chance, half payment index of the expected delay, less points for broken
   promises, unfounded disputes and bounced payments.

Every step rises or falls with the delay alone, so paying later never raises a score.
Evidence comes ready-made from the database, one row per customer: see ``score_sql``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import cosh, sqrt
from types import MappingProxyType

from .score_scale import (
    HABIT_DAYS,
    chance,
    log_odds,
    mixed_quantile,
    payment_index,
    to_days,
    to_habit,
)

PRIOR_RECENT = 2.0  # instalments that the long habit is worth within the recent one
PRIOR_LATE = 3.0  # instalments that the company's late share is worth within a customer's
PRIOR_DISPUTE = 1.0  # customers either dispute or do not: a single case tells much
LOGISTIC = 1.7  # makes the logistic curve follow the normal one
SPAN = (0.1, 0.9)  # the span of a prediction holds eight cases in ten


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is known of an invoice when it is made, beside its customer.

    disputed: None while nobody can know yet.
    months: agreed terms in units of 30 days.
    """

    paper: float = 0.0
    months: float = 1.0
    disputed: bool | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the ledger knew of one customer before a date.

    Sums over paid parts of instalments, each weighted by its share of the instalment and faded
    by age: ``weight`` over the long half-life, ``recent_weight`` over the short one.
    ``open_*`` are overdue items, as far as they are already worse than the habit, long and recent.
    """

    partner_id: int
    country_id: int | None = None
    instalments: float = 0.0
    weight: float = 0.0
    habit: float = 0.0
    disputed: float = 0.0
    late: float = 0.0
    recent_weight: float = 0.0
    recent_habit: float = 0.0
    recent_paper: float = 0.0
    recent_months: float = 0.0
    amount: float = 0.0
    amount_days: float = 0.0
    open_weight: float = 0.0
    open_habit: float = 0.0
    open_amount: float = 0.0
    open_amount_days: float = 0.0
    open_days: int = 0
    promises_broken: float = 0.0
    disputes_unfounded: float = 0.0
    payments_bounced: float = 0.0

    @property
    def assessed(self) -> bool:
        """Somebody without any payment and without overdue items is unknown, not good."""
        return self.weight > 0.0 or self.open_weight > 0.0

    def conditions(self) -> Conditions:
        """Conditions of the next invoice: as of late."""
        if self.recent_weight <= 0.0:
            return Conditions()
        return Conditions(
            self.recent_paper / self.recent_weight, self.recent_months / self.recent_weight
        )


@dataclass(frozen=True, slots=True)
class Company:
    """What a ledger as a whole says: stored with each monthly snapshot, shown with the score.

    effects: days that a dispute, paper and 30 more days of terms add to a delay.
    habit, spread, pull: average customer, spread of one payment around its customer's habit (both
    on the scale of habits), and the instalments that the average is worth.
    lateness: constant, long habit, recent habit, late share (log-odds).
    delay: constant and factors of the days early, the days late, the days late times the chance.
    """

    effects: tuple[float, float, float] = (0.0, 0.0, 0.0)
    habit: float = 0.0
    habits: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    spread: float = 8.0
    pull: float = 1.0
    dispute_share: float = 0.0
    late_share: float = 0.3
    lateness: tuple[float, float, float, float] = (0.0, 0.8, 0.2, 0.0)
    delay: tuple[float, float, float, float] = (0.0, 1.0, 0.5, 0.5)

    def habit_in(self, country_id: int | None) -> float:
        """Average customer of the country, where the ledger knows enough of them."""
        return self.habit if country_id is None else self.habits.get(country_id, self.habit)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the credit manager decides: cut points, marks, points for bad conduct."""

    cuts: tuple[tuple[str, int], ...] = (("A", 80), ("B", 65), ("C", 50), ("D", 35), ("E", 0))
    thin_below: float = 3.0
    habitual_share: float = 0.6
    habitual_from: float = 5.0
    step: int = 5
    promise_points: float = 3.0
    dispute_points: float = 2.0
    bounce_points: float = 4.0
    conduct_most: float = 30.0


@dataclass(frozen=True, slots=True)
class Habit:
    """Usual delay of a customer on the scale of habits, before the conditions of an invoice."""

    long: float
    recent: float
    spread: float
    late_share: float
    dispute_share: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """Of one invoice: chance of being late, days beyond terms, and the span of eight in ten."""

    late: float
    days: float
    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer for one customer. ``score`` and ``grade`` are None when nothing is known."""

    partner_id: int
    score: int | None = None
    grade: str | None = None
    late: float | None = None
    days: float | None = None
    earliest: float | None = None
    latest: float | None = None
    index: int | None = None
    on_time_share: float | None = None
    instalments: float = 0.0
    thin: bool = False
    habitual: bool = False


def habit_of(evidence: Evidence, company: Company) -> Habit:
    """The customer's habit, drawn towards the average as far as its history is short."""
    known = evidence.weight + company.pull
    base = evidence.habit + company.pull * company.habit_in(evidence.country_id)
    long = (base + evidence.open_habit) / (known + evidence.open_weight)
    recent = evidence.recent_habit + PRIOR_RECENT * long + evidence.open_habit
    undisputed = max(0.0, evidence.weight - evidence.disputed)
    return Habit(
        long=long,
        recent=recent / (evidence.recent_weight + PRIOR_RECENT + evidence.open_weight),
        spread=company.spread * sqrt(1.0 + 1.0 / known),
        late_share=_shrunk(
            evidence.late + evidence.open_weight,
            undisputed + evidence.open_weight,
            company.late_share,
            PRIOR_LATE,
        ),
        dispute_share=_shrunk(
            evidence.disputed, evidence.weight, company.dispute_share, PRIOR_DISPUTE
        ),
    )


def _shrunk(part: float, whole: float, share: float, prior: float) -> float:
    return (part + prior * share) / (whole + prior)


def shift(company: Company, conditions: Conditions, disputed: float) -> float:
    """Days that the conditions of an invoice add to the habit."""
    by_dispute, by_paper, by_months = company.effects
    return by_dispute * disputed + by_paper * conditions.paper + by_months * conditions.months


def figures(habit: Habit, days: float) -> tuple[float, float, float, float]:
    """What the logistic rule weighs, for an invoice whose conditions add ``days``."""
    due = to_habit(0.5 - days)
    return (
        1.0,
        LOGISTIC * (habit.long - due) / habit.spread,
        LOGISTIC * (habit.recent - due) / habit.spread,
        log_odds(habit.late_share),
    )


def _late_chance(habit: Habit, company: Company, days: float) -> float:
    pairs = zip(company.lateness, figures(habit, days), strict=True)
    return chance(sum(weight * figure for weight, figure in pairs))


def dispute_chance(habit: Habit, conditions: Conditions) -> float:
    """Certain once a dispute is known or ruled out, the customer's share until then."""
    return habit.dispute_share if conditions.disputed is None else float(conditions.disputed)


def late_chance(habit: Habit, company: Company, conditions: Conditions) -> float:
    """Chance of being paid late, over the cases with and without a dispute."""
    disputed = dispute_chance(habit, conditions)
    clean = _late_chance(habit, company, shift(company, conditions, 0.0))
    contested = _late_chance(habit, company, shift(company, conditions, 1.0))
    return (1.0 - disputed) * clean + disputed * contested


def blend(habit: Habit, company: Company) -> float:
    """Long and recent habit, in the proportion in which the ledger trusts them."""
    _constant, long, recent, _share = company.lateness
    part = recent / (long + recent) if long + recent > 0.0 else 0.0
    return (1.0 - part) * habit.long + part * habit.recent


def delay_quantile(
    habit: Habit, company: Company, conditions: Conditions, level: float, scale: float
) -> float:
    """Delay that ``level`` of the cases stay below, with and without a dispute taken together."""
    usual = to_days(blend(habit, company))
    clean = usual + shift(company, conditions, 0.0)
    contested = usual + shift(company, conditions, 1.0)
    disputed = dispute_chance(habit, conditions)
    if contested < clean:
        clean, contested, disputed = contested, clean, 1.0 - disputed
    return mixed_quantile(clean, contested, disputed, scale, level)


def usual_days(habit: Habit, company: Company, conditions: Conditions) -> float:
    """Middle of the delays to expect: half of the cases are earlier, half later."""
    return delay_quantile(habit, company, conditions, 0.5, habit.spread / LOGISTIC)


def corrected_days(usual: float, late: float, company: Company) -> float:
    """Usual delay as the ledger's own payments have corrected it."""
    constant, early, beyond, risk = company.delay
    return constant + early * min(usual, 0.0) + (beyond + risk * late) * max(usual, 0.0)


def predict(evidence: Evidence, company: Company, conditions: Conditions) -> Prediction:
    """Chance and days for one invoice of this customer."""
    habit = habit_of(evidence, company)
    late = late_chance(habit, company, conditions)
    usual = usual_days(habit, company, conditions)
    days = corrected_days(usual, late, company)
    # the further from the due date, the more days a step on the scale of habits is
    scale = habit.spread / LOGISTIC * cosh(blend(habit, company) / HABIT_DAYS)
    bounds = (delay_quantile(habit, company, conditions, level, scale) for level in SPAN)
    earliest, latest = (days + bound - usual for bound in bounds)
    return Prediction(late, days, min(earliest, days), max(latest, days))


def behaviour_points(prediction: Prediction) -> float:
    """The score before conduct: on-time chance and payment index, in equal parts."""
    return 50.0 * (1.0 - prediction.late) + 0.5 * payment_index(prediction.days)


def conduct_points(evidence: Evidence, policy: Policy) -> tuple[float, float, float]:
    """Points lost by broken promises, unfounded disputes, bounced payments; limited as a whole."""
    lost = (
        policy.promise_points * evidence.promises_broken,
        policy.dispute_points * evidence.disputes_unfounded,
        policy.bounce_points * evidence.payments_bounced,
    )
    total = sum(lost)
    factor = policy.conduct_most / total if total > policy.conduct_most else 1.0
    return (lost[0] * factor, lost[1] * factor, lost[2] * factor)


def exact_score(evidence: Evidence, company: Company, policy: Policy) -> float:
    """The score before rounding."""
    prediction = predict(evidence, company, evidence.conditions())
    return max(0.0, behaviour_points(prediction) - sum(conduct_points(evidence, policy)))


def grade(score: int, cuts: Sequence[tuple[str, int]]) -> str:
    """Letter of the first cut point that the score reaches.

    >>> [grade(score, Policy().cuts) for score in (100, 80, 79, 35, 0)]
    ['A', 'A', 'B', 'D', 'E']
    """
    return next((letter for letter, least in cuts if score >= least), cuts[-1][0])


def trend(score: int | None, previous: int | None, step: int) -> str:
    """Direction against the stored score of the previous period.

    >>> trend(70, 60, 5), trend(60, 70, 5), trend(62, 60, 5), trend(62, None, 5)
    ('better', 'worse', 'steady', 'new')
    """
    if score is None or previous is None:
        return "new"
    if abs(score - previous) < step:
        return "steady"
    return "better" if score > previous else "worse"


def average_days(evidence: Evidence) -> float | None:
    """Amount-weighted days beyond terms, overdue items included as they stand."""
    amount = evidence.amount + evidence.open_amount
    if amount <= 0.0:
        return None
    return (evidence.amount_days + evidence.open_amount_days) / amount


def assess(evidence: Evidence, company: Company, policy: Policy) -> Assessment:
    """The whole answer for one customer."""
    if not evidence.assessed:
        return Assessment(evidence.partner_id)
    prediction = predict(evidence, company, evidence.conditions())
    score = round(exact_score(evidence, company, policy))
    days = average_days(evidence)
    undisputed = evidence.weight - evidence.disputed
    late_share = evidence.late / undisputed if undisputed > 1e-9 else None
    return Assessment(
        partner_id=evidence.partner_id,
        score=score,
        grade=grade(score, policy.cuts),
        late=prediction.late,
        days=prediction.days,
        earliest=prediction.earliest,
        latest=prediction.latest,
        index=None if days is None else round(payment_index(days)),
        on_time_share=None if late_share is None else 1.0 - late_share,
        instalments=evidence.instalments,
        thin=evidence.weight < policy.thin_below,
        habitual=is_habitual(evidence, late_share, policy),
    )


def is_habitual(evidence: Evidence, late_share: float | None, policy: Policy) -> bool:
    """Late as a rule, and often enough to call it one."""
    enough = evidence.instalments >= policy.habitual_from
    return enough and late_share is not None and late_share >= policy.habitual_share
