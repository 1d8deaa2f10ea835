"""The SdI's messages, each against what its specification says it means."""

import base64
import io
import zipfile

import pytest
from connectors.errors import MissingField, NotANotification, UnknownMessage
from connectors.lifecycle import Direction, Outcome
from connectors.recognise import parse, read
from connectors.sdi import mapping

from connector_samples import sample, understood

# name, type, outcome, exchange id, message id, invoice file
IDENTITIES = [
    ("gobl_ESB85905495_00010_MT_001.xml", "MT", "information", "29218239", "176121330",
     "ESB85905495_00010.xml"),
    ("gobl_ESB85905495_00010_MT_005.xml", "AT", "issued_not_delivered", "29218239", "176197456",
     "ESB85905495_00010.xml"),
    ("gobl_RicevutaScarto_NS_multi_4_errors.xml", "NS", "not_issued", "10000001", "100000002",
     "IT01234567890_FPR01.xml"),
    ("oca_IT02652600210_00007_MT_002.xml", "MT", "information", "7339338", "1809491993",
     "IT02652600210_00007.xml"),
    ("oca_IT03339130126_00009_RC_003.xml", "RC", "delivered", "6782414", "1269788243",
     "IT03339130126_00009.xml"),
    ("oca_pec_ricevuta_consegna.eml", "RC", "delivered", "6782414", "1269788243",
     "IT03339130126_00009.xml"),
    ("testsdi_IT01234567890_11111_AT_001.xml", "AT", "issued_not_delivered", "111", "123456",
     "IT01234567890_11111.xml.p7m"),
    ("testsdi_IT01234567890_11111_EC_001.xml", "EC", "accepted", "111", "123456", ""),
    ("testsdi_IT01234567890_11111_MC_001.xml", "MC", "issued_not_delivered", "111", "123456",
     "IT01234567890_11111.xml.p7m"),
    ("testsdi_IT01234567890_11111_MT_001.xml", "MT", "information", "111", "123456",
     "IT01234567890_11111.xml.p7m"),
    ("testsdi_IT01234567890_11111_NE_001.xml", "NE", "accepted", "111", "123456",
     "IT01234567890_11111.xml.p7m"),
    ("testsdi_IT01234567890_11111_NS_001.xml", "NS", "not_issued", "111", "123456",
     "IT01234567890_11111.xml.p7m"),
    ("testsdi_IT01234567890_11111_RC_001.xml", "RC", "delivered", "111", "123456",
     "IT01234567890_11111.xml.p7m"),
    ("written_NE_refused_lot.xml", "NE", "refused_by_buyer", "40000001", "500000001",
     "IT09876543217_0000a.xml.p7m"),
    ("written_DT.xml", "DT", "closed", "40000002", "500000002", "IT09876543217_0000b.xml"),
    ("written_SE.xml", "SE", "information", "0", "500000003", ""),
    ("written_MC_private.xml", "MC", "issued_not_delivered", "40000004", "500000004",
     "IT09876543217_0000c.xml"),
    ("written_NS_location_only.xml", "NS", "not_issued", "40000005", "500000005",
     "IT09876543217_0000d.xml"),
    ("written_service_wrapper.xml", "NS", "not_issued", "40000005", "500000005",
     "IT09876543217_0000d.xml"),
    ("written_upload_unavailable.xml", "UP", "transient", "40000006", "", ""),
    ("written_pec.eml", "NS", "not_issued", "40000007", "500000007", "IT09876543217_0000e.xml.p7m"),
    ("odoo_IT01234567890_FPR01.xml.p7m", "FE", "information", "", "",
     "odoo_IT01234567890_FPR01.xml"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "outcome", "exchange", "message", "file"), IDENTITIES)
def test_identity(name, kind, outcome, exchange, message, file):
    found = understood(name)
    assert found.network == "sdi"
    assert (found.type, found.outcome.value) == (kind, outcome)
    assert (found.exchange_id, found.external_id, found.file_name) == (exchange, message, file)


DATES = [
    ("gobl_ESB85905495_00010_MT_005.xml", {"received": "2024-05-31T14:54:02+02:00"}),
    ("gobl_RicevutaScarto_NS_multi_4_errors.xml", {"received": "2024-06-12T12:00:00+02:00"}),
    ("oca_IT03339130126_00009_RC_003.xml",
     {"received": "2018-11-13T16:47:26+01:00", "delivered": "2018-11-13T16:47:32+01:00"}),
    ("testsdi_IT01234567890_11111_RC_001.xml",
     {"received": "2013-06-06T12:00:00+00:00", "delivered": "2013-06-06T12:01:00+00:00"}),
    ("testsdi_IT01234567890_11111_AT_001.xml", {"received": "2014-04-01T12:00:00"}),
    ("testsdi_IT01234567890_11111_NE_001.xml", {}),
    ("written_MC_private.xml",
     {"received": "2026-02-03T10:11:12.123000+01:00", "available": "2026-02-03"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "dates"), DATES)
def test_dates(name, dates):
    assert {key: day.isoformat() for key, day in understood(name).dates.items()} == dates


INVOICES = [
    ("testsdi_IT01234567890_11111_NE_001.xml", [("1111", 2013, 2)]),
    ("testsdi_IT01234567890_11111_EC_001.xml", [("1111", 2013, 2)]),
    ("written_NE_refused_lot.xml", [("2026/0042", 2026, 3)]),
    ("written_DT.xml", [("FT/7", 2025, None)]),
    ("odoo_IT01234567890_FPR01.xml.p7m", [("01234567890", 2014, 1)]),
    ("oca_IT01234567890_FPR04.xml.p7m", [("123", 2014, 1), ("456", 2014, 2)]),
    ("gobl_RicevutaScarto_NS_multi_4_errors.xml", []),
]


@pytest.mark.parametrize(("name", "invoices"), INVOICES)
def test_invoices_of_a_lot(name, invoices):
    found = [(ref.number, ref.year, ref.position) for ref in understood(name).invoices]
    assert found == invoices


# name, then code, text (its beginning), field to correct of each error
ERRORS = [
    ("gobl_RicevutaScarto_NS_multi_4_errors.xml", [
        ("00300", "1.1.1.2 <IdCodice> non valido", "company.vat"),
        ("00301", "1.2.1.1.2 <IdCodice> non valido", "company.vat"),
        ("00306", "1.4.1.2 <CodiceFiscale> non valido", "customer.l10n_it_codice_fiscale"),
        ("00311", "1.1.4 <CodiceDestinatario> non valido", "customer.l10n_it_pa_index"),
    ]),
    ("testsdi_IT01234567890_11111_NS_001.xml",
     [("00100", "Certificato di firma scaduto", "company.signature")]),
    ("written_NS_location_only.xml", [
        ("09999", "1.4.2.3 <Comune> non valido", "customer.street"),
        ("00200", "Errore a riga: 47", "invoice"),
        ("08888", "Errore nuovo", ""),
    ]),
    ("written_NE_refused_lot.xml",
     [("EC02", "Manca il codice <b>CIG</b> dell'ordine", "invoice")]),
    ("written_SE.xml", [("EN01", "Notifica non ammissibile", "transmission")]),
    ("written_pec.eml", [("00404", "Fattura duplicata", "invoice.name")]),
    ("testsdi_IT01234567890_11111_NE_001.xml", []),
    ("testsdi_IT01234567890_11111_MC_001.xml", []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "errors"), ERRORS)
def test_errors(name, errors):
    found = understood(name).errors
    assert [(item.code, item.fix.path) for item in found] == [
        (code, path) for code, _, path in errors
    ]
    for item, (_code, text, _path) in zip(found, errors, strict=True):
        assert item.text.startswith(text)


def test_each_error_keeps_its_own_hint():
    hints = [item.hint for item in understood("gobl_RicevutaScarto_NS_multi_4_errors.xml").errors]
    assert len(set(hints)) == 4
    assert hints[2] == (
        'Verificare che il campo Codice Fiscale del "CessionarioComittente" sia valido'
    )


def test_words_of_the_network_are_kept():
    assert understood("written_DT.xml").text == ("La fattura non e' stata accettata né rifiutata")
    assert understood("written_NE_refused_lot.xml").code == "EC02"
    assert understood("written_NS_location_only.xml").archive_name == "IT09876543217_0000z.zip"
    assert understood("written_MC_private.xml").file_hash.startswith("5feceb66ff")
    assert understood("written_MC_private.xml").parties == ("IT09876543217",)


def test_messages_to_a_buyer_say_nothing_about_what_we_sent():
    for name in ("written_SE.xml", "gobl_ESB85905495_00010_MT_001.xml"):
        assert understood(name).direction is Direction.RECEIVED


def test_the_name_of_the_file_does_not_matter():
    raw = sample("written_MC_private.xml")
    assert parse(raw, "IT09876543217_0000c_NS_001.xml").type == "MC"


@pytest.mark.parametrize("root", sorted(mapping.KINDS))
@pytest.mark.parametrize("namespace", ["http://www.fatturapa.gov.it/sdi/messaggi/v1.0", "urn:new"])
def test_every_root_of_both_families(root, namespace):
    raw = (
        f'<a:{root} xmlns:a="{namespace}"><IdentificativoSdI>12</IdentificativoSdI>'
        "<NomeFile>IT01234567890_00001.xml</NomeFile><MessageId>3</MessageId></a:" + root + ">"
    )
    assert parse(raw.encode()).type == mapping.KINDS[root].type


def test_an_unknown_answer_of_the_buyer_is_not_guessed():
    raw = sample("written_NE_refused_lot.xml").replace(b"EC02", b"EC09")
    found = parse(raw)
    assert (found.outcome, found.code) == (Outcome.UNKNOWN, "EC09")
    assert found.errors[0].text.startswith("Manca il codice")


def test_children_may_be_qualified():
    raw = b"""<n:RicevutaConsegna xmlns:n="urn:x"><n:IdentificativoSdI>7</n:IdentificativoSdI>
        <n:NomeFile><![CDATA[IT01234567890_1.xml]]></n:NomeFile></n:RicevutaConsegna>"""
    assert (parse(raw).exchange_id, parse(raw).file_name) == ("7", "IT01234567890_1.xml")


def test_a_comment_does_not_cut_a_text():
    xml = b"<RicevutaScarto><IdentificativoSdI>1<!-- x -->2</IdentificativoSdI></RicevutaScarto>"
    assert parse(xml).exchange_id == "12"


def test_a_message_without_its_number_is_refused():
    with pytest.raises(MissingField):
        parse(b"<RicevutaScarto><NomeFile>IT01234567890_1.xml</NomeFile></RicevutaScarto>")


def test_two_hundred_errors():
    one = "<Errore><Codice>00423</Codice><Descrizione>riga {}</Descrizione></Errore>"
    listed = "".join(one.format(index) for index in range(200))
    raw = (
        "<RicevutaScarto><IdentificativoSdI>1</IdentificativoSdI>"
        f"<ListaErrori>{listed}</ListaErrori></RicevutaScarto>"
    )
    found = parse(raw.encode())
    assert [item.text for item in found.errors] == [f"riga {index}" for index in range(200)]


# ---------------------------------------------------------------- containers
def attestation(file="IT09876543217_0000b.xml"):
    return f"""<m:AttestazioneTrasmissioneFattura xmlns:m="urn:m">
        <IdentificativoSdI>55</IdentificativoSdI><NomeFile>{file}</NomeFile>
        <MessageId>66</MessageId></m:AttestazioneTrasmissioneFattura>""".encode()


def archive(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return packed.getvalue()


def test_an_attestation_comes_with_the_invoice_and_takes_its_number():
    signed = sample("odoo_IT01234567890_FPR01.xml.p7m")
    raw = archive({"x/FPR01.xml.p7m": signed, "AT.xml": attestation("FPR01.xml.p7m")})
    found = parse(raw, "IT_AT_001.zip")
    assert (found.type, found.part) == ("AT", "AT.xml")
    assert [ref.number for ref in found.invoices] == ["01234567890"]


def test_an_archive_with_several_messages_and_a_broken_one():
    good = sample("written_DT.xml")
    raw = archive({"1.xml": good, "2.xml": attestation(), "3.xml": good[:200], "4.txt": b"hello"})
    reading = read(raw)
    assert sorted(item.type for item in reading.notifications) == ["AT", "DT"]
    assert [item.part for item in reading.failures] == ["3.xml"]


def test_the_same_message_twice_in_a_container_counts_once():
    good = sample("written_DT.xml")
    assert len(read(archive({"1.xml": good, "2.xml": good})).notifications) == 1


@pytest.mark.parametrize("wrap", [
    base64.b64encode,
    base64.encodebytes,
    lambda raw: b"-----BEGIN PKCS7-----\n" + base64.encodebytes(raw) + b"-----END PKCS7-----\n",
    lambda raw: base64.b64encode(base64.b64encode(raw)),
])  # fmt: skip
def test_signed_files_also_in_base64(wrap):
    raw = wrap(sample("odoo_IT01234567890_FPR01.xml.p7m"))
    assert parse(raw, "x.xml.p7m").invoices[0].number == "01234567890"


def test_a_signed_message():
    from asn1crypto import cms

    content = cms.SignedData({
        "version": "v1",
        "digest_algorithms": [],
        "encap_content_info": {"content_type": "data", "content": sample("written_DT.xml")},
        "signer_infos": [],
    })  # fmt: skip
    raw = cms.ContentInfo({"content_type": "signed_data", "content": content}).dump()
    assert parse(raw, "IT_DT_001.xml.p7m").type == "DT"


def test_bare_utf16_and_byte_order_marks():
    words = sample("written_DT.xml").decode("iso-8859-1").split("\n", 1)[1]
    assert parse(b"\xef\xbb\xbf" + words.encode()).type == "DT"
    xml = '<?xml version="1.0" encoding="UTF-16"?>' + words
    assert parse(xml.encode("utf-16")).text.endswith("né rifiutata")


@pytest.mark.parametrize(("raw", "error"), [
    (b"", NotANotification),
    (b"%PDF-1.7 ...", NotANotification),
    (b"<html><body>Manutenzione</body></html>", NotANotification),
    (b"<Ordine><Numero>1</Numero></Ordine>", UnknownMessage),
    (b"{}", UnknownMessage),
    (b"just words", NotANotification),
])  # fmt: skip
def test_what_is_no_message_says_so(raw, error):
    with pytest.raises(error):
        parse(raw)


# ---------------------------------------------------------------- catalogue
def test_the_catalogue_is_whole():
    rows = mapping.catalogue()
    assert all(fix.hint.endswith(".") and fix.record for fix in rows.values())
    records = {fix.record for fix in rows.values()}
    assert records == {"company", "customer", "invoice", "invoice_line", "transmission"}


def test_the_catalogue_knows_every_published_code():
    lines = sample("sdi_error_codes_v1.8.4.csv").decode().splitlines()[1:]
    published = {line.split(",")[0] for line in lines}
    assert len(published) > 60
    assert published <= mapping.catalogue().keys()
