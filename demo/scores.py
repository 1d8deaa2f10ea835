"""Scores of the demo customers, with the months behind them that a ledger in use would have."""

from __future__ import annotations

from dateutil.relativedelta import relativedelta

MONTHS = 11


def build_scores(env, company, today, report) -> None:
    """Score everybody as the nightly run does, and as it would have done in the months before."""
    env["ar.score.model"]._run(company, report)
    profiles = env["ar.credit.profile"].search(
        [("company_id", "=", company.id), ("score_grade", "!=", False)]
    )
    env["ar.score.snapshot"].create(
        [
            values
            for back in range(MONTHS, 0, -1)
            for values in _snapshots(env, company, profiles, today.replace(day=1), back)
        ]
    )


def _snapshots(env, company, profiles, month, back):
    """What was known at the end of the month that lies ``back`` months before ``month``."""
    end = month - relativedelta(months=back - 1)
    found = env["ar.score"]._score(profiles.partner_id, company, as_of=end)
    for profile in profiles:
        known = found[profile.partner_id.id]
        if known.score is not None:
            yield {
                "profile_id": profile.id,
                "month": month - relativedelta(months=back),
                "score": known.score,
                "score_grade": known.grade,
                "expected_delay": known.days,
                "late_probability": known.late,
                "payment_index": known.index,
                "on_time_share": known.on_time_share,
            }
