"""Bringing the ledger of commissions up to date: what was matched since is reckoned, in batches."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from . import commission_sql

BATCH = 5000  # documents
LOCK = 7_020_019  # no two processes reckon at once; the unique index would refuse the second


class CommissionGrade(models.Model):
    """The customer's payment grade when an invoice was first reckoned: later ones change nothing
    about what it earns."""

    _name = "ar.commission.grade"
    _description = "Payment grade of an invoice"
    _log_access = False

    move_id = fields.Many2one("account.move", required=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade", index=True)
    grade = fields.Char(required=True)

    _move_unique = models.UniqueIndex("(move_id)")

    @api.model
    def _remember(self, moves):
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_commission_grade (move_id, company_id, grade)
                SELECT move.id, move.company_id, COALESCE(profile.grade, '-')
                  FROM account_move move
                  JOIN res_company company ON company.id = move.company_id
             LEFT JOIN ar_credit_profile profile
                    ON profile.partner_id = move.commercial_partner_id
                   AND profile.company_id = split_part(company.parent_path, '/', 1)::int
                 WHERE move.id IN (%s) AND move.state = 'posted'
           ON CONFLICT (move_id) DO NOTHING
                """,
                moves,
            )
        )


class CommissionDue(models.Model):
    _inherit = "ar.commission.due"

    @api.model
    def _mark(self, moves):
        """Remember documents, given by a query of ids, to be reckoned again."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_commission_due (move_id, company_id)
                SELECT move.id, move.company_id FROM account_move move
                 WHERE move.id IN (%s) AND move.move_type IN %s
                """,
                moves,
                commission_sql.DOCUMENTS,
            )
        )

    @api.model
    def _mark_ids(self, move_ids):
        """Remember documents, and those that are matched with these entries."""
        if not move_ids or not self.env["ar.commission.version"]._is_any_active():
            return
        self._mark(
            SQL(
                """
                SELECT unnest(%(ids)s::int[])
             UNION
                SELECT other.move_id FROM account_move_line line
                  JOIN account_partial_reconcile match ON match.credit_move_id = line.id
                  JOIN account_move_line other ON other.id = match.debit_move_id
                 WHERE line.move_id = ANY(%(ids)s)
             UNION
                SELECT other.move_id FROM account_move_line line
                  JOIN account_partial_reconcile match ON match.debit_move_id = line.id
                  JOIN account_move_line other ON other.id = match.credit_move_id
                 WHERE line.move_id = ANY(%(ids)s)
                """,
                ids=list(move_ids),
            )
        )

    @api.model
    def _mark_matches(self, match_ids):
        """Documents whose items were matched, or whose payment was matched with the bank."""
        if not match_ids or not self.env["ar.commission.version"]._is_any_active():
            return
        self.env.cr.execute(
            SQL(
                """
                WITH touched AS (
                    SELECT line.move_id, line.id, line.payment_id
                      FROM account_partial_reconcile match
                      JOIN account_move_line line
                        ON line.id IN (match.debit_move_id, match.credit_move_id)
                     WHERE match.id = ANY(%(ids)s))
                INSERT INTO ar_commission_due (move_id, company_id)
                SELECT move.id, move.company_id FROM account_move move
                 WHERE move.move_type IN %(types)s AND move.id IN (
                       SELECT move_id FROM touched
                    UNION
                       SELECT other.move_id FROM touched
                         JOIN account_move_line item ON item.payment_id = touched.payment_id
                         JOIN account_partial_reconcile match
                           ON item.id IN (match.debit_move_id, match.credit_move_id)
                         JOIN account_move_line other
                           ON other.id IN (match.debit_move_id, match.credit_move_id)
                        WHERE item.id <> touched.id)
                """,
                ids=list(match_ids),
                types=commission_sql.DOCUMENTS,
            )
        )

    # ------------------------------------------------------------------ working it off
    @api.model
    def _cron_calculate(self):
        """Reckon what is waiting, a batch and a commit at a time.

        While somebody else reckons there is nothing to do here: he takes the same queue.
        """
        while self._try_lock() and (done := self._calculate_batch()):
            if self.env["ir.cron"]._commit_progress(done, remaining=self._count()) <= 0:
                return

    @api.model
    def _calculate(self):
        """Reckon all that is waiting, in this transaction."""
        while self._calculate_batch():
            pass

    @api.model
    def _count(self):
        return self.sudo().search_count([])  # a number, whoever asks

    @api.model
    def _calculate_batch(self):
        """Reckon some documents; how many."""
        self.env.flush_all()
        self._lock()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM ar_commission_due WHERE move_id IN (
                    SELECT move_id FROM ar_commission_due
                  GROUP BY move_id ORDER BY MIN(id) LIMIT %s)
             RETURNING move_id
                """,
                BATCH,
            )
        )
        ids = sorted({move for (move,) in self.env.cr.fetchall()})
        if ids:
            self._reckon(ids)
        return len(ids)

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
        today = fields.Date.context_today(self)
        cr = self.env.cr
        cr.execute(commission_sql.write_differences(scope, moves, today))
        cr.execute(commission_sql.hold(moves))
        self.env["ar.commission.entry"].invalidate_model(flush=False)

    @api.model
    def _differences(self, company=None):
        """Where the ledger and a reckoning from scratch disagree, as dictionaries.

        One for each document, person, rule and source: what the ledger holds (None: nothing) and
        what it should hold.
        """
        self.env.flush_all()
        moves = SQL(
            """SELECT id FROM account_move
                WHERE state = 'posted' AND move_type IN %(types)s %(company)s
             UNION
               SELECT move_id FROM ar_commission_entry WHERE TRUE %(company)s""",
            types=commission_sql.DOCUMENTS,
            company=SQL("AND company_id = %s", company.id) if company else SQL(),
        )
        self.env.cr.execute(
            SQL(
                """
                WITH %(steps)s
                SELECT COALESCE(held.number, wanted.number) AS number, move_id, payee_id, rule_id,
                       kind, partial_ref, held.amount AS ledger, wanted.amount AS expected,
                       held.date AS ledger_date, wanted.date AS expected_date
                  FROM (SELECT live.* FROM live JOIN wrong USING (id)) held
             FULL JOIN missing wanted USING (%(key)s)
              ORDER BY move_id, payee_id, rule_id, kind, partial_ref
                """,
                steps=commission_sql.differences(commission_sql.Scope.in_force(self.env), moves),
                key=commission_sql.KEY,
            )
        )
        return self.env.cr.dictfetchall()
