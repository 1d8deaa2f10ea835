"""A form that is filled says what the template would have said for each notice."""

import re

from ar_credit_control.rules.notice_form import EDGE, form, slot, squeeze
from hypothesis import given
from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_characters=EDGE, exclude_categories=["Cs"]), max_size=20)
NAMES = st.sampled_from(["total", "link", "bucket_0", "items"])
PIECES = st.lists(st.one_of(TEXT.map(lambda t: ("text", t)), NAMES.map(lambda n: ("slot", n))))


@given(PIECES, st.fixed_dictionaries({n: TEXT for n in ("total", "link", "bucket_0", "items")}))
def test_values_stand_where_the_slots_were_and_all_else_stays(pieces, values):
    drawn = "".join(text if kind == "text" else slot(text) for kind, text in pieces)
    wanted = "".join(text if kind == "text" else values[text] for kind, text in pieces)
    assert form(drawn) % values == wanted


def test_per_cent_signs_and_braces_are_no_slots():
    assert form("100 % %s %(x)s {total}") % {} == "100 % %s %(x)s {total}"


def test_a_slot_may_be_used_twice_or_not_at_all():
    assert form(slot("a") + "-" + slot("a")) % {"a": 1, "unused": 2} == "1-1"


def test_a_value_is_never_read_as_a_slot():
    assert form(slot("a")) % {"a": slot("b") + "%(b)s"} == slot("b") + "%(b)s"


@given(st.lists(st.sampled_from(["<td>", "</td>", "a b", "\n      ", " ", "1 <", "> 2"])))
def test_squeezing_takes_nothing_but_blanks_between_tags(pieces):
    markup = "".join(pieces)
    found = squeeze(markup)
    assert re.sub(r"\s", "", found) == re.sub(r"\s", "", markup)
    assert len(found) <= len(markup)
    assert squeeze(found) == found


def test_words_of_two_cells_stay_apart():
    assert squeeze("<td>a</td>     <td>b</td>").split() == ["<td>a</td>", "<td>b</td>"]
