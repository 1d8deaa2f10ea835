from datetime import date, timedelta

from ar_credit_control.rules import ageing
from ar_credit_control.rules.ageing import Slice
from ar_credit_control.rules.exposure import BUCKETS, Position
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 3, 31)
EURO, DOLLAR, ZLOTY = 1, 2, 3
items = st.lists(
    st.tuples(
        st.sampled_from([EURO, DOLLAR, ZLOTY]),
        st.integers(-200, 200),  # days past due
        st.integers(-10_000_00, 10_000_00).filter(bool),  # residual in cents
        st.integers(1, 4),  # rate
    ),
    max_size=30,
)
thresholds = st.lists(st.integers(0, 150), max_size=4, unique=True)


def cut(ledger, overdue_days, draft=False):
    """Slices as the database makes them: sums over items of one currency, sign and place."""
    found = {}
    edges = ageing.edges(overdue_days)
    for currency, days, cents, rate in ledger:
        place = sum(edge <= days for edge in edges)
        amount, own = cents / 100, cents * (1 if currency == EURO else rate) / 100
        due = TODAY - timedelta(days=days)
        key = (currency, draft, cents > 0, place)
        *_, residual, in_currency, oldest = found.get(key, (*key, 0, 0, due))
        found[key] = Slice(
            *key, round(residual + amount, 2), round(in_currency + own, 2), min(oldest, due)
        )
    return list(found.values())


def total(ledger, condition):
    """Sum of the residuals, in whole cents, for which the condition on (days, cents) holds."""
    return sum(cents for _c, days, cents, _rate in ledger if condition(days, cents)) / 100


def within(first, last):
    return lambda days, cents: (
        cents > 0 and (first is None or days >= first) and (last is None or days <= last)
    )


def slow(ledger, overdue_days):
    """The same figures, each by going through the items once more."""
    late = [days for _currency, days, cents, _rate in ledger if cents > 0 and days > 0]
    return {
        **{key: total(ledger, within(first, last)) for key, first, last in BUCKETS},
        "unapplied": -total(ledger, lambda _days, cents: cents < 0),
        "oldest_due": TODAY - timedelta(days=max(late)) if late else None,
        "overdue_beyond": {days: total(ledger, within(days + 1, None)) for days in overdue_days},
        "by_currency": slow_shares(ledger),
    }


def slow_shares(ledger):
    shares = {}
    for currency in {currency for currency, *_rest in ledger} - {EURO}:
        own = [(c, days, cents * rate, 1) for c, days, cents, rate in ledger if c == currency]
        balance = total(own, lambda _days, _cents: True)
        shares[currency] = balance, total(own, within(1, None))
    return shares


@given(items, thresholds)
def test_slices_say_what_the_items_say_one_by_one(ledger, overdue_days):
    position = Position(1, **ageing.figures(cut(ledger, overdue_days), EURO, overdue_days))
    expected = slow(ledger, overdue_days)
    shares = {currency: sums for currency, *sums in position.by_currency}
    assert shares == {key: list(sums) for key, sums in expected.pop("by_currency").items()}
    assert {name: getattr(position, name) for name in expected} == expected


@given(items, thresholds)
def test_what_is_asked_for_beyond_changes_no_other_figure(ledger, overdue_days):
    plain = ageing.figures(cut(ledger, ()), EURO)
    asked = ageing.figures(cut(ledger, overdue_days), EURO, overdue_days)
    assert plain["overdue_beyond"] == {}
    assert {**asked, "overdue_beyond": {}} == plain


@given(items, items, thresholds)
def test_drafts_are_summed_apart_and_age_nothing(ledger, drafts, overdue_days):
    alone = ageing.figures(cut(ledger, overdue_days), EURO, overdue_days)
    slices = cut(ledger, overdue_days) + cut(drafts, overdue_days, draft=True)
    both = ageing.figures(slices, EURO, overdue_days)
    assert both.pop("draft_invoices", 0) == total(drafts, lambda _days, _cents: True)
    assert both == alone


def test_a_customer_without_open_items_owes_nothing():
    position = Position(1, **ageing.figures([], EURO, [30]))
    assert (position.balance, position.oldest_due, position.by_currency) == (0, None, ())
    assert position.overdue_beyond == {30: 0}
