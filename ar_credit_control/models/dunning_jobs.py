from odoo import models

from .dunning_process import BATCH

CHANNEL = "root.ar_dunning"
WORKERS = 2  # batches of one run under way at a time, if the channel's capacity allows


class DunningRun(models.Model):
    """With OCA's ``queue_job`` installed, notices go out as its jobs, in a channel of their own.

    A job may not commit, so each is one batch, which queues the next one while something is left.
    Batches that stopped for good are taken up by the scheduled job, which works all the same.
    """

    _inherit = "ar.dunning.run"

    def _wake_up(self):
        if "queue.job" not in self.env:
            return super()._wake_up()
        for run in self:
            for _worker in range(WORKERS):
                run._queue_batch([], BATCH)
        return None

    def _queue_batch(self, passed, limit):
        delayed = self.with_delay(
            channel=CHANNEL, description=self.env._("Send notices: %s", self.name)
        )
        delayed._send_batch(passed, limit)

    def _send_batch(self, passed, limit):
        """Send up to ``limit`` notices, but those with the ids in ``passed``, then queue the rest.

        ``queue_job`` starts a batch that fails to serialize again.
        """
        if self.state != "processing":
            return
        taken, postponed = self._process_batch(passed, limit)
        if taken:
            self._queue_batch([*passed, *postponed], limit)
        else:
            self._finish()
