"""Peppol, KSeF and France: type, outcome, ids and errors of each message."""

import json

import pytest
from connectors.errors import MissingField, NotANotification, UnknownMessage
from connectors.france import mapping as france
from connectors.ksef import mapping as ksef
from connectors.lifecycle import Outcome
from connectors.peppol import mapping as peppol
from connectors.recognise import parse, read

from connector_samples import sample, understood

MESSAGES = [
    ("mls_failed_delivery.xml", "MLS", "issued_not_delivered", "0f3c2b1a-envelope", "mls-1"),
    ("imr_under_query.xml", "IMR", "disputed", "", "imr-1"),
    ("mlr_in_envelope.xml", "MLR", "delivered", "envelope-9", "mlr-1"),
    ("MessageLevelStatus_Example_AP.xml", "MLS", "delivered",
     "90f14eff-3705-4869-ad3c-caae270a234e", "MLS-ID123"),
    ("MessageLevelStatus_Example_AB3.xml", "MLS", "delivered",
     "90f14eff-3705-4869-ad3c-caae270a234e", "MLS-ID123"),
    ("MessageLevelStatus_Example_RE3.xml", "MLS", "not_issued",
     "90f14eff-3705-4869-ad3c-caae270a234e", "MLS-ID123"),
    ("MessageLevelResponse_Example_2026.5.xml", "MLR", "not_issued", "EnvelopeID-12456789",
     "MLR-ID123"),
    ("InvoiceResponse_Example_2026.5.xml", "IMR", "refused_by_buyer", "", "imrid001"),
    ("T111-uc002b-In_process_but_postponed.xml", "IMR", "delivered", "", "imrid001"),
    ("T111-uc005-Invoice_is_conditionally_accepted.xml", "IMR", "disputed", "", "imrid001"),
    ("T111-uc007-Payment_has_been_initiated.xml", "IMR", "accepted", "", "imrid001"),
    ("UC1_F202500003_01-CDV-200_Deposee.xml", "CDV-200", "sent", "",
     "F202500003_200_20250701151000#380_20250701"),
    ("UC1_F202500003_02-CDV-202_Recue.xml", "CDV-202", "delivered", "",
     "F202500003_202_20250701161000#380_20250701"),
    ("UC1_F202500003_07-CDV-212_Encaissee.xml", "CDV-212", "accepted", "",
     "F202500003_212_20250701151000#380_20250701"),
    ("UC5_F202500007_04-CDV-207_En_litige.xml", "CDV-207", "disputed", "",
     "F202500007_207_20250702171000#380_20250702"),
    ("odoo_test_cdar_210_refused_minimal.xml", "CDV-210", "refused_by_buyer", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "outcome", "exchange", "message"), MESSAGES)
def test_identity(name, kind, outcome, exchange, message):
    found = understood(name)
    assert (found.type, found.outcome.value) == (kind, outcome)
    assert (found.exchange_id, found.external_id) == (exchange, message)


# ---------------------------------------------------------------- Peppol
def test_reasons_and_actions_of_a_buyer():
    found = understood("imr_under_query.xml")
    assert [(ref.number, ref.year) for ref in found.invoices] == [("INV/2026/0009", 2026)]
    assert [(item.code, item.text, item.fix.path) for item in found.errors] == [
        ("REF", "No order number", "invoice.ref"),
        ("PRI", "Prices incorrect", "invoice_line.price_unit"),
    ]
    assert found.errors[0].hint == "BT-13: PO-77; Issue a new invoice"
    assert found.dates["issued"].isoformat() == "2026-04-01T09:30:00+02:00"
    assert found.parties == ("0242:000222",)


def test_padded_codes():
    assert understood("mls_failed_delivery.xml").code == "RE"
    assert understood("mls_failed_delivery.xml").errors[0].code == "FD"


def test_broken_rules_and_failed_delivery_together_are_a_rejection():
    raw = sample("mls_failed_delivery.xml").decode()
    line = raw[raw.index("<cac:LineResponse>") : raw.index("</cac:LineResponse>") + 19]
    both = raw.replace(line, line + line.replace(" FD ", "BV"))
    assert parse(both.encode()).outcome is Outcome.NOT_ISSUED
    warned = raw.replace(line, line + line.replace(" FD ", "BW"))
    assert parse(warned.encode()).outcome is Outcome.NOT_DELIVERED


@pytest.mark.parametrize("code", sorted(peppol.OUTCOMES["IMR"]))
def test_every_code_of_an_invoice_response(code):
    raw = sample("imr_under_query.xml").replace(b">UQ<", f">{code}<".encode())
    assert parse(raw).outcome is peppol.OUTCOMES["IMR"][code]


def test_unknown_codes_keep_the_words_of_the_network():
    found = parse(sample("imr_under_query.xml").replace(b">UQ<", b">XX<"))
    assert (found.outcome, found.code) == (Outcome.UNKNOWN, "XX")
    assert found.errors[0].text == "No order number"


def test_another_response_of_the_same_root():
    raw = sample("imr_under_query.xml").replace(b"urn:fdc:peppol.eu:poacc:trns", b"urn:order")
    with pytest.raises(UnknownMessage):
        parse(raw)


def test_a_response_without_code():
    with pytest.raises(MissingField):
        parse(sample("imr_under_query.xml").replace(b"ResponseCode>", b"OtherCode>"))


# ---------------------------------------------------------------- KSeF
def status(code, **values):
    body = {"code": code, "description": "Opis", "details": ["Szczegół"]}
    return json.dumps(
        {"referenceNumber": "R-1", "ordinalNumber": 1, "status": body} | values
    ).encode()


@pytest.mark.parametrize("code", sorted(ksef.INVOICE))
def test_every_status_of_an_invoice(code):
    found = parse(status(int(code)))
    assert (found.type, found.outcome) == ("invoice_status", ksef.INVOICE[code])
    assert (found.exchange_id, found.external_id) == ("R-1", f"R-1/{code}")
    failed = found.outcome in (Outcome.NOT_ISSUED, Outcome.TRANSIENT)
    assert [item.text for item in found.errors] == (["Szczegół"] if failed else [])


def test_a_status_without_reference_is_told_apart_by_its_content():
    found = parse(status(200, referenceNumber=None))
    assert (found.exchange_id, found.external_id) == ("", "")
    assert found.key != parse(status(200, referenceNumber=None, invoiceNumber="FV/2")).key


def test_an_unknown_status_is_shown_and_not_guessed():
    found = parse(status(999))
    assert (found.outcome, found.text, found.errors[0].code) == (Outcome.UNKNOWN, "Opis", "999")


def test_a_page_of_invoices_with_a_duplicate():
    raw = sample("get_sessions_referenceNumber_invoices_200.json")
    accepted, duplicate = read(raw).notifications
    assert accepted.network_number == "5265877635-20250626-010080DD2B5E-26"
    assert accepted.outcome is Outcome.DELIVERED
    assert accepted.invoices[0].number == "FA/XPWIC-7900685789/06/2025"
    assert duplicate.outcome is Outcome.NOT_ISSUED
    assert duplicate.duplicate_of == "5265877635-20250626-010080DD2B5E-26"
    assert duplicate.errors[0].fix.path == "invoice.name"
    assert accepted.parties == duplicate.parties == ("5265877635",)


def test_a_session_says_nothing_about_its_invoices():
    found = read(sample("get_sessions_200.json")).notifications
    assert {item.outcome for item in found} == {Outcome.INFORMATION}
    assert found[0].exchange_id == "20250925-SO-2F67776000-97273B191A-65"


def test_a_confirmation_of_several_invoices():
    found = read(sample("upo-sesja-kontekst-id-nip.xml")).notifications
    assert [item.network_number for item in found] == [
        "5265877635-20250916-010040741B3E-46",
        "5265877635-20250916-0200A0D6723E-C2",
    ]
    assert {item.outcome for item in found} == {Outcome.DELIVERED}
    assert found[0].parties == ("5265877635",)
    assert found[0].invoices[0].year == 2025
    assert len({item.key for item in found}) == 2


def test_a_sign_in_is_no_message():
    raw = json.dumps({
        "authenticationMethod": "Token", "status": {"code": 100, "description": "trwa"}
    }).encode()  # fmt: skip
    with pytest.raises(NotANotification):
        parse(raw)


# ---------------------------------------------------------------- France
def test_a_dispute_names_what_is_wrong():
    found = understood("UC5_F202500007_04-CDV-207_En_litige.xml")
    assert [(ref.number, ref.year) for ref in found.invoices] == [("F202500007", 2025)]
    assert found.parties == ("100000009",)
    assert found.text == "En_litige"
    (error,) = found.errors
    assert (error.code, error.text, error.hint) == (
        "TX_TVA_ERR", "Taux de TVA erroné", "Créer un Avoir total"
    )  # fmt: skip
    assert error.fix.path == "invoice_line.tax_ids"
    assert error.location.endswith("ram:RateApplicablePercent")
    assert found.dates["updated"].isoformat() == "2025-07-02T18:00:00"
    assert found.dates["invoice"].isoformat() == "2025-07-02"


@pytest.mark.parametrize("code", sorted(france.OUTCOMES))
def test_every_status(code):
    raw = sample("odoo_test_cdar_210_refused_minimal.xml").replace(b">210<", f">{code}<".encode())
    assert parse(raw).outcome is france.OUTCOMES[code]


def test_taken_in_but_not_transmitted():
    raw = sample("odoo_test_cdar_210_refused_minimal.xml").replace(b">210<", b">200<")
    found = parse(raw.replace(b"TRANSAC_INC", b"NON_TRANSMISE"))
    assert found.outcome is Outcome.NOT_DELIVERED


def test_an_unknown_french_status():
    raw = sample("odoo_test_cdar_210_refused_minimal.xml").replace(b">210<", b">299<")
    found = parse(raw)
    assert (found.outcome, found.type) == (Outcome.UNKNOWN, "CDV-299")
    assert found.errors[0].text == "Unknown transaction; Lifecycle note"


def test_several_invoices_in_one_french_message():
    raw = sample("UC5_F202500007_04-CDV-207_En_litige.xml").decode("utf-8-sig")
    start, end = "<ram:ReferenceReferencedDocument>", "</ram:ReferenceReferencedDocument>"
    one = raw[raw.index(start) : raw.index(end) + len(end)]
    found = read(raw.replace(one, one + one.replace("F202500007", "F202500008")).encode())
    assert [item.invoices[0].number for item in found.notifications] == [
        "F202500007", "F202500008"
    ]  # fmt: skip
    assert len({item.key for item in found.notifications}) == 2
