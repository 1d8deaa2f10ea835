from fractions import Fraction

from ar_credit_control.rules.orders import OpenOrder, remaining
from hypothesis import given
from hypothesis import strategies as st

EURO, DOLLAR = 1, 2
order = st.tuples(
    st.integers(1, 3),  # customer
    st.sampled_from([EURO, DOLLAR]),
    st.integers(-500_00, 10_000_00),  # to come, in cents
    st.one_of(st.none(), st.integers(-5_000_00, 12_000_00)),  # down payment, less what was returned
)


@given(st.lists(order, max_size=12), st.fractions(Fraction(1, 9), 9))
def test_each_order_counts_by_itself_and_never_below_nothing(orders, rate):
    expected = {}
    for customer, currency, cents, paid in orders:
        factor = rate if currency == DOLLAR else 1
        amount = Fraction(max(0, cents - (paid or 0)), 100) * factor
        expected[customer] = expected.get(customer, 0) + amount
    found = remaining(
        [OpenOrder(o[0], o[1], number, o[2] / 100) for number, o in enumerate(orders)],
        {number: o[3] / 100 for number, o in enumerate(orders) if o[3] is not None},
        {DOLLAR: float(rate)},
    )
    assert found.keys() == expected.keys()
    assert all(abs(found[key] - expected[key]) < 1e-6 for key in expected)


def test_a_down_payment_above_its_order_takes_nothing_off_others():
    orders = [OpenOrder(1, EURO, 5, 100.0), OpenOrder(1, EURO, 6, 40.0)]
    assert remaining(orders, {5: 130.0}, {}) == {1: 40.0}
