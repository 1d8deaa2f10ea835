"""Scales of providers, lines of a file of reports, and how soon a customer is reviewed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from ar_credit_control.rules.credit_report import (
    CLASSES,
    NUMBERS,
    RatingError,
    Report,
    Scale,
    faults,
    rating_fault,
    split_classes,
)
from ar_credit_control.rules.history import Book, digest
from ar_credit_control.rules.history_check import CurrencyInfo, Done, Known, check
from ar_credit_control.rules.history_table import csv_rows, detect_kind, read_table
from ar_credit_control.rules.risk_class import DEFAULT_CLASSES, GRADE_KEYS, review_months
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 6, 30)
RISK = Scale(NUMBERS, Decimal(100), Decimal(600))
POINTS = Scale(NUMBERS, Decimal("99.5"), Decimal(1))
LETTERS = Scale(CLASSES, classes=("AAA", "AA", "A", "B"))
KNOWN = Known(
    today=TODAY,
    currencies={
        "EUR": CurrencyInfo(2),
        "USD": CurrencyInfo(2, date(2025, 1, 1)),
    },
    company_currency="EUR",
    customers={"C1": "Alfa", "C2": "Beta"},
    scales={"house": RISK, "letters": LETTERS},
)
HEADER = "provider;customer;date;reference;rating;advised_limit;currency;valid_until;no_credit"


def read(*rows, known=KNOWN):
    book = Book()
    book.add(*read_table(csv_rows("\n".join([HEADER, *rows]).encode())))
    good, issues = check(book, known)
    return good, [(issue.line, issue.field, issue.code) for issue in issues]


# ---------------------------------------------------------------- scales
@pytest.mark.parametrize(
    ("scale", "text", "rating", "standing"),
    [
        (RISK, "100", "100", 100),
        (RISK, "600,0", "600", 0),
        (RISK, " 225 ", "225", 75),
        (POINTS, "99.50", "99.5", 100),
        (POINTS, "1", "1", 0),
        (LETTERS, "aaa", "AAA", 100),
        (LETTERS, "B ", "B", 0),
    ],
)
def test_a_rating_is_read_as_its_scale_writes_it(scale, text, rating, standing):
    assert scale.rating(text) == rating
    assert scale.standing(text) == pytest.approx(standing)


@pytest.mark.parametrize(
    ("scale", "text"),
    [
        (RISK, "99"),
        (RISK, "601"),
        (RISK, "AA"),
        (RISK, "NaN"),
        (RISK, ""),
        (RISK, "-200"),
        (POINTS, "99.51"),
        (LETTERS, "C"),
        (LETTERS, "100"),
    ],
)
def test_a_rating_outside_its_scale_is_refused(scale, text):
    with pytest.raises(RatingError):
        scale.rating(text)
    with pytest.raises(RatingError):
        scale.standing(text)


@given(st.integers(100, 600), st.integers(100, 600))
def test_the_better_rating_stands_higher(one, other):
    """On a scale where the smaller number is the better one."""
    assert (one < other) == (RISK.standing(str(one)) > RISK.standing(str(other)))
    assert 0 <= RISK.standing(str(one)) <= 100


@pytest.mark.parametrize(
    ("scale", "problem"),
    [
        (RISK, None),
        (LETTERS, None),
        (Scale(NUMBERS, Decimal(5), Decimal(5)), "same_ends"),
        (Scale(CLASSES), "no_classes"),
        (Scale(CLASSES, classes=("A",)), "no_classes"),
        (Scale(CLASSES, classes=("A", "B", "a")), "double_class"),
    ],
)
def test_a_scale_that_rates_nothing_is_named(scale, problem):
    assert scale.problem() == problem


def test_scales_and_classes_are_written_best_first():
    assert (str(RISK), str(POINTS), str(LETTERS)) == ("100–600", "99.5–1", "AAA, AA, A, B")
    assert split_classes(" AAA ,AA;\nA,,") == ("AAA", "AA", "A")


# ---------------------------------------------------------------- lines
def test_a_table_of_reports_is_known_by_its_columns():
    assert detect_kind(HEADER.split(";")) == "reports"
    assert detect_kind(["customer", "date", "amount"]) == "payments"


def test_a_good_line_becomes_a_report():
    good, issues = read("House;C1;2026-01-10;R-7;212;15.000,00;EUR;2026-12-31;")
    assert issues == []
    assert good == [
        Report(
            2,
            "House",
            "C1",
            date(2026, 1, 10),
            "R-7",
            "212",
            Decimal("15000.00"),
            "EUR",
            date(2026, 12, 31),
        )
    ]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("House;C1;2026-07-01;;212;;;;", "date", "future"),
        ("House;C1;1950-01-01;;212;;;;", "date", "date"),
        ("House;C1;31/31/2026;;212;;;;", "date", "date"),
        ("House;C1;;;212;;;;", "date", "missing"),
        ("House;C1;2026-01-10;;212;0;;;", "advised_limit", "advised_zero"),
        ("House;C1;2026-01-10;;212;-5;;;", "advised_limit", "negative"),
        ("House;C1;2026-01-10;;212;5.001;EUR;;", "advised_limit", "ambiguous"),
        ("House;C1;2026-01-10;;212;0.001;EUR;;", "advised_limit", "decimals"),
        ("House;C1;2026-01-10;;212;5;XXX;;", "currency", "unknown_currency"),
        ("House;C1;2024-01-10;;212;5;USD;;", "currency", "no_rate"),
        ("House;C1;2026-01-10;;700;;;;", "rating", "outside_scale"),
        ("Letters;C1;2026-01-10;;212;;;;", "rating", "outside_scale"),
        ("House;C1;2026-01-10;;;;;;", "rating", "says_nothing"),
        ("House;C1;2026-01-10;;;5;;;yes", "no_credit", "advised_both"),
        ("House;C1;2026-01-10;;212;;;2026-01-09;", "valid_until", "ends_before_date"),
        ("Nobody;C1;2026-01-10;;212;;;;", "provider", "unknown_provider"),
        ("House;C9;2026-01-10;;212;;;;", "customer", "unknown_customer"),
    ],
)
def test_a_faulty_line_is_refused_with_its_field(row, field, code):
    good, issues = read(row, "House;C2;2026-01-10;;300;;;;")
    assert issues == [(2, field, code)]
    assert [(report.line, report.customer) for report in good] == [(3, "C2")]


def test_a_report_stands_in_a_file_once():
    rows = [
        "House;C1;2026-01-10;R1;212;;;;",
        "House;C2;2026-01-11;R1;300;;;;",
        "HOUSE;C1;2026-01-12;;300;;;;",
        "House;C1;2026-01-12;;250;;;;",
        "Letters;C1;2026-01-12;;AA;;;;",
    ]
    good, issues = read(*rows)
    assert [report.line for report in good] == [2, 4, 6]
    assert issues == [(3, "reference", "double"), (5, "date", "double")]


def test_what_was_imported_before_is_left_out_and_a_change_is_told():
    row = "House;C1;2026-01-10;R1;212;;;;"
    (report,), _issues = read(row)
    done = {"reports": {report.key: Done(digest(report), "C1")}}
    known = Known(
        today=TODAY,
        currencies=KNOWN.currencies,
        company_currency="EUR",
        done=done,
        customers=KNOWN.customers,
        scales=KNOWN.scales,
    )
    assert read(row, known=known) == ([], [])
    assert read(row.replace("212", "213"), known=known) == ([], [(2, "", "changed")])


amounts = st.none() | st.integers(-3, 3).map(Decimal)


@given(amounts, st.booleans(), st.sampled_from(["", "212"]), st.integers(-2, 2))
def test_a_line_is_good_exactly_when_it_makes_sense(advised, no_credit, rating, days):
    start = date(2026, 1, 10)
    report = Report(
        1,
        "House",
        "C1",
        start,
        rating=rating,
        advised_limit=advised,
        valid_until=start + timedelta(days=days),
        no_credit=no_credit,
    )
    amount_ok = advised is None or (advised > 0 and not no_credit)
    says = bool(rating) or no_credit or advised is not None
    assert (faults(report) == []) == (amount_ok and says and days >= 0)
    assert rating_fault(report, RISK) is None


# ---------------------------------------------------------------- reviews
@given(st.integers(1, 36), st.integers(0, 10**7), st.integers(0, 10**6))
def test_the_more_is_at_stake_the_sooner_the_review(period, exposure, full):
    months = review_months(period, exposure, full)
    assert 1 <= months <= period
    if full and exposure > full:
        plain = max(m for m in range(period + 1) if m * exposure <= period * full)
        assert months == max(1, plain)
    else:
        assert months == period
    assert review_months(period, exposure * 2, full) <= months


def test_every_grade_has_a_class_and_worse_ones_get_less_and_are_renewed_sooner():
    assert tuple(DEFAULT_CLASSES) == GRADE_KEYS
    graded = [DEFAULT_CLASSES[grade] for grade in "ABCDE"]
    assert [risk.need_percent for risk in graded] == sorted(
        (risk.need_percent for risk in graded), reverse=True
    )
    assert [risk.notice_days for risk in graded] == sorted(risk.notice_days for risk in graded)
