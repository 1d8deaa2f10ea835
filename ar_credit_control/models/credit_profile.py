from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from .credit_payload import Payload

# Written by limit decisions (``ar.credit.limit``) and by the check itself, never by hand.
DECIDED = {
    "partner_id",
    "company_id",
    "credit_mode",
    "limit_valid_until",
    "raise_amount",
    "raise_from",
    "raise_until",
    "confirmations",
}
MANAGED = {"policy_id", "insured_amount", "user_id"}


class CreditProfile(models.Model):
    """What is decided, rather than derived, about one customer of one company.

    The row is also what two simultaneous confirmations for one customer meet at: see ``_lock``.
    """

    _name = "ar.credit.profile"
    _description = "Credit profile"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _rec_name = "partner_id"
    _order = "id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,  # found by the unique index below, which begins with it
        ondelete="cascade",
        readonly=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade", readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    salesperson_id = fields.Many2one(related="partner_id.user_id")
    policy_id = fields.Many2one(
        "ar.credit.policy",
        tracking=True,
        domain="[('company_id', '=', company_id)]",
        help="Empty: the company's policy.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        tracking=True,
        help="Decides about this customer's credit and is told of orders on hold.",
    )
    credit_mode = fields.Selection(
        [("limit", "By credit limit"), ("no_credit", "No credit: payment in advance")],
        default="limit",
        required=True,
        tracking=True,
    )
    credit_limit = fields.Monetary(
        compute="_compute_credit_limit", help="The customer's own limit, or the company's default."
    )
    limit_valid_until = fields.Date(tracking=True)
    raise_amount = fields.Monetary(string="Limit during raise", readonly=True)
    raise_from = fields.Date(readonly=True)
    raise_until = fields.Date(readonly=True)
    manual_hold = fields.Boolean(string="On hold", tracking=True)
    manual_hold_reason = fields.Char(string="Hold reason", tracking=True)
    assessed_on = fields.Date(string="Assessed on", tracking=True)
    review_date = fields.Date(string="Next review", tracking=True)
    insured_amount = fields.Monetary(tracking=True)
    limit_ids = fields.One2many("ar.credit.limit", "profile_id", string="Limit decisions")
    ar_widget = Payload(compute="_compute_ar_widget", string="Position")
    confirmations = fields.Integer(
        default=0, readonly=True, copy=False, help="Grows with each order that was checked."
    )

    _partner_company_unique = models.Constraint(
        "UNIQUE(partner_id, company_id)",
        "A customer has one credit profile per company.",
    )

    @api.depends("partner_id.credit_limit")
    @api.depends_context("company")
    def _compute_credit_limit(self):
        for profile in self:
            # shown to everyone who may read the profile; core opens the field to accountants only
            partner = profile.partner_id.sudo().with_company(profile.company_id)
            profile.credit_limit = partner.credit_limit

    @api.depends_context("uid", "lang")
    def _compute_ar_widget(self):
        for company, profiles in self.grouped("company_id").items():
            payloads = {p.id: p.ar_widget for p in profiles.partner_id.with_company(company)}
            for profile in profiles:
                profile.ar_widget = payloads.get(profile.partner_id.id, False)

    def write(self, vals):
        self._check_write(vals)
        if vals.get("assessed_on") and "review_date" not in vals:
            for profile in self:
                months = profile._get_policy().review_months
                super(CreditProfile, profile).write(
                    {
                        "review_date": fields.Date.add(
                            fields.Date.to_date(vals["assessed_on"]), months=months
                        )
                    }
                )
        return super().write(vals)

    def _check_write(self, vals):
        """Limits change by decisions, which know who may; the rest belongs to the manager."""
        if self.env.su:
            return
        if DECIDED & vals.keys():
            raise AccessError(
                self.env._("A customer's limit changes by a decision only: propose a limit.")
            )
        lifts_hold = "manual_hold" in vals and not vals["manual_hold"]
        if lifts_hold or MANAGED & vals.keys():
            if not self.env.user.has_group("ar_credit_control.group_credit_manager"):
                raise AccessError(
                    self.env._("Only a credit manager lifts a hold or changes policy and cover.")
                )

    def _get_policy(self):
        self.ensure_one()
        return self.policy_id or self.company_id.ar_credit_policy_id

    def _get_credit_manager(self):
        """Who is told of an order on hold: the customer's responsible, or the policy's manager."""
        self.ensure_one()
        return (
            self.user_id
            or self._get_policy().manager_id
            or self.env.ref("ar_credit_control.group_credit_manager")
            .all_user_ids.filtered(lambda user: user.active and self.company_id in user.company_ids)
            .sorted("id")[-1:]
        )

    @api.model
    def _get_or_create(self, partner, company):
        """The profile of a customer, made when it is first needed."""
        self._ensure(partner.commercial_partner_id.ids, company.root_id)
        return self.search(
            [
                ("partner_id", "=", partner.commercial_partner_id.id),
                ("company_id", "=", company.root_id.id),
            ]
        )

    def init(self):
        """Confirmations and scores rewrite rows without touching what is indexed. With room in its
        page a row stays where the indexes find it, at half the cost.
        """
        self.env.cr.execute("ALTER TABLE ar_credit_profile SET (fillfactor = 50)")

    @api.model
    def _ensure(self, partner_ids, company):
        """Give a profile to each of the customers that has none.

        Those that have one are not even tried: a row that somebody has just written to would fail
        to serialize, for nothing.
        """
        self.env.cr.execute(
            SQL(
                """
            INSERT INTO ar_credit_profile
                   (partner_id, company_id, credit_mode, confirmations,
                    create_uid, create_date, write_uid, write_date)
            SELECT customer.id, %(company)s, 'limit', 0, %(uid)s, now() at time zone 'UTC',
                   %(uid)s, now() at time zone 'UTC'
              FROM unnest(%(ids)s::int[]) AS customer (id)
             WHERE NOT EXISTS (
                   SELECT FROM ar_credit_profile profile
                    WHERE profile.partner_id = customer.id AND profile.company_id = %(company)s)
       ON CONFLICT (partner_id, company_id) DO NOTHING
            """,
                company=company.id,
                uid=self.env.uid,
                ids=list(partner_ids),
            )
        )

    @api.model
    def _lock(self, customers, company):
        """Serialize decisions about customers, who are commercial entities.

        Odoo's transactions read a snapshot, so waiting for a lock is not enough: the second of
        two confirmations would wait and then still not see the first one's order. The row is
        therefore written to; the second transaction then fails to serialize and is run again by
        Odoo on a fresh snapshot. Rows are locked in the order of customers, against deadlocks.
        """
        # companies that share a limit decide about it one after the other, too
        Position = self.env["ar.position"]
        facts, keeper = Position._get_company(company.id), Position._get_group(company).company_id
        if not Position._is_written():
            self.flush_model()
        for locked in sorted({keeper.id, facts.root_id} - {False}):
            self.env.cr.execute(_write_on(customers.ids, locked))
            if self.env.cr.rowcount < len(customers):
                self.env.cr.execute(_write_on_new(customers.ids, locked, self.env.uid))
        self.invalidate_model(["confirmations"], flush=False)

    @api.model
    def _cron_review(self):
        """Remind the responsible of each customer whose review is due, once per review."""
        due = self.search([("review_date", "<=", fields.Date.context_today(self))])
        xmlid = "ar_credit_control.activity_review"
        activity_type = self.env.ref(xmlid)
        reminded = set(
            self.env["mail.activity"]
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", due.ids),
                    ("activity_type_id", "=", activity_type.id),
                ]
            )
            .mapped("res_id")
        )
        for profile in due.filtered(lambda p: p.id not in reminded):
            manager = profile._get_credit_manager()
            profile.activity_schedule(
                xmlid,
                user_id=manager.id or self.env.uid,
                summary=self.env._("Review the credit of %s", profile.partner_id.display_name),
            )

    def action_open_partner(self):
        self.ensure_one()
        return self.partner_id.get_formview_action()

    def action_propose_limit(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "ar.credit.limit",
            "view_mode": "form",
            "target": "new",
            "context": {"default_profile_id": self.id, "default_amount": self.credit_limit},
            "name": self.env._("Propose a credit limit"),
        }


def _write_on(customer_ids, company_id) -> SQL:
    """Write to the profiles of customers that have one: a third of what the next one costs."""
    return SQL(
        """
        UPDATE ar_credit_profile SET confirmations = confirmations + 1
         WHERE id = ANY(ARRAY(
               SELECT id FROM ar_credit_profile WHERE company_id = %s AND partner_id = ANY(%s)
             ORDER BY partner_id FOR NO KEY UPDATE))
        """,
        company_id,
        customer_ids,
    )


def _write_on_new(customer_ids, company_id, uid) -> SQL:
    """The same for customers that may have no profile yet, or get one at this moment."""
    return SQL(
        """
        INSERT INTO ar_credit_profile AS profile
               (partner_id, company_id, credit_mode, confirmations,
                create_uid, create_date, write_uid, write_date)
        SELECT customer.id, %(company)s, 'limit', 1,
               %(uid)s, now() at time zone 'UTC', %(uid)s, now() at time zone 'UTC'
          FROM unnest(%(ids)s::int[]) customer (id)
      ORDER BY customer.id
   ON CONFLICT (partner_id, company_id)
     DO UPDATE SET confirmations = profile.confirmations + 1
        """,
        company=company_id,
        uid=uid,
        ids=customer_ids,
    )
