"""Which customer is reminded at which level.

A dunning policy is a ladder of levels. An open item reaches a level when it is late for its
number of days; it climbs one level at a time, from the level of the last notice that it stood
in. A level has a minimum amount and a minimum share of the open account: items that do not come
up to both together fall to the next lower level and are judged there.

Days are days past due, negative before the due date. Amounts are in company currency.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

TOLERANCE = 1e-6  # of money: sums of floats


@dataclass(frozen=True, slots=True)
class Level:
    """A step of the ladder; share in percent of the open account.

    deadline: days that the notice gives to pay.
    """

    days: int
    min_amount: float = 0.0
    min_share: float = 0.0
    deadline: int = 0

    def suffices(self, amount: float, account: float) -> bool:
        """Whether items of this amount are worth a notice of this level.

        account: the customer's open balance.

        >>> Level(10, min_amount=50, min_share=10).suffices(60, 500)
        True
        >>> Level(10, min_amount=50, min_share=10).suffices(60, 700)
        False
        """
        needed = max(self.min_amount, self.min_share / 100 * account)
        return amount > 0 and amount >= needed - TOLERANCE


@dataclass(frozen=True, slots=True)
class Item:
    """An open item: its days past due, its residual, and the level it was last reminded at."""

    key: int
    days: int
    residual: float
    level: int = 0


@dataclass(frozen=True, slots=True)
class Ladder:
    """The levels of a policy.

    by_account: the whole account goes to one level; otherwise each item has its own.
    """

    levels: tuple[Level, ...]
    grace: int = 0
    by_account: bool = True

    @property
    def thresholds(self) -> tuple[int, ...]:
        """Days from which each level is reached, grace included.

        >>> Ladder((Level(-5), Level(1), Level(20)), grace=3).thresholds
        (-5, 4, 20)
        """
        return tuple(
            level.days if level.days <= 0 else max(level.days, self.grace + 1)
            for level in self.levels
        )

    def reached(self, days: int) -> int:
        """The highest level that an item's days past due reach; 0: none."""
        return bisect_right(self.thresholds, days)

    def held(self, item: Item) -> int:
        """The level that an item climbs from.

        That of its last notice; but levels that speak of a due date ahead are behind an item
        that is overdue, whether they were sent or not: nobody is told that it will fall due.

        >>> ladder = Ladder((Level(-5), Level(10), Level(20)))
        >>> ladder.held(Item(1, -3, 100.0)), ladder.held(Item(1, 30, 100.0))
        (0, 1)
        """
        ahead = bisect_right(self.thresholds, 0) if item.days > 0 else 0
        return min(max(item.level, ahead), self.reached(item.days))


@dataclass(frozen=True, slots=True)
class Choice:
    """What a customer's next notice says: its level, and the level each item goes to.

    level 0: no notice. short: items reached a level, but amounts were too small for any.
    """

    level: int = 0
    items: dict[int, int] = field(default_factory=dict)
    short: bool = False


def choose(ladder: Ladder, items: Sequence[Item], account: float, start: bool = False) -> Choice:
    """The next notice of a customer.

    items: what may be chased. account: open balance. start: take each item to the level of its
    age at once, for the first day of use.

    A notice is due when at least one item goes higher than it was. One to the account lists all
    items that reached a level, at the account's level; otherwise it lists those that go higher.
    """
    wanted = _wanted(ladder, items, start)
    if not wanted:
        return Choice()
    granted = _granted(ladder, items, wanted, account)
    if ladder.by_account:
        # below the account's level each item keeps what it wants itself
        top = granted[-1]
        goes = {key: min(top, want) for key, want in wanted.items()}
    else:
        goes = {key: granted[want] for key, want in wanted.items()}
    held = {item.key: ladder.held(item) for item in items}
    higher = {key: level for key, level in goes.items() if level > held[key]}
    if not higher:
        return Choice(short=not any(granted))
    return Choice(top, goes) if ladder.by_account else Choice(max(higher.values()), higher)


def _wanted(ladder: Ladder, items: Sequence[Item], start: bool) -> dict[int, int]:
    """The level each item would go to, by its age alone and one step at a time."""
    reached = {item.key: ladder.reached(item.days) for item in items}
    held = {item.key: ladder.held(item) for item in items}
    account = max(held.values(), default=0)
    wanted = {}
    for key, level in reached.items():
        step = (account if ladder.by_account else held[key]) + 1
        if level:
            wanted[key] = level if start else min(level, step)
    return wanted


def _granted(
    ladder: Ladder, items: Sequence[Item], wanted: dict[int, int], account: float
) -> list[int]:
    """For each level wanted (index), the level that the amounts allow."""
    count = len(ladder.levels)
    amounts = [0.0] * (count + 1)
    for item in items:
        amounts[wanted.get(item.key, 0)] += item.residual
    passes, carried = [False] * (count + 1), 0.0
    for number in range(count, 0, -1):
        carried += amounts[number]
        passes[number] = ladder.levels[number - 1].suffices(carried, account)
        carried = 0.0 if passes[number] else carried
    granted = [0]
    for number in range(1, count + 1):
        granted.append(number if passes[number] else granted[-1])
    return granted


def cover(items: Iterable[tuple[int, date, float]], credit: float) -> dict[int, float]:
    """How much of each item unmatched credit covers: the oldest first.

    items: key, due date, residual, all in the currency of the credit.

    >>> cover([(1, date(2026, 2, 1), 50), (2, date(2026, 1, 1), 30)], 40)
    {2: 30, 1: 10}
    """
    covered = {}
    for key, _due, residual in sorted(items, key=lambda item: (item[1], item[0])):
        covered[key] = min(residual, credit)
        credit -= covered[key]
    return covered


def may_contact(last: date | None, today: date, interval: int) -> bool:
    """Whether the minimum interval since the last contact is over.

    >>> may_contact(date(2026, 1, 1), date(2026, 1, 8), 7), may_contact(None, date(2026, 1, 1), 7)
    (True, True)
    """
    return last is None or last + timedelta(days=interval) <= today


@dataclass(frozen=True, slots=True)
class Due:
    """An open item by its due date, for what lies ahead."""

    key: int
    due: date
    residual: float
    level: int = 0


def outlook(
    ladder: Ladder,
    items: Iterable[Due],
    account: float,
    today: date,
    last: date | None = None,
    interval: int = 0,
    days: int = 120,
) -> list[tuple[date, Choice]]:
    """The notices of the days ahead, should nothing be paid and nothing new fall due.

    last: the last contact; interval: the least number of days between contacts.

    >>> ladder = Ladder((Level(5), Level(20)))
    >>> steps = outlook(ladder, [Due(1, date(2026, 1, 1), 100)], 100, date(2026, 1, 10))
    >>> [(day.isoformat(), choice.level) for day, choice in steps]
    [('2026-01-10', 1), ('2026-01-21', 2)]
    """
    items, found = list(items), []
    for day in (today + timedelta(days=number) for number in range(days)):
        if not may_contact(last, day, interval):
            continue
        now = [Item(item.key, (day - item.due).days, item.residual, item.level) for item in items]
        choice = choose(ladder, now, account)
        if choice.level:
            found.append((day, choice))
            last = day
            items = [replace(item, level=choice.items.get(item.key, item.level)) for item in items]
    return found


BACKWARDS = "backwards"
OVERLAP = "overlap"
GRACE = "grace"


def faults(levels: Sequence[Level], grace: int) -> list[tuple[str, int]]:
    """What is wrong with a ladder: the kind of fault and the number of the level that has it.

    ``backwards``: not later than the level before. ``overlap``: it comes before the deadline of
    the level before is over. ``grace``: within the grace days after the due date.

    >>> faults([Level(5, deadline=10), Level(14), Level(14)], grace=7)
    [('grace', 1), ('overlap', 2), ('backwards', 3)]
    """
    found = []
    for number, level in enumerate(levels, 1):
        before = levels[number - 2] if number > 1 else None
        if 0 < level.days <= grace:
            found.append((GRACE, number))
        if before and level.days <= before.days:
            found.append((BACKWARDS, number))
        elif before and level.days < before.days + before.deadline:
            found.append((OVERLAP, number))
    return found
