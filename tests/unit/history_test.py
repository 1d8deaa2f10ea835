"""Opening history: reading tables, grouping rows into documents, and what is refused."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from ar_credit_control.rules.history import Book, Customer, Invoice, Payment, digest
from ar_credit_control.rules.history_check import CurrencyInfo, Done, Known, check
from ar_credit_control.rules.history_table import (
    CellError,
    csv_rows,
    decode,
    detect_kind,
    read_amount,
    read_date,
    read_flag,
    read_list,
    read_table,
    read_text,
)
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 6, 30)
KNOWN = Known(
    today=TODAY,
    currencies={
        "EUR": CurrencyInfo(2),
        "USD": CurrencyInfo(2, date(2025, 1, 1)),
        "JPY": CurrencyInfo(0),
    },
    company_currency="EUR",
    countries=frozenset(("it", "italy")),
    terms=frozenset(("30 days",)),
    taxes=frozenset(("22", "22% g")),
    salespeople=frozenset(("anna",)),
)
CUSTOMERS = "code,name\nC1,Alfa\nC2,Beta\n"
INVOICES = "number,customer,date,due_date,amount\nF1,C1,2026-01-10,2026-02-10,100\n"
PAYMENTS = "customer,date,amount,reference,invoices,status\n"


def book_of(*files):
    book = Book()
    for text in files:
        kind, records, issues = read_table(csv_rows(text.encode()))
        book.add(kind, records, issues)
    return book


def findings(*files, known=KNOWN):
    _good, issues = check(book_of(*files), known)
    return [(issue.line, issue.field, issue.code) for issue in issues]


def invoice_file(*rows, extra=""):
    return "\n".join([f"number,customer,date,due_date,amount{extra}", *rows])


# ---------------------------------------------------------------- cells
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234.56", "1234.56"),
        ("1234,56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234.567", "1234567"),
        ("1,234,567.8", "1234567.8"),
        ("1\u00a0234,5", "1234.5"),
        ("1\u2019234.50", "1234.50"),
        ("-12", "-12"),
        ("\u2212 12,5", "-12.5"),
        ("0.125", "0.125"),
        ("1234.567", "1234.567"),
        (12, "12"),
        (0.1 + 0.2, "0.3"),
        (Decimal("7.10"), "7.10"),
    ],
)
def test_amounts_in_any_usual_notation(text, number):
    assert read_amount(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    ["1,2,3", "12,34.5.6", "abc", "1 2", "€ 5", "1e5", "--5", True, float("nan"), float("inf")],
)
def test_what_is_no_amount(text):
    with pytest.raises(CellError, match="amount"):
        read_amount(text)


@pytest.mark.parametrize("text", ["1.234", "12,345"])
def test_an_amount_that_can_be_read_two_ways_is_refused(text):
    with pytest.raises(CellError, match="ambiguous"):
        read_amount(text)


@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from(",."))
def test_grouped_and_plain_notation_agree(number, mark):
    plain = f"{number:.2f}".replace(".", mark)
    other = "." if mark == "," else ","
    grouped = f"{number:,.2f}".translate(str.maketrans({",": other, ".": mark}))
    assert read_amount(plain) == read_amount(grouped) == number


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)))
def test_dates_read_back_in_every_notation(day):
    for text in (day.isoformat(), f"{day:%d/%m/%Y}", f"{day.day}.{day.month}.{day.year}", day):
        assert read_date(text) == day
    assert read_date(f"{day.isoformat()} 00:00:00") == day


@pytest.mark.parametrize("text", ["2026-02-30", "31/31/2026", "02/2026", "1/1/26", "0001-01-01"])
def test_what_is_no_date(text):
    with pytest.raises(CellError, match="date"):
        read_date(text)


def test_words_for_yes_and_no():
    assert all(map(read_flag, ("Sì", "x", "1")))
    assert not any(map(read_flag, ("", "Nein", None)))
    with pytest.raises(CellError, match="flag"):
        read_flag("perhaps")


def test_texts_and_lists():
    assert read_text(1001.0) == "1001"
    assert read_text(" two\nlines ") == "two lines"
    assert read_list("F1| F2 ;F1|") == ("F1", "F2")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_reported_never_a_crash(data):
    kind, records, issues = read_table(csv_rows(data))
    assert kind or issues
    assert kind or not records


# ---------------------------------------------------------------- tables
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", list(",;\t"))
def test_encodings_and_delimiters(encoding, delimiter):
    text = "code,name\nC1,Società più\n".replace(",", delimiter)
    _kind, records, issues = read_table(csv_rows(text.encode(encoding)))
    assert not issues
    assert records[0].cells["name"] == "Società più"


def test_text_is_not_mistaken_for_another_encoding():
    assert decode("è".encode()) == "è"


def test_kind_is_known_by_the_header():
    assert detect_kind(["Number", "Customer Code", "Date", "Amount"]) == "invoices"
    assert detect_kind(["customer", "date", "amount", "invoice"]) == "payments"
    assert detect_kind(["code", "name", "vat"]) == "customers"
    assert detect_kind(["a", "b"]) is None


def test_header_faults():
    assert findings("code,name,Name,shoe size\n1,a,b,c") == [
        (1, "Name", "double_column"),
        (1, "shoe size", "unknown_column"),
    ]
    _kind, records, issues = read_table(csv_rows(b"code\nC1\n"), "customers")
    assert (records, [issue.code for issue in issues]) == ([], ["missing_column"])
    _kind, _records, issues = read_table(csv_rows(b"foo,bar\n1,2\n"))
    assert [issue.code for issue in issues] == ["header"]


def test_lines_are_those_of_the_file():
    text = '\n\ncode,name\nC1,"two\nlines"\n\n,missing\n'
    _kind, records, issues = read_table(csv_rows(text.encode()))
    assert [record.line for record in records] == [4]
    assert [(issue.line, issue.field, issue.code) for issue in issues] == [(7, "code", "missing")]


def test_short_and_long_lines_are_read():
    _kind, records, issues = read_table(csv_rows(b"code,name,vat\nC1,Alfa\nC2,Beta,1,2,3\n"))
    assert not issues
    assert [record.cells["vat"] for record in records] == ["", "1"]


# ---------------------------------------------------------------- documents
def test_lines_of_one_number_are_instalments():
    rows = (
        "F1,C1,2026-01-10,2026-03-10,60",
        "F2,C1,2026-01-10,,5",
        "F1,C1,2026-01-10,2026-02-10,40",
    )
    book = book_of(CUSTOMERS, invoice_file(*rows))
    first = book.invoices[0]
    assert first.instalments == (
        (date(2026, 2, 10), Decimal(40)),
        (date(2026, 3, 10), Decimal(60)),
    )
    assert (first.amount, first.line, len(book.invoices)) == (100, 2, 2)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["F1,C1,2026-01-10,2026-01-09,100"], [(2, "due_date", "due_before_date")]),
        (["F1,C1,2026-01-10,,0"], [(2, "amount", "zero")]),
        (["F1,C1,2026-01-10,,5", "F1,C1,2026-01-10,,5"], [(3, "number", "double")]),
        (
            ["F1,C1,2026-01-10,2026-02-01,5", "F1,C2,2026-01-10,2026-03-01,5"],
            [(3, "customer", "lines_differ")],
        ),
        (
            ["F1,C1,2026-01-10,2026-02-01,5", "F1,C1,2026-01-10,2026-03-01,-5"],
            [(3, "amount", "mixed_signs")],
        ),
        (["F1,C9,2026-01-10,,5"], [(2, "customer", "unknown_customer")]),
        (["F1,C1,2026-07-01,,5"], [(2, "date", "future")]),
        (["F1,C1,2026-01-10,,5.005"], [(2, "amount", "ambiguous")]),
        (["F1,C1,2026-01-10,,5.1234"], [(2, "amount", "decimals")]),
        (
            ["F1,C1,2026-01-10,,5", "F1,C1,2026-01-10,2026-02-01,5"],
            [(2, "due_date", "instalment_due")],
        ),
        (["F1,C1,today,,5"], [(2, "date", "date")]),
        ([",C1,2026-01-10,,5"], [(2, "number", "missing")]),
    ],
)
def test_invoices_refused(rows, expected):
    assert findings(CUSTOMERS, invoice_file(*rows)) == expected


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("currency", "XXX", ["unknown_currency"]),
        ("currency", "usd", []),
        ("currency", "JPY", []),
        ("payment term", "90 days", ["unknown_payment_term"]),
        ("payment term", "30 Days", []),
        ("tax", "21", ["unknown_tax"]),
        ("tax", "22% G", []),
        ("credit_of", "F0", ["unknown_invoice", "credit_positive"]),
    ],
)
def test_names_that_must_be_known(column, value, expected):
    rows = invoice_file(f"F1,C1,2026-01-10,,5,{value}", extra=f",{column}")
    field = column.replace(" ", "_")
    assert findings(CUSTOMERS, rows) == [(2, field, code) for code in expected]


def test_a_currency_needs_a_rate_on_the_day():
    rows = invoice_file("F1,C1,2024-12-31,,5,USD", extra=",currency")
    assert findings(CUSTOMERS, rows) == [(2, "currency", "no_rate")]


def test_a_number_that_another_document_has_is_refused():
    known = replace(KNOWN, taken=frozenset(("F1",)))
    assert findings(CUSTOMERS, INVOICES, known=known) == [(2, "number", "taken")]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("country", "Atlantis", ["unknown_country"]),
        ("country", "IT", []),
        ("salesperson", "zoe", ["unknown_salesperson"]),
        ("payment_term", "90", ["unknown_payment_term"]),
        ("credit_limit", "-5", ["negative"]),
        ("credit_limit", "5,000.00", []),
    ],
)
def test_customers_refused(column, value, expected):
    found = findings(f'code,name,{column}\nC1,Alfa,"{value}"\n')
    assert found == [(2, column, code) for code in expected]


def test_customers_of_one_code():
    assert findings("code,name\nC1,Alfa\nC1,Beta\n") == [(3, "code", "double")]
    known = replace(KNOWN, ambiguous=frozenset(("C1",)))
    assert findings("code,name\nC1,Alfa\n", known=known) == [(2, "code", "ambiguous_customer")]
    assert findings(INVOICES, known=known) == [(2, "customer", "ambiguous_customer")]
    known = replace(KNOWN, customers={"C1": "Alfa SpA"})
    assert findings("code,name\nC1,Alfa\n", INVOICES, known=known) == [(2, "code", "exists")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("C1,2026-02-01,100,P1,F1,", []),
        ("C1,2026-02-01,60,P1,F1,Registered", []),
        ("C1,2026-02-01,100,P1,,", []),
        ("C1,2026-02-01,-100,P1,,", []),
        ("C1,2026-02-01,120,P1,F1,", [(2, "amount", "overpaid")]),
        ("C1,2026-02-01,0,P1,F1,", [(2, "amount", "zero")]),
        ("C2,2026-02-01,100,P1,F1,", [(2, "invoices", "other_customer")]),
        ("C1,2026-02-01,100,P1,F9,", [(2, "invoices", "unknown_invoice")]),
        ("C1,2026-02-01,100,P1,F1,bounced", [(2, "status", "status")]),
    ],
)
def test_payments(row, expected):
    assert findings(CUSTOMERS, INVOICES, PAYMENTS + row) == expected


def test_payments_of_one_reference_or_alike():
    rows = "C1,2026-02-01,9,P1,,\nC1,2026-02-02,9,P1,,\nC1,2026-02-02,9,,,\nC1,2026-02-02,9.00,,,\n"
    assert findings(CUSTOMERS, INVOICES, PAYMENTS + rows) == [
        (3, "reference", "double"),
        (5, "amount", "same_payment"),
    ]


def test_what_rests_on_a_faulty_line_is_faulty():
    customers = "code,name,country\nC1,Alfa,Atlantis\n"
    payment = PAYMENTS + "C1,2026-02-01,100,P1,F1,\n"
    assert [code for _line, _field, code in findings(customers, INVOICES, payment)] == [
        "unknown_country",
        "unknown_customer",
        "unknown_customer",
        "unknown_invoice",
    ]


def test_good_lines_go_in_without_the_bad_ones():
    rows = invoice_file("F1,C1,2026-01-10,,5", "F2,C9,2026-01-10,,5", "F3,C2,2026-01-10,,7")
    good, issues = check(book_of(CUSTOMERS, rows), KNOWN)
    assert [document.key for document in good] == ["C1", "C2", "F1", "F3"]
    assert len(issues) == 1


def test_a_credit_note_may_stand_before_its_invoice():
    rows = invoice_file("N1,C1,2026-02-10,,-5,F1", "F1,C1,2026-01-10,,5,", extra=",credit_of")
    good, issues = check(book_of(CUSTOMERS, rows), KNOWN)
    assert not issues
    assert [document.key for document in good][2:] == ["F1", "N1"]


def done_of(documents):
    """What the company knows after these documents went in."""
    done = {"customers": {}, "invoices": {}, "payments": {}}
    for document in documents:
        owner = document.code if document.kind == "customers" else document.customer
        done[document.kind][document.key] = Done(digest(document), owner)
    return replace(KNOWN, done=done)


def test_the_same_again_is_left_out_and_a_change_is_noted():
    book = book_of(CUSTOMERS, INVOICES)
    known = done_of(book.documents())
    assert check(book, known) == ([], [])
    changed = book_of(CUSTOMERS, INVOICES.replace(",100", ",101"))
    good, issues = check(changed, known)
    assert (good, [(issue.code, issue.level) for issue in issues]) == ([], [("changed", "warning")])


# ---------------------------------------------------------------- whatever the file
codes = st.sampled_from(("C1", "C2", "C3"))
days = st.dates(date(2025, 1, 1), TODAY)
amounts = st.decimals(min_value=-500, max_value=500, places=2).filter(bool)
numbers = st.sampled_from([f"F{n}" for n in range(8)])
invoice_rows = st.lists(st.tuples(numbers, codes, days, st.integers(-3, 90), amounts), max_size=25)
named = st.lists(st.sampled_from(["F0", "F1", "F2", "F9"]), max_size=2)
payment_rows = st.lists(st.tuples(codes, days, amounts, named), max_size=15)


def write(header, rows):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return out.getvalue()


@given(invoice_rows, payment_rows)
def test_every_line_goes_in_or_has_a_finding_and_a_second_time_nothing_does(invoices, payments):
    invoice_text = write(
        "number,customer,date,due_date,amount",
        [(n, c, d, d + timedelta(days=due), a) for n, c, d, due, a in invoices],
    )
    payment_text = write(
        "customer,date,amount,invoices",
        [(c, d, a, "|".join(names)) for c, d, a, names in payments],
    )
    good, issues = check(book_of(CUSTOMERS, invoice_text, payment_text), KNOWN)
    errors = {(issue.kind, issue.line) for issue in issues if issue.level == "error"}
    assert not errors & {(document.kind, document.line) for document in good}
    lines = sum(len(d.instalments) if d.kind == "invoices" else 1 for d in good)
    assert errors or lines == 2 + len(invoices) + len(payments)
    imported = {document.key for document in good if document.kind == "invoices"}
    assert all(set(d.invoices) <= imported for d in good if d.kind == "payments")

    book = book_of(CUSTOMERS, invoice_text, payment_text)
    assert check(book, done_of(good))[0] == []


@given(amounts, st.sampled_from(("", "EUR")), st.booleans())
def test_a_print_depends_on_what_is_said_not_on_the_place(amount, currency, disputed):
    one = Invoice(1, "F1", "C1", TODAY, ((None, amount),), currency, disputed=disputed)
    same = ((None, Decimal(f"{amount}0")),)
    assert digest(one) == digest(replace(one, line=9, instalments=same))
    assert digest(one) != digest(replace(one, disputed=not disputed))
    assert digest(Customer(1, "C1", "a")) != digest(Customer(1, "C1", "b"))
    payment = Payment(1, "P1", "C1", TODAY, amount)
    assert digest(payment) == digest(replace(payment, key="other", line=3))
