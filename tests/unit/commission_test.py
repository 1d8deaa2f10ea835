"""The arithmetic of commissions: days, shares and cents."""

from decimal import Decimal
from fractions import Fraction

from ar_credit_control.rules.commission import (
    Bracket,
    bracket_fault,
    last_day,
    round_to,
    shares_fault,
    speed_factor,
    split,
    with_remainder,
)
from hypothesis import given
from hypothesis import strategies as st

coins = st.sampled_from([Decimal("0.01"), Decimal("0.001"), Decimal("0.05"), Decimal(1)])
money = st.decimals(-(10**7), 10**7, places=4)
percent = st.decimals("0.01", 100, places=2)
factor = st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1), Decimal("1.25")])


@st.composite
def seamless(draw):
    """Brackets that follow each other; the last one may have no end."""
    start, brackets = draw(st.integers(-30, 30)), []
    for length in draw(st.lists(st.integers(0, 40), max_size=5)):
        brackets.append(Bracket(start, start + length, draw(factor)))
        start += length + 1
    if brackets and draw(st.booleans()):
        brackets[-1] = brackets[-1]._replace(last=None)
    return brackets


loose = st.lists(
    st.builds(Bracket, st.integers(0, 12), st.none() | st.integers(0, 12), st.just(Decimal(1))),
    max_size=4,
)


@given(seamless(), st.integers(-100, 300))
def test_a_day_earns_the_factor_of_the_bracket_that_it_lies_in(brackets, day):
    found = speed_factor(brackets, day)
    inside = [b for b in brackets if b.first <= day and (b.last is None or day <= b.last)]
    if inside:
        assert found == inside[0].factor
    elif not brackets:
        assert found == 1
    elif day < brackets[0].first:
        assert found == brackets[0].factor
    else:
        assert found == 0


@given(seamless(), st.integers(-100, 300))
def test_nothing_is_earned_after_the_last_day(brackets, day):
    last = last_day(brackets)
    if last is not None and day > last:
        assert speed_factor(brackets, day) == 0


@given(seamless())
def test_the_last_day_itself_earns(brackets):
    last = last_day(brackets)
    if last is not None and last >= 0 and any(b.factor for b in brackets):
        assert speed_factor(brackets, last) > 0


@given(seamless())
def test_brackets_that_follow_each_other_have_no_fault(brackets):
    assert bracket_fault(brackets) is None
    assert bracket_fault(reversed(brackets)) is None


@given(loose)
def test_brackets_without_fault_cover_each_day_once(brackets):
    if bracket_fault(brackets) is not None or not brackets:
        return
    end = max((b.last for b in brackets if b.last is not None), default=0)
    for day in range(min(b.first for b in brackets), end + 1):
        assert sum(b.first <= day and (b.last is None or day <= b.last) for b in brackets) == 1


@given(loose)
def test_a_fault_names_days_that_are_in_no_bracket_or_in_two(brackets):
    fault = bracket_fault(brackets)
    if fault is None or fault.kind not in ("gap", "overlap"):
        return
    count = sum(
        b.first <= fault.first and (b.last is None or fault.first <= b.last) for b in brackets
    )
    assert count == 0 if fault.kind == "gap" else count >= 2


@given(money, coins)
def test_rounding_goes_to_the_nearest_coin_and_half_away_from_zero(amount, coin):
    rounded = round_to(amount, coin)
    assert rounded % coin == 0
    off = abs(Fraction(rounded) - Fraction(amount))
    assert off < Fraction(coin) / 2 or abs(rounded) > abs(amount) or not off


@given(money, st.lists(percent, min_size=1, max_size=6), coins)
def test_parts_of_a_split_add_up_and_are_off_by_less_than_a_coin(amount, percents, coin):
    parts = split(amount, percents, coin)
    assert sum(parts) == round_to(amount * sum(percents) / 100, coin)
    for part, share in zip(parts, percents, strict=True):
        assert abs(part - amount * share / 100) <= coin


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=12), money, coins)
def test_payments_of_a_whole_add_up_to_it(weights, amount, coin):
    exact = [amount * weight / sum(weights) for weight in weights]
    total = round_to(amount, coin)
    parts = with_remainder(exact, total, coin)
    assert sum(parts) == total
    plain = [round_to(value, coin) for value in exact]
    changed = [place for place, part in enumerate(parts) if part != plain[place]]
    earning = [place for place, amount in enumerate(plain) if amount]
    assert changed in ([], [max(earning, default=len(parts) - 1)])


def test_no_payment_has_no_remainder():
    assert with_remainder([], Decimal(0), Decimal("0.01")) == []


@given(st.lists(percent, min_size=1, max_size=5))
def test_shares_have_a_fault_unless_they_make_a_hundred(percents):
    rest = Decimal(100) - sum(percents)
    if rest > 0:
        assert shares_fault(percents) == sum(percents)
        assert shares_fault([*percents, rest]) is None
