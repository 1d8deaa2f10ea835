"""Opens what messages come in: mails, archives, signed envelopes, base64."""

from __future__ import annotations

import base64
import binascii
import io
import re
import zipfile
from collections.abc import Iterator
from email import policy
from email.message import Message as Mail
from email.parser import BytesParser

from asn1crypto import cms

from .errors import (
    ArchiveRefused,
    BrokenArchive,
    BrokenEnvelope,
    BrokenMail,
    NotANotification,
)
from .guards import MAX_BYTES, check_size, printable

MAX_ENTRIES = 100
MAX_RATIO = 200  # XML shrinks to a tenth or a twentieth; bombs to a thousandth
MAX_BOUNDARIES = 40  # a certified mail has five
_MAIL_HEADER = re.compile(rb"\A(?:From |[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]?)")
_MAIL_TELLTALE = re.compile(
    rb"^(?:mime-version|content-type|received|return-path|message-id)[ \t]*:", re.I | re.M
)
_PEM = re.compile(rb"-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----")
_BASE64 = re.compile(rb"\A[A-Za-z0-9+/=\s]{16,}\Z")

Part = tuple[str, bytes]


def base_name(name: str) -> str:
    """The last part of a path of either kind; the rest is the sender's business.

    >>> base_name("../../etc/IT01234567890_00001_AT_001.xml")
    'IT01234567890_00001_AT_001.xml'
    """
    return printable(re.split(r"[\\/]", name)[-1])[:255]


def is_mail(raw: bytes) -> bool:
    """Whether the bytes begin like an RFC 822 mail."""
    head = raw[:65536].lstrip()
    return bool(_MAIL_HEADER.match(head)) and bool(_MAIL_TELLTALE.search(head))


def mail_parts(raw: bytes) -> list[Part]:
    """The attachments of a mail, also those of mails inside it."""
    check_size(raw)
    # The parser recurses into nested parts and looks for each boundary in each line.
    if raw.lower().count(b"boundary=") > MAX_BOUNDARIES:
        raise BrokenMail(f"more than {MAX_BOUNDARIES} nested parts")
    try:
        mail = BytesParser(policy=policy.compat32).parsebytes(raw)
        return list(_attachments(mail))
    except BrokenMail:
        raise
    except Exception as error:  # the parser raises many kinds on hostile headers
        raise BrokenMail(f"{type(error).__name__}: {error}") from None


def _attachments(mail: Mail) -> Iterator[Part]:
    for index, part in enumerate(mail.walk()):
        if index >= MAX_ENTRIES:
            raise BrokenMail(f"more than {MAX_ENTRIES} parts")
        name = part.get_filename()
        content = None if part.is_multipart() else part.get_payload(decode=True)
        if name and content:
            yield base_name(str(name)), content


def zip_parts(raw: bytes) -> list[Part]:
    """The files of an archive; names are taken for names, never for paths."""
    check_size(raw)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _unpack(archive)
    except ArchiveRefused:
        raise
    except Exception as error:  # zipfile raises many kinds on damaged or encrypted input
        raise BrokenArchive(f"{type(error).__name__}: {error}") from None


def _unpack(archive: zipfile.ZipFile) -> list[Part]:
    entries = [info for info in archive.infolist() if not info.is_dir()]
    if len(entries) > MAX_ENTRIES:
        raise ArchiveRefused(f"{len(entries)} files; at most {MAX_ENTRIES} are read")
    parts, left = [], MAX_BYTES
    for info in entries:
        content = _read_entry(archive, info, left)
        left -= len(content)
        parts.append((base_name(info.filename), content))
    return parts


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    """One file, never more than ``left`` bytes: what the directory declares may be a lie."""
    if info.file_size > left:
        raise ArchiveRefused(f"unpacks to more than {MAX_BYTES:,} bytes")
    if info.file_size > MAX_RATIO * max(info.compress_size, 1024):
        raise ArchiveRefused(f"{info.compress_size:,} bytes unpack to {info.file_size:,}")
    with archive.open(info) as entry:
        content = entry.read(left + 1)
    if len(content) > left:
        raise ArchiveRefused(f"unpacks to more than {MAX_BYTES:,} bytes")
    return content


def p7m_content(raw: bytes) -> bytes:
    """What a CAdES envelope (DER or BER) holds. This opens it; it does not verify anything."""
    check_size(raw)
    try:
        signed = cms.ContentInfo.load(raw)
        if signed["content_type"].native != "signed_data":
            raise BrokenEnvelope(f"holds {signed['content_type'].native}, not signed data")
        content = signed["content"]["encap_content_info"]["content"].native
    except BrokenEnvelope:
        raise
    except Exception as error:  # asn1crypto lets out whatever its decoders stumble over
        raise BrokenEnvelope(f"{type(error).__name__}: {error}") from None
    if not isinstance(content, bytes) or not content:
        raise NotANotification("a detached signature, without the file that it signs")
    return content


def decode_base64(raw: bytes) -> bytes | None:
    """The decoded bytes when ``raw`` is base64 (with line breaks or PEM lines), else None.

    >>> decode_base64(b"PFJpY2V2dXRhU2NhcnRvLz4=")
    b'<RicevutaScarto/>'
    >>> decode_base64(b"<RicevutaScarto/>")
    """
    stripped = _PEM.sub(b"", raw).strip()
    if not _BASE64.match(stripped):
        return None
    try:
        return base64.b64decode(b"".join(stripped.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def embedded_file(encoded: str) -> bytes:
    """The file inside a base64 element or JSON field."""
    decoded = decode_base64(encoded.encode("ascii", "replace"))
    if decoded is None:
        raise NotANotification("the embedded file is not base64")
    return decoded
