"""Peppol's answers: UBL ApplicationResponse, bare or in its business document envelope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from ..actions import ACTIONS
from ..errors import MissingField, UnknownMessage
from ..guards import as_dict, child, children, dated, text, year_of
from ..lifecycle import InvoiceRef, MessageError, Notification, Outcome
from . import mapping

RESPONSE = "{urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2}ApplicationResponse"
REPEATED = ("LineResponse", "Status", "Condition", "Response")


def find(root: etree._Element) -> etree._Element | None:
    """The response in this document, also inside a StandardBusinessDocument."""
    return next(root.iter(RESPONSE), None)


def parse(element: etree._Element) -> tuple[Notification, ...]:
    """The one notification of a response."""
    content = as_dict(element, REPEATED)
    kind = _specification(text(content.get("CustomizationID")))
    answer = content.get("DocumentResponse")
    response = child(answer, "Response")
    code = text(child(response, "ResponseCode"))
    if not code:
        raise MissingField("the response has no ResponseCode")
    errors = _errors(response) + tuple(_line_errors(answer))
    return (
        Notification(
            network="peppol",
            type=kind,
            outcome=_outcome(kind, code, errors),
            title=mapping.TITLES.get(code, code),
            code=code,
            text=text(child(response, "Description")) or text(content.get("Note")),
            external_id=text(content.get("ID")),
            dates=_dates(content, response),
            errors=errors,
            parties=_parties(content),
            **_reference(kind, child(answer, "DocumentReference")),
        ),
    )


def _specification(customization: str) -> str:
    for start, kind in mapping.SPECIFICATIONS.items():
        if customization.startswith(start):
            return kind
    raise UnknownMessage(f"an ApplicationResponse of another specification: {customization!r}")


def _outcome(kind: str, code: str, errors: tuple[MessageError, ...]) -> Outcome:
    outcome = mapping.OUTCOMES[kind].get(code, Outcome.UNKNOWN)
    # warnings alone never reject, so they do not speak about the cause
    causes = {item.code for item in errors} - {"BW"}
    if outcome is Outcome.NOT_ISSUED and causes == {mapping.DELIVERY_FAILED}:
        return Outcome.NOT_DELIVERED
    return outcome


def _reference(kind: str, reference: Any) -> dict[str, Any]:
    """Message level answers name the envelope, the invoice response names the invoice."""
    found = text(child(reference, "ID"))
    if kind != "IMR":
        return {"exchange_id": found}
    number = InvoiceRef(found, year_of(child(reference, "IssueDate")))
    return {"invoices": (number,) if found else ()}


def _dates(content: dict[str, Any], response: Any) -> dict[str, Any]:
    day, hour = text(content.get("IssueDate"))[:10], text(content.get("IssueTime"))
    exact = dated(issued=f"{day}T{hour}") if hour else {}
    return dated(issued=day, effective=child(response, "EffectiveDate")) | exact


def _parties(content: dict[str, Any]) -> tuple[str, ...]:
    """The receiver of the answer is the sender of the invoice: us."""
    endpoint = child(content, "ReceiverParty", "EndpointID")
    scheme = text(child(endpoint, "@schemeID")) if isinstance(endpoint, dict) else ""
    number = text(endpoint)
    return (f"{scheme}:{number}" if scheme else number,) if number else ()


def _errors(response: Any) -> tuple[MessageError, ...]:
    """The buyer's reasons; requested actions become their advice."""
    reasons, actions = [], []
    for status in children(response, "Status"):
        reason = child(status, "StatusReasonCode")
        listed = text(child(reason, "@listID")) if isinstance(reason, dict) else ""
        (actions if listed == "OPStatusAction" else reasons).append(status)
    advice = "; ".join(filter(None, map(_advice, actions)))
    found = (_reason(status, advice) for status in reasons or actions)
    return tuple(item for item in found if item.code not in mapping.NO_ISSUE or item.location)


def _advice(status: Any) -> str:
    code = text(child(status, "StatusReasonCode"))
    return ACTIONS.get(code) or text(child(status, "StatusReason")) or code


def _reason(status: Any, advice: str) -> MessageError:
    code = text(child(status, "StatusReasonCode"))
    terms = [text(child(item, "AttributeID")) for item in children(status, "Condition")]
    wanted = "; ".join(
        f"{text(child(item, 'AttributeID'))}: {text(child(item, 'Description'))}"
        for item in children(status, "Condition")
    )
    return MessageError(
        code=code,
        text=text(child(status, "StatusReason")) or mapping.REASONS.get(code, ""),
        hint="; ".join(filter(None, (wanted, advice))),
        location=", ".join(filter(None, terms)),
        fix=mapping.fix_for(code, terms[0] if terms else ""),
    )


def _line_errors(answer: Any) -> Iterator[MessageError]:
    for line in children(answer, "LineResponse"):
        location = text(child(line, "LineReference", "LineID"))
        for response in children(line, "Response"):
            code = text(child(response, "Status", "StatusReasonCode"))
            yield MessageError(
                code=code or text(child(response, "ResponseCode")),
                text=text(child(response, "Description")) or mapping.REASONS.get(code, ""),
                location="" if location == "NA" else location,
                fix=mapping.fix_for(code),
            )
