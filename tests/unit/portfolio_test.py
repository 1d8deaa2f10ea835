"""Deputies, against walking day by day through a calendar."""

import doctest
from datetime import date, timedelta

from ar_credit_control.rules import portfolio
from ar_credit_control.rules.portfolio import Absence, stand_in
from hypothesis import given
from hypothesis import strategies as st

START = date(2030, 1, 1)
days = st.integers(0, 8).map(lambda number: START + timedelta(days=number))
absences = st.builds(
    lambda deputy, one, two: Absence(deputy, min(one, two), max(one, two)),
    st.integers(1, 4),
    days,
    days,
)


@given(st.dictionaries(st.integers(1, 4), st.lists(absences, max_size=1)), st.integers(1, 4), days)
def test_the_work_ends_at_somebody_who_is_there_or_stays(calendar, collector, day):
    away = {
        user: spans[0].deputy
        for user, spans in calendar.items()
        if spans and spans[0].first <= day <= spans[0].last
    }
    found = stand_in(collector, calendar, day)
    present = [user for user in _chain(collector, away) if user not in away]
    assert found == (present[0] if present else collector)


def _chain(collector, away):
    """The collector and all deputies after him, each once."""
    chain = [collector]
    while (following := away.get(chain[-1])) and following not in chain:
        chain.append(following)
    return chain


def test_both_days_of_an_absence_belong_to_it():
    away = {1: [Absence(2, START, START + timedelta(days=1))]}
    found = [stand_in(1, away, START + timedelta(days=day)) for day in (-1, 0, 1, 2)]
    assert found == [1, 2, 2, 1]


def test_examples_in_the_documentation():
    assert doctest.testmod(portfolio).failed == 0
