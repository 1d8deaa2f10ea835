"""Whatever comes in: a notification or a typed error, in bounded time and memory."""

import io
import json
import time
import tracemalloc
import zipfile
import zlib

import pytest
from connectors.errors import (
    ArchiveRefused,
    BadEncoding,
    BrokenArchive,
    BrokenMail,
    BrokenXml,
    ConnectorError,
    ForbiddenMarkup,
    Malformed,
    NotANotification,
    NotJson,
    TooDeep,
    TooLarge,
)
from connectors.guards import MAX_BYTES, read_json
from connectors.recognise import parse, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_samples import every_file, sample

MESSAGE = "<RicevutaScarto><IdentificativoSdI>{}</IdentificativoSdI></RicevutaScarto>"


def entity(declaration, use="&x;"):
    return f"<!DOCTYPE r [{declaration}]>{MESSAGE.format(use)}".encode()


def bomb():
    steps = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))
    return entity(f'<!ENTITY x0 "ha">{steps}', "&x9;")


@pytest.mark.parametrize("raw", [
    entity('<!ENTITY x SYSTEM "file:///etc/passwd">'),
    entity('<!ENTITY x SYSTEM "http://127.0.0.1:9/">'),
    entity('<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;', "1"),
    entity('<!ENTITY x "quiet">'),
    bomb(),
    b"<!DOCTYPE RicevutaScarto>" + MESSAGE.format(1).encode(),
    b'<!DOCTYPE r SYSTEM "r.dtd">' + MESSAGE.format(1).encode(),
    entity('<!ENTITY x "q">').decode().encode("utf-16"),
])  # fmt: skip
def test_doctype_and_entities_are_refused(raw):
    with pytest.raises(ForbiddenMarkup):
        parse(raw)


def test_fifty_megabytes_are_refused_before_they_are_read():
    started = time.monotonic()
    with pytest.raises(TooLarge):
        parse(b"<a>" + b" " * 50 * 1024 * 1024 + b"</a>")
    assert time.monotonic() - started < 1


def test_a_message_of_nearly_the_limit_takes_bounded_time():
    started = time.monotonic()
    filler = "<Note>" + "a" * (MAX_BYTES - 800_000) + "</Note></RicevutaScarto>"
    found = parse(MESSAGE.format(1).replace("</RicevutaScarto>", filler).encode())
    assert len(found.text) < 5000
    assert time.monotonic() - started < 10
    with pytest.raises(TooLarge):
        parse(b"<a>" + b"a" * (MAX_BYTES - 100) + b"</a>")


@pytest.mark.parametrize("depth", [100, 300, 100_000])
def test_deep_nesting(depth):
    with pytest.raises(TooDeep):
        parse(b"<a>" * depth + b"</a>" * depth)
    with pytest.raises(TooDeep):
        parse(b"[" * depth + b"]" * depth)
    with pytest.raises(TooDeep):
        parse(b'{"a":' * depth + b"1" + b"}" * depth)


def test_wide_documents_take_bounded_time():
    started = time.monotonic()
    wide = b"<Ordine>" + b"<a/>" * 1_000_000 + b"</Ordine>"
    with pytest.raises(Malformed):
        parse(wide)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("raw", [
    '<?xml version="1.0" encoding="UTF-8"?>' + MESSAGE.format("è"),
    '<?xml version="1.0" encoding="US-ASCII"?>' + MESSAGE.format("è"),
])  # fmt: skip
def test_text_in_another_encoding_than_declared(raw):
    with pytest.raises(BadEncoding):
        parse(raw.encode("iso-8859-1"))


@pytest.mark.parametrize("encoding", ["UTF-7", "EBCDIC-CP-IT", "no-such-thing", "UTF-32"])
def test_encodings_that_no_exchange_uses(encoding):
    raw = f'<?xml version="1.0" encoding="{encoding}"?>' + MESSAGE.format(1)
    with pytest.raises((BadEncoding, BrokenXml)):
        parse(raw.encode())


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.99])
def test_truncated_xml(keep):
    raw = sample("gobl_RicevutaScarto_NS_multi_4_errors.xml")
    with pytest.raises(BrokenXml):
        parse(raw[: int(len(raw) * keep)])


def test_html_in_place_of_json():
    with pytest.raises(NotJson, match="HTML"):
        read_json(b"<!DOCTYPE html><html></html>")
    with pytest.raises(BadEncoding):
        read_json(b'{"a": "\xe8"}')


def test_html_in_an_error_text_stays_text():
    words = "&lt;script&gt;alert(1)&lt;/script&gt;<![CDATA[<b>x</b>]]>"
    raw = (
        "<RicevutaScarto><IdentificativoSdI>1</IdentificativoSdI><ListaErrori><Errore>"
        f"<Codice>1</Codice><Descrizione>{words}</Descrizione></Errore></ListaErrori></RicevutaScarto>"
    )
    assert parse(raw.encode()).errors[0].text == "<script>alert(1)</script><b>x</b>"


# ---------------------------------------------------------------- archives
def zipped(files, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_zip_bomb_is_not_unpacked():
    raw = zipped([("AT.xml", b"0" * 200 * 1024 * 1024)])
    assert len(raw) < 300_000
    tracemalloc.start()
    with pytest.raises(ArchiveRefused):
        parse(raw)
    assert tracemalloc.get_traced_memory()[1] < 20 * 1024 * 1024
    tracemalloc.stop()


def test_a_zip_that_lies_about_its_sizes():
    raw = bytearray(zipped([("AT.xml", b"0" * 30 * 1024 * 1024)]))
    true = (30 * 1024 * 1024).to_bytes(4, "little")
    for place in (raw.find(true), raw.rfind(true)):
        raw[place : place + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(Malformed):
        parse(bytes(raw))


def test_many_small_bombs_share_one_allowance():
    # a ratio that is allowed, so that the sum has to be what stops it
    noise = zlib.compress(bytes(range(256)) * 400)
    part = (noise + b"0" * 40 * len(noise)) * (1 + 2 * 1024 * 1024 // (41 * len(noise)))
    with pytest.raises(ArchiveRefused):
        parse(zipped([(f"{index}.xml", part) for index in range(9)]))


def test_too_many_files():
    with pytest.raises(ArchiveRefused):
        parse(zipped([(f"{index}.xml", b"<a/>") for index in range(1000)]))


def test_archives_in_archives():
    raw = MESSAGE.format(1).encode()
    for _level in range(8):
        raw = zipped([("inner.zip", raw)])
    with pytest.raises(NotANotification):
        parse(raw)


def test_paths_in_an_archive_are_names():
    raw = zipped([("../../../etc/AT.xml", MESSAGE.format(1))])
    assert parse(raw).part == "AT.xml"


@pytest.mark.parametrize("damage", [slice(0, 40), slice(10, 60), slice(-30, None)])
def test_damaged_archives(damage):
    raw = bytearray(zipped([("AT.xml", MESSAGE.format(1) * 50)]))
    raw[damage] = b"PK" + b"\x00" * (len(raw[damage]) - 2)
    with pytest.raises(Malformed):
        parse(bytes(raw))


def test_an_empty_archive():
    with pytest.raises(NotANotification):
        parse(zipped([]))
    with pytest.raises(BrokenArchive):
        parse(b"PK\x03\x04")


# ---------------------------------------------------------------- mails
def test_a_mail_without_message():
    with pytest.raises(NotANotification):
        parse(b"From: a@example.com\nMIME-Version: 1.0\n\nHello\n")


def test_a_mail_of_endless_parts():
    parts = b"".join(
        b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1) for n in range(500)
    )
    head = b"From: a@example.com\nContent-Type: multipart/mixed; boundary=b0\n\n"
    started = time.monotonic()
    with pytest.raises(BrokenMail):
        parse(head + parts)
    assert time.monotonic() - started < 2


def test_a_mail_that_is_not_from_the_exchange_is_not_verified():
    forged = sample("written_pec.eml").replace(b"pec.fatturapa.example", b"pec.fatturapa.it")
    assert parse(forged).verified is False


# ---------------------------------------------------------------- anything
SEEDS = [path.read_bytes() for path in every_file() if path.stat().st_size < 30_000]
ANY = settings(
    deadline=3000, max_examples=150, suppress_health_check=list(HealthCheck), derandomize=True
)


def settled(raw, name=""):
    """Only a reading, and each failure typed; this is the whole promise."""
    reading = read(raw, name)
    assert reading.notifications or reading.failures
    assert all(isinstance(item.error, ConnectorError) and item.error.remedy
               for item in reading.failures)  # fmt: skip
    assert all(item.key for item in reading.notifications)


@ANY
@given(st.binary(max_size=4000), st.text(max_size=30))
def test_any_bytes(raw, name):
    settled(raw, name)


BEGINNINGS = [b"<", b"{", b"[", b"PK\x03\x04", b"0\x82", b"From: a\nMIME-Version: 1\n\n"]


@ANY
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=2000))
def test_any_bytes_behind_a_familiar_beginning(start, raw):
    settled(start + raw)


@ANY
@given(st.sampled_from(SEEDS), st.integers(0, 30_000), st.binary(max_size=40), st.integers(0, 40))
def test_real_messages_with_a_wound(raw, place, wound, width):
    place %= max(1, len(raw))
    settled(raw[:place] + wound + raw[place + width :])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["status", "code", "description", "details", "invoices", "sessions", "state", "send_id"]
            + ["send", "documents", "errors", "type", "message", "data", "extensions", "uuid"]
            + ["lista_errori", "Errore", "identificativo_sdi", "riferimento_fattura", "number"]
            + ["ordinalNumber", "title", "instance", "last_update", "date", "esito", "@type"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=25,
)


@ANY
@given(VALUES)
def test_any_json(value):
    settled(json.dumps(value).encode())


NAMES = st.sampled_from(
    ["RicevutaScarto", "NotificaEsito", "IdentificativoSdI", "NomeFile", "ListaErrori", "Errore"]
    + ["Codice", "Descrizione", "EsitoCommittente", "Esito", "RiferimentoFattura", "AnnoFattura"]
    + ["FatturaElettronica", "FatturaElettronicaBody", "DatiGenerali", "notificaScarto", "File"]
    + ["DataOraRicezione", "PosizioneFattura", "Destinatario", "MessageId", "CedentePrestatore"]
)
TEXTS = st.sampled_from(
    ["", "1", "EC02", "2026", "0001-01-01T00:00:00+14:00", "PHg+", "²", "9" * 60]
)
TREES = st.recursive(
    TEXTS,
    lambda inner: st.builds(
        lambda name, parts: f"<{name} a='1'>{''.join(parts)}</{name}>",
        NAMES,
        st.lists(inner, max_size=5),
    ),
    max_leaves=30,
)


@ANY
@given(NAMES, TREES)
def test_any_tree_of_known_elements(name, tree):
    settled(f"<{name}>{tree}</{name}>".encode())
