"""What the client sends and how it takes each answer, byte by byte."""

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from connectors.client import ATTEMPTS, PATIENCE, Client
from connectors.errors import (
    BadEncoding,
    CredentialsRefused,
    Malformed,
    NotJson,
    RateLimited,
    RedirectRefused,
    Refused,
    ServiceFailing,
    TooLarge,
    Unreachable,
)

from connector_wire import Wire, answer, chunked


def client_of(wire, pauses=None, **options):
    record = [] if pauses is None else pauses
    return Client(wire.base, (), local=True, sleep=record.append, **options)


def failure(wire, **options):
    """What goes wrong, and how often it was asked."""
    with pytest.raises(Exception) as caught:
        client_of(wire, **options).get_json("/x")
    return type(caught.value), len(wire.requests)


# ---------------------------------------------------------------- statuses
STATUSES = {
    RedirectRefused: (300, 301, 302, 303, 304, 307, 308),
    Refused: (400, 402, 404, 405, 406, 409, 410, 413, 415, 422, 451, 499),
    CredentialsRefused: (401, 403),
    ServiceFailing: (408, 425, 500, 501, 502, 503, 504, 507, 520, 529, 599, 600, 999),
    RateLimited: (429,),
}


@pytest.mark.parametrize(
    ("status", "error"), [(status, error) for error, all_ in STATUSES.items() for status in all_]
)
def test_each_status_is_final_or_tried_again(status, error):
    """A refusal is asked once: twelve wrong passwords lock an account."""
    again = error in (ServiceFailing, RateLimited)
    with Wire(answer(status, b"no", "Location: http://127.0.0.1:9/")) as wire:
        assert failure(wire) == (error, ATTEMPTS if again else 1)


@pytest.mark.parametrize("status", [200, 201, 202, 206, 299])
def test_success_has_many_numbers(status):
    with Wire(answer(status, b'{"a": 1}')) as wire:
        assert client_of(wire).get_json("/x") == {"a": 1}


def test_a_redirect_carries_nothing_to_the_other_server():
    with (
        Wire(answer(200, b"{}")) as other,
        Wire(answer(307, b"", f"Location: {other.base}/x")) as wire,
    ):
        client = client_of(wire)
        client.authorize("Bearer secret")
        with pytest.raises(RedirectRefused):
            client.post_json("/x", form={"password": "secret"})
        assert not other.requests


# ---------------------------------------------------------------- waiting
def later(seconds):
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("status", "header", "least", "most"),
    [
        (429, "0", 0, 0),
        (429, "20", 20, 20),
        (503, "3", 3, 3),
        (503, lambda: later(-3600), 0, 0),
        (429, lambda: later(15), 8, 15),
        (429, "soon", 0.5, 1),
        (429, "-5", 0.5, 1),
        (503, "", 0.5, 1),
    ],
)
def test_how_long_is_waited(status, header, least, most):
    pauses, header = [], header() if callable(header) else header
    with Wire(answer(status, b"", f"Retry-After: {header}"), answer()) as wire:
        assert client_of(wire, pauses).get_json("/x") == {}
    assert len(pauses) == 1
    assert least <= pauses[0] <= most


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, ServiceFailing)])
@pytest.mark.parametrize("header", ["21", "86400", "99999999999999", later(3600)])
def test_what_is_longer_than_a_run_can_wait_is_told_to_the_next(status, error, header):
    pauses = []
    with Wire(answer(status, b"", f"Retry-After: {header}")) as wire:
        with pytest.raises(error) as caught:
            client_of(wire, pauses).get_json("/x")
        assert len(wire.requests) == 1
    assert caught.value.retry_after > PATIENCE
    assert not pauses


def test_the_waits_grow_and_stay_bounded():
    pauses = []
    with Wire(answer(500)) as wire:
        assert failure(wire, pauses=pauses) == (ServiceFailing, ATTEMPTS)
    assert len(pauses) == ATTEMPTS - 1
    for attempt, pause in enumerate(pauses, start=1):
        assert 0.25 * 2**attempt <= pause <= 0.5 * 2**attempt


def test_a_passing_failure_of_each_kind_in_a_row_is_survived():
    with Wire(answer(500), b"", answer(429, b"", "Retry-After: 1"), answer()) as wire:
        assert client_of(wire).get_json("/x") == {}
        assert len(wire.requests) == ATTEMPTS


# ---------------------------------------------------------------- answers that are none
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x01\x02",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 20",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX-Y: " + b"z" * 70_000 + b"\r\n\r\n",
        chunked(b'{"a": ', end=False),
        answer(200, b"", "Transfer-Encoding: chunked", length=False) + b"zz\r\n{}\r\n",
    ],
)
def test_a_broken_line_is_an_unreachable_service(raw):
    with Wire(raw) as wire:
        assert failure(wire) == (Unreachable, ATTEMPTS)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (answer(204, b""), NotJson),
        (answer(200, b""), NotJson),
        (answer(200, b"<html>Manutenzione</html>"), NotJson),
        (answer(200, b'{"a": NaN'), NotJson),
        (answer(200, '{"a": "è"}'.encode("latin-1")), BadEncoding),
        (answer(200, b"{}", "Content-Encoding: br"), Malformed),
        (answer(200, b"{}", "Content-Encoding: deflate"), Malformed),
    ],
)
def test_an_answer_that_cannot_be_read_is_not_asked_for_again(raw, error):
    with Wire(raw) as wire:
        assert failure(wire) == (error, 1)


@pytest.mark.parametrize(
    "raw",
    [
        answer(200, b'\xef\xbb\xbf{"a": 1}'),
        answer(200, b'{"a": 1}', "Content-Type: text/plain"),
        answer(200, b'{"a": 1}', "Content-Encoding: identity"),
        answer(200, b'{"a": 1}', length=False),
        chunked(b'{"a"', b": 1", b"}"),
    ],
)
def test_an_answer_in_any_usual_wrapping(raw):
    with Wire(raw) as wire:
        assert client_of(wire).get_json("/x") == {"a": 1}


@pytest.mark.parametrize("wrap", [lambda body: answer(200, body), lambda body: chunked(body)])
@pytest.mark.parametrize(("size", "fits"), [(998, True), (1000, True), (1001, False)])
def test_the_largest_answer(wrap, size, fits):
    body = b'"' + b"x" * (size - 2) + b'"'
    with Wire(wrap(body)) as wire:
        client = client_of(wire, max_bytes=1000)
        if fits:
            assert len(client.request("GET", "/x")) == size
            return
        with pytest.raises(TooLarge, match="1,000 bytes"):
            client.request("GET", "/x")
        assert len(wire.requests) == 1


def test_an_answer_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr("connectors.client.DEADLINE", -1.0)
    with Wire(answer(200, b"x" * 200_000)) as wire:
        assert failure(wire) == (Unreachable, ATTEMPTS)


# ---------------------------------------------------------------- what is sent
def test_a_request_says_what_it_wants_and_nothing_else():
    with Wire(answer()) as wire:
        client = client_of(wire)
        client.get_json("/a/b", {"name": "Åse & Söhne", "at": "2026-01-01T00:00:00Z"})
        client.authorize("Bearer abc")
        client.get_json("/a/b", accept="application/xml")
        (first, plain, _), (_, signed, _) = wire.requests
    verb, target, _version = first.split()
    assert (verb, urlsplit(target).path) == ("GET", "/a/b")
    assert parse_qs(urlsplit(target).query) == {
        "name": ["Åse & Söhne"],
        "at": ["2026-01-01T00:00:00Z"],
    }
    assert plain["accept-encoding"] == "identity"
    assert "authorization" not in plain
    assert (signed["authorization"], signed["accept"]) == ("bearer abc", "application/xml")


@pytest.mark.parametrize(
    ("content", "kind", "body"),
    [
        ({"json": {"a": "è"}}, "application/json", {"a": "è"}),
        ({"form": {"a": "è&b"}}, "application/x-www-form-urlencoded", {"a": ["è&b"]}),
    ],
)
def test_a_body_in_either_form(content, kind, body):
    with Wire(answer()) as wire:
        client_of(wire).post_json("/x", **content)
        ((first, headers, sent),) = wire.requests
    assert first.startswith("POST /x ")
    assert headers["content-type"] == kind
    read = json.loads(sent) if "json" in content else parse_qs(sent.decode())
    assert read == body


def test_the_whole_request_is_sent_again():
    with Wire(answer(500), answer()) as wire:
        client_of(wire).post_json("/x", form={"password": "p"})
        assert wire.requests[0] == wire.requests[1]


@pytest.mark.parametrize("header", ["Bearer a\nb", "Bearer a\r\nX: y", "Bearer ключ", "Bearer \0"])
def test_a_key_that_no_header_can_hold_is_a_wrong_key(header):
    """It was copied with a line break or typed on another keyboard: the setting is to blame."""
    with Wire(answer()) as wire:
        client = client_of(wire)
        with pytest.raises(CredentialsRefused, match="character"):
            client.authorize(header)
        assert "hidden" not in CredentialsRefused.remedy
        assert not wire.requests


def test_an_error_does_not_quote_what_was_asked():
    with Wire(b"") as wire, pytest.raises(Unreachable) as caught:
        client_of(wire).get_json("/x", {"username": "secret-user"})
    assert "secret-user" not in str(caught.value)
