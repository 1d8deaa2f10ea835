"""The feeds' own logic: cursors, pages and what a provider's answers may look like."""

import json
from datetime import datetime, timezone

import pytest
from connectors.client import check_base, wait_of
from connectors.contract import Message, drain
from connectors.errors import (
    CredentialsRefused,
    HostNotAllowed,
    Malformed,
    MissingField,
    NotJson,
    Refused,
    ServiceFailing,
)
from connectors.lifecycle import Outcome
from connectors.recognise import parse, read
from connectors.sdi.providers.aruba import Aruba
from connectors.sdi.providers.invoicetronic import PAGE, Invoicetronic
from connectors.sdi.providers.openapi_it import ACUBE, OPENAPI, InvoiceList
from hypothesis import given
from hypothesis import strategies as st

SINCE = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


class Door:
    """Answers by the beginning of the path, and remembers what it was asked."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def authorize(self, header):
        self.header = header

    def get_json(self, path, params=None):
        self.asked.append((path, params))
        answer = self.answers[path.split("/")[1]]
        answer = answer(path, params) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def post_json(self, path, **_content):
        return self.get_json(path)


def all_of(feed):
    return [item for messages, _cursor in drain(feed, SINCE) for item in messages]


# ---------------------------------------------------------------- Invoicetronic
@given(st.integers(0, 3 * PAGE))
def test_each_update_once_whatever_the_number(count):
    updates = [{"id": number, "send_id": 1, "state": "Inviato"} for number in range(count)]

    def page(_path, params):
        start = (params["page"] - 1) * PAGE
        return updates[start : start + params["page_size"]]

    door = Door(update=page)
    assert [item.event_id for item in all_of(Invoicetronic(door))] == [
        str(number) for number in range(count)
    ]
    assert {params["last_update_from"] for _path, params in door.asked} == {"2026-03-01T12:00:00Z"}


@pytest.mark.parametrize("answer", [{}, None, "x", {"items": []}])
def test_a_list_that_is_none(answer):
    with pytest.raises(NotJson):
        Invoicetronic(Door(update=answer)).fetch(SINCE, None)
    with pytest.raises(NotJson):
        InvoiceList(Door(invoices=answer), ACUBE, ()).fetch(SINCE, None)


def test_half_a_character_in_one_update_does_not_stop_the_feed():
    cut = json.loads(r'{"id": 1, "send_id": 2, "state": "Scartato", "description": "ok \ud83d"}')
    whole = {"id": 2, "send_id": 2, "state": "Consegnato", "description": "già"}
    first, second = all_of(Invoicetronic(Door(update=[cut, whole])))
    assert parse(first.raw).text == "ok ?"
    assert parse(second.raw).text == "già"


@pytest.mark.parametrize(("state", "kind", "outcome"), [
    ("Inviato", "UP", "sent"), (2, "UP", "sent"),
    ("Consegnato", "RC", "delivered"), (5, "RC", "delivered"),
    ("NonConsegnato", "MC", "issued_not_delivered"), ("6", "MC", "issued_not_delivered"),
    ("Scartato", "NS", "not_issued"), (7, "NS", "not_issued"),
    ("AccettatoDalDestinatario", "NE", "accepted"), (8, "NE", "accepted"),
    ("RifiutatoDalDestinatario", "NE", "refused_by_buyer"), (9, "NE", "refused_by_buyer"),
    ("ImpossibilitaDiRecapito", "MC", "issued_not_delivered"), (10, "MC", "issued_not_delivered"),
    ("DecorrenzaTermini", "DT", "closed"), (11, "DT", "closed"),
    ("AttestazioneTrasmissioneFattura", "AT", "issued_not_delivered"),
    (12, "AT", "issued_not_delivered"),
    ("Altro", "Altro", "unknown"), (99, "99", "unknown"), (None, "", "unknown"),
])  # fmt: skip
def test_states_by_name_and_by_number(state, kind, outcome):
    found = parse(json.dumps({"id": 1, "send_id": 2, "state": state}).encode())
    assert (found.type, found.outcome) == (kind, Outcome(outcome))


# ---------------------------------------------------------------- Openapi.it and A-Cube
def invoices(count):
    return [{"uuid": f"u{number}", "marking": "delivered"} for number in range(count)]


def receipt(path, _params):
    uuid = path.split("/")[2]
    return [{"uuid": f"m-{uuid}", "type": "RC", "message": {"identificativo_sdi": uuid}}]


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 29, 30, 31, 60, 61, 75])
def test_pages_of_invoices_and_batches_of_messages(count):
    def page(path, params):
        if params is None:
            return receipt(path, params)
        return invoices(count)[(params["page"] - 1) * 30 : params["page"] * 30]

    found = all_of(InvoiceList(Door(invoices=page), ACUBE, ()))
    assert [item.document for item in found] == [f"u{number}" for number in range(count)]
    assert [parse(item.raw).exchange_id for item in found] == [item.document for item in found]


@pytest.mark.parametrize(("marking", "asked"), [
    ("waiting", 0), ("SENT", 0), ("quarantena", 0), ("invoice-error", 0), ("uploaded", 0),
    ("rejected", 1), ("delivered", 1), ("something-new", 1), (None, 1),
])  # fmt: skip
def test_only_invoices_that_may_have_messages_are_asked_for(marking, asked):
    door = Door(
        invoices={"data": [{"uuid": "u1", "marking": marking}, {"marking": marking}]},
        invoices_notifications=receipt,
    )
    assert len(all_of(InvoiceList(door, OPENAPI, ()))) == asked


@pytest.mark.parametrize("answer", [
    [{"type": "RC", "message": {"IdentificativoSdI": "9"}}],
    {"data": [{"type": "RC", "message": {"identificativo_sdi": 9}}]},
    {"hydra:member": [{"type": "RC", "message": {"identificativo_sdi": "9"}}]},
])  # fmt: skip
def test_a_list_below_any_of_its_names(answer):
    (found,) = read(json.dumps(answer).encode()).notifications
    assert (found.type, found.exchange_id, found.outcome) == ("RC", "9", Outcome.DELIVERED)


@pytest.mark.parametrize("uuid", ["../x", "a/b", "a?b", "a b", "", "-", "a%2fb", "é/.."])
def test_an_id_with_anything_else_than_letters_and_digits(uuid):
    door = Door(invoices=receipt)
    (found,) = all_of(InvoiceList(door, ACUBE, [uuid]))
    assert b"no id of an invoice" in found.raw and door.asked == []


@pytest.mark.parametrize("names", [str, lambda name: name.lower()])
@pytest.mark.parametrize("listed", [False, True])
def test_one_error_or_a_list_of_one_in_either_spelling(names, listed):
    error = {names("Codice"): "00305", names("Descrizione"): "1.4.1.1", names("Suggerimento"): "S"}
    errors = {names("Errore"): [error] if listed else error}
    content = {"identificativo_sdi": 1, "lista_errori": errors}
    (found,) = parse(json.dumps({"type": "NS", "message": content}).encode()).errors
    assert (found.code, found.text, found.hint, found.location) == ("00305", "1.4.1.1", "S",
                                                                    "1.4.1.1")  # fmt: skip


@pytest.mark.parametrize("content", [None, {}, [], "x", {"identificativo_sdi": None}])
def test_a_message_about_nothing_closes_no_invoice(content):
    with pytest.raises(MissingField):
        parse(json.dumps({"type": "DT", "message": content}).encode())


# ---------------------------------------------------------------- Aruba
SIGN_IN = {"access_token": "token", "expires_in": 1800}


def aruba(services, sign_in=SIGN_IN, documents=()):
    return Aruba(Door(services=services), Door(auth=sign_in), "user", "secret", documents)


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, [], None, Refused("400")])
def test_a_sign_in_that_brings_nothing(answer):
    with pytest.raises(CredentialsRefused):
        aruba({}, answer).fetch(SINCE, None)


@pytest.mark.parametrize("lifetime", [1800, "1800", "²", "", None, -5, "soon"])
def test_a_lifetime_in_any_form(lifetime):
    feed = aruba({"content": []}, SIGN_IN | {"expires_in": lifetime})
    assert feed.fetch(SINCE, None) == ([], None)


@pytest.mark.parametrize(("item", "expected"), [
    ({"filename": "a.xml", "file": "PFJpY2V2dXRhU2NhcnRvLz4="}, (b"<RicevutaScarto/>", "a.xml")),
    ({"filename": "a.xml", "file": None}, (b'{"file": null, "filename": "a.xml"}', "a.xml")),
    ({"file": "kein base64, sondern è"}, ('{"file": "kein base64, sondern è"}'.encode(), "d:?")),
    ("words", (b'"words"', "d:?")),
])  # fmt: skip
def test_a_message_of_aruba_or_what_came_in_its_place(item, expected):
    feed = aruba({"errorCode": "0000", "notifications": [item]}, documents=["d"])
    (found,) = feed.fetch(SINCE, None)[0]
    assert (found.raw, found.event_id) == expected


def test_what_came_before_a_failure_is_kept_with_its_place():
    def answer(_path, params):
        late = params["invoiceFilename"] == "d2"
        return ServiceFailing("503") if late else {"notifications": [{"filename": "x"}]}

    feed = aruba(answer, documents=["d0", "d1", "d2", "d3"])
    messages, cursor = feed.fetch(SINCE, None)
    assert ([item.document for item in messages], cursor) == (["d0", "d1"], "0:2")
    with pytest.raises(ServiceFailing):
        feed.fetch(SINCE, cursor)


def test_a_refusal_of_one_document_is_its_message():
    feed = aruba({"errorCode": "0033", "errorDescription": "Non trovato"}, documents=["d"])
    (found,) = feed.fetch(SINCE, None)[0]
    assert json.loads(found.raw)["message"] == "error 0033: Non trovato"
    assert (found.event_id, found.document) == ("d:error", "d")


# ---------------------------------------------------------------- what all share
class Endless:
    provider = "x"

    def fetch(self, _since, cursor):
        return [Message("x", str(cursor), b"")], "same"


def test_a_cursor_that_stands_still_ends_the_pull():
    assert len(list(drain(Endless(), SINCE))) == 2


@pytest.mark.parametrize("base", ["http://[", "http://[::1", "http://", "//localhost", "http:///x"])
def test_an_address_that_is_none(base):
    with pytest.raises(HostNotAllowed):
        check_base(base, ("https://api.example.com",), local=True)


@pytest.mark.parametrize(("header", "seconds"), [
    (None, None), ("", None), ("0", 0.0), (" 15 ", 15.0), ("-5", None), ("1.5", None), ("²", None),
    ("9" * 400, 9999999.0), ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
    ("Thu, 01 Jan 2026 13:00:00 +0100", 0.0), ("Thu, 01 Jan 2026 12:00:30 -0000", 30.0),
    ("Thu, 99 Jan 2026 12:00:00 GMT", None),
])  # fmt: skip
def test_when_a_server_wants_to_be_asked_again(header, seconds):
    assert wait_of(header, NOON) == seconds


def test_a_stored_error_is_no_message():
    raw = json.dumps(Malformed("broken").as_dict()).encode()
    reading = read(raw)
    assert reading.notifications == () and len(reading.failures) == 1
