"""Whether a receipt really comes from the SdI, where the library ``xmlsec`` can be used."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256

from cryptography import x509
from lxml import etree

from . import mapping

try:
    import xmlsec
except Exception:  # optional: missing, or its own error when built for another libxml2 than lxml
    xmlsec = None

DSIG = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
# Transforms that leave all of the message under the signature.
_SAFE = frozenset(
    {
        FILTER,
        DSIG + "enveloped-signature",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
    }
)


def check(raw: bytes, anchors: Sequence[bytes] = ()) -> tuple[bool, str]:
    """Whether the message in ``raw`` is signed by the SdI, and what was found in words.

    ``anchors`` are certificates (PEM) that are trusted as signer or as issuer of the signer. A
    signature alone proves nothing: anybody can make one with a certificate of their own.
    """
    root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    signature = root.find(f"{{{DSIG}}}Signature")
    if signature is None:
        return False, "none"
    if xmlsec is None:
        return False, "not checked: the library xmlsec is not installed or does not load"
    if not _covers_all(signature):
        return False, "does not cover the whole message"
    return _verify(root, signature, anchors)


def _covers_all(signature: etree._Element) -> bool:
    """One reference to the whole document, with nothing taken out but signatures."""
    whole = [
        reference
        for reference in signature.iterfind(f"{{{DSIG}}}SignedInfo/{{{DSIG}}}Reference")
        if reference.get("URI") == ""
    ]
    if len(whole) != 1:
        return False
    return all(_harmless(item) for item in whole[0].iter(f"{{{DSIG}}}Transform"))


def _harmless(transform: etree._Element) -> bool:
    algorithm = transform.get("Algorithm")
    if algorithm != FILTER:
        return algorithm in _SAFE
    rules = list(transform)
    return (
        len(rules) == 1
        and rules[0].get("Filter") == "subtract"
        and "".join((rules[0].text or "").split()) == "/descendant::ds:Signature"
        and rules[0].nsmap.get("ds") == DSIG
    )


def _verify(
    root: etree._Element, signature: etree._Element, anchors: Sequence[bytes]
) -> tuple[bool, str]:
    context = xmlsec.SignatureContext()
    for element in root.iter():
        if isinstance(element.tag, str) and element.get("Id"):
            context.register_id(element, "Id")
    try:
        certificate = _certificate(signature)
        context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertDer)
        context.verify(signature)
    except Exception as error:  # xmlsec and cryptography raise many kinds on damaged input
        return False, f"broken: {type(error).__name__}"
    signer = _trusted(certificate, anchors)
    if not signer:
        return False, "intact, but the signer is not trusted"
    return True, f"valid: {signer}"


def _certificate(signature: etree._Element) -> bytes:
    return b64decode("".join(signature.findtext(f".//{{{DSIG}}}X509Certificate", "").split()))


def _trusted(der: bytes, anchors: Sequence[bytes]) -> str:
    """Name of the signer when it is known, or issued by an anchor; else nothing.

    The certificate's own dates are not held against it: receipts are read years after they were
    signed, and a signing time that the signer writes could be any.
    """
    certificate = x509.load_der_x509_certificate(der)
    name = certificate.subject.rfc4514_string()
    if sha256(der).hexdigest() in mapping.KNOWN_SIGNERS:
        return name
    for anchor in filter(None, map(_anchor, anchors)):
        if anchor == certificate or _issued_by(certificate, anchor):
            return name
    return ""


def _anchor(pem: bytes) -> x509.Certificate | None:
    """The certificate, or None when what was entered is none: then it vouches for nobody."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None


def _issued_by(certificate: x509.Certificate, anchor: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(anchor)
    except Exception:  # not the issuer: wrong name, key type or signature
        return False
    return True
