"""Statutory interest and fixed compensation for late payment between businesses.

Directive 2011/7/EU and its transpositions: simple interest on the gross residual, at the rate of
each half-year, from the day after the due date, on the balance between partial payments. The rate
of 1 January holds for the first half-year, that of 1 July for the second. Rates and tiers are
data; a rate that is not known is an error, never zero. Rates are in percent a year.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

DAY = timedelta(days=1)
ACTUAL = "actual"
_RATE = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{1,12})?")


@dataclass(frozen=True, slots=True, order=True)
class Half:
    """A half-year.

    >>> str(Half.of(date(2026, 7, 1))), Half.of(date(2026, 6, 30)).end.isoformat()
    ('2026 H2', '2026-06-30')
    """

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Half:
        """The half-year that a day lies in."""
        return cls(day.year, 1 if day.month < 7 else 2)

    @property
    def start(self) -> date:
        """Its first day."""
        return date(self.year, 1 if self.number == 1 else 7, 1)

    @property
    def end(self) -> date:
        """Its last day."""
        return self.next.start - DAY

    @property
    def next(self) -> Half:
        """The half-year after it."""
        return Half(self.year, 2) if self.number == 1 else Half(self.year + 1, 1)

    def __str__(self) -> str:
        return f"{self.year} H{self.number}"


def halves(first: date, last: date) -> Iterator[Half]:
    """The half-years from one day to another, both included."""
    half = Half.of(first)
    while half.start <= last:
        yield half
        half = half.next


class MissingRate(LookupError):
    """A half-year for which nobody entered a rate; ``table`` names the reference rate."""

    def __init__(self, table: str, half: Half) -> None:
        super().__init__(f"{table}: {half}")
        self.table = table
        self.half = half


@dataclass(frozen=True, slots=True)
class RateTable:
    """A reference rate by half-year, such as that of a central bank."""

    name: str
    rates: Mapping[Half, float]

    def rate(self, half: Half) -> float:
        """Percent a year; MissingRate where it was never entered."""
        if half not in self.rates:
            raise MissingRate(self.name, half)
        return self.rates[half]


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a law computes interest.

    points: what the law adds to the reference rate, ``earlier_points`` in half-years before
    ``changed``. contract_rate: what the parties agreed, which
    then holds instead, but not below ``floor_multiple`` times the rate in ``floor`` (France:
    three times the legal interest rate). basis: ``365``, or ``actual``: the days of each year.
    """

    reference: RateTable
    points: float
    contract_rate: float | None = None
    floor: RateTable | None = None
    floor_multiple: float = 0.0
    basis: str = "365"
    changed: Half | None = None
    earlier_points: float = 0.0

    def rate(self, half: Half) -> float:
        """Percent a year in a half-year; MissingRate where a rate that it needs is unknown."""
        if self.contract_rate is None:
            earlier = self.changed is not None and half < self.changed
            return self.reference.rate(half) + (self.earlier_points if earlier else self.points)
        if self.floor is None:
            return self.contract_rate
        return max(self.contract_rate, self.floor_multiple * self.floor.rate(half))

    def days_of_year(self, year: int) -> int:
        """By how many days a year's rate is divided.

        >>> table = RateTable("x", {})
        >>> Scheme(table, 8).days_of_year(2024), Scheme(table, 8, basis=ACTUAL).days_of_year(2024)
        (365, 366)
        """
        return (date(year + 1, 1, 1) - date(year, 1, 1)).days if self.basis == ACTUAL else 365


@dataclass(frozen=True, slots=True)
class Part:
    """Interest of a span of days, both included, on one balance at one rate; not rounded."""

    first: date
    last: date
    principal: float
    rate: float
    amount: float

    @property
    def days(self) -> int:
        """How many days bear interest."""
        return (self.last - self.first).days + 1


def interest(
    amount: float,
    due: date,
    until: date,
    scheme: Scheme,
    payments: Iterable[tuple[date, float]] = (),
) -> list[Part]:
    """Interest on an amount due, to ``until`` included, part by part.

    amount: gross, VAT included, before the ``payments`` (day, amount). A payment still bears
    interest on its day, and less is owed from the day after; one up to the due date lowers the
    amount from the start.

    >>> table = RateTable("x", {Half(2025, 1): 3.15, Half(2025, 2): 2.15})
    >>> parts = interest(1000, date(2025, 6, 20), date(2025, 7, 10), Scheme(table, 8))
    >>> [(part.days, part.rate, round(part.amount, 2)) for part in parts]
    [(10, 11.15, 3.05), (10, 10.15, 2.78)]
    """
    by_day: dict[date, float] = {}
    for day, paid in payments:
        by_day[max(day, due)] = by_day.get(max(day, due), 0.0) + paid
    balance = amount - by_day.pop(due, 0.0)
    parts, first = [], due + DAY
    for last in sorted({day for day in by_day if day < until} | {until}):
        if first <= last and balance > 0:
            parts += _parts(balance, first, last, scheme)
        balance -= by_day.get(last, 0.0)
        first = max(first, last + DAY)
    return parts


def _parts(balance: float, first: date, last: date, scheme: Scheme) -> Iterator[Part]:
    for half in halves(first, last):
        start, end, rate = max(first, half.start), min(last, half.end), scheme.rate(half)
        days = (end - start).days + 1
        amount = balance * rate / 100 * days / scheme.days_of_year(half.year)
        yield Part(start, end, balance, rate, amount)


def by_half_year(parts: Iterable[Part]) -> list[tuple[Half, float, float]]:
    """Half-year, rate and interest of many parts together, for a table under a letter."""
    ordered = sorted(parts, key=lambda part: (part.first.year, part.first.month > 6, part.rate))
    grouped = groupby(ordered, key=lambda part: (Half.of(part.first), part.rate))
    return [(half, rate, sum(part.amount for part in group)) for (half, rate), group in grouped]


@dataclass(frozen=True, slots=True)
class Step:
    """A half-year of a scheme, so that interest between two days is one subtraction.

    before: what one unit of money earned in the steps before, back to the last gap in the rates.
    a_day: what it earns a day. island: steps with the same number have no gap between them.
    """

    half: Half
    before: float
    a_day: float
    island: int


def steps(scheme: Scheme, first: date, last: date) -> tuple[list[Step], list[MissingRate]]:
    """The half-years of a scheme between two days, and those whose rate is missing."""
    found, missing, before, island = [], [], 0.0, 0
    for half in halves(first, last):
        try:
            a_day = scheme.rate(half) / 100 / scheme.days_of_year(half.year)
        except MissingRate as gap:
            missing.append(gap)
            before, island = 0.0, island + 1
            continue
        found.append(Step(half, before, a_day, island))
        before += a_day * ((half.end - half.start).days + 1)
    return found, missing


@dataclass(frozen=True, slots=True)
class Tier:
    """Fixed compensation for a claim of ``start`` or more, each in the currency of the caller."""

    start: float
    amount: float


@dataclass(frozen=True, slots=True)
class Compensation:
    """A lump sum for each late claim; ``tiers`` in any order."""

    tiers: tuple[Tier, ...] = field(default=(Tier(0.0, 40.0),))

    def amount(self, claim: float) -> float:
        """The lump sum of a claim by its full amount, 0 below the first tier.

        >>> poland = Compensation((Tier(0, 40), Tier(5000.01, 70), Tier(50000, 100)))
        >>> [poland.amount(claim) for claim in (1, 5000, 5000.01, 49999.99, 50000)]
        [40, 40, 70, 70, 100]
        """
        reached = [tier for tier in self.tiers if claim >= tier.start]
        return max(reached, key=lambda tier: tier.start).amount if reached else 0.0


def conversion_day(due: date) -> date:
    """The last working day of the month before the month in which a payment fell due.

    Saturdays and Sundays are skipped; on a public holiday the day before has the latest rate,
    which is what a table of rates returns for it.

    >>> conversion_day(date(2026, 3, 15)).isoformat(), conversion_day(date(2026, 6, 1)).isoformat()
    ('2026-02-27', '2026-05-29')
    """
    day = due.replace(day=1) - DAY
    return day - timedelta(days=max(0, day.weekday() - 4))


class BadRow(ValueError):
    """A line of a rate table that cannot be read: its number, the field, and what is wrong."""

    def __init__(self, line: int, name: str, value: str) -> None:
        super().__init__(f"line {line}: {name} {value!r}")
        self.line = line
        self.name = name
        self.value = value


def read_rates(text: str) -> list[tuple[str, date, float]]:
    """Rows of a CSV table with the columns reference, date_from and rate, others ignored.

    Returns (code of the reference rate, first day of the half-year, percent a year); BadRow at
    the first line that cannot be read, or that gives another rate than a line before. Commas or
    semicolons part the columns; a comma in a rate is a decimal comma.

    >>> read_rates("reference;date_from;rate\\necb;2026-01-01;2,15")
    [('ecb', datetime.date(2026, 1, 1), 2.15)]
    """
    text = text.lstrip("\ufeff")
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in head else ",")
    for name in ("reference", "date_from", "rate"):
        if name not in (reader.fieldnames or ()):
            raise BadRow(1, "column", name)
    found: dict[tuple[str, date], float] = {}
    try:
        for row in reader:
            code, day, rate = _read_rate(reader.line_num, row)
            if found.setdefault((code, day), rate) != rate:
                raise BadRow(reader.line_num, "double", f"{code} {day}")
    except csv.Error:  # quotes that never close
        raise BadRow(reader.line_num, "quotes", "")
    return [(code, day, rate) for (code, day), rate in found.items()]


def _read_rate(line: int, row: Mapping[str, str | None]) -> tuple[str, date, float]:
    values = {name: (row[name] or "").strip() for name in ("reference", "date_from", "rate")}
    if not values["reference"]:
        raise BadRow(line, "reference", "")
    try:
        day = date.fromisoformat(values["date_from"])
    except ValueError:
        raise BadRow(line, "date_from", values["date_from"])
    if day != Half.of(day).start:
        raise BadRow(line, "date_from", values["date_from"])
    if not _RATE.fullmatch(values["rate"]):
        raise BadRow(line, "rate", values["rate"])
    rate = float(values["rate"].replace(",", "."))
    if not -100 < rate < 100:
        raise BadRow(line, "rate", values["rate"])
    return values["reference"], day, rate
