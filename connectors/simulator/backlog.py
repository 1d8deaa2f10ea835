"""A feed of any length that is computed, not stored: the same number gives the same message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from random import Random
from typing import overload

from .messages import Event

START = datetime(2026, 1, 1, 8, tzinfo=timezone.utc)
STEP = timedelta(seconds=20)
DUPLICATES = 0.10
OUT_OF_ORDER = 0.05
MALFORMED = 0.01
# What the exchange says, as shares of the messages that are in order.
MIX = (("RC", 0.70), ("MC", 0.12), ("NS", 0.08), ("NE", 0.06), ("DT", 0.02), ("AT", 0.02))
ERRORS = (
    ("00300", "1.1.1.2 <IdCodice> non valido", "Verificare IdTrasmittente"),
    ("00305", "1.4.1.1.2 <IdCodice> non valido", "Verificare la partita IVA del cliente"),
    ("00306", "1.4.1.2 <CodiceFiscale> non valido", "Verificare il codice fiscale del cliente"),
    ("00311", "1.1.4 <CodiceDestinatario> non valido", "Verificare il codice destinatario"),
    ("00400", "2.2.1.14 <Natura> non presente a fronte di 2.2.1.12 <AliquotaIVA> pari a zero", ""),
    ("00404", "Fattura duplicata", ""),
    ("00423", "2.2.1.11 <PrezzoTotale> non calcolato secondo le regole", ""),
)
REASONS = ("Ordine di acquisto mancante", "Importo errato", "Codice CIG mancante")


class Backlog(Sequence[Event]):
    """``length`` messages: duplicates, late and broken ones in the shares above."""

    def __init__(self, length: int, seed: int = 7, seller: str = "IT01234567890") -> None:
        self._length = length
        self._seed = seed
        self._seller = seller

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        """The message, or those of a page."""
        if isinstance(index, slice):
            return [self._event(item) for item in range(*index.indices(self._length))]
        if not 0 <= index < self._length:
            raise IndexError(index)
        return self._event(index)

    def _event(self, index: int) -> Event:
        chance = Random(self._seed * 1_000_003 + index)
        fate = chance.random()
        if fate < DUPLICATES and index:
            original = self._original(max(0, index - chance.randint(1, 500)))
            return _again(original, index)
        return self._original(index)

    def _original(self, index: int) -> Event:
        chance = Random(self._seed * 7_000_003 + index)
        fate, arrived = chance.random(), START + STEP * index
        late = (
            timedelta(days=chance.randint(2, 12)) if fate < OUT_OF_ORDER else timedelta(minutes=5)
        )
        broken = b"<RicevutaScarto><IdentificativoSdI>1" if fate > 1 - MALFORMED else b""
        kind = chance.choices([name for name, _share in MIX], [share for _name, share in MIX])[0]
        return Event(
            id=index + 1,
            type=kind,
            file_name=f"{self._seller}_{_base36(index)}.xml",
            number=f"INV/2026/{index + 1:06d}",
            day=f"{arrived - late:%Y-%m-%d}",
            exchange_id=str(10_000_000 + index),
            message_id=str(900_000_000 + index),
            happened=arrived - late,
            arrived=arrived,
            seller=self._seller,
            errors=_errors(chance) if kind == "NS" else (),
            answer=chance.choice(("EC01", "EC02")) if kind == "NE" else "",
            reason=chance.choice(REASONS) if kind in ("NE", "DT") else "",
            broken=broken,
        )


def _again(event: Event, index: int) -> Event:
    return replace(event, id=index + 1, arrived=START + STEP * index)


def _errors(chance: Random) -> tuple[tuple[str, str, str], ...]:
    return tuple(chance.sample(ERRORS, chance.choice((1, 1, 1, 2, 3))))


def _base36(number: int) -> str:
    """Five characters, as the SdI wants the progressive part of a file name.

    >>> _base36(0), _base36(36)
    ('00000', '00010')
    """
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    written = ""
    for _place in range(5):
        number, digit = divmod(number, 36)
        written = digits[digit] + written
    return written
