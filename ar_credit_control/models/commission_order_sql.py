"""What is earned when an order is confirmed, as one statement over orders.

The same steps as for invoices, without money: of what is not invoiced yet, each person has the
part up front, and nothing where the customer must pay first. The invoice takes the order's place:
what it earns up front is an entry of its own, and the order's is taken back by as much.
"""

from odoo.tools import SQL

from .commission_sql import Scope, bases_of, contracts, earners, exact, payees, rounded
from .commission_write_sql import Reckoning


def of_orders(scope: Scope, orders: SQL, today) -> Reckoning:
    """``orders``: a query of ids. ``today``: who waits too long for an invoice earns nothing."""
    steps = {
        "doc": _documents(orders),
        "payee": payees(SQL("order_id")),
        "contract": contracts(scope),
        "earner": earners(scope),
        "base": bases_of(_OPEN_LINES, _NET, _MARGIN if scope.margin else SQL("NULL::numeric")),
        "source": exact(_ordered(today)),
        "target": rounded(),
    }
    return Reckoning(steps, SQL("order_id"), orders)


def _documents(orders: SQL) -> SQL:
    return SQL(
        """
        SELECT sale.id, sale.company_id, company.currency_id, partner.commercial_partner_id,
               split_part(company.parent_path, '/', 1)::int AS root_id, sale.partner_id,
               sale.user_id AS invoice_user_id, sale.team_id,
               sale.payment_term_id AS invoice_payment_term_id, sale.name,
               sale.date_order::date AS day, FALSE AS is_refund, currency.rounding AS coin,
               sale.currency_id AS own_currency_id, sale.currency_rate::numeric AS currency_rate,
               COALESCE(known.grade, profile.grade, '-') AS grade
          FROM sale_order sale
          JOIN res_partner partner ON partner.id = sale.partner_id
          JOIN res_company company ON company.id = sale.company_id
          JOIN res_currency currency ON currency.id = company.currency_id
     LEFT JOIN ar_commission_grade known ON known.order_id = sale.id
     LEFT JOIN ar_credit_profile profile ON profile.partner_id = partner.commercial_partner_id
           AND profile.company_id = split_part(company.parent_path, '/', 1)::int
         WHERE sale.id IN (%s) AND sale.state = 'sale' AND sale.currency_rate > 0
        """,
        orders,
    )


# What of a line no posted invoice is about, in the order's currency. Credit notes do not count:
# what was given back is not to be invoiced again. A down payment has been invoiced already.
_OPEN_LINES = SQL(
    """JOIN sale_order_line line ON line.order_id = doc.id AND line.display_type IS NULL
        CROSS JOIN LATERAL (
               SELECT COALESCE(SUM(CASE WHEN bill.currency_id = doc.own_currency_id
                               THEN bill.price_subtotal ELSE -bill.balance * doc.currency_rate END)
                               FILTER (WHERE move.state = 'posted'), 0) AS amount,
                      COALESCE(BOOL_OR(move.state = 'draft'), FALSE) AS drafted
                 FROM sale_order_line_invoice_rel rel
                 JOIN account_move_line bill ON bill.id = rel.invoice_line_id
                 JOIN account_move move ON move.id = bill.move_id
                  AND move.move_type = 'out_invoice'
                WHERE rel.order_line_id = line.id) done
        CROSS JOIN LATERAL (
               SELECT CASE WHEN line.is_downpayment THEN -done.amount
                           WHEN line.invoice_status = 'invoiced' AND NOT done.drafted THEN 0
                           WHEN line.price_subtotal < 0
                           THEN LEAST(0, line.price_subtotal - done.amount)
                           ELSE GREATEST(0, line.price_subtotal - done.amount) END AS amount
               ) rest"""
)
_NET = SQL("rest.amount / doc.currency_rate")
_MARGIN = SQL(
    """COALESCE((rest.amount - line.purchase_price::numeric * line.product_uom_qty
               * rest.amount / NULLIF(line.price_subtotal, 0)) / doc.currency_rate, 0)"""
)


def _ordered(today) -> SQL:
    return SQL(
        """
        SELECT earner.doc_id, earner.payee_id, earner.user_id, earner.place, earner.plan_id,
               earner.version_id, earner.percent, earner.term_factor, base.rule_id, base.rate,
               base.base AS worth, FALSE AS closed, 'order' AS kind, 0 AS partial_ref,
               NULL::int AS counter_id, doc.day AS date, 0 AS days, 0::numeric AS paid,
               version.upfront_percent AS numerator, 1 AS denominator, 1 AS speed_factor
          FROM earner
          JOIN doc ON doc.id = earner.doc_id
          JOIN base ON base.doc_id = earner.doc_id AND base.version_id = earner.version_id
          JOIN ar_commission_version version ON version.id = earner.version_id
         WHERE version.upfront_on = 'order' AND version.upfront_percent > 0
           AND earner.upfront > 0 AND base.base <> 0
           AND (COALESCE(version.order_days, 0) = 0
                OR doc.day + version.order_days >= %s)
        """,
        today,
    )
