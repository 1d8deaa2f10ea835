"""The simulator as an HTTP server on this machine, never on another address."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .views import Answer, Request, route
from .world import Fault, World, demo_world

HOST = "127.0.0.1"
PORT = 8990
BIG = 50 * 1024 * 1024
MAX_REQUEST = 1024 * 1024

# Answers in place of the right one; the rest is done while writing.
WRONG: dict[str, Answer] = {
    "rate_limit": Answer({"title": "Too Many Requests"}, 429),
    "server_error": Answer({"title": "Service Unavailable"}, 503),
    "unauthorized": Answer({"title": "Unauthorized"}, 401),
    "not_found": Answer({"title": "Not Found"}, 404),
    "html": Answer("<!DOCTYPE html><html><body>Manutenzione in corso</body></html>"),
    "redirect": Answer("", 302, {"Location": "http://127.0.0.1:9/"}),
    "deep": Answer("[" * 5000 + "]" * 5000),
}


class Handler(BaseHTTPRequestHandler):
    """Speaks for all providers, each below a path of its own, and for ``/_simulator``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets: 40 ms of waiting otherwise
    server: Simulator

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def log_message(self, *_arguments: Any) -> None:
        """Quiet: what was asked is counted in the world."""

    def _answer(self, method: str) -> None:
        parts = urlsplit(self.path)
        form = self._form()
        if parts.path.startswith("/_simulator/"):
            return self._write(control(self.server.world, method, parts.path, form))
        world = self.server.world
        world.requests[parts.path] += 1
        query = dict(parse_qsl(parts.query))
        request = Request(method, parts.path, query, dict(self.headers.items()), form)
        view, fault = route(method, parts.path), world.fault_for(parts.path)
        if fault and fault.name in WRONG:
            return self._write(_wrong(fault))
        answer = view(world, request) if view else Answer({"title": "Not Found"}, 404)
        self._write(answer, fault)

    def _form(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, MAX_REQUEST))
        if self.headers.get_content_type() == "application/json":
            try:
                found = json.loads(body or b"{}")
            except ValueError:
                found = {}
            return found if isinstance(found, dict) else {}
        return dict(parse_qsl(body.decode("utf-8", "replace")))

    def _write(self, answer: Answer, fault: Fault | None = None) -> None:
        is_text = isinstance(answer.content, str)
        body = (answer.content if is_text else json.dumps(answer.content)).encode()
        name = fault.name if fault else ""
        if name == "slow":
            time.sleep(float(fault.value or 1))
        length = BIG if name == "huge" else len(body)
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/html" if is_text else "application/json")
        self.send_header("Content-Length", str(length))
        if name == "gzip":
            self.send_header("Content-Encoding", "gzip")
        for header, value in answer.headers.items():
            self.send_header(header, value)
        self.end_headers()
        self._send(body[: len(body) // 2] if name == "truncated" else body, length, name)

    def _send(self, body: bytes, length: int, fault: str) -> None:
        try:
            self.wfile.write(body)
            if fault == "huge":
                for _piece in range((length - len(body)) // 65536):
                    self.wfile.write(b" " * 65536)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has had enough
        if fault in ("truncated", "huge"):
            self.close_connection = True


def _wrong(fault: Fault) -> Answer:
    answer = WRONG[fault.name]
    if fault.name == "rate_limit" and fault.value:
        return answer._replace(headers={"Retry-After": fault.value})
    return answer


def control(world: World, method: str, path: str, form: dict[str, Any]) -> Answer:
    """The simulator's own switches: new messages, faults, counts of requests."""
    name = path.rpartition("/")[2]
    try:
        if (method, name) == ("POST", "events"):
            return Answer({"id": world.add(**form).id}, 201)
        if (method, name) == ("POST", "faults"):
            world.break_next(**form)
            return Answer({}, 201)
    except (TypeError, ValueError) as error:
        return Answer({"error": str(error)}, 400)
    if (method, name) == ("DELETE", "faults"):
        world.mend()
        return Answer({})
    if (method, name) == ("GET", "requests"):
        return Answer(dict(world.requests))
    return Answer({"error": "no such switch"}, 404)


class Simulator(ThreadingHTTPServer):
    """``with Simulator(world) as simulator: … simulator.base("aruba")``."""

    daemon_threads = True

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__((HOST, port), Handler)
        self.world = world

    def base(self, provider: str) -> str:
        """The base address that stands for a provider here."""
        return f"http://{HOST}:{self.server_address[1]}/{provider}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is part of the tests; anything else is a defect."""
        if isinstance(sys.exc_info()[1], ConnectionError):
            return None
        return super().handle_error(request, client_address)

    def __enter__(self) -> Simulator:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_arguments: object) -> None:
        self.shutdown()
        self.server_close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="dev/exchange", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--backlog", type=int, default=0, help="messages to generate")
    parser.add_argument(
        "--invoices", type=Path, help="JSON list of number, day and file_name to speak about"
    )
    parser.add_argument("--limits", action="store_true", help="enforce the published limits")
    options = parser.parse_args(arguments)
    invoices = json.loads(options.invoices.read_text()) if options.invoices else ()
    world = demo_world(invoices, options.backlog)
    world.limits = options.limits
    simulator = Simulator(world, options.port)
    sys.stdout.write(
        f"Simulated exchange on http://{HOST}:{simulator.server_address[1]}/<provider>\n"
        "providers invoicetronic, aruba, openapi_it, acube; "
        f"user {world.user}, password or key {world.secret}\n"
    )
    sys.stdout.flush()
    try:
        simulator.serve_forever()
    except KeyboardInterrupt:
        simulator.server_close()


if __name__ == "__main__":
    main()
