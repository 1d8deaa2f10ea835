"""Reads the invoices that the score is measured on, whatever the file's dates look like."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d")
REQUIRED = ("customerid", "invoicedate", "duedate", "invoiceamount", "settleddate")
YES = ("yes", "y", "true", "t", "1")


@dataclass(frozen=True)
class Invoice:
    """One line of the file, paid or not."""

    customer: int
    country: int | None
    made: date
    due: date
    amount: float
    paid: date | None
    disputed: bool
    paper: bool

    @property
    def days(self) -> int | None:
        return None if self.paid is None else (self.paid - self.due).days


@dataclass(frozen=True)
class Data:
    """The file's invoices, and which of the optional columns it has."""

    invoices: list[Invoice]
    has_disputes: bool
    has_paper: bool


def read(path: Path) -> Data:
    rows = read_rows(path)
    parse = date_parser([row[name] for row in rows for name in REQUIRED if name.endswith("date")])
    numbers: dict[str, int] = {}
    return Data(
        [invoice(row, parse, numbers) for row in rows],
        "disputed" in rows[0],
        "paperlessbill" in rows[0],
    )


def read_rows(path: Path) -> list[dict[str, str]]:
    """Lines by the names of their columns in lower case, once all that are required are there."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = [
            {key.strip().lower(): value for key, value in row.items()}
            for row in csv.DictReader(handle)
        ]
    missing = [name for name in REQUIRED if not rows or name not in rows[0]]
    if missing:
        raise SystemExit(f"error: {path.name} has no rows or no column {', '.join(missing)}")
    return rows


def invoice(row: dict[str, str], parse, numbers: dict[str, int]) -> Invoice:
    country = row.get("countrycode", "").strip()
    return Invoice(
        customer=numbers.setdefault(row["customerid"], len(numbers) + 1),
        country=numbers.setdefault("country " + country, len(numbers) + 1) if country else None,
        made=parse(row["invoicedate"]),
        due=parse(row["duedate"]),
        amount=float(row["invoiceamount"].replace(",", "")),
        paid=parse(row["settleddate"]) if row["settleddate"].strip() else None,
        disputed=row.get("disputed", "").strip().lower() in YES,
        paper=row.get("paperlessbill", "").strip().lower() == "paper",
    )


def date_parser(values: list[str]):
    """The one format that reads every date of the file: months and days are not mixed up."""
    found = [value.strip().split(" ")[0] for value in values if value.strip()]
    for pattern in FORMATS:
        try:
            for value in found:
                datetime.strptime(value, pattern)
        except ValueError:
            continue
        return lambda value: datetime.strptime(value.strip().split(" ")[0], pattern).date()
    raise SystemExit(f"error: no one date format reads all dates; tried {', '.join(FORMATS)}")
