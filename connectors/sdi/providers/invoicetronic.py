"""Invoicetronic: a feed of updates in the order of their arrival (API documentation 1.12)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ...contract import Message, utc_text
from ...errors import NotJson
from ...guards import child, children, dated, text, write_json, year_of
from ...lifecycle import InvoiceRef, Notification, Outcome
from ..parse import error

if TYPE_CHECKING:
    from ...accounts import Account
    from ...client import Client

PROVIDER = "invoicetronic"
BASES = ("https://api.invoicetronic.com/v1", "https://api.invoicetronic.com")
PAGE = 200


class State(NamedTuple):
    type: str
    outcome: Outcome
    code: str = ""


# By name, and by the number that stands for it in some versions of the API.
STATES: dict[str, State] = {
    "Inviato": State("UP", Outcome.SENT),
    "Consegnato": State("RC", Outcome.DELIVERED),
    "NonConsegnato": State("MC", Outcome.NOT_DELIVERED),
    "Scartato": State("NS", Outcome.NOT_ISSUED),
    "AccettatoDalDestinatario": State("NE", Outcome.ACCEPTED, "EC01"),
    "RifiutatoDalDestinatario": State("NE", Outcome.REFUSED, "EC02"),
    "ImpossibilitaDiRecapito": State("MC", Outcome.NOT_DELIVERED),
    "DecorrenzaTermini": State("DT", Outcome.CLOSED),
    "AttestazioneTrasmissioneFattura": State("AT", Outcome.NOT_DELIVERED),
}
NUMBERS = {
    "2": "Inviato",
    "5": "Consegnato",
    "6": "NonConsegnato",
    "7": "Scartato",
    "8": "AccettatoDalDestinatario",
    "9": "RifiutatoDalDestinatario",
    "10": "ImpossibilitaDiRecapito",
    "11": "DecorrenzaTermini",
    "12": "AttestazioneTrasmissioneFattura",
}


class Invoicetronic:
    """Pages by ``last_update``; never by ``unread``, which each reading flips."""

    provider = PROVIDER

    def __init__(self, client: Client) -> None:
        self._client = client

    def fetch(self, since: datetime, cursor: str | None) -> tuple[Sequence[Message], str | None]:
        """One page; new updates come to the end of the list, so page numbers stay true."""
        page = int(cursor or 1)
        items = self._client.get_json(
            "/update",
            {
                "last_update_from": utc_text(since),
                "sort": "last_update",
                "page": page,
                "page_size": PAGE,
            },
        )
        if not isinstance(items, list):
            raise NotJson("the list of updates is no list")
        return [_message(item) for item in items], str(page + 1) if len(items) == PAGE else None


def open_feed(account: Account, connect: Callable[[str], Client]) -> Invoicetronic:
    """The feed; the API key is the user name of HTTP basic authentication, without password."""
    client = connect(account.base or BASES[0])
    key = b64encode(f"{account.secret.strip()}:".encode()).decode()
    client.authorize(f"Basic {key}")
    return Invoicetronic(client)


def _message(item: Any) -> Message:
    raw = write_json(item)
    return Message(PROVIDER, text(child(item, "id")), raw, document=text(child(item, "send_id")))


def recognises(data: Any) -> bool:
    """Whether this JSON is an update, or a page of them."""
    first = data[0] if isinstance(data, list) and data else data
    return isinstance(first, dict) and "state" in first and "send_id" in first


def parse_json(data: Any) -> tuple[Notification, ...]:
    """The notifications in an update or in a page of them."""
    return tuple(_notification(item) for item in (data if isinstance(data, list) else [data]))


def _notification(item: Any) -> Notification:
    title = text(child(item, "state"))
    title = NUMBERS.get(title, title)
    state = STATES.get(title, State(title, Outcome.UNKNOWN))
    sent = child(item, "send")
    return Notification(
        network="sdi",
        provider=PROVIDER,
        type=state.type,
        outcome=state.outcome,
        title=title,
        code=state.code,
        text=text(child(item, "description")),
        exchange_id=text(child(sent, "identifier")),
        external_id=text(child(item, "message_id")) or _own_id(item),
        file_name=text(child(sent, "file_name")),
        invoices=_documents(sent),
        dates=dated(updated=child(item, "last_update"), sent=child(sent, "date_sent")),
        errors=tuple(
            error(
                text(child(node, "code")),
                text(child(node, "description")),
                text(child(node, "hint")),
            )
            for node in children(item, "errors")
        ),
        parties=tuple(filter(None, (text(child(sent, "prestatore")),))),
    )


def _own_id(item: Any) -> str:
    number = text(child(item, "id"))
    return f"{PROVIDER}-{number}" if number else ""


def _documents(sent: Any) -> tuple[InvoiceRef, ...]:
    return tuple(
        InvoiceRef(text(child(node, "number")), year_of(text(child(node, "date"))[:10]))
        for node in children(sent, "documents")
        if text(child(node, "number"))
    )
