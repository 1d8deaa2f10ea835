"""KSeF: statuses of invoices and sessions in JSON, official confirmations (UPO) in XML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from ..errors import MissingField, NotANotification
from ..guards import as_dict, child, children, dated, text, year_of
from ..lifecycle import InvoiceRef, MessageError, Notification, Outcome
from . import mapping

UPO = "Potwierdzenie"
UPO_NAMESPACE = "http://upo.schematy.mf.gov.pl/KSeF/"
NETWORK = "ksef"


def find(root: etree._Element) -> etree._Element | None:
    """The confirmation, when this document is one, of any version."""
    name = etree.QName(root)
    ours = name.localname == UPO and (name.namespace or "").startswith(UPO_NAMESPACE)
    return root if ours else None


def parse(element: etree._Element) -> tuple[Notification, ...]:
    """One notification for each invoice that the confirmation lists."""
    content = as_dict(element, ("Dokument",))
    session = text(content.get("NumerReferencyjnySesji"))
    documents = children(content, "Dokument")
    if not documents:
        raise MissingField("the confirmation lists no invoice")
    return tuple(_confirmed(item, session) for item in documents)


def _confirmed(item: Any, session: str) -> Notification:
    number = text(child(item, "NumerKSeFDokumentu"))
    issued = child(item, "DataWystawieniaFaktury")
    invoice = text(child(item, "NumerFaktury"))
    return Notification(
        network=NETWORK,
        type="UPO",
        outcome=Outcome.DELIVERED,
        title="Urzędowe Poświadczenie Odbioru",
        code="200",
        exchange_id=session,
        external_id=number,
        network_number=number,
        file_hash=text(child(item, "SkrotDokumentu")),
        invoices=(InvoiceRef(invoice, year_of(issued)),) if invoice else (),
        dates=dated(
            invoice=issued,
            sent=child(item, "DataPrzeslaniaDokumentu"),
            received=child(item, "DataNadaniaNumeruKSeF"),
        ),
        parties=tuple(filter(None, (text(child(item, "NipSprzedawcy")),))),
    )


def recognises(data: Any) -> bool:
    """Whether this JSON is an answer of the KSeF's API about invoices, sessions or sign-in."""
    if not isinstance(data, dict):
        return False
    status = data.get("status")
    spoken = isinstance(status, dict) and "code" in status and "description" in status
    listed = isinstance(data.get("invoices"), list) or isinstance(data.get("sessions"), list)
    return spoken or listed or {"title", "status", "instance"} <= data.keys()


def parse_json(data: dict[str, Any]) -> tuple[Notification, ...]:
    """The notifications in an answer: one, or one for each item of a list."""
    found = tuple(_statuses(data))
    if not found:
        raise NotANotification("an answer of the KSeF that tells no status")
    return found


def _statuses(data: dict[str, Any]) -> Iterator[Notification]:
    for item in children(data, "invoices"):
        yield _invoice(item)
    for item in children(data, "sessions"):
        yield _session(item)
    if not isinstance(data.get("status"), dict):
        return
    if "authenticationMethod" in data:
        raise NotANotification("the state of a sign-in, not of an invoice")
    # only invoices have the time of their reception
    yield _invoice(data) if "invoicingDate" in data or "ordinalNumber" in data else _session(data)


def _invoice(item: Any) -> Notification:
    number = text(child(item, "invoiceNumber"))
    return replace(
        _status(item, "invoice_status", "Invoice status", mapping.INVOICE),
        network_number=text(child(item, "ksefNumber")),
        duplicate_of=text(child(item, "status", "extensions", "originalKsefNumber")),
        file_name=text(child(item, "invoiceFileName")),
        file_hash=text(child(item, "invoiceHash")),
        invoices=(InvoiceRef(number),) if number else (),
        dates=dated(
            received=child(item, "invoicingDate"),
            acquired=child(item, "acquisitionDate"),
            stored=child(item, "permanentStorageDate"),
        ),
        parties=_seller(item),
    )


def _seller(item: Any) -> tuple[str, ...]:
    """The seller's tax id, with which the number of an accepted invoice begins."""
    original = child(item, "status", "extensions", "originalKsefNumber")
    nip = (text(child(item, "ksefNumber")) or text(original)).partition("-")[0]
    return (nip,) if len(nip) == 10 and nip.isdigit() else ()


def _session(item: Any) -> Notification:
    return replace(
        _status(item, "session_status", "Session status", mapping.SESSION),
        dates=dated(sent=child(item, "dateCreated"), updated=child(item, "dateUpdated")),
    )


def _status(item: Any, kind: str, title: str, table: dict[str, Outcome]) -> Notification:
    """What a status says of an invoice and of a session alike."""
    status = child(item, "status")
    code = text(child(status, "code"))
    reference = text(child(item, "referenceNumber"))
    return Notification(
        network=NETWORK,
        type=kind,
        outcome=table.get(code, Outcome.UNKNOWN),
        title=title,
        code=code,
        text=text(child(status, "description")),
        exchange_id=reference,
        # a status has no id of its own: the same code for the same thing is the same news
        external_id=f"{reference}/{code}" if reference else "",
        errors=_errors(status, code, table),
    )


def _errors(status: Any, code: str, table: dict[str, Outcome]) -> tuple[MessageError, ...]:
    """Each detail is an error; without details the status itself is the one."""
    if table.get(code) not in (Outcome.NOT_ISSUED, Outcome.TRANSIENT, None):
        return ()
    words = [text(detail) for detail in children(status, "details")]
    spoken = list(filter(None, words)) or [text(child(status, "description"))]
    fix = mapping.FIXES.get(code) or MessageError("").fix
    return tuple(MessageError(code, item, fix=fix) for item in spoken)
