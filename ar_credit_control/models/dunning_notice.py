from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from .dunning_channel import CHANNELS, channel_names
from .dunning_item_sql import CHARGES, unpack
from .unkeyed import Unkeyed

STATES = [
    ("proposed", "Proposed"),
    ("left_out", "Left out"),
    ("queued", "To be sent"),
    ("sent", "Sent"),
    ("dropped", "Fell out"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
    ("start", "Starting level"),
]
# States in which a notice counts as the level that its items were reminded at.
COUNTS = ("sent", "start")
REVIEWED = {*CHANNELS, "subject", "opening", "body", "note"}


class DunningNotice(models.Model):
    """What one customer is told in one currency: proposed, reviewed, and kept as it was sent."""

    _name = "ar.dunning.notice"
    _description = "Dunning notice"
    _order = "run_id desc, amount_company desc, id"

    run_id = Unkeyed("ar.dunning.run", required=True)
    company_id = Unkeyed("res.company", required=True, readonly=True)
    date = fields.Date(required=True, readonly=True)
    partner_id = Unkeyed("res.partner", string="Customer", required=True, readonly=True)
    recipient_id = Unkeyed("res.partner", required=True, readonly=True)
    currency_id = Unkeyed("res.currency", string="Notice currency", required=True, readonly=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = Unkeyed("ar.dunning.policy", required=True, readonly=True)
    assignment_id = Unkeyed("ar.dunning.assignment", string="By rule", readonly=True)
    policy_reason = fields.Char(compute="_compute_policy_reason", string="Why this policy")
    level_id = Unkeyed("ar.dunning.level", required=True, readonly=True)
    level_number = fields.Integer("Level number", readonly=True)
    proposed_number = fields.Integer("Proposed level", readonly=True)
    state = fields.Selection(STATES, required=True, default="proposed", readonly=True)
    by_email = fields.Boolean(string="E-mail")
    by_letter = fields.Boolean(string="Letter")
    by_call = fields.Boolean(string="Phone call")
    ask_salesperson = fields.Boolean(string="Salesperson first")
    channel = fields.Char(compute="_compute_channel")
    rerouted = fields.Selection(
        [
            ("no_email", "No e-mail address"),
            ("no_address", "No postal address"),
            ("no_salesperson", "No salesperson"),
        ],
        readonly=True,
        help="Why the notice goes out by another channel than its level's.",
    )
    amount = fields.Monetary(string="To pay", readonly=True)
    amount_company = fields.Monetary(
        string="To pay (company currency)",
        currency_field="company_currency_id",
        readonly=True,
    )
    interest = fields.Monetary(readonly=True)
    compensation = fields.Monetary(readonly=True)
    charge = fields.Monetary(string="Dunning charge", readonly=True)
    amount_total = fields.Monetary(compute="_compute_amount_total", string="Total")
    item_count = fields.Integer("Items", readonly=True)
    days = fields.Integer("Days late", readonly=True, help="Days past due of the oldest item.")
    deadline = fields.Date(readonly=True)
    problem = fields.Char(readonly=True, help="What keeps the notice from being sent.")
    note = fields.Char(string="Remark", help="Why it was left out or changed in the review.")
    needs_approval = fields.Boolean(readonly=True)
    approved_by_id = Unkeyed("res.users", readonly=True)
    collector_id = Unkeyed("res.users", readonly=True)
    salesperson_id = Unkeyed("res.users", readonly=True)
    left_out_ids = fields.One2many("ar.dunning.left.out", "notice_id", readonly=True)
    subject = fields.Char(help="Edited in the review, or kept as it was sent.")
    opening = fields.Html(
        sanitize=True, string="First paragraph", help="Stands before the text of the level."
    )
    # read by itself: nothing else about a notice takes as long to read
    body = fields.Html(
        sanitize=True, prefetch=False, help="Edited in the review, or kept as it was sent."
    )
    items_hash = fields.Char(readonly=True)
    sent_on = fields.Datetime(readonly=True)
    message_id = Unkeyed("mail.message", readonly=True, index="btree_not_null")
    mail_status = fields.Selection(
        [
            ("waiting", "Queued"),
            ("sent", "Sent"),
            ("bounced", "Returned"),
            ("failed", "Not sent"),
        ],
        compute="_compute_mail_status",
        search="_search_mail_status",
    )
    mail_error = fields.Char(compute="_compute_mail_status")
    activity_id = Unkeyed("mail.activity", readonly=True, index="btree_not_null")
    taken_over = fields.Boolean(readonly=True, help="The collector took over from sales.")
    charge_move_id = Unkeyed(
        "account.move",
        string="Draft of interest and charges",
        readonly=True,
        index="btree_not_null",
    )

    _run_state_idx = models.Index("(run_id, state)")
    _partner_idx = models.Index("(company_id, partner_id, state, create_date)")
    # A second notice of a level about the same items cannot be sent, whatever happens.
    _sent_once = models.UniqueIndex(
        "(company_id, partner_id, level_number, items_hash) WHERE state = 'sent'",
        "This customer was sent a notice of this level about the same items.",
    )

    # ------------------------------------------------------------------ computed
    @api.depends("partner_id", "level_id", "date")
    def _compute_display_name(self):
        for notice in self:
            notice.display_name = self.env._(
                "%(level)s – %(customer)s",
                level=notice.level_id.name or "",
                customer=notice.partner_id.display_name,
            )

    @api.depends("assignment_id", "policy_id")
    def _compute_policy_reason(self):
        by_hand = dict(
            self.env["ar.credit.profile"]._read_group(
                [("partner_id", "in", self.partner_id.ids), ("dunning_policy_id", "!=", False)],
                ["partner_id"],
                ["dunning_policy_id:recordset"],
            )
        )
        for notice in self:
            rule = notice.assignment_id
            if rule:
                notice.policy_reason = self.env._("by rule: %s", rule.sudo().description)
            elif notice.policy_id in by_hand.get(notice.partner_id, ()):
                notice.policy_reason = self.env._("set for this customer")
            else:
                notice.policy_reason = self.env._("the company's policy")

    @api.depends(*CHANNELS)
    @api.depends_context("lang")
    def _compute_channel(self):
        for notice in self:
            notice.channel = channel_names(notice)

    @api.depends("amount", "interest", "compensation", "charge")
    def _compute_amount_total(self):
        for notice in self:
            notice.amount_total = notice._get_total()

    def _get_total(self):
        """The total, where many are needed at once: fields of amounts take long to set."""
        return self.amount + self.interest + self.compensation + self.charge

    @api.depends("message_id.notification_ids.notification_status")
    def _compute_mail_status(self):
        # whoever sees the notice sees what became of its mail
        for notice, sudo in zip(self, self.sudo(), strict=True):
            mails = sudo.message_id.notification_ids.filtered(
                lambda told: told.notification_type == "email"
            )
            notice.mail_status = STATUS.get(mails[:1].notification_status)
            failed = notice.mail_status == "failed"
            notice.mail_error = mails[:1].failure_reason if failed else False

    def _search_mail_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = [status for status, meaning in STATUS.items() if meaning in value]
        # whoever sees the notice sees what became of its mail
        messages = (
            self.env["mail.message"]
            .sudo()
            ._search(
                [
                    ("notification_ids.notification_type", "=", "email"),
                    ("notification_ids.notification_status", "in", wanted),
                ]
            )
        )
        return [("message_id", "in", messages)]

    # ------------------------------------------------------------------ review
    def write(self, vals):
        """What a review may change by hand; everything else is written by the machine."""
        if not self.env.su:
            if vals.keys() - REVIEWED:
                raise AccessError(
                    self.env._("A notice changes by its buttons only, not by writing its fields.")
                )
            self._require_proposed()
        return super().write(vals)

    def _require_proposed(self):
        if other := self.filtered(lambda n: n.state not in ("proposed", "left_out")):
            raise UserError(
                self.env._(
                    "“%(notice)s” is past its review (%(state)s): nothing about it can be changed.",
                    notice=other[0].display_name,
                    state=dict(STATES)[other[0].state],
                )
            )

    def _require_collector(self):
        self.check_access("write")

    def action_leave_out(self):
        """Do not send these notices in this run."""
        self._require_collector()
        self._require_proposed()
        self.sudo().state = "left_out"  # checked above

    def action_take_in(self):
        self._require_collector()
        self._require_proposed()
        self.sudo().filtered(lambda n: n.state == "left_out").state = "proposed"

    def action_approve(self):
        """A credit manager agrees to notices above the ceiling of their level."""
        self._require_collector()
        if not self.env.user.has_group("ar_credit_control.group_credit_manager"):
            raise AccessError(self.env._("Only a credit manager approves notices."))
        self._require_proposed()
        self.sudo().filtered("needs_approval").approved_by_id = self.env.user

    def action_raise(self):
        """One level higher than it is, by a person's decision."""
        self._shift(1)

    def action_lower(self):
        self._shift(-1)

    def _shift(self, step):
        self._require_collector()
        self._require_proposed()
        for notice in self.sudo():  # checked above
            levels = notice.policy_id.level_ids
            number = notice.level_number + step
            if not 1 <= number <= len(levels):
                raise UserError(
                    self.env._(
                        "“%(notice)s”: policy “%(policy)s” has no level %(number)s.",
                        notice=notice.display_name,
                        policy=notice.policy_id.display_name,
                        number=number,
                    )
                )
            notice._set_level(levels[number - 1])
        self.sudo().run_id._set_charges(self.ids)

    def _set_level(self, level):
        channels = {name: level[name] for name in CHANNELS if not self.rerouted}
        self.run_id.level_ids |= level
        self.write(
            {
                **channels,
                "level_id": level.id,
                "level_number": level.number,
                "deadline": fields.Date.add(self.date, days=level.deadline_days),
                "needs_approval": self._exceeds(level),
                "approved_by_id": False,
            }
        )
        self._update_snapshot(
            {
                "level_number": SQL(
                    "ARRAY(SELECT LEAST(%s, GREATEST(item.level_number, item.reached))"
                    " FROM %s ORDER BY item.position)",
                    level.number,
                    unpack("level_number", "reached"),
                )
            }
        )

    def _exceeds(self, level):
        ceiling = level.approval_amount * level.policy_id._get_rate(self.date)
        return bool(ceiling) and self.amount_company > ceiling

    def action_reckon_again(self):
        """Reckon interest and compensation anew, after a missing rate was entered."""
        self._require_collector()
        self._require_proposed()
        for run, notices in self.sudo().grouped("run_id").items():  # checked above
            run._set_charges(notices.ids)

    def action_without_charges(self):
        """Send these notices without interest, compensation and charge."""
        self._require_collector()
        self._require_proposed()
        for notice in self.sudo():  # checked above
            notice._set_items({name: [0] * notice.item_count for name in CHARGES})
        self.sudo().write({**dict.fromkeys(CHARGES, 0), "charge": 0, "problem": False})

    # ------------------------------------------------------------------ afterwards
    def action_cancel(self):
        """Take a sent notice back: its level no longer counts, the record of it stays."""
        self._require_collector()
        if wrong := self.filtered(lambda n: n.state not in COUNTS):
            raise UserError(
                self.env._("“%s” was not sent: there is nothing to cancel.", wrong[0].display_name)
            )
        for notice in self.sudo():  # checked above
            notice.state = "cancelled"
            notice._recall()
        self.sudo()._refresh_customers()

    def _recall(self):
        """Stop what has not left yet, and say on the customer's chatter what happened."""
        mails = self.env["mail.mail"].search(
            [("mail_message_id", "=", self.message_id.id), ("state", "=", "outgoing")]
        )
        if self.message_id:
            mails.cancel()
            self.message_id.notification_ids.filtered(
                lambda told: told.notification_status == "ready"
            ).notification_status = "canceled"
        self.activity_id.unlink()
        self.partner_id.message_post(
            body=self.env._(
                "Dunning notice cancelled by %(user)s: %(notice)s of %(date)s.",
                user=self.env.user.name,
                notice=self.level_id.name,
                date=format_date(self.env, self.date),
            ),
            subtype_xmlid="mail.mt_note",
        )

    def action_retry(self):
        """Try notices again that failed."""
        self._require_collector()
        failed = self.sudo().filtered(lambda n: n.state == "failed")  # checked above
        failed.write({"state": "queued", "problem": False})
        failed.run_id.filtered(lambda run: run.state == "done").state = "processing"
        failed.run_id._wake_up()

    def _refresh_customers(self):
        for company, notices in self.grouped("company_id").items():
            self.env["ar.credit.profile"]._refresh_dunning(company, notices.partner_id.ids)

    @api.ondelete(at_uninstall=False)
    def _unlink_never_sent(self):
        if kept := self.filtered(lambda n: n.state in ("sent", "cancelled", "start")):
            raise UserError(
                self.env._("“%s” was sent and is kept: cancel it instead.", kept[0].display_name)
            )
        # what was left out of them goes with them, whoever may delete them
        self.env["ar.dunning.left.out"].sudo().search([("notice_id", "in", self.ids)]).unlink()

    def action_open_partner(self):
        self.ensure_one()
        return self.partner_id.get_formview_action()


STATUS = {
    "ready": "waiting",
    "process": "waiting",
    "pending": "waiting",
    "sent": "sent",
    "bounce": "bounced",
    "exception": "failed",
    "canceled": "failed",
}


def _cause(error):
    """The reason at the bottom of an error, in one line."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return " ".join(str(error).split()) or type(error).__name__
