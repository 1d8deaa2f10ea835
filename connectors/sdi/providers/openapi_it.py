"""Openapi.it and A-Cube: one data model, two doors. A list of invoices, then each one's messages.

The messages come as JSON with the element names of the SdI's schema in snake case. A list of one
is written as the element itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...contract import Message, utc_text
from ...errors import CredentialsRefused, Malformed, MissingField, NotJson, Refused
from ...guards import child, dated, text, write_json, year_of
from ...lifecycle import Direction, InvoiceRef, Notification, Outcome
from .. import mapping
from ..parse import error
from .polling import DocumentPoll

if TYPE_CHECKING:
    from ...accounts import Account
    from ...client import Client

# The marking of an invoice that has no message yet.
SILENT = frozenset({"waiting", "sent", "quarantena", "invoice-error", "uploaded"})
# The markings after which no message follows: only a public body still answers a delivery.
ENDED = frozenset({"delivered", "rejected", "accepted-pa", "rejected-pa", "deadline-terms"})
BY_TYPE = {kind.type: kind for kind in mapping.KINDS.values()}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where the two providers differ."""

    provider: str
    bases: tuple[str, ...]
    messages: str  # path to an invoice's messages
    page: int
    login: dict[str, str]


OPENAPI = Dialect(
    provider="openapi_it",
    bases=("https://sdi.openapi.it", "https://test.sdi.openapi.it"),
    messages="/invoices_notifications/{uuid}",
    page=30,
    login={},
)
ACUBE_LOGINS = {
    "https://api.acubeapi.com": "https://common.api.acubeapi.com",
    "https://api-sandbox.acubeapi.com": "https://common-sandbox.api.acubeapi.com",
}
ACUBE = Dialect(
    provider="acube",
    bases=(*ACUBE_LOGINS, *ACUBE_LOGINS.values()),
    messages="/invoices/{uuid}/notifications",
    page=30,
    login=ACUBE_LOGINS,
)


class InvoiceList(DocumentPoll):
    """Documents are the provider's ids of invoices."""

    def __init__(
        self,
        client: Client,
        dialect: Dialect,
        documents: Sequence[str],
        known: Collection[str] | None = None,
    ) -> None:
        super().__init__(documents, known)
        self.provider = dialect.provider
        self._client = client
        self._dialect = dialect

    def _page(self, since: datetime, page: int) -> tuple[list[str], bool]:
        """Invoices on a page that may have messages; the last page is not full."""
        answer = self._client.get_json(
            "/invoices",
            {"type": 0, "createdAt[after]": utc_text(since), "page": page},
        )
        found = _items(answer)
        count = len(found)
        if self._known is None:  # who remembers them asks for the silent ones later
            found = [item for item in found if not _is_silent(item)]
        self.ended |= {text(child(item, "uuid")) for item in found if _marking(item) in ENDED}
        uuids = [text(child(item, "uuid")) for item in found]
        return list(filter(None, uuids)), count < self._dialect.page

    def _messages(self, uuid: str) -> list[Message]:
        provider = self.provider
        try:
            answer = self._client.get_json(self._dialect.messages.format(uuid=_safe(uuid)))
            return [_message(item, provider, uuid) for item in _items(answer)]
        except (Refused, Malformed) as problem:  # this invoice alone: the others go on
            self.ended.discard(uuid)
            raw = json.dumps(problem.as_dict()).encode()
            return [Message(provider, f"{uuid}:error", raw, document=uuid)]


def _is_silent(item: Any) -> bool:
    return _marking(item) in SILENT


def _marking(item: Any) -> str:
    return text(child(item, "marking")).lower()


def _safe(uuid: str) -> str:
    """An id that goes into a path must not lead out of it."""
    if not uuid.replace("-", "").isalnum():
        raise Refused(f"{uuid[:60]!r} is no id of an invoice")
    return uuid


def _items(answer: Any) -> list[Any]:
    """The list in an answer: bare, below ``data``, or below the JSON-LD name for members."""
    for found in (answer, child(answer, "data"), child(answer, "hydra:member")):
        if isinstance(found, list):
            return found
    raise NotJson("the answer holds no list")


def _message(item: Any, provider: str, uuid: str) -> Message:
    raw = write_json(item)
    name = text(child(item, "file_name"))
    return Message(provider, text(child(item, "uuid")), raw, name, document=uuid)


def open_openapi(account: Account, connect: Callable[[str], Client]) -> InvoiceList:
    """The feed of Openapi.it, with its bearer token."""
    client = connect(account.base or OPENAPI.bases[0])
    client.authorize(f"Bearer {account.secret.strip()}")
    return InvoiceList(client, OPENAPI, account.documents, account.known)


def open_acube(account: Account, connect: Callable[[str], Client]) -> InvoiceList:
    """The feed of A-Cube: user and password buy a token for a day."""
    base = (account.base or ACUBE.bases[0]).rstrip("/")
    login = connect(ACUBE.login.get(base, base))
    answer = login.post_json("/login", json={"email": account.user, "password": account.secret})
    token = text(child(answer, "token"))
    if not token:
        raise CredentialsRefused("the login gave no token")
    client = connect(base)
    client.authorize(f"Bearer {token}")
    return InvoiceList(client, ACUBE, account.documents, account.known)


def recognises(data: Any) -> bool:
    """Whether this JSON is a message, or an answer with a list of them."""
    found = _listed(data)
    return bool(found) and isinstance(found[0], dict) and {"type", "message"} <= found[0].keys()


def _listed(data: Any) -> list[Any]:
    try:
        return _items(data)
    except NotJson:
        return [data]


def parse_json(data: Any) -> tuple[Notification, ...]:
    """The notifications in a message or in an answer with several."""
    return tuple(_notification(item) for item in _listed(data))


def _notification(item: Any) -> Notification:
    kind = BY_TYPE.get(text(child(item, "type")))
    content = child(item, "message")
    result = _get(content, "EsitoCommittente") or content
    code = text(_get(result, "Esito")) or text(_get(content, "Scarto"))
    unknown = mapping.ANSWERS.get(code, Outcome.UNKNOWN)
    number, file_name = _subject(content)
    return Notification(
        network="sdi",
        type=kind.type if kind else text(child(item, "type")),
        outcome=(kind.outcome or unknown) if kind else Outcome.UNKNOWN,
        direction=kind.direction if kind else Direction.SENT,
        title=text(child(content, "@type")),
        code=code,
        text=text(_get(result, "Descrizione")) or text(_get(content, "Note")),
        exchange_id=number,
        external_id=text(_get(content, "MessageId")) or text(child(item, "uuid")),
        file_name=file_name,
        archive_name=text(_get(_get(content, "RiferimentoArchivio"), "NomeFile")),
        invoices=_references(result),
        dates=dated(
            received=_get(content, "DataOraRicezione"),
            delivered=_get(content, "DataOraConsegna"),
            available=_get(content, "DataMessaADisposizione"),
            updated=child(item, "created_at"),
        ),
        errors=_errors(content) or _refusal(code, result),
    )


def _subject(content: Any) -> tuple[str, str]:
    """The transmission and the invoice file that a message is about."""
    found = text(_get(content, "IdentificativoSdI")), text(_get(content, "NomeFile"))
    if not any(found):
        raise MissingField("the message names neither a transmission nor a file")
    return found


def _get(node: Any, name: str) -> Any:
    """A member by its name in the schema, written as there or in snake case."""
    return child(node, name) if child(node, name) is not None else child(node, _snake(name))


def _snake(name: str) -> str:
    """
    >>> _snake("DataOraRicezione"), _snake("IdentificativoSdI")
    ('data_ora_ricezione', 'identificativo_sdi')
    """
    name = name.replace("SdI", "Sdi")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


def _listed_below(node: Any, name: str) -> list[Any]:
    found = _get(node, name)
    return found if isinstance(found, list) else [found] if found else []


def _errors(content: Any) -> tuple[Any, ...]:
    nodes = _listed_below(_get(content, "ListaErrori"), "Errore")
    return tuple(
        error(
            text(_get(node, "Codice")),
            text(_get(node, "Descrizione")),
            text(_get(node, "Suggerimento")),
        )
        for node in nodes
    )


def _refusal(code: str, result: Any) -> tuple[Any, ...]:
    if not code or mapping.ANSWERS.get(code) == Outcome.ACCEPTED:
        return ()
    return (error(code, text(_get(result, "Descrizione")) or mapping.TEXTS.get(code, "")),)


def _references(result: Any) -> tuple[InvoiceRef, ...]:
    return tuple(
        InvoiceRef(text(_get(node, "NumeroFattura")), year_of(_get(node, "AnnoFattura")))
        for node in _listed_below(result, "RiferimentoFattura")
        if text(_get(node, "NumeroFattura"))
    )
