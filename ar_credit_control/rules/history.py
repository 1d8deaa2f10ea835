"""Opening history: rows of customers, invoices, payments and reports become documents to create.

`Book` is what the files say, each document once and whole: an invoice of several lines is one
invoice with instalments. `history_check` then compares it with what the company knows.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from .credit_report import Report, faults
from .history_table import WARNING, Issue, Record

REGISTERED = "registered"
STATUSES = ("", "posted", REGISTERED)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer; ``code`` is the key by which invoices and payments name it."""

    line: int
    code: str
    name: str
    country: str = ""
    vat: str = ""
    street: str = ""
    zip: str = ""
    city: str = ""
    email: str = ""
    phone: str = ""
    payment_term: str = ""
    credit_limit: Decimal | None = None
    salesperson: str = ""
    kind = "customers"

    @property
    def key(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice, or a credit note when its amounts are negative.

    ``instalments`` are (due date or None, amount), by due date; one line of the file each.
    """

    line: int
    number: str
    customer: str
    date: date
    instalments: tuple[tuple[date | None, Decimal], ...]
    currency: str = ""
    payment_term: str = ""
    tax: str = ""
    disputed: bool = False
    credit_of: str = ""
    kind = "invoices"

    @property
    def key(self) -> str:
        return self.number

    @property
    def amount(self) -> Decimal:
        """Gross total; negative for a credit note."""
        return sum((amount for _due, amount in self.instalments), Decimal(0))


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received, or paid back when negative.

    ``key`` is the payment's reference, or what it says when it has none. A payment with status
    ``registered`` was noted down but has not been seen on a bank statement.
    """

    line: int
    key: str
    customer: str
    date: date
    amount: Decimal
    reference: str = ""
    currency: str = ""
    invoices: tuple[str, ...] = ()
    status: str = ""
    kind = "payments"


Document = Customer | Invoice | Payment | Report


def digest(document: Document) -> str:
    """Short print of what a document says, wherever it stands in the file."""
    said = [
        _print(getattr(document, item.name))
        for item in fields(document)
        if item.name not in ("line", "key")
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _print(value: object) -> str:
    """Text that is the same for equal values: 5 and 5.00 are."""
    if isinstance(value, tuple):
        return repr([_print(part) for part in value])
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


@dataclass(slots=True)
class Book:
    """What the files say, before it is compared with what the company knows."""

    customers: list[Customer] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    # over all tables: a workbook may have a sheet for each year
    _payment_keys: Counter[str] = field(default_factory=Counter, repr=False, compare=False)

    def add(self, kind: str, records: Iterable[Record], issues: Iterable[Issue] = ()) -> None:
        """Take in one table as `history_table.read_table` returned it."""
        self.issues += issues
        if kind == "customers":
            self._add_customers(records)
        elif kind == "invoices":
            self._add_invoices(records)
        elif kind == "payments":
            self._add_payments(records)
        else:
            self._add_reports(records)

    def documents(self) -> list[Document]:
        """Every document, each after those that it may name."""
        by_sign = sorted(self.invoices, key=lambda invoice: invoice.amount < 0)
        return [*self.customers, *by_sign, *self.payments, *self.reports]

    def _add_customers(self, records: Iterable[Record]) -> None:
        seen = {customer.code for customer in self.customers}
        for record in records:
            customer = Customer(record.line, **record.cells)
            if customer.code in seen:
                self._error(customer, "code", "double", customer.code)
                continue
            seen.add(customer.code)
            self.customers.append(customer)

    def _add_invoices(self, records: Iterable[Record]) -> None:
        seen = {invoice.number for invoice in self.invoices}
        groups: dict[object, list[Record]] = defaultdict(list)
        for record in records:
            groups[record.cells["number"]].append(record)
        for group in groups.values():
            faults = [issue for record in group for issue in _invoice_faults(group[0], record)]
            faults += _double_due_dates(group)
            if group[0].cells["number"] in seen:
                faults.append(_double(group[0]))
            self.issues += faults
            if not faults:
                self.invoices.append(_invoice(group))

    def _add_payments(self, records: Iterable[Record]) -> None:
        seen = self._payment_keys
        for record in records:
            cells = dict(record.cells)
            key = cells["reference"] or _payment_key(cells)
            seen[key] += 1
            if seen[key] > 1 and not cells["reference"]:
                key = f"{key}|{seen[key]}"
                self._note(record, "amount", "same_payment", str(cells["amount"]))
            payment = Payment(record.line, key, **cells)
            if faults := _payment_faults(payment, seen[payment.key]):
                self.issues += faults
            else:
                self.payments.append(payment)

    def _add_reports(self, records: Iterable[Record]) -> None:
        seen = {report.key for report in self.reports}
        for record in records:
            report = Report(record.line, **record.cells)
            found = faults(report)
            if report.key in seen:
                name = "reference" if report.reference else "date"
                found.append((name, "double", getattr(report, name)))
            seen.add(report.key)
            for name, code, value in found:
                self._error(report, name, code, str(value))
            if not found:
                self.reports.append(report)

    def _error(self, document: Document, name: str, code: str, value: str) -> None:
        self.issues.append(Issue(document.kind, document.line, name, code, value))

    def _note(self, record: Record, name: str, code: str, value: str) -> None:
        self.issues.append(Issue("payments", record.line, name, code, value, WARNING))


def _payment_key(cells: Mapping[str, object]) -> str:
    said = (
        cells["customer"],
        cells["date"].isoformat(),
        format(cells["amount"].normalize(), "f"),
        cells["currency"],
        "+".join(cells["invoices"]),
    )
    return "|".join(said)


def _payment_faults(payment: Payment, times: int) -> list[Issue]:
    faults = []
    if payment.amount == 0:
        faults.append(Issue("payments", payment.line, "amount", "zero"))
    if payment.status not in STATUSES:
        faults.append(Issue("payments", payment.line, "status", "status", payment.status))
    if payment.reference and times > 1:
        faults.append(Issue("payments", payment.line, "reference", "double", payment.reference))
    return faults


def _invoice(group: list[Record]) -> Invoice:
    cells = dict(group[0].cells)
    cells.pop("amount"), cells.pop("due_date")
    cells["disputed"] = any(record.cells["disputed"] for record in group)
    parts = [(record.cells["due_date"], record.cells["amount"]) for record in group]
    parts.sort(key=lambda part: part[0] or date.min)
    return Invoice(group[0].line, instalments=tuple(parts), **cells)


def _invoice_faults(first: Record, record: Record) -> list[Issue]:
    """What one line of an invoice says that cannot be; ``first`` is the invoice's first line."""
    cells, faults = record.cells, []

    def fault(name: str, code: str, value: object = "") -> None:
        faults.append(Issue("invoices", record.line, name, code, str(value or "")))

    if cells["amount"] == 0:
        fault("amount", "zero")
    elif (cells["amount"] < 0) != (first.cells["amount"] < 0):
        fault("amount", "mixed_signs", cells["amount"])
    if cells["due_date"] and cells["due_date"] < cells["date"]:
        fault("due_date", "due_before_date", cells["due_date"])
    for name in ("customer", "date", "currency", "payment_term", "tax", "credit_of"):
        if cells[name] != first.cells[name]:
            fault(name, "lines_differ", cells[name])
    return faults


def _double_due_dates(group: list[Record]) -> list[Issue]:
    seen: set[object] = set()
    faults = []
    for record in group:
        due = record.cells["due_date"]
        if due in seen:
            faults.append(_double(record))
        seen.add(due)
    return faults


def _double(record: Record) -> Issue:
    return Issue("invoices", record.line, "number", "double", str(record.cells["number"]))
