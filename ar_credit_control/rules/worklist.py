"""What a collector does next: the best next action of each customer, and whom to call first.

Plain values: days are whole days, amounts are in company currency. Nothing here reads a database;
``reports/worklist.py`` says the same in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

# The more urgent first: a word that was broken loses its weight within days; a deadline that we
# set and let pass costs our credibility; then what we planned, what waits for us, and who was
# forgotten. An e-invoice that was refused is not due until it is delivered, so it comes last.
KINDS: tuple[str, ...] = (
    "broken_promise",
    "case_due",
    "call_due",
    "dispute_due",
    "stale",
    "delivery_problem",
)


class Task(NamedTuple):
    """Something to do about a customer; ``day`` is when it fell due, ``title`` says more."""

    kind: str
    day: date
    title: str = ""


class Customer(NamedTuple):
    """A customer with what is overdue, since when the oldest item is, and what there is to do."""

    key: int
    overdue: float = 0.0
    oldest_due: date | None = None
    tasks: Sequence[Task] = ()


def task_key(task: Task) -> tuple[int, date, str]:
    """The order of tasks of one customer: the more urgent kind, then the one due for longest.

    >>> calls = [Task("stale", date(2030, 1, 1)), Task("call_due", date(2030, 5, 1))]
    >>> min(calls, key=task_key).kind
    'call_due'
    """
    return KINDS.index(task.kind), task.day, task.title


def best_task(tasks: Iterable[Task]) -> Task | None:
    """The next action of a customer; None when there is nothing to do."""
    return min(tasks, key=task_key, default=None)


def ranked(customers: Iterable[Customer]) -> list[int]:
    """Keys of the customers with something to do, the one to call first at the head.

    Within a kind the higher overdue amount comes first, then the older item; those with nothing
    overdue come after those of the same kind with something.
    """
    waiting = [(best, customer) for customer in customers if (best := best_task(customer.tasks))]
    waiting.sort(
        key=lambda pair: (
            KINDS.index(pair[0].kind),
            -pair[1].overdue,
            pair[1].oldest_due or date.max,
            pair[1].key,
        )
    )
    return [customer.key for _best, customer in waiting]


def is_stale(
    oldest_due: date | None, last_contact: date | None, today: date, silence_days: int
) -> bool:
    """Whether a customer is overdue for more than the days of silence, and nobody spoke with it.

    >>> is_stale(date(2030, 1, 1), None, date(2030, 1, 31), 30)
    False
    >>> is_stale(date(2030, 1, 1), None, date(2030, 2, 1), 30)
    True
    """
    before = today - timedelta(days=silence_days)
    return (
        oldest_due is not None
        and oldest_due < before
        and (last_contact is None or last_contact < before)
    )
