"""Opening history against what the company knows: what can go in, and what is wrong with the rest.

Nothing here reads a database: what is known comes in as `Known`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .credit_report import Report, Scale, rating_fault
from .history import Book, Customer, Document, Invoice, Payment, digest
from .history_table import ERROR, KINDS, WARNING, Issue


@dataclass(frozen=True, slots=True)
class Done:
    """What an earlier import made of a key: the print of the row, and whose document it is."""

    digest: str
    customer: str = ""


@dataclass(frozen=True, slots=True)
class CurrencyInfo:
    """Decimal places of an active currency, and the first day that has a rate (None: any day)."""

    decimals: int
    first_rate: date | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the company knows of the names in the files.

    done: per kind, what was imported before. customers: names of customers that exist already, by
    code; ambiguous: codes that several customers have. taken: numbers that other documents have.
    The others are the names that can be resolved, and the scales of providers of reports by their
    names; countries, terms and providers in lower case.
    """

    today: date
    currencies: Mapping[str, CurrencyInfo]
    company_currency: str
    done: Mapping[str, Mapping[str, Done]] = field(default_factory=dict)
    customers: Mapping[str, str] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    terms: frozenset[str] = frozenset()
    taxes: frozenset[str] = frozenset()
    salespeople: frozenset[str] = frozenset()
    scales: Mapping[str, Scale] = field(default_factory=dict)

    def was_done(self, document: Document) -> Done | None:
        return self.done.get(document.kind, {}).get(document.key)


class _Checker:
    """One pass over a book; findings gather in ``issues``, good documents in ``good``."""

    def __init__(self, book: Book, known: Known) -> None:
        self.book, self.known = book, known
        self.issues: list[Issue] = []
        self.good: list[Document] = []
        # whose each usable invoice is: those of this book, over those imported before
        self.owner = {key: done.customer for key, done in known.done.get("invoices", {}).items()}
        self.codes = set(known.customers) | set(known.done.get("customers", {}))
        self.open: dict[str, tuple[str, Decimal]] = {}

    def run(self) -> None:
        for document in self.book.documents():
            if done := self.known.was_done(document):
                self._done_before(document, done)
                continue
            found = len(self.issues)
            getattr(self, f"_check_{document.kind}")(document)
            if not any(issue.level == ERROR for issue in self.issues[found:]):
                self.good.append(document)
                self._usable(document)

    def _find(
        self, document: Document, name: str, code: str, value: object, level: str = ERROR
    ) -> None:
        self.issues.append(Issue(document.kind, document.line, name, code, str(value or ""), level))

    def _done_before(self, document: Document, done: Done) -> None:
        if done.digest != digest(document):
            self._find(document, "", "changed", document.key, WARNING)

    def _usable(self, document: Document) -> None:
        if isinstance(document, Customer):
            self.codes.add(document.code)
        elif isinstance(document, Invoice):
            self.owner[document.number] = document.customer
            self.open[document.number] = (document.currency, document.amount)

    def _check_customers(self, customer: Customer) -> None:
        self._check_resolves(customer, "country", self.known.countries)
        self._check_resolves(customer, "payment_term", self.known.terms)
        self._check_resolves(customer, "salesperson", self.known.salespeople)
        if customer.code in self.known.ambiguous:
            self._find(customer, "code", "ambiguous_customer", customer.code)
        elif customer.code in self.known.customers:
            existing = self.known.customers[customer.code]
            self._find(customer, "code", "exists", existing, WARNING)
        if customer.credit_limit is not None and customer.credit_limit < 0:
            self._find(customer, "credit_limit", "negative", customer.credit_limit)

    def _check_invoices(self, invoice: Invoice) -> None:
        self._check_common(invoice, [amount for _due, amount in invoice.instalments])
        self._check_resolves(invoice, "payment_term", self.known.terms)
        self._check_resolves(invoice, "tax", self.known.taxes)
        if invoice.number in self.known.taken:
            self._find(invoice, "number", "taken", invoice.number)
        if len(invoice.instalments) > 1 and any(due is None for due, _ in invoice.instalments):
            self._find(invoice, "due_date", "instalment_due", "")
        if invoice.credit_of:
            self._check_credit_note(invoice)

    def _check_credit_note(self, credit_note: Invoice) -> None:
        self._check_named(credit_note, "credit_of", credit_note.credit_of)
        if credit_note.amount > 0:
            self._find(credit_note, "credit_of", "credit_positive", credit_note.amount)

    def _check_payments(self, payment: Payment) -> None:
        self._check_common(payment, [payment.amount])
        for number in payment.invoices:
            self._check_named(payment, "invoices", number)
        self._check_overpaid(payment)

    def _check_reports(self, report: Report) -> None:
        advised = [] if report.advised_limit is None else [report.advised_limit]
        self._check_common(report, advised, "advised_limit")
        scale = self.known.scales.get(report.provider.lower())
        if scale is None:
            self._find(report, "provider", "unknown_provider", report.provider)
        elif fault := rating_fault(report, scale):
            self._find(report, *fault)

    def _check_resolves(
        self, document: Customer | Invoice, name: str, names: frozenset[str]
    ) -> None:
        value = getattr(document, name)
        if value and value.lower() not in names:
            self._find(document, name, f"unknown_{name}", value)

    def _check_common(
        self, document: Invoice | Payment | Report, amounts: list[Decimal], name: str = "amount"
    ) -> None:
        """What all but customers share: customer, date, currency, decimals of ``amounts``."""
        if document.customer in self.known.ambiguous:
            self._find(document, "customer", "ambiguous_customer", document.customer)
        elif document.customer not in self.codes:
            self._find(document, "customer", "unknown_customer", document.customer)
        if document.date > self.known.today:
            self._find(document, "date", "future", document.date)
        code = document.currency or self.known.company_currency
        info = self.known.currencies.get(code)
        if info is None:
            self._find(document, "currency", "unknown_currency", code)
            return
        if info.first_rate and document.date < info.first_rate:
            self._find(document, "currency", "no_rate", f"{code} {document.date}")
        step = Decimal(1).scaleb(-info.decimals)
        for amount in amounts:
            if amount != amount.quantize(step):
                self._find(document, name, "decimals", amount)

    def _check_named(self, document: Invoice | Payment, name: str, number: str) -> None:
        owner = self.owner.get(number)
        if owner is None:
            self._find(document, name, "unknown_invoice", number)
        elif owner != document.customer:
            self._find(document, name, "other_customer", number)

    def _check_overpaid(self, payment: Payment) -> None:
        """Note a payment that leaves a credit; only where amounts of one currency compare."""
        left = payment.amount
        for number in payment.invoices:
            currency, open_amount = self.open.get(number, ("", None))
            if open_amount is None or currency != payment.currency or left < 0:
                return
            used = max(Decimal(0), min(left, open_amount))
            self.open[number] = (currency, open_amount - used)
            left -= used
        if payment.invoices and left:
            self._find(payment, "amount", "overpaid", left, WARNING)


def check(book: Book, known: Known) -> tuple[list[Document], list[Issue]]:
    """Documents that can be created now, customers first, and every finding by line.

    What was imported before is left out; it is worth a warning only when the file now says
    something else. A document that rests on a faulty one is faulty too.
    """
    checker = _Checker(book, known)
    checker.run()
    order = {kind: place for place, kind in enumerate(("", *KINDS))}
    issues = sorted(book.issues + checker.issues, key=lambda i: (order[i.kind], i.line))
    return checker.good, issues
