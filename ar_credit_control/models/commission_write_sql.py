"""Writing what the ledger of commissions lacks: entries are added, never changed."""

from typing import NamedTuple

from odoo.tools import SQL

from .commission_place_sql import settled
from .commission_sql import Scope, chain, steps

KEY = SQL("doc_id, kind, partial_ref, payee_id, rule_id")


class Reckoning(NamedTuple):
    """Documents of one kind: the steps to what their entries must be, the column of an entry that
    names the document, and a query of the documents' ids."""

    steps: dict[str, SQL]
    column: SQL
    ids: SQL

    @classmethod
    def of_moves(cls, scope: Scope, moves: SQL):
        return cls(steps(scope, moves), SQL("move_id"), moves)


def differences(reckoning: Reckoning) -> SQL:
    """CTEs up to ``wrong``, ids of entries to take back, and ``missing``, targets without one.

    An entry and its reversal are about the same document: ``own`` holds both.
    """
    return SQL(
        """
        %(target)s,
        own AS MATERIALIZED (
            SELECT *, %(column)s AS doc_id FROM ar_commission_entry
             WHERE %(column)s IN (%(ids)s)),
        live AS MATERIALIZED (
            SELECT entry.* FROM own entry
             WHERE entry.kind <> 'reversal'
               AND NOT EXISTS (SELECT FROM own undo WHERE undo.reverses_id = entry.id)),
        wrong AS MATERIALIZED (
            SELECT live.id FROM live
             WHERE NOT EXISTS (SELECT FROM target WHERE %(same)s)),
        missing AS MATERIALIZED (
            SELECT target.* FROM target
             WHERE NOT EXISTS (SELECT FROM live WHERE %(same)s))
        """,
        target=chain(reckoning.steps, "target"),
        column=reckoning.column,
        ids=reckoning.ids,
        same=SQL(
            """live.doc_id = target.doc_id AND live.kind = target.kind
               AND live.partial_ref = target.partial_ref AND live.payee_id = target.payee_id
               AND live.rule_id = target.rule_id AND live.amount = target.amount
               AND live.base = target.base AND live.date = target.date"""
        ),
    )


def write_differences(reckoning: Reckoning, today) -> SQL:
    """Takes back what is no longer true, and adds what is missing; nothing is changed. Each new
    entry has its place, on no statement yet.

    What was settled is taken back today; what was not, on its own day, so that both meet on the
    same statement.
    """
    return SQL(
        """
        WITH %(differences)s,
        generations AS (
            SELECT %(key)s, MAX(generation) AS last FROM own
             WHERE kind <> 'reversal' GROUP BY %(key)s),
        written AS (
        INSERT INTO ar_commission_entry
               (company_id, currency_id, payee_id, user_id, partner_id, plan_id, version_id,
                rule_id, %(column)s, number, partial_ref, payment_line_id, kind, date, days, paid,
                base, rate, speed_factor, term_factor, amount, generation, reverses_id, held,
                created_on)
        SELECT entry.company_id, entry.currency_id, entry.payee_id, entry.user_id,
               entry.partner_id, entry.plan_id, entry.version_id, entry.rule_id, entry.doc_id,
               entry.number, entry.partial_ref, entry.payment_line_id, 'reversal',
               CASE WHEN known.settled THEN %(today)s ELSE entry.date END, entry.days,
               -entry.paid, -entry.base, entry.rate, entry.speed_factor, entry.term_factor,
               -entry.amount, entry.generation, entry.id,
               entry.held AND NOT known.settled,
               now() AT TIME ZONE 'UTC'
          FROM wrong JOIN live entry ON entry.id = wrong.id
         CROSS JOIN LATERAL (SELECT %(settled)s AS settled) known
     UNION ALL
        SELECT missing.company_id, missing.currency_id, missing.payee_id, missing.user_id,
               missing.partner_id, missing.plan_id, missing.version_id, missing.rule_id,
               missing.doc_id, missing.number, missing.partial_ref, missing.counter_id,
               missing.kind, missing.date, missing.days, round(missing.paid / coin) * coin,
               missing.base, missing.rate, missing.speed_factor, missing.term_factor,
               missing.amount, COALESCE(generations.last, 0) + 1, NULL, FALSE,
               now() AT TIME ZONE 'UTC'
          FROM missing LEFT JOIN generations USING (%(key)s)
        RETURNING id, company_id)
        INSERT INTO ar_commission_place (id, company_ref) SELECT id, company_id FROM written
        """,
        differences=differences(reckoning),
        column=reckoning.column,
        key=KEY,
        settled=settled(SQL("entry.id")),
        today=today,
    )


def list_differences(reckoning: Reckoning) -> SQL:
    """Rows of what the ledger holds and what it should hold, where that is not the same."""
    return SQL(
        """
        WITH %(differences)s
        SELECT COALESCE(held.number, wanted.number) AS number, doc_id AS %(column)s, payee_id,
               rule_id, kind, partial_ref, held.amount AS ledger, wanted.amount AS expected,
               held.date AS ledger_date, wanted.date AS expected_date
          FROM (SELECT live.* FROM live JOIN wrong USING (id)) held
     FULL JOIN missing wanted USING (%(key)s)
      ORDER BY doc_id, payee_id, rule_id, kind, partial_ref
        """,
        differences=differences(reckoning),
        column=reckoning.column,
        key=KEY,
    )


def hold(moves: SQL) -> SQL:
    """Holds what disputed documents earned, unless that is waived, and releases the rest.

    What takes back a settled entry is never held. Begins with what is disputed or held, which is
    little, rather than with the documents.
    """
    return SQL(
        """
        UPDATE ar_commission_entry changed
           SET held = NOT changed.held
         WHERE changed.id IN (
            SELECT entry.id FROM ar_commission_entry entry
             WHERE entry.held AND entry.move_id IN (%(moves)s) AND NOT (%(held)s)
         UNION ALL
            SELECT entry.id FROM (
                SELECT DISTINCT item.move_id FROM ar_dispute_line claim
                  JOIN account_move_line item ON item.id = claim.move_line_id
                 WHERE claim.is_open) disputed
              JOIN ar_commission_entry entry ON entry.move_id = disputed.move_id
             WHERE NOT entry.held AND entry.move_id IN (%(moves)s) AND %(held)s
               AND NOT %(settled)s)
        """,
        moves=moves,
        settled=settled(SQL("entry.id")),
        held=_HELD,
    )


_HELD = SQL(
    """EXISTS (SELECT FROM ar_dispute_line claim
                  JOIN account_move_line item ON item.id = claim.move_line_id
                 WHERE item.move_id = entry.move_id AND claim.is_open)
       AND NOT EXISTS (SELECT FROM ar_commission_waiver waiver
                        WHERE waiver.active AND waiver.kind = 'hold'
                          AND waiver.move_id = entry.move_id
                          AND COALESCE(waiver.payee_id, entry.payee_id) = entry.payee_id)
       AND NOT EXISTS (SELECT FROM ar_commission_entry undone
                        WHERE undone.id = entry.reverses_id AND %s)""",
    settled(SQL("undone.id")),
)
