"""The formulas of ``score`` as SQL text, for all customers of a ledger at once.

``%(known)s`` is a query itself with the columns of ``Evidence`` and of :data:`POLICY_COLUMNS`;
the other parameters come from :func:`coefficients`. Each level computes what the next one needs;
OFFSET 0 keeps the server from computing an expression once for each place that it is used in.
"""

from __future__ import annotations

from typing import Any

from .score import LOGISTIC, PRIOR_DISPUTE, PRIOR_LATE, PRIOR_RECENT, SPAN, Company, Policy
from .score_scale import HABIT_DAYS, INDEX_KNOTS

POLICY_COLUMNS = (
    "cut_a",
    "cut_b",
    "cut_c",
    "cut_d",
    "thin_below",
    "habitual_share",
    "habitual_from",
    "promise_points",
    "dispute_points",
    "bounce_points",
    "conduct_most",
)


def policy_values(policy: Policy) -> tuple[float, ...]:
    """Values of :data:`POLICY_COLUMNS`."""
    cuts = [least for _letter, least in policy.cuts[:-1]]
    return (*cuts, *(getattr(policy, name) for name in POLICY_COLUMNS[len(cuts) :]))


def coefficients(company: Company) -> dict[str, Any]:
    """What the text needs of the company beside ``score_snapshot.parameters``."""
    constant, long, recent, share = company.lateness
    return {
        "spread": company.spread,
        "dispute_share": company.dispute_share,
        "late_share": company.late_share,
        "late_constant": constant,
        "late_long": long,
        "late_recent": recent,
        "late_odds": share,
        "trust_recent": recent / (long + recent) if long + recent > 0.0 else 0.0,
        **dict(zip(DELAY, company.delay, strict=True)),
    }


DELAY = ("delay_constant", "delay_early", "delay_beyond", "delay_risk")


def _index(days: str) -> str:
    """Payment index: linear between the knots."""
    first, last = INDEX_KNOTS[0], INDEX_KNOTS[-1]
    cases = [f"WHEN {days} <= {first[0]} THEN {first[1]}"]
    for (low, high), (next_low, next_high) in zip(INDEX_KNOTS, INDEX_KNOTS[1:], strict=False):
        line = f"{high} + ({next_high - high}) * ({days} - ({low})) / {next_low - low}"
        cases.append(f"WHEN {days} <= {next_low} THEN {line}")
    return f"(CASE {' '.join(cases)} ELSE {last[1]} END)::float8"


def _odds(probability: str) -> str:
    inside = f"least(greatest({probability}, 1e-9::float8), 1.0::float8 - 1e-9::float8)"
    return f"ln({inside} / (1.0 - {inside}))"


def _chance(odds: str) -> str:
    return f"1.0::float8 / (1.0 + exp(-greatest(-30.0, least(30.0, {odds}))))"


def _to_habit(days: str) -> str:
    return f"{HABIT_DAYS} * asinh(({days}) / {HABIT_DAYS})"


def _quantile(level: float, scale: str) -> str:
    """``mixed_quantile`` of ``low``, ``high`` and ``share``, the part around ``high``."""
    at, below = f"{level}::float8", "(1.0 - share)"
    own = f"{scale} * {_odds(at)}"
    meeting = f"least(greatest((low + high) / 2.0, low + {own}), high + {own})"
    return f"""CASE
        WHEN {at} < {below} THEN least(low + {scale} * {_odds(f"{at} / {below}")}, {meeting})
        WHEN {at} > {below}
        THEN greatest(high + {scale} * {_odds(f"({at} - {below}) / share")}, {meeting})
        ELSE {meeting} END"""


_FACTS = """
    SELECT known.*, weight + %(pull)s::float8 AS trust,
           coalesce(average.habit, %(average)s::float8) AS usual_habit,
           CASE WHEN recent_weight > 0 THEN recent_paper / recent_weight ELSE 0 END AS next_paper,
           CASE WHEN recent_weight > 0 THEN recent_months / recent_weight ELSE 1 END AS next_months,
           greatest(0.0, weight - known.disputed) AS undisputed
      FROM (%(known)s) AS known
      LEFT JOIN unnest(%(countries)s::int[], %(habits)s::float8[]) AS average(id, habit)
             ON average.id = known.country_id
    OFFSET 0"""

_HABIT = f"""
    SELECT *, (habit + %(pull)s::float8 * usual_habit + open_habit) / (trust + open_weight) AS long,
           %(spread)s::float8 * sqrt(1.0 + 1.0 / trust) AS habit_spread,
           (late + open_weight + {PRIOR_LATE} * %(late_share)s::float8)
               / (undisputed + open_weight + {PRIOR_LATE})
               AS shrunk_late,
           (disputed + {PRIOR_DISPUTE} * %(dispute_share)s::float8) / (weight + {PRIOR_DISPUTE})
               AS dispute,
           %(by_paper)s::float8 * next_paper + %(by_months)s::float8 * next_months AS clean_days
      FROM ({_FACTS}) AS facts
    OFFSET 0"""

_RECENT = f"""
    SELECT *, clean_days + %(by_dispute)s::float8 AS contested_days,
           (recent_habit + {PRIOR_RECENT} * long + open_habit)
               / (recent_weight + {PRIOR_RECENT} + open_weight) AS recent
      FROM ({_HABIT}) AS habit
    OFFSET 0"""


def _late(days: str) -> str:
    """Chance of a late payment when the conditions add ``days``."""
    due = _to_habit(f"0.5 - {days}")
    return _chance(f"""%(late_constant)s::float8
        + %(late_long)s::float8 * ({LOGISTIC} * (long - {due}) / habit_spread)
        + %(late_recent)s::float8 * ({LOGISTIC} * (recent - {due}) / habit_spread)
        + %(late_odds)s::float8 * {_odds("shrunk_late")}""")


_BLEND = "(1.0 - %(trust_recent)s::float8) * long + %(trust_recent)s::float8 * recent"

_CHANCE = f"""
    SELECT *, (1.0 - dispute) * {_late("clean_days")} + dispute * {_late("contested_days")}
               AS late_chance,
           {_BLEND} AS blend,
           {HABIT_DAYS} * sinh(({_BLEND}) / {HABIT_DAYS}) + least(clean_days, contested_days)
               AS low,
           {HABIT_DAYS} * sinh(({_BLEND}) / {HABIT_DAYS}) + greatest(clean_days, contested_days)
               AS high,
           CASE WHEN contested_days < clean_days THEN 1.0 - dispute ELSE dispute END AS share
      FROM ({_RECENT}) AS recent
    OFFSET 0"""

_USUAL = f"""
    SELECT *, {_quantile(0.5, f"(habit_spread / {LOGISTIC})")} AS usual,
           habit_spread / {LOGISTIC} * cosh(blend / {HABIT_DAYS}) AS scale
      FROM ({_CHANCE}) AS chance
    OFFSET 0"""

_DAYS = f"""
    SELECT *, %(delay_constant)s::float8 + %(delay_early)s::float8 * least(usual, 0.0)
               + (%(delay_beyond)s::float8 + %(delay_risk)s::float8 * late_chance)
               * greatest(usual, 0.0) AS days,
           promise_points * promises_broken + dispute_points * disputes_unfounded
               + bounce_points * payments_bounced AS lost,
           CASE WHEN amount + open_amount > 0
                THEN (amount_days + open_amount_days) / (amount + open_amount) END AS average_days,
           CASE WHEN weight - disputed > 1e-9::float8 THEN late / (weight - disputed) END
               AS late_part
      FROM ({_USUAL}) AS usual
    OFFSET 0"""

_SCORE = f"""
    SELECT *,
           round(greatest(0.0, 50.0 * (1.0 - late_chance) + 0.5 * {_index("days")}
                               - least(lost, conduct_most)))::int AS score
      FROM ({_DAYS}) AS days
    OFFSET 0"""

# Columns are those of ``Assessment`` in its order.
ASSESSMENT = f"""
SELECT partner_id, score,
       CASE WHEN score >= cut_a THEN 'A' WHEN score >= cut_b THEN 'B' WHEN score >= cut_c THEN 'C'
            WHEN score >= cut_d THEN 'D' ELSE 'E' END AS grade,
       late_chance AS late, days,
       least(days + ({_quantile(SPAN[0], "scale")}) - usual, days) AS earliest,
       greatest(days + ({_quantile(SPAN[1], "scale")}) - usual, days) AS latest,
       CASE WHEN average_days IS NOT NULL THEN round({_index("average_days")})::int END AS index,
       1.0 - late_part AS on_time_share, instalments, weight < thin_below AS thin,
       coalesce(instalments >= habitual_from AND late_part >= habitual_share, false) AS habitual
  FROM ({_SCORE}) AS scored
 WHERE weight > 0 OR open_weight > 0"""
