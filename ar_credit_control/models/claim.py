"""What disputes and promises have in common: parts of a customer's open items."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.misc import format_amount

from .contact import CHANNELS
from .own_defaults import without_own_defaults

CLAIMS = ("ar.dispute.line", "ar.promise.line")
# Changed by whoever has the record in his hands; everything else is finance's to change.
OWN_WORDS = {"note"}
GIVEN = OWN_WORDS | {"partner_id", "company_id", "contact_id", "channel", "line_ids"}
FINANCE = ("ar_credit_control.group_collector", "account.group_account_invoice")


class Claim(models.AbstractModel):
    """Something that a customer says about some of its open items."""

    _name = "ar.claim"
    _description = "Statement of a customer about open items"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"
    _outcome = "promise"  # what the contact log calls it
    _given = frozenset()  # what a person writes besides ``GIVEN``, before the record is closed

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company.root_id
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Said by",
        ondelete="set null",
        domain="[('commercial_partner_id', '=', partner_id)]",
        help="The person at the customer.",
    )
    channel = fields.Selection(CHANNELS, required=True, default="phone", string="Heard by")
    note = fields.Text(string="What was said")

    # ------------------------------------------------------------------ rights
    def _is_finance(self):
        return self.env.su or any(self.env.user.has_group(group) for group in FINANCE)

    def _check_fields(self, names):
        """Refuse what only the buttons, or others, may write; ``names`` of fields."""
        known = [self._fields[name] for name in sorted(names) if name in self._fields]
        names = ", ".join(field._description_string(self.env) for field in known if field.store)
        if names:
            raise AccessError(
                self.env._(
                    "You may not set this of “%(record)s”: %(fields)s. Ask a collector, or use "
                    "its buttons.",
                    record=self.env._(self._description),
                    fields=names,
                )
            )

    def _check_may_cancel(self):
        for claim in self:
            claim.check_access("read")
            if not (self._is_finance() or claim.create_uid == self.env.user):
                raise AccessError(
                    self.env._("Only who wrote it down, or a collector, may cancel it.")
                )

    def _require_open(self):
        if any(not claim._is_alive() for claim in self):
            raise UserError(self.env._("This is closed already: reload the page."))

    def _is_alive(self):
        return self.state == "open"

    def _get_responsible(self):
        """Who follows the customer up, else who answers for its credit."""
        # whoever wrote it down: somebody has to hear of it
        Profile = self.env["ar.credit.profile"].sudo()
        profile = Profile._get_or_create(self.partner_id, self.company_id)
        return profile.stand_in_id or profile._get_credit_manager()

    def _mail_get_partner_fields(self, introspect_fields=False):
        """The customer is no recipient: what is written here stays in the house."""
        return []

    @api.model_create_multi
    def create(self, vals_list):
        Partner = self.env["res.partner"]
        given = GIVEN | self._given
        closed = {name for name, field in self._fields.items() if field.store} - given
        for vals in vals_list:
            if not self.env.su:
                self._check_fields(vals.keys() - given)
            if vals.get("partner_id"):  # items belong to the customer, whatever contact was chosen
                vals["partner_id"] = Partner.browse(vals["partner_id"]).commercial_partner_id.id
        model, vals_list = without_own_defaults(self, vals_list, closed)
        claims = super(Claim, model).create(vals_list)
        claims._check_complete()
        claims._log_contact()
        return claims

    def _log_contact(self):
        """What the customer said stands in the contact log as well."""
        self.env["ar.contact"]._log(
            [
                {
                    "partner_id": claim.partner_id.id,
                    "company_id": claim.company_id.id,
                    "channel": claim.channel,
                    "direction": "in",
                    "user_id": False if claim.channel == "portal" else claim.env.uid,
                    "person_id": claim.contact_id.id,
                    "outcome": self._outcome,
                    "note": claim.note,
                    "move_line_ids": claim.line_ids.move_line_id.ids,
                }
                for claim in self
            ]
        )

    def _check_complete(self):
        for claim in self:
            if not claim.line_ids:
                raise UserError(
                    self.env._("Choose at least one open invoice of %s.", claim.partner_id.name)
                )
            person = claim.contact_id
            if person and person.commercial_partner_id != claim.partner_id:
                raise UserError(
                    self.env._(
                        "“Said by”: %(person)s is no contact of %(customer)s: choose one of its "
                        "contacts.",
                        person=person.display_name,
                        customer=claim.partner_id.name,
                    )
                )


class ClaimLine(models.AbstractModel):
    """A part of one open item.

    The model that inherits it has the column ``is_open`` and one open line an item, by index.
    """

    _name = "ar.claim.line"
    _description = "Part of an open item"

    partner_id = fields.Many2one("res.partner", index=True)
    company_id = fields.Many2one("res.company")
    move_line_id = fields.Many2one(
        "account.move.line", string="Item", required=True, index=True, ondelete="cascade"
    )
    item_id = fields.Many2one(
        "ar.open.item",
        string="Open invoice",
        compute="_compute_item_id",
        readonly=False,
        help="Chosen from what the user may see of the customer; its number is the item's.",
    )
    number = fields.Char(compute="_compute_facts", store=True, string="Document")
    date_due = fields.Date(compute="_compute_facts", store=True, string="Due date")
    currency_id = fields.Many2one("res.currency", compute="_compute_facts", store=True)
    owed = fields.Monetary(
        compute="_compute_facts", store=True, help="What was open when it was written down."
    )
    amount = fields.Monetary(compute="_compute_amount", store=True, readonly=False)
    residual = fields.Monetary(compute="_compute_residual", string="Open now")
    is_open = fields.Boolean(compute="_compute_is_open", store=True)

    _amount_positive = models.Constraint("CHECK(amount > 0)", "The amount must be above 0.")

    def _compute_item_id(self):
        """Only chosen, never kept: a paid item is no open item any more."""
        self.item_id = False

    @api.depends("move_line_id", "item_id")
    def _compute_facts(self):
        for line in self:
            # the salesperson may see the open item, not the ledger: these four facts of it
            item = line._get_item().sudo()
            line.number = item.move_id.name or item.name
            line.date_due = item.date_maturity or item.date
            line.currency_id = item.currency_id
            line.owed = item.amount_residual_currency

    def _get_item(self):
        return self.move_line_id or self.env["account.move.line"].browse(self.item_id.id)

    @api.depends("owed")
    def _compute_amount(self):
        for line in self:
            line.amount = line.owed

    def _compute_residual(self):
        for line in self:
            # as in _compute_facts
            line.residual = line.move_line_id.sudo().amount_residual_currency

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if item := vals.pop("item_id", False):
                vals["move_line_id"] = item
        # asked before: the index would refuse in the words of a database
        taken = self._find_taken([vals.get("move_line_id") for vals in vals_list])
        lines = super().create(vals_list)
        lines._check_item(taken)
        return lines

    def write(self, vals):
        result = super().write(vals)
        if "amount" in vals:
            self._check_item()
        return result

    def _check_item(self, taken=()):
        """Refuse items of others, paid ones, and more than is open."""
        # rights are those of the customer, which the record rules hold to
        items = self.move_line_id.sudo()
        companies = {
            company: set(self.env["ar.position"]._get_company_ids(company.id))
            for company in self.company_id
        }
        for line, item in zip(self, items.browse(self.move_line_id.ids), strict=True):
            problem = line._find_problem(item, companies[line.company_id], taken)
            if problem:
                raise ValidationError(problem)

    @api.model
    def _find_taken(self, item_ids):
        """Those of the items that an open line is about, as ids."""
        others = self.sudo().search(  # who else spoke of an item is not said, only that it is so
            [("move_line_id", "in", item_ids), ("is_open", "=", True)]
        )
        return set(others.move_line_id.ids)

    def _find_problem(self, item, companies, taken):
        """What is wrong with one line and what to do, as a sentence; None if nothing is."""
        customer = self.partner_id
        if item.partner_id.commercial_partner_id != customer or item.company_id.id not in companies:
            return self.env._(
                "“Open invoice”: the item is not one of %s: choose from its open invoices.",
                customer.name,
            )
        if item.account_id.account_type != "asset_receivable" or item.parent_state != "posted":
            return self.env._(
                "“Open invoice”: %s is no posted invoice: choose an open one.", item.move_id.name
            )
        if item.reconciled or item.amount_residual <= 0:
            return self.env._("%s is paid already: choose an open invoice.", item.move_id.name)
        if item.currency_id.compare_amounts(self.amount, item.amount_residual_currency) > 0:
            return self.env._(
                "“%(field)s”: of %(number)s only %(open)s is open: enter that or less.",
                field=self._fields["amount"]._description_string(self.env),
                number=item.move_id.name,
                open=format_amount(self.env, item.amount_residual_currency, item.currency_id),
            )
        return self._describe_taken(item) if item.id in taken else None

    def _describe_taken(self, item):
        raise NotImplementedError


class Position(models.AbstractModel):
    """The position counts what is disputed and promised of open items."""

    _inherit = "ar.position"

    def _flush_ledger(self):
        if not self._is_written():
            for model in CLAIMS:
                self.env[model].flush_model()
        return super()._flush_ledger()
