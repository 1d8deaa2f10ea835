"""HTTP to a provider: the only module that knows ``requests``.

Only https to the provider's own hosts, or plain http to this machine when that is asked for (the
simulator). No redirects, no proxies or passwords from the environment, no compressed answers,
bounded sizes and times, and a few retries where they help.
"""

from __future__ import annotations

import ipaddress
import random
import socket
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from .errors import (
    ConnectorError,
    CredentialsRefused,
    HostNotAllowed,
    Malformed,
    RateLimited,
    RedirectRefused,
    Refused,
    ServiceFailing,
    TooLarge,
    Unreachable,
)
from .guards import MAX_BYTES, read_json

TIMEOUT = (5.0, 30.0)  # to connect, and for each silence of the server
DEADLINE = 90.0  # for one answer in full
ATTEMPTS = 4
PATIENCE = 20.0  # the longest wait inside a run; a longer one is the next run's business
CHUNK = 64 * 1024

# What an HTTP status means for us; ranges are looked up by their hundred.
STATUSES: dict[int, type[ConnectorError]] = {
    401: CredentialsRefused,
    403: CredentialsRefused,
    408: ServiceFailing,
    425: ServiceFailing,
    429: RateLimited,
    300: RedirectRefused,
    400: Refused,
    500: ServiceFailing,
}


def error_for(status: int) -> type[ConnectorError] | None:
    """The error class behind a status; None for success.

    >>> error_for(503).__name__, error_for(404).__name__, error_for(302).__name__, error_for(200)
    ('ServiceFailing', 'Refused', 'RedirectRefused', None)
    """
    if 200 <= status < 300:
        return None
    return STATUSES.get(status) or STATUSES.get(status // 100 * 100, ServiceFailing)


def check_base(base: str, allowed: Collection[str], local: bool = False) -> None:
    """Refuse a base address that is not one of the provider's, unless it is this machine's."""
    if base.rstrip("/") in {known.rstrip("/") for known in allowed}:
        return
    if local and _is_loopback(base):
        return
    raise HostNotAllowed(f"{base} is not an address of this provider")


def _is_loopback(base: str) -> bool:
    try:
        parts = urlsplit(base)
    except ValueError:  # an open bracket
        return False
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")


def check_public(host: str, resolve: Callable[..., list] = socket.getaddrinfo) -> None:
    """Refuse a host whose name leads to this machine or a private network.

    The name may lead elsewhere a moment later; then the certificate, which is always checked,
    does not fit and nothing is sent.
    """
    try:
        found = {entry[4][0] for entry in resolve(host, 443, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} cannot be resolved: {error}") from None
    for address in found:
        if not ipaddress.ip_address(address.partition("%")[0]).is_global:
            raise HostNotAllowed(f"{host} leads to {address}, which is not a public address")


def wait_of(header: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (number or date); None when it says nothing.

    >>> noon = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
    >>> wait_of("120", noon), wait_of("Thu, 01 Jan 2026 12:00:30 GMT", noon), wait_of("soon", noon)
    (120.0, 30.0, None)
    """
    written = (header or "").strip()
    if written.isascii() and written.isdigit():
        return float(written[:7])
    try:
        when = parsedate_to_datetime(written)
        when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        return max(0.0, (when - now).total_seconds())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


class Client:
    """Requests below one base address of a provider."""

    def __init__(
        self,
        base: str,
        allowed: Collection[str],
        *,
        local: bool = False,
        max_bytes: int = MAX_BYTES,
        sleep: Callable[[float], None] = time.sleep,
        resolve: Callable[..., list] = socket.getaddrinfo,
    ) -> None:
        check_base(base, allowed, local)
        self.base = base.rstrip("/")
        self.max_bytes = max_bytes
        self._sleep = sleep
        self._resolve = resolve
        self._public = not (local and _is_loopback(base))
        self._session = requests.Session()
        self._session.trust_env = False
        self._authorization = ""

    def authorize(self, header: str) -> None:
        """Send this ``Authorization`` with each request from now on.

        :raises CredentialsRefused: a header cannot hold it: a line break or a letter of another
            script came along when the key was copied
        """
        if not (header.isascii() and header.isprintable()):
            raise CredentialsRefused("the password or key holds a character that none can have")
        self._authorization = header

    def get_json(
        self, path: str, params: Mapping[str, Any] | None = None, accept: str = "application/json"
    ) -> Any:
        """The JSON at ``path``."""
        return read_json(self.request("GET", path, params=params, accept=accept))

    def post_json(
        self, path: str, *, json: Any = None, form: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON that answers a POST of ``json`` or of ``form`` fields."""
        return read_json(self.request("POST", path, json=json, data=form))

    def request(
        self, method: str, path: str, accept: str = "application/json", **content: Any
    ) -> bytes:
        """The body of the answer, after as many attempts as make sense."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(method, path, accept, content)
            except (RateLimited, ServiceFailing, Unreachable) as error:
                pause = self._pause(error, attempt)
                if attempt == ATTEMPTS or pause > PATIENCE:
                    raise
                self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    @staticmethod
    def _pause(error: ConnectorError, attempt: int) -> float:
        """What the server asks for, else twice as long each time, scattered."""
        if error.retry_after is not None:
            return error.retry_after
        return 0.5 * 2**attempt * random.uniform(0.5, 1.0)

    def _once(self, method: str, path: str, accept: str, content: dict[str, Any]) -> bytes:
        if self._public:
            check_public(urlsplit(self.base).hostname or "", self._resolve)
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        try:
            with self._session.request(
                method,
                self.base + path,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
                **content,
            ) as response:
                return self._body(response, path)
        except (requests.RequestException, HTTPError) as error:
            # its text may quote the address with its parameters: the kind must do
            raise Unreachable(f"{self.base}{path}: {type(error).__name__}") from None

    def _body(self, response: requests.Response, path: str) -> bytes:
        failure = error_for(response.status_code)
        if failure:
            wait = wait_of(response.headers.get("Retry-After"), datetime.now(timezone.utc))
            raise failure(f"{self.base}{path} answered {response.status_code}", retry_after=wait)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Malformed(f"{self.base}{path} answered compressed, though asked not to")
        return self._bounded(response, path)

    def _bounded(self, response: requests.Response, path: str) -> bytes:
        """The body, given up as soon as it is too large or takes too long."""
        body, deadline = bytearray(), time.monotonic() + DEADLINE
        # whatever has arrived: a server that drips bytes must not fill a whole chunk first
        while chunk := response.raw.read1(CHUNK):
            body += chunk
            if len(body) > self.max_bytes:
                raise TooLarge(f"{self.base}{path} answers more than {self.max_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise Unreachable(f"{self.base}{path} takes more than {DEADLINE:.0f} seconds")
        return bytes(body)
