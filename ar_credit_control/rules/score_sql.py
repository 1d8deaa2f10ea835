"""The evidence of the payment score as SQL text: one pass over the ledger, one row a customer.

The texts hold named parameters in the form that both Odoo's ``SQL`` and psycopg take. One of
them, ``items``, is a query itself; it says what the ledger holds and has these columns:

=============  =====================================================================
partner_id     commercial partner
country_id     its country, or null
invoice_date   date of the document
due_date       of the instalment
paid_date      of this part; null for what is open
void_date      from then on this part is no evidence (credited, written off); else null
share          part of the instalment, 0 to 1: the shares of an instalment add up to 1
amount         of this part, in company currency
disputed       a dispute stands or stood (justified ones are left out of the items)
paper          sent on paper: 0 or 1
=============  =====================================================================

A part paid on or after ``as_of`` is open on that date: what came later leaves no trace, as long
as ``items`` yields the same parts. Documents of or after ``as_of`` are unknown, and a part that
came to nothing on or after ``as_of`` still counts as open.
"""

from __future__ import annotations

from dataclasses import fields

from .score import PRIOR_RECENT, Evidence
from .score_scale import EARLIEST, HABIT_DAYS, LATEST

RECENT = 9  # the recent habit fades so many times faster than the long one
OLDEST = 30  # half-lives times ln 2: what is older counts as this old, so that no sum underflows

# Parts by what they are on the day: paid before it, or open and beyond their due date.
PAID = "paid_date < %(as_of)s::date"
OVERDUE = "due_date < %(as_of)s::date AND coalesce(paid_date >= %(as_of)s::date, true)"

_CLIPPED = f"least(greatest(days, {EARLIEST:.0f}), {LATEST:.0f})::float8"


def _dated(which: str) -> str:
    """Days and age of parts. OFFSET 0 keeps the server from computing an expression once for each
    sum it goes into."""
    return f"""
    SELECT partner_id, country_id, share, amount, disputed::int AS disputed, paper,
           CASE WHEN {PAID} THEN paid_date ELSE %(as_of)s::date END - due_date AS days,
           least(greatest(%(as_of)s::date - due_date, 0) * ln(2) / %(half_life)s::float8, {OLDEST})
               AS age,
           (due_date - invoice_date) / 30.0::float8 AS months
      FROM (%(items)s) AS item
     WHERE invoice_date < %(as_of)s::date AND coalesce(void_date >= %(as_of)s::date, true)
       AND {which}
    OFFSET 0"""


def _weighed(which: str) -> str:
    """Parts with what each counts, and its delay without what conditions add."""
    return f"""
    SELECT partner_id, country_id, share, amount, disputed, paper, months, days,
           (days > 0)::int AS late, share * exp(-age) AS weight, amount * exp(-age) AS faded,
           share * exp(-age * {RECENT}) AS recent,
           {HABIT_DAYS} * asinh(
               ({_CLIPPED} - %(by_dispute)s::float8 * disputed - %(by_paper)s::float8 * paper
                - %(by_months)s::float8 * months) / {HABIT_DAYS}) AS habit
      FROM ({_dated(which)}) AS dated
    OFFSET 0"""


# Paid and overdue parts apart: arrays keep the server from sharing the work between processes, and
# the paid ones are nearly all.
_PAID = f"""
    SELECT partner_id, max(country_id) AS country_id, sum(share) AS instalments,
           sum(weight) AS weight, sum(weight * habit) AS habit,
           sum(weight * disputed) AS disputed, sum(weight * late * (1 - disputed)) AS late,
           sum(recent) AS recent_weight, sum(recent * habit) AS recent_habit,
           sum(recent * paper) AS recent_paper, sum(recent * months) AS recent_months,
           sum(faded) AS amount, sum(faded * days) AS amount_days
      FROM ({_weighed(PAID)}) AS weighed
     GROUP BY partner_id"""

_LATE = f"""
    SELECT partner_id, max(country_id) AS country_id,
           array_agg(ARRAY[share, habit, amount, days]::float8[]) AS overdue
      FROM ({_weighed(OVERDUE)}) AS weighed
     GROUP BY partner_id"""

_SUMMED = (
    "instalments", "weight", "habit", "disputed", "late", "recent_weight", "recent_habit",
    "recent_paper", "recent_months", "amount", "amount_days",
)  # fmt: skip
_SUMS = f"""
    SELECT partner_id, coalesce(paid.country_id, late.country_id) AS country_id,
           {", ".join(f"coalesce(paid.{name}, 0) AS {name}" for name in _SUMMED)}, late.overdue
      FROM ({_PAID}) AS paid
      FULL JOIN ({_LATE}) AS late USING (partner_id)"""

# Only items worse than the long and the recent habit: one day late is no proof of promptness.
_OVERDUE = """
    SELECT coalesce(sum(overdue[at][1]) FILTER (WHERE overdue[at][2] > usual), 0) AS open_weight,
           coalesce(sum(overdue[at][1] * overdue[at][2])
                    FILTER (WHERE overdue[at][2] > usual), 0) AS open_habit,
           coalesce(sum(overdue[at][3]), 0) AS open_amount,
           coalesce(sum(overdue[at][3] * overdue[at][4]), 0) AS open_amount_days,
           coalesce(max(overdue[at][4]), 0)::int AS open_days
      FROM generate_subscripts(overdue, 1) AS at"""

# Conduct is known to other tables than the journal: the caller joins it by partner.
COLUMNS = tuple(
    name
    for name in (field.name for field in fields(Evidence))
    if name not in ("promises_broken", "disputes_unfounded", "payments_bounced")
)

EVIDENCE = f"""
SELECT partner_id, country_id, instalments, weight, summed.habit,
       disputed, late, recent_weight, recent_habit, recent_paper, recent_months, amount,
       amount_days, open_weight, open_habit, open_amount, open_amount_days, open_days
  FROM ({_SUMS}) AS summed
  LEFT JOIN unnest(%(countries)s::int[], %(habits)s::float8[]) AS average(id, habit)
         ON average.id = summed.country_id
 CROSS JOIN LATERAL (
       SELECT (summed.habit + %(pull)s::float8 * coalesce(average.habit, %(average)s::float8))
              / (weight + %(pull)s::float8) AS long) AS habit
 CROSS JOIN LATERAL (
       SELECT greatest(long, (recent_habit + {PRIOR_RECENT} * long)
                             / (recent_weight + {PRIOR_RECENT})) AS usual) AS usual
 CROSS JOIN LATERAL ({_OVERDUE}) AS overdue
 WHERE weight > 0 OR overdue IS NOT NULL"""

# Sums of the regression within customers: what a condition adds to the same customer's delay.
_WITHIN = f"""
    SELECT sum(weight) AS w,
           sum(weight * disputed) AS s1, sum(weight * paper) AS s2, sum(weight * months) AS s3,
           sum(weight * days) AS s4,
           sum(weight * disputed * disputed) AS s11, sum(weight * disputed * paper) AS s12,
           sum(weight * disputed * months) AS s13, sum(weight * disputed * days) AS s14,
           sum(weight * paper * paper) AS s22, sum(weight * paper * months) AS s23,
           sum(weight * paper * days) AS s24, sum(weight * months * months) AS s33,
           sum(weight * months * days) AS s34
      FROM (SELECT partner_id, weight, disputed, paper, months, {_CLIPPED} AS days
              FROM ({_weighed(PAID)}) AS weighed) AS paid
     GROUP BY partner_id
    HAVING sum(weight) > 0"""

_PAIRS = ("11", "12", "13", "14", "22", "23", "24", "33", "34")

EFFECTS = f"""
SELECT {", ".join(f"sum(s{a}{b} - s{a} * s{b} / w)" for a, b in _PAIRS)}
  FROM ({_WITHIN}) AS customer"""

# The average customer of each country: each customer counts, the better known the more.
AVERAGES = f"""
SELECT country_id, count(*), sum(yy - y * y / w), sum(w - ww / w), sum(a), sum(a * y / w),
       sum(a * (y / w) ^ 2), sum(a * ww / w ^ 2), sum(w), sum(disputed), sum(late)
  FROM (SELECT max(country_id) AS country_id, sum(weight) AS w, sum(weight * weight) AS ww,
               sum(weight) / (sum(weight) + 1) AS a, sum(weight * habit) AS y,
               sum(weight * habit * habit) AS yy, sum(weight * disputed) AS disputed,
               sum(weight * late * (1 - disputed)) AS late
          FROM ({_weighed(PAID)}) AS weighed
         GROUP BY partner_id
        HAVING sum(weight) > 1e-9) AS customer
 GROUP BY country_id"""

# What came of the invoices of one month, beside what was known when the month began.
LESSONS = f"""
SELECT {", ".join(f"known.{name}" for name in COLUMNS)},
       lesson.paper, (lesson.due_date - lesson.invoice_date) / 30.0::float8 AS months,
       lesson.disputed, lesson.share, lesson.paid_date - lesson.due_date AS days
  FROM ({EVIDENCE}) AS known
  JOIN (%(items)s) AS lesson USING (partner_id)
 WHERE lesson.invoice_date >= %(as_of)s::date AND lesson.invoice_date < %(month_end)s::date
   AND lesson.paid_date < %(until)s::date"""
