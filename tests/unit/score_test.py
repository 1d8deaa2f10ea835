import doctest
from dataclasses import fields, replace
from datetime import date, timedelta
from math import isclose

import pytest
from ar_credit_control.rules import (
    score,
    score_fit,
    score_reasons,
    score_scale,
    score_snapshot,
    score_sql,
)
from ar_credit_control.rules.score import (
    Company,
    Conditions,
    Evidence,
    Policy,
    assess,
    exact_score,
    predict,
    trend,
)
from ar_credit_control.rules.score_fit import Lesson
from ar_credit_control.rules.score_reasons import reasons, strongest
from ar_credit_control.rules.score_scale import apportion, mixed_quantile, payment_index
from ar_credit_control.rules.score_snapshot import fit_company, parameters, read_evidence
from hypothesis import assume, given
from hypothesis import strategies as st

from score_oracle import Part, evidence
from score_strategies import companies, customers, shares

AS_OF = date(2026, 3, 31)
POLICY = Policy()
COMPANY = Company(
    effects=(12.0, 5.0, -3.0),
    habit=-4.0,
    habits={1: -8.0},
    spread=6.0,
    pull=0.5,
    dispute_share=0.1,
    late_share=0.3,
    lateness=(0.1, 0.9, 0.3, 0.4),
    delay=(0.5, 0.9, 0.8, 0.4),
)
evidences = customers().map(lambda values: Evidence(**values))
ledgers = companies().map(lambda values: Company(**values))


@st.composite
def parts(draw):
    """One payment of a customer, or an item that is open."""
    made = AS_OF - timedelta(days=draw(st.integers(1, 800)))
    due = made + timedelta(days=draw(st.sampled_from([0, 30, 60])))
    paid = draw(st.none() | st.integers(0, 200).map(lambda days: made + timedelta(days=days)))
    return Part(
        1, None, made, due, paid, draw(st.sampled_from([0.25, 0.5, 1.0])),
        disputed=draw(st.booleans()), paper=float(draw(st.booleans())),
    )  # fmt: skip


def score_of(ledger, as_of=AS_OF, company=COMPANY):
    """Exact score of the only customer of a ledger, or None."""
    found = evidence(ledger, as_of, parameters(company, as_of))
    return exact_score(Evidence(**found[1]), company, POLICY) if 1 in found else None


@pytest.mark.parametrize("module", [score, score_fit, score_scale, score_snapshot])
def test_examples_in_the_documentation(module):
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


# ---------------------------------------------------------------- scales
@pytest.mark.parametrize(
    ("days", "index"),
    [
        *[(-days, 80 + days / 2) for days in (0, 10, 20)],
        *[(-29, 99), (-28, 98), (-18, 89), (-16, 88), (-14, 87), (-12, 86), (-10, 85)],
        *[(23, 59), (24, 58), (25, 57), (26, 56), (27, 54), (28, 53), (29, 52), (30, 50)],
        *[(33, 49), (36, 48), (39, 47), (42, 46), (45, 45), (48, 44)],
    ],
)
def test_index_meets_the_published_chart(days, index):
    assert abs(payment_index(days) - index) <= 1.0


@given(st.floats(-400, 400), st.floats(0, 400))
def test_index_never_rises_with_the_delay(days, more):
    assert 0.0 <= payment_index(days + more) <= payment_index(days) <= 100.0


@given(st.lists(st.floats(-50, 100), min_size=1, max_size=9))
def test_whole_points_add_up_and_stay_near(exact):
    total = round(sum(exact))
    whole = apportion(exact, total)
    assert sum(whole) == total
    assert all(abs(a - b) <= 1.0 + 1e-9 for a, b in zip(whole, exact, strict=True))


def test_points_that_cannot_add_up_are_refused():
    with pytest.raises(ValueError, match="7 is not"):
        apportion([1.0, 2.0], 7)


@given(st.floats(-20, 20), st.floats(0, 40), shares, st.floats(0.1, 9))
def test_quantiles_of_a_mixture_keep_their_order(low, apart, share, scale):
    levels = (0.1, 0.3, 0.5, 0.7, 0.9)
    found = [mixed_quantile(low, low + apart, share, scale, level) for level in levels]
    assert all(a <= b + 1e-9 for a, b in zip(found, found[1:], strict=False))


# ---------------------------------------------------------------- the answer
def test_nobody_knows_a_customer_without_history():
    unknown = assess(Evidence(7), COMPANY, POLICY)
    assert (unknown.score, unknown.grade, unknown.late, unknown.on_time_share) == (None,) * 4
    assert reasons(Evidence(7), COMPANY, POLICY) == []
    assert strongest([]) == []


def test_overdue_items_alone_are_evidence():
    found = assess(Evidence(7, open_weight=2.0, open_habit=120.0), COMPANY, POLICY)
    assert found.score is not None and found.score < 50
    assert found.thin and found.on_time_share is None


def test_a_prompt_and_a_late_payer():
    prompt = Evidence(1, None, 20, 15, -150, 0, 0, 5, -50, 0, 5, 1500, -15000)
    late = Evidence(2, None, 20, 15, 300, 0, 15, 5, 100, 0, 5, 1500, 30000)
    good, bad = (assess(one, COMPANY, POLICY) for one in (prompt, late))
    assert (good.grade, good.habitual, good.index, good.on_time_share) == ("A", False, 85, 1.0)
    assert (bad.habitual, bad.index, bad.on_time_share) == (True, 63, 0.0)
    assert bad.score < 40 < 80 < good.score
    assert bad.days > 10 > -5 > good.days


def test_thin_history_is_marked_and_drawn_to_the_average():
    one, many = Evidence(1, weight=1, habit=30), Evidence(1, weight=30, habit=900)
    company = replace(COMPANY, pull=2.0)
    assert assess(one, company, POLICY).thin and not assess(many, company, POLICY).thin
    assert exact_score(one, company, POLICY) > exact_score(many, company, POLICY)


def test_the_country_stands_in_for_the_company_where_it_is_known():
    first, other = (Evidence(1, country, weight=0.1, habit=0.0) for country in (1, 2))
    assert predict(first, COMPANY, Conditions()).days < predict(other, COMPANY, Conditions()).days


def test_a_known_dispute_is_worse_than_a_possible_one():
    customer = Evidence(1, weight=10, habit=-50, disputed=2)
    chances = [
        predict(customer, COMPANY, Conditions(disputed=known)).late for known in (False, None, True)
    ]
    assert chances == sorted(chances) and len(set(chances)) == 3


def test_conduct_costs_points_up_to_its_limit():
    plain = Evidence(1, weight=10, habit=-50)
    broken, hopeless = (replace(plain, promises_broken=many) for many in (2, 900))
    before = exact_score(plain, COMPANY, POLICY)
    assert isclose(before - exact_score(broken, COMPANY, POLICY), 6.0)
    assert isclose(before - exact_score(hopeless, COMPANY, POLICY), POLICY.conduct_most)


@given(evidences, ledgers)
def test_everything_stays_within_its_bounds(customer, company):
    found = assess(customer, company, POLICY)
    assume(found.score is not None)
    assert 0 <= found.score <= 100 and found.grade in "ABCDE"
    assert 0.0 <= found.late <= 1.0
    assert found.earliest <= found.days <= found.latest
    assert found.on_time_share is None or -1e-9 <= found.on_time_share <= 1.0


@given(evidences, ledgers)
def test_points_of_the_reasons_add_up_to_the_score(customer, company):
    assume(customer.assessed)
    found = reasons(customer, company, POLICY)
    shown = strongest(found, 3)
    total = assess(customer, company, POLICY).score
    assert sum(reason.points for reason in found) == total
    assert sum(reason.points for reason in shown) == total
    assert found[0].key == score_reasons.BASE and len(shown) <= 5


def test_reasons_name_what_moved_the_score():
    late = Evidence(1, None, 20, 15, 300, 0, 15, 5, 100, 0, 5, open_weight=2, open_habit=160)
    found = {reason.key: reason for reason in reasons(late, COMPANY, POLICY)}
    assert found["habit"].points < -20 and found["overdue"].points < 0
    assert dict(found["overdue"].figures) == {"open_weight": 2, "open_habit": 160}
    assert found["promises"].points == 0


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [(70, 65, "better"), (65, 70, "worse"), (66, 70, "steady"), (None, 70, "new")],
)
def test_trend(now, before, expected):
    assert trend(now, before, 5) == expected


# ---------------------------------------------------------------- paying later, and knowing later
@st.composite
def payments(draw):
    """One payment, long ago enough to have come a hundred days later."""
    made = AS_OF - timedelta(days=draw(st.integers(251, 800)))
    due = made + timedelta(days=draw(st.sampled_from([0, 30, 60])))
    paid = made + timedelta(days=draw(st.integers(0, 150)))
    return Part(1, None, made, due, paid, disputed=draw(st.booleans()))


@given(st.lists(payments(), min_size=1, max_size=5), st.integers(1, 99), ledgers)
def test_paying_later_never_raises_the_score(ledger, days, company):
    later = replace(ledger[0], paid_date=ledger[0].paid_date + timedelta(days=days))
    before, after = (score_of([one, *ledger[1:]], company=company) for one in (ledger[0], later))
    assert after <= before + 1e-6


@given(st.lists(parts(), min_size=1, max_size=6), st.integers(1, 60))
def test_an_overdue_item_only_grows_worse(ledger, days):
    paid = [part for part in ledger if part.paid_before(AS_OF)]
    habit = evidence(paid, AS_OF, parameters(COMPANY, AS_OF))
    due = AS_OF - timedelta(days=30)
    first = Part(1, None, due, due, None)
    older = Part(1, None, due, due - timedelta(days=days), None)
    assume(not paid or 1 in habit)
    flat = replace(COMPANY, effects=(0.0, 0.0, 0.0))
    assert score_of([*paid, older], company=flat) <= score_of([*paid, first], company=flat) + 1e-6


@given(evidences, ledgers, st.floats(0, 20))
def test_what_is_overdue_is_late_already(customer, company, more):
    """Where a ledger trusts the share of late payments alone, those who never pay count too."""
    opened = replace(
        customer,
        open_weight=customer.open_weight + more,
        open_habit=customer.open_habit + more * score_scale.to_habit(120),
    )
    before, after = (score.habit_of(one, company).late_share for one in (customer, opened))
    assert before - 1e-9 <= after <= 1.0 + 1e-9


@given(st.lists(parts(), min_size=1, max_size=8), st.lists(parts(), max_size=4), st.data())
def test_what_happens_later_changes_nothing_for_an_earlier_date(ledger, more, data):
    as_of = AS_OF - timedelta(days=data.draw(st.integers(0, 500)))
    future = [
        replace(part, invoice_date=as_of + timedelta(days=at)) for at, part in enumerate(more)
    ]
    rewritten = [
        part if part.paid_before(as_of) else replace(part, paid_date=as_of + timedelta(days=9))
        for part in ledger
    ]
    assert score_of(rewritten + future, as_of) == score_of(ledger, as_of)


def test_a_payment_in_parts_weighs_as_much_as_one():
    made, due, late = AS_OF - timedelta(90), AS_OF - timedelta(60), AS_OF - timedelta(40)
    whole = Part(1, None, made, due, late, amount=100.0)
    halves = [replace(whole, share=0.5, amount=50.0)] * 2
    assert score_of([whole]) == pytest.approx(score_of(halves))


# ---------------------------------------------------------------- fits
def lesson(customer, days, **conditions):
    return Lesson(customer, Conditions(disputed=False, **conditions), 1.0, days)


def test_without_lessons_the_priors_stand():
    assert score_fit.fit_rules(COMPANY, []) == COMPANY
    assert score_fit.fit_averages(COMPANY, []) == COMPANY


def test_the_rule_learns_from_what_came_and_never_turns_around():
    good, bad = Evidence(1, weight=20, habit=-200), Evidence(2, weight=20, habit=300, late=20)
    right = [lesson(good, -9)] * 40 + [lesson(bad, 14)] * 40
    learned = score_fit.fit_rules(Company(), right)
    assert predict(good, learned, Conditions()).late < 0.1
    assert predict(bad, learned, Conditions()).late > 0.9
    wrong = score_fit.fit_rules(Company(), [replace(one, days=-one.days) for one in right])
    assert all(factor >= 0.0 for factor in wrong.lateness[1:] + wrong.delay[1:])


def test_the_expected_delay_follows_a_ledger_that_has_slowed_down():
    customer = Evidence(1, weight=20, habit=0.0)
    slowed = score_fit.fit_delay(Company(), [lesson(customer, 10)] * 60)
    assert predict(customer, slowed, Conditions()).days > 8.0


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_effects_are_found_where_the_ledger_shows_them(by_dispute, by_paper):
    rows = [(d, p, m) for d in (0, 1) for p in (0, 1) for m in (1, 2)] * 200
    days = [by_dispute * d + by_paper * p - 4.0 * m for d, p, m in rows]

    def within(a, b):
        n = len(rows)
        return sum(x * y for x, y in zip(a, b, strict=True)) - sum(a) * sum(b) / n

    columns = [*zip(*rows, strict=True), days]
    pairs = [(0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3), (2, 2), (2, 3)]
    found = score_fit.fit_effects([within(columns[a], columns[b]) for a, b in pairs])
    assert found == pytest.approx((by_dispute, by_paper, -4.0), abs=0.2)


def test_countries_with_few_customers_have_no_average_of_their_own():
    rows = [(1, 30, 900, 30, 20, -100, 700, 1, 40, 4, 9), (2, 3, 90, 3, 2, 40, 900, 1, 4, 1, 2)]
    found = score_fit.fit_averages(Company(), rows)
    assert set(found.habits) == {1}
    assert found.habits[1] < found.habit < 0.0
    assert found.spread == pytest.approx((990 / 33) ** 0.5)


# ---------------------------------------------------------------- texts
def test_the_ledger_is_asked_in_order_and_with_every_parameter():
    asked = []

    def ask(text, known):
        asked.append(text)
        text.replace("%(items)s", "") % dict.fromkeys(known, "")
        return [[None] * 9] if text is score_sql.EFFECTS else []

    assert fit_company(ask, AS_OF) == Company()
    assert asked[:2] == [score_sql.EFFECTS, score_sql.AVERAGES]
    assert asked[2:] == [score_sql.LESSONS] * 12
    assert list(read_evidence(ask, COMPANY, AS_OF)) == []


def test_columns_of_the_evidence_are_those_of_its_text():
    names = [field.name for field in fields(Evidence)]
    assert names[: len(score_sql.COLUMNS)] == list(score_sql.COLUMNS)
