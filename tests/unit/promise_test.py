"""Judging promises, held to an oracle that counts coin by coin and day by day."""

from datetime import date, timedelta

from ar_credit_control.rules.promise import Credit, Promised, Receipt, Verdict, judge, spread
from hypothesis import given
from hypothesis import strategies as st

START = date(2026, 1, 1)
days = st.integers(0, 40).map(lambda number: START + timedelta(days=number))


@st.composite
def bundles(draw):
    parts = [
        Promised(key, draw(days), draw(st.integers(1, 12)), draw(st.integers(0, 5)),
                 draw(st.integers(0, 3)))
        for key in range(draw(st.integers(1, 4)))
    ]  # fmt: skip
    owed = sum(part.amount for part in parts) + draw(st.integers(0, 10))
    receipts = draw(
        st.lists(st.builds(Receipt, days, st.integers(1, 15), st.booleans()), max_size=5)
    )
    return parts, owed, receipts


def oracle(parts, owed, receipts, today):
    """Every coin by itself: strike coins off that are no longer owed, then fill purses in order."""
    coins = left(parts, owed, sum(r.amount for r in receipts if not r.money))
    money = sorted(r.day for r in receipts if r.money for _coin in range(r.amount))
    return {part.key: look(part, coins, money, today) for part in parts}


def left(parts, owed, struck):
    """The promise of each coin that still has to come, the last ones struck off first."""
    coins = [part for part in sorted(parts, key=by_day) for _coin in range(part.amount)]
    coins += [None] * (owed - len(coins))
    return [part for part in coins[: max(0, owed - struck)] if part]


def look(part, coins, money, today):
    wanted = coins.count(part)
    filled = zip(coins, money, strict=False)
    paid = sum(coin is part and day <= part.last_day for coin, day in filled)
    return Verdict(word(part, wanted, paid, today), paid)


def by_day(part):
    return part.date, part.key


def word(part, wanted, paid, today):
    if wanted == 0:
        return "cancelled"
    if paid and wanted - paid <= part.short:
        return "kept"
    if today <= part.date + timedelta(days=part.days):
        return "open"
    return "partly_kept" if paid else "broken"


@given(bundles(), days)
def test_coins_say_the_same(bundle, today):
    parts, owed, receipts = bundle
    assert judge(parts, owed, receipts, today) == oracle(parts, owed, receipts, today)


@given(bundles(), days)
def test_more_money_never_makes_it_worse(bundle, today):
    parts, owed, receipts = bundle
    order = ["broken", "partly_kept", "open", "kept", "cancelled"]
    before = judge(parts, owed, receipts, today)
    after = judge(parts, owed, [*receipts, Receipt(START, 5)], today)
    for key, verdict in before.items():
        assert after[key].paid >= verdict.paid
        assert order.index(after[key].state) >= order.index(verdict.state)


def test_the_end_of_the_last_day_decides():
    part = Promised(1, START, 100, days=2)
    for ago, state in ((0, "open"), (2, "open"), (3, "broken")):
        assert judge([part], 100, [], START + timedelta(days=ago))[1].state == state


def test_money_after_the_last_day_is_late():
    late = Receipt(START + timedelta(days=1), 100)
    verdict = judge([Promised(1, START, 100)], 100, [late], START + timedelta(days=5))[1]
    assert verdict == Verdict("broken", 0)


def test_a_small_promise_is_not_kept_by_tolerance_alone():
    assert judge([Promised(1, START, 1, short=5)], 1, [], START + timedelta(days=9))[1].state == (
        "broken"
    )


def test_a_credit_note_for_all_of_it_leaves_nothing_to_keep():
    note = Receipt(START, 100, money=False)
    assert judge([Promised(1, START, 100)], 100, [note], START)[1].state == "cancelled"
    assert judge([Promised(1, START, 100)], 200, [note], START)[1].state == "open"


@given(
    st.lists(st.integers(0, 20), max_size=4),
    st.lists(st.builds(Credit, days, st.integers(1, 20)), max_size=4),
)
def test_no_coin_counts_twice(missing, credits):
    purses, expected = list(missing), [[] for _bundle in missing]
    for credit in sorted(credits):
        for _coin in range(credit.amount):
            place = next((place for place, left in enumerate(purses) if left), None)
            if place is not None:
                purses[place] -= 1
                expected[place].append(credit.day)
    given_days = [
        [r.day for r in receipts for _coin in range(r.amount)]
        for receipts in spread(missing, credits)
    ]
    assert given_days == expected
