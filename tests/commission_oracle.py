"""What a document's commission must be, reckoned slowly and plainly from the document alone.

Exact fractions throughout; nothing here knows Odoo, its tables, or how the ledger is written.

* A line earns by the first rule that is about it, or by all of them, as the plan says.
* Every piece of money earns its part of the rule's base: base × money ÷ total of the document.
  What credit notes, losses and exchange differences settled is no money and earns nothing; an
  early-payment discount is paid by having paid early.
* Each piece has its own day, and so its own factor; what comes after the last day is lost.
* What is earned up front is a part of the whole less what credit notes took.
* Money paid back for a credit note takes back what such a sale would have earned, without speed.
* What an order has not invoiced yet earns its part up front; the invoice takes its place.
* All may be earned with the invoice; for critical customers nothing before the money is in.
* Each payment is rounded by itself, the part up front is split so that the people's parts add up.
  When nothing is open any more, the last money that earned a cent takes what the others' rounding
  left: what a person has then is his part of the rounded sum.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import NamedTuple

ANY = None


class Bracket(NamedTuple):
    """Days ``first`` to ``last`` (None: for ever) earn ``factor`` times."""

    first: int
    last: int | None
    factor: Fraction


class Rule(NamedTuple):
    """A rate in percent and what a line must be like; ANY matches everything."""

    key: object
    rate: Fraction
    product: object = ANY
    category: object = ANY
    tag: object = ANY
    grade: object = ANY


class Terms(NamedTuple):
    """A version of a plan. ``factors``: payment term → factor; ``upfront``: percent.

    trigger: ``payment``, ``invoice``, or ``payment_for_grades``: those of ``critical``.
    """

    rules: tuple[Rule, ...]
    stack: bool = False
    brackets: tuple[Bracket, ...] = ()
    clock: str = "invoice"
    factors: dict[object, Fraction] = {}
    upfront: Fraction = Fraction(0)
    trigger: str = "payment"
    critical: frozenset[object] = frozenset()


class Line(NamedTuple):
    """An invoice line without tax, in the company's currency; ``categories``: own and above."""

    untaxed: Fraction
    product: object = None
    categories: frozenset[object] = frozenset()


class Money(NamedTuple):
    """Money for a document, in its currency, without what was merely written off.

    due: of the instalment that it settled.
    """

    key: int
    day: date
    due: date
    amount: Fraction


class Document(NamedTuple):
    """An invoice, or a credit note, whose lines are negative.

    payees: (who, percent), in order. credited: what credit notes settled. settled: nothing is open.
    """

    total: Fraction
    invoiced: date
    lines: tuple[Line, ...]
    money: tuple[Money, ...]
    credited: Fraction
    settled: bool
    payees: tuple[tuple[object, Fraction], ...]
    refund: bool = False
    tags: frozenset[object] = frozenset()
    grade: object = None
    term: object = None


def matches(rule: Rule, line: Line, document: Document | Order) -> bool:
    return (
        rule.product in (ANY, line.product)
        and (rule.category is ANY or rule.category in line.categories)
        and (rule.tag is ANY or rule.tag in document.tags)
        and rule.grade in (ANY, document.grade)
    )


def bases(document: Document | Order, terms: Terms) -> dict[Rule, Fraction]:
    """What each rule is about, of the whole document."""
    found: dict[Rule, Fraction] = {}
    for line in document.lines:
        hits = [rule for rule in terms.rules if matches(rule, line, document)]
        for rule in hits if terms.stack else hits[:1]:
            found[rule] = found.get(rule, Fraction(0)) + line.untaxed
    return found


def speed(terms: Terms, document: Document, money: Money) -> Fraction:
    if document.refund or not terms.brackets:
        return Fraction(1)
    days = (money.day - (money.due if terms.clock == "due" else document.invoiced)).days
    for bracket in terms.brackets:
        if bracket.last is None or days <= bracket.last:
            return bracket.factor
    return Fraction(0)


def cents(amount: Fraction) -> Fraction:
    """To the cent; half a cent goes away from zero."""
    whole = (abs(amount) * 200 + 1) // 2
    return Fraction(whole if amount >= 0 else -whole, 100)


def entries(document: Document, terms: Terms) -> dict[tuple[int, object, object], Fraction]:
    """``{(money, who, rule): amount}``; what is earned up front has the money 0."""
    ledger: dict[tuple[int, object, object], Fraction] = {}
    for rule, base in bases(document, terms).items():
        earned = _earned(document, terms, base * rule.rate / 100)
        before = Fraction(0)
        for who, percent in document.payees:
            for key, amount in _person(document, earned, before, percent):
                if amount:
                    ledger[key, who, rule.key] = amount
            before += percent
    return ledger


def _earned(document: Document, terms: Terms, whole: Fraction) -> list[tuple[int, Fraction]]:
    """(money, what is earned with it by everybody together), not rounded, in its order."""
    whole *= terms.factors.get(document.term, Fraction(1))
    ahead = Fraction(0) if document.refund else _ahead(document, terms)
    earned = [(0, whole * ahead * (document.total - document.credited) / document.total)]
    for piece in sorted(document.money, key=lambda money: (money.day, money.key)):
        share = piece.amount / document.total
        earned.append((piece.key, whole * (1 - ahead) * share * speed(terms, document, piece)))
    return earned


def _ahead(document: Document, terms: Terms) -> Fraction:
    """The part that is earned with the invoice."""
    if must_pay_first(document, terms):
        return Fraction(0)
    return terms.upfront / 100 if terms.trigger == "payment" else Fraction(1)


def must_pay_first(document: Document | Order, terms: Terms) -> bool:
    return terms.trigger == "payment_for_grades" and document.grade in terms.critical


def _person(document, earned, before, percent):
    """(money, amount) of one person; ``before``: the percents of those that come before him."""
    (_key, ahead), *money = earned
    amounts = [cents(exact * percent / 100) for _key, exact in money]
    first = _share(ahead, before, percent)
    if document.settled and amounts:
        last = max((place for place, amount in enumerate(amounts) if amount), default=-1)
        amounts[last] = 0
        due = _share(sum(exact for _key, exact in earned), before, percent)
        amounts[last] = due - first - sum(amounts)
    return [(0, first), *((key, amount) for (key, _x), amount in zip(money, amounts, strict=True))]


def _share(exact, before, percent):
    """A person's part of a rounded sum."""
    return cents(exact * (before + percent) / 100) - cents(exact * before / 100)


class Order(NamedTuple):
    """A confirmed order: what of its lines is not invoiced yet."""

    lines: tuple[Line, ...]
    payees: tuple[tuple[object, Fraction], ...]
    tags: frozenset[object] = frozenset()
    grade: object = None
    term: object = None


def order_entries(order: Order, terms: Terms) -> dict[tuple[object, object], Fraction]:
    """``{(who, rule): amount}`` of what is earned up front with the order."""
    ledger: dict[tuple[object, object], Fraction] = {}
    if must_pay_first(order, terms):
        return ledger
    for rule, base in bases(order, terms).items():
        exact = base * rule.rate / 100 * terms.upfront / 100
        exact *= terms.factors.get(order.term, Fraction(1))
        before = Fraction(0)
        for who, percent in order.payees:
            if amount := _share(exact, before, percent):
                ledger[who, rule.key] = amount
            before += percent
    return ledger
