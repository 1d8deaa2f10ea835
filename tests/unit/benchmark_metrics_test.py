"""The measures of predictions and the stop-watch, against the plainest way to reckon them."""

import gc
from itertools import product

import pytest
from benchmarks.score_metrics import CASES, auc, brier, by_tenth, by_width, mean_error, worst_gap
from benchmarks.timing import interleave, medians, queries
from hypothesis import given
from hypothesis import strategies as st

predictions = st.lists(
    st.tuples(st.integers(0, 20).map(lambda twentieth: twentieth / 20), st.booleans()),
    min_size=1,
    max_size=60,
)


def unzipped(pairs):
    return [chance for chance, _late in pairs], [late for _chance, late in pairs]


@given(predictions)
def test_ranking_is_a_comparison_of_all_pairs(pairs):
    late = [chance for chance, is_late in pairs if is_late]
    early = [chance for chance, is_late in pairs if not is_late]
    if not late or not early:
        assert auc(*unzipped(pairs)) == 0.5  # nothing to tell apart
        return
    won = sum((a > b) + 0.5 * (a == b) for a, b in product(late, early))
    assert auc(*unzipped(pairs)) == pytest.approx(won / (len(late) * len(early)))


@given(predictions)
def test_turning_all_predictions_round_turns_the_ranking_round(pairs):
    chances, late = unzipped(pairs)
    assert auc(chances, late) == pytest.approx(1 - auc([1 - chance for chance in chances], late))


@pytest.mark.parametrize(
    ("chances", "late", "expected"),
    [([0.0, 1.0], [False, True], 0), ([1.0, 0.0], [False, True], 1), ([0.5] * 2, [True] * 2, 0.25)],
)
def test_distance_from_what_came(chances, late, expected):
    assert brier(chances, late) == expected


def test_the_mean_error_counts_early_and_late_days_alike():
    assert mean_error([0, 10, -5], [4, 4, -5]) == pytest.approx(10 / 3)
    with pytest.raises(ValueError, match="zip"):
        mean_error([1], [1, 2])


@given(predictions)
def test_tables_of_calibration_hold_each_case_once(pairs):
    chances, late = unzipped(pairs)
    for table in (by_width(chances, late), by_tenth(chances, late)):
        assert len(table) == 10
        assert sum(cases for cases, _expected, _observed in table) == len(pairs)
        assert sum(cases * expected for cases, expected, _ in table) == pytest.approx(
            100 * sum(chances), abs=1e-6
        )
        assert sum(cases * observed for cases, _, observed in table) == pytest.approx(
            100 * sum(late), abs=1e-6
        )


@given(predictions)
def test_a_width_holds_its_lower_edge_and_a_tenth_no_more_than_its_share(pairs):
    chances, late = unzipped(pairs)
    for number, (cases, expected, _observed) in enumerate(by_width(chances, late)):
        inside = [chance for chance in chances if int(min(chance * 10, 9)) == number]
        assert cases == len(inside)
        if cases:
            assert 10 * number - 1e-9 <= expected <= 10 * number + 10 + 1e-9
    tenths = [row for row in by_tenth(chances, late) if row[0]]
    assert [row[1] for row in tenths] == pytest.approx(sorted(row[1] for row in tenths))
    assert all(abs(cases - len(pairs) / 10) < 1 for cases, *_rest in by_tenth(chances, late))


@pytest.mark.parametrize(
    ("table", "gap"),
    [
        ([], 0),
        ([(CASES - 1, 0.0, 100.0)], 0),
        ([(CASES, 10.0, 25.0), (CASES, 50.0, 30.0), (CASES, 7.0, 7.0)], 20),
    ],
)
def test_the_worst_gap_is_one_with_cases_enough(table, gap):
    assert worst_gap(table) == gap


def test_ways_take_turns_each_round_in_the_opposite_order():
    said = []
    ways = {name: lambda name=name: said.append(name) for name in "abc"}
    seconds = interleave(ways, 3, lambda: said.append("-"))
    assert "".join(said) == "-c-b-a" + "-a-b-c" + "-c-b-a" + "-a-b-c"
    assert {name: len(taken) for name, taken in seconds.items()} == {"a": 3, "b": 3, "c": 3}


def test_a_way_that_fails_leaves_the_collector_as_it_was():
    frozen = gc.get_freeze_count()
    with pytest.raises(ZeroDivisionError):
        interleave({"bad": lambda: 1 / 0}, 1)
    assert gc.get_freeze_count() == frozen


def test_the_slow_first_round_is_not_counted_and_an_outlier_moves_no_median():
    assert medians({"a": [0.001, 9.0, 0.002], "b": [0.004]}) == {"a": 2.0, "b": 4.0}


def test_statements_are_those_of_one_run():
    class Cursor:
        sql_log_count = 7

    cursor = Cursor()

    def way():
        cursor.sql_log_count += 3

    assert queries(cursor, way) == 3
