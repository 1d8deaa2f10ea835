"""Drawing the statements of very many people: in the background, a batch and a commit at a time."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

PEOPLE = 100  # statements of a batch


class CommissionDrawing(models.Model):
    """Statements of a period that are being drawn.

    It can be stopped and resumed at any time: whoever has his statement is not drawn again.
    """

    _name = "ar.commission.drawing"
    _description = "Drawing of commission statements"
    _order = "id desc"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    user_id = fields.Many2one(
        "res.users",
        string="Drawn by",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
    )
    date_from = fields.Date(string="From", required=True, readonly=True)
    date_to = fields.Date(string="Until", required=True, readonly=True)
    state = fields.Selection(
        [("running", "Running"), ("stopped", "Stopped"), ("done", "Done")],
        required=True,
        readonly=True,
        default="running",
    )
    done = fields.Integer(string="Statements drawn", readonly=True)
    total = fields.Integer(string="People", readonly=True)
    progress = fields.Float(compute="_compute_progress")

    _one_running = models.UniqueIndex(
        "(company_id) WHERE state = 'running'",
        "Statements of this company are being drawn already: wait until that is done, or stop it.",
    )

    @api.depends("done", "total", "state")
    def _compute_progress(self):
        for drawing in self:
            part = drawing.done / drawing.total if drawing.total else 0.0
            drawing.progress = 100.0 if drawing.state == "done" else min(99.0, 100.0 * part)

    @api.depends("date_from", "date_to")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for drawing in self:
            first, last = drawing.date_from, drawing.date_to
            drawing.display_name = f"{format_date(self.env, first)} – {format_date(self.env, last)}"

    @api.model_create_multi
    def create(self, vals_list):
        drawings = super().create(vals_list)
        drawings._trigger()
        return drawings

    def _trigger(self):
        # the job belongs to nobody; that it runs soon is all that is asked
        self.env.ref("ar_credit_control.cron_commission_draw").sudo()._trigger()

    def action_stop(self):
        self.filtered(lambda drawing: drawing.state == "running").state = "stopped"

    def action_resume(self):
        if wrong := self.filtered(lambda drawing: drawing.state != "stopped")[:1]:
            raise UserError(self.env._("%s is not stopped: reload the page.", wrong.display_name))
        self.state = "running"
        self._trigger()

    def action_open_statements(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_commission_statement"
        )
        period = [("company_id", "=", self.company_id.id), ("date_from", "=", self.date_from)]
        return {**action, "domain": period, "context": {}}

    @api.model
    def _cron_draw(self):
        cron = self.env["ir.cron"]
        for drawing in self.search([("state", "=", "running")], order="id"):
            while drawing.state == "running":
                left = drawing._step()
                if cron._commit_progress(1, remaining=left) <= 0:
                    return
                drawing.invalidate_recordset()  # somebody may have stopped it

    def _step(self):
        """Reckon a batch of what changed, or draw one of statements; how many are left at most."""
        due = self.env["ar.commission.due"]
        if due._calculate_batch():
            return self.total + due._count()
        # statements are drawn with the rights of who asked for them
        statements = self.env["ar.commission.statement"].with_user(self.user_id)
        if not self.done:
            statements._update_drafts(self.company_id, self.date_from)
        new = statements._draw_new(self.company_id, self.date_from, self.date_to, limit=PEOPLE)
        self.done += len(new)
        if not new:
            self.state = "done"
        return max(self.total - self.done, 1) if new else 0
