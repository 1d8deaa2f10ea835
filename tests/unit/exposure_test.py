from datetime import date, timedelta

import pytest
from ar_credit_control.rules import exposure
from ar_credit_control.rules.exposure import BUCKETS, Limit, Position, ageing_bucket
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 3, 31)
money = st.integers(0, 10_000_00).map(lambda cents: cents / 100)


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-400, "not_due"),
        (0, "not_due"),
        (1, "due_1_30"),
        (30, "due_1_30"),
        (31, "due_31_60"),
        (60, "due_31_60"),
        (61, "due_61_90"),
        (90, "due_61_90"),
        (91, "due_over_90"),
        (4000, "due_over_90"),
    ],
)
def test_ageing_bucket(days, bucket):
    assert ageing_bucket(days) == bucket


@given(st.integers(-1000, 5000))
def test_every_day_is_in_exactly_the_bucket_that_names_it(days):
    matching = [
        key
        for key, first, last in BUCKETS
        if (first is None or days >= first) and (last is None or days <= last)
    ]
    assert matching == [ageing_bucket(days)]


@given(
    st.fixed_dictionaries(
        {
            name: money
            for name in (
                "not_due",
                "due_1_30",
                "due_31_60",
                "due_61_90",
                "due_over_90",
                "unapplied",
                "payments_pending",
                "draft_invoices",
                "orders",
                "this_order",
                "shared_exposure",
            )
        }
    ),
    money,
)
def test_figures_add_up(figures, limit):
    position = Position(1, limit=Limit("amount", limit), **figures)
    owed = position.not_due + position.overdue
    assert position.balance == pytest.approx(owed - position.unapplied)
    assert position.exposure == pytest.approx(
        position.balance
        - figures["payments_pending"]
        + figures["draft_invoices"]
        + figures["orders"]
        + figures["this_order"]
    )
    assert position.available + position.exposure + figures["shared_exposure"] == pytest.approx(
        limit, abs=1e-6
    )
    assert 0 <= position.overdue_net <= position.overdue


def test_a_refund_under_way_makes_nothing_overdue():
    assert Position(1, due_1_30=30, payments_pending=-50).overdue_net == 30
    assert Position(1, due_1_30=30, unapplied=20, payments_pending=-50).overdue_net == 30


def test_no_limit_set_is_neither_available_nor_used():
    position = Position(1, not_due=500)
    assert position.available is None
    assert position.use_percent is None
    assert position.limit_band() == "none"


def test_no_credit_leaves_nothing_available():
    position = Position(1, orders=10, limit=Limit("no_credit"))
    assert position.available == -10
    assert position.use_percent is None
    assert position.limit_band() == "no_credit"


@pytest.mark.parametrize(
    ("exposed", "band"), [(0, "low"), (80, "low"), (80.01, "high"), (100, "high"), (100.01, "over")]
)
def test_limit_band(exposed, band):
    assert Position(1, orders=exposed, limit=Limit("amount", 100)).limit_band() == band


@given(st.integers(0, 500))
def test_oldest_item_names_the_band(days):
    position = Position(1, oldest_due=TODAY - timedelta(days=days) if days else None)
    assert position.oldest_days(TODAY) == days
    expected = ageing_bucket(days) if days else "none"
    assert position.overdue_band(TODAY) == expected


def test_a_limit_is_good_until_the_end_of_its_last_day():
    limit = Limit("amount", 100, valid_until=TODAY)
    assert not limit.expired(TODAY)
    assert limit.expired(TODAY + timedelta(days=1))
    assert not Limit("no_credit", valid_until=TODAY).expired(TODAY + timedelta(days=1))


def test_examples_in_the_documentation():
    import doctest

    assert doctest.testmod(exposure).failed == 0
