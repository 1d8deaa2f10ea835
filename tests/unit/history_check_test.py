"""Opening history over several sheets and several imports, against slow and plain reckoning."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from ar_credit_control.rules.history import Book, Customer, Invoice, Payment, digest
from ar_credit_control.rules.history_check import CurrencyInfo, Done, Known, check
from ar_credit_control.rules.history_table import Record, csv_rows, read_table
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 6, 30)
DAY = date(2026, 1, 10)
KNOWN = Known(
    today=TODAY,
    currencies={
        "EUR": CurrencyInfo(2),
        "USD": CurrencyInfo(2, date(2025, 1, 1)),
        "JPY": CurrencyInfo(0),
        "TND": CurrencyInfo(3),
    },
    company_currency="EUR",
    customers={"C1": "Alfa", "C2": "Beta"},
)


def book_of(*sheets):
    book = Book()
    for text in sheets:
        book.add(*read_table(csv_rows(text.encode())))
    return book


def sheet(kind, *rows):
    header = {
        "customers": "code,name",
        "invoices": "number,customer,date,due_date,amount,currency,credit_of",
        "payments": "customer,date,amount,reference,invoices,currency",
    }
    return "\n".join([header[kind], *rows])


def findings(*sheets, known=KNOWN):
    _good, issues = check(book_of(*sheets), known)
    return [(issue.kind, issue.line, issue.code) for issue in issues]


# ---------------------------------------------------------------- a sheet for each year
def test_an_invoice_number_counts_once_over_all_sheets():
    first = sheet("invoices", "F1,C1,2025-01-10,,5,,", "F2,C1,2025-01-10,,6,,")
    second = sheet("invoices", "F1,C1,2026-01-10,,7,,", "F3,C1,2026-01-10,,8,,")
    book = book_of(first, second)
    assert [(one.number, one.amount) for one in book.invoices] == [("F1", 5), ("F2", 6), ("F3", 8)]
    assert [(one.line, one.field, one.code, one.value) for one in book.issues] == [
        (2, "number", "double", "F1")
    ]


def test_a_customer_code_counts_once_over_all_sheets():
    book = book_of(sheet("customers", "C7,Alfa"), sheet("customers", "C7,Beta", "C8,Gamma"))
    assert [(one.code, one.name) for one in book.customers] == [("C7", "Alfa"), ("C8", "Gamma")]
    assert [issue.code for issue in book.issues] == ["double"]


payment_days = st.lists(st.integers(0, 2), max_size=6)


@given(st.lists(payment_days, max_size=4))
def test_payments_alike_have_keys_of_their_own_over_all_sheets(sheets):
    texts = [sheet("payments", *(f"C1,2026-01-1{day},5,,," for day in days)) for days in sheets]
    book = book_of(*texts)
    keys = [payment.key for payment in book.payments]
    assert len(set(keys)) == len(keys) == sum(map(len, sheets))
    # cut into sheets or not, the keys are the same: a second import finds them again
    whole = book_of(sheet("payments", *(f"C1,2026-01-1{d},5,,," for days in sheets for d in days)))
    assert keys == [payment.key for payment in whole.payments]


def test_a_payment_reference_counts_once_over_all_sheets():
    one = sheet("payments", "C1,2026-01-10,5,P1,,")
    book = book_of(one, one)
    assert len(book.payments) == 1
    assert [(issue.field, issue.code) for issue in book.issues] == [("reference", "double")]


# ---------------------------------------------------------------- whatever the order
lines = st.lists(
    st.tuples(st.sampled_from(["F1", "F2", "F3"]), st.integers(0, 40), st.integers(1, 9)),
    unique_by=lambda line: line[:2],
    min_size=1,
    max_size=8,
)


@given(lines, st.randoms())
def test_the_order_of_lines_changes_no_document(rows, random):
    def prints(ordered):
        text = [f"{n},C1,{DAY},{DAY + timedelta(days=due)},{a},," for n, due, a in ordered]
        return {one.number: digest(one) for one in book_of(sheet("invoices", *text)).invoices}

    mixed = list(rows)
    random.shuffle(mixed)
    assert prints(mixed) == prints(rows)


@given(lines)
def test_an_invoice_is_the_sum_of_its_lines(rows):
    text = [f"{n},C1,{DAY},{DAY + timedelta(days=due)},{a},," for n, due, a in rows]
    found = {one.number: one for one in book_of(sheet("invoices", *text)).invoices}
    for number, invoice in found.items():
        mine = [(due, amount) for name, due, amount in rows if name == number]
        assert invoice.amount == sum(amount for _due, amount in mine)
        assert [(due - DAY).days for due, _amount in invoice.instalments] == sorted(
            due for due, _amount in mine
        )


CHANGES = [
    (Customer(2, "C1", "Alfa"), {"name": "Beta", "vat": "1", "credit_limit": Decimal(5)}),
    (
        Invoice(2, "F1", "C1", DAY, ((DAY, Decimal(5)),)),
        {
            "customer": "C2",
            "date": TODAY,
            "instalments": ((None, Decimal(5)),),
            "currency": "USD",
            "disputed": True,
            "credit_of": "F0",
        },
    ),
    (
        Payment(2, "P1", "C1", DAY, Decimal(5), "P1"),
        {"amount": Decimal("5.01"), "invoices": ("F1",), "status": "registered", "date": TODAY},
    ),
]


@pytest.mark.parametrize(("document", "changes"), CHANGES)
def test_the_print_shows_each_change(document, changes):
    prints = {digest(replace(document, **{name: new})) for name, new in changes.items()}
    assert len(prints | {digest(document)}) == len(changes) + 1
    assert digest(replace(document, line=99)) == digest(document)


# ---------------------------------------------------------------- payments
def plainly_overpaid(invoices, payments):
    """Lines of payments that leave a credit, euro by euro."""
    left, found = dict(invoices), []
    for line, (amount, named) in enumerate(payments, 2):
        for number in named:
            while amount and left[number]:
                amount, left[number] = amount - 1, left[number] - 1
        if named and amount:
            found.append(line)
    return found


@given(
    st.dictionaries(st.sampled_from(["F1", "F2", "F3"]), st.integers(1, 12), min_size=1),
    st.data(),
)
def test_overpaid_is_what_remains_euro_by_euro(invoices, data):
    named = st.lists(st.sampled_from(sorted(invoices)), unique=True, max_size=3)
    payments = data.draw(st.lists(st.tuples(st.integers(1, 20), named), max_size=6))
    rows = [f"C1,2026-02-01,{a},P{n},{'|'.join(to)}," for n, (a, to) in enumerate(payments)]
    sold = [f"{number},C1,{DAY},,{amount},," for number, amount in invoices.items()]
    found = findings(sheet("invoices", *sold), sheet("payments", *rows))
    expected = plainly_overpaid(invoices, payments)
    assert found == [("payments", line, "overpaid") for line in expected]


@pytest.mark.parametrize("row", [
    "C1,2026-02-01,900,P1,F1,USD",  # amounts of two currencies do not compare
    "C1,2026-02-01,900,P1,,",  # money on account
    "C1,2026-02-01,-900,P1,F1,",  # paid back
])  # fmt: skip
def test_what_is_not_called_overpaid(row):
    assert findings(sheet("invoices", f"F1,C1,{DAY},,100,,"), sheet("payments", row)) == []


# ---------------------------------------------------------------- what earlier imports left
EARLIER = replace(KNOWN, done={
    "customers": {"C5": Done("x", "C5")},
    "invoices": {"F1": Done("x", "C1"), "F5": Done("x", "C5")},
})  # fmt: skip


@pytest.mark.parametrize(("kind", "row", "expected"), [
    ("payments", "C1,2026-02-01,50,P1,F1,", []),
    ("payments", "C1,2026-02-01,50,P1,F5,", ["other_customer"]),
    ("payments", "C5,2026-02-01,50,P1,F5,", []),
    ("payments", "C6,2026-02-01,50,P1,F5,", ["unknown_customer", "other_customer"]),
    ("invoices", "N1,C1,2026-02-01,,-5,,F1", []),
    ("invoices", "N1,C2,2026-02-01,,-5,,F1", ["other_customer"]),
    ("invoices", "F9,C5,2026-02-01,,5,,", []),
    ("invoices", "F1,C1,2026-02-01,,5,,", ["changed"]),
])  # fmt: skip
def test_a_later_import_rests_on_the_earlier(kind, row, expected):
    assert findings(sheet(kind, row), known=EARLIER) == [(kind, 2, code) for code in expected]


@pytest.mark.parametrize(("amount", "currency", "expected"), [
    ("5.12", "", []), ("5.12", "JPY", ["decimals"]), ("5", "JPY", []),
    ("5.1234", "TND", ["decimals"]), ("0.123", "TND", []), ("5.10", "GBP", ["unknown_currency"]),
])  # fmt: skip
def test_decimals_are_those_of_the_currency(amount, currency, expected):
    row = f"F1,C1,{DAY},,{amount},{currency},"
    assert findings(sheet("invoices", row)) == [("invoices", 2, code) for code in expected]


@pytest.mark.parametrize(("day", "expected"), [
    ("2024-12-31", ["no_rate"]), ("2025-01-01", []), (TODAY, []),
    (TODAY + timedelta(days=1), ["future"]),
])  # fmt: skip
def test_the_first_and_the_last_day(day, expected):
    found = findings(sheet("payments", f"C1,{day},5,P1,,USD"))
    assert found == [("payments", 2, code) for code in expected]


def test_an_amount_beyond_reason_is_a_finding():
    rows = (f"F1,C1,{DAY},,{'9' * 40},,", f"F2,C1,{DAY},,5,,")
    assert findings(sheet("invoices", *rows)) == [("invoices", 2, "amount")]


def test_findings_stand_in_the_order_of_the_tables_and_lines():
    found = findings(
        sheet("payments", "C9,2026-01-10,0,P1,,", "C1,2027-01-10,5,P2,,"),
        sheet("invoices", f"F1,C9,{DAY},,5,,", f"F2,C1,{DAY},,0,,"),
        sheet("customers", "C8,", "C1,Again"),
    )
    order = ["customers", "invoices", "payments"]
    places = [(order.index(kind), line) for kind, line, _code in found]
    assert places == sorted(places) and len({kind for kind, _line, _code in found}) == 3


def test_documents_come_after_those_that_they_name():
    book = book_of(
        sheet("payments", "C8,2026-01-10,5,P1,F1,"),
        sheet("invoices", f"N1,C8,{DAY},,-5,,F1", f"F1,C8,{DAY},,5,,"),
        sheet("customers", "C8,Alfa"),
    )
    assert [document.key for document in book.documents()] == ["C8", "F1", "N1", "P1"]


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_names_are_judged_not_crashed_upon(number, customer):
    cells = {column: "" for column in ("payment_term", "currency", "tax", "credit_of")}
    cells |= {"number": number, "customer": customer, "date": DAY, "due_date": None}
    book = Book()
    book.add("invoices", [Record(2, cells | {"amount": Decimal(5), "disputed": False})])
    good, issues = check(book, KNOWN)
    assert bool(good) is (customer in KNOWN.customers) and bool(issues) is not bool(good)
