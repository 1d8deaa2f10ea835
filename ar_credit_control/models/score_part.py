"""What the ledger says once and for all of settled parts, kept so that it is found once only."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from . import score_items, score_part_sql

CHUNK = 500_000  # matchings that one statement takes in
SETTLE = timedelta(days=1)  # longer than any transaction lasts


class ScorePart(models.Model):
    """A settled part of an instalment as :func:`score_items.settled` found it; its id is the
    matching's.

    Every matching up to the company's reach is here or no part of an instalment, except those
    that have a note: they are read from the ledger until the next night. So what is read is the
    same at any moment, whether the night has run or not.

    Plain numbers instead of references: a foreign key would have to be checked for a million rows,
    and would let whoever undoes a matching wait for the night.
    """

    _name = "ar.score.part"
    _description = "Settled part of an instalment"
    _log_access = False
    _rec_name = "id"

    line_id = fields.Integer("Journal item", required=True)
    move_id = fields.Integer("Journal entry", required=True)
    company_id = fields.Integer(required=True)
    partner_id = fields.Integer("Customer", required=True)
    country_id = fields.Integer(help="Of the customer.")
    invoice_date = fields.Date(required=True)
    due_date = fields.Date(required=True)
    settled = fields.Date(required=True)
    paid = fields.Boolean(required=True)
    balance = fields.Float(required=True, help="Of the whole journal item.")
    share = fields.Float(help="Part of the journal item that was settled.")

    # ------------------------------------------------------------------ reading
    @api.model
    def _get_last(self, company):
        """Number of the matching up to which the company's parts are stored; 0: none is."""
        rows = self.env.execute_query(
            SQL("SELECT last_match FROM ar_score_part_reach WHERE company_id = %s", company.id)
        )
        return rows[0][0] if rows else 0

    # ------------------------------------------------------------------ nightly
    @api.model
    def _keep(self, company, report):
        """Store what came to rest since the last night; returns whether time is left.

        :param report: as of ``ar.score.model._run``; what it commits is kept
        """
        Score = self.env["ar.score"]
        Score._flush()
        self.env.cr.execute(score_part_sql.REACHES)
        if self.env.cr.rowcount:  # a change of settings is to meet them
            report(0, remaining=1)
        terms, journals = Score._terms(company), Score._journals(company)
        done, last = self._start(company, terms), self._last_at_rest()
        while done < last:
            chunk_end = self._chunk_end(done, last)
            self._take_in(terms, journals, done, chunk_end)
            self._move_on(company, chunk_end)
            count, done = chunk_end - done, chunk_end
            left = report(count, remaining=last - done + 1)
            if left <= 0 or self._get_last(company) != done:  # settings were changed meanwhile
                return False
        self._read_again(terms, journals, done)
        self._move_on(company, done)
        return True

    def _start(self, company, terms):
        """Where the last night stopped. From the beginning after a change of settings."""
        done = self._get_last(company)
        if not done:
            self.env.cr.execute(
                SQL("DELETE FROM ar_score_part WHERE company_id = ANY(%s)", terms.companies)
            )
        return done

    def _move_on(self, company, last):
        """Written by every step: so a step and a change of settings never pass each other unseen,
        the later of the two fails to serialize."""
        self.env.cr.execute(
            SQL(
                "UPDATE ar_score_part_reach SET last_match = %s WHERE company_id = %s",
                last,
                company.id,
            )
        )
        self.env["ar.score.part.reach"].invalidate_model(flush=False)

    def _last_at_rest(self):
        """The last matching before which none can still be on its way into the table.

        A matching gets its number before it is committed.
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM account_partial_reconcile WHERE create_date < %s"
                " ORDER BY id DESC LIMIT 1",
                fields.Datetime.now() - SETTLE,
            )
        )
        return rows[0][0] if rows else 0

    def _chunk_end(self, done, last):
        rows = self.env.execute_query(
            SQL(
                "SELECT MAX(id) FROM (SELECT id FROM account_partial_reconcile"
                " WHERE id > %s AND id <= %s ORDER BY id LIMIT %s) chunk",
                done,
                last,
                CHUNK,
            )
        )
        return rows[0][0] or last

    def _take_in(self, terms, journals, done, last):
        """Store the parts of the matchings between two numbers.

        Those of an entry that was reset to draft get a note: it may be changed before it is
        posted again.
        """
        chunk = SQL("match.id > %s AND match.id <= %s", done, last)
        self._insert(terms, journals, chunk)
        if self.env.cr.rowcount >= CHUNK // 50:
            self.env.cr.execute("ANALYZE ar_score_part")
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_score_part_note (match_id, company_id)
                SELECT match.id, match.company_id
                  FROM account_partial_reconcile match
                  JOIN account_move_line line ON line.id = match.debit_move_id
                  JOIN account_move_line counter ON counter.id = match.credit_move_id
                 WHERE %s AND line.company_id = ANY(%s)
                   AND (line.parent_state <> 'posted' OR counter.parent_state <> 'posted')
                """,
                chunk,
                terms.companies,
            )
        )

    def _insert(self, terms, journals, which):
        columns = SQL(", ").join(map(SQL.identifier, score_items.SETTLED))
        self.env.cr.execute(
            SQL(
                "INSERT INTO ar_score_part (%s) SELECT %s FROM (%s) part",
                columns,
                columns,
                score_items.settled(
                    terms,
                    journals,
                    score_items.customers(),
                    SQL("%s AND counter.parent_state = 'posted'", which),
                ),
            )
        )
        self.invalidate_model(flush=False)

    def _read_again(self, terms, journals, last):
        """Work off the notes. One that comes meanwhile is not seen by this transaction and stays,
        as do those of entries that are drafts."""
        noted = SQL(
            "SELECT match_id FROM ar_score_part_note WHERE company_id = ANY(%s)", terms.companies
        )
        self.env.cr.execute(SQL("DELETE FROM ar_score_part WHERE id IN (%s)", noted))
        self._insert(terms, journals, SQL("match.id IN (%s) AND match.id <= %s", noted, last))
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM ar_score_part_note
                 WHERE company_id = ANY(%s) AND match_id NOT IN (
                    SELECT match.id FROM account_partial_reconcile match
                      JOIN account_move_line line ON line.id = match.debit_move_id
                      JOIN account_move_line counter ON counter.id = match.credit_move_id
                     WHERE match.id IN (%s) AND match.id <= %s
                       AND (line.parent_state <> 'posted' OR counter.parent_state <> 'posted'))
                """,
                terms.companies,
                noted,
                last,
            )
        )
        self.env["ar.score.part.note"].invalidate_model(flush=False)


class ScorePartNote(models.Model):
    """A matching whose stored part, if there is one, may no longer be true.

    Added by the database (see ``score_part_sql``), more than once for some, worked off at night.
    """

    _name = "ar.score.part.note"
    _description = "Settled part to be read again"
    _log_access = False
    _rec_name = "match_id"

    match_id = fields.Integer("Matching", required=True, help="Its number: it may be gone.")
    company_id = fields.Integer()

    def init(self):
        self.env.cr.execute(score_part_sql.INSTALL)


class ScorePartReach(models.Model):
    """Up to which matching the settled parts of a company and its branches are stored."""

    _name = "ar.score.part.reach"
    _description = "Reach of the stored parts"
    _log_access = False
    _rec_name = "company_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    last_match = fields.Integer(required=True, readonly=True)

    _company_unique = models.Constraint(
        "UNIQUE(company_id)", "The parts of a company are stored once."
    )
