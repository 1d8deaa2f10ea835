"""Figures and word forms of a dunning letter, against slow and obvious ways to get them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from ar_credit_control.rules import dunning_letter as letter
from ar_credit_control.rules.exposure import BUCKET_KEYS
from ar_credit_control.rules.interest import Half, Part, RateTable, Scheme, interest
from hypothesis import given
from hypothesis import strategies as st

RATES = RateTable(
    "x", {Half(year, half): 2.0 + half for year in (2024, 2025, 2026) for half in (1, 2)}
)
LAW = Scheme(RATES, 8.0)
UNTIL = date(2026, 11, 22)

# Written out by hand from a grammar: what stands behind the number.
POLISH = {
    "faktura": [1],
    "faktury": [2, 3, 4, 22, 23, 24, 32, 44, 102, 104, 122, 1002],
    "faktur": [0, 5, 6, 9, 10, 11, 12, 13, 14, 15, 20, 21, 25, 31, 100, 101, 111, 112, 114, 1012],
}


@pytest.mark.parametrize(("word", "count"), [(w, n) for w, all_ in POLISH.items() for n in all_])
def test_polish_has_three_forms(word, count):
    words = {letter.ONE: "faktura", letter.FEW: "faktury", letter.MANY: "faktur"}
    assert words[letter.plural("pl_PL", count)] == word


@pytest.mark.parametrize("language", ["en_US", "de_DE", "it_IT", "es_ES", "fr_FR", "nl_BE", "xx"])
def test_the_others_tell_one_from_many(language):
    assert letter.plural(language, 1) == letter.ONE
    assert {letter.plural(language, n) for n in (2, 3, 5, 11, 21, 22, 101)} == {letter.MANY}


def test_french_says_zero_in_the_singular():
    assert letter.plural("fr_FR", 0) == letter.plural("fr", 0) == letter.ONE
    assert letter.plural("en_US", 0) == letter.MANY


@given(st.lists(st.tuples(st.integers(-400, 400), st.integers(1, 10**7))))
def test_ageing_loses_no_cent(items):
    found = letter.ageing((days, cents / 100) for days, cents in items)
    assert [key for key, _amount in found] == list(BUCKET_KEYS)
    assert sum(Decimal(f"{amount:.2f}") for _key, amount in found) == sum(
        Decimal(cents) / 100 for _days, cents in items
    )


@pytest.mark.parametrize(("days", "bucket"), [
    (-1, "not_due"), (0, "not_due"), (1, "due_1_30"), (30, "due_1_30"), (31, "due_31_60"),
    (60, "due_31_60"), (61, "due_61_90"), (90, "due_61_90"), (91, "due_over_90"),
])  # fmt: skip
def test_each_day_has_its_bucket(days, bucket):
    assert dict(letter.ageing([(days, 1.0)]))[bucket] == 1.0


# ---------------------------------------------------------------- interest
items = st.lists(
    st.tuples(st.integers(1, 10**7), st.integers(1, 700)).map(
        lambda item: interest(item[0] / 100, UNTIL - timedelta(days=item[1]), UNTIL, LAW)
    ),
    min_size=1,
    max_size=6,
)


def rounded_each(parts):
    return round(sum(round(sum(part.amount for part in item), 2) for item in parts), 2)


@given(items)
def test_the_rows_come_to_what_is_asked_for(parts):
    total = rounded_each(parts)
    rows, before = letter.interest_rows(parts, total, 0.01)
    assert before == 0
    assert round(sum(row.amount for row in rows), 2) == total


@given(items, st.floats(0.2, 0.8))
def test_what_was_charged_before_is_named(parts, share):
    full = rounded_each(parts)
    total = round(full * share, 2)
    rows, before = letter.interest_rows(parts, total, 0.01)
    assert round(sum(row.amount for row in rows) - before, 2) == total
    if full - total > 0.01 * (len(parts) + 1):
        assert before == pytest.approx(full - total)


@given(items)
def test_each_half_year_stands_once_with_its_days_and_rate(parts):
    rows, _before = letter.interest_rows(parts, rounded_each(parts), 0.01)
    halves = [Half.of(row.first) for row in rows]
    assert halves == sorted(set(halves))
    for half, row in zip(halves, rows, strict=True):
        mine = [part for item in parts for part in item if Half.of(part.first) == half]
        assert row.rate == LAW.rate(half)
        assert (row.first, row.last) == (min(p.first for p in mine), max(p.last for p in mine))
        # rounding moves no more than half a cent an item and one a row
        assert row.amount == pytest.approx(
            sum(p.amount for p in mine), abs=0.005 * (len(parts) + len(rows)) + 1e-9
        )


def test_currencies_without_cents():
    part = Part(date(2026, 1, 1), date(2026, 1, 31), 1e6, 10.0, 8493.15)
    rows, before = letter.interest_rows([[part]], 8493, 1.0)
    assert (rows[0].amount, before) == (8493, 0)


def test_nothing_earned_makes_no_rows():
    assert letter.interest_rows([[], []], 0.0, 0.01) == ([], 0.0)


# ---------------------------------------------------------------- reference
@given(st.lists(st.text("INV/0123456789", max_size=20), max_size=12), st.integers(1, 140))
def test_a_reference_names_all_documents_or_the_customer(numbers, limit):
    text = letter.payment_reference(numbers, "C042", limit)
    if text == "C042":
        assert not any(numbers) or len(", ".join(dict.fromkeys(filter(None, numbers)))) > limit
    else:
        assert len(text) <= limit
        assert set(text.split(", ")) == set(filter(None, numbers))
