"""The rows of a proposal by SQL alone: what the product's proposal is held against.

Which items are wanted, and how much of each credit covers, is known beforehand; the statement
still reads the ledger for them and writes the same rows into the same tables.
"""

from __future__ import annotations

# What the product chose, kept aside: %(run)s is its run.
WANTED = """
CREATE TEMP TABLE bench_wanted ON COMMIT DROP AS
SELECT item.line_id, item.covered, item.asked
  FROM ar_dunning_notice notice
 CROSS JOIN unnest((notice.items).move_line_id, (notice.items).covered,
                   (notice.items).amount_company) AS item (line_id, covered, asked)
 WHERE notice.run_id = %(run)s;
ANALYZE bench_wanted
"""

SAME_ROWS = """
WITH item AS (
    SELECT line.id, partner.commercial_partner_id AS customer_id, line.currency_id,
           COALESCE(line.move_name, line.name) AS name, line.amount_residual_currency AS residual,
           COALESCE(line.invoice_date, line.date) AS made, line.balance,
           COALESCE(line.date_maturity, line.date) AS due,
           %(today)s - COALESCE(line.date_maturity, line.date) AS days, wanted.covered, wanted.asked
      FROM account_move_line line
      JOIN res_partner partner ON partner.id = line.partner_id
      JOIN bench_wanted wanted ON wanted.line_id = line.id
     WHERE line.parent_state = 'posted' AND line.reconciled IS NOT TRUE
       AND line.company_id = %(company)s AND line.amount_residual > 0
       AND line.account_id IN (SELECT id FROM account_account
                                WHERE account_type = 'asset_receivable')
       AND COALESCE(line.date_maturity, line.date) < %(today)s
)
INSERT INTO ar_dunning_notice (
    run_id, company_id, date, partner_id, recipient_id, currency_id, policy_id, level_id,
    level_number, proposed_number, state, by_email, by_letter, by_call, ask_salesperson,
    amount, amount_company, interest, compensation, charge, item_count, days, deadline,
    needs_approval, create_date, write_date, items)
SELECT %(run)s, %(company)s, %(today)s, customer_id, customer_id, currency_id, %(policy)s,
       %(level)s, 1, 1, 'proposed', TRUE, FALSE, FALSE, FALSE, SUM(residual - covered),
       SUM(asked), 0, 0, 0, COUNT(*), MAX(days), %(today)s + 7, FALSE, now(), now(),
       ROW(array_agg(id), array_agg(name), array_agg(made), array_agg(due), array_agg(days),
           array_agg(1), array_agg(0), array_agg(1), array_agg(residual), array_agg(covered),
           array_agg(asked), array_agg(balance), NULL, NULL)::ar_dunning_items
  FROM item GROUP BY customer_id, currency_id
"""
