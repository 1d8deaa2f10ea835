"""What customers dispute and have promised of their open items, as pieces of statements."""

from odoo.tools import SQL

_DISPUTED = SQL("LEAST(line.amount, item.amount_residual_currency)")
# what is still to come: money pays what was promised before the rest of an item
_PROMISED = SQL("GREATEST(0, item.amount_residual_currency - (line.owed - line.amount))")
_NONE = SQL("0::numeric")


def claims(root: SQL, currency: SQL, customers: SQL) -> SQL:
    """One row per customer with an open claim: what is disputed and promised of open items.

    Amounts are at the rate of the items, and rounded: they are parts of amounts. The lines are
    few, found by an index of the open ones, and their items by their ids.
    """
    return SQL(
        """
        SELECT part.customer_id, SUM(part.disputed) AS disputed, SUM(part.promised) AS promised
          FROM (%s UNION ALL %s) part
      GROUP BY part.customer_id
        """,
        _parts("ar_dispute_line", _DISPUTED, _NONE, root, currency, customers),
        _parts("ar_promise_line", _NONE, _PROMISED, root, currency, customers),
    )


def _parts(table, disputed: SQL, promised: SQL, root, currency, customers) -> SQL:
    return SQL(
        """
        SELECT line.partner_id AS customer_id, %(disputed)s AS disputed, %(promised)s AS promised
          FROM %(table)s line
          JOIN account_move_line item ON item.id = line.move_line_id
          JOIN res_currency own ON own.id = %(currency)s
         WHERE line.is_open AND line.company_id = %(root)s AND line.partner_id IN %(customers)s
           AND item.parent_state = 'posted' AND item.amount_residual_currency > 0
        """,
        table=SQL.identifier(table),
        disputed=_in_company_currency(disputed),
        promised=_in_company_currency(promised),
        root=root,
        currency=currency,
        customers=customers,
    )


def _in_company_currency(amount: SQL) -> SQL:
    return SQL(
        "ROUND(%s * item.amount_residual / item.amount_residual_currency / own.rounding)"
        " * own.rounding",
        amount,
    )
