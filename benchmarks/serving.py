"""Odoo served over HTTP for a benchmark, and the requests that its web client would send."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import requests

TIMEOUT = 120  # seconds


@contextmanager
def serving(database: str, port: int | None = None) -> Iterator[str]:
    """Odoo's web server on one database, without jobs; its address."""
    port = port or free_port()
    command = [sys.executable, "-m", "odoo", "-c", os.environ["ODOO_RC"], "-d", database]
    command += [f"--db-filter=^{database}$", f"--http-port={port}", "--max-cron-threads=0"]
    server = subprocess.Popen([*command, "--log-level=warn"], stdout=sys.stderr)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        yield address
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address: str) -> None:
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/web/login", timeout=30).close()
        except (TimeoutError, OSError):
            time.sleep(0.5)
        else:
            return
    raise SystemExit(f"error: the web server at {address} did not answer in {TIMEOUT} seconds")


class Browser:
    """One user signed in, who opens forms and presses buttons; every step returns its seconds.

    The requests are those which the web client of Odoo 19 was seen to send for the step, in its
    order and with its context.
    """

    def __init__(self, address: str, database: str, login: str):
        self.address = address
        self.session = requests.Session()
        self.context: dict[str, object] = {}
        who = {"db": database, "login": login, "password": login}
        _seconds, found = self.ask("/web/session/authenticate", who)
        companies = found["user_companies"]["current_company"]
        self.context = {"lang": "en_US", "tz": "Europe/Rome", "uid": found["uid"]}
        self.context["allowed_company_ids"] = [companies]

    def ask(self, path: str, params: dict) -> tuple[float, object]:
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        start = time.perf_counter()
        answer = self.session.post(f"{self.address}{path}", json=body, timeout=TIMEOUT)
        seconds = time.perf_counter() - start
        answer.raise_for_status()
        if "error" in (found := answer.json()):
            raise SystemExit(f"error: {path}: {found['error']['data']['message']}")
        return seconds, found["result"]

    def call(self, model: str, method: str, *args, button: bool = False, **kwargs) -> float:
        kwargs["context"] = {**self.context, **kwargs.get("context", {})}
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        kind = "button" if button else "kw"
        return self.ask(f"/web/dataset/call_{kind}/{model}/{method}", params)[0]

    def read(self, model: str, record: int, fields: dict) -> float:
        """What a form shows."""
        context = {"bin_size": True}
        return self.call(model, "web_read", [record], specification=fields, context=context)

    def open_form(self, model: str, record: int, fields: dict) -> float:
        """A record's form with what stands beside or below it: messages, followers, activities."""
        thread = {"thread_model": model, "thread_id": record}
        asked = [
            *("activities", "attachments", "contact_fields"),
            *("followers", "scheduledMessages", "suggestedRecipients"),
        ]
        around = [["mail.thread", {**thread, "access_params": {}, "request_list": asked}]]
        return (
            self.read(model, record, fields)
            + self.ask("/mail/thread/messages", {**thread, "fetch_params": {"limit": 30}})[0]
            + self.ask("/mail/data", {"fetch_params": around, "context": self.context})[0]
        )
