from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules.dispute import REASONS, RESOLUTIONS
from . import claim

OWN_WORDS = claim.OWN_WORDS | {"finding"}
ENDS = [
    ("credit_note", "Credit note"),
    ("rejected", "Rejected"),
    ("compromise", "Compromise"),
]
DEADLINE = {"deadline", "user_id", "reason", "contact_id"}


class Dispute(models.Model):
    """A customer refuses to pay an invoice, or a part of it, for a reason."""

    _name = "ar.dispute"
    _description = "Dispute"
    _inherit = ["ar.claim"]
    _order = "state desc, deadline, id"
    _outcome = "dispute"
    _given = DEADLINE | OWN_WORDS

    partner_id = fields.Many2one(tracking=True)
    state = fields.Selection(
        [("open", "Open"), ("resolved", "Resolved"), ("cancelled", "Cancelled")],
        default="open",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
    )
    reason = fields.Selection("_selection_reason", required=True, tracking=True)
    reason_group = fields.Selection(
        [
            ("invoicing", "Invoicing"),
            ("product", "Product"),
            ("delivery", "Delivery"),
            ("other", "Other"),
        ],
        string="Cause",
        compute="_compute_reason_group",
        store=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        index=True,
        tracking=True,
        domain="[('share', '=', False)]",
        help="Finds out who is right: the invoice's salesperson unless somebody else is named.",
    )
    date = fields.Date(
        string="Opened", required=True, readonly=True, default=fields.Date.context_today
    )
    deadline = fields.Date(
        required=True,
        tracking=True,
        default=lambda self: self._get_default_deadline(),
        help="By then the owner says who is right.",
    )
    finding = fields.Text(help="What the owner found out.")
    line_ids = fields.One2many("ar.dispute.line", "dispute_id", copy=False)
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount = fields.Monetary(
        string="Disputed", compute="_compute_amount", store=True, help="In the company's currency."
    )
    resolution = fields.Selection(ENDS, readonly=True, tracking=True)
    justified = fields.Boolean(
        readonly=True,
        help="The customer had a reason: the delay does not count against it. A dispute without "
        "one lowers the customer's score.",
    )
    refund_id = fields.Many2one(
        "account.move", string="Credit note", readonly=True, ondelete="set null"
    )
    resolution_note = fields.Text(string="Reason of the decision", readonly=True)
    resolved_on = fields.Date(string="Resolved on", readonly=True)
    resolved_by_id = fields.Many2one("res.users", string="Resolved by", readonly=True)
    days_open = fields.Integer(
        compute="_compute_days_open", store=True, aggregator="avg", string="Days to resolve"
    )
    late = fields.Boolean(compute="_compute_late", search="_search_late", string="Past deadline")
    reminded = fields.Boolean(readonly=True)
    may_decide = fields.Boolean(compute="_compute_may_decide")

    @api.model
    def _selection_reason(self):
        _ = self.env._
        labels = {
            "invoice_data": _("Wrong data on the invoice"),
            "price": _("Wrong price"),
            "not_delivered_invoice": _("Invoice not received"),
            "quantity": _("Wrong quantity"),
            "delivery": _("Not delivered, or late"),
            "quality": _("Quality"),
            "other": _("Other"),
        }
        return [(key, labels[key]) for key in REASONS]

    @api.model
    def _get_default_deadline(self):
        # how long a dispute may take is no secret of the policy
        days = self.env.company.root_id.sudo().ar_credit_policy_id.dispute_days or 14
        return fields.Date.add(fields.Date.context_today(self), days=days)

    @api.depends("reason")
    def _compute_reason_group(self):
        for dispute in self:
            dispute.reason_group = REASONS.get(dispute.reason, False)

    @api.depends("partner_id", "line_ids.move_line_id", "line_ids.item_id")
    def _compute_user_id(self):
        for dispute in self:
            if dispute.user_id:
                continue
            # who sold it is known to whoever sees the customer
            items = [line._get_item().sudo() for line in dispute.line_ids]
            sellers = [item.move_id.invoice_user_id for item in items]
            seller = next((user for user in sellers if user and not user.share), False)
            dispute.user_id = seller or dispute.partner_id.user_id or dispute._get_fallback()

    def _get_fallback(self):
        """Nobody sold it: who writes it down, or for a customer on its portal the responsible."""
        if not self.env.user.share:
            return self.env.user
        return self._get_responsible() or self.env.ref("base.user_admin")

    @api.depends("line_ids.amount", "line_ids.currency_id")
    def _compute_amount(self):
        for dispute in self:
            dispute.amount = sum(line._to_company() for line in dispute.line_ids)

    @api.depends("date", "resolved_on")
    def _compute_days_open(self):
        for dispute in self:
            end = dispute.resolved_on
            dispute.days_open = (end - dispute.date).days if end and dispute.date else 0

    @api.depends("state", "deadline")
    def _compute_late(self):
        today = fields.Date.context_today(self)
        for dispute in self:
            dispute.late = bool(
                dispute.state == "open" and dispute.deadline and dispute.deadline < today
            )

    def _search_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        return [("state", "=", "open"), ("deadline", "<", today)]

    @api.depends("reason", "partner_id")
    def _compute_display_name(self):
        labels = dict(self._selection_reason())
        for dispute in self:
            words = (dispute.partner_id.name, labels.get(dispute.reason))
            dispute.display_name = " – ".join(filter(None, words))

    @api.depends_context("uid")
    def _compute_may_decide(self):
        self.may_decide = self._is_finance()

    # ------------------------------------------------------------------ rights
    @api.model_create_multi
    def create(self, vals_list):
        disputes = super().create(vals_list)
        disputes._tell_owner()
        return disputes

    def write(self, vals):
        if not self.env.su:
            allowed = OWN_WORDS | ({"line_ids"} | DEADLINE if self._is_finance() else set())
            self._check_fields(vals.keys() - allowed - {"activity_ids", "message_follower_ids"})
        if "deadline" in vals:
            vals = {**vals, "reminded": False}
        result = super().write(vals)
        if "user_id" in vals:
            self._tell_owner()
        return result

    # ------------------------------------------------------------------ who does what
    def _tell_owner(self):
        for dispute in self.filtered(lambda d: d.state == "open"):
            # the owner may be anybody of the house, and need not be the user's to write to
            dispute.sudo()._ask_owner()

    def _ask_owner(self):
        self.activity_unlink(["ar_credit_control.activity_dispute"])
        self.activity_schedule(
            "ar_credit_control.activity_dispute",
            user_id=self.user_id.id,
            date_deadline=self.deadline,
            summary=self.env._("Who is right? %s", self.display_name),
            note=self.note,
        )

    @api.model
    def _cron_remind(self):
        """Tell owner and responsible person of what is past its deadline, once a deadline."""
        late = self.search([("late", "=", True), ("reminded", "=", False)])
        for dispute in late:
            responsible = dispute._get_responsible() or dispute.user_id
            dispute.activity_schedule(
                "ar_credit_control.activity_dispute_late",
                user_id=responsible.id,
                summary=self.env._("Past its deadline: dispute of %s", dispute.display_name),
            )
            dispute.message_notify(
                partner_ids=dispute.user_id.partner_id.ids,
                subject=self.env._("Your answer is overdue: %s", dispute.display_name),
                body=self.env._("The dispute was to be settled by %s.", dispute.deadline),
                author_id=self.env.ref("base.partner_root").id,
            )
        late.reminded = True

    # ------------------------------------------------------------------ the end of it
    def action_resolve(self):
        self.ensure_one()
        self._require_finance()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Resolve: %s", self.display_name),
            "res_model": "ar.dispute.resolve",
            "view_mode": "form",
            "target": "new",
            "context": {"default_dispute_id": self.id},
        }

    def action_cancel(self):
        """Opened by mistake: it counts nowhere."""
        self._check_may_cancel()
        self._require_open()
        self.sudo()._close({"state": "cancelled"})  # checked above

    def _resolve(self, resolution, note, justified=None, refund=None):
        """End the dispute.

        :param resolution: key of ``RESOLUTIONS``
        :param justified: whether the customer was right, by default as the resolution says
        :param refund: credit note (posted, of the customer), needed for that resolution
        """
        self.ensure_one()
        self._require_finance()
        self._require_open()
        self._check_resolution(resolution, note, refund)
        usual = RESOLUTIONS[resolution]
        self.sudo()._close(  # finance decides, see above
            {
                "state": "resolved",
                "resolution": resolution,
                "justified": usual if justified is None else justified,
                "refund_id": refund.id if refund else False,
                "resolution_note": note,
            }
        )

    def _require_finance(self):
        self.check_access("read")
        if not self._is_finance():
            raise AccessError(
                self.env._("Collectors and accountants resolve disputes: write what you found.")
            )

    def _check_resolution(self, resolution, note, refund):
        if not (note or "").strip():
            raise UserError(self.env._("“Reason”: say why, the customer will ask."))
        if resolution == "credit_note" and not refund:
            raise UserError(self.env._("“Credit note”: choose the one that settles the dispute."))
        if refund and (
            refund.move_type != "out_refund"
            or refund.state != "posted"
            or refund.commercial_partner_id != self.partner_id
            or refund.company_id.root_id != self.company_id
        ):
            raise UserError(
                self.env._(
                    "“Credit note”: %(number)s is no posted credit note of %(customer)s.",
                    number=refund.display_name,
                    customer=self.partner_id.name,
                )
            )

    def _close(self, vals):
        """Runs as superuser, in the name of the user who decided."""
        self.write(
            {
                **vals,
                "resolved_on": fields.Date.context_today(self),
                "resolved_by_id": self.env.uid,
            }
        )
        self.activity_feedback(
            ["ar_credit_control.activity_dispute", "ar_credit_control.activity_dispute_late"],
            feedback=self[:1].resolution_note or self.env._("Cancelled."),
        )
        self.env["ar.score.news"]._note([(d.partner_id, d.company_id) for d in self])


class DisputeLine(models.Model):
    """What of one item is disputed; an item has one open dispute at most."""

    _name = "ar.dispute.line"
    _description = "Disputed item"
    _inherit = ["ar.claim.line"]
    _order = "dispute_id, date_due, id"

    dispute_id = fields.Many2one("ar.dispute", required=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one(related="dispute_id.partner_id", store=True)
    company_id = fields.Many2one(related="dispute_id.company_id", store=True)
    amount = fields.Monetary(string="Disputed")

    _one_open = models.UniqueIndex(
        "(move_line_id) WHERE is_open", "There is an open dispute about this invoice already."
    )
    _open_idx = models.Index("(partner_id) WHERE is_open")

    @api.depends("dispute_id.state")
    def _compute_is_open(self):
        for line in self:
            line.is_open = line.dispute_id.state == "open"

    def _describe_taken(self, item):
        return self.env._(
            "There is an open dispute about %s already: add to it, or resolve it first.",
            item.move_id.name,
        )

    def _to_company(self):
        """The disputed amount in company currency, at the rate of the item itself."""
        item = self._get_item().sudo()  # an amount that the user has entered himself
        foreign = item.amount_residual_currency
        rate = item.amount_residual / foreign if foreign else 0.0
        if not rate:
            rate = item.balance / item.amount_currency if item.amount_currency else 1.0
        return item.company_id.currency_id.round(self.amount * rate)

    def write(self, vals):
        if not self.env.su and (not self.dispute_id._is_finance() or vals.keys() - {"amount"}):
            raise AccessError(
                self.env._("Only collectors and accountants change what is disputed.")
            )
        self.dispute_id._require_open()
        return super().write(vals)
