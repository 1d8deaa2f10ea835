"""Signed receipts: only the exchange's own signature over the whole message counts."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from connectors.recognise import parse
from connectors.sdi import signature
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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


# ---------------------------------------------------------------- who vouches for a signer
def certified(name, issuer=None, authority=True):
    """A certificate and its key, by an issuer of the same kind or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuing, signer = issuer or (None, key)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuing.subject if issuing else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2015, 1, 1))
        .not_valid_after(datetime(2018, 1, 1))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .sign(signer, hashes.SHA256())
    )
    return certificate, key


def pem(certified_by):
    return certified_by[0].public_bytes(serialization.Encoding.PEM)


def test_a_signer_is_trusted_by_itself_or_by_its_issuer_and_by_nobody_else():
    authority, stranger = (
        certified("CA Agenzia delle Entrate"),
        certified("CA Agenzia delle Entrate"),
    )
    signer = certified("Sistema Interscambio", authority, authority=False)
    der = signer[0].public_bytes(serialization.Encoding.DER)
    other = certified("Sistema Interscambio", authority, authority=False)
    assert signature._trusted(der, [pem(signer)]) == "CN=Sistema Interscambio"
    assert signature._trusted(der, [pem(stranger), pem(authority)]) == "CN=Sistema Interscambio"
    for anchors in ([], [pem(stranger)], [pem(other)]):  # a name alone proves nothing
        assert signature._trusted(der, anchors) == ""


@pytest.mark.parametrize("bad", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_an_anchor_that_is_no_certificate_vouches_for_nobody_and_stops_nothing(bad):
    authority = certified("CA")
    signer = certified("SdI", authority, authority=False)
    der = signer[0].public_bytes(serialization.Encoding.DER)
    assert signature._trusted(der, [bad]) == ""
    assert signature._trusted(der, [bad, pem(authority)]) == "CN=SdI"
