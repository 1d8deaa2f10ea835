"""The order of a collector's day, against comparing every pair of customers."""

import doctest
from datetime import date, timedelta
from itertools import pairwise

from ar_credit_control.rules import worklist
from ar_credit_control.rules.worklist import (
    KINDS,
    Customer,
    Task,
    best_task,
    is_stale,
    ranked,
    task_key,
)
from hypothesis import given
from hypothesis import strategies as st

START = date(2030, 1, 1)
days = st.integers(-40, 40).map(lambda number: START + timedelta(days=number))
tasks = st.lists(st.builds(Task, st.sampled_from(KINDS), days, st.sampled_from("xyz")), max_size=4)
amounts = st.sampled_from([0.0, 10.0, 99.5])
customers = st.lists(
    st.builds(Customer, st.integers(), amounts, st.none() | days, tasks),
    max_size=8,
    unique_by=lambda customer: customer.key,
)


@given(tasks)
def test_no_task_is_more_urgent_than_the_best(several):
    best = best_task(several)
    assert (best is None) == (not several)
    assert all(task_key(best) <= task_key(task) for task in several)


@given(customers)
def test_only_customers_with_something_to_do_are_ranked_each_once(several):
    assert sorted(ranked(several)) == sorted(c.key for c in several if c.tasks)


@given(customers)
def test_nobody_stands_before_a_more_urgent_customer(several):
    by_key = {customer.key: customer for customer in several}
    for one, two in pairwise([by_key[key] for key in ranked(several)]):
        first, second = best_task(one.tasks), best_task(two.tasks)
        assert KINDS.index(first.kind) <= KINDS.index(second.kind)
        if first.kind == second.kind:
            assert one.overdue >= two.overdue
            if one.overdue == two.overdue and two.oldest_due:
                assert one.oldest_due and one.oldest_due <= two.oldest_due


@given(st.none() | days, st.none() | days, days, st.integers(1, 60))
def test_silence_counted_day_by_day(oldest, last, today, silence):
    window = {today - timedelta(days=number) for number in range(silence + 1)}
    late = oldest is not None and oldest < min(window)
    assert is_stale(oldest, last, today, silence) == (
        late and last not in window and not (last and last > today)
    )


def test_the_word_that_was_broken_comes_before_everything():
    several = [
        Customer(1, 9000.0, START, [Task("stale", START)]),
        Customer(2, 10.0, START, [Task("broken_promise", START)]),
        Customer(3, 500.0, START, [Task("call_due", START), Task("stale", START)]),
        Customer(4, 100.0, START, []),
    ]
    assert ranked(several) == [2, 3, 1]


def test_examples_in_the_documentation():
    assert doctest.testmod(worklist).failed == 0
