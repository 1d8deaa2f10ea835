"""Days and amounts of instalments, held to calendars and coins counted one by one."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from ar_credit_control.rules.instalment import defaulted, schedule, split
from hypothesis import given
from hypothesis import strategies as st

dates = st.dates(date(2000, 1, 1), date(2050, 12, 31))


@given(dates, st.integers(1, 40), st.sampled_from([("month", 1), ("quarter", 3)]))
def test_months_keep_their_day_where_it_exists(first, count, every):
    name, months = every
    for place, day in enumerate(schedule(first, name, count)):
        number = first.year * 12 + first.month - 1 + place * months
        year, month = divmod(number, 12)
        assert day == date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))


@given(dates, st.integers(1, 40), st.sampled_from([("week", 7), ("fortnight", 14)]))
def test_weeks_are_counted_in_days(first, count, every):
    name, days = every
    expected = [first + timedelta(days=days * place) for place in range(count)]
    assert schedule(first, name, count) == expected


def test_the_31st_and_the_leap_day():
    days = schedule(date(2027, 10, 31), "month", 6)
    assert [(day.month, day.day) for day in days] == [
        (10, 31), (11, 30), (12, 31), (1, 31), (2, 29), (3, 31)
    ]  # fmt: skip


@given(st.integers(1, 10_000_000), st.integers(1, 60), st.integers(0, 3))
def test_amounts_add_up_coin_by_coin(coins, count, digits):
    total = coins / 10**digits
    if coins < count:
        with pytest.raises(ValueError):
            split(total, count, digits)
        return
    amounts = [round(amount * 10**digits) for amount in split(total, count, digits)]
    assert sum(amounts) == coins
    assert len(set(amounts[:-1])) <= 1
    assert 0 <= amounts[-1] - amounts[0] < count


@given(st.lists(st.sampled_from(["open", "kept", "partly_kept", "broken", "cancelled"])))
def test_default_counts_what_was_missed(states):
    missed = 0
    for state in states:
        missed += state == "broken" or state == "partly_kept"
    for most in range(1, 5):
        assert defaulted(states, most) == (missed >= most)
