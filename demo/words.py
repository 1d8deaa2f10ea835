"""Names of companies that do not exist: made-up places, trades and legal forms of five countries.

VAT numbers have valid check digits in ranges that no office gives out.
"""

from __future__ import annotations

from random import Random

from stdnum import luhn
from stdnum.es import cif
from stdnum.iso7064 import mod_11_10
from stdnum.pl import nip

PLACES = {
    "IT": "Rivascura Fontalbana Collegrigio Serravento Boscoldo Montelvetro Valdispina "
    "Pietrafosca Acquanera Torrelunga Campodorso Lagoverde",
    "FR": "Clairvallon Beaurocher Montfeuil Valserein Hautebruyne Rochenoire Boisclair-le-Val "
    "Fontlaurier Pierrelune Champdoré",
    "DE": "Silbertann Nordquell Steinwiesen Falkenrieder Lindenhain Weidenkamp Morgenrot "
    "Hohenbrück Eichgrund Grünfelde",
    "ES": "Valdeluz Rocablanca Fuenteclara Montesol Riosereno Puertogris Campoloma "
    "Sierrabaja Torreviento Aguamansa",
    "PL": "Jasnopol Złotowid Wierzbogaj Kamionek-Las Białobór-Dwór Lipowiec-Młyn Srebrnik "
    "Dębowiec-Park Sosnowy-Gaj Modrzewie",
}
TRADES = {
    "IT": "Meccanica Arredi Impianti Alimentari Tessuti Ceramiche Legnami Grafica",
    "FR": "Mécanique Mobilier Équipements Alimentation Textiles Céramique Bois Imprimerie",
    "DE": "Maschinenbau Möbel Anlagen Lebensmittel Textil Keramik Holz Druck",
    "ES": "Mecánica Muebles Equipos Alimentos Tejidos Cerámica Maderas Gráficas",
    "PL": "Mechanika Meble Instalacje Żywność Tekstylia Ceramika Drewno Drukarnia",
}
FORMS = {
    "IT": ("S.r.l.", "S.p.A.", "S.n.c."),
    "FR": ("SAS", "SARL", "SA"),
    "DE": ("GmbH", "GmbH & Co. KG", "AG"),
    "ES": ("S.L.", "S.A."),
    "PL": ("sp. z o.o.", "S.A."),
}
CITIES = {
    "IT": (("20121", "Milano"), ("10121", "Torino"), ("40121", "Bologna"), ("37121", "Verona")),
    "FR": (("69002", "Lyon"), ("44000", "Nantes"), ("31000", "Toulouse"), ("67000", "Strasbourg")),
    "DE": (
        ("80331", "München"),
        ("20095", "Hamburg"),
        ("70173", "Stuttgart"),
        ("04109", "Leipzig"),
    ),
    "ES": (
        ("28013", "Madrid"),
        ("08002", "Barcelona"),
        ("46002", "Valencia"),
        ("41001", "Sevilla"),
    ),
    "PL": (
        ("00-001", "Warszawa"),
        ("30-001", "Kraków"),
        ("50-001", "Wrocław"),
        ("60-001", "Poznań"),
    ),
}
STREETS = {
    "IT": "Via del Lavoro {}",
    "FR": "{} rue de l'Industrie",
    "DE": "Werkstraße {}",
    "ES": "Calle del Trabajo {}",
    "PL": "ul. Przemysłowa {}",
}


def company_names(country: str, count: int, random: Random) -> list[str]:
    """Different names of one country."""
    pairs = [(p, t) for p in PLACES[country].split() for t in TRADES[country].split()]
    forms = FORMS[country]
    return [
        f"{place} {trade} {random.choice(forms)}" for place, trade in random.sample(pairs, count)
    ]


def vat_number(country: str, index: int) -> str:
    """A VAT number with valid check digits that nobody has."""
    return {"IT": _it, "FR": _fr, "DE": _de, "ES": _es, "PL": _pl}[country](index)


def _it(index: int) -> str:
    number = f"99{index:05d}100"
    return "IT" + number + luhn.calc_check_digit(number)


def _fr(index: int) -> str:
    number = f"999{index:05d}"
    siren = number + luhn.calc_check_digit(number)
    return f"FR{(12 + 3 * int(siren)) % 97:02d}{siren}"


def _de(index: int) -> str:
    number = f"999{index:05d}"
    return "DE" + number + mod_11_10.calc_check_digit(number)


def _es(index: int) -> str:
    number = f"B99{index:05d}"
    # a letter or a digit may end it; companies of type B have the digit
    return "ES" + number + cif.calc_check_digits(number)[0]


def _pl(index: int) -> str:
    # every eleventh base has no check digit, so the next one serves
    numbers = (f"{n}" for n in range(9990000000 + index * 100, 9990000000 + index * 100 + 100))
    return "PL" + next(number for number in numbers if nip.checksum(number) == 0)
