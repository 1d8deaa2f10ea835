import doctest
from datetime import date, timedelta

import pytest
from ar_credit_control.rules import credit_limit
from ar_credit_control.rules.credit_limit import (
    CRITERIA,
    HOLD,
    PASS,
    WARN,
    Facts,
    Rule,
    Verdict,
    decision,
    findings,
    release_covers,
)
from ar_credit_control.rules.exposure import Limit, Position
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 3, 31)
YESTERDAY = TODAY - timedelta(days=1)


def facts(position=None, **options):
    return Facts(position or Position(1), TODAY, **options)


def limited(exposed, limit=100, **figures):
    return Position(1, orders=exposed, limit=Limit("amount", limit), **figures)


# One line a case: criterion, thresholds, what is looked at, whether the rule applies.
TABLE = [
    ("limit_use", {"percent": 100}, facts(limited(100)), False),
    ("limit_use", {"percent": 100}, facts(limited(100.01)), True),
    ("limit_use", {"percent": 80}, facts(limited(80)), False),
    ("limit_use", {"percent": 80}, facts(limited(81)), True),
    ("limit_use", {"percent": 100}, facts(Position(1, orders=1e9)), False),
    ("limit_use", {"percent": 100}, facts(limited(50, shared_exposure=60)), True),
    ("limit_use", {"percent": 100}, facts(limited(150, payments_pending=60)), False),
    ("overdue_amount", {"amount": 0}, facts(Position(1, not_due=10)), False),
    ("overdue_amount", {"amount": 0}, facts(Position(1, due_1_30=10)), True),
    ("overdue_amount", {"amount": 10}, facts(Position(1, due_1_30=10)), False),
    ("overdue_amount", {"amount": 0}, facts(Position(1, due_1_30=10, unapplied=10)), False),
    ("overdue_amount", {"amount": 0}, facts(Position(1, due_1_30=10, payments_pending=9)), True),
    ("overdue_days", {"days": 30}, facts(Position(1, overdue_beyond={30: 5})), True),
    ("overdue_days", {"days": 60}, facts(Position(1, overdue_beyond={30: 5})), False),
    ("overdue_days", {"days": 30, "amount": 5}, facts(Position(1, overdue_beyond={30: 5})), False),
    ("overdue_days", {"days": 30, "amount": 5}, facts(Position(1, overdue_beyond={30: 6})), True),
    (
        "overdue_days",
        {"days": 30},
        facts(Position(1, overdue_beyond={30: 5}, unapplied=5)),
        False,
    ),
    ("manual_hold", {}, facts(manual_hold=True), True),
    ("dunning_level", {"level": 2}, facts(dunning_level=1), False),
    ("dunning_level", {"level": 2}, facts(dunning_level=2), True),
    ("dunning_level", {"level": 0}, facts(dunning_level=0), False),
    ("manual_hold", {}, facts(), False),
    (
        "limit_expired",
        {},
        facts(Position(1, limit=Limit("amount", 9, valid_until=YESTERDAY))),
        True,
    ),
    ("limit_expired", {}, facts(Position(1, limit=Limit("amount", 9, valid_until=TODAY))), False),
    ("limit_expired", {}, facts(limited(1)), False),
    ("review_overdue", {}, facts(review_date=YESTERDAY), True),
    ("review_overdue", {}, facts(review_date=TODAY), False),
    ("review_overdue", {"days": 1}, facts(review_date=YESTERDAY), False),
    ("review_overdue", {}, facts(), False),
    ("not_assessed", {}, facts(assessed=False), True),
    ("not_assessed", {}, facts(), False),
    ("score_grade", {"grade": "D"}, facts(grade="D"), True),
    ("score_grade", {"grade": "D"}, facts(grade="E"), True),
    ("score_grade", {"grade": "D"}, facts(grade="C"), False),
    ("score_grade", {"grade": "A"}, facts(), False),
    ("weak_discount", {"percent": 5}, facts(grade="D", discount=5.1), True),
    ("weak_discount", {"percent": 5}, facts(grade="C", discount=5.1), False),
    ("order_amount", {"amount": 100}, facts(order_amount=100), False),
    ("order_amount", {"amount": 100}, facts(order_amount=100.01), True),
    ("term_longer", {}, facts(term_days=60, customer_term_days=30), True),
    ("term_longer", {}, facts(term_days=30, customer_term_days=30), False),
    ("term_longer", {}, facts(term_days=60), False),
]


@pytest.mark.parametrize(("criterion", "thresholds", "given_facts", "applies"), TABLE)
def test_decision_table(criterion, thresholds, given_facts, applies):
    for effect in (WARN, HOLD):
        found = findings([Rule(criterion, effect, **thresholds)], given_facts)
        assert decision(found) == (effect if applies else PASS)


def test_the_table_covers_every_criterion_both_ways():
    seen = {(criterion, applies) for criterion, _t, _f, applies in TABLE}
    assert seen == {(criterion, applies) for criterion in CRITERIA for applies in (True, False)}


def test_no_credit_holds_without_any_rule():
    found = findings([], facts(Position(1, limit=Limit("no_credit"))))
    assert [f.criterion for f in found] == ["no_credit"]
    assert decision(found) == HOLD


@pytest.mark.parametrize("prepaid", [100, 150])
def test_paid_in_advance_risks_nothing(prepaid):
    position = Position(1, limit=Limit("no_credit"), due_over_90=1e6)
    rules = [Rule("manual_hold"), Rule("overdue_amount")]
    given_facts = facts(position, order_amount=100, prepaid=prepaid, manual_hold=True)
    assert findings(rules, given_facts) == ()


def test_part_payment_in_advance_is_not_enough():
    given_facts = facts(order_amount=100, prepaid=99.99, manual_hold=True)
    assert decision(findings([Rule("manual_hold")], given_facts)) == HOLD


def test_each_criterion_is_reported_once_with_its_hardest_effect():
    rules = [Rule("limit_use", WARN, percent=80), Rule("limit_use", HOLD, percent=100)]
    for order in (rules, rules[::-1]):
        (finding,) = findings(order, facts(limited(120)))
        assert finding.effect == HOLD
        (finding,) = findings(order, facts(limited(90)))
        assert finding.effect == WARN


def test_what_matters_most_is_what_holds():
    rules = [Rule("not_assessed", WARN), Rule("manual_hold", HOLD)]
    verdict = Verdict(
        Position(1), findings(rules, facts(assessed=False, manual_hold=True)), manual_hold=True
    )
    assert verdict.criterion == "manual_hold"
    assert [f.criterion for f in verdict.findings] == ["not_assessed", "manual_hold"]
    assert Verdict(Position(1)).criterion is None


def test_an_order_worth_nothing_never_waits():
    rules, given_facts = [Rule("manual_hold", HOLD)], facts(manual_hold=True)
    found = findings(rules, given_facts)
    assert not Verdict(Position(1), found, amount=0).stops_order
    assert Verdict(Position(1), found, amount=0.01).stops_order


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_owing_more_never_turns_a_hold_into_a_pass(exposed, more, limit):
    rules = [Rule("limit_use", HOLD, percent=100)]
    before = decision(findings(rules, facts(limited(exposed, limit))))
    after = decision(findings(rules, facts(limited(exposed + more, limit))))
    assert not (before == HOLD and after == PASS)


@given(st.integers(1, 10**8), st.integers(0, 100), st.integers(0, 2 * 10**8))
def test_release_covers_up_to_its_tolerance(released, tolerance, amount):
    exact = amount * 100 <= released * (100 + tolerance)
    assert release_covers(amount / 100, released / 100, tolerance, None, TODAY) == exact


def test_examples_in_the_documentation():
    assert doctest.testmod(credit_limit).failed == 0


def test_a_dunning_level_that_holds_needs_no_rule():
    (found,) = findings([], facts(dunning_level=3, dunning_hold=True))
    assert (found.criterion, found.effect, found.params) == ("dunning_hold", HOLD, {"level": 3})
