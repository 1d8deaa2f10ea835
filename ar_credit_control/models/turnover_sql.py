"""What customers bought in the last twelve months, and on which terms: pieces of statements.

As in ``position_sql``, each is a query with the column ``customer_id``.
"""

from odoo.tools import SQL

from ..rules.limit_proposal import YEAR

INVOICES = SQL("('out_invoice', 'out_refund', 'out_receipt')")


ALL = SQL("TRUE")


def turnovers(terms, scope: SQL = ALL) -> SQL:
    """One row per customer: gross turnover, and days of the terms weighted by amount.

    :param terms: ``position_sql.Terms``
    :param scope: a condition on ``move``
    """
    days = SQL("GREATEST(0, COALESCE(line.date_maturity, line.date) - move.invoice_date)")
    return SQL(
        """
        SELECT move.commercial_partner_id AS customer_id, SUM(line.balance) AS turnover,
               SUM(line.balance * %(days)s) FILTER (WHERE line.balance > 0)
               / SUM(line.balance) FILTER (WHERE line.balance > 0) AS term_days
          FROM account_move move
          JOIN account_move_line line ON line.move_id = move.id
         WHERE move.state = 'posted' AND move.move_type IN %(invoices)s
           AND move.invoice_date > %(today)s - %(year)s AND move.invoice_date <= %(today)s
           AND move.company_id = ANY(%(companies)s)
           AND line.account_id = ANY(%(receivables)s) AND %(scope)s
      GROUP BY move.commercial_partner_id
        """,
        days=days,
        invoices=INVOICES,
        today=terms.today,
        year=SQL(str(YEAR)),
        companies=terms.companies,
        receivables=terms.receivables,
        scope=scope,
    )


def sales(terms, partner_ids) -> SQL:
    """As ``turnovers`` for some customers, with the day of the first invoice ever."""
    scope = SQL("move.commercial_partner_id = ANY(%s::int[])", list(partner_ids))
    return SQL(
        """
        SELECT sold.customer_id, sold.turnover::float8, COALESCE(sold.term_days, 0)::float8,
               (SELECT MIN(move.invoice_date) FROM account_move move
                 WHERE move.commercial_partner_id = sold.customer_id AND move.state = 'posted'
                   AND move.move_type IN %s AND move.company_id = ANY(%s))
          FROM (%s) sold
        """,
        INVOICES,
        terms.companies,
        turnovers(terms, scope),
    )
