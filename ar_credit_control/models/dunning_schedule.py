from odoo import api, fields, models


class DunningSchedule(models.Model):
    """Runs that start by themselves, up to the proposal or further."""

    _name = "ar.dunning.schedule"
    _description = "Dunning schedule"
    _order = "next_date, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id, index=True
    )
    policy_ids = fields.Many2many(
        "ar.dunning.policy", string="Only policies", check_company=True, help="Empty: all of them."
    )
    every_days = fields.Integer(string="Every (days)", default=7, required=True)
    next_date = fields.Date(required=True, default=fields.Date.context_today)
    go_through = fields.Boolean(
        string="Send without review",
        help="Notices of the levels that are sent by themselves go out at once; the others wait "
        "for their review.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Reviewer",
        required=True,
        default=lambda self: self.env.user,
        help="Is told of each run.",
    )

    _days_positive = models.Constraint(
        "CHECK(every_days > 0)", "A schedule repeats after one day or more."
    )

    @api.model
    def _start_due(self):
        """Start what is due today, once each, however long the job has not run."""
        today = fields.Date.context_today(self)
        for schedule in self.search([("next_date", "<=", today)]):
            schedule._start(today)

    def _start(self, today):
        run = self.env["ar.dunning.run"].create(
            {
                "company_id": self.company_id.id,
                "date": today,
                "policy_ids": [fields.Command.set(self.policy_ids.ids)],
                "user_id": self.user_id.id,
                "scheduled": True,
            }
        )
        run.action_propose()
        if self.go_through:
            run._queue_automatic()
        days = (today - self.next_date).days // self.every_days + 1
        self.next_date = fields.Date.add(self.next_date, days=days * self.every_days)
        run.message_post(
            body=self.env._("%s proposed notices; please review them.", self.name),
            partner_ids=self.user_id.partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )


class DunningRun(models.Model):
    _inherit = "ar.dunning.run"

    def _queue_automatic(self):
        """Send what needs no review; the rest of the proposal stays to be reviewed."""
        ready = self._get_ready().filtered("level_id.auto_send")
        if ready:
            ready.state = "queued"
            self.state = "processing"
            self._wake_up()

    @api.model
    def _cron_daily(self):
        """Levels that fell back, salespeople who did not answer, and scheduled runs."""
        for company in self.env["res.company"].search([("ar_dunning_policy_id", "!=", False)]):
            self.env["ar.credit.profile"]._refresh_dunning(company)
        self.env["ar.dunning.notice"]._cron_take_over()
        self.env["ar.dunning.schedule"]._start_due()
