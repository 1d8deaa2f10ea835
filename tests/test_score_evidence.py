"""The SQL of the payment score against plain loops, on random ledgers."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ..ar_credit_control.rules.score import Company, Evidence
from ..ar_credit_control.rules.score_snapshot import parameters, read_evidence
from .unit.score_oracle import Part, evidence

AS_OF = date(2026, 3, 31)
COMPANY = Company(effects=(12.0, 5.0, -3.0), habit=-4.0, habits={1: -8.0}, pull=0.5)
TYPES = "int, int, date, date, date, float8, float8, bool, float8, date".split(", ")
NAMES = (
    "partner_id country_id invoice_date due_date paid_date share amount disputed paper void_date"
).split()


@st.composite
def parts(draw):
    partner = draw(st.integers(1, 4))
    made = AS_OF + timedelta(days=draw(st.integers(-900, 40)))
    due = made + timedelta(days=draw(st.sampled_from([0, 14, 30, 60])))
    paid = draw(st.none() | st.integers(-5, 200))
    return Part(
        partner,
        partner % 3 or None,
        made,
        due,
        None if paid is None else made + timedelta(days=paid),
        draw(st.sampled_from([0.25, 0.5, 1.0])),
        draw(st.integers(1, 5000)) / 4,
        draw(st.booleans()),
        float(draw(st.booleans())),
        None
        if paid is not None
        else draw(st.none() | st.integers(0, 900).map(lambda days: made + timedelta(days=days))),
    )


def as_items(ledger):
    """The ledger as a query with the columns that the texts ask for."""
    rows = [
        SQL("(%s)", SQL(", ").join(SQL(f"%s::{kind}", getattr(part, name))
            for name, kind in zip(NAMES, TYPES, strict=True)))
        for part in ledger
    ]  # fmt: skip
    names = SQL(", ".join(NAMES))
    return SQL("SELECT * FROM (VALUES %s) AS part(%s)", SQL(", ").join(rows), names)


@tagged("post_install", "-at_install")
class TestScoreEvidence(TransactionCase):
    def asker(self, ledger):
        items = as_items(ledger)
        return lambda text, known: self.env.execute_query(SQL(text, items=items, **known))

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    )
    @given(ledger=st.lists(parts(), min_size=1, max_size=12), back=st.integers(0, 400))
    def test_sql_agrees_with_plain_loops(self, ledger, back):
        as_of = AS_OF - timedelta(days=back)
        found = {one.partner_id: one for one in read_evidence(self.asker(ledger), COMPANY, as_of)}
        expected = evidence(ledger, as_of, parameters(COMPANY, as_of))
        self.assertEqual(found.keys(), expected.keys())
        for partner_id, row in expected.items():
            wanted = Evidence(**row)
            for name in row:
                self.assertAlmostEqual(
                    getattr(found[partner_id], name) or 0, getattr(wanted, name) or 0, 6, name
                )
