"""What the simulated exchange knows, and what is switched to go wrong."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from .backlog import Backlog
from .messages import ROOTS, Event

# Provider and kind of request -> requests allowed in so many seconds, where that is published.
LIMITS = {"aruba:signin": (1, 60.0), "aruba:search": (12, 60.0)}
FAULTS = frozenset(
    {"rate_limit", "server_error", "unauthorized", "html", "truncated", "redirect", "huge", "slow"}
    | {"not_found", "gzip", "deep"}
)


@dataclass(slots=True)
class Fault:
    """Something that goes wrong with the next ``times`` requests whose path begins so."""

    name: str
    path: str = "/"
    times: int = 1
    value: str = ""


class World:
    """Messages and faults. ``user`` and ``secret`` are what each provider's sign-in wants."""

    def __init__(
        self,
        events: Sequence[Event] = (),
        *,
        user: str = "demo",
        secret: str = "demo-secret",
        limits: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base: Sequence[Event] = events
        self._added: list[Event] = []
        self._documents: dict[str, list[Event]] = {}
        self._grouped = 0
        self.user = user
        self.secret = secret
        self.limits = limits
        self._clock = clock
        self._uses: dict[str, deque[float]] = {}
        self._faults: list[Fault] = []
        self._ids = count(1)
        self.requests: Counter[str] = Counter()

    # ------------------------------------------------------------ messages
    def __len__(self) -> int:
        return len(self._base) + len(self._added)

    def page(self, start: int, stop: int) -> list[Event]:
        """Messages by their place in the feed."""
        size = len(self._base)
        found = list(self._base[start : min(stop, size)])
        return found + self._added[max(0, start - size) : max(0, stop - size)]

    def first_since(self, moment: datetime) -> int:
        """Place of the first message that arrived then or later, by bisection."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.page(middle, middle + 1)[0].arrived < moment:
                low = middle + 1
            else:
                high = middle
        return low

    def add(self, **values: Any) -> Event:
        """A new message, now, with what is not given made up."""
        number = 500_000 + next(self._ids)
        now = datetime.now(timezone.utc)
        defaults = {
            "id": len(self) + 1,
            "file_name": f"IT01234567890_{number % 100_000:05d}.xml",
            "number": f"INV/{now.year}/{number}",
            "day": f"{now:%Y-%m-%d}",
            "exchange_id": str(20_000_000 + number),
            "message_id": str(800_000_000 + number),
            "happened": now,
            "arrived": now,
        }
        errors = tuple((*error, "", "")[:3] for error in values.pop("errors", ()))
        event = Event(**(defaults | values | {"errors": errors}))
        if event.type not in ROOTS:
            raise ValueError(f"no message {event.type!r}; there are {', '.join(sorted(ROOTS))}")
        if event.type == "NE" and event.answer not in ("EC01", "EC02"):
            raise ValueError("a message NE needs the answer EC01 or EC02")
        self._added.append(event)
        return event

    def documents(self) -> Mapping[str, list[Event]]:
        """The messages of each invoice file, by its name, in the order of the feed."""
        for event in self.page(self._grouped, len(self)):
            self._documents.setdefault(event.file_name, []).append(event)
            self._grouped += 1
        return self._documents

    # ------------------------------------------------------------ faults
    def break_next(self, name: str, *, path: str = "/", times: int = 1, value: str = "") -> None:
        """Switch a fault on."""
        if name not in FAULTS:
            raise ValueError(f"no fault {name!r}; there are {', '.join(sorted(FAULTS))}")
        self._faults.append(Fault(name, path, int(times), str(value)))

    def mend(self) -> None:
        """Switch all faults off."""
        self._faults.clear()

    def fault_for(self, path: str) -> Fault | None:
        """The fault that this request meets."""
        for fault in self._faults:
            if fault.times > 0 and path.startswith(fault.path):
                fault.times -= 1
                return fault
        return None

    def within_limit(self, bucket: str) -> bool:
        """Whether the provider's published limit allows this request now."""
        if not self.limits or bucket not in LIMITS:
            return True
        most, seconds = LIMITS[bucket]
        uses, now = self._uses.setdefault(bucket, deque()), self._clock()
        while uses and uses[0] <= now - seconds:
            uses.popleft()
        if len(uses) >= most:
            return False
        uses.append(now)
        return True


def uuid_of(name: str) -> str:
    """A stable id for an invoice file or message.

    >>> uuid_of("IT01234567890_00001.xml") == uuid_of("IT01234567890_00001.xml")
    True
    """
    return str(uuid5(NAMESPACE_URL, name))


def demo_world(invoices: Iterable[Mapping[str, Any]] = (), backlog: int = 0) -> World:
    """A world with a rejection, a failed delivery, a refusal and deliveries of these invoices.

    ``invoices``: number, day and file_name of each; without any, some are made up.
    """
    world = World(Backlog(backlog))
    for index, invoice in enumerate(list(invoices) or [{}] * len(STORIES)):
        world.add(**dict(invoice), **STORIES[index % len(STORIES)])
    return world


STORIES: tuple[dict[str, Any], ...] = (
    {
        "type": "NS",
        "errors": [
            ("00305", "1.4.1.1.2 <IdCodice> non valido : 00000000000", "Verificare la partita IVA"),
            ("00311", "1.1.4 <CodiceDestinatario> non valido : ABC1234 non trovato", ""),
        ],
    },
    {"type": "RC"},
    {"type": "MC", "reason": "Il sistema del destinatario non risponde"},
    {"type": "NE", "answer": "EC02", "reason": "Ordine di acquisto mancante"},
    {"type": "RC"},
    {"type": "DT", "reason": "Decorsi 15 giorni senza esito"},
)
