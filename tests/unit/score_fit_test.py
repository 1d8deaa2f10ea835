"""The arithmetic of the payment score against slow ways to the same numbers."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations, product
from math import exp, log

import pytest
from ar_credit_control.rules import score_fit
from ar_credit_control.rules.score import Company, Conditions, Evidence, Policy, grade, trend
from ar_credit_control.rules.score_fit import (
    COUNTRY_CUSTOMERS,
    DELAY_PRIOR,
    HALF_DAY,
    LATENESS_PRIOR,
    Lesson,
    fit_averages,
    least_deviations,
    newton_logistic,
    solve,
    without_negatives,
)
from ar_credit_control.rules.score_reasons import Reason, strongest
from ar_credit_control.rules.score_scale import (
    INDEX_KNOTS,
    apportion,
    chance,
    log_odds,
    mixed_quantile,
    payment_index,
    to_days,
    to_habit,
)
from ar_credit_control.rules.score_snapshot import fit_company, parameters, read_lessons
from hypothesis import assume, given, settings
from hypothesis import strategies as st

small = st.integers(-9, 9)


# ---------------------------------------------------------------- scales
def index_on_the_line(days):
    """The index by going along the chart segment by segment, in exact fractions."""
    days = Fraction(days)
    if days <= INDEX_KNOTS[0][0]:
        return Fraction(100)
    for (low, high), (next_low, next_high) in zip(INDEX_KNOTS, INDEX_KNOTS[1:], strict=False):
        if days <= next_low:
            part = (days - Fraction(low)) / (Fraction(next_low) - Fraction(low))
            return Fraction(high) + part * (Fraction(next_high) - Fraction(high))
    return Fraction(0)


@given(st.floats(-100, 400))
def test_the_index_lies_on_the_published_line(days):
    assert payment_index(days) == pytest.approx(float(index_on_the_line(days)), abs=1e-9)


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_habits_keep_the_order_of_days_and_draw_outliers_in(one, other):
    low, high = sorted((one, other))
    assert to_habit(low) <= to_habit(high)
    assert abs(to_habit(one)) <= abs(one) + 1e-9
    assert to_habit(-one) == -to_habit(one)
    assert to_days(to_habit(one)) == pytest.approx(one, abs=1e-6)


@given(st.floats(-20, 20))
def test_chances_and_log_odds_undo_each_other(odds):
    assert log_odds(chance(odds)) == pytest.approx(odds, abs=1e-4)
    assert chance(odds) + chance(-odds) == pytest.approx(1.0)


@pytest.mark.parametrize("edge", [0.0, 1.0, -1.0, 2.0])
def test_a_chance_at_the_edge_has_finite_odds(edge):
    assert abs(log_odds(edge)) < 25


def quantile_by_halving(low, high, share, scale, level):
    """Where the mixture of both curves reaches the level, searched for."""

    def below(at):
        def curve(middle):
            return 1 / (1 + exp(-max(-600.0, min(600.0, (at - middle) / scale))))

        return (1 - share) * curve(low) + share * curve(high)

    left, right = low - 50 * scale, high + 50 * scale
    for _step in range(200):
        middle = (left + right) / 2
        left, right = (middle, right) if below(middle) < level else (left, middle)
    return left


@given(st.floats(-30, 30), st.floats(0.1, 0.9), st.floats(0.5, 4), st.sampled_from((0.1, 0.5, 0.9)))
def test_quantiles_of_groups_that_lie_apart_are_exact(low, share, scale, level):
    assume(abs(level - (1 - share)) > 0.02)
    high = low + 40 * scale
    found = mixed_quantile(low, high, share, scale, level)
    assert found == pytest.approx(quantile_by_halving(low, high, share, scale, level), abs=0.05)


@given(st.floats(-30, 30), st.floats(0, 1), st.floats(0.5, 4), st.floats(0.05, 0.95))
def test_two_groups_in_one_place_are_one(low, share, scale, level):
    one = low + scale * log_odds(level)
    assert mixed_quantile(low, low, share, scale, level) == pytest.approx(one, abs=1e-6)


@given(st.lists(st.integers(-400, 400), min_size=1, max_size=4))
def test_no_other_whole_numbers_lie_nearer(tenths):
    exact = [value / 10 for value in tenths]
    total = round(sum(exact))
    found = apportion(exact, total)

    def distance(whole):
        return sum(abs(a - b) for a, b in zip(whole, exact, strict=True))

    near = product(*(range(int(value // 1), int(value // 1) + 2) for value in exact))
    best = min(distance(whole) for whole in near if sum(whole) == total)
    assert sum(found) == total and distance(found) == pytest.approx(best)


# ---------------------------------------------------------------- equations
def by_cramer(matrix, right):
    """Three equations by determinants, in whole numbers."""

    def determinant(m):
        (a, b, c), (d, e, f), (g, h, i) = m
        return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)

    whole = determinant(matrix)
    columns = [
        [[*row[:at], value, *row[at + 1 :]] for row, value in zip(matrix, right, strict=True)]
        for at in range(3)
    ]
    return [Fraction(determinant(one), whole) for one in columns] if whole else None


@given(st.lists(st.lists(small, min_size=3, max_size=3), min_size=3, max_size=3),
       st.lists(small, min_size=3, max_size=3))  # fmt: skip
def test_equations_have_the_exact_solution(matrix, right):
    expected = by_cramer(matrix, right)
    assume(expected is not None)
    assert solve(matrix, right) == pytest.approx([float(value) for value in expected], abs=1e-6)


def test_a_zero_on_the_diagonal_is_no_obstacle():
    assert solve([[0, 1], [1, 0]], [2, 3]) == [3.0, 2.0]


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_negative_factors_are_left_out_one_by_one(wanted):
    """Where each factor is fitted on its own, exactly the negative ones are left out."""
    found = without_negatives(
        lambda free: [value if at in free else 0.0 for at, value in enumerate(wanted)], 4
    )
    assert found == (wanted[0], *(max(0.0, value) for value in wanted[1:]))


def test_a_factor_may_come_back_when_a_worse_one_is_gone():
    fits = {(0, 1, 2, 3): [1, -5, -1, 2], (0, 2, 3): [1, 0, 3, 2]}
    assert without_negatives(lambda free: fits[tuple(free)], 4) == (1, 0, 3, 2)


# ---------------------------------------------------------------- fits at their best
rows = st.lists(
    st.tuples(st.just(1.0), st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=12
)
START = (0.1, 0.5, 0.2)


def nudged(best):
    for at, step in product(range(len(best)), (-0.05, 0.05)):
        yield [value + step * (place == at) for place, value in enumerate(best)]


@settings(deadline=2000)
@given(rows, st.data())
def test_no_step_makes_the_logistic_rule_likelier(found, data):
    late = [float(data.draw(st.booleans())) for _row in found]

    def loss(coefficients):
        chances = [
            chance(sum(a * b for a, b in zip(coefficients, row, strict=True))) for row in found
        ]
        fit = sum(log_odds_loss(p, y) for p, y in zip(chances, late, strict=True))
        pull = sum((a - b) ** 2 for a, b in zip(coefficients, START, strict=True))
        return fit + LATENESS_PRIOR / 2 * pull

    best = newton_logistic(found, late, [1.0] * len(found), START, (0, 1, 2))
    assert all(loss(best) <= loss(other) + 1e-6 for other in nudged(best))


def log_odds_loss(p, late):
    return -log(p if late else 1.0 - p)


@settings(deadline=2000)
@given(rows, st.data())
def test_no_step_brings_the_expected_delays_nearer(found, data):
    days = [data.draw(st.floats(-30, 60)) for _row in found]

    def cost(gap):
        near = abs(gap) <= HALF_DAY
        return gap * gap / (2 * HALF_DAY) if near else abs(gap) - HALF_DAY / 2

    def loss(coefficients):
        guesses = [sum(a * b for a, b in zip(coefficients, row, strict=True)) for row in found]
        pull = sum((a - b) ** 2 for a, b in zip(coefficients, START, strict=True))
        gaps = sum(cost(day - guess) for day, guess in zip(days, guesses, strict=True))
        return gaps + DELAY_PRIOR / 2 * pull

    best = least_deviations(found, days, [1.0] * len(found), START, (0, 1, 2))
    assert all(loss(best) <= loss(other) + 0.02 for other in nudged(best))


@pytest.mark.parametrize("fit", [newton_logistic, least_deviations])
def test_what_is_not_free_stays_at_zero(fit):
    for size in (1, 2):
        for others in combinations((1, 2), size - 1):
            free = (0, *others)
            found = fit([(1.0, 2.0, 3.0)] * 5, [1.0] * 5, [1.0] * 5, START, free)
            assert [at for at, value in enumerate(found) if value] == list(free)


def test_a_single_lesson_moves_little_and_many_move_much():
    customer = Evidence(1, weight=20, habit=0.0)
    lesson = Lesson(customer, Conditions(disputed=False), 1.0, 40.0)
    prior = Company()
    moved = [
        score_fit.fit_delay(prior, [lesson] * count).delay[0] - prior.delay[0] for count in (1, 200)
    ]
    assert 0.0 < moved[0] < 1.0 < 20.0 < moved[1]


def test_a_part_of_an_instalment_counts_as_a_part():
    customer = Evidence(1, weight=20, habit=100.0)
    whole = Lesson(customer, Conditions(disputed=False), 1.0, 12.0)
    halves = [replace(whole, share=0.5)] * 2
    for fit in (score_fit.fit_lateness, score_fit.fit_delay):
        once, twice = fit(Company(), [whole]), fit(Company(), halves)
        assert once.lateness == pytest.approx(twice.lateness)
        assert once.delay == pytest.approx(twice.delay)


# ---------------------------------------------------------------- averages
def average_row(country, customers, late=0.0, disputed=0.0):
    """A row of the averages as the database would sum it: (habit, weight) of each customer."""
    mass = sum(weight for _habit, weight in customers)
    pull = [(habit, weight, weight / (weight + 1)) for habit, weight in customers]
    return (
        country, len(customers), 0.0, mass, sum(a for _h, _w, a in pull),
        sum(a * h for h, _w, a in pull), sum(a * h * h for h, _w, a in pull),
        sum(a / w for _h, w, a in pull), mass, disputed, late,
    )  # fmt: skip


habits = st.lists(st.tuples(st.floats(-30, 30), st.floats(0.5, 20)), min_size=1, max_size=12)


@given(habits, habits)
def test_the_average_customer_is_within_the_customers_there_are(first, second):
    found = fit_averages(Company(), [average_row(1, first), average_row(2, second)])
    everyone = [habit for habit, _weight in first + second]
    assert min(everyone) - 1e-6 <= found.habit <= max(everyone) + 1e-6
    assert found.spread >= 1.0 and found.pull > 0.0
    enough = {1: len(first), 2: len(second)}
    assert set(found.habits) == {c for c, size in enough.items() if size >= COUNTRY_CUSTOMERS}


def test_customers_without_a_country_count_for_the_company_only():
    found = fit_averages(Company(), [average_row(None, [(10.0, 5.0)] * 30)])
    assert found.habit == pytest.approx(10.0) and found.habits == {}


def test_all_disputed_says_nothing_of_lateness():
    found = fit_averages(Company(), [average_row(1, [(0.0, 4.0)], disputed=4.0)])
    assert (found.dispute_share, found.late_share) == (1.0, Company().late_share)


# ---------------------------------------------------------------- snapshots
def test_a_months_lessons_know_nothing_of_the_month():
    as_of, asked = date(2026, 3, 31), []

    def ask(_text, known):
        asked.append(known)
        return [(1, None, *[0.5] * 16, 1, "1.5", 1, "0.25", 7)]

    lessons = read_lessons(ask, Company(), as_of, 540.0)
    assert len(lessons) == len(asked) == 12
    assert lessons[0].conditions == Conditions(1.0, 1.5, True)
    assert (lessons[0].share, lessons[0].days, lessons[0].late) == (0.25, 7.0, 1.0)
    for number, known in enumerate(asked, 1):
        assert known["as_of"] == as_of - number * timedelta(days=30)
        assert known["as_of"] < known["month_end"] <= known["until"] == as_of


def test_effects_are_known_before_the_averages_are_asked():
    seen = []

    def ask(text, known):
        seen.append(known["by_dispute"])
        return [[9.0, 0, 0, 90.0, 0, 0, 0, 0, 0]] if len(seen) == 1 else []

    company = fit_company(ask, date(2026, 3, 31))
    assert seen[0] == 0.0 and set(seen[1:]) == {9.0} and company.effects[0] == 9.0
    assert parameters(company, date(2026, 3, 31))["by_dispute"] == 9.0


# ---------------------------------------------------------------- what the reader sees
@given(st.integers(0, 100))
def test_a_grade_is_the_best_that_the_score_reaches(score):
    cuts = Policy().cuts
    reached = [letter for letter, least in cuts if score >= least]
    assert grade(score, cuts) == min(reached)


def test_a_score_below_all_cuts_has_the_last_grade():
    assert grade(-3, (("A", 80), ("B", 10))) == "B"


@given(st.integers(0, 100), st.integers(0, 100), st.integers(1, 20))
def test_a_trend_turns_around_with_the_scores(now, before, step):
    turned = {"better": "worse", "worse": "better", "steady": "steady"}
    assert trend(before, now, step) == turned[trend(now, before, step)]


points = st.lists(st.integers(-20, 20), min_size=1, max_size=9)


@given(points, st.integers(1, 6))
def test_the_shortened_list_still_adds_up(values, most):
    found = [Reason(str(at), value) for at, value in enumerate(values)]
    shown = strongest(found, most)
    assert sum(reason.points for reason in shown) == sum(values)
    assert shown[0] == found[0] and len(shown) <= most + 2
    assert all(reason.points for reason in shown[1:])
