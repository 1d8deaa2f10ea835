from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .claim import OWN_WORDS

GIVEN = {"partner_id", "company_id", "contact_id", "channel", "date", "line_ids", *OWN_WORDS}
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
    judged_on = fields.Date(readonly=True, help="The day on which it was kept or broken.")
    tolerance_days = fields.Integer(
        readonly=True,
        default=lambda self: self._get_policy().promise_days,
        help="Money may come so many days later.",
    )
    tolerance_amount = fields.Monetary(
        readonly=True, compute="_compute_tolerance_amount", store=True, string="Tolerance"
    )
    last_day = fields.Date(compute="_compute_last_day", store=True, string="In time until")

    _open_idx = models.Index("(company_id, last_day) WHERE state = 'open'")

    @api.model
    def _get_policy(self):
        # how long promises are waited for is no secret of the policy
        return self.env.company.root_id.sudo().ar_credit_policy_id

    @api.depends("line_ids.amount", "line_ids.currency_id")
    def _compute_amount(self):
        for promise in self:
            promise.currency_id = promise.line_ids.currency_id[:1] or (
                promise.currency_id or promise.company_id.currency_id
            )
            promise.amount = sum(promise.line_ids.mapped("amount"))

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
                date=fields.Date.to_string(promise.date) or "",
            )

    # ------------------------------------------------------------------ writing
    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                self._check_fields(vals.keys() - GIVEN)
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._check_fields(vals.keys() - OWN_WORDS - {"message_follower_ids"})
        return super().write(vals)

    def _check_complete(self):
        result = super()._check_complete()
        for promise in self:
            if promise.date < fields.Date.context_today(promise):
                raise UserError(
                    self.env._("“Pays by” lies in the past: enter today or a later day.")
                )
            if len(promise.line_ids.currency_id) > 1:
                raise UserError(
                    self.env._("The invoices are in several currencies: write a promise for each.")
                )
        self._check_limits()
        return result

    def _check_limits(self):
        """What the policy allows customers and salespeople; collectors decide themselves."""
        if self._is_finance():
            return
        for promise in self:
            promise._check_policy(promise.company_id.sudo().ar_credit_policy_id)  # its limits

    def _check_policy(self, policy):
        """Refuse a day too far away and more open promises than the policy lets customers make."""
        latest = fields.Date.add(fields.Date.context_today(self), days=policy.promise_max_days)
        if self.date > latest:
            raise UserError(
                self.env._("“Pays by”: choose a day up to %s, or speak with the collector.", latest)
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
    _order = "promise_id, date_due, id"

    promise_id = fields.Many2one("ar.promise", index=True, ondelete="cascade")
    partner_id = fields.Many2one(related="promise_id.partner_id", store=True)
    company_id = fields.Many2one(related="promise_id.company_id", store=True)
    amount = fields.Monetary(string="Promised")

    _one_open = models.UniqueIndex(
        "(move_line_id) WHERE is_open", "This invoice is promised already."
    )
    _open_idx = models.Index("(partner_id) WHERE is_open")

    @api.depends("promise_id.state")
    def _compute_is_open(self):
        for line in self:
            line.is_open = line.promise_id.state == "open"

    def _describe_taken(self, item):
        return self.env._(
            "%s is promised already: wait until that day, or cancel the promise.",
            item.move_id.name,
        )

    def write(self, vals):
        if not self.env.su:
            raise AccessError(
                self.env._("A promise stays as it was given: cancel it, and write a new one.")
            )
        return super().write(vals)
