from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..rules.collection_case import may_enter

ASKED_AFTER = 30  # days: a case that somebody else has comes back to its collector
# Follow from the buttons, which know what belongs to a phase.
PHASED = {"phase", "opened_on", "closed_on", "notice_id", "handed_over_on", "erased_on"}


class CollectionCase(models.Model):
    """A claim that friendly reminders did not settle, on its way to court if need be."""

    _name = "ar.collection.case"
    _description = "Collection case"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char(string="Number", readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company.root_id,
        index=True,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="restrict"
    )
    user_id = fields.Many2one(
        "res.users", string="Collector", default=lambda self: self.env.user, tracking=True
    )
    phase = fields.Selection(
        [
            ("amicable", "Amicable"),
            ("formal_notice", "Formal notice"),
            ("hand_over", "Handed over"),
            ("legal", "Legal"),
            ("closed", "Closed"),
        ],
        default="amicable",
        required=True,
        readonly=True,
        tracking=True,
        index=True,
        group_expand=True,
    )
    opened_on = fields.Date(
        string="Opened on",
        required=True,
        readonly=True,
        default=fields.Date.context_today,
        copy=False,
    )
    closed_on = fields.Date(string="Closed on", readonly=True, copy=False)
    outcome = fields.Selection(
        [
            ("paid", "Paid"),
            ("settled", "Settled for less"),
            ("uncollectable", "Uncollectable"),
            ("withdrawn", "Withdrawn"),
        ],
        tracking=True,
        copy=False,
    )
    line_ids = fields.One2many("ar.collection.case.line", "case_id", string="Items")
    step_ids = fields.One2many("ar.collection.case.step", "case_id", string="Steps")
    next_step = fields.Char(string="Next step", tracking=True)
    next_date = fields.Date(string="Next step on", tracking=True)
    # the formal notice
    notice_id = fields.Many2one("ar.dunning.notice", string="Formal notice", readonly=True)
    notice_date = fields.Date(string="Notice of", tracking=True)
    deadline = fields.Date(tracking=True, help="By which the formal notice asks for payment.")
    served_by = fields.Selection(
        [
            ("registered", "Registered letter"),
            ("certified_mail", "Certified e-mail"),
            ("bailiff", "Bailiff"),
            ("courier", "Courier"),
            ("other", "Other"),
        ],
        default="registered",
        string="Served by",
    )
    tracking_number = fields.Char(string="Tracking number", tracking=True)
    delivered_on = fields.Date(string="Delivered on", tracking=True)
    # who has it
    agency_id = fields.Many2one("res.partner", string="Handed over to", tracking=True)
    agency_kind = fields.Selection(
        [
            ("agency", "Collection agency"),
            ("lawyer", "Lawyer"),
            ("insurer", "Credit insurer"),
            ("marketplace", "Marketplace"),
        ],
        default="agency",
    )
    handed_over_on = fields.Date(string="Handed over on", readonly=True, copy=False)
    agency_ref = fields.Char(string="Their reference")
    note = fields.Html()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_written(vals)
            vals["name"] = self.env["ir.sequence"].next_by_code(self._name)
            if vals.get("partner_id"):  # items belong to the customer, whatever contact was chosen
                partner = self.env["res.partner"].browse(vals["partner_id"])
                vals["partner_id"] = partner.commercial_partner_id.id
        return super().create(vals_list)

    def write(self, vals):
        self._check_written(vals)
        return super().write(vals)

    def _check_written(self, vals):
        if not self.env.su and PHASED & vals.keys():
            raise AccessError(self.env._("A case goes into its phases by the buttons."))

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for case in self:
            case.display_name = f"{case.name or ''} {case.partner_id.name or ''}".strip()

    # ------------------------------------------------------------------ phases
    def _enter(self, phase, **vals):
        """Go into a phase; what belongs to it is written with it."""
        self.check_access("write")
        for case in self:
            if not may_enter(case.phase, phase):
                labels = dict(self._fields["phase"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(case)s is in phase “%(now)s” and does not go back to “%(wanted)s”.",
                        case=case.display_name,
                        now=labels[case.phase],
                        wanted=labels[phase],
                    )
                )
        self.sudo().write({"phase": phase, **vals})  # access was checked above

    def action_formal_notice(self):
        """The formal notice was served; its day, deadline and number stand on the case."""
        for case in self:
            if not (case.notice_date and case.deadline):
                raise UserError(
                    self.env._(
                        "%s: enter the day of the notice and its deadline first.",
                        case.display_name,
                    )
                )
            case._enter("formal_notice", **case._get_deadline_step(case.deadline))
        self.env["ar.contact"]._log([case._served_contact() for case in self])

    def _served_contact(self):
        """A notice that was served outside dunning is a contact like those that it sends."""
        channel = "email" if self.served_by == "certified_mail" else "letter"
        return {
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "date": fields.Datetime.to_datetime(self.notice_date),
            "channel": channel,
            "user_id": self.env.uid,
            "outcome": "informed",
            "note": self.tracking_number,
        }

    def _get_deadline_step(self, deadline):
        return {
            "next_step": self.env._("Decide what follows the formal notice"),
            "next_date": fields.Date.add(deadline, days=1),
        }

    def action_hand_over(self):
        """Somebody else takes over: reminders stop, and the file is made."""
        for case in self:
            if not case.agency_id:
                raise UserError(
                    self.env._("%s: choose whom it is handed over to.", case.display_name)
                )
            case._enter("hand_over", **case._get_hand_over())
        return self.action_make_file() if len(self) == 1 else True

    def _get_hand_over(self):
        """What is decided now needs no decision any more; what a collector planned stays."""
        today = fields.Date.context_today(self)
        vals = {"handed_over_on": today}
        decision = self.deadline and fields.Date.add(self.deadline, days=1)
        if self.next_date in (False, decision):
            vals["next_step"] = self.env._("Ask %s how the case stands", self.agency_id.name)
            vals["next_date"] = fields.Date.add(today, days=ASKED_AFTER)
        return vals

    def action_legal(self):
        self._enter("legal")

    def action_close(self):
        today = fields.Date.context_today(self)
        for case in self:
            if not case.outcome:
                raise UserError(
                    self.env._("%s: enter how it ended before you close it.", case.display_name)
                )
        self._enter("closed", closed_on=today, next_date=False, next_step=False)
        self.sudo().line_ids.closed = True  # access was checked above

    # ------------------------------------------------------------------ opening
    @api.model
    def _open_for(self, partner):
        """A case about all that is overdue and in no other case."""
        customer = partner.commercial_partner_id
        items = self._get_overdue_items(customer)
        if not items:
            raise UserError(
                self.env._(
                    "Nothing of %s is overdue, or an open case holds it already.",
                    customer.display_name,
                )
            )
        return self.create(
            {
                "partner_id": customer.id,
                "line_ids": [Command.create({"item_id": item.id}) for item in items],
            }
        )

    def _get_overdue_items(self, customer):
        items = self.env["ar.open.item"].search(
            [
                ("partner_id", "=", customer.id),
                ("root_company_id", "=", self.env.company.root_id.id),
                ("date_due", "<", fields.Date.context_today(self)),
                ("residual", ">", 0),
            ]
        )
        # an item in a case that the user does not see is taken all the same
        taken = (
            self.env["ar.collection.case.line"]
            .sudo()
            .search([("move_line_id", "in", items.ids), ("closed", "=", False)])
        )
        return items.filtered(lambda item: item.id not in taken.move_line_id.ids)

    @api.model
    def _item_values(self, move_line_ids):
        """Values of case lines, as the items stand now."""
        items = self.env["account.move.line"].sudo().browse(move_line_ids)  # checked by callers
        return [
            {
                "move_line_id": item.id,
                "name": item.move_id.name,
                "date_due": item.date_maturity or item.date,
                "amount": item.amount_residual,
            }
            for item in items
        ]

    def action_open_partner(self):
        self.ensure_one()
        return self.partner_id.get_formview_action()


class CollectionCaseLine(models.Model):
    """An item of a case, with what was open of it when it entered."""

    _name = "ar.collection.case.line"
    _description = "Item of a collection case"
    _order = "date_due, id"

    case_id = fields.Many2one("ar.collection.case", required=True, ondelete="cascade", index=True)
    currency_id = fields.Many2one(related="case_id.currency_id")
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Item",
        ondelete="restrict",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    item_id = fields.Many2one(
        "ar.open.item", compute="_compute_item_id", inverse="_inverse_item_id", string="Invoice"
    )
    name = fields.Char(string="Document", readonly=True)
    date_due = fields.Date(string="Due date", readonly=True)
    amount = fields.Monetary(string="Claim", readonly=True)
    residual = fields.Monetary(string="Still open", compute="_compute_residual")
    closed = fields.Boolean(readonly=True)

    # An item is in one open case, whoever opens them at the same moment.
    _item_once = models.UniqueIndex(
        "(move_line_id) WHERE closed IS NOT TRUE", "An open case holds this item already."
    )

    def _compute_item_id(self):
        for line in self:
            # journal items are closed to collectors; the list of open ones is not
            line.item_id = self.env["ar.open.item"].browse(line.sudo().move_line_id.id or ())

    def _inverse_item_id(self):
        for line in self:
            line.item_id.check_access("read")
            values = self.env["ar.collection.case"]._item_values(line.item_id.ids)
            line.sudo().write(values[0])  # whoever may add it to the case and sees the item

    @api.depends("move_line_id")
    def _compute_residual(self):
        for line in self:
            # what is left of the claim is part of the case, whose readers need no ledger
            line.residual = line.sudo().move_line_id.amount_residual

    @api.constrains("move_line_id", "case_id")
    def _check_customer(self):
        for line in self.sudo():  # collectors read no journal items
            customer = line.move_line_id.partner_id.commercial_partner_id
            if customer and customer != line.case_id.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(item)s is an invoice of another customer: choose one of %(customer)s.",
                        item=line.name or line.move_line_id.move_id.name,
                        customer=line.case_id.partner_id.display_name,
                    )
                )


class CollectionCaseStep(models.Model):
    """What an agency, a lawyer or a court did: its day, its cost, what came of it."""

    _name = "ar.collection.case.step"
    _description = "Step of a collection case"
    _order = "date desc, id desc"

    case_id = fields.Many2one("ar.collection.case", required=True, ondelete="cascade", index=True)
    currency_id = fields.Many2one(related="case_id.currency_id")
    date = fields.Date(required=True, default=fields.Date.context_today)
    kind = fields.Selection(
        [
            ("letter", "Letter"),
            ("settlement", "Settlement"),
            ("summons", "Summons"),
            ("order", "Payment order"),
            ("hearing", "Hearing"),
            ("judgement", "Judgement"),
            ("seizure", "Seizure"),
            ("other", "Other"),
        ],
        required=True,
        default="letter",
    )
    court = fields.Char(string="Court or authority")
    reference = fields.Char()
    cost = fields.Monetary()
    recovered = fields.Monetary(
        string="Recovered beside the invoices",
        help="Interest, compensation and costs that were paid; payments of the invoices are "
        "counted by themselves.",
    )
    note = fields.Char()

    _cost_positive = models.Constraint(
        "CHECK(cost >= 0 AND recovered >= 0)", "Costs and recovered amounts are 0 or more."
    )
