from datetime import date, timedelta

from ar_credit_control.rules.statement import Item, days_overdue, statement_sections
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 3, 31)


def item(currency="EUR", number="INV/1", days=0, residual=100, kind="invoice"):
    """An item due ``days`` before today."""
    due = TODAY - timedelta(days=days)
    return Item(currency, number, "", kind, due - timedelta(days=30), due, residual, residual)


items = st.builds(
    item,
    currency=st.sampled_from(["EUR", "USD", "PLN"]),
    number=st.text("0123456789", min_size=1, max_size=4),
    days=st.integers(-60, 400),
    residual=st.integers(-10_000, 10_000),
)


@given(st.lists(items))
def test_nothing_is_lost_and_every_sum_agrees(rows):
    sections = statement_sections(rows, TODAY)
    assert sum(section.balance for section in sections) == sum(row.residual for row in rows)
    for section in sections:
        own = [row for row in rows if row.currency == section.currency]
        assert section.balance == sum(row.residual for row in own)
        assert section.charged == sum(amount for _key, amount in section.ageing)
        assert section.overdue == sum(row.residual for row in own if days_overdue(row, TODAY))


@given(st.lists(items))
def test_charges_stand_by_due_date_and_credits_apart(rows):
    for section in statement_sections(rows, TODAY):
        dates = [row.due for row in section.charges]
        assert dates == sorted(dates)
        assert all(row.residual > 0 for row in section.charges)
        assert all(row.residual < 0 for row in section.credits)


def test_company_currency_comes_first():
    rows = [item("USD"), item("EUR"), item("PLN")]
    sections = statement_sections(rows, TODAY, first="PLN")
    assert [section.currency for section in sections] == ["PLN", "EUR", "USD"]


def test_settled_items_and_empty_accounts_leave_no_section():
    assert statement_sections([], TODAY) == ()
    assert statement_sections([item(residual=0)], TODAY) == ()


def test_days_overdue_of_charges_only():
    assert days_overdue(item(days=12), TODAY) == 12
    assert days_overdue(item(days=-3), TODAY) == 0
    assert days_overdue(item(days=12, residual=-5), TODAY) == 0


def test_credit_alone_is_a_balance_in_favour():
    (section,) = statement_sections([item(residual=-40, kind="refund")], TODAY)
    assert (section.balance, section.credited, section.overdue) == (-40, 40, 0)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=8), st.sampled_from([-1, 0, 1]))
def test_the_sign_of_a_balance_is_true_to_the_cent(charges, more):
    """Credits add up to the charges, a cent more or a cent less."""
    rows = [item(residual=cents / 100) for cents in charges]
    rows.append(item(residual=-(sum(charges) + more) / 100, kind="refund"))
    (section,) = statement_sections([row for row in rows if row.residual], TODAY) or (None,)
    if rows[-1].residual:
        assert (section.balance > 0) - (section.balance < 0) == -more


def plainly_aged(rows):
    """What is owed by days past due, one item and one bucket at a time."""
    found = dict.fromkeys(("not_due", "due_1_30", "due_31_60", "due_61_90", "due_over_90"), 0)
    for row in rows:
        days = (TODAY - row.due).days
        for key, last in zip(found, (0, 30, 60, 90, 99_999), strict=True):
            if days <= last:
                found[key] += max(0, row.residual)
                break
    return list(found.values())


@given(st.lists(items, min_size=1))
def test_ageing_item_by_item(rows):
    for section in statement_sections(rows, TODAY):
        own = [row for row in rows if row.currency == section.currency]
        assert [amount for _key, amount in section.ageing] == plainly_aged(own)


@given(st.lists(items), st.sampled_from(["EUR", "USD", "PLN", "GBP"]))
def test_the_order_does_not_depend_on_how_items_come(rows, first):
    sections = statement_sections(rows, TODAY, first)
    again = statement_sections(reversed(rows), TODAY, first)
    assert [(one.currency, one.balance) for one in sections] == [
        (one.currency, one.balance) for one in again
    ]
    names = [section.currency for section in sections]
    rest = names[1:] if names[:1] == [first] else names
    assert rest == sorted(set(names) - {first})
    for section in sections:
        charges = [(row.due, row.number) for row in section.charges]
        assert charges == sorted(charges)
