"""dev/notification over every message at hand: what is printed agrees with what was understood."""

import json
from collections import Counter
from datetime import datetime, timezone

import pytest
from connectors.describe import describe, describe_file, main
from connectors.errors import ConnectorError
from connectors.lifecycle import APPLICABLE, OPENS_PROBLEM, Direction, Outcome, as_utc
from connectors.recognise import read

from connector_samples import every_file

KINDS = (".xml", ".json", ".zip", ".eml", ".p7m")
FILES = list({path.name: path for path in every_file() if path.suffix in KINDS}.values())
NOW = datetime(2026, 12, 31, tzinfo=timezone.utc)
ids = [path.name for path in FILES]


def subclasses(kind):
    return [kind, *(found for child in kind.__subclasses__() for found in subclasses(child))]


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_every_file_is_told_or_has_its_reason(path):
    entries = describe_file(path)
    assert entries
    codes = {kind.code for kind in subclasses(ConnectorError)}
    for entry in json.loads(json.dumps(entries)):
        assert entry["file"] == str(path)
        if "error" in entry:
            assert entry["error"]["code"] in codes
            assert entry["error"]["remedy"].endswith(".")
            continue
        assert Outcome(entry["outcome"]) is not Outcome.UNKNOWN
        assert entry["network"] in ("sdi", "peppol", "ksef", "france")
        assert entry["type"]
        assert len(entry["digest"]) == 64


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_what_is_printed_is_what_was_understood(path):
    for item in read(path.read_bytes(), path.name).notifications:
        told = describe(item)
        assert told["key"] == item.key
        assert [ref["number"] for ref in told["invoices"]] == [ref.number for ref in item.invoices]
        dates = {name: datetime.fromisoformat(value) for name, value in told["dates"].items()}
        assert {name: as_utc(value) for name, value in dates.items()} == {
            name: as_utc(value) for name, value in item.dates.items()
        }
        for error, said in zip(item.errors, told["errors"], strict=True):
            assert (said["code"], said["text"]) == (error.code, error.text)
            assert said["hint"] == (error.hint or error.fix.hint)
            assert said["field"] == error.fix.path


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_keys_in_a_file_differ_and_do_not_depend_on_its_name(path):
    raw = path.read_bytes()
    keys = Counter(item.key for item in read(raw, path.name).notifications)
    assert set(keys.values()) <= {1}
    assert keys == Counter(item.key for item in read(raw, "another.bin").notifications)


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_problem_says_what_it_is_and_is_about_something_of_ours(path):
    for item in read(path.read_bytes(), path.name).notifications:
        cut = item.network == "ksef" or "minimal" in path.name  # without what it answers to
        if item.outcome in APPLICABLE and not cut:
            assert item.exchange_id or item.file_name or item.invoices
        if item.direction is Direction.RECEIVED:
            assert item.outcome not in OPENS_PROBLEM
        if item.outcome in (Outcome.NOT_ISSUED, Outcome.REFUSED):
            assert item.errors or item.text or item.title
        assert item.moment is None or item.moment < NOW


def test_the_exit_says_whether_all_was_understood(capsys):
    for path in FILES:
        failed = any("error" in entry for entry in describe_file(path))
        assert main([str(path)]) == int(failed)
        assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(describe_file(path)))


def test_a_folder_is_no_message(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    ((entry,),) = (json.loads(capsys.readouterr().out),)
    assert entry["error"]["code"] == "not_a_notification"
    assert "cannot be read" in entry["error"]["message"]
