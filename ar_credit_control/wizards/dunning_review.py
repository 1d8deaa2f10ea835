from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty


class DunningReview(models.TransientModel):
    """One decision of a review for many notices."""

    _name = "ar.dunning.review"
    _description = "Review dunning notices"

    notice_ids = fields.Many2many("ar.dunning.notice", required=True)
    notice_count = fields.Integer(compute="_compute_notice_count")
    decision = fields.Selection(
        [
            ("leave_out", "Leave out of this run"),
            ("exclude", "Leave out, and do not chase until a day"),
            ("channel", "Send by another channel"),
            ("opening", "Begin the text with a paragraph"),
        ],
        required=True,
        default="leave_out",
    )
    reason = fields.Char()
    date_to = fields.Date(string="Until")
    opening = fields.Html(string="First paragraph")
    by_email = fields.Boolean(string="E-mail")
    by_letter = fields.Boolean(string="Letter")
    by_call = fields.Boolean(string="Phone call")

    @api.depends("notice_ids")
    def _compute_notice_count(self):
        for wizard in self:
            wizard.notice_count = len(wizard.notice_ids)

    def action_apply(self):
        """Carry the decision out for every notice."""
        self.ensure_one()
        {"channel": self._change_channel, "opening": self._begin_with}.get(
            self.decision, self._leave_out
        )()
        return {"type": "ir.actions.act_window_close"}

    def _leave_out(self):
        if not (self.reason or "").strip():
            raise UserError(self.env._("Give a reason: it stands in the run's report."))
        if self.decision == "exclude":
            if not self.date_to:
                raise UserError(self.env._("Set the day until which the customers are not chased."))
            for notice in self.notice_ids:
                self.env["ar.dunning.exclusion"].create(
                    {
                        "company_id": notice.company_id.id,
                        "partner_id": notice.partner_id.id,
                        "reason": self.reason,
                        "date_to": self.date_to,
                    }
                )
        self.notice_ids.note = self.reason
        self.notice_ids.action_leave_out()

    def _change_channel(self):
        if not (self.by_email or self.by_letter or self.by_call):
            raise UserError(self.env._("Choose at least one channel."))
        without = self.notice_ids.filtered(lambda n: not n.recipient_id.email_normalized)
        if self.by_email and without:
            raise UserError(
                self.env._(
                    "%s has no valid e-mail address: enter one, or choose another channel.",
                    without[0].recipient_id.display_name,
                )
            )
        names = ("by_email", "by_letter", "by_call")
        self.notice_ids.write({**{name: self[name] for name in names}, "ask_salesperson": False})

    def _begin_with(self):
        """Before the level's text, so that items which fall out until then leave the table too."""
        if is_html_empty(self.opening):
            raise UserError(self.env._("Write the paragraph with which the text shall begin."))
        edited = self.notice_ids.filtered("body")
        for notice in edited:
            notice.body = self.opening + notice.body
        (self.notice_ids - edited).opening = self.opening
