"""The simulated exchange: repeatable, in its promised shares, and switchable from outside."""

import json
import urllib.error
import urllib.request
from itertools import islice

import pytest
from connectors.recognise import parse, read
from connectors.simulator.backlog import Backlog
from connectors.simulator.messages import ROOTS, write
from connectors.simulator.server import Simulator
from connectors.simulator.world import World, demo_world


def test_the_same_number_gives_the_same_message():
    assert Backlog(300)[10:20] == Backlog(1000)[10:20]
    assert Backlog(5)[3] == list(Backlog(5))[3]
    with pytest.raises(IndexError):
        Backlog(5)[5]


def test_the_shares_of_a_backlog():
    events = list(Backlog(4000))
    repeated = len(events) - len({event.message_id for event in events})
    broken = sum(bool(event.broken) for event in events)
    late = sum((event.arrived - event.happened).days >= 2 for event in events)
    assert 0.08 < repeated / 4000 < 0.12
    assert 0.005 < broken / 4000 < 0.02
    assert 0.03 < late / 4000 < 0.16  # duplicates repeat an older time as well


@pytest.mark.parametrize("kind", sorted(ROOTS))
def test_what_is_written_is_understood(kind):
    event = next(item for item in Backlog(3000) if item.type == kind and not item.broken)
    found = parse(write(event), event.name)
    assert (found.type, found.exchange_id) == (kind, event.exchange_id)
    assert (found.external_id, found.file_name) == (event.message_id, event.file_name)
    assert [item.code for item in found.errors if kind == "NS"] == [
        code for code, _words, _hint in event.errors
    ]


def test_broken_messages_are_quarantined_not_lost():
    event = next(item for item in islice(Backlog(3000), 3000) if item.broken)
    assert read(write(event)).failures


def test_stories_of_given_invoices():
    invoices = [{"number": "INV/1", "day": "2026-03-01", "file_name": "IT01234567890_aaaaa.xml"}]
    (event,) = demo_world(invoices).page(0, 10)
    assert (event.type, event.number, event.file_name) == ("NS", "INV/1", "IT01234567890_aaaaa.xml")


def call(simulator, path, body=None, method=None):
    request = urllib.request.Request(
        simulator.base("_simulator") + path,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def test_switches_over_http():
    world = World()
    with Simulator(world) as simulator:
        created = call(
            simulator, "/events", {"type": "NS", "errors": [["00404", "Fattura duplicata"]]}
        )
        assert created == {"id": 1}
        assert world.page(0, 1)[0].errors == (("00404", "Fattura duplicata", ""),)
        call(simulator, "/faults", {"name": "html", "times": 2})
        assert world.fault_for("/any").name == "html"
        call(simulator, "/faults", method="DELETE")
        assert world.fault_for("/any") is None
        assert call(simulator, "/requests") == {}
        for body in ({"name": "no-such"}, {"nonsense": 1}):
            with pytest.raises(urllib.error.HTTPError):
                call(simulator, "/faults", body)


def test_limits_run_out_and_recover():
    now = [0.0]
    world = World(limits=True, clock=lambda: now[0])
    assert [world.within_limit("aruba:signin") for _try in range(2)] == [True, False]
    now[0] = 61.0
    assert world.within_limit("aruba:signin")
