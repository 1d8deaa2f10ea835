"""The proposed limit, against plain reckoning in fractions."""

from decimal import Decimal
from fractions import Fraction

import pytest
from ar_credit_control.rules.limit_proposal import Basis, period_days, propose, round_down
from hypothesis import given
from hypothesis import strategies as st

money = st.integers(0, 50_000_000).map(lambda cents: cents / 100)
bases = st.builds(
    Basis,
    turnover=st.one_of(money, money.map(lambda amount: -amount)),
    period_days=st.integers(90, 365),
    term_days=st.integers(0, 120).map(float),
    grade=st.sampled_from(["", *"ABCDE"]),
    need_percent=st.sampled_from([0.0, 50.0, 100.0, 120.0, 150.0]),
    default_limit=st.one_of(st.just(0.0), money),
    advised=st.none() | st.just(0.0) | money,
    insured=st.one_of(st.just(0.0), money),
)


def keys(basis):
    return [step.key for step in propose(basis).steps]


def exact(value):
    return Fraction(Decimal(repr(value)))


def oracle(basis):
    """The limit before it is rounded, None when nothing suggests any; in fractions."""
    need = max(Fraction(0), exact(basis.turnover) * exact(basis.term_days) / basis.period_days)
    own = None
    if basis.grade and need:
        own = need * exact(basis.need_percent) / 100
    elif basis.default_limit:
        own = exact(basis.default_limit)
    if basis.advised is not None:
        own = exact(basis.advised) if own is None else min(own, exact(basis.advised))
    covered = exact(basis.insured) if not need else min(exact(basis.insured), need)
    if own is None and not covered:
        return None
    return max(own or Fraction(0), covered)


def two_digits(amount):
    """The amount cut after its second digit."""
    digits = str(int(amount))
    return int(digits[:2] + "0" * len(digits[2:]))


@given(
    st.integers(10, 99),
    st.integers(2, 13),
    st.sampled_from([14, 30, 45, 60]),
    st.sampled_from("ABCD"),
)
def test_a_limit_that_comes_out_even_stays_so_in_any_currency(digits, zeros, terms, grade):
    """Thousands of millions are nothing special in rupiah or dong."""
    limit = digits * 10**zeros
    percent = {"A": 150.0, "B": 120.0, "C": 100.0, "D": 50.0}[grade]
    turnover = float(Fraction(limit * 36500) / (terms * int(percent)))
    basis = Basis(turnover=turnover, term_days=float(terms), grade=grade, need_percent=percent)
    assert propose(basis).amount == limit


@given(bases)
def test_it_agrees_with_plain_reckoning(basis):
    amount, expected = propose(basis).amount, oracle(basis)
    if expected is None:
        assert amount is None
        return
    # two leading digits, and nothing above what was reckoned
    assert amount <= expected + Fraction(1, 1000)
    assert amount >= two_digits(expected + Fraction(1, 10**6) + expected / 10**15)
    assert len(str(int(amount)).rstrip("0")) <= 2


@given(bases)
def test_the_last_line_is_the_proposal_and_no_line_stands_still(basis):
    proposal = propose(basis)
    if proposal.amount is None:
        assert not proposal.steps
        return
    assert proposal.steps[-1].amount == proposal.amount
    assert len({step.key for step in proposal.steps}) == len(proposal.steps)


@given(bases, money)
def test_more_cover_never_lowers_it_and_a_stricter_report_never_raises_it(basis, more):
    def change(**vals):
        names = Basis.__dataclass_fields__
        return propose(Basis(**{name: getattr(basis, name) for name in names} | vals)).amount or 0

    assert change(insured=basis.insured + more) >= change()
    if basis.advised is not None:
        assert change(advised=basis.advised / 2) <= change()


def test_paying_late_does_not_earn_a_higher_limit():
    """Nothing in the basis says how long it takes: only terms and grade do."""
    good, bad = (
        propose(Basis(turnover=365_000, term_days=30, grade=grade, need_percent=percent)).amount
        for grade, percent in (("A", 150), ("D", 50))
    )
    assert (good, bad) == (45_000, 15_000)


@pytest.mark.parametrize(
    ("basis", "amount", "lines"),
    [
        (Basis(), None, []),
        (Basis(default_limit=5000), 5000, ["not_assessed"]),
        (Basis(default_limit=5000, advised=3000), 3000, ["not_assessed", "advice"]),
        (Basis(advised=3000.0), 3000, ["advice"]),
        (Basis(advised=0.0), 0, ["advice"]),
        (Basis(insured=8000), 8000, ["uncovered", "insured"]),
        (Basis(grade="B", need_percent=120, default_limit=700), 700, ["no_turnover"]),
        (
            Basis(turnover=365_000, term_days=30, grade="E", insured=20_000),
            20_000,
            ["turnover", "need", "grade", "insured"],
        ),
        (Basis(turnover=365_000, term_days=30, grade="E"), 0, ["turnover", "need", "grade"]),
        (
            Basis(
                turnover=365_000,
                term_days=30,
                grade="C",
                need_percent=100,
                advised=10_000,
                insured=50_000,
            ),
            30_000,
            ["turnover", "need", "grade", "advice", "insured"],
        ),
        (
            Basis(turnover=100_000, term_days=45, grade="B", need_percent=120),
            14_000,
            ["turnover", "need", "grade", "rounded"],
        ),
    ],
)
def test_known_cases(basis, amount, lines):
    assert propose(basis).amount == amount
    assert keys(basis) == lines


@given(st.integers(0, 10**12))
def test_rounding_keeps_two_digits_and_never_adds(amount):
    text = str(amount)
    assert round_down(amount) == int(text[:2] + "0" * len(text[2:]))


@given(st.none() | st.integers(0, 5000))
def test_a_period_is_neither_too_short_nor_longer_than_a_year(since):
    assert 90 <= period_days(since) <= 365
