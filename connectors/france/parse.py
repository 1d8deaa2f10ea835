"""The life-cycle message CDAR (UN/CEFACT CrossDomainAcknowledgementAndResponse, D22B)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from lxml import etree

from ..actions import ACTIONS
from ..errors import MissingField
from ..guards import as_dict, child, children, text
from ..lifecycle import InvoiceRef, MessageError, Notification, Outcome
from . import mapping

ROOT = "CrossDomainAcknowledgementAndResponse"
REPEATED = ("ReferenceReferencedDocument", "SpecifiedDocumentStatus", "IncludedNote")
# UNTDID 2379 formats that the specification allows.
FORMATS = {"102": "%Y%m%d", "203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S"}


def find(root: etree._Element) -> etree._Element | None:
    """The message in this document, also inside an envelope."""
    return next((item for item in root.iter("{*}" + ROOT)), None)


def parse(element: etree._Element) -> tuple[Notification, ...]:
    """One notification for each document that the message speaks about."""
    content = as_dict(element, REPEATED)
    references = children(content, "AcknowledgementDocument", "ReferenceReferencedDocument")
    if not references:
        raise MissingField("the message refers to no document")
    several = len(references) > 1
    return tuple(
        _notification(content, reference, f"#{index}" if several else "")
        for index, reference in enumerate(references, start=1)
    )


def _notification(content: dict[str, Any], reference: Any, suffix: str) -> Notification:
    code = text(child(reference, "ProcessConditionCode"))
    if not code:
        raise MissingField("the message has no status (ProcessConditionCode)")
    errors = tuple(_errors(reference))
    message = text(child(content, "ExchangedDocument", "ID"))
    return Notification(
        network="france",
        type=f"CDV-{code}",
        outcome=_outcome(code, errors),
        title=mapping.LABELS.get(code, ""),
        code=code,
        text=text(child(reference, "ProcessCondition")) or mapping.LABELS.get(code, ""),
        exchange_id=text(child(reference, "GlobalID")),
        external_id=message + suffix if message else "",
        file_name=text(child(reference, "Name")),
        invoices=_invoices(reference),
        dates=_dates(content, reference),
        errors=errors,
        parties=_seller(reference),
    )


def _outcome(code: str, errors: tuple[MessageError, ...]) -> Outcome:
    if any((code, item.code) == mapping.NOT_TRANSMITTED for item in errors):
        return Outcome.NOT_DELIVERED
    return mapping.OUTCOMES.get(code, Outcome.UNKNOWN)


def _invoices(reference: Any) -> tuple[InvoiceRef, ...]:
    number = text(child(reference, "IssuerAssignedID"))
    day = _date(child(reference, "FormattedIssueDateTime"))
    return (InvoiceRef(number, day.year if day else None),) if number else ()


def _dates(content: dict[str, Any], reference: Any) -> dict[str, date]:
    found = {
        "issued": _date(child(content, "ExchangedDocument", "IssueDateTime")),
        "updated": _date(child(content, "AcknowledgementDocument", "IssueDateTime")),
        "received": _date(child(reference, "ReceiptDateTime")),
        "invoice": _date(child(reference, "FormattedIssueDateTime")),
    }
    return {name: value for name, value in found.items() if value}


def _date(node: Any) -> date | None:
    written = child(node, "DateTimeString")
    pattern = FORMATS.get(text(child(written, "@format")) if isinstance(written, dict) else "204")
    try:
        found = datetime.strptime(text(written), pattern or "")
    except ValueError:
        return None
    return found.date() if pattern == "%Y%m%d" else found


def _seller(reference: Any) -> tuple[str, ...]:
    found = text(child(reference, "IssuerTradeParty", "GlobalID"))
    return (found,) if found else ()


def _errors(reference: Any) -> Iterator[MessageError]:
    for status in children(reference, "SpecifiedDocumentStatus"):
        code = text(child(status, "ReasonCode"))
        words = text(child(status, "Reason"))
        if code or words:
            yield _error(status, code, words)


def _error(status: Any, code: str, words: str) -> MessageError:
    notes = [text(child(note, "Content")) for note in children(status, "IncludedNote")]
    action = text(child(status, "RequestedActionCode"))
    advice = text(child(status, "RequestedAction")) or ACTIONS.get(action, "")
    data = children(status, "SpecifiedDocumentCharacteristic")
    terms = [text(child(item, "ID")) for item in data]
    places = [text(child(item, "Location")) for item in data]
    return MessageError(
        code=code,
        text="; ".join(filter(None, (words, *notes))),
        hint=advice,
        location=next(filter(None, places), ", ".join(dict.fromkeys(filter(None, terms)))),
        fix=mapping.fix_for(code, terms[0] if terms else ""),
    )
