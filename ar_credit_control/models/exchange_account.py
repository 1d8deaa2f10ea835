from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ...connectors.accounts import PROVIDERS
from ...connectors.client import check_base
from ...connectors.errors import HostNotAllowed

NETWORKS = [
    ("sdi", "Italy: Sistema di Interscambio"),
    ("peppol", "Peppol"),
    ("ksef", "Poland: KSeF"),
    ("france", "France: approved platforms"),
    ("other", "Other"),
]
FEEDS = {
    "invoicetronic": "Invoicetronic",
    "aruba": "Aruba Fatturazione Elettronica",
    "openapi_it": "Openapi.it",
    "acube": "A-Cube",
}
SIMULATOR = "ar_credit_control.exchange_simulator"
LATE = timedelta(hours=3)


class ExchangeAccount(models.Model):
    """Where a company hears what became of the e-invoices that it sent."""

    _name = "ar.exchange.account"
    _description = "E-invoice exchange account"
    _inherit = ["mail.thread"]
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    network = fields.Selection(NETWORKS, required=True, default="sdi")
    provider = fields.Selection(
        [*FEEDS.items(), ("files", "Files and certified mail"), ("odoo", "Odoo's own sending")],
        required=True,
        default="files",
        help="Who hands the exchange's messages over. Files: somebody uploads them, or they come "
        "by certified mail.",
    )
    is_feed = fields.Boolean(compute="_compute_is_feed")
    base_url = fields.Selection(
        "_get_base_urls",
        string="Address",
        help="One of the provider's own addresses. Empty: its usual one.",
    )
    user_name = fields.Char(
        string="User", copy=False, groups="ar_credit_control.group_credit_manager"
    )
    secret = fields.Char(
        string="Password or API key", copy=False, groups="ar_credit_control.group_credit_manager"
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner of problems",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
        tracking=True,
        help="Gets an activity and a mail for each invoice that was rejected or not delivered.",
    )
    deadline_days = fields.Integer(string="Days to act", default=5, required=True)
    deadline_kind = fields.Selection(
        [("calendar", "Calendar days"), ("working", "Working days (Monday to Friday)")],
        required=True,
        default="calendar",
        help="For an invoice that the Sistema di Interscambio rejected, five days are recommended, "
        "with the same number and date.",
    )
    warn_days = fields.Integer(
        string="Escalate before (days)",
        default=1,
        required=True,
        help="So many days before the deadline the credit managers are told.",
    )
    interval = fields.Integer(string="Ask every (minutes)", default=15, required=True)

    cursor = fields.Char(readonly=True, copy=False, groups="base.group_system")
    since = fields.Datetime(
        string="Read from",
        copy=False,
        default=lambda self: fields.Datetime.subtract(fields.Datetime.now(), days=30),
        help="Messages that are older are not asked for.",
    )
    started = fields.Datetime(readonly=True, copy=False)
    last_run = fields.Datetime(string="Last complete reading", readonly=True, copy=False)
    next_run = fields.Datetime(readonly=True, copy=False)
    last_error = fields.Char(readonly=True, copy=False)
    last_remedy = fields.Char(string="Remedy", readonly=True, copy=False)
    last_count = fields.Integer(string="New messages, last reading", readonly=True, copy=False)
    last_notification = fields.Datetime(
        string="Last message", compute="_compute_counts", help="When the last one came in."
    )
    quarantined_count = fields.Integer(compute="_compute_counts")
    unmatched_count = fields.Integer(compute="_compute_counts")
    health = fields.Selection(
        [("good", "Good"), ("new", "Not read yet"), ("late", "Late"), ("failing", "Failing")],
        compute="_compute_health",
    )

    _days_positive = models.Constraint(
        "CHECK(deadline_days >= 0 AND warn_days >= 0)",
        "Days to act and days of warning cannot be negative: enter 0 or more.",
    )
    _interval_positive = models.Constraint(
        "CHECK(interval > 0)", "Ask every minute or less often: enter 1 or more."
    )
    _odoo_unique = models.UniqueIndex(
        "(company_id, network) WHERE provider = 'odoo'",
        "There is an account for Odoo's own sending already.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        if not {"active", "company_id"}.isdisjoint(vals):
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    @tools.ormcache()
    def _get_exchanging_ids(self):
        """Companies that use an exchange at all: asked whenever an invoice is posted."""
        # only whether a company has an account, which whoever posts need not see
        return frozenset(self.sudo().search([("active", "=", True)]).company_id.ids)

    @api.model
    def _get_base_urls(self):
        """Every provider's addresses, and the simulator's where an administrator allows it."""
        urls = {base.rstrip("/") for bases, _open in PROVIDERS.values() for base in bases}
        if simulator := self._get_simulator():
            urls |= {f"{simulator}/{provider}" for provider in PROVIDERS}
        return [(url, url) for url in sorted(urls)]

    @api.model
    def _get_simulator(self):
        """Base address of the simulator on this machine, or nothing.

        Safe: not secret, and only administrators set parameters.
        """
        return (self.env["ir.config_parameter"].sudo().get_param(SIMULATOR) or "").rstrip("/")

    @api.depends("provider")
    def _compute_is_feed(self):
        for account in self:
            account.is_feed = account.provider in FEEDS

    @api.onchange("provider")
    def _onchange_provider(self):
        self.base_url = False
        if self.provider in FEEDS:
            self.network = "sdi"

    @api.constrains("provider", "base_url")
    def _check_base_url(self):
        for account in self.filtered("base_url"):
            bases = PROVIDERS[account.provider][0] if account.is_feed else ()
            try:
                check_base(account.base_url, bases, local=bool(self._get_simulator()))
            except HostNotAllowed:
                raise ValidationError(
                    self.env._(
                        "%(url)s is no address of %(provider)s: choose one of its own, %(urls)s.",
                        url=account.base_url,
                        provider=account.provider,
                        urls=", ".join(bases) or self.env._("(it has none)"),
                    )
                )

    @api.constrains("provider", "network")
    def _check_network(self):
        for account in self:
            if account.is_feed and account.network != "sdi":
                raise ValidationError(
                    self.env._(
                        "%s is a provider for the Sistema di Interscambio: choose that network.",
                        account.name,
                    )
                )

    def _compute_counts(self):
        groups = self.env["ar.exchange.notification"]._read_group(
            [("account_id", "in", self.ids)], ["account_id", "state"], ["__count", "received:max"]
        )
        found = {(account, state): (count, last) for account, state, count, last in groups}
        for account in self:
            own = [last for (key, _state), (_count, last) in found.items() if key == account]
            account.last_notification = max(own, default=False)
            for state in ("quarantined", "unmatched"):
                account[f"{state}_count"] = found.get((account, state), (0, None))[0]

    @api.depends("last_error", "last_run", "interval", "provider")
    def _compute_health(self):
        now = fields.Datetime.now()
        for account in self:
            if account.last_error:
                account.health = "failing"
            elif not account.is_feed:
                account.health = "good"
            elif not account.last_run:
                account.health = "new"
            else:
                allowed = LATE + timedelta(minutes=account.interval)
                account.health = "late" if now - account.last_run > allowed else "good"

    def _get_companies(self):
        """Ids of the companies whose invoices the account may speak about: its whole tree."""
        return self.env["ar.position"]._get_company_ids(self.company_id.root_id.id)

    # ------------------------------------------------------------------ buttons
    def _open_notifications(self, name, state):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "ar.exchange.notification",
            "view_mode": "list,form",
            "domain": [("account_id", "=", self.id), *([("state", "=", state)] if state else [])],
        }

    def action_open_notifications(self):
        return self._open_notifications(self.env._("Messages"), None)

    def action_open_quarantined(self):
        return self._open_notifications(self.env._("Quarantine"), "quarantined")

    def action_open_unmatched(self):
        return self._open_notifications(self.env._("Unmatched messages"), "unmatched")
