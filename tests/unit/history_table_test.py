"""Tables of opening history: no digit lost, no line miscounted, no header misread."""

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal

import pytest
from ar_credit_control.rules.history_table import (
    COLUMNS,
    FALSE_WORDS,
    KINDS,
    LARGEST,
    TRUE_WORDS,
    CellError,
    csv_rows,
    detect_kind,
    read_amount,
    read_date,
    read_flag,
    read_list,
    read_table,
    read_text,
)
from hypothesis import given
from hypothesis import strategies as st

ROWS = {
    "customers": {"code": "C1", "name": "Alfa"},
    "invoices": {"number": "F1", "customer": "C1", "date": "2026-01-10", "amount": "5"},
    "payments": {"customer": "C1", "date": "2026-01-10", "amount": "5"},
    "reports": {"provider": "House", "customer": "C1", "date": "2026-01-10"},
}


# ---------------------------------------------------------------- cells
def digits(written):
    return re.sub(r"\D", "", str(written)).lstrip("0")


@given(st.text("0123456789.,'- ", max_size=14))
def test_an_amount_has_every_digit_that_was_written(written):
    try:
        found = read_amount(written)
    except CellError:
        return
    assert found is None and not written.strip() or digits(found) == digits(written)


@given(st.text("0123456789.,", max_size=9))
def test_one_mark_before_three_digits_is_never_guessed(written):
    one_mark = re.fullmatch(r"([1-9]\d?\d?)[.,](\d{3})", written)
    if one_mark:
        with pytest.raises(CellError, match="ambiguous"):
            read_amount(written)


@given(st.decimals(-(10**9), 10**9, places=2, allow_nan=False))
def test_a_spreadsheet_number_is_the_number_that_was_typed(number):
    assert read_amount(float(number)) == number


@pytest.mark.parametrize("cell", ["9" * 16, "-" + "9" * 40, 10**400, 1e300, Decimal("1e15"),
                                  "999.999.999.999.999.999,00"])  # fmt: skip
def test_a_number_too_large_for_an_amount(cell):
    with pytest.raises(CellError, match="amount"):
        read_amount(cell)


def test_the_largest_amount():
    assert read_amount("999999999999999") == LARGEST - 1


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)), st.sampled_from("/.-"))
def test_a_day_first_date_is_never_read_month_first(day, mark):
    written = f"{day.day}{mark}{day.month}{mark}{day.year}"
    assert read_date(written) == read_date(datetime(day.year, day.month, day.day, 23, 59)) == day


@pytest.mark.parametrize("written", [
    "2026-01-10T08:30:00.123456", "2026-01-10 08:30", " 10/01/2026 ", "10-1-2026"
])  # fmt: skip
def test_dates_with_a_time_or_blanks(written):
    assert read_date(written) == date(2026, 1, 10)


@pytest.mark.parametrize(
    "cell", [datetime(1899, 12, 30), datetime(1900, 1, 1, 12), date(1969, 12, 31), date(2101, 1, 1)]
)
def test_a_day_that_a_spreadsheet_makes_of_nothing_is_no_date(cell):
    with pytest.raises(CellError, match="date"):
        read_date(cell)
    rows = [(1, ["number", "customer", "date", "amount"]), (2, ["INV/1", "C1", cell, 5])]
    _kind, records, issues = read_table(rows)
    assert not records
    assert [(issue.line, issue.field, issue.code) for issue in issues] == [(2, "date", "date")]


@pytest.mark.parametrize("written", ["1969-12-31", "1/1/2101", "2026/01/10", "10 Jan 2026", 46032])
def test_dates_out_of_range_or_in_another_form(written):
    with pytest.raises(CellError, match="date"):
        read_date(written)


@given(st.sampled_from(sorted(TRUE_WORDS | FALSE_WORDS)), st.sampled_from([str.upper, str.title]))
def test_words_count_in_any_case(word, change):
    assert read_flag(f" {change(word)} ") is (word in TRUE_WORDS)


names = st.text("ABC123/-", min_size=1, max_size=4)


@given(st.lists(names, max_size=6), st.sampled_from(["|", ";", " | ", ";;"]))
def test_a_list_keeps_order_and_drops_doubles(values, mark):
    expected = []
    for value in values:
        if value not in expected:
            expected.append(value)
    assert read_list(mark.join(values)) == tuple(expected)


@pytest.mark.parametrize(("cell", "expected"), [
    (None, ""), (0, "0"), (1001.0, "1001"), (10.5, "10.5"), ("0012", "0012"),
    ("a\0b", "a b"), ("\0", ""), ("x\u00a0 \t\r\ny", "x y"),
])  # fmt: skip
def test_texts_that_a_database_can_hold(cell, expected):
    assert read_text(cell) == expected


# ---------------------------------------------------------------- headers
ALIASES = [
    (kind, column.name, name)
    for kind in KINDS
    for column in COLUMNS[kind]
    for name in (column.name, *column.aliases)
]


def table(kind, row):
    return read_table([(1, list(row)), (2, list(row.values()))], kind)


@pytest.mark.parametrize(("kind", "column", "alias"), ALIASES)
def test_every_name_of_a_column_is_understood_in_any_spelling(kind, column, alias):
    cell = ROWS[kind].get(column, "")
    others = {name: value for name, value in ROWS[kind].items() if name != column}
    _kind, (expected,), issues = table(kind, {column: cell} | others)
    assert not issues
    for spelling in (alias.upper(), alias.replace(" ", "_"), f"  {alias.replace('_', '  ')} "):
        assert table(kind, {spelling: cell} | others) == (kind, [expected], [])


@pytest.mark.parametrize("kind", KINDS)
def test_each_name_means_one_column(kind):
    known = [alias for its, _column, alias in ALIASES if its == kind]
    assert len(set(known)) == len(known)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_detected_by_what_it_needs_and_by_no_less(kind):
    row = ROWS[kind]
    assert detect_kind(row) == kind
    for missing in row:
        assert detect_kind([name for name in row if name != missing]) != kind


@pytest.mark.parametrize("kind", KINDS)
def test_each_missing_column_is_named(kind):
    for missing in ROWS[kind]:
        rest = {name: value for name, value in ROWS[kind].items() if name != missing}
        found, records, issues = table(kind, rest)
        assert (found, records) == (kind, [])
        assert [(issue.field, issue.code) for issue in issues] == [(missing, "missing_column")]


@given(st.permutations(["number", "customer", "date", "amount", "tax", "", "due"]))
def test_the_order_of_columns_does_not_matter(order):
    row = ROWS["invoices"] | {"tax": "22", "": "", "due": "10.2.2026"}
    kind, (record,), issues = table(None, {name: row[name] for name in order})
    assert (kind, issues) == ("invoices", [])
    assert (record.cells["tax"], record.cells["due_date"]) == ("22", date(2026, 2, 10))
    assert (record.cells["amount"], record.cells["disputed"]) == (Decimal(5), False)


# ---------------------------------------------------------------- lines
@given(st.lists(st.lists(st.text("ab\n ", max_size=4), min_size=2, max_size=2), max_size=8))
def test_a_line_number_is_where_the_row_begins(rows):
    out, expected = io.StringIO(), []
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        expected.append(out.getvalue().count("\n") + 1)
        writer.writerow(row)
    assert [line for line, _cells in csv_rows(out.getvalue().encode())] == expected


def test_a_bad_line_does_not_take_its_neighbours_along():
    text = "code;name;credit limit\nC1;Alfa;1.000\nC2;Beta;1000\n;;\nC3;;x\n"
    _kind, records, issues = read_table(csv_rows(text.encode()))
    assert [record.cells["code"] for record in records] == ["C2"]
    assert [(issue.line, issue.field, issue.code, issue.value) for issue in issues] == [
        (2, "credit_limit", "ambiguous", "1.000"),
        (5, "name", "missing", ""),
        (5, "credit_limit", "amount", "x"),
    ]


@pytest.mark.parametrize("rows", [[], [(1, [])], [(1, [None, ""]), (2, ["  "])]])
def test_a_table_without_anything(rows):
    kind, records, issues = read_table(rows)
    assert (kind, records, [issue.code for issue in issues]) == (None, [], ["header"])


def test_a_header_alone_is_an_empty_table():
    assert read_table([(3, ["code", "name"])]) == ("customers", [], [])
