"""Companies, customers and policies that may occur, as arguments of the classes of the score."""

from hypothesis import strategies as st


def numbers(least, most):
    """Without the smallest of all numbers, which the database refuses to multiply."""
    return st.floats(least, most).map(lambda value: round(value, 9))


counts = numbers(0, 50)
shares = numbers(0, 1)
factors = numbers(0, 3)


@st.composite
def companies(draw):
    """Any company that a fit can bring out: factors are not negative."""
    return dict(
        effects=(draw(numbers(-20, 40)), draw(numbers(-20, 20)), draw(numbers(-30, 30))),
        habit=draw(numbers(-40, 40)),
        spread=draw(numbers(1, 30)),
        pull=draw(numbers(0.05, 20)),
        dispute_share=draw(shares),
        late_share=draw(numbers(0.01, 0.99)),
        lateness=(draw(numbers(-2, 2)), draw(factors), draw(factors), draw(factors)),
        delay=(draw(numbers(-5, 5)), draw(factors), draw(factors), draw(factors)),
    )


@st.composite
def customers(draw):
    """Evidence whose sums fit together."""
    weight, recent = draw(counts), draw(counts)
    disputed = weight * draw(shares)
    opened = draw(numbers(0, 5))
    amount = draw(st.just(0.0) | numbers(1, 9999))
    return dict(
        partner_id=draw(st.integers(1, 10_000)),
        instalments=weight * 2,
        weight=weight,
        habit=weight * draw(numbers(-50, 80)),
        disputed=disputed,
        late=(weight - disputed) * draw(shares),
        recent_weight=recent,
        recent_habit=recent * draw(numbers(-50, 80)),
        recent_paper=recent * draw(shares),
        recent_months=recent * draw(numbers(0, 4)),
        open_weight=opened,
        open_habit=opened * draw(numbers(0, 80)),
        amount=amount,
        amount_days=amount * draw(numbers(-60, 300)),
        promises_broken=draw(numbers(0, 6)),
        disputes_unfounded=draw(numbers(0, 6)),
        payments_bounced=draw(numbers(0, 6)),
    )


@st.composite
def policies(draw):
    """Any policy that may be stored: cut points fall."""
    cuts = sorted(draw(st.lists(st.integers(1, 100), min_size=4, max_size=4, unique=True)))
    return dict(
        cuts=(*zip("ABCD", reversed(cuts), strict=True), ("E", 0)),
        thin_below=draw(numbers(0, 20)),
        habitual_share=draw(numbers(0.1, 1)),
        habitual_from=draw(numbers(0, 20)),
        promise_points=draw(numbers(0, 10)),
        dispute_points=draw(numbers(0, 10)),
        bounce_points=draw(numbers(0, 10)),
        conduct_most=draw(numbers(0, 60)),
    )
