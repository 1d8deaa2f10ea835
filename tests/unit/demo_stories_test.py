"""The demo ledger tells its stories for any seed, size and day: each habit as it is described."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from demo.ledger import DAYS, FOREIGN, HABITS, SEASON, build_history
from demo.words import CITIES, FORMS, PLACES, STREETS, TRADES, vat_number
from hypothesis import given, settings
from hypothesis import strategies as st

any_day = st.dates(date(2020, 1, 1), date(2035, 1, 1))
sizes = st.fixed_dictionaries({country: st.integers(0, 8) for country in sorted(PLACES)})
LEDGERS = settings(max_examples=15, deadline=None)


def by_habit(history, rows, habit):
    return [row for row in rows if history.buyers[row["customer"]].habit == habit]


def bills(history):
    """First line of each invoice by its number, without the credit notes."""
    found = {}
    for row in history.invoices:
        if not row["credit_of"]:
            found.setdefault(row["number"], row)
    return found


@LEDGERS
@given(any_day, sizes, st.integers(1, 99))
def test_nothing_happens_before_its_cause_or_after_today(today, countries, seed):
    history = build_history(today, countries, seed=seed)
    invoices = bills(history)
    assert len(history.buyers) == len(history.customers) == sum(countries.values())
    for row in history.invoices:
        assert today - timedelta(days=DAYS) <= row["date"] <= today
        assert row["due_date"] >= row["date"]
    for row in history.payments:
        assert row["amount"] > 0 and row["date"] <= today
        if row["invoices"]:
            assert row["date"] > invoices[row["invoices"]]["date"]
            assert row["customer"] == invoices[row["invoices"]]["customer"]
            assert row["currency"] == invoices[row["invoices"]]["currency"]


@LEDGERS
@given(any_day, sizes, st.integers(1, 99))
def test_numbers_follow_the_dates_and_credit_notes_their_invoices(today, countries, seed):
    history = build_history(today, countries, prefix="X", seed=seed)
    invoices = bills(history)
    days = [row["date"] for row in invoices.values()]
    assert days == sorted(days)
    for count, (number, row) in enumerate(invoices.items(), 1):
        assert number == f"X{row['date'].year}/{count:05d}"
    totals = Counter()
    for row in history.invoices:
        totals[row["credit_of"] or row["number"]] += Decimal(str(row["amount"]))
        if row["credit_of"]:
            assert row["date"] >= invoices[row["credit_of"]]["date"]
            assert row["customer"] == invoices[row["credit_of"]]["customer"]
    assert all(total > 0 for total in totals.values())
    references = [row["reference"] for row in history.payments]
    assert len(set(references)) == len(references)


TODAY = date(2026, 7, 31)


@pytest.fixture(scope="module")
def history():
    return build_history(TODAY, dict.fromkeys(PLACES, 30), seed=5)


def test_a_dispute_is_left_open(history):
    disputed = {row["number"] for row in history.invoices if row["disputed"]}
    owners = {history.buyers[bills(history)[number]["customer"]].habit for number in disputed}
    assert owners == {"disputing"}
    assert not disputed & {row["invoices"] for row in history.payments}


def test_the_insolvent_pay_nothing_for_months(history):
    paid = by_habit(history, history.payments, "insolvent")
    sold = by_habit(history, bills(history).values(), "insolvent")
    assert paid and max(row["date"] for row in paid) <= TODAY - timedelta(days=170)
    assert max(row["date"] for row in sold) <= TODAY - timedelta(days=150)


def test_the_new_have_bought_for_weeks_only(history):
    sold = by_habit(history, history.invoices, "new")
    assert sold and min(row["date"] for row in sold) >= TODAY - timedelta(days=60)


def test_the_seasonal_buy_in_their_season(history):
    rows = by_habit(history, bills(history).values(), "seasonal")
    assert {row["date"].month for row in rows} == set(SEASON)


def test_the_foreign_alone_have_a_currency(history):
    for buyer in history.buyers.values():
        foreign = FOREIGN[buyer.country] if buyer.habit == "foreign" else ""
        assert buyer.currency == foreign
    at_home = build_history(TODAY, {"IT": 30, "FR": 30}, foreign=False)
    assert {row["currency"] for row in at_home.invoices + at_home.payments} == {""}
    assert "foreign" in {buyer.habit for buyer in at_home.buyers.values()}


def single(history, habit):
    """(buyer, days beyond terms) of payments in full by customers of one instalment, by date."""
    one = {code for code, buyer in history.buyers.items() if len(buyer.terms) == 1}
    dues = {row["number"]: row for row in history.invoices if row["customer"] in one}
    rows = sorted(by_habit(history, history.payments, habit), key=lambda row: row["date"])
    return [
        (history.buyers[row["customer"]], (row["date"] - dues[row["invoices"]]["due_date"]).days)
        for row in rows
        if row["invoices"] in dues and row["amount"] == dues[row["invoices"]]["amount"]
    ]


@pytest.mark.parametrize(("habit", "least", "most"), [
    ("prompt", -8, 2), ("foreign", -8, 2), ("disputing", -8, 2), ("new", -8, 2),
    ("seasonal", 5, 40), ("insolvent", 15, 75),
])  # fmt: skip
def test_how_late_each_habit_pays(history, habit, least, most):
    found = [days for _buyer, days in single(history, habit)]
    assert found and least <= min(found) <= max(found) <= most


def test_the_habitual_pay_around_their_own_day(history):
    found = single(history, "habitual")
    assert found and all(abs(days - buyer.lag) <= 3 for buyer, days in found)


def test_the_late_pay_later_every_month(history):
    found = [days for _buyer, days in single(history, "late")]
    third = len(found) // 3
    assert min(found) >= 5
    assert sum(found[:third]) / third + 8 < sum(found[-third:]) / third


@pytest.mark.parametrize("count", [1, 5, 14, 30, 100, 300])
def test_as_many_customers_as_asked_for(count):
    countries = dict.fromkeys(PLACES, 0) | {"IT": min(count, 80), "ES": max(0, count - 80) // 3}
    rows = build_history(TODAY, countries, salespeople=(), vat=False).customers
    assert len(rows) == sum(countries.values())
    assert {row["salesperson"] for row in rows} == {row["vat"] for row in rows} == {""}
    assert all(row["email"].endswith(".example") for row in rows)
    limits = [row["credit_limit"] for row in rows if row["credit_limit"] != ""]
    assert all(limit >= 1000 and limit % 500 == 0 for limit in limits)


def test_habits_are_shares_of_the_whole():
    assert sum(share for share, _monthly, _limit in HABITS.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("country", sorted(PLACES))
def test_every_country_has_its_words(country):
    assert len(PLACES[country].split()) * len(TRADES[country].split()) >= 80
    assert FORMS[country] and CITIES[country] and STREETS[country].format(1) != STREETS[country]
    assert vat_number(country, 1).startswith(country)
