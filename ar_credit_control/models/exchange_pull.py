import logging
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...connectors.accounts import Account, open_feed
from ...connectors.contract import next_since
from ...connectors.errors import ConnectorError, Malformed
from .exchange_account import FEEDS
from .exchange_ahead import Ahead
from .exchange_document import POLLED
from .exchange_reading import set_apart_row

_logger = logging.getLogger(__name__)
FIRST = timedelta(days=30)
# Another transaction was there first: the next reading repeats the page.
BUSY = (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected)


class ExchangeAccount(models.Model):
    """Reads what providers have to tell: some pages and their cursor in each commit."""

    _inherit = "ar.exchange.account"

    # ------------------------------------------------------------------ when
    def action_pull(self):
        """Read now: the job does it, so that nobody waits for the provider."""
        self.check_access("read")
        for account in self:
            if not account.is_feed:
                raise UserError(
                    self.env._("%s has no provider to ask: upload its messages.", account.name)
                )
        # safe: all that is done is to read earlier what would be read anyway
        self.sudo()._wake_up()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("The messages are being fetched."),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _wake_up(self):
        self.next_run = fields.Datetime.now()
        self.env.ref("ar_credit_control.cron_exchange_pull")._trigger()

    @api.model
    def _cron_pull(self):
        """Read the accounts whose time has come, until all are read or time is up."""
        due = fields.Domain("next_run", "=", False) | fields.Domain(
            "next_run", "<=", fields.Datetime.now()
        )
        accounts = self.search(due & fields.Domain("provider", "in", list(FEEDS)))
        for account in accounts.sorted(lambda found: found.next_run or datetime.min):
            if not account._pull():
                return
        self._plan_next()

    def _plan_next(self):
        """The job comes back when the next account is due, not only at its own interval."""
        times = self.search([("provider", "in", list(FEEDS))]).mapped("next_run")
        times = [moment for moment in times if moment and moment > fields.Datetime.now()]
        if times:
            self.env.ref("ar_credit_control.cron_exchange_pull").sudo()._trigger(min(times))

    # ------------------------------------------------------------------ how
    def _pull(self, report=None):
        """Read to the end of what there is; False when time ran out before.

        ``report(processed, remaining=)`` is called after each page, commits, and returns the
        seconds that are left.
        """
        self.ensure_one()
        report = report or self.env["ir.cron"]._commit_progress
        try:
            return self._read_pages(report)
        except ConnectorError as error:
            self._note_failure(error)
            report(0, remaining=0)
        except BUSY:
            self.env.cr.rollback()
            _logger.info("Exchange account %s: another process was at work, reading later", self.id)
        return True

    def _read_pages(self, report):
        with ExitStack() as stack:
            count, ahead = 0, None
            while self._claim():
                ahead = ahead or stack.enter_context(self._read_ahead())
                taken, done = self._pull_page(ahead)
                count += taken
                if done:
                    self.last_count = count
                self.env.flush_all()
                left = report(taken, remaining=0 if done else 1)
                if done or left <= 0:
                    return done
                self.env.invalidate_all()  # a long reading must not keep all that it saw
        return True  # another process reads this account

    def _claim(self):
        """Keep other processes from reading the same account until the next commit."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM ar_exchange_account WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED",
                self.id,
            )
        )
        self.invalidate_recordset()
        return bool(rows)

    def _open_feed(self):
        documents, known = self._get_polled()
        account = Account(
            provider=self.provider,
            base=self.base_url or "",
            user=self.user_name or "",
            secret=self.secret or "",
            local=bool(self._get_simulator()),
            documents=documents,
            known=known,
        )
        return open_feed(account)

    def _read_ahead(self):
        """The feed's batches; what is asked one by one is noted with each, so never ahead."""
        since = (self.since or fields.Datetime.now() - FIRST).replace(tzinfo=timezone.utc)
        return Ahead(self._open_feed(), since, self.network, eager=self.provider not in POLLED)

    def _pull_page(self, ahead):
        """Take in the provider's next pages: (messages, whether these were the last)."""
        if not self.cursor:
            self.started = fields.Datetime.now()
        batch = ahead.take(self.cursor or None)
        self._take_in_safely(batch.messages, "feed", batch.rows)
        self._note_polled(ahead.feed, batch.messages)
        self.cursor = batch.following or False
        if not batch.following:
            self._note_success()
        return len(batch.messages), not batch.following

    def _take_in_safely(self, messages, source, rows=None):
        """Take messages in; what breaks a page is found by halves, and kept apart.

        ``rows`` are what they say, where that was read before.
        """
        try:
            with self.env.cr.savepoint():
                if rows is None:
                    return self._take_in(messages, source)
                return self._take_rows(rows, source)
        except Exception as error:
            if not messages or _is_ours(error):
                raise
            if len(messages) == 1:
                _logger.exception("Exchange account %s: a message was set apart", self.id)
                return self._set_apart(messages[0], source, error)
            middle = len(messages) // 2
            first = self._take_in_safely(messages[:middle], source)
            return first + self._take_in_safely(messages[middle:], source)

    def _set_apart(self, message, source, error):
        """Keep a message that the machine stumbled over."""
        problem = Malformed(f"{type(error).__name__}: {error}")
        rows = self._without_known([set_apart_row(message, self.network, problem)])
        return self._store(rows, source)

    # ------------------------------------------------------------------ how it went
    def _note_success(self):
        self.env["ar.delivery.problem"]._tell(self)
        self.write(
            {
                "since": next_since(self.started.replace(tzinfo=timezone.utc)).replace(tzinfo=None),
                "last_run": fields.Datetime.now(),
                "next_run": fields.Datetime.now() + timedelta(minutes=self.interval),
                "last_error": False,
                "last_remedy": False,
            }
        )

    def _note_failure(self, error):
        """Remember what went wrong, and tell the owner when it begins and needs a person."""
        began = not self.last_error
        self.env["ar.delivery.problem"]._tell(self)
        wait = timedelta(seconds=min(error.retry_after or 0, 86_400))
        self.write(
            {
                "last_error": str(error)[:500],
                "last_remedy": error.remedy,
                "next_run": fields.Datetime.now() + max(wait, timedelta(minutes=self.interval)),
            }
        )
        if error.kind() == "malformed":
            self.cursor = False  # the page that cannot be read is asked for anew
        if began and error.kind() != "retryable":
            self.message_notify(
                partner_ids=self.user_id.partner_id.ids,
                subject=self.env._("%s cannot be read", self.name),
                body=f"{error} {error.remedy}",
                model=self._name,
                res_id=self.id,
            )


def _is_ours(error):
    """Whether the database refuses for reasons of its own, which no message is to blame for."""
    ours = isinstance(error, psycopg2.Error)
    return ours and not isinstance(error, (psycopg2.DataError, psycopg2.IntegrityError))
