"""What an exchange would reject, found before an invoice is sent: the catalogue turned round.

Codes are the Sistema di Interscambio's own (technical rules 1.8.4), where it has one for the
mistake; the others name data that every network asks for. What only the tax office can know, for
instance whether a number is still registered, is not found here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from stdnum import get_cc_module
from stdnum.it import codicefiscale

HOME = "IT"
UNKNOWN_RECIPIENT, ABROAD = "0000000", "XXXXXXX"
CENT, ROUNDING = 0.01, 0.005  # the tax itself is rounded to the cent


class Finding(NamedTuple):
    """A mistake by the code that it would be rejected with; ``detail`` is the wrong value."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer. ``recipient`` is the code of the SdI, ``public`` a public body."""

    country: str = ""
    vat: str = ""
    tax_code: str = ""
    recipient: str = ""
    pec: str = ""
    street: str = ""
    zip: str = ""
    city: str = ""
    public: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """``rates`` are the percentages of its taxes, ``exempt`` whether one has a reason (Natura)."""

    quantity: float
    price: float
    rates: tuple[float, ...] = ()
    exempt: bool = False


class Tax(NamedTuple):
    """What stands at the foot of a document for one tax: rate in percent, base and tax."""

    rate: float
    base: float
    amount: float


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or credit note; ``twin`` is another one with the same number, if there is one.

    An empty ``number`` is one that is not given yet.
    """

    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    day: date | None
    today: date
    number: str = ""
    twin: str = ""
    order_reference: str = ""
    bank_account: bool = True
    taxes: tuple[Tax, ...] = ()

    @property
    def by_sdi(self) -> bool:
        return self.seller.country == HOME


def check(document: Document) -> list[Finding]:
    """All that is wrong, in the order of the rules; nothing twice.

    >>> seller = Party("IT", vat="IT00743110157", street="x", zip="1", city="y")
    >>> lines = (Line(1, 10, (22.0,)),)
    >>> check(Document(seller, Party("IT"), lines, date(2026, 1, 1), date(2026, 1, 1)))[0].code
    '00417'
    """
    found = (finding for rule in RULES for finding in rule(document))
    return list(dict.fromkeys(found))


# ---------------------------------------------------------------------- numbers of the parties
def _valid_vat(country: str, vat: str) -> bool:
    """Whether the number has the form and check digit of its country; unknown ones pass."""
    module = get_cc_module(country.lower(), "vat") if len(country) == 2 else None
    return module is None or module.is_valid(vat)


def _seller(document: Document) -> Iterator[Finding]:
    seller = document.seller
    if not seller.vat or not _valid_vat(seller.country, seller.vat):
        yield Finding("00301", seller.vat)
    if document.by_sdi and seller.tax_code and not _valid_tax_code(seller.tax_code):
        yield Finding("00302", seller.tax_code)


def _buyer(document: Document) -> Iterator[Finding]:
    buyer = document.buyer
    if buyer.vat and not _valid_vat(buyer.country, buyer.vat):
        yield Finding("00305", buyer.vat)
    if not document.by_sdi or buyer.country != HOME:
        return
    if not buyer.vat and not buyer.tax_code:
        yield Finding("00417")
    if buyer.tax_code and not _valid_tax_code(buyer.tax_code):
        yield Finding("00306", buyer.tax_code)


def _valid_tax_code(code: str) -> bool:
    """Of a person (16 characters), or of a company, which has the form of a VAT number."""
    return codicefiscale.is_valid(code) or _valid_vat(HOME, code)


# ---------------------------------------------------------------------- where it goes
def _recipient(document: Document) -> Iterator[Finding]:
    buyer = document.buyer
    if not document.by_sdi or not buyer.recipient:
        return
    code = buyer.recipient.strip().upper()
    if not re.fullmatch(r"[A-Z0-9]{6,7}", code):
        yield Finding("00311", buyer.recipient)
    elif len(code) != (6 if buyer.public else 7):
        yield Finding("00427", buyer.recipient)
    elif buyer.pec and code not in (UNKNOWN_RECIPIENT, ABROAD):
        yield Finding("00426", buyer.pec)


def _address(document: Document) -> Iterator[Finding]:
    for party, code in ((document.seller, "seller_address"), (document.buyer, "buyer_address")):
        needed = (party.street, party.city, party.country)
        if not all(needed) or party.country == HOME and not re.fullmatch(r"\d{5}", party.zip):
            yield Finding(code)


# ---------------------------------------------------------------------- the document itself
def _content(document: Document) -> Iterator[Finding]:
    if not document.lines or not any(line.quantity * line.price for line in document.lines):
        yield Finding("no_lines")
    for line in document.lines if document.by_sdi else ():
        if not any(line.rates) and not line.exempt:
            yield Finding("00400")
        elif any(line.rates) and line.exempt:
            yield Finding("00401")


def _totals(document: Document) -> Iterator[Finding]:
    """Tax is base times rate to the cent, with one cent of tolerance (technical rules of 00421).

    Taxes that were edited by hand, or rounded line by line, may be further off.
    """
    for rate, base, amount in document.taxes:
        due = base * rate / 100
        if abs(due - amount) > CENT + ROUNDING:
            yield Finding("00421", f"{rate:g} %: {amount:.2f}, not {due:.2f}")


def _number_and_day(document: Document) -> Iterator[Finding]:
    if document.number and not any(map(str.isdigit, document.number)):
        yield Finding("00425", document.number)
    if document.twin:
        yield Finding("00404", document.twin)
    if document.day and document.day > document.today:
        yield Finding("00403", document.day.isoformat())


def _references(document: Document) -> Iterator[Finding]:
    if document.buyer.public and not document.order_reference:
        yield Finding("no_order_reference")
    if not document.bank_account:
        yield Finding("no_bank_account")


RULES: tuple[Callable[[Document], Iterator[Finding]], ...] = (
    _seller,
    _buyer,
    _recipient,
    _address,
    _content,
    _totals,
    _number_and_day,
    _references,
)
# What is only advice: no network rejects it, but it delays the payment.
ADVICE = frozenset({"no_order_reference", "no_bank_account"})
