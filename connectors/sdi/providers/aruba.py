"""Aruba Fatturazione Elettronica: notifications are asked for document by document.

The list of documents says only that something was rejected; the reason stands in the SdI's own
message, which comes in base64. The service allows one sign-in and twelve searches a minute.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...contract import Message
from ...envelopes import decode_base64
from ...errors import CredentialsRefused, Malformed, Refused
from ...guards import child, children, text, write_json
from .polling import DocumentPoll

if TYPE_CHECKING:
    from ...accounts import Account
    from ...client import Client

PROVIDER = "aruba"
SERVICES = {
    "https://ws.fatturazioneelettronica.aruba.it": "https://auth.fatturazioneelettronica.aruba.it",
    "https://demows.fatturazioneelettronica.aruba.it": (
        "https://demoauth.fatturazioneelettronica.aruba.it"
    ),
}
BASES = (*SERVICES, *SERVICES.values())
PAGE = 50
OK = ("", "0000")


class Aruba(DocumentPoll):
    """Documents are named by their invoice file."""

    provider = PROVIDER

    def __init__(
        self,
        service: Client,
        sign_in: Client,
        user: str,
        secret: str,
        documents: Sequence[str],
        known: Collection[str] | None = None,
    ) -> None:
        super().__init__(documents, known)
        self._service = service
        self._sign_in = sign_in
        self._form = {"grant_type": "password", "username": user, "password": secret}
        self._user = user
        self._valid_until = 0.0

    def _authorize(self) -> None:
        if time.monotonic() < self._valid_until:
            return
        try:
            answer = self._sign_in.post_json("/auth/signin", form=self._form)
        except Refused:  # the OAuth answer to a wrong password is a 400
            raise CredentialsRefused("the sign-in was refused") from None
        token = text(child(answer, "access_token"))
        if not token:
            raise CredentialsRefused("the sign-in gave no token")
        self._service.authorize(f"Bearer {token}")
        lifetime = text(child(answer, "expires_in"))
        seconds = int(lifetime[:6]) if lifetime.isdecimal() else 600
        self._valid_until = time.monotonic() + seconds - 60

    def _page(self, since: datetime, page: int) -> tuple[list[str], bool]:
        """The file names on a page of the list, which filters by the day of creation only."""
        answer = self._service.get_json(
            "/services/invoice/out/findByUsername",
            {
                "username": self._user,
                "startDate": since.date().isoformat(),
                "page": page,
                "size": PAGE,
            },
        )
        _check(answer)
        names = [text(child(item, "filename")) for item in children(answer, "content")]
        last = child(answer, "last")
        return list(filter(None, names)), last if isinstance(last, bool) else len(names) < PAGE

    def _messages(self, name: str) -> list[Message]:
        try:
            answer = self._service.get_json(
                "/services/notification/out/getByInvoiceFilename", {"invoiceFilename": name}
            )
            _check(answer)
        except (Refused, Malformed) as problem:  # this document alone: the others go on
            raw = json.dumps(problem.as_dict()).encode()
            return [Message(PROVIDER, f"{name}:error", raw, document=name)]
        return [_message(item, name) for item in children(answer, "notifications")]


def _check(answer: Any) -> None:
    """Errors of the service itself come with status 200."""
    code = text(child(answer, "errorCode"))
    if code not in OK:
        raise Refused(f"error {code}: {text(child(answer, 'errorDescription'))}")


def _message(item: Any, document: str) -> Message:
    name = text(child(item, "filename"))
    encoded = child(item, "file")
    raw = decode_base64(encoded.encode("ascii", "replace")) if isinstance(encoded, str) else None
    whole = write_json(item)
    return Message(PROVIDER, name or f"{document}:?", raw or whole, name, document)


def open_feed(account: Account, connect: Callable[[str], Client]) -> Aruba:
    """The feed; the address for signing in follows from the one of the service."""
    base = (account.base or next(iter(SERVICES))).rstrip("/")
    sign_in = connect(SERVICES.get(base, base))
    return Aruba(
        connect(base), sign_in, account.user, account.secret, account.documents, account.known
    )
