import gc
from collections import defaultdict, namedtuple
from contextlib import contextmanager

import psycopg2
from odoo import fields, models
from odoo.tools import SQL

from . import dunning_sql
from .dunning_item_sql import PLACES, items_of, unpack

BATCH = 500
ATTEMPTS = 5
# Another transaction was there first: the batch starts again on what that one left.
BUSY = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)

# A line of a notice at the last look: what it asked for, why it falls out if it does, and what
# it is worth now.
Look = namedtuple(
    "Look", "line item name days was stop balance reason note residual covered asked changed"
)


@contextmanager
def collecting_later():
    """No garbage is looked for meanwhile. Core's own way of it never starts again after an error,
    and a batch that meets another one ends in an error.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class DunningRun(models.Model):
    """How notices leave: in batches, each a transaction of its own.

    A batch takes notices that nobody else has locked, looks at their items once more, and writes
    state, mail and history together. Whatever kills the process, a notice is either still to be
    sent or sent once.
    """

    _inherit = "ar.dunning.run"

    # ------------------------------------------------------------------ batches
    def _wake_up(self):
        for name in ("cron_dunning_send", "cron_dunning_send_2"):
            # safe: the jobs only work on runs that somebody entitled has started
            self.env.ref(f"ar_credit_control.{name}").sudo()._trigger()

    def _cron_process(self):
        """Go on with runs that are being sent, until they are done or time is up."""
        for run in self.search([("state", "=", "processing")], order="id"):
            if not run._work():
                return

    def _work(self, size=BATCH):
        """Send what is left, committing after each batch of ``size``; False when time ran out."""
        report, passed, attempts = self.env["ir.cron"]._commit_progress, [], 0
        while self.state == "processing":
            try:
                taken, postponed = self._process_batch(passed, size)
                if not taken:
                    self._finish()
                self.env.flush_all()
            except BUSY:
                self.env.cr.rollback()
                attempts += 1
                if attempts > ATTEMPTS:
                    break
                continue
            attempts, passed = 0, passed + postponed
            if not taken:
                break
            left = self._count_queued()
            if report(taken - len(postponed), remaining=left) <= 0 and left:
                return False
            self.env.invalidate_all()
        report(0)
        return True

    def _count_queued(self):
        domain = [("run_id", "=", self.id), ("state", "=", "queued")]
        return self.env["ar.dunning.notice"].search_count(domain)

    def _finish(self):
        """Close the run when nothing is left to send; whether it is over.

        What was held back (approval, a problem, a level that needs a review) goes on from there.
        """
        if self.state == "processing" and not self._count_queued():
            waiting = self.notice_ids.filtered(lambda notice: notice.state == "proposed")
            state = "proposal" if waiting else "done"
            self.write({"state": state, "finished_on": fields.Datetime.now()})
        return self.state != "processing"

    def _process_batch(self, passed=(), limit=BATCH):
        """Send some notices: (how many were taken, ids of those whose items are busy).

        :param passed: ids not to take again
        """
        notices = self._take(passed, limit)
        if not notices:
            return 0, []
        # a batch leaves nothing that has to be collected, and to look for it takes a tenth of it
        with collecting_later():
            busy = self._lock(notices)
            if todo := notices - busy:
                self._look_again(todo)._deliver_all()
                todo._refresh_customers()
        self.env.invalidate_all()  # what was written by statements is read anew
        return len(notices), busy.ids

    def _take(self, passed, limit):
        """Notices that no other process is sending, locked until the end of the transaction."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM ar_dunning_notice WHERE run_id = %s AND state = 'queued'"
                " AND id <> ALL(%s) ORDER BY partner_id, id LIMIT %s"
                " FOR NO KEY UPDATE SKIP LOCKED",
                self.id,
                list(passed),
                limit,
            )
        )
        return self.env["ar.dunning.notice"].browse([key for (key,) in rows])

    def _lock(self, notices):
        """Lock customers and items; returns the notices with an item that somebody is changing.

        Two runs meet at the customer's profile, which sending writes to: the later one then fails
        to serialize and starts again on what the earlier one sent. Items are only kept from
        changing until the batch is written, and what is being paid just now is not waited for.
        """
        profiles = self.env["ar.credit.profile"]
        profiles._ensure(notices.partner_id.ids, self.company_id)
        self.env.cr.execute(
            SQL(
                "SELECT id FROM ar_credit_profile WHERE company_id = %s AND partner_id = ANY(%s)"
                " ORDER BY id FOR NO KEY UPDATE",
                self.company_id.id,
                notices.partner_id.ids,
            )
        )
        rows = self.env.execute_query(
            SQL(
                """
                WITH line AS MATERIALIZED (%s), still AS MATERIALIZED (
                    SELECT id FROM account_move_line
                     WHERE id IN (SELECT move_line_id FROM line)
                     ORDER BY id FOR SHARE SKIP LOCKED
                )
                SELECT DISTINCT notice_id FROM line
                 WHERE move_line_id NOT IN (SELECT id FROM still)
                   AND (SELECT id FROM account_move_line entry
                         WHERE entry.id = line.move_line_id) IS NOT NULL
                """,
                items_of(notices.ids),
            )
        )
        return notices.browse([key for (key,) in rows])

    # ------------------------------------------------------------------ the last look
    def _look_again(self, notices):
        """Read the items once more: what was paid or left out since falls out and says so.

        Returns the notices that are still to be sent, with what is open now.
        """
        self._load(self._get_scope(notices.partner_id.ids))
        rows = self.env.execute_query(_compare(notices.ids))
        self.env.cr.execute(dunning_sql.drop())
        found = defaultdict(list)
        for key, *look in rows:
            found[key].append(Look(*look))
        news = notices.browse(found).with_prefetch(notices.ids)
        outcome = {notice: notice._compare_items(found[notice.id]) for notice in news}
        if changed := news.filtered(lambda notice: outcome[notice] == "changed"):
            self._set_charges(changed.ids)
        dropped = news.filtered(lambda notice: outcome[notice] == "dropped")
        broken = (notices - dropped).filtered("problem")
        broken.state = "failed"
        return notices - dropped - broken

    def _set_start(self):
        """Take the proposed levels as where customers stand, without sending anything."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE ar_dunning_notice SET state = 'start'"
                " WHERE run_id = %s AND state = 'queued'",
                self.id,
            )
        )
        self.env.invalidate_all(flush=False)
        self.env["ar.credit.profile"]._refresh_dunning(self.company_id)


def _compare(ids) -> SQL:
    """Of the notices with news: what each line is worth now, and why it falls out if it does.

    Most have none, and nothing is read of them. A notice that lost all of its items is one row.
    """
    return SQL(
        """
        WITH line AS MATERIALIZED (
            SELECT notice.id AS notice_id, notice.partner_id, line.position,
                   line.move_line_id, line.name, line.days, line.held,
                   line.residual, line.covered
              FROM ar_dunning_notice notice
         LEFT JOIN LATERAL (SELECT * FROM %(items)s) line ON TRUE
             WHERE notice.id = ANY(%(ids)s)
        ), look AS (
            SELECT line.*, account.stop, COALESCE(account.balance, 0)::float8 AS balance,
                   CASE WHEN open.line_id IS NULL OR open.residual <= 0 THEN 'paid'
                        WHEN item.line_id IS NULL THEN 'changed'
                        WHEN item.reason IS NOT NULL THEN item.reason
                        WHEN item.held > line.held THEN 'sent' END AS reason,
                   item.note, item.residual_currency::float8 AS open,
                   item.covered::float8 AS covers, item.asked::float8 AS asked,
                   item.residual_currency <> line.residual OR item.covered <> line.covered
                   AS changed
              FROM line
         LEFT JOIN ar_dunning_open open ON open.line_id = line.move_line_id
         LEFT JOIN ar_dunning_item item ON item.line_id = line.move_line_id
         LEFT JOIN ar_dunning_account account ON account.customer_id = line.partner_id
        )
        SELECT notice_id, notice_id::int8 * %(places)s + position,
               (SELECT id FROM account_move_line entry WHERE entry.id = move_line_id),
               name, days, (residual - covered)::float8, stop, balance,
               reason, note, open, covers, asked, changed
          FROM look
         WHERE notice_id IN (SELECT notice_id FROM look
                              WHERE reason IS NOT NULL OR stop IS NOT NULL OR changed)
      ORDER BY notice_id, position
        """,
        items=unpack("move_line_id", "name", "days", "held", "residual", "covered"),
        ids=ids,
        places=SQL(str(PLACES)),
    )
