"""The SdI's messages, by root element, wherever in the document it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lxml import etree

from ..errors import MissingField
from ..guards import as_dict, child, children, dated, text, year_of
from ..lifecycle import Direction, InvoiceRef, MessageError, Notification, Outcome
from . import mapping

_KNOWN = frozenset(mapping.KINDS) | mapping.INVOICES | {mapping.ANSWER}
_LOCATION = re.compile(
    r"\A\s*(\d(?:\.\d{1,2}){1,6})\b|(riga\s*:?\s*\d+.{0,30}colonna\s*:?\s*\d+)", re.I
)
_TRANSMITTER = re.compile(r"\A([A-Z]{2}[A-Za-z0-9]{2,28})_")
# A message stands in the body of an envelope, never below thousands of other elements.
_SEARCHED = 2000


def find(root: etree._Element) -> etree._Element | None:
    """The message in this document: the first known element, whatever its namespace."""
    return _first(root, _KNOWN)


def find_wrapped(root: etree._Element) -> tuple[str, str] | None:
    """Name and base64 text of the file that the SdI's web service wraps, if this is one."""
    wrapper = _first(root, mapping.WRAPPERS)
    if wrapper is None:
        return None
    content = as_dict(wrapper)
    encoded = text_unbounded(content.get("File"))
    return (text(content.get("NomeFile")), encoded) if encoded else None


def _first(root: etree._Element, names: frozenset[str]) -> etree._Element | None:
    for seen, element in enumerate(root.iter(etree.Element)):
        if etree.QName(element).localname in names:
            return element
        if seen > _SEARCHED:
            break
    return None


def text_unbounded(node: Any) -> str:
    """A base64 text in full; the file's size is already checked."""
    value = node.get("#text") if isinstance(node, dict) else node
    return value if isinstance(value, str) else ""


def parse(element: etree._Element, name: str = "") -> Notification:
    """The notification in an element that :func:`find` found; ``name`` is the file's own name."""
    title = etree.QName(element).localname
    content = as_dict(element, mapping.REPEATED)
    if title in mapping.INVOICES:
        return _invoice(title, content, name)
    if title == mapping.ANSWER:
        return _upload(title, content)
    return _message(title, content)


def _identifier(content: dict[str, Any]) -> str:
    """The schema writes IdentificativoSdI, the specification's tables IdentificativoSDI."""
    found = text(content.get("IdentificativoSdI")) or text(content.get("IdentificativoSDI"))
    if not found:
        raise MissingField("IdentificativoSdI is missing")
    return found


def _message(title: str, content: dict[str, Any]) -> Notification:
    kind = mapping.KINDS[title]
    result = content.get("EsitoCommittente") if kind.type == "NE" else content
    code = text(child(result, "Esito")) or text(content.get("Scarto"))
    file_name = text(content.get("NomeFile"))
    return Notification(
        network="sdi",
        type=kind.type,
        outcome=kind.outcome or mapping.ANSWERS.get(code, Outcome.UNKNOWN),
        direction=kind.direction,
        title=title,
        code=code,
        text=_words(result, content, code),
        exchange_id=_identifier(content),
        external_id=text(content.get("MessageId")) or text(content.get("MessageIdCommittente")),
        file_name=file_name,
        file_hash=(text(content.get("Hash")) or text(content.get("HashFileOriginale"))).lower(),
        archive_name=text(child(content, "RiferimentoArchivio", "NomeFile")),
        invoices=_references(content) or _references(result),
        dates=dated(
            received=content.get("DataOraRicezione"),
            delivered=content.get("DataOraConsegna"),
            available=content.get("DataMessaADisposizione"),
        ),
        errors=_errors(content) or _refusal(result, code),
        parties=_transmitter(file_name),
    )


def _words(result: Any, content: dict[str, Any], code: str) -> str:
    """What the message says in its own words, from the most to the least specific place."""
    spoken = text(child(result, "Descrizione")) or text(content.get("Descrizione"))
    return spoken or mapping.TEXTS.get(code, "") or text(content.get("Note"))


def _references(content: Any) -> tuple[InvoiceRef, ...]:
    """The invoices of a lot that the message speaks about; none when it is the whole file."""
    return tuple(
        InvoiceRef(
            number=text(child(node, "NumeroFattura")),
            year=year_of(child(node, "AnnoFattura")),
            position=_position(child(node, "PosizioneFattura")),
        )
        for node in children(content, "RiferimentoFattura")
        if text(child(node, "NumeroFattura"))
    )


def _position(node: Any) -> int | None:
    written = text(node)
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else None


def _errors(content: dict[str, Any]) -> tuple[MessageError, ...]:
    return tuple(
        error(
            text(child(node, "Codice")),
            text(child(node, "Descrizione")),
            text(child(node, "Suggerimento")),
        )
        for node in children(content, "ListaErrori", "Errore")
    )


def error(code: str, words: str, hint: str = "") -> MessageError:
    """One error of the SdI, with the place to correct."""
    place = _LOCATION.search(words)
    location = (place.group(1) or place.group(2)) if place else ""
    return MessageError(code, words, hint, location, mapping.fix_for(code, location))


def _refusal(result: Any, code: str) -> tuple[MessageError, ...]:
    """A refusal by the buyer, or of the buyer's answer, as the one error that it is."""
    if not code or mapping.ANSWERS.get(code) == Outcome.ACCEPTED:
        return ()
    words = text(child(result, "Descrizione")) or mapping.TEXTS.get(code, "")
    return (MessageError(code, words, fix=mapping.fix_for(code)),)


def _transmitter(file_name: str) -> tuple[str, ...]:
    """Country and tax id of the transmitter, with which each file name begins."""
    found = _TRANSMITTER.match(file_name)
    return (found.group(1),) if found else ()


def _upload(title: str, content: dict[str, Any]) -> Notification:
    code = text(child(content, "Errore"))
    words = mapping.TEXTS.get(code, "")
    return Notification(
        network="sdi",
        type="UP",
        outcome=mapping.UPLOADS.get(code, Outcome.UNKNOWN),
        title=title,
        code=code,
        text=words,
        exchange_id=_identifier(content),
        dates=dated(received=content.get("DataOraRicezione")),
        errors=(MessageError(code, words, fix=mapping.fix_for(code)),) if code else (),
    )


def _invoice(title: str, content: dict[str, Any], name: str) -> Notification:
    """The invoice file itself: it comes with an attestation and tells its numbers."""
    seller = child(content, "FatturaElettronicaHeader", "CedentePrestatore")
    invoices = _documents(content)
    if not invoices:
        raise MissingField("the invoice file has no document with a number")
    return Notification(
        network="sdi",
        type="FE",
        outcome=Outcome.INFORMATION,
        direction=Direction.SENT,
        title=title,
        file_name=name,
        invoices=tuple(ref for ref, _day in invoices),
        dates=dated(invoice=invoices[0][1]),
        parties=_seller_ids(seller),
    )


def _documents(content: dict[str, Any]) -> list[tuple[InvoiceRef, Any]]:
    found = []
    for position, body in enumerate(children(content, "FatturaElettronicaBody"), start=1):
        general = child(body, "DatiGenerali", "DatiGeneraliDocumento")
        number, day = text(child(general, "Numero")), child(general, "Data")
        if number:
            found.append((InvoiceRef(number, year_of(day), position), day))
    return found


def _seller_ids(seller: Any) -> Sequence[str]:
    # the simplified layout has no DatiAnagrafici
    data = child(seller, "DatiAnagrafici") or seller
    number = child(data, "IdFiscaleIVA")
    vat = text(child(number, "IdPaese")) + text(child(number, "IdCodice"))
    return tuple(filter(None, (vat, text(child(data, "CodiceFiscale")))))
