"""Opens the feed of an exchange account: the one door for whoever stores what it brings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from .client import Client
from .contract import Feed
from .errors import Misconfigured
from .sdi.providers import aruba, invoicetronic, openapi_it

# A new provider is one module with BASES and open(), and a line here.
PROVIDERS = {
    "invoicetronic": (invoicetronic.BASES, invoicetronic.open_feed),
    "aruba": (aruba.BASES, aruba.open_feed),
    "openapi_it": (openapi_it.OPENAPI.bases, openapi_it.open_openapi),
    "acube": (openapi_it.ACUBE.bases, openapi_it.open_acube),
}


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks where. ``local`` allows a simulator on this machine, and nothing else.

    For providers that are asked one document at a time: ``documents`` names the invoice files (or
    the provider's ids) still without an outcome, in the order of asking, and ``known`` all that the
    caller remembers. Without ``known``, the documents alone are asked for, or, if there are none,
    all of the last weeks.
    """

    provider: str
    base: str = ""
    user: str = ""
    secret: str = field(default="", repr=False)
    local: bool = False
    documents: Sequence[str] = ()
    known: Collection[str] | None = None


Connect = Callable[[str], Client]


def open_feed(account: Account, **options: object) -> Feed:
    """The feed of the account; ``options`` go to its :class:`Client`."""
    if account.provider not in PROVIDERS:
        raise Misconfigured(f"no provider '{account.provider}'")
    bases, opener = PROVIDERS[account.provider]

    def connect(base: str) -> Client:
        return Client(base, bases, local=account.local, **options)

    return opener(account, connect)
