"""The day up to which is erased, against counting months on a calendar."""

import doctest
from datetime import date, timedelta

from ar_credit_control.rules import privacy
from ar_credit_control.rules.privacy import erased_up_to
from hypothesis import given
from hypothesis import strategies as st

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@given(days, st.integers(1, 120))
def test_nothing_is_erased_before_the_months_have_passed(today, months):
    limit = erased_up_to(today, months)
    counted = (today.year - limit.year) * 12 + today.month - limit.month
    assert counted == months
    assert limit.day <= today.day
    # what lies a day later still has its months before it
    assert limit.day == today.day or (limit + timedelta(days=1)).month != limit.month


@given(days, st.integers(1, 60))
def test_a_day_later_never_erases_less(today, months):
    assert erased_up_to(today, months) <= erased_up_to(today + timedelta(days=1), months)


@given(days)
def test_no_period_keeps_for_ever(today):
    assert erased_up_to(today, 0) is None


def test_examples_in_the_documentation():
    assert doctest.testmod(privacy).failed == 0
