import doctest
from datetime import date, timedelta

import pytest
from ar_credit_control.rules import interest as module
from ar_credit_control.rules.interest import (
    ACTUAL,
    BadRow,
    Compensation,
    Half,
    MissingRate,
    RateTable,
    Scheme,
    Tier,
    by_half_year,
    conversion_day,
    halves,
    interest,
    read_rates,
    steps,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

FIRST, LAST = date(2013, 1, 1), date(2026, 6, 30)
ALL = list(halves(FIRST, LAST))
ECB = RateTable("ECB", {half: 0.25 * number for number, half in enumerate(ALL)})
EU = Scheme(ECB, 8)
POLAND = Compensation((Tier(0, 40), Tier(5000.01, 70), Tier(50000, 100)))

days = st.dates(FIRST, LAST)
amounts = st.integers(1, 10**8).map(lambda cents: cents / 100)


def test_doctests():
    assert doctest.testmod(module).failed == 0


def day_by_day(amount, due, until, scheme, payments):
    """Each day on its own: what was owed that morning, at the rate of that day."""
    total, day = 0.0, due + timedelta(days=1)
    while day <= until:
        owed = amount - sum(paid for when, paid in payments if when < day or when <= due)
        half = Half(day.year, 1 if day.month <= 6 else 2)
        year = 365
        if scheme.basis == ACTUAL and (day.replace(month=12, day=31).timetuple().tm_yday == 366):
            year = 366
        total += max(0.0, owed) * scheme.rate(half) / 100 / year
        day += timedelta(days=1)
    return total


later = st.integers(-10, 900).map(timedelta)


@settings(deadline=None)
@given(amounts, days, later, st.lists(st.tuples(later, st.integers(1, 10**6)), max_size=5))
def test_interest_is_what_each_day_adds(amount, due, later, payments):
    until = min(due + later, LAST)
    payments = [(due + days, paid / 100) for days, paid in payments]
    assume(sum(paid for _day, paid in payments) <= amount)
    for scheme in (EU, Scheme(ECB, 10, basis=ACTUAL), Scheme(ECB, 8, 5.0, ECB, 3)):
        parts = interest(amount, due, until, scheme, payments)
        expected = day_by_day(amount, due, until, scheme, payments)
        assert sum(part.amount for part in parts) == pytest.approx(expected, abs=1e-6)
        assert all(part.days > 0 and part.principal > 0 for part in parts)


@given(days, days)
def test_steps_answer_by_one_subtraction(due, until):
    assume(due < until)
    found, missing = steps(EU, FIRST, LAST)
    assert not missing

    def earned(day, part_of_day):
        step = next(s for s in found if s.half.start <= day <= s.half.end)
        return step.before + step.a_day * ((day - step.half.start).days + part_of_day)

    total = sum(part.amount for part in interest(1.0, due, until, EU))
    assert earned(until, 1) - earned(due + timedelta(days=1), 0) == pytest.approx(total)


# One line a case: due, until, payments, interest on 1,000.00 at 8 % + a reference of 2 % and 4 %.
CASES = [
    (date(2025, 1, 31), date(2025, 1, 31), [], 0.00),
    (date(2025, 1, 31), date(2025, 2, 1), [], 0.27),  # the day after the due date is the first
    (date(2025, 1, 31), date(2025, 1, 1), [], 0.00),
    (date(2025, 6, 29), date(2025, 7, 2), [], 0.93),  # 1 day at 10 %, 2 days at 12 %
    (date(2025, 1, 31), date(2026, 1, 31), [], 110.08),  # 150 + 31 days at 10 %, 184 at 12 %
    (date(2025, 1, 31), date(2025, 2, 20), [(date(2025, 2, 10), 400)], 4.38),
    (date(2025, 1, 31), date(2025, 2, 20), [(date(2025, 1, 15), 400)], 3.29),
    (date(2025, 1, 31), date(2025, 2, 20), [(date(2025, 2, 10), 1000)], 2.74),
    (date(2025, 1, 31), date(2025, 2, 20), [(date(2025, 2, 20), 1000)], 5.48),
    (date(2025, 1, 31), date(2025, 2, 20), [(date(2025, 3, 20), 1000)], 5.48),
]


@pytest.mark.parametrize(("due", "until", "payments", "expected"), CASES)
def test_interest_by_hand(due, until, payments, expected):
    rates = {Half(2025, 1): 2.0, Half(2025, 2): 4.0, Half(2026, 1): 2.0}
    parts = interest(1000, due, until, Scheme(RateTable("x", rates), 8), payments)
    assert round(sum(part.amount for part in parts), 2) == expected


def test_a_missing_rate_names_the_half_year():
    scheme = Scheme(RateTable("ECB", {Half(2026, 1): 2.15}), 8)
    with pytest.raises(MissingRate, match="ECB: 2026 H2") as caught:
        interest(100, date(2026, 6, 1), date(2026, 7, 1), scheme)
    assert caught.value.half == Half(2026, 2)
    assert interest(100, date(2026, 6, 1), date(2026, 6, 30), scheme)


def test_a_gap_in_the_rates_parts_the_steps():
    scheme = Scheme(RateTable("ECB", {Half(2025, 1): 1, Half(2026, 1): 1}), 8)
    found, missing = steps(scheme, date(2025, 2, 1), date(2026, 8, 1))
    assert [gap.half for gap in missing] == [Half(2025, 2), Half(2026, 2)]
    assert [step.island for step in found] == [0, 1]
    assert [step.before for step in found] == [0, 0]


def test_a_contract_rate_holds_down_to_its_floor():
    legal = RateTable("legal", {Half(2025, 1): 3.71, Half(2025, 2): 2.76})
    scheme = Scheme(ECB, 10, contract_rate=9.0, floor=legal, floor_multiple=3)
    assert scheme.rate(Half(2025, 1)) == pytest.approx(11.13)
    assert scheme.rate(Half(2025, 2)) == 9.0
    with pytest.raises(MissingRate, match="legal: 2026 H1"):
        scheme.rate(Half(2026, 1))
    assert Scheme(ECB, 10, contract_rate=5.0).rate(Half(2026, 2)) == 5.0


def test_rates_by_half_year_add_up():
    parts = interest(500, date(2024, 12, 1), date(2025, 8, 1), EU, [(date(2025, 2, 1), 100)])
    table = by_half_year(parts)
    assert [str(half) for half, _rate, _amount in table] == ["2024 H2", "2025 H1", "2025 H2"]
    assert sum(amount for *_, amount in table) == pytest.approx(sum(p.amount for p in parts))


@given(amounts)
def test_compensation_never_falls_as_claims_grow(claim):
    assert POLAND.amount(claim) <= POLAND.amount(claim * 2)
    assert Compensation().amount(claim) == 40
    assert Compensation(()).amount(claim) == 0


@given(days)
def test_the_day_of_conversion_is_a_working_day_of_the_month_before(due):
    day = conversion_day(due)
    assert day.weekday() < 5
    assert day < due.replace(day=1) <= day + timedelta(days=3)


def test_the_points_of_a_law_change_from_a_half_year_on():
    poland = Scheme(ECB, 10, changed=Half(2020, 1), earlier_points=8)
    assert poland.rate(Half(2020, 1)) - ECB.rate(Half(2020, 1)) == 10
    assert poland.rate(Half(2019, 2)) - ECB.rate(Half(2019, 2)) == 8


HEAD = "reference,date_from,rate,source\n"


def test_a_table_of_rates_is_read():
    rows = read_rates("\ufeff" + HEAD + "ecb,2026-01-01,2.15,x\nnbp,2026-07-01,-0.5,\n")
    assert rows == [("ecb", date(2026, 1, 1), 2.15), ("nbp", date(2026, 7, 1), -0.5)]
    assert read_rates(HEAD) == []


def test_a_line_that_says_the_same_again_counts_once():
    line = "ecb,2026-01-01,2.15,\n"
    assert read_rates(HEAD + line + line + "nbp,2026-01-01,5,") == [
        ("ecb", date(2026, 1, 1), 2.15),
        ("nbp", date(2026, 1, 1), 5.0),
    ]


codes = st.text("abcdefgh-", min_size=1, max_size=6)
rates = st.dictionaries(
    st.tuples(codes, st.sampled_from(ALL).map(lambda half: half.start)),
    st.integers(-9999, 9999).map(lambda hundredths: hundredths / 100),
    max_size=8,
)


@given(rates, st.sampled_from([",", ";"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_written_is_read_in_both_notations(table, mark, end, quoted):
    """A spreadsheet of a country with decimal commas writes semicolons, or quotes its numbers."""

    def number(rate):
        text = f"{rate:.2f}".replace(".", "," if mark == ";" or quoted else ".")
        return f'"{text}"' if quoted else text

    rows = [[code, f"{day}", number(rate), "x"] for (code, day), rate in table.items()]
    lines = [mark.join(row) for row in [["reference", "date_from", "rate", "source"], *rows]]
    assert read_rates(end.join(lines)) == [(*key, rate) for key, rate in table.items()]


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        ("", 1, "column"),
        ("reference,rate\n", 1, "column"),
        (HEAD + ",2026-01-01,2.15,", 2, "reference"),
        (HEAD + "ecb,2026-01-01,2.15,\necb,2026-02-01,2.15,", 3, "date_from"),
        (HEAD + "ecb,01.07.2026,2.15,", 2, "date_from"),
        (HEAD + "ecb,2026-07-01,two,", 2, "rate"),
        (HEAD + "ecb,2026-07-01,nan,", 2, "rate"),
        (HEAD + "ecb,2026-07-01,1e9,", 2, "rate"),
        (HEAD + "ecb", 2, "date_from"),
        (HEAD + "ecb,2026-01-01,1_5,", 2, "rate"),  # which Python takes for fifteen
        (HEAD + "ecb,2026-01-01,1.234.5,", 2, "rate"),
        (HEAD + "ecb,2026-01-01,100,", 2, "rate"),
        (HEAD + "ecb,2026-01-01,,", 2, "rate"),
        (HEAD + "ecb,2026-01-01,2.15,\necb,2026-01-01,2.4,", 3, "double"),
        (HEAD + '"' + "x" * 200_000, 1, "quotes"),
        ("Reference,Date_From,Rate\necb,2026-01-01,2.15", 1, "column"),
    ],
)
def test_a_table_that_cannot_be_read_names_line_and_field(text, line, name):
    with pytest.raises(BadRow) as caught:
        read_rates(text)
    assert (caught.value.line, caught.value.name) == (line, name)
