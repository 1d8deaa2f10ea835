"""Notices sent by the jobs of OCA's queue_job, where that is installed."""

from odoo.tests import tagged

from .dunning_common import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningJobs(DunningCommon):
    def setUp(self):
        super().setUp()
        if "queue.job" not in self.env:
            self.skipTest("queue_job is not installed")
        self.env = self.env(context={**self.env.context, "queue_job__no_delay": False})
        partners = [self._new_customer(f"C{n}", email=f"{n}@c.example") for n in range(5)]
        for partner in partners:
            self._invoice(partner, 100, due=-20)
        self.run = self._run().with_env(self.env).sudo()
        self.run.action_confirm()

    def _waiting(self):
        return (
            self.env["queue.job"]
            .sudo()
            .search([("model_name", "=", "ar.dunning.run"), ("state", "=", "pending")], order="id")
        )

    def _perform(self):
        """Do the jobs one after the other, as their runner would; returns how many there were."""
        from odoo.addons.queue_job.job import Job

        count = 0
        while record := self._waiting()[:1]:
            job = Job.load(self.env(su=True), record.uuid)
            job.perform()
            job.set_done()
            job.store()
            self.env.invalidate_all()
            count += 1
        return count

    def test_a_run_goes_out_in_batches_that_queue_each_other(self):
        self.run.state = "processing"
        self.run._queue_batch([], 2)
        self.assertEqual(self._waiting().channel, "root.ar_dunning")
        self.assertEqual(self._perform(), 4, "two, two and one notice, and the look for more")
        self.assertEqual(set(self.run.notice_ids.mapped("state")), {"sent"})
        self.assertEqual(self.run.state, "done")
        mails = self.env["mail.mail"].search(
            [("recipient_ids", "in", self.run.notice_ids.recipient_id.ids)]
        )
        self.assertEqual(len(mails), 5)

    def test_two_jobs_send_nothing_twice(self):
        self.run.state = "processing"
        self.run._wake_up()
        self.assertEqual(len(self._waiting()), 2)
        self._perform()
        self.assertEqual(set(self.run.notice_ids.mapped("state")), {"sent"})
        messages = self.run.notice_ids.message_id
        self.assertEqual(len(messages), 5)

    def test_a_stopped_run_leaves_its_jobs_without_work(self):
        self.run.state = "processing"
        self.run._wake_up()
        self.run.action_stop()
        self._perform()
        self.assertEqual(set(self.run.notice_ids.mapped("state")), {"queued"})
