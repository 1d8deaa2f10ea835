"""Where the messages for the connector tests lie."""

from pathlib import Path

import pytest
from connectors.recognise import read

HERE = Path(__file__).resolve().parents[1] / "samples"
# Further messages lie beside a development clone; their licences keep them out of this one.
SHARED = Path(__file__).resolve().parents[3] / "shared" / "samples"


def sample(name):
    """The bytes of a message, from here or from beside the clone; the test is skipped without."""
    for folder in (HERE, SHARED):
        found = [path for path in folder.rglob("*") if path.name == name]
        if found:
            return found[0].read_bytes()
    pytest.skip("sample messages of the exchanges are not beside this clone")


def understood(name):
    """The one notification of a message."""
    reading = read(sample(name), name)
    assert not reading.failures
    assert len(reading.notifications) == 1
    return reading.notifications[0]


def every_file():
    """All message files that are at hand."""
    folders = [folder for folder in (HERE, SHARED) if folder.exists()]
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
