"""What messages of an exchange change: every order of arrival, and deadlines by counting days."""

from datetime import date, datetime, timedelta

from ar_credit_control.rules.delivery import (
    OPENS,
    SETTLES,
    STAGES,
    Said,
    Verdict,
    deadline,
    decide,
    is_newer,
    stem,
)
from hypothesis import given
from hypothesis import strategies as st

outcomes = st.sampled_from(sorted(set(STAGES) - {""}))
moments = st.one_of(
    st.none(), st.integers(0, 20).map(lambda hour: datetime(2026, 1, 1) + timedelta(hours=hour))
)
saids = st.builds(Said, outcomes, moments)
bools = st.booleans()


@given(saids, saids)
def test_of_two_different_messages_at_most_one_is_newer(one, two):
    assert not (is_newer(one, two) and is_newer(two, one))


@given(saids)
def test_nothing_is_newer_than_itself_or_than_a_rejection(said):
    assert not is_newer(said, said)
    assert not is_newer(said, Said("not_issued", datetime(2000, 1, 1)))
    assert is_newer(said, Said(""))


@given(saids, saids, bools, bools, bools)
def test_effects_follow_from_outcomes(said, seen, latest, troubled, may_close):
    verdict = decide(said, seen, latest=latest, troubled=troubled, may_close=may_close)
    if verdict.effect == "open":
        assert said.outcome in OPENS
    if verdict.effect == "settle":
        assert said.outcome in SETTLES and (may_close or not troubled)
    if verdict.state != "applied":
        assert verdict.reason and not verdict.effect
    if not latest:
        assert verdict == Verdict("history", reason="superseded")


@given(st.permutations([0, 1, 2, 3]), st.integers(0, 3))
def test_any_order_of_timed_messages_ends_with_the_latest(order, rejected_at):
    """Told by an oracle: of messages with times, the latest before a rejection stands."""
    said = [Said("delivered", datetime(2026, 1, 1) + timedelta(days=day)) for day in order]
    seen = Said("")
    for item in said:
        if decide(item, seen, latest=True, troubled=False, may_close=True).state == "applied":
            seen = item
    assert seen.moment == max(item.moment for item in said)


def test_what_cannot_be_placed():
    for outcome, state in (("information", "history"), ("unknown", "quarantined")):
        verdict = decide(Said(outcome), Said(""), latest=True, troubled=True, may_close=True)
        assert (verdict.state, verdict.effect) == (state, "")


def test_what_is_not_signed_closes_nothing():
    said, seen = Said("delivered"), Said("issued_not_delivered")
    held = decide(said, seen, latest=True, troubled=True, may_close=False)
    assert held == Verdict("quarantined", reason="unconfirmed")
    assert decide(said, seen, latest=True, troubled=True, may_close=True).effect == "settle"
    assert decide(said, seen, latest=True, troubled=False, may_close=False).effect == "settle"


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 30))
def test_working_days_by_counting(start, days):
    end = deadline(start, days, working=True)
    between = [start + timedelta(days=step) for step in range(1, (end - start).days + 1)]
    assert sum(day.weekday() < 5 for day in between) == days
    assert days == 0 or end.weekday() < 5
    assert deadline(start, days) == start + timedelta(days=days)


def test_stems():
    assert stem(" IT01234567890_00001.XML.P7M ") == "IT01234567890_00001"
    assert stem("IT01234567890_AT_001.zip") == "IT01234567890_AT_001"
    assert stem("") == ""
