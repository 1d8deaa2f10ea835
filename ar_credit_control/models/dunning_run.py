from collections import Counter, defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

RUN_STATES = [
    ("draft", "New"),
    ("proposal", "In review"),
    ("confirmed", "Confirmed"),
    ("processing", "Being sent"),
    ("stopped", "Stopped"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]
OPEN = ("proposal", "confirmed", "processing", "stopped")
BY_MACHINE = {
    *("state", "proposed_on", "finished_on", "kind", "scheduled", "level_ids", "currency_ids"),
}
OVER = ("sent", "dropped", "failed", "cancelled", "start")
COUNTED = {
    "proposed": "proposed_count",
    "queued": "queued_count",
    "sent": "sent_count",
    "dropped": "dropped_count",
    "failed": "failed_count",
    "left_out": "left_out_count",
}


class DunningRun(models.Model):
    """A batch of notices: it proposes, a person reviews, the machine sends."""

    _name = "ar.dunning.run"
    _description = "Dunning run"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(
        required=True,
        default=fields.Date.context_today,
        tracking=True,
        help="Days late and interest are counted up to this day. A later day than today makes "
        "the run a simulation.",
    )
    kind = fields.Selection(
        [("run", "Dunning run"), ("start", "Starting levels")],
        required=True,
        default="run",
        readonly=True,
    )
    is_simulation = fields.Boolean(compute="_compute_is_simulation")
    policy_ids = fields.Many2many(
        "ar.dunning.policy",
        string="Only policies",
        check_company=True,
        help="Empty: customers of every policy.",
    )
    partner_ids = fields.Many2many("res.partner", string="Only customers", help="Empty: everybody.")
    state = fields.Selection(
        RUN_STATES, required=True, default="draft", readonly=True, tracking=True, index=True
    )
    scheduled = fields.Boolean(readonly=True, help="Made by the schedule.")
    user_id = fields.Many2one("res.users", string="Made by", default=lambda self: self.env.user)
    notice_ids = fields.One2many("ar.dunning.notice", "run_id", readonly=True)
    left_out_ids = fields.One2many("ar.dunning.left.out", "run_id", readonly=True)
    # What its notices name, by keys that whoever deletes it meanwhile meets (``dunning_keys``).
    level_ids = fields.Many2many(
        "ar.dunning.level",
        "ar_dunning_run_level",
        "run_id",
        "level_id",
        ondelete="restrict",
        string="Levels",
        readonly=True,
        copy=False,
    )
    currency_ids = fields.Many2many(
        "res.currency",
        "ar_dunning_run_currency",
        "run_id",
        "currency_id",
        ondelete="restrict",
        string="Currencies",
        readonly=True,
        copy=False,
    )
    proposed_on = fields.Datetime(readonly=True)
    finished_on = fields.Datetime(readonly=True)
    notice_count = fields.Integer(compute="_compute_counts")
    proposed_count = fields.Integer(compute="_compute_counts", string="Proposed")
    queued_count = fields.Integer(compute="_compute_counts", string="To be sent")
    sent_count = fields.Integer(compute="_compute_counts", string="Sent")
    dropped_count = fields.Integer(compute="_compute_counts", string="Fell out")
    failed_count = fields.Integer(compute="_compute_counts", string="Failed")
    left_out_count = fields.Integer(compute="_compute_counts", string="Left out in review")
    excluded_count = fields.Integer(compute="_compute_report", string="Not chased")
    approval_count = fields.Integer(compute="_compute_report", string="Waiting for approval")
    problem_count = fields.Integer(compute="_compute_report", string="With a problem")
    rerouted_count = fields.Integer(compute="_compute_report", string="By another channel")
    amount_company = fields.Monetary(compute="_compute_counts", string="Asked for")
    progress = fields.Float(compute="_compute_counts")

    @api.depends("date", "kind")
    def _compute_name(self):
        for run in self:
            label = dict(self._fields["kind"]._description_selection(self.env))[run.kind]
            run.name = f"{label} {run.date}"

    @api.depends("date")
    def _compute_is_simulation(self):
        today = fields.Date.context_today(self)
        for run in self:
            run.is_simulation = bool(run.date and run.date > today)

    @api.depends("notice_ids.state", "notice_ids.amount_company")
    def _compute_counts(self):
        # counted, not kept: processes that send never write on the row that people press buttons on
        rows = self.env["ar.dunning.notice"]._read_group(
            [("run_id", "in", self.ids)], ["run_id", "state"], ["__count", "amount_company:sum"]
        )
        counts, amounts = defaultdict(Counter), Counter()
        for run, state, count, amount in rows:
            counts[run.id][state] = count
            amounts[run.id] += amount if state != "left_out" else 0.0
        for run in self:
            mine = counts[run._origin.id]
            run.update({name: mine[state] for state, name in COUNTED.items()})
            run.notice_count = mine.total()
            over = sum(mine[state] for state in OVER)
            run.progress = 100.0 * over / (over + mine["queued"]) if over else 0.0
            run.amount_company = amounts[run._origin.id]

    @api.depends("notice_ids", "left_out_ids")
    def _compute_report(self):
        for run in self:
            count = self.env["ar.dunning.notice"].search_count
            mine = [("run_id", "=", run._origin.id)]
            run.excluded_count = self.env["ar.dunning.left.out"].search_count(mine)
            run.approval_count = count(mine + self._waiting_domain())
            run.problem_count = count([*mine, ("problem", "!=", False)])
            run.rerouted_count = count([*mine, ("rerouted", "!=", False)])

    @api.model
    def _waiting_domain(self):
        return [
            ("needs_approval", "=", True),
            ("approved_by_id", "=", False),
            ("state", "=", "proposed"),
        ]

    # ------------------------------------------------------------------ rights
    def write(self, vals):
        if not self.env.su and BY_MACHINE & vals.keys():
            raise UserError(self.env._("A run moves on by its buttons only."))
        if {"date", "company_id", "policy_ids", "partner_ids"} & vals.keys():
            self._require("draft", "proposal")
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never_sent(self):
        if self.filtered(lambda run: run.state not in ("draft", "proposal", "cancelled")):
            raise UserError(self.env._("Only runs that sent nothing can be deleted."))
        # what the run made goes with it, whoever may delete the run; nothing of it was sent
        self.sudo().left_out_ids.unlink()
        self.sudo().notice_ids.unlink()

    def _require(self, *states):
        if wrong := self.filtered(lambda run: run.state not in states):
            labels = dict(RUN_STATES)
            raise UserError(
                self.env._(
                    "“%(run)s” is %(state)s: this works on runs that are %(states)s.",
                    run=wrong[0].name,
                    state=labels[wrong[0].state],
                    states=", ".join(labels[state] for state in states),
                )
            )

    # ------------------------------------------------------------------ buttons
    def action_propose(self):
        """Make out the notices, instead of those of an earlier proposal."""
        self.check_access("write")
        self._require("draft", "proposal")
        for run in self.sudo():  # what a collector may start; the notices are the machine's
            run._check_date()
            run._propose()

    def _check_date(self):
        last = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("notice_ids.state", "in", ("queued", "sent")),
                ("kind", "=", "run"),
                ("id", "!=", self.id),
            ],
            order="date desc",
            limit=1,
        )
        if last and self.date < last.date:
            raise UserError(
                self.env._(
                    "“%(run)s” is dated %(date)s, before the last run of %(company)s, which was of "
                    "%(last)s. Set that day or a later one.",
                    run=self.name,
                    date=self.date,
                    company=self.company_id.name,
                    last=last.date,
                )
            )

    def action_confirm(self):
        """Freeze the review: what is proposed and has no problem is to be sent."""
        self.check_access("write")
        self._require("proposal")
        for run in self.sudo():  # checked above
            run._check_confirm()
            run._queue()
            run.state = "confirmed"

    def _check_confirm(self):
        if self.is_simulation:
            raise UserError(
                self.env._(
                    "“%(run)s” is dated %(date)s and is a simulation: set today's date and propose "
                    "again to send it.",
                    run=self.name,
                    date=self.date,
                )
            )

    def _queue(self):
        """What nothing keeps back is to be sent: one statement, however many notices."""
        Notice = self.env["ar.dunning.notice"]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE ar_dunning_notice SET state = 'queued', write_uid = %s,"
                " write_date = now() at time zone 'UTC' WHERE %s",
                self.env.uid,
                Notice._search(self._ready_domain(), order="id").where_clause,
            )
        )
        if not self.env.cr.rowcount:
            raise UserError(
                self.env._("“%s” has no notice that can be sent: see its report.", self.name)
            )
        Notice.invalidate_model(["state", "write_uid", "write_date"], flush=False)

    def _get_ready(self):
        """Proposed notices that nothing keeps back."""
        return self.env["ar.dunning.notice"].search(self._ready_domain())

    def _ready_domain(self):
        return [
            ("run_id", "in", self.ids),
            ("state", "=", "proposed"),
            ("problem", "=", False),
            "|",
            ("needs_approval", "=", False),
            ("approved_by_id", "!=", False),
        ]

    def action_process(self):
        """Send: a first batch at once, the rest in the background."""
        self.check_access("write")
        self._require("confirmed", "stopped", "processing")
        for run in self.sudo():  # checked above
            run.state = "processing"
            if run.kind == "start":
                run._set_start()
            else:
                run._process_batch()
            if not run._finish():
                run._wake_up()

    def action_stop(self):
        """Stop after the batch at work; Send goes on from there."""
        self.check_access("write")
        self.sudo().filtered(lambda run: run.state == "processing").state = "stopped"

    def action_back_to_review(self):
        """Review again what was not sent."""
        self.check_access("write")
        self._require("confirmed", "stopped")
        for run in self.sudo():  # checked above
            run.notice_ids.filtered(lambda n: n.state == "queued").state = "proposed"
            run.state = "proposal"

    def action_cancel(self):
        """Give up what was not sent; what was sent stays."""
        self.check_access("write")
        self._require("draft", *OPEN)
        for run in self.sudo():  # checked above
            run.notice_ids.filtered(lambda n: n.state in ("queued", "proposed")).state = "left_out"
            sent = run.notice_ids.filtered(lambda n: n.state not in ("left_out", "failed"))
            run.state = "done" if sent else "cancelled"

    @api.model
    def action_new_start(self):
        """A run that sets starting levels by age, for the first day of use."""
        self.check_access("create")
        run = self.sudo().create({"kind": "start"})  # its kind is all that is set
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": run.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------ lists
    def action_open_notices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_dunning_notice"
        )
        return {**action, "domain": [("run_id", "=", self.id)], "context": {"in_run": True}}

    def action_open_left_out(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Left out, and why"),
            "res_model": "ar.dunning.left.out",
            "view_mode": "list",
            "domain": [("run_id", "=", self.id)],
            "context": {"search_default_group_reason": 1},
        }
