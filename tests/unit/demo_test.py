"""The demo ledger: the same each time, ending today, and faultless for the importer."""

import csv
import io
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
import stdnum.eu.vat
from ar_credit_control.rules.history import Book
from ar_credit_control.rules.history_check import CurrencyInfo, Known, check
from ar_credit_control.rules.history_table import csv_rows, read_table
from demo.ledger import DAYS, HABITS, RATES, build_history, rate_on
from demo.words import PLACES, company_names, vat_number

TODAY = date(2026, 3, 15)
COUNTRIES = {"IT": 50, "FR": 12, "DE": 14, "ES": 11, "PL": 13}


@pytest.fixture(scope="module")
def history():
    return build_history(TODAY, COUNTRIES, salespeople=("anna", "marco"))


def test_the_same_arguments_give_the_same_ledger(history):
    again = build_history(TODAY, COUNTRIES, salespeople=("anna", "marco"))
    assert list(again.tables()) == list(history.tables())
    other = build_history(TODAY, COUNTRIES, seed=2)
    assert other.invoices != history.invoices


def test_every_habit_and_country_is_there(history):
    assert {buyer.habit for buyer in history.buyers.values()} == set(HABITS)
    assert Counter(buyer.country for buyer in history.buyers.values()) == COUNTRIES
    assert len({row["name"] for row in history.customers}) == sum(COUNTRIES.values())


def test_it_covers_a_year_and_a_half_up_to_today(history):
    days = [row["date"] for row in history.invoices]
    assert min(days) >= TODAY - timedelta(days=DAYS)
    assert min(days) < TODAY - timedelta(days=DAYS - 15)
    assert TODAY - timedelta(days=5) <= max(days) <= TODAY
    assert max(row["date"] for row in history.payments) <= TODAY
    assert 2000 < len({row["number"] for row in history.invoices}) < 4000


def test_all_that_happens_to_invoices_happens(history):
    numbers = Counter(row["number"] for row in history.invoices)
    assert max(numbers.values()) == 3, "instalments"
    assert any(row["amount"] < 0 and row["credit_of"] for row in history.invoices), "credit notes"
    assert any(row["disputed"] for row in history.invoices)
    assert any(row["currency"] for row in history.invoices)
    paid = Counter(row["invoices"] for row in history.payments)
    assert paid[""], "payments that name no invoice"
    assert {"", "registered"} == {row["status"] for row in history.payments}


def test_bad_payers_are_worse_than_good_ones(history):
    owed = Counter()
    for row in history.invoices:
        owed[history.buyers[row["customer"]].habit] += row["amount"]
    sold = owed.copy()
    for row in history.payments:
        owed[history.buyers[row["customer"]].habit] -= row["amount"]
    share = {habit: owed[habit] / sold[habit] for habit in sold}
    assert share["prompt"] < share["late"] < share["insolvent"]


def as_book(history):
    book = Book()
    for kind, rows in history.tables():
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        found, records, issues = read_table(csv_rows(out.getvalue().encode()))
        assert found == kind
        book.add(kind, records, issues)
    return book


def test_the_importer_finds_no_fault_in_it(history):
    book = as_book(history)
    known = Known(
        today=TODAY,
        currencies={name: CurrencyInfo(2) for name in ("EUR", *RATES)},
        company_currency="EUR",
        countries=frozenset(code.lower() for code in PLACES),
        salespeople=frozenset(("anna", "marco")),
    )
    good, issues = check(book, known)
    assert not [issue for issue in issues if issue.level == "error"]
    assert {issue.code for issue in issues} <= {"overpaid"}
    assert len(good) == len(book.documents())


def test_instalments_add_up(history):
    totals = Counter()
    for invoice in as_book(history).invoices:
        assert all(
            amount == amount.quantize(Decimal("0.01")) for _due, amount in invoice.instalments
        )
        totals[len(invoice.instalments)] += 1
    assert totals[3] > 100


@pytest.mark.parametrize("country", sorted(PLACES))
def test_vat_numbers_are_valid_and_different(country):
    numbers = [vat_number(country, index) for index in range(1, 300)]
    assert len(set(numbers)) == len(numbers)
    assert all(map(stdnum.eu.vat.is_valid, numbers))


def test_names_are_different():
    for country in PLACES:
        names = company_names(country, 52 if country == "IT" else 20, Random(1))
        assert len(set(names)) == len(names)


def test_rates_move_little():
    days = [TODAY - timedelta(days=ago) for ago in range(0, DAYS, 30)]
    for currency, usual in RATES.items():
        assert all(abs(rate_on(currency, day) / usual - 1) < 0.02 for day in days)
