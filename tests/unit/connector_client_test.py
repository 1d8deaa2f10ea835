"""The guarded HTTP client, against a real server on this machine that misbehaves on demand."""

import logging
import socket

import pytest
from connectors.client import ATTEMPTS, Client, check_base, check_public
from connectors.errors import (
    CredentialsRefused,
    HostNotAllowed,
    Malformed,
    NotJson,
    RateLimited,
    RedirectRefused,
    Refused,
    ServiceFailing,
    TooDeep,
    TooLarge,
    Unreachable,
)
from connectors.simulator.server import Simulator
from connectors.simulator.world import World

KNOWN = ("https://api.example.com/v1",)
PATH = "/acube/login"


@pytest.fixture(scope="module")
def server():
    with Simulator(World()) as simulator:
        yield simulator


@pytest.fixture
def world(server):
    server.world.mend()
    server.world.requests.clear()
    return server.world


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def client(server, world, pauses):
    return Client(server.base("acube"), KNOWN, local=True, sleep=pauses.append)


def login(client):
    return client.post_json("/login", json={"email": "demo", "password": "demo-secret"})


def test_an_answer(client, world):
    assert login(client) == {"token": "simulated-token"}
    assert world.requests[PATH] == 1


# ---------------------------------------------------------------- hosts
@pytest.mark.parametrize("base", [
    "https://api.example.com",
    "http://api.example.com/v1",
    "https://api.example.com:8443/v1",
    "https://api.example.com.evil.example/v1",
    "https://api.example.com@evil.example/v1",
    "https://evil.example/v1",
    "http://127.0.0.1:80",
    "file:///etc/passwd",
    "",
])  # fmt: skip
def test_only_the_addresses_of_the_provider(base):
    with pytest.raises(HostNotAllowed):
        Client(base, KNOWN)


@pytest.mark.parametrize("base", [
    "http://127.0.0.1.evil.example/", "http://10.0.0.1/", "https://127.0.0.1/", "http://localhost@x/"
])  # fmt: skip
def test_local_means_this_machine(base):
    with pytest.raises(HostNotAllowed):
        check_base(base, KNOWN, local=True)


def resolving(*addresses):
    return lambda *_args, **_options: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses
    ]


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "0.0.0.0", "::1", "fe80::1%eth0",
    "fd00::1", "::ffff:127.0.0.1", "100.64.0.1",
])  # fmt: skip
def test_a_known_host_that_leads_inside(address):
    with pytest.raises(HostNotAllowed):
        check_public("api.example.com", resolving("93.184.216.34", address))
    check_public("api.example.com", resolving("93.184.216.34", "2606:2800:220:1::1"))


def test_a_known_host_is_resolved_before_anything_is_sent():
    client = Client(KNOWN[0], KNOWN, resolve=resolving("127.0.0.1"))
    client.authorize("Bearer hidden")
    with pytest.raises(HostNotAllowed):
        client.get_json("/x")


def test_a_host_without_address():
    def unknown(*_args, **_options):
        raise socket.gaierror("no such name")

    with pytest.raises(Unreachable):
        check_public("api.example.com", unknown)


# ---------------------------------------------------------------- faults
@pytest.mark.parametrize(("fault", "error"), [
    ("unauthorized", CredentialsRefused),
    ("not_found", Refused),
    ("redirect", RedirectRefused),
    ("html", NotJson),
    ("huge", TooLarge),
    ("gzip", Malformed),
    ("deep", TooDeep),
])  # fmt: skip
def test_errors_that_a_retry_does_not_mend(client, world, fault, error):
    world.break_next(fault, path=PATH)
    with pytest.raises(error):
        login(client)
    assert world.requests[PATH] == 1


def test_redirects_are_never_followed(client, world):
    world.break_next("redirect", path=PATH)
    with pytest.raises(RedirectRefused) as caught:
        login(client)
    assert caught.value.as_dict()["kind"] == "misconfigured"
    assert "carry the credentials elsewhere" in caught.value.remedy


@pytest.mark.parametrize(("fault", "error"), [
    ("server_error", ServiceFailing),
    ("rate_limit", RateLimited),
    ("truncated", Unreachable),
])  # fmt: skip
def test_passing_errors_are_tried_again_and_then_reported(client, world, pauses, fault, error):
    world.break_next(fault, path=PATH, times=2)
    assert login(client)["token"]
    assert len(pauses) == 2
    assert pauses[0] < pauses[1] * 1.5
    world.break_next(fault, path=PATH, times=50)
    with pytest.raises(error):
        login(client)
    assert world.requests[PATH] == 3 + ATTEMPTS


def test_the_server_says_when_to_come_back(client, world, pauses):
    world.break_next("rate_limit", path=PATH, value="7")
    login(client)
    assert pauses == [7.0]


def test_a_long_wait_is_left_to_the_next_run(client, world, pauses):
    world.break_next("rate_limit", path=PATH, value="3600")
    with pytest.raises(RateLimited) as caught:
        login(client)
    assert (caught.value.retry_after, pauses) == (3600.0, [])


def test_silence(client, world, monkeypatch):
    monkeypatch.setattr("connectors.client.TIMEOUT", (1.0, 0.2))
    world.break_next("slow", path=PATH, times=50, value="0.6")
    with pytest.raises(Unreachable):
        login(client)


def test_nobody_listens(pauses):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unreachable):
        Client(base, KNOWN, local=True, sleep=pauses.append).get_json("/x")
    assert len(pauses) == ATTEMPTS - 1


def test_secrets_appear_in_no_log_and_no_error(server, world, caplog):
    caplog.set_level(logging.DEBUG)
    client = Client(server.base("acube"), KNOWN, local=True, sleep=lambda _seconds: None)
    client.authorize("Bearer very-hidden-token")
    world.break_next("server_error", path="/acube", times=50)
    with pytest.raises(ServiceFailing) as caught:
        client.post_json("/login", json={"email": "x", "password": "very-hidden-password"})
    told = caplog.text + str(caught.value) + repr(caught.value) + repr(client)
    assert "hidden" not in told


def test_the_environment_has_no_say(server, world, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    client = Client(server.base("acube"), KNOWN, local=True, sleep=lambda _seconds: None)
    assert login(client)["token"]
