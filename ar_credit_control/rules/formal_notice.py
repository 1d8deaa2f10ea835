"""What a formal notice has to say, by country, and what a given one lacks.

The demands are those that are common to the countries: both parties with their addresses, the
claim with its origin and due date, a deadline, interest and compensation, and how to pay. The
usual deadlines: France 8 to 15 days, Italy 7 to 15 by registered letter or certified e-mail;
elsewhere a week is taken as the shortest that a court would call reasonable.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

SHORTEST = 7  # days


class Formality(NamedTuple):
    """What a country calls the notice, in its own language, and the shortest usual deadline."""

    title: str
    days: int = SHORTEST


FORMALITIES: dict[str, Formality] = {
    "AT": Formality("Mahnung"),
    "BE": Formality("Mise en demeure – Ingebrekestelling", 8),
    "DE": Formality("Mahnung"),
    "ES": Formality("Requerimiento de pago"),
    "FR": Formality("Mise en demeure de payer", 8),
    "IT": Formality("Diffida e costituzione in mora", 7),
    "PL": Formality("Ostateczne przedsądowe wezwanie do zapłaty"),
    "PT": Formality("Interpelação para pagamento"),
}


def formality(country_code: str) -> Formality:
    """The country's own terms; without a title where the language of the letter says it all.

    >>> formality("FR").title, formality("XX").days
    ('Mise en demeure de payer', 7)
    """
    return FORMALITIES.get(country_code, Formality(""))


class Notice(NamedTuple):
    """The parts of a notice that its validity rests on; texts may be empty, days None."""

    country_code: str
    issued: date
    deadline: date | None
    oldest_due: date | None
    claim: float
    creditor_address: str
    creditor_number: str
    debtor_address: str
    account: str
    interest_stated: bool


def lacking(notice: Notice) -> tuple[str, ...]:
    """Keys of what a notice lacks, in the order in which a lawyer would read it.

    ``creditor_address``, ``creditor_number`` (VAT or register), ``debtor_address``, ``claim``
    (nothing open), ``not_due``, ``deadline`` (none, or shorter than usual), ``interest`` and
    ``account`` (where to pay).
    """
    checks = {
        "creditor_address": bool(notice.creditor_address.strip()),
        "creditor_number": bool(notice.creditor_number.strip()),
        "debtor_address": bool(notice.debtor_address.strip()),
        "claim": notice.claim > 0,
        "not_due": notice.oldest_due is not None and notice.oldest_due < notice.issued,
        "deadline": _suffices(notice),
        "interest": notice.interest_stated,
        "account": bool(notice.account.strip()),
    }
    return tuple(key for key, is_there in checks.items() if not is_there)


def _suffices(notice: Notice) -> bool:
    if notice.deadline is None:
        return False
    return (notice.deadline - notice.issued).days >= formality(notice.country_code).days
