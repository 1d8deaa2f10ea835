from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.misc import format_amount, format_date

DECIDED = (
    "state",
    "decided_by_id",
    "decided_on",
    "previous_amount",
    "requested_by_id",
    "is_computed",
    "arithmetic",
)


class CreditLimit(models.Model):
    """A decision about a customer's credit: proposed by one, approved by who may."""

    _name = "ar.credit.limit"
    _description = "Credit limit decision"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "partner_id"

    profile_id = fields.Many2one("ar.credit.profile", required=True, ondelete="cascade", index=True)
    partner_id = fields.Many2one(
        related="profile_id.partner_id", store=True, index=True, string="Customer"
    )
    company_id = fields.Many2one(related="profile_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [
            ("base", "Credit limit"),
            ("raise", "Temporary raise"),
            ("no_credit", "No credit: payment in advance"),
        ],
        required=True,
        default="base",
    )
    amount = fields.Monetary(help="The new limit; for a temporary raise the limit until its end.")
    previous_amount = fields.Monetary(readonly=True)
    date_from = fields.Date(default=fields.Date.context_today)
    date_to = fields.Date(string="Valid until")
    reason = fields.Text(required=True)
    state = fields.Selection(
        [("proposed", "Proposed"), ("approved", "Approved"), ("refused", "Refused")],
        default="proposed",
        required=True,
        readonly=True,
        index=True,
        copy=False,
    )
    requested_by_id = fields.Many2one(
        "res.users", readonly=True, default=lambda self: self.env.user
    )
    decided_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    decided_on = fields.Datetime(readonly=True, copy=False)
    may_decide = fields.Boolean(compute="_compute_may_decide")

    @api.depends("amount", "kind", "company_id", "state")
    @api.depends_context("uid")
    def _compute_may_decide(self):
        authority = self.env["ar.credit.authority"]
        for company, decisions in self.grouped("company_id").items():
            ceiling = authority._get_ceiling("limit", company)
            for decision in decisions:
                decision.may_decide = decision.state == "proposed" and authority._is_within(
                    decision._amount_to_approve(), ceiling, company
                )

    @api.constrains("kind", "amount", "date_from", "date_to")
    def _check_values(self):
        for decision in self:
            problem = decision._get_problem()
            if problem:
                raise ValidationError(problem)

    def _get_problem(self):
        if self.amount < 0:
            return self.env._("A credit limit cannot be negative: use “No credit” instead.")
        if self.kind == "raise" and (problem := self._get_raise_problem()):
            return problem
        if self.date_to and self.date_from and self.date_to < self.date_from:
            return self.env._(
                "The decision ends on %(end)s, before it begins on %(start)s: correct one of them.",
                end=format_date(self.env, self.date_to),
                start=format_date(self.env, self.date_from),
            )
        return None

    def _get_raise_problem(self):
        if not self.date_to:
            return self.env._("A temporary raise needs the day until which it is valid.")
        if not self.amount:
            return self.env._("A temporary raise needs an amount above 0.")
        if self.profile_id.credit_mode == "no_credit":
            return self.env._(
                "The customer gets no credit, so there is no limit to raise: propose a limit."
            )
        return None

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [{**vals, **self._undecided()} for vals in vals_list]
        decisions = super().create(vals_list)
        decisions.filtered(lambda d: d.state == "proposed")._notify_approver()
        return decisions

    def _undecided(self):
        """The outcome is decided by the methods below, never by whoever writes the proposal.

        Values, not their absence: a context or a user's own defaults would fill in others.
        """
        mine = {"state": "proposed", "requested_by_id": self.env.uid}
        fields = [name for name in DECIDED if self._has_field_access(self._fields[name], "write")]
        return {**dict.fromkeys(fields, False), **mine}

    def write(self, vals):
        if not self.env.su and vals.keys() & {*DECIDED, "profile_id"}:
            raise AccessError(self.env._("A limit is approved or refused with its buttons only."))
        if not self.env.su and any(decision.state != "proposed" for decision in self):
            raise UserError(
                self.env._("A decision that was taken stays as it is: propose a new one instead.")
            )
        return super().write(vals)

    def _amount_to_approve(self):
        return 0.0 if self.kind == "no_credit" else self.amount

    def action_approve(self):
        for decision in self:
            decision._check_authority()
            # the authority was checked: the limit itself is core's field, open to accountants only
            decision.sudo()._approve(self.env.user)

    def action_refuse(self):
        for decision in self:
            decision._check_authority()
            decision.sudo()._close("refused", self.env.user)

    def _check_authority(self):
        self.check_access("read")
        if self.state != "proposed":
            raise UserError(self.env._("This proposal was decided already."))
        amount = self._amount_to_approve()
        if not self.env["ar.credit.authority"]._covers("limit", amount, self.company_id):
            raise UserError(self._authority_message("limit", amount, self.company_id))

    @api.model
    def _authority_message(self, purpose, amount, company):
        ceiling = self.env["ar.credit.authority"]._get_ceiling(purpose, company)
        if not ceiling:
            return self.env._(
                "You have no authority to decide this: ask somebody who has, or a credit manager "
                "to give you one (Credit Control, Configuration, Credit authority)."
            )
        return self.env._(
            "%(amount)s is more than you may approve (%(ceiling)s): ask somebody with the "
            "authority, or let them raise yours.",
            amount=format_amount(self.env, amount, company.currency_id),
            ceiling=format_amount(self.env, ceiling, company.currency_id),
        )

    def _approve(self, user):
        profile = self.profile_id
        partner = self.partner_id.with_company(self.company_id)
        self.previous_amount = partner.credit_limit
        if self.kind == "raise":
            profile.write(
                {
                    "raise_amount": self.amount,
                    "raise_from": self.date_from,
                    "raise_until": self.date_to,
                }
            )
        else:
            profile.write(
                {
                    "credit_mode": "no_credit" if self.kind == "no_credit" else "limit",
                    "limit_valid_until": self.date_to,
                    "assessed_on": fields.Date.context_today(self),
                }
            )
            if self.kind == "base":
                partner.credit_limit = self.amount
        self._close("approved", user)

    def _close(self, state, user):
        self.write({"state": state, "decided_by_id": user.id, "decided_on": fields.Datetime.now()})
        self.activity_unlink(["ar_credit_control.activity_limit"])
        if state == "approved":
            self.profile_id.message_post(
                body=self._describe(), author_id=user.partner_id.id, subtype_xmlid="mail.mt_note"
            )

    def _describe(self):
        """One sentence for the profile's chatter, which is closed to whom the customer's is not."""
        values = {
            "company": self.company_id.display_name,
            "old": format_amount(self.env, self.previous_amount, self.currency_id),
            "new": format_amount(self.env, self.amount, self.currency_id),
            "end": format_date(self.env, self.date_to) if self.date_to else "",
            "reason": self.reason,
        }
        if self.kind == "no_credit":
            return self.env._("No credit from now on at %(company)s: %(reason)s", **values)
        if self.kind == "raise":
            return self.env._(
                "Credit limit at %(company)s raised to %(new)s until %(end)s: %(reason)s", **values
            )
        return self.env._("Credit limit at %(company)s: %(old)s → %(new)s. %(reason)s", **values)

    def _notify_approver(self):
        for decision in self:
            manager = decision.profile_id.sudo()._get_credit_manager()
            if manager and manager != self.env.user:
                decision.sudo().activity_schedule(
                    "ar_credit_control.activity_limit",
                    user_id=manager.id,
                    summary=self.env._("Limit proposed for %s", decision.partner_id.display_name),
                )
