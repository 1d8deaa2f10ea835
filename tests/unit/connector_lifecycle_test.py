"""Keys, moments and what a message may do."""

from datetime import date, datetime, timedelta, timezone

import pytest
from connectors.errors import (
    BRANCHES,
    ConnectorError,
    ImplausibleDate,
    RateLimited,
)
from connectors.lifecycle import (
    APPLICABLE,
    OPENS_PROBLEM,
    SETTLES,
    Notification,
    Outcome,
    as_utc,
    check_dates,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def notification(**values):
    return Notification(
        **({"network": "sdi", "type": "NS", "outcome": Outcome.NOT_ISSUED} | values)
    )


def test_a_key_is_natural_or_the_fingerprint():
    assert notification(exchange_id="1", external_id="2", digest="d").key == "NS:1:2"
    assert notification(exchange_id="1", digest="d").key == "NS:1:sha256-d"


def test_the_moment_is_the_latest_event_in_utc():
    dates = {
        "received": datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        "delivered": datetime(2026, 1, 1, 0, 30),
        "invoice": date(2027, 1, 1),
    }
    assert notification(dates=dates).moment == datetime(2026, 1, 1, 0, 30, tzinfo=timezone.utc)
    assert notification().moment is None


@pytest.mark.parametrize("edge", [datetime.min, datetime.max])
def test_the_edges_of_the_calendar(edge):
    for hours in (-14, 14):
        assert as_utc(edge.replace(tzinfo=timezone(timedelta(hours=hours)))).tzinfo


@pytest.mark.parametrize(("when", "fine"), [
    (NOW, True),
    (NOW + timedelta(hours=20), True),
    (NOW + timedelta(days=365), False),
    (NOW - timedelta(days=365), True),
    (datetime(1, 1, 1, tzinfo=timezone.utc), False),
])  # fmt: skip
def test_a_clock_that_is_a_year_off(when, fine):
    message = notification(dates={"received": when})
    if fine:
        check_dates(message, NOW)
    else:
        with pytest.raises(ImplausibleDate, match="received"):
            check_dates(message, NOW)


def test_a_buyers_date_may_lie_in_the_future():
    check_dates(notification(dates={"effective": date(2027, 1, 1)}), NOW)


def test_outcomes_stay_apart():
    assert not OPENS_PROBLEM & SETTLES
    assert set(Outcome) - APPLICABLE == {Outcome.UNKNOWN, Outcome.INFORMATION}


def everything(base):
    for found in base.__subclasses__():
        yield found
        yield from everything(found)


def test_every_error_has_its_own_code_and_a_remedy():
    tree = list(everything(ConnectorError))
    assert len({found.code for found in tree}) == len(tree)
    assert len({found.remedy for found in tree}) == len(tree)
    assert all(found.kind() in {branch.__name__.lower() for branch in BRANCHES} for found in tree)


def test_an_error_as_data():
    assert RateLimited("too often", retry_after=3).as_dict() == {
        "kind": "retryable",
        "code": "rate_limited",
        "message": "too often",
        "remedy": RateLimited.remedy,
    }
