"""What the SdI's messages and codes mean, as tables.

Source: "Specifiche tecniche relative al Sistema di Interscambio", version 1.8.4 of 31 March 2026,
with its Allegato B-1 (messages), and the schemas MessaggiTypes 1.1 and TrasmissioneTypes 1.1.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..lifecycle import Direction, Fix, Outcome


class Kind(NamedTuple):
    """A message type; ``outcome`` is None where a code inside the message decides."""

    type: str
    outcome: Outcome | None
    direction: Direction = Direction.SENT


RECEIVED = Direction.RECEIVED
# Both families by root element: public administration, and business or consumer.
KINDS: dict[str, Kind] = {
    "RicevutaConsegna": Kind("RC", Outcome.DELIVERED),
    "NotificaScarto": Kind("NS", Outcome.NOT_ISSUED),
    "RicevutaScarto": Kind("NS", Outcome.NOT_ISSUED),
    "NotificaMancataConsegna": Kind("MC", Outcome.NOT_DELIVERED),
    "RicevutaImpossibilitaRecapito": Kind("MC", Outcome.NOT_DELIVERED),
    "NotificaEsito": Kind("NE", None),
    # Fifteen days without an answer end the process; the specification says expressly that the
    # invoice does not count as accepted.
    "NotificaDecorrenzaTermini": Kind("DT", Outcome.CLOSED),
    "AttestazioneTrasmissioneFattura": Kind("AT", Outcome.NOT_DELIVERED),
    "NotificaEsitoCommittente": Kind("EC", None, RECEIVED),
    "ScartoEsitoCommittente": Kind("SE", Outcome.INFORMATION, RECEIVED),
    "MetadatiInvioFile": Kind("MT", Outcome.INFORMATION, RECEIVED),
    "FileMetadati": Kind("MT", Outcome.INFORMATION, RECEIVED),
}
# The answer to an upload, and the web service's wrappers with the message in base64.
ANSWER = "rispostaSdIRiceviFile"
WRAPPERS = frozenset(
    {"fileSdI", "fileSdIAccoglienza", "ricevutaConsegna", "notificaMancataConsegna"}
    | {"notificaScarto", "notificaEsito", "notificaDecorrenzaTermini"}
    | {"attestazioneTrasmissioneFattura"}
)
INVOICES = frozenset({"FatturaElettronica", "FatturaElettronicaSemplificata"})
REPEATED = ("Errore", "RiferimentoFattura", "FatturaElettronicaBody")

ANSWERS: dict[str, Outcome] = {"EC01": Outcome.ACCEPTED, "EC02": Outcome.REFUSED}
UPLOADS: dict[str, Outcome] = {
    "": Outcome.SENT,
    "EI01": Outcome.NOT_ISSUED,
    "EI02": Outcome.TRANSIENT,
    "EI03": Outcome.NOT_ISSUED,
}
# Said by the specification where the message itself has a code without words.
TEXTS: dict[str, str] = {
    "EC01": "Accettazione",
    "EC02": "Rifiuto",
    "EN00": "Notifica non conforme al formato",
    "EN01": "Notifica non ammissibile",
    "EI01": "File vuoto",
    "EI02": "Servizio non disponibile",
    "EI03": "Utente non abilitato",
}

# Blocks of the invoice's layout, for codes that the catalogue does not know: the longest wins.
BLOCKS: dict[str, Fix] = {
    "1.1": Fix("company", "", "Check the transmission data."),
    "1.1.4": Fix("customer", "l10n_it_pa_index", "Check the customer's recipient code."),
    "1.1.6": Fix("customer", "l10n_it_pec_email", "Check the customer's PEC address."),
    "1.2": Fix("company", "", "Check the company's data."),
    "1.2.1.1": Fix("company", "vat", "Check the company's VAT number."),
    "1.2.1.2": Fix("company", "l10n_it_codice_fiscale", "Check the company's tax code."),
    "1.2.2": Fix("company", "street", "Check the company's address."),
    "1.3": Fix(
        "company",
        "l10n_it_tax_representative_partner_id",
        "Check the company's tax representative.",
    ),
    "1.4": Fix("customer", "", "Check the customer's data."),
    "1.4.1.1": Fix("customer", "vat", "Check the customer's VAT number."),
    "1.4.1.2": Fix("customer", "l10n_it_codice_fiscale", "Check the customer's tax code."),
    "1.4.2": Fix("customer", "street", "Check the customer's address."),
    "2.1": Fix("invoice", "", "Check the invoice's general data."),
    "2.1.1.1": Fix("invoice", "l10n_it_document_type", "Check the document type."),
    "2.1.1.3": Fix("invoice", "invoice_date", "Check the invoice date."),
    "2.1.1.4": Fix("invoice", "name", "Check the invoice number."),
    "2.1.2": Fix("invoice", "ref", "Check the purchase order reference."),
    "2.2": Fix("invoice", "invoice_line_ids", "Check the invoice lines and their taxes."),
    "2.4": Fix("invoice", "invoice_payment_term_id", "Check the payment terms."),
    "2.5": Fix("invoice", "attachment_ids", "Check the attachments."),
}

# SHA-256 of certificates that signed receipts of the SdI (issued by CA Agenzia delle Entrate).
KNOWN_SIGNERS = frozenset({"235af1fca624f289f28dfafcb1db018b21eb3431dfa66e9548c27b7443fe5482"})


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Fix]:
    """What each known code asks to correct, from ``codes.csv``."""
    with Path(__file__).with_name("codes.csv").open(encoding="utf-8", newline="") as lines:
        return {
            row["code"]: Fix(row["record"], row["field"], row["hint"])
            for row in csv.DictReader(lines)
        }


def fix_for(code: str, location: str = "") -> Fix:
    """Where to correct an error: by its code, else by the block of the layout that it names.

    >>> fix_for("00311").path, fix_for("09999", "1.4.1.2").path, fix_for("09999").path
    ('customer.l10n_it_pa_index', 'customer.l10n_it_codice_fiscale', '')
    """
    known = catalogue().get(code)
    while known is None and location:
        known = BLOCKS.get(location)
        location = location.rpartition(".")[0]
    return known or Fix()
