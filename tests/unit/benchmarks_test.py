"""What benchmarks report: whether a bar is met, the JSON for machines, the table for people."""

import json
from datetime import date

import pytest
from benchmarks.common import Bar, Figure, Result, aligned, existing, number, rounded
from benchmarks.score_data import read
from hypothesis import given
from hypothesis import strategies as st

HEADER = "CustomerID,InvoiceDate,DueDate,InvoiceAmount,SettledDate"


@pytest.mark.parametrize(("figure", "comparison", "met"), [
    (1.9, "<=", True),
    (2, "<=", True),
    (2.1, "<=", False),
    (1.9, ">=", False),
    (2, ">=", True),
    (2.1, ">=", True),
])  # fmt: skip
def test_a_bar_is_met_up_to_and_with_its_limit(figure, comparison, met):
    assert Bar("b", figure, 2, comparison).met is met


def test_a_result_is_met_when_every_bar_is():
    result = Result("r")
    assert result.met
    result.bar("fast", 1, 2)
    assert result.met
    result.bar("right", 0.5, 0.9, ">=")
    assert not result.met


def test_json_names_everything_that_was_measured():
    result = Result("speed", setting={"rows": 10})
    result.bar("median", 12.345678, 50, unit="ms")
    result.figure("rows", 123456, "rows")
    assert json.loads(result.as_json()) == {
        "benchmark": "speed",
        "met": True,
        "bars": [
            {
                "name": "median",
                "figure": 12.346,
                "comparison": "<=",
                "limit": 50,
                "unit": "ms",
                "met": True,
            }
        ],
        "figures": [{"name": "rows", "figure": 123456, "unit": "rows"}],
        "setting": {"rows": 10},
    }


def test_the_table_shows_bars_and_below_them_figures():
    result = Result("speed", [Bar("median", 60, 50, unit="ms")], [Figure("rows", 1000)], {"cpu": 2})
    assert result.as_table().splitlines() == [
        "speed (cpu: 2)",
        "bar       figure  limit  met",
        "median     60 ms  <= 50   NO",
        "measured",
        "rows       1,000",
    ]


def test_without_figures_the_table_has_bars_alone():
    assert "measured" not in Result("r", [Bar("b", 1, 2)]).as_table()


@given(st.floats(-1e12, 1e12))
def test_rounding_keeps_five_digits(value):
    assert rounded(value) == pytest.approx(value, rel=1e-4)


def test_counts_are_never_rounded():
    assert rounded(123_456_789) == 123_456_789
    assert number(123_456_789, "") == "123,456,789"


cells = st.text("abc ", min_size=1).map(str.strip)


@given(st.lists(st.tuples(cells, cells, st.just("|")), min_size=1))
def test_columns_stand_below_each_other(rows):
    lines = aligned(rows).splitlines()
    assert len(lines) == len(rows)
    assert len({line.index("|") for line in lines}) == 1


def test_every_benchmark_is_found_by_the_name_that_people_type():
    names = existing()
    assert {"import", "position", "score"} <= set(names)
    assert not {"common", "history", "score_data"} & set(names)


def test_the_payments_of_a_file_are_read(tmp_path):
    path = tmp_path / "payments.csv"
    path.write_text(
        f'\ufeff{HEADER},Disputed\nA,1/2/2024,1/31/2024,"1,200.5",2/3/2024,Yes\n'
        "B,1/3/2024,2/2/2024,7,,No\n"
    )
    data = read(path)
    assert (data.has_disputes, data.has_paper) == (True, False)
    first, second = data.invoices
    assert (first.due, first.amount, first.days) == (date(2024, 1, 31), 1200.5, 3)
    assert (first.disputed, second.days) == (True, None)


@pytest.mark.parametrize("content", ["", HEADER, f"{HEADER.replace('DueDate', 'Due')}\nA,1,2,3,4"])
def test_a_file_without_what_is_needed_is_refused(tmp_path, content):
    path = tmp_path / "payments.csv"
    path.write_text(content)
    with pytest.raises(SystemExit, match=r"payments.csv has no rows or no column .*duedate"):
        read(path)
