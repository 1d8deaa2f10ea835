"""The formulas of the score in SQL against the same formulas in Python, on any evidence."""

from dataclasses import astuple, fields
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ..ar_credit_control.rules.score import (
    Assessment,
    Company,
    Evidence,
    Policy,
    assess,
    average_days,
    exact_score,
)
from ..ar_credit_control.rules.score_assess_sql import (
    ASSESSMENT,
    POLICY_COLUMNS,
    coefficients,
    policy_values,
)
from ..ar_credit_control.rules.score_scale import payment_index
from ..ar_credit_control.rules.score_snapshot import parameters
from .unit.score_strategies import companies, customers, policies

EXACT = {"partner_id", "grade", "thin", "habitual"}


@tagged("post_install", "-at_install")
class TestScoreAssess(TransactionCase):
    def assess(self, found, company, policy):
        names = [field.name for field in fields(Evidence)] + list(POLICY_COLUMNS)
        types = ["int" if name.endswith("_id") else "float8" for name in names]
        rows = [
            SQL("(%s)", SQL(", ").join(
                SQL(f"%s::{kind}", value)
                for kind, value in zip(types, astuple(one) + policy_values(policy), strict=True)
            ))
            for one in found
        ]  # fmt: skip
        known = {**parameters(company, date(2026, 3, 31)), **coefficients(company)}
        columns = SQL(", ").join(map(SQL.identifier, names))
        known["known"] = SQL("SELECT * FROM (VALUES %s) AS v(%s)", SQL(", ").join(rows), columns)
        rows = self.env.execute_query(SQL(ASSESSMENT, **known))
        return {row[0]: Assessment(*row) for row in rows}

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    )
    @given(
        st.lists(customers(), min_size=1, max_size=20, unique_by=lambda one: one["partner_id"]),
        companies(),
        policies(),
    )
    def test_database_agrees_with_python(self, customers, ledger, rules):
        company, policy = Company(**ledger), Policy(**rules)
        found = [
            one for values in customers if _is_clear(one := Evidence(**values), company, policy)
        ]
        rows = self.assess(found, company, policy) if found else {}
        for one in found:
            expected = assess(one, company, policy)
            if expected.score is None:
                self.assertNotIn(one.partner_id, rows)
            else:
                self.compare(rows[one.partner_id], expected)

    def compare(self, found, expected):
        for field in fields(expected):
            value, wanted = getattr(found, field.name), getattr(expected, field.name)
            if field.name in EXACT or wanted is None:
                self.assertEqual(value, wanted, field.name)
            else:
                delta = 1e-9 * max(1, abs(wanted))
                self.assertAlmostEqual(value, wanted, msg=field.name, delta=delta)


def _is_clear(evidence, company, policy):
    """Whether score and index are no halves, which the last digit of a double rounds either way."""
    exact = []
    if evidence.assessed:
        exact.append(exact_score(evidence, company, policy))
    if (days := average_days(evidence)) is not None:
        exact.append(payment_index(days))
    return all(abs(one % 1 - 0.5) > 1e-9 for one in exact)
