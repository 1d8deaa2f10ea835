"""What settled promised items since they were promised, as statements."""

from odoo.tools import SQL

from . import score_items
from .position_sql import Terms


def receipts(terms: Terms, journals, line_ids) -> SQL:
    """Rows (line_id, day, amount, money) of settlements since the line was written.

    Matched ones by the date of what they were matched with; payments that have no entry yet by
    their own, up to what is open of the item.
    """
    return SQL(
        """
        SELECT line.id, counter.date, match.debit_amount_currency::float8, %(money)s
          FROM ar_promise_line line
          JOIN account_partial_reconcile match ON match.debit_move_id = line.move_line_id
          JOIN account_move_line counter ON counter.id = match.credit_move_id
         WHERE line.id = ANY(%(ids)s) AND match.create_date >= line.create_date
     UNION ALL
        SELECT line_id, date, amount::float8, TRUE FROM (%(registered)s) registered
      ORDER BY 2
        """,
        money=score_items.is_money(journals),
        registered=_registered(terms, line_ids),
        ids=line_ids,
    )


def _registered(terms: Terms, line_ids) -> SQL:
    """Payments without an entry, spread over the open promised items of their invoices."""
    return SQL(
        """
        SELECT line_id, date, LEAST(residual, amount - before) AS amount
          FROM (
            SELECT line.id AS line_id, pay.date, pay.amount,
                   item.amount_residual_currency AS residual,
                   COALESCE(SUM(item.amount_residual_currency) OVER (
                       PARTITION BY pay.id ORDER BY line.date_due, line.id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
              FROM ar_promise_line line
              JOIN account_move_line item ON item.id = line.move_line_id
              JOIN account_move__account_payment rel ON rel.invoice_id = item.move_id
              JOIN account_payment pay ON pay.id = rel.payment_id
             WHERE line.id = ANY(%s) AND pay.move_id IS NULL AND pay.state IN ('in_process', 'paid')
               AND pay.payment_type = 'inbound' AND pay.currency_id = item.currency_id
               AND pay.company_id = ANY(%s) AND pay.create_date >= line.create_date
               AND item.amount_residual_currency > 0
          ) pay
         WHERE amount > before
        """,
        line_ids,
        terms.companies,
    )


def credits(terms: Terms, journals, partner_ids) -> SQL:
    """Rows (customer, currency, created, day, amount) of money matched with nothing yet."""
    return SQL(
        """
        SELECT partner.commercial_partner_id, line.currency_id, line.create_date, line.date,
               -line.amount_residual_currency::float8
          FROM account_move_line line
          JOIN res_partner partner ON partner.id = line.partner_id
         WHERE line.account_id = ANY(%(receivables)s) AND line.parent_state = 'posted'
           AND line.reconciled IS NOT TRUE AND line.amount_residual_currency < 0
           AND line.journal_id = ANY(%(money)s) AND line.company_id = ANY(%(companies)s)
           AND partner.commercial_partner_id = ANY(%(partners)s)
        """,
        receivables=terms.receivables,
        companies=terms.companies,
        money=journals.money,
        partners=partner_ids,
    )
