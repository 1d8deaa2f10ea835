from collections import defaultdict
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


def cut(ledger, overdue_days):
    """Slices as the database makes them: sums over items of one currency, sign and place."""
    found = {}
    edges = ageing.edges(overdue_days)
    for currency, days, cents, rate in ledger:
        place = sum(edge <= days for edge in edges)
        amount, own = cents / 100, cents * (1 if currency == EURO else rate) / 100
        due = TODAY - timedelta(days=days)
        key = (currency, cents > 0, place)
        *_, residual, in_currency, oldest = found.get(key, (*key, 0, 0, due))
        found[key] = Slice(
            *key, round(residual + amount, 2), round(in_currency + own, 2), min(oldest, due)
        )
    return list(found.values())


def slow(ledger, overdue_days):
    """The same figures item by item, in whole cents."""
    sums = defaultdict(int)
    beyond = dict.fromkeys(overdue_days, 0)
    shares = defaultdict(lambda: [0, 0])
    late = [days for _currency, days, cents, _rate in ledger if cents > 0 and days > 0]
    for currency, days, cents, rate in ledger:
        if cents < 0:
            sums["unapplied"] -= cents
        else:
            for key, first, last in BUCKETS:
                if (first is None or days >= first) and (last is None or days <= last):
                    sums[key] += cents
            for threshold in beyond:
                beyond[threshold] += cents if days > threshold else 0
        if currency != EURO:
            shares[currency][0] += cents * rate
            shares[currency][1] += cents * rate if cents > 0 and days > 0 else 0
    return {
        **{key: cents / 100 for key, cents in sums.items()},
        "oldest_due": TODAY - timedelta(days=max(late)) if late else None,
        "overdue_beyond": {key: cents / 100 for key, cents in beyond.items()},
        "by_currency": {key: (sums[0] / 100, sums[1] / 100) for key, sums in shares.items()},
    }


@given(items, thresholds)
def test_slices_say_what_the_items_say_one_by_one(ledger, overdue_days):
    found = ageing.figures(cut(ledger, overdue_days), EURO, overdue_days)
    shares = found.pop("by_currency")
    expected = slow(ledger, overdue_days)
    assert {share.currency_id: share[1:] for share in shares} == expected.pop("by_currency")
    assert found == expected


@given(items, thresholds)
def test_what_is_asked_for_beyond_changes_no_other_figure(ledger, overdue_days):
    plain = ageing.figures(cut(ledger, ()), EURO)
    asked = ageing.figures(cut(ledger, overdue_days), EURO, overdue_days)
    assert plain["overdue_beyond"] == {}
    assert {**asked, "overdue_beyond": {}} == plain


def test_a_customer_without_open_items_owes_nothing():
    position = Position(1, **ageing.figures([], EURO, [30]))
    assert (position.balance, position.oldest_due, position.by_currency) == (0, None, ())
    assert position.overdue_beyond == {30: 0}
