from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from .dunning_notice import _cause

REPORT = "ar_credit_control.report_dunning_notice"
CHUNK = 50  # letters in one call of wkhtmltopdf


class DunningNotice(models.Model):
    """Letters on paper: printed in the background after their notices, many at a time, and kept.

    A letter is printed when its notice was sent and committed: drawing takes seconds, in which no
    item may be locked. What was printed lies on the notice as an attachment; what was not is
    found by its absence, so that a job that was stopped goes on where it was.
    """

    _inherit = "ar.dunning.notice"

    _letter_idx = models.Index("(id) WHERE by_letter AND state = 'sent'")

    def _deliver(self):
        result = super()._deliver()
        if any(self.mapped("by_letter")):
            # safe: the job prints letters of notices that somebody entitled has sent
            self.env.ref("ar_credit_control.cron_dunning_letters").sudo()._trigger()
        return result

    def _cron_print_letters(self):
        """Print what is waiting, committing after each chunk."""
        if self.env["ir.actions.report"].get_wkhtmltopdf_state() == "install":
            return
        last = 0
        while notices := self._take_unprinted(after=last):
            notices._print_letters()
            last = notices[-1].id
            if self.env["ir.cron"]._commit_progress(len(notices)) <= 0:
                break

    def _take_unprinted(self, after=0, limit=CHUNK):
        """Letters not printed yet, by id, locked so that another worker takes others."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM ar_dunning_notice notice
                 WHERE state = 'sent' AND by_letter AND problem IS NULL AND id > %s
                   AND NOT EXISTS (
                       SELECT FROM ir_attachment
                        WHERE res_model = 'ar.dunning.notice' AND res_id = notice.id
                          AND name = 'dunning_notice_' || notice.id || '.pdf')
              ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
                """,
                after,
                limit,
            )
        )
        return self.browse([key for (key,) in rows])

    def _print_letters(self):
        """Print and keep; a letter that cannot be printed says why, and the rest go on."""
        try:
            with self.env.cr.savepoint():
                self.env["ir.actions.report"]._render_qweb_pdf(REPORT, self.ids)
        except Exception as error:  # noqa: BLE001 found again, and kept, one by one
            if len(self) == 1:
                self.problem = self.env._("The letter cannot be printed: %s", _cause(error))
                return
            for notice in self:
                notice._print_letters()


class DunningRun(models.Model):
    _inherit = "ar.dunning.run"

    def action_print_letters(self):
        """The letters of these runs in one file, for the printer."""
        letters = self.notice_ids.filtered(lambda n: n.by_letter and n.state == "sent")
        if not letters:
            raise UserError(self.env._("No notice of this run was sent as a letter."))
        letters.check_access("read")
        for chunk in split_every(CHUNK, letters.ids, letters.browse):
            chunk.sudo()._print_letters()  # read access was checked; printing keeps a copy
        return self.env.ref("ar_credit_control.action_report_dunning_notice").report_action(letters)
