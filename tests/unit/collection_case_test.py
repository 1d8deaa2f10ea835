"""Fees, phases, and what a formal notice lacks."""

import doctest
from datetime import date, timedelta

import pytest
from ar_credit_control.rules import collection_case, formal_notice
from ar_credit_control.rules.collection_case import PHASES, Terms, cost_share, fee, may_enter
from ar_credit_control.rules.formal_notice import FORMALITIES, Notice, lacking
from hypothesis import given
from hypothesis import strategies as st

DAY = date(2030, 5, 2)
WHOLE = Notice(
    country_code="FR",
    issued=DAY,
    deadline=DAY + timedelta(days=8),
    oldest_due=DAY - timedelta(days=60),
    claim=100.0,
    creditor_address="1 rue Haute, Lyon",
    creditor_number="FR00",
    debtor_address="2 rue Basse, Lille",
    account="FR76",
    interest_stated=True,
)
amounts = st.integers(0, 10**7).map(lambda cents: cents / 100)


def test_a_whole_notice_lacks_nothing():
    assert lacking(WHOLE) == ()


@pytest.mark.parametrize(
    ("part", "value", "key"),
    [
        ("creditor_address", " ", "creditor_address"),
        ("creditor_number", "", "creditor_number"),
        ("debtor_address", "", "debtor_address"),
        ("claim", 0.0, "claim"),
        ("oldest_due", None, "not_due"),
        ("oldest_due", DAY, "not_due"),
        ("deadline", None, "deadline"),
        ("deadline", DAY + timedelta(days=7), "deadline"),
        ("interest_stated", False, "interest"),
        ("account", "", "account"),
    ],
)
def test_each_part_that_is_missing_is_named(part, value, key):
    assert lacking(WHOLE._replace(**{part: value})) == (key,)


def test_everything_missing_is_named_in_order():
    empty = Notice("XX", DAY, None, None, 0.0, "", "", "", "", False)
    assert lacking(empty) == (
        *("creditor_address", "creditor_number", "debtor_address", "claim"),
        *("not_due", "deadline", "interest", "account"),
    )


@pytest.mark.parametrize("code", [*FORMALITIES, "XX"])
def test_the_shortest_deadline_of_each_country(code):
    shortest = formal_notice.formality(code).days
    for days in range(shortest - 1, shortest + 2):
        notice = WHOLE._replace(country_code=code, deadline=DAY + timedelta(days=days))
        assert (lacking(notice) == ()) == (days >= shortest)


@given(amounts, st.floats(0, 100), amounts, st.booleans())
def test_a_fee_never_falls_when_more_comes_in(recovered, percent, fixed, success):
    terms = Terms(percent, fixed, success)
    assert 0 <= fee(recovered, terms) <= fee(recovered + 10, terms)
    assert fee(recovered, Terms(percent, fixed, True)) <= fee(recovered, Terms(percent, fixed))


def test_a_fee_on_success_only_costs_nothing_without_it():
    assert fee(0, Terms(15, 50, True)) == 0
    assert fee(0, Terms(15, 50)) == 50
    assert cost_share(50, 0) is None


@given(st.sampled_from(PHASES), st.sampled_from(PHASES), st.sampled_from(PHASES))
def test_phases_lead_forward_only(one, two, three):
    assert not may_enter(one, one)
    assert not (may_enter(one, two) and may_enter(two, one))
    assert not (may_enter(one, two) and may_enter(two, three)) or may_enter(one, three)


@pytest.mark.parametrize("module", [collection_case, formal_notice])
def test_examples_in_the_documentation(module):
    assert doctest.testmod(module).failed == 0
