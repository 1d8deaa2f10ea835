"""The same figures by SQL alone, written for these questions: what the product is held against."""

from __future__ import annotations

# One row per customer of %(ids)s, in company %(company)s, on the day %(today)s.
POSITIONS = """
WITH member AS MATERIALIZED (
    SELECT id, commercial_partner_id AS customer
      FROM res_partner WHERE commercial_partner_id = ANY(%(ids)s)
), receivable AS MATERIALIZED (
    SELECT id FROM account_account WHERE account_type = 'asset_receivable'
), item AS (
    SELECT m.customer, l.currency_id, l.amount_residual AS open,
           l.amount_residual_currency AS open_currency,
           COALESCE(l.date_maturity, l.date) AS due
      FROM member m JOIN account_move_line l ON l.partner_id = m.id
     WHERE l.account_id IN (SELECT id FROM receivable) AND l.reconciled IS NOT TRUE
       AND l.parent_state = 'posted' AND l.company_id = %(company)s
), ledger AS (
    SELECT customer,
           SUM(open) FILTER (WHERE open > 0 AND due >= %(today)s) AS not_due,
           SUM(open) FILTER (WHERE open > 0 AND due BETWEEN %(today)s - 30 AND %(today)s - 1)
               AS due_1_30,
           SUM(open) FILTER (WHERE open > 0 AND due BETWEEN %(today)s - 60 AND %(today)s - 31)
               AS due_31_60,
           SUM(open) FILTER (WHERE open > 0 AND due BETWEEN %(today)s - 90 AND %(today)s - 61)
               AS due_61_90,
           SUM(open) FILTER (WHERE open > 0 AND due < %(today)s - 90) AS due_over_90,
           -SUM(open) FILTER (WHERE open < 0) AS unapplied,
           MIN(due) FILTER (WHERE open > 0 AND due < %(today)s) AS oldest_due
      FROM item GROUP BY customer
), share AS (
    SELECT customer, jsonb_agg(jsonb_build_array(currency_id, balance, overdue)) AS by_currency
      FROM (
        SELECT customer, item.currency_id, SUM(open_currency) AS balance,
               COALESCE(SUM(open_currency) FILTER (WHERE open > 0 AND due < %(today)s), 0)
                   AS overdue
          FROM item JOIN res_company company ON company.id = %(company)s
         WHERE item.currency_id <> company.currency_id
      GROUP BY customer, item.currency_id
      ) foreign_item GROUP BY customer
), pending AS (
    SELECT m.customer, SUM(SIGN(p.amount_company_currency_signed) * LEAST(
               ABS(p.amount_company_currency_signed), COALESCE(ABS(invoice.open), 'Infinity')
           )) AS amount
      FROM member m JOIN account_payment p ON p.partner_id = m.id
 LEFT JOIN LATERAL (
        SELECT SUM(l.amount_residual) AS open
          FROM account_move__account_payment r JOIN account_move_line l ON l.move_id = r.invoice_id
         WHERE r.payment_id = p.id AND l.account_id IN (SELECT id FROM receivable)
           AND l.parent_state = 'posted'
      ) invoice ON TRUE
     WHERE p.move_id IS NULL AND p.partner_type = 'customer' AND p.company_id = %(company)s
       AND (p.state = 'in_process' OR (p.state = 'paid' AND invoice.open IS NOT NULL))
  GROUP BY m.customer
), draft AS (
    SELECT commercial_partner_id AS customer, SUM(amount_total_signed) AS amount
      FROM account_move
     WHERE commercial_partner_id = ANY(%(ids)s) AND state = 'draft' AND company_id = %(company)s
       AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')
  GROUP BY commercial_partner_id
), sold AS (
    SELECT m.customer, o.currency_id, SUM(l.price_total * GREATEST(0,
               GREATEST(l.product_uom_qty, l.qty_delivered) - l.qty_invoiced
           ) / l.product_uom_qty) AS amount
      FROM member m
      JOIN sale_order o ON o.partner_invoice_id = m.id
      JOIN sale_order_line l ON l.order_id = o.id
     WHERE o.state = 'sale' AND o.invoice_status <> 'invoiced' AND o.company_id = %(company)s
       AND l.display_type IS NULL AND l.product_uom_qty > 0
  GROUP BY m.customer, o.currency_id
), rate AS MATERIALIZED (
    SELECT DISTINCT ON (currency_id) currency_id, rate FROM res_currency_rate
     WHERE company_id = %(company)s AND name <= %(today)s ORDER BY currency_id, name DESC
), ordered AS (
    SELECT customer, SUM(amount / COALESCE(rate.rate, 1)) AS amount
      FROM sold LEFT JOIN rate USING (currency_id) GROUP BY customer
)
SELECT c.id, l.not_due, l.due_1_30, l.due_31_60, l.due_61_90, l.due_over_90, l.unapplied,
       l.oldest_due, s.by_currency, p.amount AS payments_pending, d.amount AS draft_invoices,
       o.amount AS orders, (c.credit_limit ->> %(company)s::text)::numeric AS credit_limit,
       f.credit_mode, f.limit_valid_until, f.raise_amount, f.raise_from, f.raise_until,
       f.insured_amount
  FROM res_partner c
  LEFT JOIN ledger l ON l.customer = c.id
  LEFT JOIN share s ON s.customer = c.id
  LEFT JOIN pending p ON p.customer = c.id
  LEFT JOIN draft d ON d.customer = c.id
  LEFT JOIN ordered o ON o.customer = c.id
  LEFT JOIN ar_credit_profile f ON f.partner_id = c.id AND f.company_id = %(company)s
 WHERE c.id = ANY(%(ids)s)
"""

# The first page of all customers, most overdue first.
OVERDUE_PAGE = """
SELECT c.id, c.complete_name, c.email, o.overdue
  FROM res_partner c
  LEFT JOIN (
    SELECT m.commercial_partner_id AS customer, SUM(l.amount_residual) FILTER (
               WHERE l.amount_residual > 0 AND COALESCE(l.date_maturity, l.date) < %(today)s
           ) AS overdue
      FROM account_move_line l JOIN res_partner m ON m.id = l.partner_id
     WHERE l.account_id IN (SELECT id FROM account_account WHERE account_type = 'asset_receivable')
       AND l.reconciled IS NOT TRUE AND l.parent_state = 'posted' AND l.company_id = %(company)s
  GROUP BY m.commercial_partner_id
  ) o ON o.customer = c.id
 WHERE c.active AND c.customer_rank > 0
 ORDER BY o.overdue DESC NULLS LAST, c.complete_name, c.id DESC LIMIT %(limit)s
"""
CUSTOMERS = """
SELECT COUNT(*) FROM (
    SELECT FROM res_partner WHERE active AND customer_rank > 0 LIMIT 10001
) counted
"""


class Bare:
    """Runs the statements for one company on a given day."""

    def __init__(self, cr, company: int, today):
        self.cr = cr
        self.parameters = {"company": company, "today": today}

    def positions(self, ids: list[int]) -> list[dict]:
        self.cr.execute(POSITIONS, {**self.parameters, "ids": ids})
        return self.cr.dictfetchall()

    def overdue_page(self, limit: int = 80) -> list[dict]:
        """Page, number of customers and the page's positions, as a list view shows them."""
        self.cr.execute(OVERDUE_PAGE, {**self.parameters, "limit": limit})
        page = self.cr.dictfetchall()
        self.cr.execute(CUSTOMERS)
        self.cr.fetchone()
        positions = {row["id"]: row for row in self.positions([row["id"] for row in page])}
        return [row | positions[row["id"]] for row in page]
