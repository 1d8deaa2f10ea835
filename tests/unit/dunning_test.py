import doctest
from datetime import date, timedelta

import pytest
from ar_credit_control.rules import dunning as module
from ar_credit_control.rules.dunning import (
    Choice,
    Due,
    Item,
    Ladder,
    Level,
    choose,
    cover,
    faults,
    may_contact,
    outlook,
)
from hypothesis import given
from hypothesis import strategies as st

THREE = (Level(5), Level(20, min_amount=50), Level(40, min_amount=100, min_share=10))
ACCOUNT = Ladder(THREE)
ITEMS = Ladder(THREE, by_account=False)


def test_doctests():
    assert doctest.testmod(module).failed == 0


def item(key, days, residual, level=0):
    return Item(key, days, residual, level)


# One line a case: ladder, items, open account, what is chosen.
TABLE = {
    "nothing open": (ACCOUNT, [], 0, Choice()),
    "not late enough": (ACCOUNT, [item(1, 4, 10)], 10, Choice()),
    "first level": (ACCOUNT, [item(1, 5, 10)], 10, Choice(1, {1: 1})),
    "no level is skipped": (ACCOUNT, [item(1, 90, 500)], 500, Choice(1, {1: 1})),
    "one more": (ACCOUNT, [item(1, 90, 500, 1)], 500, Choice(2, {1: 2})),
    "reminded already": (ACCOUNT, [item(1, 10, 500, 1)], 500, Choice()),
    "at the top": (ACCOUNT, [item(1, 90, 500, 3)], 500, Choice()),
    "too small for 2": (ACCOUNT, [item(1, 30, 49, 1)], 49, Choice()),
    "too small for 2, not for 1": (
        ACCOUNT,
        [item(1, 30, 30, 1), item(2, 10, 10)],
        40,
        Choice(1, {1: 1, 2: 1}),
    ),
    "small ones together": (
        ACCOUNT,
        [item(1, 30, 30, 1), item(2, 30, 30)],
        60,
        Choice(2, {1: 2, 2: 2}),
    ),
    "too small a share": (ACCOUNT, [item(1, 50, 150, 2)], 10_000, Choice()),
    "the account's level, each item's own": (
        ACCOUNT,
        [item(1, 50, 500, 2), item(2, 6, 10)],
        510,
        Choice(3, {1: 3, 2: 1}),
    ),
    "a new item joins the account": (
        ACCOUNT,
        [item(1, 50, 500, 3), item(2, 6, 10)],
        510,
        Choice(3, {1: 3, 2: 1}),
    ),
    "falls back when the old one is paid": (ACCOUNT, [item(2, 6, 10, 1)], 10, Choice()),
    "a longer term brings an item down": (ACCOUNT, [item(1, 6, 500, 3)], 500, Choice()),
    "items on their own": (
        ITEMS,
        [item(1, 50, 500, 2), item(2, 6, 10)],
        510,
        Choice(3, {1: 3, 2: 1}),
    ),
    "only those that climb": (
        ITEMS,
        [item(1, 50, 500, 3), item(2, 6, 10)],
        510,
        Choice(1, {2: 1}),
    ),
    "an item falls through": (
        ITEMS,
        [item(1, 90, 60, 2), item(2, 30, 10, 1)],
        70,
        Choice(2, {2: 2}),
    ),
    "below every minimum": (
        Ladder((Level(5, min_amount=100),)),
        [item(1, 50, 99)],
        99,
        Choice(short=True),
    ),
    "before the due date": (
        Ladder((Level(-7), Level(5)), grace=3),
        [item(1, -7, 10)],
        10,
        Choice(1, {1: 1}),
    ),
    "grace": (Ladder((Level(1),), grace=5), [item(1, 5, 10)], 10, Choice()),
    "nobody is told that what is overdue will fall due": (
        Ladder((Level(-5), Level(3), Level(20))),
        [item(1, 200, 10)],
        10,
        Choice(2, {1: 2}),
    ),
    "within the grace nothing is said, not even that it will fall due": (
        Ladder((Level(-5), Level(3))),
        [item(1, 2, 10)],
        10,
        Choice(),
    ),
    "after the grace": (Ladder((Level(1),), grace=5), [item(1, 6, 10)], 10, Choice(1, {1: 1})),
}


@pytest.mark.parametrize("case", TABLE)
def test_table(case):
    ladder, items, account, expected = TABLE[case]
    assert choose(ladder, items, account) == expected


def test_starting_levels_follow_age_at_once():
    items = [item(1, 90, 500), item(2, 21, 10), item(3, 1, 10)]
    assert choose(ACCOUNT, items, 520, start=True) == Choice(3, {1: 3, 2: 2})
    assert choose(ITEMS, items, 520, start=True) == Choice(3, {1: 3, 2: 1})


# ---------------------------------------------------------------- against an obvious oracle
@st.composite
def ladders(draw):
    step = st.integers(1, 15)
    day, levels = draw(st.integers(-10, 10)), []
    for _ in range(draw(st.integers(1, 5))):
        levels.append(Level(day, draw(st.integers(0, 80)), draw(st.integers(0, 60))))
        day += draw(step)
    return Ladder(tuple(levels), draw(st.integers(0, 8)), draw(st.booleans()))


@st.composite
def ledgers(draw):
    rows = st.tuples(st.integers(-12, 70), st.integers(1, 60), st.integers(0, 5))
    return [Item(key, *row) for key, row in enumerate(draw(st.lists(rows, max_size=7)))]


def age_allows(ladder, days):
    allowed = 0
    for number, step in enumerate(ladder.levels, 1):
        if days >= step.days and (step.days <= 0 or days > ladder.grace):
            allowed = number
    return allowed


def stands_at(ladder, it):
    """Its last level; an overdue item has also passed those that speak of the days ahead."""
    level = it.level
    if it.days > 0:
        level = max([level, *(n for n, step in enumerate(ladder.levels, 1) if step.days <= 0)])
    return min(level, age_allows(ladder, it.days))


def fall_through(ladder, items, trying, account):
    """Level by level from the top, whatever is too small moves down."""
    for number in range(len(ladder.levels), 0, -1):
        step = ladder.levels[number - 1]
        here = [it for it in items if trying[it.key] == number]
        amount = sum(it.residual for it in here)
        if amount < step.min_amount or amount * 100 < step.min_share * account:
            trying.update((it.key, number - 1) for it in here)


def slowly(ladder, items, account):
    """The rules one after the other, as a clerk would go down the list with a pencil."""
    allowed = {it.key: age_allows(ladder, it.days) for it in items}
    at = {it.key: stands_at(ladder, it) for it in items}
    customer = max(at.values(), default=0)
    own = {
        key: min(level, (customer if ladder.by_account else at[key]) + 1)
        for key, level in allowed.items()
    }
    trying = dict(own)
    fall_through(ladder, items, trying, account)
    answer = of_the_account if ladder.by_account else of_the_items
    return answer(trying, own, at)


def of_the_account(trying, own, at):
    top = max(trying.values(), default=0)
    listed = {key: min(top, level) for key, level in own.items() if level}
    climbs = top and any(level > at[key] for key, level in listed.items())
    return (top, listed) if climbs else (0, {})


def of_the_items(trying, _own, at):
    higher = {key: level for key, level in trying.items() if level > at[key]}
    return (max(higher.values()), higher) if higher else (0, {})


@given(ladders(), ledgers(), st.integers(0, 200))
def test_the_same_as_a_clerk_with_a_pencil(ladder, items, unasked):
    account = sum(it.residual for it in items) + unasked
    choice = choose(ladder, items, account)
    assert (choice.level, choice.items) == slowly(ladder, items, account)


@given(ladders(), ledgers())
def test_no_level_is_ever_skipped(ladder, items):
    held = {it.key: stands_at(ladder, it) for it in items}
    choice = choose(ladder, items, sum(it.residual for it in items))
    assert choice.level <= max(held.values(), default=0) + 1
    assert all(
        level <= ladder.reached(it.days) for it in items for level in [choice.items.get(it.key, 0)]
    )


@given(ladders(), ledgers())
def test_the_same_items_are_never_chosen_twice_for_a_level(ladder, items):
    """After a notice its items do not ask for it again."""
    account = sum(it.residual for it in items)
    first = choose(ladder, items, account)
    after = [
        Item(it.key, it.days, it.residual, max(it.level, first.items.get(it.key, 0)))
        for it in items
    ]
    second = choose(ladder, after, account)
    assert not first.level or (second.level, second.items) != (first.level, first.items)


# ---------------------------------------------------------------- the rest
@given(st.lists(st.tuples(st.dates(), st.integers(1, 100)), max_size=8), st.integers(0, 500))
def test_credit_covers_the_oldest_first(rows, credit):
    items = [(key, due, residual) for key, (due, residual) in enumerate(rows)]
    covered = cover(items, credit)
    assert sum(covered.values()) == min(credit, sum(residual for *_, residual in items))
    for key, due, residual in items:
        if covered[key] < residual:
            later = [k for k, d, _r in items if d > due]
            assert not any(covered[k] for k in later)


@pytest.mark.parametrize(
    ("levels", "grace", "expected"),
    [
        ((), 0, []),
        ((Level(5), Level(15)), 0, []),
        ((Level(5), Level(5)), 0, [("backwards", 2)]),
        ((Level(5), Level(3)), 0, [("backwards", 2)]),
        ((Level(5, deadline=10), Level(15)), 0, []),
        ((Level(5, deadline=11), Level(15)), 0, [("overlap", 2)]),
        ((Level(-5), Level(3)), 3, [("grace", 2)]),
        ((Level(-5), Level(4)), 3, []),
    ],
)
def test_ladders_that_cannot_be_climbed(levels, grace, expected):
    assert faults(levels, grace) == expected


@pytest.mark.parametrize(
    ("last", "interval", "allowed"),
    [(None, 30, True), (date(2026, 3, 1), 9, True), (date(2026, 3, 1), 10, False)],
)
def test_the_interval_since_the_last_contact(last, interval, allowed):
    assert may_contact(last, date(2026, 3, 10), interval) is allowed


@given(ladders(), ledgers(), st.integers(0, 20))
def test_the_outlook_keeps_the_interval_and_skips_no_level(ladder, items, interval):
    today = date(2026, 1, 1)
    dues = [Due(it.key, today - timedelta(days=it.days), it.residual, it.level) for it in items]
    account = sum(it.residual for it in items)
    steps = outlook(ladder, dues, account, today, today, interval)
    days = [today, *(day for day, _choice in steps)]
    assert all((b - a).days >= interval for a, b in zip(days, days[1:], strict=False))
    levels = {it.key: it.level for it in items}
    for day, choice in steps:
        now = [Item(due.key, (day - due.due).days, due.residual, levels[due.key]) for due in dues]
        assert choice == choose(ladder, now, account)
        levels.update(choice.items)
