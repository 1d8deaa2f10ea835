"""The ledger as the score reads it: one row per part of a receivable instalment.

The columns are those that ``rules/score_sql.py`` asks for, with ``id``, ``line_id`` and
``move_id`` for lists. A part is settled (one partial reconciliation), waits for the bank (covered
by a payment without a journal entry) or is open. Settled parts are stored (``ar.score.part``): they
are a million where the others are thousands, and hardly ever change.

What was known on a day is what the books say of it: a part is paid on the accounting date of the
money, whoever entered it when; a matching that was undone later leaves no trace.
"""

from dataclasses import dataclass

from odoo.tools import SQL

from .position_sql import Terms

# Columns of a settled part, as it is found and as it is stored.
SETTLED = ("id", "line_id", "move_id", "company_id", "partner_id", "country_id", "invoice_date",
           "due_date", "balance", "settled", "paid", "share")  # fmt: skip


@dataclass(frozen=True)
class Journals:
    """Ids of a company tree's journals by what their entries say.

    sales: debits are invoices. money: credits are payments. closed: neither (exchange differences).
    Any other journal may hold opening entries, and payments unless the entry books a loss.
    """

    sales: list[int]
    money: list[int]
    closed: list[int]


def customers(ids=None) -> SQL:
    """Contacts with their customer and its country; of some customers, or of all.

    An outer join, as the server leaves it out where nobody asks for the country.
    """
    return SQL(
        """(SELECT contact.id, contact.commercial_partner_id AS customer_id, customer.country_id
              FROM res_partner contact %s
         LEFT JOIN res_partner customer ON customer.id = contact.commercial_partner_id)""",
        _wanted(ids, SQL("contact.commercial_partner_id")),
    )


def _wanted(ids, customer: SQL) -> SQL:
    """Join that leaves the ``customer`` ids asked for."""
    if ids is None:
        return SQL()
    return SQL("JOIN unnest(%s) wanted(id) ON wanted.id = %s", array(ids), customer)


def array(ids) -> SQL:
    """Ids as one text: the driver's form of a list is an expression of as many elements, which the
    server analyses one by one, again wherever it stands."""
    return SQL("%s::int[]", "{" + ",".join(map(str, ids)) + "}")


def items(terms: Terms, journals: Journals, ids, marks: SQL, last: int = 0) -> SQL:
    """Every part of every instalment of some customers, or of all.

    marks: query ``(move_id, disputed, void_since)`` of documents that somebody knows more of.
    last: matching up to which settled parts are taken from the store; 0: all from the ledger.
    """
    member = customers(ids)
    found = settled(terms, journals, member, _fresh(last) if last else SQL("TRUE"))
    if last:
        found = SQL("%s UNION ALL %s", _stored(terms, ids), found)
    return SQL(
        """
        SELECT part.id, part.line_id, part.move_id, part.company_id, part.partner_id,
               part.country_id, part.invoice_date,
               GREATEST(part.due_date, part.invoice_date) AS due_date,
               CASE WHEN part.paid THEN part.settled END AS paid_date,
               LEAST(CASE WHEN NOT part.paid THEN part.settled END, mark.void_since) AS void_date,
               part.share, part.share * part.balance AS amount,
               COALESCE(mark.disputed, FALSE) AS disputed, 0 AS paper
          FROM (%(settled)s UNION ALL %(waiting)s UNION ALL %(open)s) part
     LEFT JOIN (%(marks)s) mark ON mark.move_id = part.move_id
        """,
        settled=found,
        waiting=_waiting(terms, journals, member),
        open=_open(terms, journals, member),
        marks=marks,
    )


_LINE = SQL(
    """line.id AS line_id, line.move_id, line.company_id, member.customer_id AS partner_id,
       member.country_id, COALESCE(line.invoice_date, line.date) AS invoice_date,
       COALESCE(line.date_maturity, line.date) AS due_date, line.balance::float8 AS balance"""
)


def _instalments(terms: Terms, journals: Journals) -> SQL:
    """Condition on a debit ``line``: an instalment of an invoice or of an opening entry.

    Debits of bank and cash journals are money paid back or a payment undone; reversals in other
    journals undo a settlement.
    """
    return SQL(
        """line.account_id = ANY(%(receivables)s) AND line.parent_state = 'posted'
           AND line.company_id = ANY(%(companies)s)
           AND (line.journal_id = ANY(%(sales)s)
                OR line.journal_id <> ALL(%(others)s) AND line.move_id NOT IN (
                   SELECT id FROM account_move WHERE reversed_entry_id IS NOT NULL))""",
        receivables=terms.receivables,
        companies=terms.companies,
        sales=SQL("%s::int[]", journals.sales),
        others=SQL("%s::int[]", journals.money + journals.closed),
    )


def _share(amount: SQL) -> SQL:
    """Part of the instalment in the document's currency: exchange differences have none."""
    return SQL("%s::float8 / NULLIF(line.amount_currency, 0)::float8", amount)


def settled(terms: Terms, journals: Journals, member: SQL, which: SQL) -> SQL:
    """Parts that were matched with something: paid by money, void by anything else.

    which: condition on the ``match``, its ``line`` or its ``counter``
    """
    return SQL(
        """
        SELECT match.id, %(line)s, counter.date AS settled, %(paid)s AS paid, %(share)s AS share
          FROM %(member)s member
          JOIN account_move_line line ON line.partner_id = member.id
          JOIN account_partial_reconcile match ON match.debit_move_id = line.id
          JOIN account_move_line counter ON counter.id = match.credit_move_id
         WHERE %(instalments)s AND match.debit_amount_currency > 0 AND %(which)s
        """,
        line=_LINE,
        paid=is_money(journals),
        share=_share(SQL("match.debit_amount_currency")),
        member=member,
        instalments=_instalments(terms, journals),
        which=which,
    )


def _fresh(last: int) -> SQL:
    """Whether a ``match`` came after the stored ones, or was noted to be read again."""
    return SQL(
        """match.id IN (SELECT id FROM account_partial_reconcile WHERE id > %s
                        UNION ALL SELECT match_id FROM ar_score_part_note)""",
        last,
    )


def _stored(terms: Terms, ids) -> SQL:
    return SQL(
        """SELECT %s FROM ar_score_part part %s
            WHERE part.company_id = ANY(%s)
              AND NOT EXISTS (SELECT FROM ar_score_part_note note WHERE note.match_id = part.id)""",
        SQL(", ").join(SQL.identifier("part", name) for name in SETTLED),
        _wanted(ids, SQL("part.partner_id")),
        terms.companies,
    )


def is_money(journals: Journals) -> SQL:
    """Whether ``counter`` is a payment: not a credit note, a write-off, an exchange difference."""
    return SQL(
        """CASE WHEN counter.journal_id = ANY(%s) THEN TRUE
                WHEN counter.journal_id = ANY(%s) THEN FALSE
                ELSE NOT EXISTS (
                    SELECT FROM account_move_line other
                      JOIN account_account account ON account.id = other.account_id
                     WHERE other.move_id = counter.move_id
                       AND SPLIT_PART(account.account_type, '_', 1)
                           IN ('income', 'expense')) END""",
        SQL("%s::int[]", journals.money),
        SQL("%s::int[]", journals.sales + journals.closed),
    )


def _pending(terms: Terms, journals: Journals) -> SQL:
    """What payments without a journal entry cover of each open instalment, oldest due first.

    A payment of several invoices covers them one after the other; several payments of one
    instalment cover it together, on the day of the last.
    """
    return SQL(
        """
        SELECT line_id, MAX(date) AS date,
               LEAST(1, SUM(GREATEST(0, LEAST(residual, amount - before)) / residual)) AS part
          FROM (
            SELECT line.id AS line_id, pay.date, line.amount_residual AS residual,
                   pay.amount_company_currency_signed AS amount,
                   COALESCE(SUM(line.amount_residual) OVER (
                       PARTITION BY pay.id ORDER BY COALESCE(line.date_maturity, line.date), line.id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
              FROM account_payment pay
              JOIN account_move__account_payment rel ON rel.payment_id = pay.id
              JOIN account_move_line line ON line.move_id = rel.invoice_id
             WHERE pay.move_id IS NULL AND pay.state IN ('in_process', 'paid')
               AND pay.amount_company_currency_signed > 0 AND line.amount_residual > 0
               AND line.reconciled IS NOT TRUE AND %(instalments)s
          ) covered
      GROUP BY line_id
        """,
        instalments=_instalments(terms, journals),
    )


def _waiting(terms: Terms, journals: Journals, member: SQL) -> SQL:
    return SQL(
        """
        SELECT -2 * line.id - 1 AS id, %(line)s, pending.date AS settled, TRUE AS paid,
               pending.part::float8 * %(share)s AS share
          FROM (%(pending)s) pending
          JOIN account_move_line line ON line.id = pending.line_id
          JOIN %(member)s member ON member.id = line.partner_id
         WHERE pending.part > 0
        """,
        line=_LINE,
        share=_share(SQL("line.amount_residual_currency")),
        pending=_pending(terms, journals),
        member=member,
    )


def _open(terms: Terms, journals: Journals, member: SQL) -> SQL:
    """What is left of each instalment, if more than its currency's rounding."""
    return SQL(
        """
        SELECT -2 * line.id AS id, %(line)s, NULL::date AS settled, NULL::bool AS paid,
               (1 - COALESCE(pending.part, 0))::float8 * %(share)s AS share
          FROM %(member)s member
          JOIN account_move_line line ON line.partner_id = member.id
          JOIN res_currency currency ON currency.id = line.currency_id
     LEFT JOIN (%(pending)s) pending ON pending.line_id = line.id
         WHERE %(instalments)s AND line.reconciled IS NOT TRUE
           AND (1 - COALESCE(pending.part, 0)) * line.amount_residual_currency >= currency.rounding
        """,
        line=_LINE,
        share=_share(SQL("line.amount_residual_currency")),
        pending=_pending(terms, journals),
        member=member,
        instalments=_instalments(terms, journals),
    )


def bounced(terms: Terms, journals: Journals) -> SQL:
    """Payments that came to nothing: ``(contact_id, kind, date)``.

    A payment's entry that was reversed on a later day (on the same day it was a mistake), and
    payments that the bank rejected, on the day of their last change.
    """
    return SQL(
        """
        SELECT DISTINCT line.partner_id AS contact_id, 'bounce' AS kind, reversal.date, reversal.id
          FROM account_move reversal
          JOIN account_move original ON original.id = reversal.reversed_entry_id
          JOIN account_move_line line ON line.move_id = original.id
         WHERE reversal.state = 'posted' AND reversal.date > original.date
           AND original.journal_id = ANY(%(money)s) AND line.balance < 0
           AND line.account_id = ANY(%(receivables)s) AND line.company_id = ANY(%(companies)s)
     UNION ALL
        SELECT pay.partner_id, 'bounce', pay.write_date::date, -pay.id
          FROM account_payment pay
         WHERE pay.state = 'rejected' AND pay.partner_type = 'customer'
           AND pay.payment_type = 'inbound' AND pay.company_id = ANY(%(companies)s)
        """,
        money=SQL("%s::int[]", journals.money),
        receivables=terms.receivables,
        companies=terms.companies,
    )
