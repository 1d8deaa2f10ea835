"""Bounds on everything that comes from outside, checked before anything is understood."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from lxml import etree

from .errors import (
    BadEncoding,
    BrokenXml,
    ForbiddenMarkup,
    Malformed,
    NotJson,
    TooDeep,
    TooLarge,
)

MAX_BYTES = 10 * 1024 * 1024  # the largest real one is a KSeF confirmation of 10,000 invoices
MAX_DEPTH = 64  # real messages stay below 20
MAX_TEXT = 4000  # a field of a message, far over any limit in the schemas
ENCODINGS = frozenset(
    {"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii"}
    | {"iso-8859-1", "iso-8859-15", "windows-1252"}
)
# How libxml2 says it, in the order of looking.
XML_ERRORS: tuple[tuple[str, type[Malformed]], ...] = (
    ("encod", BadEncoding),
    ("invalid bytes", BadEncoding),
    ("not proper utf-8", BadEncoding),
    ("excessive depth", TooDeep),
    ("resource limit", TooLarge),
    ("xml_parse_huge", TooLarge),
)
_too_deep = etree.XPath("boolean(/*" + "/*" * MAX_DEPTH + ")")


def check_size(raw: bytes, limit: int = MAX_BYTES) -> None:
    """Refuse more than ``limit`` bytes."""
    if len(raw) > limit:
        raise TooLarge(f"{len(raw):,} bytes; at most {limit:,} are read")


def read_xml(raw: bytes) -> etree._Element:
    """The root element, once the bytes are known to be harmless.

    Comments and processing instructions are dropped, for they would cut a text in two.
    """
    check_size(raw)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise _xml_error(error, raw) from None
    _check_tree(root)
    return root


def _xml_error(error: Exception, raw: bytes) -> Malformed:
    """The typed error behind libxml2's words."""
    words = str(error)
    if "entity" in words.lower() and b"<!" in raw[:4096]:
        return ForbiddenMarkup(words)
    kinds = (kind for sign, kind in XML_ERRORS if sign in words.lower())
    return next(kinds, BrokenXml)(words)


def _check_tree(root: etree._Element) -> None:
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise ForbiddenMarkup("the file has a DOCTYPE")
    if (info.encoding or "utf-8").lower() not in ENCODINGS:
        raise BadEncoding(f"encoding {info.encoding!r} is not used by any exchange")
    if _too_deep(root):
        raise TooDeep(f"more than {MAX_DEPTH} levels of elements")


def as_dict(element: etree._Element, lists: Iterable[str] = ()) -> dict[str, Any]:
    """The element as plain dictionaries, by local names; those in ``lists`` are always lists.

    Only for elements that came out of :func:`read_xml`: xmltodict itself has no limits.
    """
    try:
        tree = xmltodict.parse(
            etree.tostring(element, encoding="utf-8", with_tail=False),
            process_namespaces=True,
            namespaces=defaultdict(lambda: None),
            force_list=tuple(lists),
        )
    except (ExpatError, ValueError) as error:
        raise BrokenXml(str(error)) from None
    content = next(iter(tree.values()))
    return content if isinstance(content, dict) else {"#text": content}


def read_json(raw: bytes) -> Any:
    """Parsed JSON, or the reason why it is none."""
    check_size(raw)
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadEncoding(f"JSON that is not UTF-8: {error}") from None
    except RecursionError:
        raise TooDeep("JSON nested too deeply") from None
    except ValueError as error:
        what = "an HTML page" if raw.lstrip()[:1] == b"<" else "no valid JSON"
        raise NotJson(f"the answer is {what}: {error}") from None
    _check_depth(data)
    return data


def write_json(data: Any) -> bytes:
    """JSON to keep, readable and always UTF-8, also where a provider cut a character in two.

    >>> write_json({"b": "è", "a": "\\ud83d"})
    b'{"a": "?", "b": "\\xc3\\xa8"}'
    """
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def printable(words: str) -> str:
    """The words without what no database holds as text: NUL and halves of characters."""
    return words.encode("utf-8", "replace").decode().replace("\0", " ")


def _check_depth(data: Any) -> None:
    """Level by level, so that the check itself needs no recursion."""
    level = [data] if isinstance(data, (dict, list)) else []
    for _depth in range(MAX_DEPTH):
        nested = (node.values() if isinstance(node, dict) else node for node in level)
        level = [item for items in nested for item in items if isinstance(item, (dict, list))]
        if not level:
            return
    raise TooDeep(f"more than {MAX_DEPTH} levels of JSON")


def text(node: Any) -> str:
    """The text of a node of :func:`as_dict` or of JSON, in one line and of bounded length.

    Markup inside a text is not dropped silently: its words are kept.
    """
    if isinstance(node, dict):
        node = " ".join(text(value) for name, value in node.items() if not name.startswith("@"))
    elif isinstance(node, list):
        node = " ".join(text(value) for value in node)
    if node is None or isinstance(node, bool):
        return ""
    return " ".join(printable(str(node)[: 4 * MAX_TEXT]).split())[:MAX_TEXT]


def child(node: Any, *path: str) -> Any:
    """The node below ``path``, or None; the first one where the message repeats it."""
    for name in path:
        node = node[0] if isinstance(node, list) and node else node
        node = node.get(name) if isinstance(node, dict) else None
    return node


def children(node: Any, *path: str) -> list[Any]:
    """All nodes below ``path``: one, many or none, always as a list."""
    found = child(node, *path)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def moment(value: Any) -> date | None:
    """A date or date-time in ISO 8601 as the networks write it; None when it is none.

    >>> moment("2019-01-04T20:01:05.000+01:00").isoformat()
    '2019-01-04T20:01:05+01:00'
    >>> moment("2013-06-06T12:00:00Z").isoformat(), moment("2025-07-02").isoformat()
    ('2013-06-06T12:00:00+00:00', '2025-07-02')
    >>> moment("yesterday")
    """
    written = text(value)
    if not written:
        return None
    try:
        if len(written) == 10:
            return date.fromisoformat(written)
        return datetime.fromisoformat(_six_digits(written))
    except ValueError:
        return None


def _six_digits(written: str) -> str:
    """Python 3.10 reads only 3 or 6 digits of a second, and no ``Z``; .NET writes 7."""
    written = written.replace(" ", "T", 1)
    if written[-1] in "zZ":
        written = written[:-1] + "+00:00"
    head, dot, tail = written.partition(".")
    if not dot:
        return written
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    return f"{head}.{digits[:6].ljust(6, '0')}{tail[len(digits) :]}"


def dated(**values: Any) -> dict[str, date]:
    """The dates among ``values``, by name."""
    found = {name: moment(value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def year_of(value: Any) -> int | None:
    """The year of a date or a plain year number, None when it is neither."""
    when = moment(value)
    if when:
        return when.year
    written = text(value)
    return int(written) if written.isascii() and written.isdigit() and len(written) == 4 else None
