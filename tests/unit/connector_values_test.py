"""Values inside messages: texts, dates, years and places, however a network writes them."""

import json
from datetime import date, datetime, timedelta, timezone

import pytest
from connectors.errors import BadEncoding, Malformed, TooDeep
from connectors.guards import (
    MAX_DEPTH,
    MAX_TEXT,
    as_dict,
    child,
    children,
    dated,
    moment,
    read_json,
    read_xml,
    text,
    write_json,
    year_of,
)
from hypothesis import given
from hypothesis import strategies as st


# ---------------------------------------------------------------- texts
@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_every_text_fits_into_a_database(written):
    found = text(written)
    assert "\0" not in found and found.encode("utf-8").decode() == found
    assert found == " ".join(found.split())


@pytest.mark.parametrize(("node", "expected"), [
    (None, ""), (True, ""), (False, ""), (0, "0"), (12.5, "12.5"), ("  a \n b\t", "a b"),
    (["a", None, ["b"]], "a b"),
    ({"@lang": "it", "#text": "Testo", "b": "grassetto"}, "Testo grassetto"),
    ({"@only": "attributes"}, ""),
    ("cut \ud83d off\0", "cut ? off"),
    ("😀è", "😀è"),
])  # fmt: skip
def test_the_text_of_any_node(node, expected):
    assert text(node) == expected


def test_a_text_is_bounded_and_not_cut_short_by_blanks():
    assert text("a" * 10 * MAX_TEXT) == "a" * MAX_TEXT
    assert text("a  " * MAX_TEXT) == " ".join("a" * (MAX_TEXT // 2)) + " "


# ---------------------------------------------------------------- dates
ZONES = st.sampled_from([("", None), ("Z", 0), ("z", 0), ("+00:00", 0), ("+02:00", 120),
                         ("-05:30", -330), ("+14:00", 840)])  # fmt: skip


@given(
    st.datetimes(datetime(2013, 1, 1), datetime(2099, 1, 1)),
    ZONES,
    st.integers(0, 9),
    st.sampled_from("T "),
)
def test_a_moment_in_each_way_of_writing_it(when, zone, places, mark):
    suffix, minutes = zone
    fraction = f"{when.microsecond:06d}000"[:places]
    written = f"{when:%Y-%m-%d}{mark}{when:%H:%M:%S}" + (f".{fraction}" if places else "") + suffix
    micro = int(fraction[:6].ljust(6, "0")) if places else 0
    expected = when.replace(microsecond=micro)
    if minutes is not None:
        expected = expected.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = moment(written)
    assert (found, found.tzinfo is None) == (expected, minutes is None)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_day_stays_a_day(day):
    assert moment(day.isoformat()) == day and not isinstance(moment(day.isoformat()), datetime)
    assert year_of(day.isoformat()) == year_of(f"{day.isoformat()}T12:00:00Z") == day.year


@pytest.mark.parametrize("written", [
    "", None, True, "2026-02-30", "2026-13-01T00:00:00", "2026-01-01T25:00:00", "01/02/2026",
    "2026-01-01T10:00:00+99:00", "2026-01-01Tnoon", "Z", "z", ".", "9" * 5000, [], {},
])  # fmt: skip
def test_what_is_no_date_is_left_out(written):
    assert moment(written) is None
    assert dated(received=written, sent="2026-01-02") == {"sent": date(2026, 1, 2)}


@pytest.mark.parametrize(("written", "year"), [
    ("2026", 2026), (2026, 2026), (" 2025 ", 2025), ("26", None), ("20260", None), ("²⁰²⁶", None),
    ("٢٠٢٦", None), ("-202", None), ("", None), (None, None), ("2024-12-31T23:59:59+01:00", 2024),
])  # fmt: skip
def test_years(written, year):
    assert year_of(written) == year


# ---------------------------------------------------------------- places
TREE = {"a": [{"b": "first"}, {"b": "second"}], "c": {"d": None, "e": ["x", "y"]}, "f": "word"}


@pytest.mark.parametrize(("path", "one", "many"), [
    (("a", "b"), "first", ["first"]),
    (("a",), TREE["a"], TREE["a"]),
    (("c", "d"), None, []),
    (("c", "e"), ["x", "y"], ["x", "y"]),
    (("c", "e", "g"), None, []),
    (("f", "b"), None, []),
    (("f",), "word", ["word"]),
    (("no", "where"), None, []),
    ((), TREE, [TREE]),
])  # fmt: skip
def test_a_place_is_found_or_empty(path, one, many):
    assert child(TREE, *path) == one
    assert children(TREE, *path) == many


XML = """<{p}Root {ns}="urn:x"><{p}List><{p}Item code="1">a</{p}Item></{p}List>
    <{p}Empty/></{p}Root>"""


@pytest.mark.parametrize(("prefix", "declared"), [("", "xmlns"), ("n:", "xmlns:n"),
                                                  ("très-long:", "xmlns:très-long")])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-15", "windows-1252"])
def test_prefixes_and_encodings_do_not_matter(prefix, declared, encoding):
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n'
    raw = (head + XML.format(p=prefix, ns=declared)).encode(encoding)
    found = as_dict(read_xml(raw), ("Item",))
    assert children(found, "List", "Item") == [{"@code": "1", "#text": "a"}]
    assert text(found["Empty"]) == ""


# ---------------------------------------------------------------- JSON
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(json_values)
def test_json_is_kept_as_it_came(value):
    assert read_json(write_json(value)) == value


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_half_a_character_does_not_stop_what_is_kept(words):
    kept = read_json(write_json({"id": 7, "words": words}))
    assert kept["id"] == 7 and len(kept["words"]) == len(words)


def test_the_depth_of_json_has_a_limit_on_the_spot():
    def nested(levels):
        return b"[" * levels + b"]" * levels

    assert read_json(nested(MAX_DEPTH)) is not None
    with pytest.raises(TooDeep):
        read_json(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("raw", [b"", b"{", b"NULL", b"{'a': 1}", b'{"a": 1,}', b"{} {}",
                                 "{}".encode("utf-16"), b"\xff"])  # fmt: skip
def test_what_is_no_json(raw):
    with pytest.raises(Malformed) as caught:
        read_json(raw)
    assert caught.value.remedy


def test_json_in_another_encoding_says_so():
    with pytest.raises(BadEncoding):
        read_json(json.dumps({"a": "è"}, ensure_ascii=False).encode("cp1252"))
