"""Bringing the ledger of commissions up to date: what was matched since is reckoned, in batches."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from . import commission_sql
from .commission_order_sql import of_orders
from .commission_write_sql import Reckoning, hold, list_differences, write_differences

BATCH = 5000  # rows of the queue
LOCK = 7_020_019  # no two processes reckon at once; the unique index would refuse the second


class CommissionGrade(models.Model):
    """The customer's payment grade when an invoice or order was first reckoned: later ones change
    nothing about what it earns."""

    _name = "ar.commission.grade"
    _description = "Payment grade of an invoice"
    _log_access = False

    move_id = fields.Many2one("account.move", ondelete="cascade")
    order_id = fields.Many2one("sale.order", ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade", index=True)
    grade = fields.Char(required=True)

    _move_unique = models.UniqueIndex("(move_id)")
    _order_unique = models.UniqueIndex("(order_id)")

    @api.model
    def _remember(self, moves):
        self._keep(
            SQL("move_id"),
            SQL(
                """SELECT id, company_id, commercial_partner_id FROM account_move
                    WHERE id IN (%s) AND state = 'posted'""",
                moves,
            ),
        )

    @api.model
    def _remember_orders(self, orders):
        self._keep(
            SQL("order_id"),
            SQL(
                """SELECT sale.id, sale.company_id, partner.commercial_partner_id
                     FROM sale_order sale JOIN res_partner partner ON partner.id = sale.partner_id
                    WHERE sale.id IN (%s) AND sale.state = 'sale'""",
                orders,
            ),
        )

    def _keep(self, column, documents):
        """``documents``: a query (id, company_id, commercial_partner_id)."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_commission_grade (%(column)s, company_id, grade)
                SELECT document.id, document.company_id, COALESCE(profile.grade, '-')
                  FROM (%(documents)s) document
                  JOIN res_company company ON company.id = document.company_id
             LEFT JOIN ar_credit_profile profile
                    ON profile.partner_id = document.commercial_partner_id
                   AND profile.company_id = split_part(company.parent_path, '/', 1)::int
           ON CONFLICT (%(column)s) DO NOTHING
                """,
                column=column,
                documents=documents,
            )
        )


class CommissionDue(models.Model):
    _inherit = "ar.commission.due"

    @api.model
    def _mark(self, moves):
        """Remember entries, given by a query of ids, to be reckoned again."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_commission_due (move_id, company_id)
                SELECT move.id, move.company_id FROM account_move move WHERE move.id IN (%s)
                """,
                moves,
            )
        )

    @api.model
    def _mark_ids(self, move_ids):
        """Remember entries: documents, or what they are matched with."""
        if move_ids and self.env["ar.commission.version"]._is_any_active():
            self._mark(SQL("SELECT unnest(%s::int[])", list(move_ids)))

    @api.model
    def _mark_orders(self, orders):
        """Remember orders, given by a query of ids, where something is earned on them."""
        if not self.env["ar.commission.version"]._asks_for_orders():
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_commission_due (order_id, company_id)
                SELECT id, company_id FROM sale_order WHERE id IN (%s)
                """,
                orders,
            )
        )

    @api.model
    def _mark_lines(self, line_ids):
        """Remember the entries of items whose matching changed.

        Which documents that is about is found out later: whoever matches a payment waits for
        nothing but this row.
        """
        if not line_ids or not self.env["ar.commission.version"]._is_any_active():
            return
        self.env.cr.execute(
            """INSERT INTO ar_commission_due (move_id, company_id)
               SELECT DISTINCT move_id, company_id FROM account_move_line WHERE id = ANY(%s)""",
            [list(line_ids)],
        )

    # ------------------------------------------------------------------ working it off
    @api.model
    def _cron_calculate(self):
        """Reckon what is waiting, a batch and a commit at a time.

        While somebody else reckons there is nothing to do here: he takes the same queue.
        """
        self._mark_expired()
        while self._try_lock() and (done := self._calculate_batch()):
            if self.env["ir.cron"]._commit_progress(done, remaining=self._count()) <= 0:
                return

    @api.model
    def _mark_expired(self, today=None):
        """Orders that have waited too long for an invoice give back what they earned."""
        self._mark_orders(
            SQL(
                """SELECT entry.order_id FROM ar_commission_entry entry
                     JOIN ar_commission_version version ON version.id = entry.version_id
                    WHERE version.order_days > 0 AND entry.kind = 'order'
                      AND entry.date + version.order_days < %s
                      AND NOT EXISTS (SELECT FROM ar_commission_entry undo
                                       WHERE undo.reverses_id = entry.id)""",
                today or fields.Date.context_today(self),
            )
        )

    @api.model
    def _calculate(self):
        """Reckon all that is waiting, in this transaction."""
        self._mark_expired()
        while self._calculate_batch():
            pass

    @api.model
    def _count(self):
        return self.sudo().search_count([])  # a number, whoever asks

    @api.model
    def _calculate_batch(self):
        """Reckon what some of the rows are about; how many rows."""
        self.env.flush_all()
        self._lock()
        self.env.cr.execute(
            "SELECT move_id, order_id FROM ar_commission_due ORDER BY id LIMIT %s", [BATCH]
        )
        rows = self.env.cr.fetchall()
        moves = sorted({move for move, _order in rows if move})
        orders = sorted({order for _move, order in rows if order})
        self.env.cr.execute(
            "DELETE FROM ar_commission_due WHERE move_id = ANY(%s) OR order_id = ANY(%s)",
            [moves, orders],
        )
        if moves:
            self._reckon(self._documents_of(moves))
        if orders:
            self._reckon_orders(orders)
        return len(rows)

    @api.model
    def _documents_of(self, move_ids):
        """Ids of documents among these entries, and of those matched with the other entries."""
        self.env.cr.execute(
            SQL(
                """
                SELECT id FROM account_move WHERE id = ANY(%(ids)s) AND move_type IN %(types)s
             UNION
                SELECT other.move_id FROM account_move move
                  JOIN account_move_line line ON line.move_id = move.id
                  JOIN account_partial_reconcile match ON match.credit_move_id = line.id
                  JOIN account_move_line other ON other.id = match.debit_move_id
                 WHERE move.id = ANY(%(ids)s) AND move.move_type NOT IN %(invoices)s
             UNION
                SELECT other.move_id FROM account_move move
                  JOIN account_move_line line ON line.move_id = move.id
                  JOIN account_partial_reconcile match ON match.debit_move_id = line.id
                  JOIN account_move_line other ON other.id = match.credit_move_id
                 WHERE move.id = ANY(%(ids)s) AND move.move_type NOT IN %(invoices)s
                """,
                ids=move_ids,
                types=commission_sql.DOCUMENTS,
                invoices=commission_sql.INVOICES,
            )
        )
        return [move for (move,) in self.env.cr.fetchall()]

    def _try_lock(self):
        """Whether nobody else reckons until this transaction ends."""
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return self.env.cr.fetchone()[0]

    def _lock(self):
        if not self._try_lock():
            raise UserError(
                self.env._("Commissions are being calculated just now: try again in a minute.")
            )

    @api.model
    def _reckon(self, ids):
        """Write what the ledger of commissions lacks about these documents."""
        moves = SQL("SELECT unnest(%s::int[])", ids)
        if self.env["ar.commission.version"]._asks_for_grades():
            self.env["ar.commission.grade"]._remember(moves)
        scope = commission_sql.Scope.in_force(self.env)
        self._write(Reckoning.of_moves(scope, moves))
        self.env.cr.execute(hold(moves))

    @api.model
    def _reckon_orders(self, ids):
        orders = SQL("SELECT unnest(%s::int[])", ids)
        if self.env["ar.commission.version"]._asks_for_grades():
            self.env["ar.commission.grade"]._remember_orders(orders)
        scope = commission_sql.Scope.in_force(self.env)
        self._write(of_orders(scope, orders, fields.Date.context_today(self)))

    def _write(self, reckoning):
        self.env.cr.execute(write_differences(reckoning, fields.Date.context_today(self)))
        self.env["ar.commission.entry"].invalidate_model(flush=False)

    @api.model
    def _differences(self, company=None):
        """Where the ledger and a reckoning from scratch disagree, as dictionaries.

        One for each document (``move_id`` or ``order_id``), person, rule and source: what the
        ledger holds (None: nothing) and what it should hold.
        """
        self.env.flush_all()
        mine = SQL("AND company_id = %s", company.id) if company else SQL()
        scope = commission_sql.Scope.in_force(self.env)
        moves = SQL(
            """SELECT id FROM account_move
                WHERE state = 'posted' AND move_type IN %(types)s %(mine)s
             UNION
               SELECT move_id FROM ar_commission_entry WHERE move_id IS NOT NULL %(mine)s""",
            types=commission_sql.DOCUMENTS,
            mine=mine,
        )
        orders = SQL(
            """SELECT id FROM sale_order WHERE state = 'sale' %(mine)s
             UNION
               SELECT order_id FROM ar_commission_entry WHERE order_id IS NOT NULL %(mine)s""",
            mine=mine,
        )
        found = []
        for reckoning in (
            Reckoning.of_moves(scope, moves),
            of_orders(scope, orders, fields.Date.context_today(self)),
        ):
            self.env.cr.execute(list_differences(reckoning))
            found += self.env.cr.dictfetchall()
        return found
