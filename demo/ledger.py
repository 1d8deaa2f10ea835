"""A year and a half of invoices and payments, made up from a fixed seed; dates end today.

`History` holds rows as the importer reads them. What a customer does follows from his habit:

prompt      pays a few days before the due date, now and then just after it
late        pays weeks late, later every month
habitual    pays a fixed number of days late, whatever the terms
seasonal    buys in a few months of the year and pays after his season
disputing   pays well, but leaves the invoices open that he disputes
insolvent   paid ever later and stopped half a year ago
new         has bought for some weeks only
foreign     pays well, in his own currency
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from .words import CITIES, STREETS, company_names, vat_number

DAYS = 548
# habit → (share of the customers, invoices a month, credit limit as a multiple of a month's sales)
HABITS = {
    "prompt": (0.36, 1.4, 4.0),
    "late": (0.16, 1.3, 2.5),
    "habitual": (0.12, 1.5, 3.0),
    "seasonal": (0.08, 2.8, 4.0),
    "disputing": (0.07, 1.3, 3.0),
    "insolvent": (0.06, 1.1, 1.5),
    "new": (0.08, 2.0, 1.0),
    "foreign": (0.07, 1.3, 4.0),
}
FOREIGN = {"PL": "PLN", "DE": "CHF", "IT": "USD", "FR": "CHF", "ES": "USD"}
RATES = {"PLN": 4.28, "CHF": 0.95, "USD": 1.09}
SEASON = (3, 4, 9, 10)


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer of the demo company and what is typical of him."""

    code: str
    country: str
    habit: str
    currency: str
    terms: tuple[int, ...]
    order: float
    lag: int


@dataclass
class History:
    """Rows of the three tables; ``buyers`` by code, for what is built upon them."""

    customers: list[dict[str, object]] = field(default_factory=list)
    invoices: list[dict[str, object]] = field(default_factory=list)
    payments: list[dict[str, object]] = field(default_factory=list)
    buyers: dict[str, Buyer] = field(default_factory=dict)

    def tables(self) -> Iterator[tuple[str, list[dict[str, object]]]]:
        """(kind, rows) in the order in which they can be imported."""
        yield "customers", self.customers
        yield "invoices", self.invoices
        yield "payments", self.payments


def rate_on(currency: str, day: date) -> float:
    """Units of a currency for one euro: a slow swing around its usual rate."""
    return round(RATES[currency] * (1 + 0.004 * ((day.year * 12 + day.month) % 7 - 3)), 4)


def build_history(
    today: date,
    countries: dict[str, int],
    prefix: str = "C",
    seed: int = 1,
    salespeople: tuple[str, ...] = (),
    foreign: bool = True,
    vat: bool = True,
) -> History:
    """History of so many customers per country; the same arguments give the same rows."""
    random = Random(seed)
    history = History()
    habits = _habits(sum(countries.values()), random)
    for country, count in countries.items():
        for name in company_names(country, count, random):
            buyer = _buyer(f"{prefix}{len(history.buyers) + 1:03d}", country, habits.pop(), random)
            if not foreign:
                buyer = Buyer(
                    *(getattr(buyer, s) if s != "currency" else "" for s in Buyer.__slots__)
                )
            history.buyers[buyer.code] = buyer
            index = seed * 1000 + len(history.buyers)
            row = _customer(buyer, name, random)
            row["vat"] = vat_number(country, index) if vat else ""
            row["salesperson"] = random.choice(salespeople) if salespeople else ""
            history.customers.append(row)
    _trade(history, today, prefix, random)
    return history


def _habits(count: int, random: Random) -> list[str]:
    """A habit for each customer: every one at least once when there are enough customers."""
    habits = [
        habit for habit, (share, *_rest) in HABITS.items() for _ in range(round(share * count))
    ]
    habits = (habits + ["prompt"] * count)[:count]
    random.shuffle(habits)
    return habits


def _buyer(code: str, country: str, habit: str, random: Random) -> Buyer:
    terms = random.choices(((30,), (60,), (30, 60, 90), (90,), (14,)), (50, 25, 12, 5, 8))[0]
    return Buyer(
        code=code,
        country=country,
        habit=habit,
        currency=FOREIGN[country] if habit == "foreign" else "",
        terms=terms,
        order=random.lognormvariate(7.4, 0.7),
        lag=random.randint(12, 35),
    )


def _customer(buyer: Buyer, name: str, random: Random) -> dict[str, object]:
    _share, monthly, months = HABITS[buyer.habit]
    limit = round(buyer.order * monthly * months * random.uniform(0.8, 1.3) / 500) * 500
    zip_code, city = random.choice(CITIES[buyer.country])
    return {
        "code": buyer.code,
        "name": name,
        "country": buyer.country,
        "street": STREETS[buyer.country].format(random.randint(1, 120)),
        "zip": zip_code,
        "city": city,
        "email": f"accounts.{buyer.code.lower()}@customers.example",
        # every tenth has none yet
        "credit_limit": "" if random.random() < 0.1 else max(limit, 1000),
    }


def _trade(history: History, today: date, prefix: str, random: Random) -> None:
    """Every sale in the order of its date, numbered as a company would, and what was paid."""
    sales = [
        (day, buyer.code)
        for buyer in history.buyers.values()
        for day in _sale_days(buyer, today, random)
    ]
    for count, (day, code) in enumerate(sorted(sales), 1):
        buyer = history.buyers[code]
        number = f"{prefix}{day.year}/{count:05d}"
        amount = round(buyer.order * random.uniform(0.5, 1.7), 2)
        disputed = buyer.habit == "disputing" and random.random() < 0.2
        dues = _invoice(history, buyer, number, day, amount, disputed)
        if not disputed:
            _settle(history, buyer, number, dues, amount, today, random)


def _sale_days(buyer: Buyer, today: date, random: Random) -> Iterator[date]:
    _share, monthly, _months = HABITS[buyer.habit]
    first = 60 if buyer.habit == "new" else DAYS
    last = 150 if buyer.habit == "insolvent" else 1
    ago: float = first
    while (ago := ago - random.expovariate(monthly / 30)) >= last:
        day = today - timedelta(days=int(ago))
        if buyer.habit != "seasonal" or day.month in SEASON:
            yield day


def _invoice(
    history: History, buyer: Buyer, number: str, day: date, amount: float, disputed: bool
) -> list[tuple[date, float]]:
    """Write an invoice, a line for each instalment; the last one takes what rounding leaves."""
    part = round(amount / len(buyer.terms), 2)
    parts = [part] * (len(buyer.terms) - 1)
    parts.append(round(amount - sum(parts), 2))
    dues = [
        (day + timedelta(days=term), part) for term, part in zip(buyer.terms, parts, strict=True)
    ]
    for due, share in dues:
        history.invoices.append(
            {
                "number": number,
                "customer": buyer.code,
                "date": day,
                "due_date": due,
                "amount": share,
                "currency": buyer.currency,
                "disputed": "yes" if disputed else "",
                "credit_of": "",
            }
        )
    return dues


def _settle(
    history: History,
    buyer: Buyer,
    number: str,
    dues: list[tuple[date, float]],
    amount: float,
    today: date,
    random: Random,
) -> None:
    """What happened to an invoice: a credit note now and then, and payments up to today."""
    left = dict(dues)
    if random.random() < 0.04:
        _credit(history, buyer, number, dues[0][0], round(amount * 0.1, 2), today)
        left[dues[0][0]] = round(dues[0][1] - round(amount * 0.1, 2), 2)
    for due, share in left.items():
        paid = due + timedelta(days=_delay(buyer, due, today, random))
        if paid > today or (buyer.habit == "insolvent" and (today - paid).days < 190):
            continue
        for part, wait, named in _parts(share, random):
            _pay(history, buyer, number if named else "", paid + timedelta(days=wait), part, today)


def _delay(buyer: Buyer, due: date, today: date, random: Random) -> int:
    age = (today - due).days / DAYS  # 1 at the beginning, 0 today
    if buyer.habit == "late":
        return int(5 + 35 * (1 - max(0.0, age)) + random.gammavariate(2, 5))
    if buyer.habit == "habitual":
        return buyer.lag + random.randint(-3, 3)
    if buyer.habit == "seasonal":
        return random.randint(5, 40)
    if buyer.habit == "insolvent":
        return int(15 + 60 * (1 - max(0.0, age)))
    return random.randint(-8, 2)


def _parts(share: float, random: Random) -> list[tuple[float, int, bool]]:
    """(amount, days later, names its invoice) of the payments of one instalment."""
    chance = random.random()
    if chance < 0.06:
        half = round(share * 0.5, 2)
        return [(half, 0, True), (round(share - half, 2), 20, True)]
    if chance < 0.08:
        return [(round(share * 0.9, 2), 0, True)]
    if chance < 0.09:
        return [(round(share + 50, 2), 0, True)]
    return [(share, 0, chance > 0.11)]


def _pay(
    history: History, buyer: Buyer, number: str, day: date, amount: float, today: date
) -> None:
    if day > today or amount <= 0:
        return
    count = len(history.payments) + 1
    # what came in these days is not on a bank statement yet
    recent = (today - day).days <= 4
    history.payments.append(
        {
            "reference": f"{buyer.code}-P{count:05d}",
            "customer": buyer.code,
            "date": day,
            "amount": amount,
            "currency": buyer.currency,
            "invoices": number,
            "status": "registered" if recent and count % 2 else "",
        }
    )


def _credit(
    history: History, buyer: Buyer, number: str, due: date, amount: float, today: date
) -> None:
    history.invoices.append(
        {
            "number": f"{number}-N",
            "customer": buyer.code,
            "date": min(due, today),
            "due_date": min(due, today),
            "amount": -amount,
            "currency": buyer.currency,
            "disputed": "",
            "credit_of": number,
        }
    )
