from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..reports.open_item import ACCOUNTING
from .contact_sql import NOT_REACHED

CHANNELS = [
    ("phone", "Phone"),
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("meeting", "Meeting"),
    ("portal", "Customer portal"),
    ("message", "Message"),
    ("other", "Other"),
]
OUTCOMES = [
    ("promise", "Promised to pay"),
    ("dispute", "Disputes"),
    ("wrong_contact", "Wrong contact"),
    ("no_answer", "No answer"),
    ("informed", "Informed"),
    ("paid", "Has paid"),
    ("other", "Other"),
]
CALLS = (
    "ar_credit_control.activity_dunning_call",
    "ar_credit_control.activity_dunning_ask",
    "ar_credit_control.activity_promise_broken",
    "ar_credit_control.activity_plan_default",
)
ASKED_ON = ("ar.credit.profile", "ar.promise", "ar.instalment.plan")
# What happened cannot be changed afterwards; what follows from it can.
FOLLOWS = {
    *("outcome", "note", "next_step", "next_date", "next_done"),
    *("person_id", "move_line_ids", "open_item_ids"),
}


class Contact(models.Model):
    """One time that somebody spoke with a customer, or wrote, about what is owed."""

    _name = "ar.contact"
    _description = "Contact with a customer"
    _order = "date desc, id desc"
    _rec_name = "partner_id"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="cascade", index=True
    )
    salesperson_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    channel = fields.Selection(CHANNELS, required=True, default="phone")
    direction = fields.Selection(
        [("out", "To the customer"), ("in", "From the customer")], required=True, default="out"
    )
    user_id = fields.Many2one(
        "res.users", string="By", default=lambda self: self.env.user, ondelete="set null"
    )
    person_id = fields.Many2one(
        "res.partner",
        string="Person reached",
        domain="[('commercial_partner_id', '=', partner_id)]",
        ondelete="set null",
        index="btree_not_null",
    )
    outcome = fields.Selection(OUTCOMES)
    note = fields.Text(
        groups="ar_credit_control.group_collector",
        help="What was said. Collectors alone read it.",
    )
    move_line_ids = fields.Many2many(
        "account.move.line",
        "ar_contact_item_rel",
        "contact_id",
        "move_line_id",
        string="Items discussed",
        groups=ACCOUNTING,
        help="What was chosen by hand; the items of a notice stand on the notice.",
    )
    open_item_ids = fields.Many2many(
        "ar.open.item",
        compute="_compute_open_item_ids",
        inverse="_inverse_open_item_ids",
        domain="[('partner_id', '=', partner_id), ('root_company_id', '=', company_id)]",
        string="Invoices discussed",
    )
    items = fields.Char(compute="_compute_items", string="Invoices")
    next_step = fields.Char(string="Next step", help="What is to be done next.")
    next_date = fields.Date(string="Next step on")
    next_done = fields.Boolean(string="Next step done", readonly=True)
    notice_id = fields.Many2one(
        "ar.dunning.notice", string="Dunning notice", readonly=True, ondelete="cascade"
    )
    message_id = fields.Many2one("mail.message", readonly=True, ondelete="set null")
    automatic = fields.Boolean(
        compute="_compute_automatic", search="_search_automatic", string="Came by itself"
    )

    _customer_idx = models.Index("(company_id, partner_id, date DESC)")
    _step_idx = models.Index(
        "(company_id, partner_id, next_date) WHERE next_date IS NOT NULL AND next_done IS NOT TRUE"
    )
    _notice_unique = models.UniqueIndex(
        "(notice_id) WHERE notice_id IS NOT NULL", "This notice stands in the contact log."
    )
    _message_unique = models.UniqueIndex(
        "(message_id) WHERE message_id IS NOT NULL", "This mail stands in the contact log."
    )

    # ------------------------------------------------------------------ computed
    @api.depends("partner_id", "channel", "date")
    def _compute_display_name(self):
        for contact in self:
            contact.display_name = f"{contact._label()} – {contact.partner_id.display_name}"

    @api.depends("move_line_ids", "notice_id")
    def _compute_open_item_ids(self):
        # salespeople read no journal item, but the open ones of their customers in this list
        visible = self.env["ar.open.item"].search([("id", "in", self.sudo()._get_items().ids)])
        for contact in self:
            contact.open_item_ids = visible.browse(contact.sudo()._get_items().ids) & visible

    def _inverse_open_item_ids(self):
        for contact in self:
            contact.sudo().move_line_ids = contact.open_item_ids.ids  # see above; checked below

    @api.depends("move_line_ids", "notice_id")
    def _compute_items(self):
        # salespeople read no journal item, but may know which invoice was spoken about
        for contact in self:
            moves = contact.sudo()._get_items().move_id
            contact.items = ", ".join(moves.mapped("name"))

    def _get_items(self):
        """The journal items that were spoken or written about; a notice knows its own."""
        return (self.move_line_ids | self.notice_id.line_ids.move_line_id).sorted()

    @api.depends("notice_id", "message_id")
    def _compute_automatic(self):
        for contact in self:
            contact.automatic = bool(contact.notice_id or contact.message_id)

    def _search_automatic(self, operator, value):
        if operator != "in":
            return NotImplemented
        by_itself = ["|", ("notice_id", "!=", False), ("message_id", "!=", False)]
        return by_itself if True in value else ["!", *by_itself]

    def _label(self):
        """The way and the outcome, or which notice it was."""
        self.ensure_one()
        if self.notice_id:
            return self.notice_id.sudo().level_id.name  # its name is no secret
        return self._get_label(self.channel, self.outcome)

    def _get_label(self, channel, outcome):
        """The way and the outcome in words, of values of those fields."""
        chosen = (("channel", channel), ("outcome", outcome))
        return ", ".join(self._get_words(name)[value] for name, value in chosen if value)

    def _get_words(self, name):
        return dict(self._fields[name]._description_selection(self.env))

    # ------------------------------------------------------------------ checks
    @api.constrains("partner_id", "person_id", "move_line_ids")
    def _check_customer(self):
        # journal items are closed to salespeople, who may log a contact about them
        for contact in self.sudo():
            strangers = contact.person_id.filtered(
                lambda person, entry=contact: person.commercial_partner_id != entry.partner_id
            )
            foreign = contact.move_line_ids.filtered(
                lambda item, entry=contact: item.partner_id.commercial_partner_id
                != entry.partner_id
            )
            if strangers or foreign:
                raise ValidationError(
                    self.env._(
                        "%(wrong)s does not belong to %(customer)s: choose a person and invoices "
                        "of this customer.",
                        wrong=strangers.display_name or foreign[0].display_name,
                        customer=contact.partner_id.display_name,
                    )
                )

    @api.constrains("date", "next_date", "next_step")
    def _check_dates(self):
        for contact in self:
            day = fields.Datetime.context_timestamp(contact, contact.date).date()
            if contact.date > fields.Datetime.add(fields.Datetime.now(), hours=1):
                problem = self.env._(
                    "a contact lies in the past; enter what is planned as next step"
                )
            elif contact.next_step and not contact.next_date:
                problem = self.env._("give the next step a date, so that it is found again")
            elif contact.next_date and contact.next_date < day:
                problem = self.env._("the next step lies before the contact: choose a later day")
            else:
                continue
            raise ValidationError(
                self.env._(
                    "Contact with %(customer)s: %(problem)s.",
                    customer=contact.partner_id.display_name,
                    problem=problem,
                )
            )

    # ------------------------------------------------------------------ writing
    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                self._check_create(vals)
        contacts = super().create([self._prepare(vals) for vals in vals_list])
        by_hand = contacts.filtered(lambda entry: not entry.automatic)
        by_hand._replace_steps()
        if not self.env.su:
            by_hand._finish_calls()
        return contacts

    def _check_create(self, vals):
        if vals.keys() & {"notice_id", "message_id", "next_done"}:
            raise AccessError(self.env._("Notices and mails enter the contact log by themselves."))
        vals["user_id"] = self.env.uid

    def _prepare(self, vals):
        """Items belong to the customer and its root company, whatever contact was chosen."""
        vals = dict(vals)
        if vals.get("partner_id"):
            partner = self.env["res.partner"].browse(vals["partner_id"])
            vals["partner_id"] = partner.commercial_partner_id.id
            if partner != partner.commercial_partner_id:
                vals.setdefault("person_id", partner.id)
        if vals.get("company_id"):
            vals["company_id"] = self.env["res.company"].browse(vals["company_id"]).root_id.id
        return vals

    def _replace_steps(self):
        """Who logs a contact decides anew what comes next: earlier steps are done."""
        # by hand no next step means that nothing is to follow; other capabilities only add to it
        deciding = self.filtered("next_date") if self.env.su else self
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE ar_contact earlier SET next_done = TRUE
                  FROM ar_contact latest
                 WHERE latest.id = ANY(%s) AND earlier.id < latest.id
                   AND earlier.company_id = latest.company_id
                   AND earlier.partner_id = latest.partner_id
                   AND earlier.next_date IS NOT NULL AND earlier.next_done IS NOT TRUE
                """,
                deciding.ids,
            )
        )
        self.invalidate_model(["next_done"], flush=False)

    def _finish_calls(self):
        """The calls that were asked for are done, unless nobody was reached."""
        reached = self.filtered(lambda entry: entry.outcome not in NOT_REACHED)
        reached._find_calls().action_feedback(feedback=self.env._("A contact was logged."))

    def _find_calls(self):
        """Activities that ask somebody to speak with the customers."""
        kinds = [self.env.ref(xmlid, raise_if_not_found=False) for xmlid in CALLS]
        kind_ids = [kind.id for kind in kinds if kind]
        domain = [
            ("partner_id", "in", self.partner_id.ids),
            ("company_id", "in", self.company_id.ids),
            ("activity_ids.activity_type_id", "in", kind_ids),
        ]
        # whoever spoke with the customer did what a colleague was asked to do
        found = self.env["mail.activity"].sudo()
        for model in ASKED_ON:
            found |= self.env[model].sudo().search(domain).activity_ids
        return found.filtered(lambda activity: activity.activity_type_id.id in kind_ids)

    def write(self, vals):
        if not self.env.su and vals.keys() - FOLLOWS:
            raise AccessError(
                self.env._(
                    "What happened stays as it was logged: delete the entry and log it anew."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_by_hand_only(self):
        if kept := self.filtered("automatic"):
            raise UserError(
                self.env._("“%s” came by itself and stays in the log.", kept[0].display_name)
            )

    @api.model
    def _open_dialog(self, partner):
        """The form in which a contact is logged, with the next step that is still ahead."""
        customer = partner.commercial_partner_id
        context = {
            "default_partner_id": customer.id,
            "default_company_id": self.env.company.root_id.id,
            "default_person_id": partner.id if partner != customer else False,
        }
        planned = self.search(
            [
                ("partner_id", "=", customer.id),
                ("company_id", "=", self.env.company.root_id.id),
                ("next_date", ">", fields.Date.context_today(self)),
                ("next_done", "=", False),
            ],
            limit=1,
        )
        if planned:
            context |= {
                "default_next_step": planned.next_step,
                "default_next_date": planned.next_date,
            }
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Log a contact"),
            "res_model": self._name,
            "view_mode": "form",
            "views": [(self.env.ref("ar_credit_control.view_ar_contact_dialog").id, "form")],
            "target": "new",
            "context": context,
        }

    def action_next_done(self):
        """The next step is done."""
        self.check_access("write")
        self.next_done = True

    # ------------------------------------------------------------------ what comes by itself
    @api.model
    def _log(self, vals_list):
        """Write entries for other capabilities, whoever the user is.

        :param vals_list: dictionaries with partner_id and, as far as they apply, company_id, date
            (naive UTC), channel, direction (``out`` to the customer, ``in`` from him), user_id,
            person_id, outcome, note, move_line_ids (ids or commands), next_step, next_date
        :return: the entries, as the user may see them
        :raise ValidationError: when person or items belong to another customer
        """
        prepared = [{**vals, **_commands(vals)} for vals in vals_list]
        # the caller has checked what the user may do; the entry only tells that it was done
        return self.sudo().create(prepared).with_env(self.env)

    @api.model
    def _log_notices(self, notice_ids):
        """Write what was sent just now into the log; twice cannot be, by the index on notices."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_contact (company_id, partner_id, date, channel, direction,
                       user_id, person_id, outcome, notice_id,
                       create_uid, create_date, write_uid, write_date)
                SELECT company_id, partner_id, sent_on,
                       CASE WHEN by_email THEN 'email' ELSE 'letter' END, 'out',
                       %(uid)s, recipient_id, 'informed', id,
                       %(uid)s, now() at time zone 'UTC', %(uid)s, now() at time zone 'UTC'
                  FROM ar_dunning_notice
                 WHERE id = ANY(%(ids)s) AND state = 'sent' AND (by_email OR by_letter)
                """,
                ids=list(notice_ids),
                uid=self.env.uid,
            )
        )


def _commands(vals):
    """Items may be given as ids."""
    items = vals.get("move_line_ids") or ()
    if items and isinstance(items[0], int):
        return {"move_line_ids": [fields.Command.set(items)]}
    return {}
