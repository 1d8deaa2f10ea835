"""What a customer owes, and how much of the credit limit that uses.

All amounts are plain numbers in the company's currency, rounded by the caller's currency;
days are whole days. Nothing here reads a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

# (key, first day past due, last day past due); days <= 0 are not due yet.
BUCKETS: tuple[tuple[str, int | None, int | None], ...] = (
    ("not_due", None, 0),
    ("due_1_30", 1, 30),
    ("due_31_60", 31, 60),
    ("due_61_90", 61, 90),
    ("due_over_90", 91, None),
)
BUCKET_KEYS: tuple[str, ...] = tuple(key for key, _first, _last in BUCKETS)

HALF_A_UNIT = 0.0005  # of the smallest coin of any currency; sums of floats are off by far less


def exceeds(amount: float, bound: float) -> bool:
    """Whether money is above a bound: by a coin, not by what adding floats leaves behind.

    >>> exceeds(0.1 + 0.2, 0.3), exceeds(0.301, 0.3)
    (False, True)
    """
    return amount - bound > HALF_A_UNIT


def ageing_bucket(days_past_due: int) -> str:
    """Key of the ageing bucket of an instalment.

    >>> [ageing_bucket(days) for days in (-5, 0, 1, 30, 31, 90, 91)]
    ['not_due', 'not_due', 'due_1_30', 'due_1_30', 'due_31_60', 'due_61_90', 'due_over_90']
    """
    for key, _first, last in BUCKETS:
        if last is None or days_past_due <= last:
            return key
    raise AssertionError("the last bucket has no end")


class Limit(NamedTuple):
    """The credit limit in force.

    kind: ``none`` (nobody set one), ``amount``, or ``no_credit`` (payment in advance only).
    amount: in company currency, temporary raise included; 0 unless kind is ``amount``.
    """

    kind: str = "none"
    amount: float = 0.0
    valid_until: date | None = None
    temporary_until: date | None = None

    def expired(self, today: date) -> bool:
        """A limit is good until the end of its last day."""
        return self.kind == "amount" and self.valid_until is not None and today > self.valid_until


class CurrencyShare(NamedTuple):
    """The part of a balance that is in one currency, in that currency."""

    currency_id: int
    balance: float
    overdue: float


class Position(NamedTuple):
    """What one commercial partner owes one company (branches included).

    A tuple, as lists make thousands of them at once.

    The buckets hold open debit items by instalment due date; ``unapplied`` holds what is open
    in the customer's favour (credit notes, unmatched payments), as a positive number, so
    ``balance`` = buckets − unapplied, the figure that Odoo calls *Total Receivable*.
    ``payments_pending`` are payments registered without a journal entry: not yet in the balance.
    ``overdue_beyond`` holds, for each number of days asked for, what is overdue for longer.
    ``shared_exposure`` is the exposure in other companies that share the limit with this one.
    """

    partner_id: int
    not_due: float = 0.0
    due_1_30: float = 0.0
    due_31_60: float = 0.0
    due_61_90: float = 0.0
    due_over_90: float = 0.0
    oldest_due: date | None = None
    unapplied: float = 0.0
    payments_pending: float = 0.0
    draft_invoices: float = 0.0
    orders: float = 0.0
    this_order: float = 0.0
    disputed: float = 0.0
    promised: float = 0.0
    insured: float = 0.0
    shared_exposure: float = 0.0
    limit: Limit = Limit()
    by_currency: tuple[CurrencyShare, ...] = ()
    overdue_beyond: Mapping[int, float] = MappingProxyType({})

    @property
    def overdue(self) -> float:
        """Open debit items past their due date."""
        return self.due_1_30 + self.due_31_60 + self.due_61_90 + self.due_over_90

    @property
    def covered(self) -> float:
        """Credit notes and payments in hand; a refund under way makes nothing overdue."""
        return max(0.0, self.unapplied + self.payments_pending)

    @property
    def overdue_net(self) -> float:
        """Overdue that no credit note or payment in hand would cover: what a hold may rest on."""
        return max(0.0, self.overdue - self.covered)

    @property
    def balance(self) -> float:
        """Open balance as the ledger has it; negative when the company owes the customer."""
        return self.not_due + self.overdue - self.unapplied

    @property
    def exposure(self) -> float:
        """What could be lost: balance less payments under way, plus sold but not invoiced."""
        return (
            self.balance
            - self.payments_pending
            + self.draft_invoices
            + self.orders
            + self.this_order
        )

    @property
    def exposure_shared(self) -> float:
        """What counts against the limit: exposure here and in companies that share the limit."""
        return self.exposure + self.shared_exposure

    @property
    def available(self) -> float | None:
        """Limit less exposure (negative when exceeded); None when no limit is set."""
        return None if self.limit.kind == "none" else self.limit.amount - self.exposure_shared

    @property
    def use_percent(self) -> float | None:
        """Exposure in percent of the limit; None when there is no amount to divide by."""
        if self.limit.kind != "amount" or self.limit.amount <= 0:
            return None
        return 100.0 * self.exposure_shared / self.limit.amount

    def oldest_days(self, today: date) -> int:
        """Days past due of the oldest open debit item; 0 when nothing is overdue."""
        return max(0, (today - self.oldest_due).days) if self.oldest_due else 0

    def overdue_band(self, today: date) -> str:
        """Ageing bucket of the oldest overdue item, ``none`` when nothing is overdue."""
        days = self.oldest_days(today)
        return ageing_bucket(days) if days else "none"

    def limit_band(self) -> str:
        """How far the limit is used, as a word for lists and groups."""
        if self.limit.kind != "amount":
            return self.limit.kind
        if exceeds(self.exposure_shared, self.limit.amount):
            return "over"
        return "high" if exceeds(self.exposure_shared, 0.8 * self.limit.amount) else "low"
