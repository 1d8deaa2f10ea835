"""Signed receipts: only the exchange's own signature over the whole message counts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from connectors.recognise import parse
from connectors.sdi import signature

from connector_samples import sample

ROOT = Path(__file__).resolve().parents[2]
SIGNED = "oca_IT03339130126_00009_RC_003.xml"
with_library = pytest.mark.skipif(signature.xmlsec is None, reason="xmlsec does not load")


def test_a_message_without_signature():
    found = parse(sample("written_DT.xml"))
    assert (found.verified, found.signature) == (False, "none")


def test_without_the_library_nothing_is_verified(monkeypatch):
    monkeypatch.setattr(signature, "xmlsec", None)
    found = parse(sample(SIGNED))
    assert found.verified is False
    assert "not checked" in found.signature


@pytest.mark.parametrize("failure", ["ImportError('no xmlsec')", "InternalError(-1, 'mismatch')"])
def test_a_library_that_does_not_load_counts_as_missing(tmp_path, failure):
    stub = f"class InternalError(Exception):\n    pass\n\n\nraise {failure}\n"
    (tmp_path / "xmlsec.py").write_text(stub)
    script = (
        "import sys; from connectors.recognise import parse; "
        "found = parse(sys.stdin.buffer.read()); print(found.verified, found.signature)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=sample("gobl_RicevutaScarto_NS_multi_4_errors.xml"),
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.startswith(b"False not checked")


@with_library
def test_a_real_receipt():
    found = parse(sample(SIGNED))
    assert found.verified
    assert "Sistema Interscambio Fattura PA" in found.signature
    assert parse(sample("oca_pec_ricevuta_consegna.eml")).verified


@with_library
@pytest.mark.parametrize(("old", "new"), [
    (b"6782414", b"6782415"),
    (b"IT03339130126_00009.xml", b"IT03339130126_00008.xml"),
    (b"<Destinatario/>", b"<Destinatario><Codice>X</Codice></Destinatario>"),
    (b"RicevutaConsegna", b"RicevutaScarto"),
])  # fmt: skip
def test_a_receipt_that_was_changed(old, new):
    found = parse(sample(SIGNED).replace(old, new))
    assert not found.verified
    assert found.signature.startswith("broken")


@with_library
def test_a_signature_without_values():
    found = parse(sample("gobl_RicevutaScarto_NS_multi_4_errors.xml"))
    assert not found.verified


@with_library
def test_an_intact_signature_of_an_unknown_signer(monkeypatch):
    monkeypatch.setattr(signature.mapping, "KNOWN_SIGNERS", frozenset())
    found = parse(sample(SIGNED))
    assert (found.verified, found.signature) == (False, "intact, but the signer is not trusted")


@with_library
def test_a_signer_that_the_company_trusts(monkeypatch):
    import base64
    import re

    monkeypatch.setattr(signature.mapping, "KNOWN_SIGNERS", frozenset())
    raw = sample(SIGNED)
    body = re.search(rb"X509Certificate>([^<]+)<", raw).group(1)
    pem = b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(
        base64.b64decode(body)
    )
    assert parse(raw, anchors=[pem]).verified


@pytest.mark.parametrize(("old", "new"), [
    (b'URI=""', b'URI="#SignedProperties_1"'),
    (b"/descendant::ds:Signature", b"/descendant::MessageId"),
    (b'Filter="subtract"', b'Filter="intersect"'),
    (b"http://www.w3.org/2002/06/xmldsig-filter2\"><XPath",
     b"http://www.w3.org/TR/1999/REC-xslt-19991116\"><XPath"),
])  # fmt: skip
def test_a_signature_over_a_part_only(monkeypatch, old, new):
    monkeypatch.setattr(signature, "xmlsec", object())
    raw = sample(SIGNED)
    assert old in raw
    found = parse(raw.replace(old, new))
    assert (found.verified, found.signature) == (False, "does not cover the whole message")
