"""A customer over many days of runs: what he is sent, and what he is never sent."""

from dataclasses import replace

import pytest
from ar_credit_control.rules.dunning import Item, Ladder, Level, choose, faults
from hypothesis import given, settings
from hypothesis import strategies as st

DAYS = range(-15, 130)


@st.composite
def ladders(draw):
    """Ladders that a policy accepts."""
    grace = draw(st.integers(0, 8))
    day = draw(st.sampled_from([-5, grace + 1, grace + 4]))
    levels = []
    for _ in range(draw(st.integers(1, 4))):
        levels.append(Level(day, draw(st.sampled_from([0, 0, 40])), draw(st.sampled_from([0, 30]))))
        day = max(day + draw(st.integers(1, 20)), grace + 1)
    return Ladder(tuple(levels), grace, draw(st.booleans()))


# due day, residual, day of payment (None: never)
debts = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 100), st.none() | st.integers(0, 120)),
    min_size=1,
    max_size=5,
)


def live(ladder, rows, every=1):
    """Runs day by day: (day, notice, what was open) of every notice that goes out."""
    levels = dict.fromkeys(range(len(rows)), 0)
    sent = []
    for day in DAYS[::every]:
        items = [
            Item(key, day - due, residual, levels[key])
            for key, (due, residual, paid) in enumerate(rows)
            if paid is None or day < paid
        ]
        choice = choose(ladder, items, sum(item.residual for item in items))
        if choice.level:
            sent.append((day, choice, items))
            levels.update({k: max(levels[k], level) for k, level in choice.items.items()})
    return sent


def behind(ladder, item):
    """The level that an item stands at, those before its due date counted once it is over."""
    ahead = sum(level.days <= 0 for level in ladder.levels) if item.days > 0 else 0
    return min(max(item.level, ahead), ladder.reached(item.days))


@settings(max_examples=60)
@given(ladders(), debts)
def test_nobody_hears_the_same_of_an_item_twice_unless_another_climbs(ladder, rows):
    assert not faults(ladder.levels, ladder.grace)
    reached = dict.fromkeys(range(len(rows)), 0)
    for _day, choice, items in live(ladder, rows):
        reached.update({it.key: max(reached[it.key], behind(ladder, it)) for it in items})
        assert any(level > reached[key] for key, level in choice.items.items())
        reached.update({key: max(reached[key], level) for key, level in choice.items.items()})


@settings(max_examples=60)
@given(ladders(), debts)
def test_a_notice_lists_only_what_is_open_and_old_enough(ladder, rows):
    for _day, choice, items in live(ladder, rows):
        age = {item.key: item.days for item in items}
        assert choice.items
        for key, level in choice.items.items():
            assert 1 <= level <= choice.level
            assert age[key] >= ladder.thresholds[level - 1]


@settings(max_examples=60)
@given(ladders(), st.integers(1, 100), st.sampled_from([1, 3, 7]))
def test_a_single_debt_climbs_every_step_in_turn(ladder, residual, every):
    """Its amount is the whole account, so no share holds it back; a minimum may."""
    rows = [(0, residual, None)]
    heard = [choice.level for _day, choice, _items in live(ladder, rows, every)]
    enough = [
        number for number, level in enumerate(ladder.levels, 1) if residual >= level.min_amount
    ]
    assert heard == sorted(set(heard))
    assert set(heard) <= set(enough)
    if len(enough) == len(ladder.levels):
        # a run each few days may come too late to say that something will fall due
        assert set(enough) - set(heard) <= {
            number for number, level in enumerate(ladder.levels, 1) if level.days <= 0
        }


@settings(max_examples=40)
@given(ladders(), debts, st.integers(1, 30))
def test_runs_that_were_missed_bring_no_two_notices_on_a_day_and_skip_no_level(ladder, rows, every):
    held = 0
    for _day, choice, items in live(ladder, rows, every):
        top = max((behind(ladder, i) for i in items), default=0)
        assert choice.level <= top + 1
        held = max(held, choice.level)
    assert held <= len(ladder.levels)


@settings(max_examples=40)
@given(ladders(), debts)
def test_the_order_of_the_items_decides_nothing(ladder, rows):
    for _day, choice, items in live(ladder, rows):
        account = sum(item.residual for item in items)
        assert choose(ladder, items[::-1], account) == choice


@settings(max_examples=40)
@given(ladders(), debts, st.integers(2, 1000))
def test_the_currency_decides_nothing(ladder, rows, factor):
    """All amounts and minimums times the same: the same notices."""
    levels = tuple(replace(level, min_amount=level.min_amount * factor) for level in ladder.levels)
    dearer = replace(ladder, levels=levels)
    scaled = [(due, residual * factor, paid) for due, residual, paid in rows]
    assert [(day, choice) for day, choice, _ in live(dearer, scaled)] == [
        (day, choice) for day, choice, _ in live(ladder, rows)
    ]


@pytest.mark.parametrize("by_account", [True, False])
def test_who_pays_when_reminded_hears_no_more(by_account):
    ladder = Ladder((Level(5), Level(20), Level(40)), by_account=by_account)
    (first,) = live(ladder, [(0, 100, 12)])
    assert (first[0], first[1].level) == (5, 1)
    again = live(ladder, [(0, 100, 12), (30, 50, None)])
    assert [(day, choice.level) for day, choice, _ in again] == [(5, 1), (35, 1), (50, 2), (70, 3)]


@pytest.mark.parametrize(
    ("share", "amounts", "notified"),
    [(50, (50, 50), True), (50, (49, 51), False), (0, (1, 999), True), (100, (100, 0.5), False)],
)
def test_a_share_is_of_the_whole_open_account(share, amounts, notified):
    """The second item is not late yet, and still part of the account."""
    ladder = Ladder((Level(5, min_share=share),))
    items = [Item(1, 6, amounts[0]), Item(2, -20, amounts[1])]
    choice = choose(ladder, items, sum(amounts))
    assert bool(choice.level) == notified
    assert choice.short == (not notified)
