from odoo import api, fields, models
from odoo.exceptions import UserError

from .exchange_account import FEEDS, NETWORKS

OUTCOMES = [
    ("not_issued", "Rejected: not issued"),
    ("issued_not_delivered", "Issued, not delivered"),
    ("refused_by_buyer", "Refused by the buyer"),
    ("disputed", "Disputed or on hold"),
    ("transient", "Passing failure"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("accepted", "Accepted"),
    ("closed", "Closed without an answer"),
    ("information", "Information"),
    ("unknown", "Unknown"),
]
REASONS = [
    ("information", "Says nothing about a sent invoice"),
    ("superseded", "About an older transmission of the invoice"),
    ("older", "Older than what is known"),
    ("repeated", "Known already"),
    ("unmatched", "No invoice fits"),
    ("ambiguous", "Several invoices fit"),
    ("unknown", "The code is not known"),
    ("unconfirmed", "Not signed: somebody has to confirm that it is genuine"),
    ("foreign", "About another company's invoice"),
    ("malformed", "Cannot be read"),
    ("dismissed", "Set aside by hand"),
]
# What the machine changes of a message once it is stored.
MUTABLE = {"state", "reason", "transmission_ids"}


class ExchangeNotification(models.Model):
    """A message of an exchange exactly as it was received, and what was made of it."""

    _name = "ar.exchange.notification"
    _description = "Message of an e-invoice exchange"
    _order = "id desc"
    _rec_name = "title"

    account_id = fields.Many2one(
        "ar.exchange.account", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one("res.company", required=True)
    network = fields.Selection(NETWORKS, required=True)
    provider = fields.Selection(
        [*FEEDS.items(), ("files", "Files and certified mail"), ("odoo", "Odoo's own sending")],
        required=True,
    )
    source = fields.Selection(
        [
            ("feed", "Provider"),
            ("upload", "Uploaded"),
            ("mail", "Mail"),
            ("odoo", "Odoo"),
        ],
        required=True,
    )
    key = fields.Char(required=True, help="The same message twice has the same key.")
    received = fields.Datetime(required=True, default=fields.Datetime.now)
    name = fields.Char(string="Message file")
    raw = fields.Binary(attachment=False, help="The message as it was received.")
    raw_size = fields.Integer(string="Size (bytes)")
    digest = fields.Char(string="SHA-256")

    type = fields.Char()
    title = fields.Char()
    outcome = fields.Selection(OUTCOMES, required=True, default="unknown")
    code = fields.Char()
    text = fields.Text()
    exchange_id = fields.Char(string="Number of the exchange")
    external_id = fields.Char(string="Number of the message")
    file_name = fields.Char(string="Invoice file")
    file_hash = fields.Char(string="Hash of the invoice file")
    moment = fields.Datetime(string="Happened")
    dates = fields.Json()
    invoices = fields.Json(string="Invoices named")
    errors = fields.Json(string="Error list")
    parties = fields.Json()
    duplicate_of = fields.Char()
    network_number = fields.Char()
    verified = fields.Boolean(help="Its signature was checked and is the exchange's.")
    signature = fields.Char()

    state = fields.Selection(
        [
            ("applied", "Applied"),
            ("history", "History"),
            ("unmatched", "Unmatched"),
            ("quarantined", "Quarantined"),
        ],
        required=True,
    )
    reason = fields.Selection(REASONS)
    detail = fields.Char(help="What is wrong with the message.")
    remedy = fields.Char()
    what_to_do = fields.Char(compute="_compute_what_to_do", string="What to do")
    transmission_ids = fields.Many2many(
        "ar.exchange.transmission",
        relation="ar_exchange_notification_transmission",
        string="Transmissions",
    )
    move_ids = fields.Many2many("account.move", compute="_compute_move_ids", string="Invoices")
    invoice_text = fields.Char(compute="_compute_texts", string="Speaks of")
    error_text = fields.Text(compute="_compute_texts", string="Errors")

    _key_unique = models.UniqueIndex(
        "(network, company_id, provider, key)", "This message was received already."
    )
    _waiting_idx = models.Index("(account_id, state) WHERE state IN ('unmatched', 'quarantined')")

    @api.depends("reason", "remedy")
    def _compute_what_to_do(self):
        usual = {
            "unmatched": self.env._("Match it with its invoice."),
            "ambiguous": self.env._("Match it with the one that is meant."),
            "unknown": self.env._("Read what the exchange says, then set it aside."),
            "unconfirmed": self.env._(
                "Compare it with the exchange's portal, then say that it is genuine."
            ),
            "foreign": self.env._("Set it aside, or match it if the invoice is yours after all."),
        }
        for message in self:
            message.what_to_do = message.remedy or usual.get(message.reason)

    @api.depends("transmission_ids")
    def _compute_move_ids(self):
        for message in self:
            message.move_ids = message.transmission_ids.move_id

    @api.depends("invoices", "errors", "file_name")
    def _compute_texts(self):
        for message in self:
            numbers = [ref.get("number") for ref in message.invoices or []]
            message.invoice_text = ", ".join(filter(None, numbers)) or message.file_name
            message.error_text = "\n".join(
                " ".join(filter(None, (error.get("code"), error.get("text"))))
                for error in message.errors or []
            )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise UserError(self.env._("Messages come in by an exchange account, not by hand."))
        return super().create(vals_list)

    def write(self, vals):
        """What was received is evidence: only what is made of it changes."""
        if set(vals) - MUTABLE or not self.env.su:
            raise UserError(
                self.env._("A message stays as it was received: use its buttons instead.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Messages of an exchange are evidence and stay."))
