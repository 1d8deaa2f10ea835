"""What a person is paid for a period, and what is left of it to make good next time."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, date_utils
from odoo.tools.misc import format_date

from .commission_place_sql import CLOSED
from .own_defaults import without_own_defaults

# What follows from the ledger, or from the buttons.
PROTECTED = frozenset({"state", "entry_ids", "earned", "carried_in", "total", "bill_id"})
WHOSE = frozenset({"payee_id", "company_id", "date_from", "date_to"})


class CommissionStatement(models.Model):
    """The entries of a person that became payable by the end of a period.

    Everything payable that is on no other statement is on it, however old: an entry that was held,
    or the reversal of one that was paid long ago, comes with the next statement. What is negative
    in the end is carried over to the next one.
    """

    _name = "ar.commission.statement"
    _description = "Commission statement"
    _inherit = ["mail.thread"]
    _mail_post_access = "read"
    _order = "date_from desc, id desc"

    payee_id = fields.Many2one(
        "res.partner", string="Person", required=True, index=True, ondelete="restrict"
    )
    agent = fields.Boolean(related="payee_id.partner_share", string="Agent")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company.root_id,
        domain="[('parent_id', '=', False)]",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="Until", required=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("reviewed", "Reviewed"),
            ("approved", "Approved"),
            ("paid", "Paid"),
        ],
        default="draft",
        required=True,
        readonly=True,
        index=True,
        copy=False,
        tracking=True,
    )
    entry_ids = fields.One2many(
        "ar.commission.entry", "statement_id", string="Commissions", readonly=True
    )
    earned = fields.Monetary(readonly=True, copy=False)
    carried_in = fields.Monetary(
        string="Carried over",
        readonly=True,
        copy=False,
        help="What the last approved statement left to make good.",
    )
    total = fields.Monetary(readonly=True, copy=False, tracking=True)
    payout = fields.Monetary(compute="_compute_payout", string="To pay")
    carried_out = fields.Monetary(
        compute="_compute_payout",
        string="To make good",
        help="Carried over to the next statement.",
    )
    note = fields.Text()
    bill_id = fields.Many2one(
        "account.move",
        string="Vendor bill",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    _once = models.UniqueIndex(
        "(payee_id, company_id, date_from)",
        "This person has a statement that begins on that day already: open it.",
    )
    _forwards = models.Constraint(
        "CHECK(date_to >= date_from)", "“Until” lies before “From”: swap them."
    )

    @api.depends("total")
    def _compute_payout(self):
        for statement in self:
            statement.payout = max(statement.total, 0.0)
            statement.carried_out = min(statement.total, 0.0)

    @api.depends("payee_id", "date_from", "date_to")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for statement in self:
            who, period = statement.payee_id.display_name, statement._format_period()
            statement.display_name = f"{who}, {period}" if who else period

    def _format_period(self):
        """The month where it is one, else both days."""
        if not (self.date_from and self.date_to):
            return ""
        if (self.date_from, self.date_to) == date_utils.get_month(self.date_from):
            return format_date(self.env, self.date_from, date_format="LLLL y")
        return f"{format_date(self.env, self.date_from)} – {format_date(self.env, self.date_to)}"

    @api.constrains("payee_id", "company_id", "date_from", "date_to")
    def _check_overlap(self):
        near = self.search(
            [
                ("payee_id", "in", self.payee_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("date_from", "<=", max(self.mapped("date_to"))),
                ("date_to", ">=", min(self.mapped("date_from"))),
            ]
        ).grouped(_whose)
        for statement in self:
            others = near.get(_whose(statement), self.browse()) - statement
            other = others.filtered(statement._shares_a_day)[:1]
            if other:
                raise ValidationError(
                    self.env._(
                        "“From” and “Until” overlap the statement of %(other)s: choose a period "
                        "that begins after it.",
                        other=other.display_name,
                    )
                )

    def _shares_a_day(self, other):
        return self.date_from <= other.date_to and other.date_from <= self.date_to

    # ------------------------------------------------------------------ drawing
    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse(PROTECTED & vals.keys())
        model, vals_list = without_own_defaults(self, vals_list, PROTECTED)
        statements = super(CommissionStatement, model).create(vals_list)
        statements._collect()
        return statements

    def write(self, vals):
        self._refuse(PROTECTED & vals.keys())
        if WHOSE & vals.keys() and self.filtered(lambda s: s.state != "draft"):
            raise UserError(
                self.env._("Person and period belong to what was reviewed: return it to draft.")
            )
        result = super().write(vals)
        if WHOSE & vals.keys():
            self._release()
            self._collect()
        return result

    def _refuse(self, names):
        if names and not self.env.su:
            words = [self._fields[name]._description_string(self.env) for name in sorted(names)]
            raise AccessError(
                self.env._("Use the statement's buttons to change: %s.", ", ".join(words))
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_draft_only(self):
        if kept := self.filtered(lambda s: s.state in CLOSED):
            raise UserError(
                self.env._(
                    "%s is approved: corrections come with the next statement.",
                    kept[0].display_name,
                )
            )

    @api.model
    def _draw(self, company, date_from, date_to):
        """Statements of everybody with something to state: new ones, and drafts brought up to
        date. What somebody else drew, reviewed or approved in the meantime stays as it is."""
        drafts = self._update_drafts(company, date_from)
        return self._draw_new(company, date_from, date_to) | drafts

    @api.model
    def _update_drafts(self, company, date_from):
        known = self._known(company, date_from)
        drafts = known.filtered(lambda statement: statement.state == "draft")
        drafts._collect()
        return drafts

    @api.model
    def _draw_new(self, company, date_from, date_to, limit=None):
        """Statements of people, at most so many, who have none for the period."""
        waiting = self._get_unstated(company, date_to) - self._known(company, date_from).payee_id
        return self.create(
            [
                {
                    "payee_id": payee.id,
                    "company_id": company.id,
                    "date_from": date_from,
                    "date_to": date_to,
                }
                for payee in waiting[:limit]
            ]
        )

    def _known(self, company, date_from):
        period = [("company_id", "=", company.id), ("date_from", "=", date_from)]
        return self.search(period, order="id")

    @api.model
    def _get_unstated(self, company, date_to):
        """Everybody with payable entries that are on no statement yet."""
        entries = self.env["ar.commission.entry"]
        groups = entries._read_group(entries._unstated(company, date_to), ["payee_id"])
        return self.env["res.partner"].union(*(payee for (payee,) in groups))

    def _collect(self):
        """Take what is payable onto the statements, what is held off them, and add up."""
        if not self:
            return
        self._write_out()
        self.env.cr.execute(
            SQL(
                """
                UPDATE ar_commission_place place SET statement_id = NULL
                  FROM ar_commission_entry entry
                 WHERE place.statement_id = ANY(%(ids)s) AND entry.id = place.id AND entry.held;
                UPDATE ar_commission_place place SET statement_id = statement.id
                  FROM ar_commission_statement statement
                  JOIN res_company company
                    ON company.parent_path LIKE statement.company_id || '/%%'
                  JOIN ar_commission_entry entry
                    ON entry.payee_id = statement.payee_id AND entry.company_id = company.id
                   AND entry.date <= statement.date_to AND NOT entry.held
                 WHERE statement.id = ANY(%(ids)s) AND place.id = entry.id
                   AND place.company_ref = company.id AND place.statement_id IS NULL
                """,
                ids=self.ids,
            )
        )
        self._add_up()

    def _release(self):
        """Give the entries back: the next statement takes them."""
        self._write_out()
        self.env.cr.execute(
            "UPDATE ar_commission_place SET statement_id = NULL WHERE statement_id = ANY(%s)",
            [self.ids],
        )
        self._forget()

    def _add_up(self):
        """Sums of the entries and of what is carried over, in the database."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE ar_commission_statement statement
                   SET earned = sums.earned, carried_in = sums.carried_in,
                       total = sums.earned + sums.carried_in
                  FROM (
                    SELECT own.id, COALESCE((
                               SELECT SUM(entry.amount) FROM ar_commission_place place
                                 JOIN ar_commission_entry entry ON entry.id = place.id
                                WHERE place.statement_id = own.id), 0) AS earned,
                           COALESCE((
                               SELECT LEAST(before.total, 0) FROM ar_commission_statement before
                                WHERE before.payee_id = own.payee_id
                                  AND before.company_id = own.company_id
                                  AND before.date_from < own.date_from
                                  AND before.state = ANY(%s)
                             ORDER BY before.date_from DESC LIMIT 1), 0) AS carried_in
                      FROM ar_commission_statement own
                     WHERE own.id = ANY(%s)
                  ) sums
                 WHERE statement.id = sums.id
                """,
                list(CLOSED),
                self.ids,
            )
        )
        self._forget()

    def _write_out(self):
        self.env["ar.commission.entry"].flush_model()
        self.flush_model()

    def _forget(self):
        self.env["ar.commission.entry"].invalidate_model(["statement_id", "state"])
        self.invalidate_model(["entry_ids", "earned", "carried_in", "total"])

    # ------------------------------------------------------------------ buttons
    def action_update(self):
        """Bring a draft up to date."""
        self._may_change("draft")._collect()

    def action_review(self):
        drafts = self._may_change("draft")
        drafts._collect()
        drafts.state = "reviewed"

    def action_reset(self):
        self._may_change("reviewed").state = "draft"

    def action_approve(self):
        """Settle the entries for good; what changes later comes with the next statement.

        That the statement is approved says so: no entry is written to.
        """
        statements = self._may_change("reviewed")
        for _day, together in statements.sorted("date_from").grouped("date_from").items():
            together._check_earlier()
            together._settle()
            together.state = "approved"
        statements.filtered("agent")._create_bills()

    def action_pay(self):
        self._may_change("approved").state = "paid"

    def _may_change(self, state):
        """The statements, as somebody who may write their figures."""
        self.check_access("write")
        if wrong := self.filtered(lambda s: s.state != state):
            raise UserError(
                self.env._(
                    "%(statement)s is %(state)s: reload the page.",
                    statement=wrong[0].display_name,
                    state=dict(self._fields["state"]._description_selection(self.env))[
                        wrong[0].state
                    ].lower(),
                )
            )
        # the button is the decision of somebody who may write statements; figures follow from it
        return self.sudo()

    def _check_earlier(self):
        """What an earlier statement leaves to make good is known once it is approved."""
        earlier = self.search(
            [
                ("payee_id", "in", self.payee_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("date_from", "<", self[:1].date_from),
                ("state", "not in", CLOSED),
            ],
            order="date_from",
        ).filtered(lambda e: self.filtered(lambda s: _whose(s) == _whose(e)))
        if earlier:
            raise UserError(
                self.env._(
                    "%s is not approved yet, and may leave something to make good: approve or "
                    "delete it first.",
                    earlier[0].display_name,
                )
            )

    def _settle(self):
        """Refuse what was disputed since it was reviewed; the sums are those of now."""
        self._write_out()
        held = self.env["ar.commission.entry"].search(
            [("statement_id", "in", self.ids), ("held", "=", True)], limit=1
        )
        if held:
            raise UserError(
                self.env._(
                    "%(document)s on %(statement)s is disputed since the review: return the "
                    "statement to draft, and review it again.",
                    document=held.number,
                    statement=held.statement_id.display_name,
                )
            )
        self._add_up()

    # ------------------------------------------------------------------ agents
    def action_create_bill(self):
        """Make the agent's bill again, for instance after it was deleted."""
        statements = self._may_change("approved")
        statements.filtered(lambda s: s.agent and not s.bill_id)._create_bills()

    def _create_bills(self):
        """A draft vendor bill of each: accounting completes and posts it."""
        for company, statements in self.grouped("company_id").items():
            payable = statements.filtered(lambda s: s.payout > 0)
            bills = (
                self.env["account.move"]
                .with_company(company)
                .create([statement._prepare_bill_vals() for statement in payable])
            )
            for statement, bill in zip(payable, bills, strict=True):
                statement.bill_id = bill

    def _prepare_bill_vals(self):
        words = self.env._("Commission %s", self._format_period())
        return {
            "move_type": "in_invoice",
            "company_id": self.company_id.id,
            "partner_id": self.payee_id.id,
            "currency_id": self.currency_id.id,
            "invoice_origin": words,
            "invoice_line_ids": [
                fields.Command.create({"name": words, "quantity": 1, "price_unit": self.payout})
            ],
        }

    def action_open_bill(self):
        self.ensure_one()
        return self.bill_id.get_formview_action()


def _whose(statement):
    return statement.payee_id, statement.company_id
