from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import format_date

from .claim import OWN_WORDS

STATES = [
    ("open", "Open"),
    ("kept", "Kept"),
    ("partly_kept", "Partly kept"),
    ("broken", "Broken"),
    ("cancelled", "Cancelled"),
]


class Promise(models.Model):
    """A customer says by when it pays what; the instalments of a plan are promises, too."""

    _name = "ar.promise"
    _description = "Promise to pay"
    _inherit = ["ar.claim"]
    _order = "date desc, id desc"
    _given = frozenset({"date"})

    partner_id = fields.Many2one(tracking=True)
    state = fields.Selection(
        STATES, default="open", required=True, readonly=True, index=True, tracking=True
    )
    date = fields.Date(
        string="Pays by", required=True, tracking=True, help="The day that the customer named."
    )
    user_id = fields.Many2one(
        "res.users", string="Taken by", default=lambda self: self.env.user, readonly=True
    )
    line_ids = fields.One2many("ar.promise.line", "promise_id", copy=False)
    currency_id = fields.Many2one("res.currency", compute="_compute_amount", store=True)
    amount = fields.Monetary(
        string="Promised", compute="_compute_amount", store=True, readonly=True, tracking=True
    )
    paid = fields.Monetary(string="Came in time", readonly=True)
    judged_on = fields.Date(
        string="Judged on", readonly=True, help="The day on which it was kept or broken."
    )
    broken_at = fields.Datetime(
        readonly=True, help="When it was found that the money, or a part of it, had not come."
    )
    tolerance_days = fields.Integer(
        readonly=True,
        default=lambda self: self._get_policy().promise_days,
        help="Money may come so many days later.",
    )
    tolerance_amount = fields.Monetary(
        readonly=True, compute="_compute_tolerance_amount", store=True, string="Tolerance"
    )
    last_day = fields.Date(compute="_compute_last_day", store=True, string="In time until")

    instalment_id = fields.Many2one(
        "ar.instalment", readonly=True, ondelete="cascade", index="btree_not_null"
    )
    plan_id = fields.Many2one(related="instalment_id.plan_id", store=True, index="btree_not_null")

    _open_idx = models.Index("(company_id, last_day) WHERE state = 'open'")

    @api.model
    def _get_policy(self):
        # how long promises are waited for is no secret of the policy
        return self.env.company.root_id.sudo().ar_credit_policy_id

    @api.depends("line_ids.amount", "line_ids.currency_id", "instalment_id.amount")
    def _compute_amount(self):
        """Of an instalment what the plan says, else the sum of the items."""
        for promise in self:
            own = promise.company_id.currency_id
            lines = promise.line_ids
            promise.currency_id = (lines or promise.plan_id.line_ids).currency_id[:1] or own
            promise.amount = promise.instalment_id.amount or sum(lines.mapped("amount"))

    @api.depends("currency_id")
    def _compute_tolerance_amount(self):
        for promise in self:
            company = promise.company_id
            allowed = company.sudo().ar_credit_policy_id.promise_amount
            promise.tolerance_amount = company.currency_id._convert(
                allowed, promise.currency_id or company.currency_id, company
            )

    @api.depends("date", "tolerance_days")
    def _compute_last_day(self):
        for promise in self:
            promise.last_day = promise.date and fields.Date.add(
                promise.date, days=promise.tolerance_days
            )

    @api.depends("partner_id", "amount", "currency_id", "date")
    def _compute_display_name(self):
        for promise in self:
            promise.display_name = self.env._(
                "%(customer)s: %(amount)s by %(date)s",
                customer=promise.partner_id.name or "",
                amount=(promise.currency_id or self.env.company.currency_id).format(promise.amount),
                date=format_date(self.env, promise.date),
            )

    # ------------------------------------------------------------------ writing
    def write(self, vals):
        if not self.env.su:
            self._check_fields(vals.keys() - OWN_WORDS - {"message_follower_ids"})
        return super().write(vals)

    def _log_contact(self):
        """Instalments were agreed upon together: their plan is logged."""
        return super(Promise, self.filtered(lambda p: not p.instalment_id))._log_contact()

    def _check_complete(self):
        written = self.filtered(lambda promise: not promise.instalment_id)  # plans check theirs
        result = super(Promise, written)._check_complete()
        for promise in written:
            if promise.date < fields.Date.context_today(promise):
                raise UserError(
                    self.env._("“Pays by” lies in the past: enter today or a later day.")
                )
            if len(promise.line_ids.currency_id) > 1:
                raise UserError(
                    self.env._("The invoices are in several currencies: write a promise for each.")
                )
        written._check_limits()
        return result

    def _check_limits(self):
        """What the policy allows customers and salespeople; collectors decide themselves."""
        if self._is_finance():
            return
        for promise in self:
            promise._check_policy(promise.company_id.sudo().ar_credit_policy_id)  # its limits

    def _check_policy(self, policy):
        """Refuse a day too far away and more open promises than the policy lets customers make."""
        # of two that are written at the same moment the second one has to count the first
        self.env["ar.credit.profile"].sudo()._lock(self.partner_id, self.company_id)
        latest = fields.Date.add(fields.Date.context_today(self), days=policy.promise_max_days)
        if self.date > latest:
            raise UserError(
                self.env._(
                    "“Pays by”: choose a day up to %s, or speak with the collector.",
                    format_date(self.env, latest),
                )
            )
        others = self.sudo().search_count(  # promises count, whoever took them
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "open"),
                ("id", "!=", self.id),
            ]
        )
        if others >= policy.promise_max_open:
            raise UserError(
                self.env._(
                    "%s promises are open already: keep them first, or speak with the collector.",
                    others,
                )
            )

    def action_cancel(self):
        """Written down by mistake, or overtaken: it counts nowhere."""
        self._check_may_cancel()
        self._require_open()
        today = fields.Date.context_today(self)
        self.sudo().write({"state": "cancelled", "judged_on": today})  # checked above


class PromiseLine(models.Model):
    """What is promised of one item; an item stands in one open promise or plan at most."""

    _name = "ar.promise.line"
    _description = "Promised item"
    _inherit = ["ar.claim.line"]
    _order = "date_due, id"

    promise_id = fields.Many2one("ar.promise", index=True, ondelete="cascade")
    plan_id = fields.Many2one("ar.instalment.plan", index=True, ondelete="cascade")
    partner_id = fields.Many2one(compute="_compute_owner", store=True)
    company_id = fields.Many2one(compute="_compute_owner", store=True)
    amount = fields.Monetary(string="Promised")

    _one_owner = models.Constraint(
        "CHECK((promise_id IS NULL) <> (plan_id IS NULL))",
        "An item is promised by itself or in a plan.",
    )
    _one_open = models.UniqueIndex(
        "(move_line_id) WHERE is_open", "This invoice is promised already."
    )
    _open_idx = models.Index("(partner_id) WHERE is_open")

    @api.depends("promise_id.partner_id", "plan_id.partner_id")
    def _compute_owner(self):
        for line in self:
            owner = line.promise_id or line.plan_id
            line.partner_id = owner.partner_id
            line.company_id = owner.company_id

    @api.depends("promise_id.state", "plan_id.state")
    def _compute_is_open(self):
        for line in self:
            line.is_open = line.promise_id.state == "open" or line.plan_id.state == "running"

    def _describe_taken(self, item):
        return self.env._(
            "%s is promised already: wait until that day, or cancel the promise.",
            item.move_id.name,
        )

    def write(self, vals):
        if not self.env.su and any(line.plan_id.state != "draft" for line in self):
            raise AccessError(
                self.env._("A promise stays as it was given: cancel it, and write a new one.")
            )
        return super().write(vals)
