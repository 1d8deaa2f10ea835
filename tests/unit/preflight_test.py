"""The check before sending, rule by rule: one mistake in an otherwise good invoice."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from ar_credit_control.rules.preflight import Document, Line, Party, Tax, check
from hypothesis import assume, given
from hypothesis import strategies as st

TODAY = date(2026, 3, 2)
SELLER = Party("IT", "IT00743110157", "00743110157", "", "", "Via Roma 1", "20100", "Milano")
BUYER = replace(SELLER, recipient="ABC1234")
GOOD = Document(SELLER, BUYER, (Line(1, 100, (22.0,)),), TODAY, TODAY, number="INV/2026/00001")


def codes(document):
    return [finding.code for finding in check(document)]


def test_nothing_is_found_in_a_good_invoice():
    assert check(GOOD) == []


@pytest.mark.parametrize(
    ("code", "buyer"),
    [
        ("00305", {"vat": "IT00743110158"}),
        ("00306", {"tax_code": "RSSMRA85T10A562X"}),
        ("00417", {"vat": "", "tax_code": ""}),
        ("00311", {"recipient": "AB-1234"}),
        ("00427", {"recipient": "ABC123"}),
        ("00427", {"recipient": "ABC1234", "public": True}),
        ("00426", {"pec": "x@pec.example"}),
        ("buyer_address", {"street": ""}),
        ("buyer_address", {"zip": "2010"}),
    ],
)
def test_mistakes_of_the_customer(code, buyer):
    document = replace(GOOD, buyer=replace(BUYER, **buyer), order_reference="PO1")
    assert codes(document) == [code]


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("00301", {"seller": replace(SELLER, vat="")}),
        ("00302", {"seller": replace(SELLER, tax_code="1")}),
        ("seller_address", {"seller": replace(SELLER, city="")}),
        ("no_lines", {"lines": ()}),
        ("00400", {"lines": (Line(1, 100, (0.0,)), Line(1, 5, ()))}),
        ("00401", {"lines": (Line(1, 100, (22.0,), exempt=True),)}),
        ("00425", {"number": "FIRST"}),
        ("00404", {"twin": "INV/1"}),
        ("00403", {"day": TODAY + timedelta(days=1)}),
        ("no_bank_account", {"bank_account": False}),
    ],
)
def test_mistakes_of_the_document(code, change):
    assert codes(replace(GOOD, **change)) == [code]


def test_a_public_body_wants_its_order():
    buyer = replace(BUYER, recipient="ABC123", public=True)
    assert codes(replace(GOOD, buyer=buyer)) == ["no_order_reference"]
    assert codes(replace(GOOD, buyer=buyer, order_reference="CIG 1")) == []


def test_other_countries_keep_their_own_rules():
    german = replace(SELLER, country="DE", vat="DE136695976", tax_code="")
    buyer = replace(BUYER, country="FR", vat="FR40303265045", tax_code="", recipient="")
    document = replace(GOOD, seller=german, buyer=buyer, lines=(Line(1, 10, (0.0,)),))
    assert codes(document) == []
    assert codes(replace(document, buyer=replace(buyer, vat="FR1"))) == ["00305"]


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=12), st.text(max_size=3))
def test_whatever_is_typed_is_judged(vat, tax_code, recipient, country):
    buyer = replace(BUYER, vat=vat, tax_code=tax_code, recipient=recipient, country=country)
    found = codes(replace(GOOD, buyer=buyer))
    assert len(found) == len(set(found))


@given(st.integers(1, 10**8), st.sampled_from([4.0, 5.0, 10.0, 22.0]), st.integers(-30, 30))
def test_tax_is_base_times_rate_to_the_cent(cents, rate, off):
    assume(cents * rate % 100 != 50)  # half a cent: rounded up here, to even there
    due = round(cents * rate / 100)
    document = replace(GOOD, taxes=(Tax(rate, cents / 100, (due + off) / 100),))
    assert codes(document) == (["00421"] if abs(off) > 1 else [])


def test_the_wrong_tax_is_named_with_what_it_should_be():
    document = replace(GOOD, taxes=(Tax(22, 100, 22), Tax(10, 50, 5.2)))
    assert check(document) == [("00421", "10 %: 5.20, not 5.00")]
