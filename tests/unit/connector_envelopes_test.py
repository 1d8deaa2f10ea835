"""Mails, archives and signed files: what is inside comes out, whatever they are called."""

import base64
import io
import zipfile
from email.message import EmailMessage

import pytest
from asn1crypto import cms
from connectors.envelopes import (
    MAX_ENTRIES,
    base_name,
    decode_base64,
    is_mail,
    mail_parts,
    p7m_content,
    zip_parts,
)
from connectors.errors import (
    ArchiveRefused,
    BrokenArchive,
    BrokenEnvelope,
    BrokenMail,
    NotANotification,
    UnknownMessage,
)
from connectors.recognise import parse, read
from hypothesis import given
from hypothesis import strategies as st

MESSAGE = b"<RicevutaScarto><IdentificativoSdI>1</IdentificativoSdI></RicevutaScarto>"
OTHER = MESSAGE.replace(b">1<", b">2<")


# ---------------------------------------------------------------- base64
@given(st.binary(min_size=12, max_size=200), st.integers(4, 76))
def test_base64_in_lines_of_any_width(raw, width):
    plain = base64.b64encode(raw)
    lines = b"\r\n".join(plain[at : at + width] for at in range(0, len(plain), width))
    assert decode_base64(plain) == decode_base64(b"\n" + lines + b"\n") == raw


@given(st.binary(max_size=80))
def test_base64_is_never_half_read(raw):
    found = decode_base64(raw)
    assert found is None or base64.b64encode(found) == b"".join(raw.split())


@pytest.mark.parametrize("raw", [
    b"", b"QQ==", b"A" * 17, b"QUFBQUFBQUFBQUFBQUF\xff",
    b"QUFB QUFB-QUFB_QUFB", b"=" * 20,
])  # fmt: skip
def test_what_is_no_base64(raw):
    assert decode_base64(raw) is None


# ---------------------------------------------------------------- names
@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_name_becomes_a_short_name_without_a_path(name):
    found = base_name(name)
    assert not set("/\\\0") & set(found) and len(found) <= 255
    assert found.encode().decode() == found


@pytest.mark.parametrize(("name", "expected"), [
    ("C:\\Users\\x\\IT01_1.xml", "IT01_1.xml"), ("/var/IT01_1.xml", "IT01_1.xml"),
    ("..\\..", ".."), ("dir/", ""), ("a\0b\udc80.xml", "a b?.xml"),
])  # fmt: skip
def test_names(name, expected):
    assert base_name(name) == expected


# ---------------------------------------------------------------- mails
def mail(*attachments, inner=None):
    built = EmailMessage()
    built["From"], built["Subject"] = "sdi@example.com", "Notifica"
    built.set_content("In allegato.")
    for name, content in attachments:
        built.add_attachment(content, maintype="application", subtype="xml", filename=name)
    if inner is not None:
        built.add_attachment(inner)
    return built


def test_attachments_also_of_the_mail_inside():
    raw = mail(("a.xml", MESSAGE), inner=mail(("dir/b.xml", OTHER))).as_bytes()
    assert is_mail(raw)
    assert mail_parts(raw) == [("a.xml", MESSAGE), ("b.xml", OTHER)]
    assert [item.part for item in read(raw).notifications] == ["a.xml", "b.xml"]


@pytest.mark.parametrize("disposition", [
    b"filename*=utf-8''Citt%C3%A0.xml", b'filename="=?utf-8?q?Citt=C3=A0.xml?="',
    b"filename*=utf-7''x%2B2AA-.xml", b"filename*=utf-8''a%00b.xml", b'filename="\xe0\xff.xml"',
    b"filename*=no-such-set''x.xml", b'filename="../../x.xml"',
])  # fmt: skip
def test_a_name_in_any_spelling_is_a_name(disposition):
    raw = (
        b"From: a@example.com\r\nMIME-Version: 1.0\r\n"
        b"Content-Disposition: attachment; " + disposition + b"\r\n\r\n" + MESSAGE
    )
    (found,) = read(raw).notifications
    assert found.exchange_id == "1"
    assert found.part.endswith(".xml") or "=?" in found.part
    assert found.part.encode() and not set("/\0") & set(found.part)


@pytest.mark.parametrize("raw", [b"", b"Hello: world", b"Dear Sir,\n\nContent-Type: x",
                                 b"<a>Content-Type: text/xml</a>", b": \nReceived: x"])  # fmt: skip
def test_what_is_no_mail(raw):
    assert not is_mail(raw)


def test_a_mail_with_too_many_attachments():
    parts = b"".join(b"--b\r\n\r\nx\r\n" for _part in range(MAX_ENTRIES + 1))
    head = b"From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    with pytest.raises(BrokenMail, match="parts"):
        mail_parts(head + parts + b"--b--\r\n")


# ---------------------------------------------------------------- archives
def zipped(*files, password=False):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    raw = bytearray(packed.getvalue())
    if password:  # the flag in the local header and in the directory
        raw[6] |= 1
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


files = st.lists(st.tuples(st.text("abc/.", min_size=1, max_size=8), st.binary(max_size=60)),
                 max_size=6, unique_by=lambda part: part[0])  # fmt: skip


@given(files)
def test_an_archive_gives_back_each_file_and_no_folder(parts):
    expected = [
        (name.rpartition("/")[2], content) for name, content in parts if not name.endswith("/")
    ]
    assert zip_parts(zipped(*parts)) == expected


def test_as_many_files_as_are_read_and_one_more():
    many = [(f"{number}.xml", MESSAGE) for number in range(MAX_ENTRIES)]
    assert len(zip_parts(zipped(*many))) == MAX_ENTRIES
    with pytest.raises(ArchiveRefused, match=f"{MAX_ENTRIES + 1} files"):
        zip_parts(zipped(*many, ("more.xml", b"")))


def test_a_locked_archive():
    with pytest.raises(BrokenArchive, match="password|encrypted"):
        zip_parts(zipped(("a.xml", MESSAGE), password=True))


def test_a_covering_letter_alone_is_no_message():
    with pytest.raises(NotANotification, match="2 files"):
        parse(zipped(("letter.txt", b"Dear Sir"), ("order.xml", b"<Ordine/>")))
    found = parse(zipped(("letter.txt", b"Dear Sir"), ("order.xml", b"<Ordine/>"), ("1", MESSAGE)))
    assert found.part == "1"


def test_the_way_to_a_message_is_kept():
    inside = mail(("archive.zip", zipped(("deep/AT.xml", MESSAGE)))).as_bytes()
    assert parse(inside).part == "archive.zip/AT.xml"
    broken = read(mail(("z.zip", zipped(("a.xml", MESSAGE), ("b.xml", MESSAGE[:30])))).as_bytes())
    assert [item.part for item in broken.failures] == ["z.zip/b.xml"]


def test_a_file_of_several_messages_is_not_one():
    raw = zipped(("1.xml", MESSAGE), ("2.xml", OTHER))
    assert len(read(raw).notifications) == 2
    with pytest.raises(UnknownMessage, match="2 messages"):
        parse(raw)


# ---------------------------------------------------------------- signed files
def signed(content, kind="data"):
    inner = {"content_type": kind}
    if content is not None:
        inner["content"] = content
    data = {"version": "v1", "digest_algorithms": [], "encap_content_info": inner}
    data = cms.SignedData(data | {"signer_infos": []})
    return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()


@given(st.binary(min_size=1, max_size=300))
def test_a_signed_file_gives_back_what_was_signed(content):
    assert p7m_content(signed(content)) == content


@pytest.mark.parametrize("content", [None, b""])
def test_a_detached_signature(content):
    with pytest.raises(NotANotification, match="detached"):
        p7m_content(signed(content))


def test_an_envelope_that_is_not_signed():
    raw = cms.ContentInfo({"content_type": "data", "content": MESSAGE}).dump()
    with pytest.raises(BrokenEnvelope, match="not signed"):
        p7m_content(raw)


@given(st.integers(1, 60))
def test_a_cut_off_envelope(length):
    with pytest.raises(BrokenEnvelope):
        p7m_content(signed(MESSAGE)[:-length])


def test_a_signature_around_a_signature():
    assert parse(signed(signed(MESSAGE + b" " * 99)), "IT01_NS_001.xml.p7m.p7m").exchange_id == "1"
