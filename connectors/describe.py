"""What the product understands of message files, as JSON: for support and for tests."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import NotANotification
from .guards import MAX_BYTES
from .lifecycle import MessageError, Notification
from .recognise import Failure, read


def describe(notification: Notification) -> dict[str, Any]:
    """The notification as plain data."""
    return {
        "network": notification.network,
        "provider": notification.provider,
        "type": notification.type,
        "title": notification.title,
        "outcome": notification.outcome.value,
        "direction": notification.direction.value,
        "code": notification.code,
        "text": notification.text,
        "exchange_id": notification.exchange_id,
        "external_id": notification.external_id,
        "key": notification.key,
        "network_number": notification.network_number,
        "duplicate_of": notification.duplicate_of,
        "file_name": notification.file_name,
        "file_hash": notification.file_hash,
        "archive_name": notification.archive_name,
        "invoices": [
            {"number": ref.number, "year": ref.year, "position": ref.position}
            for ref in notification.invoices
        ],
        "parties": list(notification.parties),
        "dates": {name: value.isoformat() for name, value in notification.dates.items()},
        "errors": [_error(item) for item in notification.errors],
        "verified": notification.verified,
        "signature": notification.signature,
        "part": notification.part,
        "digest": notification.digest,
    }


def _error(item: MessageError) -> dict[str, str]:
    return {
        "code": item.code,
        "text": item.text,
        "hint": item.hint or item.fix.hint,
        "location": item.location,
        "field": item.fix.path,
        "fix": item.fix.hint,
    }


def _failure(item: Failure) -> dict[str, Any]:
    return {"part": item.part, "error": item.error.as_dict()}


def describe_file(path: Path) -> list[dict[str, Any]]:
    """One entry for each message in the file, or for each reason why there is none."""
    try:
        with path.open("rb") as file:
            reading = read(file.read(MAX_BYTES + 1), path.name)
    except OSError as error:
        problem = NotANotification(f"the file cannot be read: {error.strerror}")
        return [{"file": str(path), **_failure(Failure("", problem))}]
    found = [describe(item) for item in reading.notifications]
    found += [_failure(item) for item in reading.failures]
    return [{"file": str(path), **entry} for entry in found]


def main(arguments: Sequence[str]) -> int:
    """Print what is understood of each file; 1 when any of it was not."""
    if not arguments or arguments[0].startswith("-"):
        sys.stderr.write("usage: dev/notification FILE…\n")
        return 2
    entries = [entry for name in arguments for entry in describe_file(Path(name))]
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
    return int(any("error" in entry for entry in entries))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
