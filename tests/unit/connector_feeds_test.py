"""Each provider's feed over real HTTP, against the simulator that speaks its documented API."""

from datetime import datetime, timedelta, timezone

import pytest
from connectors.accounts import PROVIDERS, Account, open_feed
from connectors.contract import drain, next_since
from connectors.errors import (
    CredentialsRefused,
    HostNotAllowed,
    Misconfigured,
    RateLimited,
    Refused,
    UnknownMessage,
)
from connectors.lifecycle import Outcome
from connectors.recognise import parse, read
from connectors.sdi.providers.openapi_it import OPENAPI, InvoiceList
from connectors.simulator.backlog import START, STEP, Backlog
from connectors.simulator.server import Simulator
from connectors.simulator.world import World, demo_world, uuid_of

LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)
ALL = sorted(PROVIDERS)


@pytest.fixture
def exchange():
    """Starts a simulator over a world, and stops all of them at the end."""
    running = []

    def start(world):
        running.append(Simulator(world).__enter__())
        return running[-1]

    yield start
    for simulator in running:
        simulator.__exit__()


def feed_of(simulator, provider, *, secret="demo-secret", documents=(), user="demo"):
    account = Account(provider, simulator.base(provider), user, secret, True, tuple(documents))
    return open_feed(account, sleep=lambda _seconds: None)


def pull(feed, since=LONG_AGO):
    return [message for messages, _cursor in drain(feed, since) for message in messages]


@pytest.mark.parametrize("provider", ALL)
def test_the_same_stories_from_every_provider(exchange, provider):
    found = [parse(item.raw, item.name) for item in pull(feed_of(exchange(demo_world()), provider))]
    assert [(item.type, item.outcome) for item in found] == [
        ("NS", Outcome.NOT_ISSUED),
        ("RC", Outcome.DELIVERED),
        ("MC", Outcome.NOT_DELIVERED),
        ("NE", Outcome.REFUSED),
        ("RC", Outcome.DELIVERED),
        ("DT", Outcome.CLOSED),
    ]
    rejected = found[0]
    assert [(item.code, item.fix.path) for item in rejected.errors] == [
        ("00305", "customer.vat"), ("00311", "customer.l10n_it_pa_index")
    ]  # fmt: skip
    assert rejected.errors[0].hint == "Verificare la partita IVA"
    assert rejected.errors[0].text.startswith("1.4.1.1.2 <IdCodice>")


def test_the_same_message_has_the_same_key_from_every_provider(exchange):
    simulator = exchange(demo_world())
    keys = [
        [parse(item.raw).key for item in pull(feed_of(simulator, provider))] for provider in ALL
    ]
    assert all(found == keys[0] for found in keys)


@pytest.mark.parametrize("provider", ALL)
def test_wrong_credentials(exchange, provider):
    with pytest.raises(CredentialsRefused):
        pull(feed_of(exchange(demo_world()), provider, secret="wrong"))


@pytest.mark.parametrize("provider", ALL)
def test_hosts_of_others_are_refused(provider):
    for base in ("https://evil.example", "http://127.0.0.1:1/x"):
        with pytest.raises(HostNotAllowed):
            open_feed(Account(provider, base, "demo", "demo-secret"))


def test_an_unknown_provider():
    with pytest.raises(Misconfigured):
        open_feed(Account("nobody"))


def test_an_account_does_not_show_its_secret():
    assert "demo-secret" not in repr(Account("aruba", secret="demo-secret"))


@pytest.mark.parametrize("provider", ALL)
def test_every_page_is_read_once(exchange, provider):
    found = pull(feed_of(exchange(World(Backlog(450))), provider))
    assert len(found) == 450


def test_broken_messages_do_not_stop_the_feed(exchange):
    found = pull(feed_of(exchange(World(Backlog(1200))), "invoicetronic"))
    readings = [read(item.raw) for item in found]
    failed = [item for reading in readings for item in reading.failures]
    assert 5 <= len(failed) <= 25
    assert {type(item.error) for item in failed} == {UnknownMessage}
    assert len(found) == 1200


def test_a_feed_begins_where_it_is_told(exchange):
    feed = feed_of(exchange(World(Backlog(400))), "invoicetronic")
    found = pull(feed, START + 300 * STEP)
    assert [item.event_id for item in found] == [str(number) for number in range(301, 401)]


def test_an_interrupted_pull_goes_on_at_its_cursor(exchange):
    world = World(Backlog(500))
    feed = feed_of(exchange(world), "invoicetronic")
    first, cursor = feed.fetch(LONG_AGO, None)
    world.break_next("server_error", path="/invoicetronic", times=4)
    with pytest.raises(Exception, match="503"):
        feed.fetch(LONG_AGO, cursor)
    rest = [item for items, _next in drain(feed, LONG_AGO, cursor) for item in items]
    assert [item.event_id for item in (*first, *rest)] == [str(n) for n in range(1, 501)]


@pytest.mark.parametrize("provider", ["aruba", "openapi_it", "acube"])
def test_a_limit_in_the_middle_keeps_what_came(exchange, provider):
    world = demo_world()
    paths = {
        "aruba": "/aruba/services/notification",
        "openapi_it": "/openapi_it/invoices_notifications",
        "acube": "/acube/invoices/",
    }
    feed = feed_of(exchange(world), provider)
    feed.fetch(LONG_AGO, None)  # signs in
    world.break_next("rate_limit", path=paths[provider], value="900")
    with pytest.raises(RateLimited):
        feed.fetch(LONG_AGO, None)
    kept, cursor = stop_after(world, feed, paths[provider], 2)
    rest = [item for items, _next in drain(feed, LONG_AGO, cursor) for item in items]
    assert (len(kept), len(rest)) == (2, 4)


def stop_after(world, feed, path, answers):
    """Fetch while the provider answers only so many requests below ``path``."""
    original, left = world.fault_for, [answers]

    def fault_for(asked):
        if asked.startswith(path):
            left[0] -= 1
            if left[0] < 0:
                world.break_next("rate_limit", path=path, value="900")
        return original(asked)

    world.fault_for = fault_for
    try:
        return feed.fetch(LONG_AGO, None)
    finally:
        world.fault_for = original
        world.mend()


@pytest.mark.parametrize("provider", ["aruba", "openapi_it", "acube"])
def test_only_the_documents_that_are_still_open_are_asked_for(exchange, provider):
    world = demo_world()
    name = list(world.documents())[3]
    asked = name if provider == "aruba" else uuid_of(name)
    found = pull(feed_of(exchange(world), provider, documents=[asked]))
    assert [item.document for item in found] == [asked]
    assert parse(found[0].raw).type == "NE"


@pytest.mark.parametrize("provider", ["aruba", "openapi_it", "acube"])
def test_what_the_caller_remembers_is_not_asked_for_twice(exchange, provider):
    world = demo_world()
    names = list(world.documents())
    names = names if provider == "aruba" else [uuid_of(name) for name in names]
    simulator = exchange(world)
    account = Account(
        provider,
        simulator.base(provider),
        "demo",
        "demo-secret",
        True,
        names[2:0:-1],
        set(names[:4]),
    )
    feed = open_feed(account, sleep=lambda _seconds: None)
    found = pull(feed)
    # a list that tells how it ended asks for the open ones a last time: what else came meanwhile?
    again = [] if provider == "aruba" else [names[1]]
    assert feed.asked == [names[2], names[1], *again, *names[4:]]
    assert list(dict.fromkeys(item.document for item in found)) == list(dict.fromkeys(feed.asked))
    ended = set() if provider == "aruba" else {names[0], names[1], *names[3:]}
    assert feed.ended == ended


def test_a_delivery_to_a_public_body_is_not_the_end():
    answers = {"a": "delivered", "b": "delivered-pa", "c": "not-delivered", "d": "Rejected"}

    class Service:
        def get_json(self, path, _params=None):
            if path == "/invoices":
                return [{"uuid": uuid, "marking": name} for uuid, name in answers.items()]
            return [] if "d" not in path else {"html": "none"}

    feed = InvoiceList(Service(), OPENAPI, ())
    assert len(pull(feed)) == 1
    assert feed.asked == [*answers]
    assert feed.ended == {"a"}, "what could not be read is asked for again"


@pytest.mark.parametrize("provider", ["aruba", "openapi_it", "acube"])
def test_one_bad_document_does_not_stop_the_others(exchange, provider):
    world = demo_world()
    path = {"aruba": "/aruba/services/notification", "acube": "/acube/invoices/"}
    world.break_next("html", path=path.get(provider, "/openapi_it/invoices_notifications"))
    found = pull(feed_of(exchange(world), provider))
    assert len(found) == 6
    bad = read(found[0].raw).failures
    assert len(bad) == 1
    assert b"HTML" in found[0].raw


@pytest.mark.parametrize("provider", ["openapi_it", "acube"])
def test_an_id_cannot_lead_elsewhere(exchange, provider):
    world = demo_world()
    found = pull(feed_of(exchange(world), provider, documents=["../../_simulator/faults"]))
    assert b"no id of an invoice" in found[0].raw
    assert not [path for path in world.requests if "_simulator" in path]


def test_aruba_signs_in_once_and_keeps_to_its_limits(exchange):
    world = World(Backlog(120), limits=True)
    feed = feed_of(exchange(world), "aruba")
    assert len(pull(feed)) == 120
    assert world.requests["/aruba/auth/signin"] == 1
    assert world.requests["/aruba/services/invoice/out/findByUsername"] <= 12


def test_aruba_reports_its_own_errors():
    class Service:
        def authorize(self, _header):
            pass

        def get_json(self, *_args):
            return {"errorCode": "0012", "errorDescription": "Errore Autenticazione"}

        def post_json(self, *_args, **_options):
            return {"access_token": "x"}

    from connectors.sdi.providers.aruba import Aruba

    with pytest.raises(Refused, match="0012"):
        Aruba(Service(), Service(), "u", "s", ()).fetch(LONG_AGO, None)


def test_unknown_states_keep_the_words(exchange):
    raw = b'{"id": 1, "send_id": 2, "state": "Sospeso", "description": "In attesa"}'
    found = parse(raw)
    assert (found.outcome, found.title, found.text) == (Outcome.UNKNOWN, "Sospeso", "In attesa")
    by_number = parse(raw.replace(b'"Sospeso"', b"7"))
    assert (by_number.type, by_number.outcome) == ("NS", Outcome.NOT_ISSUED)


def test_the_overlap():
    noon = datetime(2026, 5, 5, 12, tzinfo=timezone.utc)
    assert noon - next_since(noon) == timedelta(days=1)
