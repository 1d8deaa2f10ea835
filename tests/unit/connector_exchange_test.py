"""Everything an exchange says, through every provider and container, against what happened."""

import io
import json
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from datetime import datetime, timezone
from email.message import EmailMessage

import pytest
from connectors.accounts import PROVIDERS, Account, open_feed
from connectors.contract import drain
from connectors.errors import CredentialsRefused
from connectors.lifecycle import Direction, Outcome, as_utc, check_dates
from connectors.recognise import read
from connectors.simulator.backlog import DUPLICATES, MIX, START, STEP, Backlog
from connectors.simulator.messages import ROOTS, write
from connectors.simulator.server import Simulator
from connectors.simulator.world import FAULTS, World, uuid_of
from hypothesis import given, settings
from hypothesis import strategies as st

ALL = sorted(PROVIDERS)
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)
LENGTH = 260
BACKLOG = Backlog(3000)
SOUND = [event for event in BACKLOG[:600] if not event.broken]
events = st.sampled_from(SOUND)

# What the specification says each message means for the invoice.
MEANINGS = {
    ("RC", ""): Outcome.DELIVERED,
    ("MC", ""): Outcome.NOT_DELIVERED,
    ("NS", ""): Outcome.NOT_ISSUED,
    ("NE", "EC01"): Outcome.ACCEPTED,
    ("NE", "EC02"): Outcome.REFUSED,
    ("DT", ""): Outcome.CLOSED,
    ("AT", ""): Outcome.NOT_DELIVERED,
}


def told(event):
    """What a message should be understood as, out of what happened."""
    return (
        event.type,
        MEANINGS[event.type, event.answer],
        event.exchange_id,
        event.message_id,
        event.file_name,
        event.answer,
        [code for code, _words, _hint in event.errors],
    )


def understood(item):
    own = [] if item.outcome is not Outcome.NOT_ISSUED else [error.code for error in item.errors]
    return (
        item.type,
        item.outcome,
        item.exchange_id,
        item.external_id,
        item.file_name,
        item.code if item.type == "NE" else "",
        own,
    )


def feed_of(simulator, provider, secret="demo-secret", user="demo"):
    account = Account(provider, simulator.base(provider), user, secret, True)
    return open_feed(account, sleep=lambda _seconds: None)


def pull(feed, since=LONG_AGO):
    return [message for messages, _cursor in drain(feed, since) for message in messages]


# ---------------------------------------------------------------- one message
@given(events)
def test_each_message_is_understood_as_what_happened(event):
    (found,) = read(write(event), event.name).notifications
    assert understood(found) == told(event)
    assert found.direction is Direction.SENT
    assert found.moment is None or found.moment <= event.arrived
    assert [(item.text, item.hint) for item in found.errors if event.type == "NS"] == [
        (words, hint) for _code, words, hint in event.errors
    ]
    if event.type in ("NE", "AT"):  # the others speak of the file
        assert [ref.number for ref in found.invoices] == [event.number]
    check_dates(found, event.arrived)


@given(events)
def test_every_error_of_the_exchange_has_a_place_to_mend_it(event):
    (found,) = read(write(event)).notifications
    for error in found.errors:
        if event.type == "NS":
            assert error.fix.path
            assert error.fix.hint


# ---------------------------------------------------------------- all providers
@pytest.fixture(scope="module")
def pulled():
    """What each provider delivers of the same backlog."""
    with Simulator(World(Backlog(LENGTH))) as simulator:
        return {name: pull(feed_of(simulator, name)) for name in ALL}


@pytest.mark.parametrize("provider", ALL)
def test_a_backlog_means_the_same_from_every_provider(pulled, provider):
    expected = Counter(
        (event.message_id, MEANINGS[event.type, event.answer], event.exchange_id)
        for event in Backlog(LENGTH)
        if not event.broken
    )
    found = Counter()
    for message in pulled[provider]:
        for item in read(message.raw, message.name).notifications:
            found[item.external_id, item.outcome, item.exchange_id] += 1
    assert found == expected


@pytest.mark.parametrize("provider", ALL)
def test_what_is_broken_is_set_aside_by_name_and_by_reason(pulled, provider):
    broken = sum(bool(event.broken) for event in Backlog(LENGTH))
    assert broken
    failures = [failure for message in pulled[provider] for failure in read(message.raw).failures]
    assert len(failures) == broken
    assert all(failure.error.kind() == "malformed" for failure in failures)
    assert all(failure.error.remedy and str(failure.error) for failure in failures)


def test_natural_keys_agree_and_tell_duplicates(pulled):
    keys = {
        provider: Counter(
            item.key for message in messages for item in read(message.raw).notifications
        )
        for provider, messages in pulled.items()
    }
    first = keys[ALL[0]]
    assert all(found == first for found in keys.values())
    assert len(first) == len({event.message_id for event in Backlog(LENGTH) if not event.broken})
    repeated = sum(first.values()) - len(first)
    assert 0.5 * DUPLICATES < repeated / LENGTH < 1.5 * DUPLICATES


@pytest.mark.parametrize("provider", ALL)
def test_messages_name_what_they_are_about(pulled, provider):
    """An unreadable one can still be shown beside its document."""
    assert all(message.document for message in pulled[provider] if read(message.raw).notifications)
    assert all(message.provider == provider for message in pulled[provider])
    assert all(message.event_id for message in pulled[provider])


@pytest.mark.parametrize("provider", ALL)
def test_a_pull_that_is_interrupted_anywhere_loses_nothing(provider):
    """Each cursor is used by a feed of its own, as after a restart."""
    with Simulator(World(Backlog(90))) as simulator:
        whole = [item.raw for item in pull(feed_of(simulator, provider))]
        found, cursor = [], None
        while True:
            messages, cursor = feed_of(simulator, provider).fetch(LONG_AGO, cursor)
            found += [item.raw for item in messages]
            if cursor is None:
                break
    assert found == whole


@pytest.mark.parametrize("provider", ALL)
def test_what_arrives_during_a_pull_is_read_now_or_next_time(provider):
    world = World(Backlog(70))
    with Simulator(world) as simulator:
        started = world.page(69, 70)[0].arrived
        feed, seen, cursor, added = feed_of(simulator, provider), set(), None, []
        while True:
            messages, cursor = feed.fetch(LONG_AGO, cursor)
            seen |= {item.external_id for m in messages for item in read(m.raw).notifications}
            if len(added) < 3:
                added.append(world.add(type="RC").message_id)
            if cursor is None:
                break
        again = {
            item.external_id
            for message in pull(feed_of(simulator, provider), started)
            for item in read(message.raw).notifications
        }
    assert set(added) <= seen | again


@pytest.mark.parametrize("provider", ALL)
def test_a_pasted_key_with_a_line_break_works_or_is_called_wrong(provider):
    with Simulator(World(Backlog(3))) as simulator:
        if provider in ("invoicetronic", "openapi_it"):  # keys never end in blanks
            assert len(pull(feed_of(simulator, provider, " demo-secret\n"))) == 3
        for secret in ("demo\nsecret", "ключ", ""):
            with pytest.raises(CredentialsRefused):
                pull(feed_of(simulator, provider, secret))


# ---------------------------------------------------------------- containers
def zipped(parts):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, (name, raw) in enumerate(parts):
            archive.writestr(f"{index}/{name}", raw)
    return packed.getvalue()


def mailed(parts):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "sdi01@pec.fatturapa.it", "POSTA CERTIFICATA"
    mail.set_content("In allegato.")
    for name, raw in parts:
        mail.add_attachment(raw, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


@settings(max_examples=40)
@given(st.lists(events, min_size=1, max_size=6), st.data())
def test_any_pile_of_messages_in_any_order_says_each_thing_once(pile, data):
    pile = data.draw(st.permutations(pile + pile[:2]))
    wrap = data.draw(st.sampled_from([zipped, mailed]))
    reading = read(wrap([(event.name, write(event)) for event in pile]))
    assert not reading.failures
    assert Counter(item.key for item in reading.notifications) == {
        f"{event.type}:{event.exchange_id}:{event.message_id}": 1 for event in pile
    }
    order = list(dict.fromkeys(event.message_id for event in pile))
    assert [item.external_id for item in reading.notifications] == order


@settings(max_examples=30)
@given(st.lists(events, min_size=2, max_size=5, unique_by=lambda event: event.message_id))
def test_one_damaged_message_in_a_pile_is_named_and_the_others_are_read(pile):
    parts = [(event.name, write(event)) for event in pile]
    parts.insert(1, ("cut.xml", b"<RicevutaScarto><IdentificativoSdI>1"))
    reading = read(zipped(parts))
    assert len(reading.notifications) == len(pile)
    (failure,) = reading.failures
    assert (failure.part, failure.error.code) == ("cut.xml", "broken_xml")


@given(events, st.sampled_from([zipped, mailed]), st.sampled_from([zipped, mailed]))
def test_a_container_in_a_container_changes_nothing_but_the_path(event, inner, outer):
    alone = read(write(event)).notifications[0]
    (found,) = read(outer([("inner", inner([(event.name, write(event))]))])).notifications
    assert understood(found) == understood(alone)
    assert found.digest == alone.digest
    assert found.part.split("/")[:2] == ["inner", event.name]


# ---------------------------------------------------------------- the backlog
def test_arrivals_follow_each_other_and_what_happened_came_before():
    arrived = [event.arrived for event in BACKLOG[:500]]
    assert arrived == [START + STEP * index for index in range(500)]
    assert all(as_utc(event.happened) < event.arrived for event in BACKLOG[:500])


def test_the_kinds_come_in_their_shares():
    kinds = Counter(event.type for event in BACKLOG)
    assert sum(share for _kind, share in MIX) == pytest.approx(1)
    for kind, share in MIX:
        assert kinds[kind] / len(BACKLOG) == pytest.approx(share, abs=0.03)


@given(st.integers(0, 2999), st.integers(1, 60))
def test_a_page_is_what_its_places_hold(start, length):
    assert BACKLOG[start : start + length] == [
        BACKLOG[index] for index in range(start, min(3000, start + length))
    ]


@given(st.integers(-100, 400))
def test_the_first_message_since_a_moment(offset):
    world = World(Backlog(300))
    moment = START + STEP * offset
    slowly = [index for index in range(300) if world.page(index, index + 1)[0].arrived >= moment]
    assert world.first_since(moment) == (slowly[0] if slowly else 300)


@given(st.integers(0, 12), st.integers(0, 30), st.integers(0, 30))
def test_pages_go_on_from_the_backlog_into_what_was_added(added, start, length):
    world = World(Backlog(10))
    for _ in range(added):
        world.add(type="RC")
    everything = [*Backlog(10), *world.page(10, 10 + added)]
    assert len(world) == len(everything) == 10 + added
    assert world.page(start, start + length) == everything[start : start + length]


# ---------------------------------------------------------------- the switches
def call(simulator, path, body, kind="application/json"):
    request = urllib.request.Request(
        f"{simulator.base('_simulator')}{path}", data=body, headers={"Content-Type": kind}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


BAD_EVENTS = [
    {},
    {"type": "XX"},
    {"type": "NE"},
    {"type": "NE", "answer": "EC03"},
    {"type": "RC", "no_such": 1},
    {"type": "NS", "errors": 5},
]


@pytest.mark.parametrize("values", BAD_EVENTS)
def test_a_message_that_no_feed_could_tell_is_refused_at_once(values):
    """Taken in, it would break every later answer of every provider."""
    world = World()
    with Simulator(world) as simulator:
        status, said = call(simulator, "/events", json.dumps(values).encode())
        assert (status, len(world)) == (400, 0)
        assert said["error"]
        assert all(pull(feed_of(simulator, provider)) == [] for provider in ALL)


@pytest.mark.parametrize("kind", sorted(ROOTS))
def test_a_message_of_each_kind_can_be_switched_on(kind):
    world = World()
    values = {"type": kind, "answer": "EC02" if kind == "NE" else ""}
    with Simulator(world) as simulator:
        assert call(simulator, "/events", json.dumps(values).encode())[0] == 201
        for provider in ALL:
            (message,) = pull(feed_of(simulator, provider))
            (found,) = read(message.raw, message.name).notifications
            assert (found.type, found.outcome) == (kind, MEANINGS[kind, values["answer"]])


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"x"', b"null", b""])
def test_a_body_that_is_no_object_is_a_bad_request(body):
    with Simulator(World()) as simulator:
        assert call(simulator, "/faults", body)[0] == 400
        assert call(simulator, "/no-such", body)[0] == 404


def test_a_number_of_times_may_be_text():
    world = World()
    with Simulator(world) as simulator:
        assert call(simulator, "/faults", b'{"name": "html", "times": "2"}')[0] == 201
        assert call(simulator, "/faults", b'{"name": "html", "times": "x"}')[0] == 400
        assert call(simulator, "/faults", b'{"name": "none"}')[1]["error"].count(",") == (
            len(FAULTS) - 1
        )
    met = [world.fault_for("/x") for _ in range(3)]
    assert [fault and fault.name for fault in met] == ["html", "html", None]


def test_faults_meet_their_path_in_the_order_of_switching():
    world = World()
    world.break_next("html", path="/aruba")
    world.break_next("slow", times=2, value=1)
    asked = ["/acube/x", "/aruba/y", "/aruba/y", "/aruba/y"]
    met = [world.fault_for(path) for path in asked]
    assert [fault and fault.name for fault in met] == ["slow", "html", "slow", None]


def test_ids_of_documents_differ_and_stay():
    names = {event.file_name for event in BACKLOG[:1000]}
    assert len({uuid_of(name) for name in names}) == len(names)
