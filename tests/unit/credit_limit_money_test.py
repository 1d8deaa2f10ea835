"""Decisions on money to the cent: sums of floats are off by less than a coin, and hold nobody."""

from datetime import date
from fractions import Fraction

import pytest
from ar_credit_control.rules.credit_limit import Facts, Rule, findings, release_covers
from ar_credit_control.rules.exposure import Limit, Position, exceeds
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 3, 31)
cents = st.integers(0, 10**9)
PARTS = ("not_due", "due_1_30", "due_31_60", "due_61_90", "due_over_90")
MORE = ("draft_invoices", "orders", "this_order", "shared_exposure")
LESS = ("unapplied", "payments_pending")


def position_of(figures, **others):
    """A position out of cents by name."""
    return Position(1, **{name: amount / 100 for name, amount in figures.items()}, **others)


def figures_of(*names):
    return st.fixed_dictionaries({name: cents for name in names})


def owed(figures):
    return sum(-amount if name in LESS else amount for name, amount in figures.items())


def holds(criterion, position, **thresholds):
    facts = Facts(position, TODAY)
    return bool(findings([Rule(criterion, **thresholds)], facts))


# ---------------------------------------------------------------- the limit
@given(figures_of(*PARTS, *MORE, *LESS), st.sampled_from([80, 100, 110]), st.data())
def test_the_limit_is_used_up_by_a_cent_more_and_not_before(figures, percent, data):
    exposed = owed(figures)
    distance = data.draw(st.sampled_from([-100, -1, 0, 1, 100]))
    limit = max(0, exposed + distance)
    position = position_of(figures, limit=Limit("amount", limit / 100))
    allowed = Fraction(limit * percent, 100)
    assert holds("limit_use", position, percent=percent) == (exposed - allowed > Fraction(5, 100))


@given(figures_of(*PARTS, *MORE, *LESS), st.integers(1, 10**9))
def test_the_word_for_the_use_of_a_limit_agrees_with_the_rule(figures, limit):
    position = position_of(figures, limit=Limit("amount", limit / 100))
    assert (position.limit_band() == "over") == holds("limit_use", position, percent=100)
    high = position.limit_band() in ("over", "high")
    assert high == holds("limit_use", position, percent=80)


def test_an_order_that_fills_the_limit_exactly_goes_through():
    full = Position(1, orders=0.1, this_order=0.2, limit=Limit("amount", 0.3))
    assert full.exposure > 0.3  # as floats have it
    assert not holds("limit_use", full, percent=100)
    assert full.limit_band() == "high"


@pytest.mark.parametrize(("exposed", "band"), [(0, "low"), (0.01, "over"), (-5, "low")])
def test_a_limit_of_nothing_is_used_up_by_anything(exposed, band):
    position = Position(1, orders=exposed, limit=Limit("amount", 0.0))
    assert position.limit_band() == band
    assert position.use_percent is None
    assert holds("limit_use", position, percent=100) == (band == "over")


# ---------------------------------------------------------------- what is overdue
@given(figures_of(*PARTS[1:]), st.lists(cents, min_size=1, max_size=3), st.booleans())
def test_overdue_that_money_in_hand_covers_to_the_cent_holds_nobody(figures, shares, pending):
    overdue = sum(figures.values())
    covering = position_of(
        figures,
        unapplied=sum(share / 100 for share in shares) if sum(shares) < overdue else 0.0,
        payments_pending=(overdue - (sum(shares) if sum(shares) < overdue else 0)) / 100,
        overdue_beyond={10: overdue / 100},
    )
    assert not holds("overdue_amount", covering)
    assert not holds("overdue_days", covering, days=10)
    if pending and overdue:
        short = covering._replace(payments_pending=covering.payments_pending - 0.01)
        assert holds("overdue_amount", short)
        assert holds("overdue_days", short, days=10)


@given(cents, cents, cents)
def test_old_debts_count_net_of_money_in_hand_and_above_the_floor(old, covered, floor):
    position = Position(
        1,
        due_over_90=old / 100,
        unapplied=covered / 100,
        overdue_beyond={60: old / 100},
        oldest_due=date(2026, 1, 1),
    )
    assert holds("overdue_days", position, days=60, amount=floor / 100) == (old - covered > floor)
    assert holds("overdue_amount", position, amount=floor / 100) == (max(0, old - covered) > floor)


# ---------------------------------------------------------------- paid in advance, released
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=5), st.sampled_from([-1, 0, 1]))
def test_an_order_paid_in_several_parts_is_paid(parts, missing):
    total = sum(parts) + missing
    facts = Facts(
        Position(1, limit=Limit("no_credit")),
        TODAY,
        order_amount=total / 100,
        prepaid=sum(part / 100 for part in parts),
    )
    assert bool(findings([], facts)) == (missing > 0 or total <= 0)


@given(
    st.integers(1, 10**13), st.sampled_from([0, 0.5, 5, 7.5, 10, 15]), st.sampled_from([-1, 0, 2])
)
def test_a_release_covers_its_tolerance_to_the_cent_in_any_currency(released, percent, more):
    """Released and ordered in cents; a fraction of the last cent may fall either way."""
    most = int(released * (100 + Fraction(percent)) / 100)
    amount = (most + more) / 100
    assert release_covers(amount, released / 100, percent, None, TODAY) == (more <= 0)


@pytest.mark.parametrize(
    ("amount", "bound", "above"),
    [
        (0.001, 0.0, True),  # a fils of Kuwait
        (0.1 + 0.7, 0.8, False),
        (-0.01, 0.0, False),
        (123_456_789_012.01, 123_456_789_012.0, True),
    ],
)
def test_above_means_by_a_coin(amount, bound, above):
    assert exceeds(amount, bound) is above
