"""What a dispute takes out of a claim."""

from ar_credit_control.rules.dispute import (
    MOST_BYTES,
    REASONS,
    RESOLUTIONS,
    attachment_problem,
    chased,
    disputed,
)
from hypothesis import given
from hypothesis import strategies as st

cents = st.integers(0, 10_000)


@given(cents, cents)
def test_disputed_and_chased_are_all_there_is(claimed, residual):
    taken = {cent for cent in range(residual) if cent < claimed}
    assert disputed(claimed, residual) == len(taken)
    assert chased(claimed, residual) == residual - len(taken)


def test_credits_are_not_disputed():
    assert disputed(40, -10) == 0


def test_every_reason_has_one_of_the_four_causes():
    assert set(REASONS.values()) == {"invoicing", "product", "delivery", "other"}


def test_only_a_rejected_dispute_had_no_ground():
    assert [key for key, justified in RESOLUTIONS.items() if not justified] == ["rejected"]


def test_files_are_bounded_in_size_and_kind():
    assert attachment_problem(MOST_BYTES, "application/pdf") is None
    assert attachment_problem(MOST_BYTES + 1, "application/pdf") == "size"
    for media in ("text/html", "image/svg+xml", "application/x-msdownload", "", "application/zip"):
        assert attachment_problem(10, media) == "media"
