"""Whether the money of an order is in: a sale is complete only when it is paid in full."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .sale_order import INTERNAL
from .score_items import Journals, is_money

PAID_STATES = [
    ("none", "Not invoiced"),
    ("open", "Not paid"),
    ("partial", "Partly paid"),
    ("paid", "Paid in full"),
]
# What the statement reads, by model.
READ = {
    "account.move": ["amount_residual", "amount_total", "move_type", "payment_state", "state"],
    "account.move.line": ["journal_id", "move_id", "account_id", "balance", "sale_line_ids"],
    "account.partial.reconcile": ["credit_move_id", "debit_amount_currency", "debit_move_id"],
    "sale.order": ["invoice_status"],
    "sale.order.line": ["invoice_lines", "order_id"],
}


def money_share(journals: Journals) -> SQL:
    """Part of the invoice ``move`` that came in as money; credit notes and losses are none."""
    return SQL(
        """COALESCE((
            SELECT SUM(match.debit_amount_currency) FILTER (WHERE %s)::float8
                   / NULLIF(move.amount_total, 0)::float8
              FROM account_move_line item
              JOIN account_partial_reconcile match ON match.debit_move_id = item.id
              JOIN account_move_line counter ON counter.id = match.credit_move_id
             WHERE item.move_id = move.id), 0)""",
        is_money(journals),
    )


def _lost(journals: Journals) -> SQL:
    """Whether some of the invoice ``move`` was settled by what is no money and no credit note."""
    return SQL(
        """EXISTS (
            SELECT FROM account_move_line item
              JOIN account_partial_reconcile match ON match.debit_move_id = item.id
              JOIN account_move_line counter ON counter.id = match.credit_move_id
             WHERE item.move_id = move.id AND match.debit_amount_currency > 0
               AND counter.journal_id <> ALL(%s::int[]) AND NOT (%s))""",
        journals.sales + journals.closed,
        is_money(journals),
    )


def states(journals: Journals, order_ids=None) -> SQL:
    """Rows (order_id, state) of orders with posted invoices; of some orders, or of all."""
    return SQL(
        """
        SELECT line.order_id, CASE
                   WHEN MIN(sale.invoice_status) IN ('invoiced', 'upselling')
                        AND bool_and(move.payment_state IN ('paid', 'reversed'))
                        AND bool_or(move.payment_state = 'paid')
                        AND NOT bool_or(move.payment_state = 'paid' AND %(lost)s) THEN 'paid'
                   WHEN bool_or(move.amount_residual < move.amount_total
                                AND move.payment_state <> 'reversed') THEN 'partial'
                   ELSE 'open' END AS state
          FROM sale_order_line line
          JOIN sale_order sale ON sale.id = line.order_id
          JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = line.id
          JOIN account_move_line invoiced ON invoiced.id = rel.invoice_line_id
          JOIN account_move move ON move.id = invoiced.move_id
         WHERE move.state = 'posted' AND move.move_type = 'out_invoice' %(wanted)s
      GROUP BY line.order_id
        """,
        lost=_lost(journals),
        wanted=SQL() if order_ids is None else SQL("AND line.order_id = ANY(%s)", order_ids),
    )


class SaleOrder(models.Model):
    """Beside "invoiced": whether the customer has paid."""

    _inherit = "sale.order"

    ar_paid_state = fields.Selection(
        PAID_STATES,
        string="Payment",
        compute="_compute_ar_paid_state",
        search="_search_ar_paid_state",
        groups=INTERNAL,
        help="Paid in full: everything is invoiced, and all invoices are paid in money. "
        "What was written off is not paid.",
    )

    @api.depends(
        "invoice_status",
        "order_line.invoice_lines.move_id.payment_state",
        "order_line.invoice_lines.move_id.state",
        "order_line.invoice_lines.move_id.amount_residual",
    )
    def _compute_ar_paid_state(self):
        found = {}
        if self.ids:
            self._ar_flush_paid()
            found = dict(self.env.execute_query(states(self._ar_journals(), self.ids)))
        for order in self:
            order.ar_paid_state = found.get(order._origin.id, "none")

    def _search_ar_paid_state(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        wanted = [state or "none" for state in value]

        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, "ar_paid_state", query)
            return SQL("%s = ANY(%s)", column, wanted)

        domain = Domain.custom(to_sql=to_sql)
        return domain if operator == "in" else ~domain

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let the database filter, sort and group by it."""
        if field_expr != "ar_paid_state" or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        self._ar_flush_paid()
        joined = query.make_alias(alias, "ar_paid")
        if joined not in query._joins:
            query.add_join(
                "LEFT JOIN",
                joined,
                SQL("(%s)", states(self._ar_journals())),
                SQL("%s = %s", SQL.identifier(alias, "id"), SQL.identifier(joined, "order_id")),
            )
        return SQL("COALESCE(%s, 'none')", SQL.identifier(joined, "state"))

    def _ar_flush_paid(self):
        for model, names in READ.items():
            self.env[model].flush_model(names)

    def _ar_journals(self):
        """Journals of every company that the user works in, by what their entries say."""
        return self.env["ar.score"]._journals(self.env.companies.root_id)
