"""From any file to what it says: opens containers, finds the network, reads the message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from lxml import etree

from . import envelopes
from .errors import ConnectorError, NotANotification, UnknownMessage
from .france import parse as france
from .guards import check_size, read_json, read_xml
from .ksef import parse as ksef
from .lifecycle import Notification
from .peppol import parse as peppol
from .sdi import parse as sdi
from .sdi import signature
from .sdi.providers import invoicetronic, openapi_it

MAX_NESTING = 4  # a mail with an archive with a signed file with base64
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_XML_STARTS = (b"<", b"<\x00", b"\x00<")


@dataclass(frozen=True, slots=True)
class Failure:
    """A part of a file that could not be used, and why."""

    part: str
    error: ConnectorError


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a file says: most hold one message, mails and archives may hold several."""

    notifications: tuple[Notification, ...] = ()
    failures: tuple[Failure, ...] = ()


def read(raw: bytes, name: str = "", anchors: Sequence[bytes] = ()) -> Reading:
    """What the file says. Never raises a typed error: what is wrong is among the failures."""
    try:
        check_size(raw)
        return _tidy(_open(raw, envelopes.base_name(name), anchors, MAX_NESTING))
    except ConnectorError as error:
        return Reading(failures=(Failure("", error),))


def parse(raw: bytes, name: str = "", anchors: Sequence[bytes] = ()) -> Notification:
    """The one message of a file, or the typed error. For feeds, which deliver one by one."""
    reading = read(raw, name, anchors)
    if reading.failures:
        raise reading.failures[0].error
    if len(reading.notifications) != 1:
        raise UnknownMessage(f"{len(reading.notifications)} messages in one file")
    return reading.notifications[0]


def _open(raw: bytes, name: str, anchors: Sequence[bytes], levels: int) -> Reading:
    if levels == 0:
        raise NotANotification(f"more than {MAX_NESTING} containers in each other")
    kind = _sniff(raw)
    if kind == "xml":
        return _xml(raw, name, anchors, levels)
    if kind == "json":
        return _json(raw)
    if kind in _CONTAINERS:
        return _container(_CONTAINERS[kind](raw), anchors, levels)
    inner = _UNWRAP[kind](raw) if kind in _UNWRAP else None
    if not inner:
        raise NotANotification("neither XML nor JSON, mail, archive or signed file")
    return _open(inner, _without_suffix(name), anchors, levels - 1)


def _sniff(raw: bytes) -> str:
    """What the bytes are, by the bytes; names and declared types are often wrong."""
    head = raw[:256]
    for mark in _BOMS:
        head = head.removeprefix(mark)
    head = head.lstrip()
    if head.startswith(_XML_STARTS):
        return "xml"
    if head[:1] in (b"{", b"["):
        return "json"
    if raw[:2] == b"PK":
        return "zip"
    if raw[:1] == b"\x30" and raw[1:2] >= b"\x80":
        return "p7m"
    return "mail" if envelopes.is_mail(raw) else "base64"


_CONTAINERS: dict[str, Callable[[bytes], list[envelopes.Part]]] = {
    "zip": envelopes.zip_parts,
    "mail": envelopes.mail_parts,
}
_UNWRAP: dict[str, Callable[[bytes], bytes | None]] = {
    "p7m": envelopes.p7m_content,
    "base64": envelopes.decode_base64,
}


def _without_suffix(name: str) -> str:
    return name[: -len(".p7m")] if name.lower().endswith(".p7m") else name


def _container(parts: list[envelopes.Part], anchors: Sequence[bytes], levels: int) -> Reading:
    """All messages inside. Covering letters and the like do not count, unless nothing else is."""
    notifications, failures, others = [], [], []
    for name, raw in parts:
        try:
            reading = _open(raw, name, anchors, levels - 1)
        except NotANotification as error:
            others.append(Failure(name, error))
        except ConnectorError as error:
            (others if isinstance(error, UnknownMessage) else failures).append(Failure(name, error))
        else:
            notifications += [item.located(name) for item in reading.notifications]
            failures += [replace(item, part=f"{name}/{item.part}") for item in reading.failures]
    if not notifications and not failures:
        raise NotANotification(f"no message of an exchange among {len(parts)} files")
    return Reading(tuple(notifications), tuple(failures))


def _xml(raw: bytes, name: str, anchors: Sequence[bytes], levels: int) -> Reading:
    root = read_xml(raw)
    wrapped = sdi.find_wrapped(root)
    if wrapped:
        return _open(envelopes.embedded_file(wrapped[1]), wrapped[0], anchors, levels - 1)
    found = sdi.find(root)
    if found is not None:
        return Reading((_signed(sdi.parse(found, name), found, raw, anchors),))
    for network in (peppol, france, ksef):
        found = network.find(root)
        if found is not None:
            return _digested(network.parse(found), raw)
    raise _stranger(root)


def _stranger(root: etree._Element) -> ConnectorError:
    title = etree.QName(root).localname
    if title.lower() in ("html", "postacert", "signature"):
        return NotANotification(f"<{title}> is no message of an exchange")
    return UnknownMessage(f"no known message in a document <{title}>")


def _signed(
    notification: Notification, found: etree._Element, raw: bytes, anchors: Sequence[bytes]
) -> Notification:
    verified, words = False, "none"
    if found.find(f"{{{signature.DSIG}}}Signature") is not None:
        # out of a SOAP envelope, the message stands for itself
        wrapped = found.getparent() is not None
        alone = etree.tostring(found, with_tail=False) if wrapped else raw.lstrip()
        verified, words = signature.check(alone, anchors)
    digest = sha256(raw).hexdigest()
    return replace(notification, verified=verified, signature=words, digest=digest)


def _json(raw: bytes) -> Reading:
    data = read_json(raw)
    for reader in (invoicetronic, openapi_it, ksef):
        if reader.recognises(data):
            return _digested(reader.parse_json(data), raw)
    raise UnknownMessage("JSON of no known exchange or provider")


def _digested(notifications: Sequence[Notification], raw: bytes) -> Reading:
    digest = sha256(raw).hexdigest()
    found = [replace(item, digest=digest) for item in notifications]
    return Reading(tuple(_told_apart(found) if len(found) > 1 else found))


def _told_apart(notifications: Sequence[Notification]) -> Iterator[Notification]:
    """Of several in one file, those without an id of their own go by their place in it."""
    for place, item in enumerate(notifications, start=1):
        own = item.external_id or f"sha256-{item.digest}#{place}"
        yield replace(item, external_id=own)


def _tidy(reading: Reading) -> Reading:
    """Each message once, and the invoice file that came along folded into its message."""
    unique: dict[str, Notification] = {}
    for item in reading.notifications:
        unique.setdefault(item.key, item)
    messages = [item for item in unique.values() if item.type != "FE"]
    if not messages:
        return Reading(tuple(unique.values()), reading.failures)
    files = {item.file_name: item for item in unique.values() if item.type == "FE"}
    return Reading(tuple(_with_numbers(item, files) for item in messages), reading.failures)


def _with_numbers(message: Notification, files: dict[str, Notification]) -> Notification:
    """An attestation names no invoice, but the file that it attests lies beside it."""
    file = files.get(message.file_name) or files.get(_without_suffix(message.file_name))
    if message.invoices or file is None:
        return message
    return replace(message, invoices=file.invoices)
