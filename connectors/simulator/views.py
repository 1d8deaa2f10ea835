"""The documented answers of each provider, over the messages of a world."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..guards import moment
from ..lifecycle import as_utc
from ..sdi.providers.invoicetronic import STATES
from .messages import ROOTS, Event, write
from .world import World, uuid_of

TOKEN = "simulated-token"


class Request(NamedTuple):
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, Any]


class Answer(NamedTuple):
    """``content`` is written as JSON, a text as it is."""

    content: Any
    status: int = 200
    headers: Mapping[str, str] = {}


UNAUTHORIZED = Answer({"title": "Unauthorized", "status": 401}, 401)
HTML_LIMIT = Answer("<html><body>Too many requests</body></html>", 429)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    written = query.get(name, "")
    return int(written) if written.isdigit() else default


def _since(query: Mapping[str, str], name: str, world: World) -> int:
    when = moment(query.get(name, ""))
    return world.first_since(as_utc(when)) if isinstance(when, datetime) else 0


def _bearer(request: Request) -> bool:
    return request.headers.get("Authorization") == f"Bearer {TOKEN}"


# ---------------------------------------------------------------- Invoicetronic
def invoicetronic_updates(world: World, request: Request) -> Answer:
    """GET /update: ascending by last update, at most 200 a page."""
    key = b64encode(f"{world.secret}:".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {key}":
        return UNAUTHORIZED
    size, page = _number(request.query, "page_size", 100), _number(request.query, "page", 1)
    if not 1 <= size <= 200 or page < 1:
        return Answer({"title": "Bad Request", "detail": "page_size: 1 to 200"}, 400)
    first = _since(request.query, "last_update_from", world)
    start = first + (page - 1) * size
    found = [_update(event) for event in world.page(start, start + size)]
    return Answer(found, headers={"Invoicetronic-Total-Count": str(len(world) - first)})


def _update(event: Event) -> dict[str, Any]:
    if event.broken:
        return {"id": event.id, "state": None}
    return {
        "id": event.id,
        "send_id": int(event.exchange_id) % 1_000_000,
        "state": _state(event),
        "last_update": event.arrived.isoformat(),
        "description": event.reason or None,
        "message_id": event.message_id,
        "errors": [
            {"code": code, "description": words, "hint": hint} for code, words, hint in event.errors
        ],
        "is_read": False,
        "send": {
            "identifier": event.exchange_id,
            "prestatore": event.seller,
            "documents": [{"number": event.number, "date": event.day}],
            "date_sent": event.happened.isoformat(),
        },
    }


def _state(event: Event) -> str:
    wanted = (event.type, event.answer)
    found = (name for name, state in STATES.items() if (state.type, state.code) == wanted)
    # Both delivery failures are an MC for the SdI; the later name is that of the private sector.
    return "ImpossibilitaDiRecapito" if event.type == "MC" else next(found)


# ---------------------------------------------------------------- Aruba
def aruba_sign_in(world: World, request: Request) -> Answer:
    """POST /auth/signin: OAuth password grant, once a minute."""
    if not world.within_limit("aruba:signin"):
        return HTML_LIMIT
    given = tuple(request.form.get(name) for name in ("grant_type", "username", "password"))
    if given != ("password", world.user, world.secret):
        return Answer({"error": "invalid_grant", "error_description": "bad credentials"}, 400)
    return Answer({"access_token": TOKEN, "token_type": "bearer", "expires_in": 1800})


def aruba_documents(world: World, request: Request) -> Answer:
    """GET …/out/findByUsername: a page of documents, each with its invoices."""
    if not _bearer(request):
        return UNAUTHORIZED
    if not world.within_limit("aruba:search"):
        return HTML_LIMIT
    size, page = _number(request.query, "size", 10), _number(request.query, "page", 1)
    documents = list(world.documents().items())
    listed = documents[(page - 1) * size : page * size]
    return Answer(
        {
            "errorCode": "0000",
            "errorDescription": None,
            "content": [_aruba_document(name, events) for name, events in listed],
            "number": page,
            "size": size,
            "totalElements": len(documents),
            "last": page * size >= len(documents),
        }
    )


def _aruba_document(name: str, events: list[Event]) -> dict[str, Any]:
    first = events[0]
    return {
        "filename": name,
        "idSdi": first.exchange_id,
        "docType": "FAT",
        "invoices": [{"number": first.number, "invoiceDate": first.day, "status": first.type}],
    }


def aruba_notifications(world: World, request: Request) -> Answer:
    """GET …/out/getByInvoiceFilename: the messages of one document, in base64."""
    if not _bearer(request):
        return UNAUTHORIZED
    events = world.documents().get(request.query.get("invoiceFilename", ""), [])
    return Answer(
        {
            "errorCode": "0000",
            "count": len(events),
            "notifications": [
                {
                    "filename": event.name,
                    "docType": event.type,
                    "date": event.arrived.isoformat(),
                    "invoiceId": event.exchange_id,
                    "file": b64encode(write(event)).decode(),
                }
                for event in events
            ],
        }
    )


# ---------------------------------------------------------------- Openapi.it and A-Cube
MARKINGS = {
    "NS": "rejected",
    "RC": "delivered",
    "MC": "not-delivered",
    "EC01": "accepted-pa",
    "EC02": "rejected-pa",
    "DT": "deadline-terms",
    "AT": "not-delivered",
}


def acube_login(world: World, request: Request) -> Answer:
    """POST /login: mail and password for a token."""
    if (request.form.get("email"), request.form.get("password")) != (world.user, world.secret):
        return UNAUTHORIZED
    return Answer({"token": TOKEN})


def acube_invoices(world: World, request: Request) -> Answer:
    """GET /invoices: a bare list, 30 a page."""
    if not _bearer(request):
        return UNAUTHORIZED
    page = _number(request.query, "page", 1)
    names = list(world.documents().items())[(page - 1) * 30 : page * 30]
    return Answer([_listed(name, events) for name, events in names])


def openapi_invoices(world: World, request: Request) -> Answer:
    """GET /invoices: the same list below ``data``."""
    if request.headers.get("Authorization") != f"Bearer {world.secret}":
        return UNAUTHORIZED
    trusted = request._replace(headers={"Authorization": f"Bearer {TOKEN}"})
    return Answer(_wrapped(acube_invoices(world, trusted).content))


def _wrapped(content: Any) -> dict[str, Any]:
    return {"data": content, "success": True, "message": "", "error": None}


def _listed(name: str, events: list[Event]) -> dict[str, Any]:
    last = events[-1]
    marking = MARKINGS[last.answer or last.type]
    return {"uuid": uuid_of(name), "marking": marking, "created_at": last.arrived.isoformat()}


def acube_notifications(world: World, request: Request) -> Answer:
    """GET /invoices/{uuid}/notifications: a bare list."""
    if not _bearer(request):
        return UNAUTHORIZED
    return _notifications(world, request.path.split("/")[-2])


def openapi_notifications(world: World, request: Request) -> Answer:
    """GET /invoices_notifications/{uuid}: the same below ``data``."""
    if request.headers.get("Authorization") != f"Bearer {world.secret}":
        return UNAUTHORIZED
    answer = _notifications(world, request.path.split("/")[-1])
    return answer if answer.status != 200 else Answer(_wrapped(answer.content))


def _notifications(world: World, uuid: str) -> Answer:
    for name, events in world.documents().items():
        if uuid_of(name) == uuid:
            return Answer([_snake_message(event, uuid) for event in events])
    return Answer({"success": False, "message": "Invalid identifier value", "error": 230}, 404)


def _snake_message(event: Event, uuid: str) -> dict[str, Any]:
    if event.broken:
        return {"uuid": uuid_of(f"{uuid}{event.id}"), "type": event.type, "message": None}
    return {
        "uuid": uuid_of(f"{uuid}{event.id}"),
        "invoice_uuid": uuid,
        "created_at": event.arrived.isoformat(),
        "type": event.type,
        "message": _snake_content(event),
        "file_name": event.name,
    }


def _snake_content(event: Event) -> dict[str, Any]:
    content: dict[str, Any] = {
        "@type": f"{ROOTS[event.type][0]}Type",
        "identificativo_sdi": event.exchange_id,
        "nome_file": event.file_name,
        "data_ora_ricezione": event.happened.isoformat(),
        "message_id": event.message_id,
        "note": event.reason,
    }
    if event.type == "MC":
        content["data_messa_a_disposizione"] = f"{event.happened:%Y-%m-%d}"
    errors = [
        {"Codice": code, "Descrizione": words, "Suggerimento": hint}
        for code, words, hint in event.errors
    ]
    if errors:  # one error stands there alone, not in a list
        content["lista_errori"] = {"Errore": errors if len(errors) > 1 else errors[0]}
    if event.answer:
        content["esito_committente"] = {
            "riferimento_fattura": {
                "numero_fattura": event.number,
                "anno_fattura": int(event.day[:4]),
            },
            "esito": event.answer,
            "descrizione": event.reason,
        }
    return content


View = Callable[[World, Request], Answer]
# Method, beginning of the path, its end.
ROUTES: tuple[tuple[str, str, str, View], ...] = (
    ("GET", "/invoicetronic/update", "", invoicetronic_updates),
    ("POST", "/aruba/auth/signin", "", aruba_sign_in),
    ("GET", "/aruba/services/invoice/out/findByUsername", "", aruba_documents),
    ("GET", "/aruba/services/notification/out/getByInvoiceFilename", "", aruba_notifications),
    ("POST", "/acube/login", "", acube_login),
    ("GET", "/acube/invoices/", "/notifications", acube_notifications),
    ("GET", "/acube/invoices", "/invoices", acube_invoices),
    ("GET", "/openapi_it/invoices_notifications/", "", openapi_notifications),
    ("GET", "/openapi_it/invoices", "/invoices", openapi_invoices),
)


def route(method: str, path: str) -> View | None:
    """The view behind a request."""
    for verb, start, end, view in ROUTES:
        if verb == method and path.startswith(start) and path.endswith(end):
            return view
    return None
