"""What each published code does to an invoice, as the networks' documents say: one row a code."""

import json
from dataclasses import replace

import pytest
from connectors.errors import MissingField
from connectors.lifecycle import Direction, Outcome
from connectors.recognise import parse, read

SDI = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fattura/messaggi/v1.0"


def sdi(root, *parts):
    inside = "".join(parts)
    return (
        f'<x:{root} xmlns:x="{SDI}"><IdentificativoSdI>7</IdentificativoSdI>'
        f"<NomeFile>IT01234567890_00001.xml</NomeFile>{inside}</x:{root}>"
    ).encode()


def sdi_error(code, words=""):
    node = f"<Errore><Codice>{code}</Codice><Descrizione>{words}</Descrizione></Errore>"
    return parse(sdi("RicevutaScarto", f"<ListaErrori>{node}</ListaErrori>")).errors[0]


# ---------------------------------------------------------------- Italy
@pytest.mark.parametrize(("root", "outcome", "direction"), [
    ("RicevutaConsegna", "delivered", "sent"),
    ("RicevutaScarto", "not_issued", "sent"),
    ("NotificaScarto", "not_issued", "sent"),
    ("RicevutaImpossibilitaRecapito", "issued_not_delivered", "sent"),
    ("NotificaMancataConsegna", "issued_not_delivered", "sent"),
    ("AttestazioneTrasmissioneFattura", "issued_not_delivered", "sent"),
    ("NotificaDecorrenzaTermini", "closed", "sent"),
    ("NotificaEsito", "unknown", "sent"),
    ("NotificaEsitoCommittente", "unknown", "received"),
    ("ScartoEsitoCommittente", "information", "received"),
    ("MetadatiInvioFile", "information", "received"),
])  # fmt: skip
def test_messages_of_the_sdi(root, outcome, direction):
    found = parse(sdi(root))
    assert (found.outcome, found.direction) == (Outcome(outcome), Direction(direction))
    assert (found.exchange_id, found.parties) == ("7", ("IT01234567890",))


@pytest.mark.parametrize(("code", "outcome", "words"), [
    ("EC01", "accepted", "Accettazione"),
    ("EC02", "refused_by_buyer", "Rifiuto"),
    ("EC03", "unknown", ""),
    ("ec02", "unknown", ""),
])  # fmt: skip
def test_answers_of_a_public_buyer(code, outcome, words):
    inside = f"<EsitoCommittente><Esito> {code} </Esito></EsitoCommittente>"
    found = parse(sdi("NotificaEsito", inside))
    assert (found.outcome, found.code, found.text) == (Outcome(outcome), code, words)
    assert bool(found.errors) is (code != "EC01")


@pytest.mark.parametrize(("code", "outcome"), [
    ("", "sent"), ("EI01", "not_issued"), ("EI02", "transient"), ("EI03", "not_issued"),
    ("EI99", "unknown"),
])  # fmt: skip
def test_answers_to_an_upload(code, outcome):
    raw = (
        "<rispostaSdIRiceviFile><IdentificativoSdI>7</IdentificativoSdI>"
        f"<Errore>{code}</Errore></rispostaSdIRiceviFile>"
    )
    found = parse(raw.encode())
    assert (found.outcome, [item.code for item in found.errors]) == (
        Outcome(outcome), [code] if code else []
    )  # fmt: skip


@pytest.mark.parametrize(("code", "path"), [
    ("00002", "transmission.file_name"),
    ("00102", "company.signature"),
    ("00200", "invoice"),
    ("00301", "company.vat"),
    ("00302", "company.l10n_it_codice_fiscale"),
    ("00305", "customer.vat"),
    ("00306", "customer.l10n_it_codice_fiscale"),
    ("00311", "customer.l10n_it_pa_index"),
    ("00400", "invoice_line.tax_ids"),
    ("00403", "invoice.invoice_date"),
    ("00404", "invoice.name"),
    ("00417", "customer.vat"),
    ("00422", "invoice_line.price_unit"),
    ("00423", "invoice_line.price_unit"),
    ("00426", "customer.l10n_it_pec_email"),
    ("00427", "customer.l10n_it_pa_index"),
    ("00471", "invoice.l10n_it_document_type"),
    ("00477", "invoice.l10n_it_edi_doi_id"),
])  # fmt: skip
def test_where_an_error_of_the_sdi_is_corrected(code, path):
    assert sdi_error(code).fix.path == path


@pytest.mark.parametrize(("words", "location", "path"), [
    ("1.4.2.1 <Indirizzo> mancante", "1.4.2.1", "customer.street"),
    ("1.2.1.1.2 <IdCodice> non valido", "1.2.1.1.2", "company.vat"),
    ("  2.1.1.4 <Numero>", "2.1.1.4", "invoice.name"),
    ("2.9.9 campo nuovo", "2.9.9", ""),
    ("1.40 campo", "1.40", ""),
    ("Errore a riga: 47 colonna: 12", "riga: 47 colonna: 12", ""),
    ("aliquota del 22.5 per cento", "", ""),
    ("", "", ""),
])  # fmt: skip
def test_an_unknown_error_is_corrected_where_its_words_point(words, location, path):
    error = sdi_error("09999", words.replace("<", "&lt;"))
    assert (error.location, error.fix.path) == (location, path)


@pytest.mark.parametrize(("written", "position"), [
    ("3", 3), (" 12 ", 12), ("", None), ("-1", None), ("2,5", None), ("²", None), ("9" * 9, None)
])  # fmt: skip
def test_the_place_in_a_lot(written, position):
    inside = (
        "<RiferimentoFattura><NumeroFattura>F/1</NumeroFattura><AnnoFattura>2026</AnnoFattura>"
        f"<PosizioneFattura>{written}</PosizioneFattura></RiferimentoFattura>"
    )
    (found,) = parse(sdi("NotificaDecorrenzaTermini", inside)).invoices
    assert (found.number, found.year, found.position) == ("F/1", 2026, position)


# ---------------------------------------------------------------- Peppol
def peppol(customization, code, status="", reference="INV/1", prefix="q"):
    c, b = f"{prefix}a", f"{prefix}b"
    return f"""<{prefix}:ApplicationResponse
        xmlns:{prefix}="urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
        xmlns:{c}="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
        xmlns:{b}="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
      <{b}:CustomizationID>{customization}</{b}:CustomizationID><{b}:ID>m</{b}:ID>
      <{b}:IssueDate>2026-04-01</{b}:IssueDate>
      <{c}:DocumentResponse>
        <{c}:Response><{b}:ResponseCode>{code}</{b}:ResponseCode>{status}</{c}:Response>
        <{c}:DocumentReference><{b}:ID>{reference}</{b}:ID></{c}:DocumentReference>
      </{c}:DocumentResponse></{prefix}:ApplicationResponse>""".encode()


def peppol_status(code, listed="OPStatusReason", term=""):
    condition = f"<qa:Condition><qb:AttributeID>{term}</qb:AttributeID></qa:Condition>"
    return (
        f'<qa:Status><qb:StatusReasonCode listID="{listed}">{code}</qb:StatusReasonCode>'
        f"{condition if term else ''}</qa:Status>"
    )


IMR = "urn:fdc:peppol.eu:poacc:trns:invoice_response:3"
MLR = "urn:fdc:peppol.eu:poacc:trns:mlr:3"
MLS = "urn:peppol:edec:mls:1.0"


@pytest.mark.parametrize(("customization", "code", "outcome"), [
    (IMR, "AB", "delivered"), (IMR, "IP", "delivered"), (IMR, "UQ", "disputed"),
    (IMR, "CA", "disputed"), (IMR, "RE", "refused_by_buyer"), (IMR, "AP", "accepted"),
    (IMR, "PD", "accepted"), (IMR, "ZZ", "unknown"),
    (MLR, "AB", "delivered"), (MLR, "AP", "delivered"), (MLR, "RE", "not_issued"),
    (MLR, "PD", "unknown"),
    (MLS, "AB", "delivered"), (MLS, "AP", "delivered"), (MLS, "RE", "not_issued"),
    (MLS, "UQ", "unknown"),
])  # fmt: skip
def test_the_same_code_of_three_specifications(customization, code, outcome):
    found = parse(peppol(customization, code))
    assert found.outcome is Outcome(outcome)
    by_invoice = customization is IMR
    assert [ref.number for ref in found.invoices] == (["INV/1"] if by_invoice else [])
    assert found.exchange_id == ("" if by_invoice else "INV/1")


@pytest.mark.parametrize(("reason", "term", "path"), [
    ("REF", "", "invoice.ref"), ("LEG", "", "company"), ("REC", "", "customer.peppol_endpoint"),
    ("QUA", "", "invoice_line.product_id"), ("DEL", "", "invoice.partner_shipping_id"),
    ("PRI", "", "invoice_line.price_unit"), ("QTY", "", "invoice_line.quantity"),
    ("ITM", "", "invoice_line.product_id"), ("PAY", "", "invoice.invoice_payment_term_id"),
    ("UNR", "", "invoice.partner_id"), ("FIN", "", "invoice.partner_bank_id"), ("OTH", "", ""),
    ("LEG", "BT-48", "customer.vat"), ("REF", "BT-10", "invoice.ref"),
    ("OTH", "BT-152", "invoice_line.tax_ids"), ("FIN", "BT-999", "invoice.partner_bank_id"),
])  # fmt: skip
def test_where_a_buyers_reason_is_corrected(reason, term, path):
    (error,) = parse(peppol(IMR, "UQ", peppol_status(reason, term=term))).errors
    assert (error.code, error.location, error.fix.path) == (reason, term, path)


@pytest.mark.parametrize(("action", "advice"), [
    ("PIN", "Provide the missing information"), ("NIN", "Issue a new invoice"),
    ("CNF", "Credit the invoice in full"), ("CNP", "Credit the invoice in part"),
    ("CNA", "Credit the amount paid"), ("OTH", "Other action"), ("XYZ", "XYZ"),
])  # fmt: skip
def test_a_requested_action_advises_on_each_reason(action, advice):
    both = peppol_status("PRI") + peppol_status(action, "OPStatusAction") + peppol_status("QTY")
    found = parse(peppol(IMR, "UQ", both)).errors
    assert [(item.code, item.hint) for item in found] == [("PRI", advice), ("QTY", advice)]
    (alone,) = parse(peppol(IMR, "UQ", peppol_status(action, "OPStatusAction"))).errors
    assert (alone.code, alone.hint) == (action, advice)


@pytest.mark.parametrize("code", ["NON", "NOA"])
def test_no_issue_is_no_error(code):
    assert parse(peppol(IMR, "AP", peppol_status(code))).errors == ()


def test_prefixes_of_a_response_do_not_matter():
    found = [parse(peppol(IMR, "RE", prefix=prefix)) for prefix in ("ns0", "cbc", "é")]
    assert len({replace(item, digest="").key for item in found}) == 1
    assert len({(item.code, item.invoices, item.moment) for item in found}) == 1


# ---------------------------------------------------------------- France
def cdar(*references, message=""):
    ours = "urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100"
    listed = "".join(
        f"<ReferenceReferencedDocument>{inside}</ReferenceReferencedDocument>"
        for inside in references
    )
    head = f"<ExchangedDocument><ID>{message}</ID></ExchangedDocument>" if message else ""
    return (
        f'<CrossDomainAcknowledgementAndResponse xmlns="{ours}">{head}<AcknowledgementDocument>'
        f"{listed}</AcknowledgementDocument></CrossDomainAcknowledgementAndResponse>"
    ).encode()


def french(code, *parts):
    return f"<ProcessConditionCode>{code}</ProcessConditionCode>" + "".join(parts)


@pytest.mark.parametrize(("code", "outcome"), [
    ("200", "sent"), ("201", "sent"), ("202", "delivered"), ("203", "delivered"),
    ("204", "delivered"), ("205", "accepted"), ("206", "disputed"), ("207", "disputed"),
    ("208", "disputed"), ("209", "sent"), ("210", "refused_by_buyer"), ("211", "accepted"),
    ("212", "accepted"), ("213", "not_issued"), ("220", "closed"),
    ("221", "issued_not_delivered"), ("501", "not_issued"), ("601", "information"),
    ("999", "unknown"), ("0210", "unknown"),
])  # fmt: skip
def test_french_statuses(code, outcome):
    found = parse(cdar(french(code)))
    assert (found.outcome, found.type) == (Outcome(outcome), f"CDV-{code}")


@pytest.mark.parametrize(("reason", "path"), [
    ("TX_TVA_ERR", "invoice_line.tax_ids"), ("DOUBLON", "invoice.name"),
    ("SIRET_ERR", "customer.company_registry"), ("CMD_ERR", "invoice.ref"),
    ("PU_ERR", "invoice_line.price_unit"), ("QTE_ERR", "invoice_line.quantity"),
    ("REM_ERR", "invoice_line.discount"), ("COORD_BANC_ERR", "invoice.partner_bank_id"),
    ("JUSTIF_ABS", "invoice.attachment_ids"), ("EMMET_INC", "company.company_registry"),
    ("IRR_ANTIVIRUS", "invoice.attachment_ids"), ("AUTRE", ""),
])  # fmt: skip
def test_where_a_french_reason_is_corrected(reason, path):
    status = f"<SpecifiedDocumentStatus><ReasonCode>{reason}</ReasonCode></SpecifiedDocumentStatus>"
    (error,) = parse(cdar(french("210", status))).errors
    assert (error.code, error.fix.path) == (reason, path)


@pytest.mark.parametrize(("written", "expected"), [
    ('<DateTimeString format="102">20260401</DateTimeString>', "2026-04-01"),
    ('<DateTimeString format="203">202604010930</DateTimeString>', "2026-04-01T09:30:00"),
    ('<DateTimeString format="204">20260401093015</DateTimeString>', "2026-04-01T09:30:15"),
    ("<DateTimeString>20260401093015</DateTimeString>", "2026-04-01T09:30:15"),
    ('<DateTimeString format="102">20260431</DateTimeString>', None),
    ('<DateTimeString format="205">20260401093015+01</DateTimeString>', None),
    ('<DateTimeString format="102">2026-04-01</DateTimeString>', None),
    ("<DateTimeString/>", None),
    ("", None),
])  # fmt: skip
def test_french_dates(written, expected):
    found = parse(cdar(french("205", f"<ReceiptDateTime>{written}</ReceiptDateTime>"))).dates
    assert {name: day.isoformat() for name, day in found.items()} == (
        {"received": expected} if expected else {}
    )


@pytest.mark.parametrize("raw", [cdar(), cdar(""), cdar("<Name>x</Name>"), cdar(french(" "))])
def test_a_french_message_about_nothing(raw):
    with pytest.raises(MissingField):
        parse(raw)


# ---------------------------------------------------------------- Poland
def ksef_page(*codes, **values):
    items = [{"status": {"code": code, "description": "Opis"}} | values for code in codes]
    return json.dumps({"invoices": items}).encode()


@pytest.mark.parametrize(("code", "outcome", "path"), [
    (100, "sent", None), (150, "sent", None), (200, "delivered", None),
    (405, "not_issued", "transmission.session"), (410, "not_issued", "company.permissions"),
    (430, "not_issued", "invoice"), (435, "not_issued", "transmission.encryption"),
    (440, "not_issued", "invoice.name"), (450, "not_issued", "invoice"),
    (500, "not_issued", "transmission"), (550, "transient", "transmission"),
    (777, "unknown", ""), ("200", "delivered", None),
])  # fmt: skip
def test_polish_statuses(code, outcome, path):
    found = parse(ksef_page(code))
    assert found.outcome is Outcome(outcome)
    assert [item.fix.path for item in found.errors] == ([] if path is None else [path])


@pytest.mark.parametrize(("number", "parties"), [
    ("5265877635-20250626-010080DD2B5E-26", ("5265877635",)), ("526587763-2025", ()),
    ("ABCDEFGHIJ-2025", ()), ("", ()), (None, ()),
])  # fmt: skip
def test_the_seller_is_told_by_the_number_of_the_ksef(number, parties):
    assert parse(ksef_page(200, ksefNumber=number)).parties == parties


UPO = """<Potwierdzenie xmlns="http://upo.schematy.mf.gov.pl/KSeF/v4-2">{}</Potwierdzenie>"""


def test_a_confirmation_of_nothing():
    with pytest.raises(MissingField):
        parse(UPO.format("<NumerReferencyjnySesji>S</NumerReferencyjnySesji>").encode())


# ---------------------------------------------------------------- several in one file
@pytest.mark.parametrize("raw", [
    ksef_page(200, 440, 440),
    cdar(french("205"), french("210"), french("210")),
    UPO.format("<Dokument><NumerFaktury>F</NumerFaktury></Dokument>" * 3).encode(),
    json.dumps([{"state": "Sospeso", "send_id": n} for n in range(3)]).encode(),
    json.dumps([{"type": "RC", "message": {"nome_file": "IT1_1.xml"}} for _n in range(3)]).encode(),
], ids=["ksef", "france", "upo", "invoicetronic", "openapi"])  # fmt: skip
def test_messages_without_an_id_of_their_own_are_all_kept(raw):
    found = read(raw).notifications
    assert len({item.key for item in found}) == len(found) == 3
    assert [item.key for item in read(raw).notifications] == [item.key for item in found]
