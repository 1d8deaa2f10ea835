from fractions import Fraction

from ar_credit_control.rules.orders import OpenOrders, remaining
from hypothesis import given
from hypothesis import strategies as st

EURO, DOLLAR = 1, 2
single = st.tuples(
    st.integers(1, 3),  # customer
    st.sampled_from([EURO, DOLLAR]),
    st.integers(0, 10_000_00),  # to come, in cents
    st.one_of(st.none(), st.integers(-5_000_00, 12_000_00)),  # down payment, less what was returned
)


def group(orders):
    """As the database does: those without a down payment summed, the others one by one."""
    together, alone = {}, []
    for number, (customer, currency, cents, paid) in enumerate(orders, start=1):
        if paid is None:
            together[customer, currency] = together.get((customer, currency), 0) + cents
        else:
            alone.append(OpenOrders(customer, currency, number, cents / 100))
    return alone + [OpenOrders(*key, None, cents / 100) for key, cents in together.items()]


@given(st.lists(single, max_size=12), st.fractions(Fraction(1, 9), 9))
def test_groups_say_what_the_orders_say_one_by_one(orders, rate):
    down_payments = {n: o[3] / 100 for n, o in enumerate(orders, start=1) if o[3] is not None}
    expected = {}
    for customer, currency, cents, paid in orders:
        factor = rate if currency == DOLLAR else 1
        amount = Fraction(max(0, cents - (paid or 0)), 100) * factor
        expected[customer] = expected.get(customer, 0) + amount
    found = remaining(group(orders), down_payments, {DOLLAR: float(rate)})
    assert found.keys() == expected.keys()
    assert all(abs(found[key] - expected[key]) < 1e-6 for key in expected)


def test_a_down_payment_above_its_order_takes_nothing_off_others():
    orders = [OpenOrders(1, EURO, 5, 100.0), OpenOrders(1, EURO, None, 40.0)]
    assert remaining(orders, {5: 130.0}, {}) == {1: 40.0}
