"""Writes messages of the SdI by its schema, for invoices that exist only here."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import datetime, timezone
from xml.sax.saxutils import escape

PUBLIC = "http://www.fatturapa.gov.it/sdi/messaggi/v1.0"
PRIVATE = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fattura/messaggi/v1.0"
# Root and namespace as the SdI writes them; those to a public body keep the older names.
ROOTS = {
    "NS": ("RicevutaScarto", PRIVATE),
    "RC": ("RicevutaConsegna", PRIVATE),
    "MC": ("RicevutaImpossibilitaRecapito", PRIVATE),
    "NE": ("NotificaEsito", PUBLIC),
    "DT": ("NotificaDecorrenzaTermini", PUBLIC),
    "AT": ("AttestazioneTrasmissioneFattura", PUBLIC),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One message about one invoice. ``arrived`` orders the feed, ``happened`` is its content.

    ``errors``: code, text and hint of each. ``answer`` is the buyer's EC01 or EC02. ``broken``
    stands in place of the message, for what should never come but does.
    """

    id: int
    type: str
    file_name: str
    number: str
    day: str
    exchange_id: str
    message_id: str
    happened: datetime
    arrived: datetime
    seller: str = "IT01234567890"
    errors: tuple[tuple[str, str, str], ...] = ()
    answer: str = ""
    reason: str = ""
    broken: bytes = b""

    @property
    def name(self) -> str:
        """The file name of the message itself."""
        suffix = "zip" if self.type == "AT" else "xml"
        return f"{self.file_name.split('.')[0]}_{self.type}_001.{suffix}"


def write(event: Event) -> bytes:
    """The message file: XML, or the archive that an attestation comes in."""
    if event.broken:
        return event.broken
    root, namespace = ROOTS[event.type]
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ns3:{root} xmlns:ns3="{namespace}" '
        f'versione="1.0">{_body(event)}</ns3:{root}>\n'
    ).encode()
    return _archive(event, xml) if event.type == "AT" else xml


def _body(event: Event) -> str:
    """The children in the order of the schema."""
    moment = _stamp(event.happened)
    parts = [_tag("IdentificativoSdI", event.exchange_id), _tag("NomeFile", event.file_name)]
    if event.type in ("NS", "RC", "MC", "AT"):
        parts.append(_tag("DataOraRicezione", moment))
    if event.type == "RC":
        parts.append(_tag("DataOraConsegna", moment))
    if event.type == "MC":
        parts.append(_tag("DataMessaADisposizione", moment[:10]))
    if event.errors:
        parts.append(_errors(event))
    if event.answer:
        parts.append(_answer(event))
    if event.reason and not event.answer:
        parts.append(_tag("Descrizione", event.reason))
    parts.append(_tag("MessageId", event.message_id))
    if event.type == "AT":
        parts.append(_tag("HashFileOriginale", hashlib.sha256(_invoice(event)).hexdigest()))
    return "".join(parts)


def _errors(event: Event) -> str:
    listed = "".join(
        f"<Errore>{_tag('Codice', code)}{_tag('Descrizione', words)}"
        f"{_tag('Suggerimento', hint) if hint else ''}</Errore>"
        for code, words, hint in event.errors
    )
    return f"<ListaErrori>{listed}</ListaErrori>"


def _answer(event: Event) -> str:
    reference = (
        f"<RiferimentoFattura>{_tag('NumeroFattura', event.number)}"
        f"{_tag('AnnoFattura', event.day[:4])}</RiferimentoFattura>"
    )
    return (
        f'<EsitoCommittente versione="1.0">{_tag("IdentificativoSdI", event.exchange_id)}'
        f"{reference}{_tag('Esito', event.answer)}"
        f"{_tag('Descrizione', event.reason) if event.reason else ''}</EsitoCommittente>"
    )


def _tag(name: str, content: str) -> str:
    return f"<{name}>{escape(content)}</{name}>"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")


def _invoice(event: Event) -> bytes:
    """As little of an invoice as names it."""
    document = f"{_tag('Data', event.day)}{_tag('Numero', event.number)}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<p:FatturaElettronica versione="FPA12" '
        'xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2">'
        "<FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento>"
        f"{document}</DatiGeneraliDocumento></DatiGenerali></FatturaElettronicaBody>"
        "</p:FatturaElettronica>\n"
    ).encode()


def _archive(event: Event, xml: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(event.file_name, _invoice(event))
        archive.writestr(event.name.replace(".zip", ".xml"), xml)
    return packed.getvalue()
