"""What the KSeF's status codes mean, as tables. Source: KSeF API 2.6.0 (OpenAPI document)."""

from __future__ import annotations

from ..lifecycle import Fix, Outcome

INVOICE: dict[str, Outcome] = {
    "100": Outcome.SENT,
    "150": Outcome.SENT,
    "200": Outcome.DELIVERED,  # the number given by the KSeF is the delivery
    "405": Outcome.NOT_ISSUED,
    "410": Outcome.NOT_ISSUED,
    "415": Outcome.NOT_ISSUED,
    "430": Outcome.NOT_ISSUED,
    "435": Outcome.NOT_ISSUED,
    "440": Outcome.NOT_ISSUED,
    "450": Outcome.NOT_ISSUED,
    "500": Outcome.NOT_ISSUED,
    "550": Outcome.TRANSIENT,
}
# A session that succeeded can hold rejected invoices, so it says nothing about any of them.
SESSION: dict[str, Outcome] = {
    "100": Outcome.SENT,
    "150": Outcome.SENT,
    "170": Outcome.SENT,
    "200": Outcome.INFORMATION,
    "405": Outcome.NOT_ISSUED,
    "415": Outcome.NOT_ISSUED,
    "420": Outcome.NOT_ISSUED,
    "430": Outcome.NOT_ISSUED,
    "435": Outcome.NOT_ISSUED,
    "440": Outcome.NOT_ISSUED,
    "445": Outcome.NOT_ISSUED,
    "500": Outcome.NOT_ISSUED,
}
DUPLICATE = "440"

FIXES: dict[str, Fix] = {
    "405": Fix("transmission", "session", "The session failed: send the invoice again."),
    "410": Fix("company", "permissions", "The user or token lacks the right to issue invoices."),
    "415": Fix("company", "permissions", "Invoices with attachments must first be applied for."),
    "430": Fix("invoice", "", "The file does not fit its checks: correct what the text names."),
    "435": Fix("transmission", "encryption", "The file could not be decrypted: send it again."),
    "440": Fix(
        "invoice",
        "name",
        "The KSeF already holds this invoice: look for the earlier transmission and its number "
        "before anything is sent again.",
    ),
    "450": Fix("invoice", "", "The invoice breaks a rule: correct what the text names."),
    "500": Fix("transmission", "", "The KSeF failed: send it again, then ask its support."),
    "550": Fix("transmission", "", "The KSeF interrupted its work: the invoice is sent again."),
}
