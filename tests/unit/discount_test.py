"""Discounts of orders, and the warning for customers who pay badly."""

from datetime import date
from fractions import Fraction

import pytest
from ar_credit_control.rules.credit_limit import Facts, Rule, findings
from ar_credit_control.rules.discount import Line, discount_percent
from ar_credit_control.rules.exposure import Position
from hypothesis import given
from hypothesis import strategies as st

percents = st.integers(0, 100).map(float)
lines = st.lists(
    st.builds(Line, st.integers(-5, 20), st.integers(-100, 500).map(float), percents), max_size=5
)


def found(grade, discount, percent=5.0, **facts):
    rules = [Rule("weak_discount", "warn", percent=percent)]
    return findings(
        rules, Facts(Position(1), date(2026, 1, 1), grade=grade, discount=discount, **facts)
    )


@given(lines)
def test_it_is_the_largest_on_a_line_or_on_the_whole(rows_with_returns):
    rows = [row for row in rows_with_returns if row.quantity > 0]
    full = sum(Fraction(row.quantity) * Fraction(row.price) for row in rows if row.price > 0)
    if not full:
        assert discount_percent(rows_with_returns) == 0
        return
    net = sum(
        Fraction(row.quantity) * Fraction(row.price) * (100 - Fraction(row.discount)) / 100
        for row in rows
    )
    largest = max(row.discount for row in rows if row.price > 0)
    expected = max(Fraction(0), 100 - 100 * net / full, Fraction(largest))
    assert discount_percent(rows_with_returns) == pytest.approx(float(expected), abs=1e-5)


def test_a_line_with_its_discount_is_no_more_than_that():
    assert discount_percent([Line(3, 33.33, 5)]) == 5


@pytest.mark.parametrize(
    ("grade", "discount", "warned"),
    [
        ("D", 5.01, True),
        ("E", 50, True),
        ("D", 5, False),
        ("C", 50, False),
        ("A", 50, False),
        ("", 50, False),
    ],
)
def test_only_weak_payers_and_only_above_the_share(grade, discount, warned):
    assert bool(found(grade, discount)) == warned


def test_the_finding_names_grade_and_shares():
    (finding,) = found("E", 12.5)
    assert finding.effect == "warn"
    assert finding.params == {"grade": "E", "discount": 12.5, "percent": 5.0}


def test_who_pays_in_advance_may_have_any_discount():
    assert not found("E", 50, order_amount=100, prepaid=100)
