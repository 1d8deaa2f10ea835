from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import format_amount, format_date

from ..rules.credit_limit import Finding, release_covers
from .credit_payload import Payload


class CreditHold(models.Model):
    """One stop of one order: why it waits, who let it go, and until when."""

    _name = "ar.credit.hold"
    _description = "Order on credit hold"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one(
        "sale.order", required=True, ondelete="cascade", index=True, readonly=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, readonly=True
    )
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(related="order_id.user_id", store=True, string="Salesperson")
    team_id = fields.Many2one(related="order_id.team_id", store=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("released", "Released"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
            ("lapsed", "Lapsed"),
            ("passed", "No longer needed"),
        ],
        required=True,
        default="waiting",
        readonly=True,
        index=True,
    )
    amount = fields.Monetary(string="Order total", readonly=True, help="In the company's currency.")
    findings = fields.Json(readonly=True)
    findings_table = fields.Html(
        compute="_compute_findings_table", string="What was found", sanitize=False
    )
    reason_text = fields.Text(compute="_compute_texts", string="Why it waits")
    remedy_text = fields.Text(compute="_compute_texts", string="What would release it")
    request_note = fields.Text(string="Salesperson's note", readonly=True)
    requested_on = fields.Datetime(readonly=True)
    exposure = fields.Monetary(readonly=True, string="Exposure when held")
    overdue = fields.Monetary(readonly=True, string="Overdue when held")
    available = fields.Monetary(readonly=True, string="Available when held")
    ar_widget = Payload(compute="_compute_ar_widget", string="Position today")
    from_machine = fields.Boolean(
        readonly=True, help="The confirmation came from the portal, a payment or another program."
    )
    released_amount = fields.Monetary(readonly=True)
    tolerance = fields.Float(string="Tolerance (%)", readonly=True)
    valid_until = fields.Date(readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_on = fields.Datetime(readonly=True)
    decision_reason = fields.Text(readonly=True)
    may_release = fields.Boolean(compute="_compute_may_release")

    _one_waiting = models.UniqueIndex(
        "(order_id) WHERE state = 'waiting'", "This order waits for release already."
    )

    @api.depends("state", "amount", "company_id")
    @api.depends_context("uid")
    def _compute_may_release(self):
        authority = self.env["ar.credit.authority"]
        for company, holds in self.grouped("company_id").items():
            ceiling = authority._get_ceiling("release", company)
            for hold in holds:
                hold.may_release = hold.state == "waiting" and authority._is_within(
                    hold.amount, ceiling, company
                )

    @api.depends_context("uid", "lang")
    def _compute_ar_widget(self):
        for company, holds in self.grouped("company_id").items():
            # the order's own payload, so that the decision shown is the one about this order
            payloads = {o.id: o.ar_widget for o in holds.order_id.with_company(company)}
            for hold in holds:
                hold.ar_widget = payloads.get(hold.order_id.id, False)

    # ------------------------------------------------------------------ wording
    @api.depends("findings", "company_id")
    @api.depends_context("lang")
    def _compute_texts(self):
        texts = self.env["ar.credit.texts"]
        for hold in self:
            found = hold._get_findings()
            hold.reason_text = texts._reason(found, hold.company_id)
            hold.remedy_text = texts._remedies(found, hold.company_id)

    @api.depends("findings", "company_id")
    @api.depends_context("lang")
    def _compute_findings_table(self):
        texts = self.env["ar.credit.texts"]
        for hold in self:
            hold.findings_table = texts._findings_table(hold._get_findings(), hold.company_id)

    def _get_findings(self):
        return [Finding(**finding) for finding in self.findings or []]

    def _get_texts(self, env):
        """(why the order waits, what would release it) for the user and language of ``env``."""
        texts = env["ar.credit.texts"]
        partner = self.partner_id.with_env(env)
        return texts._hold_texts(self._get_findings(), self.company_id, partner)

    # ------------------------------------------------------------------ opening
    @api.model
    def _open(self, order, vals):
        """Put an order on hold, or bring its present hold up to date. Runs as superuser."""
        hold = order.ar_hold_id if order.ar_hold_id.state == "waiting" else self.browse()
        if hold:
            hold.write(vals)
            return hold
        if order.ar_hold_id.state == "released":
            order.ar_hold_id.state = "lapsed"
        self.flush_model(["state"])  # the index allows one waiting hold: the old one must be out
        hold = self.create({"order_id": order.id, **vals})
        order.write({"ar_hold_id": hold.id, "ar_credit_state": "held"})
        hold._tell()
        return hold

    def _tell(self):
        """Tell the salesperson, and the credit manager by an activity on the hold.

        The order's chatter is read by everybody who reads the order: figures stay out of it. A
        message belongs to its creator as well, so it is the superuser who writes.
        """
        hold = self.with_user(SUPERUSER_ID)
        robot = self.env.ref("base.partner_root")
        hold.order_id.message_post(
            body=self.env._("On credit hold: why, and what would release it, is shown above."),
            author_id=robot.id,
            subtype_xmlid="mail.mt_note",  # internal: the customer follows the order, too
        )
        if self.user_id:
            hold.order_id.message_notify(
                body=hold._describe_to(self.user_id),
                subject=self.env._("%s is on credit hold", self.order_id.name),
                author_id=robot.id,
                partner_ids=self.user_id.partner_id.ids,
            )
        hold._ask_manager()

    def _describe_to(self, user):
        """Why it waits and what would help: in the language of a user, and what he may know."""
        env = self.with_user(user).with_context(lang=user.lang).env
        reason, remedy = self._get_texts(env)
        if not remedy:
            return env._("On credit hold. %s", reason)
        return env._(
            "On credit hold: %(reason)s What would release it: %(remedy)s",
            reason=reason,
            remedy=remedy,
        )

    def _ask_manager(self):
        profile = self.env["ar.credit.profile"]._get_or_create(self.partner_id, self.company_id)
        if manager := profile._get_credit_manager():
            self.activity_schedule(
                "ar_credit_control.activity_release",
                user_id=manager.id,
                summary=self.env._("Release %s?", self.order_id.name),
                note=self._describe_to(manager),
            )

    # ------------------------------------------------------------------ release
    def _covers(self, amount, debtor):
        """Whether this hold's release lets an order of this amount and debtor (id) through."""
        return (
            self.state == "released"
            and self.partner_id.id == debtor
            and release_covers(
                amount,
                self.released_amount,
                self.tolerance,
                self.valid_until,
                fields.Date.context_today(self),
            )
        )

    def _check_may_release(self, amount):
        self.ensure_one()
        self.check_access("read")
        if not self.env["ar.credit.authority"]._covers("release", amount, self.company_id):
            message = self.env["ar.credit.limit"]._authority_message
            raise AccessError(message("release", amount, self.company_id))

    def _release(self, reason, amount=None, tolerance=None, valid_until=None, confirm=True):
        """Let the order through: the current user answers for it with a reason.

        :param amount: order total released, in company currency; default what is held
        :param confirm: confirm the order at once
        :raise AccessError: when the amount is above the user's authority
        """
        amount = self.amount if amount is None else amount
        policy = (
            self.env["ar.credit.profile"]
            .sudo()  # the policy gives the usual values, whoever may read it
            ._get_or_create(self.partner_id, self.company_id)
            ._get_policy()
        )
        tolerance = policy.release_tolerance if tolerance is None else tolerance
        # more than the usual tolerance is a larger amount by another name
        unusual = max(0.0, tolerance - policy.release_tolerance)
        self._check_may_release(max(amount, self.amount) * (1 + unusual / 100))
        if self.state != "waiting":
            raise UserError(self.env._("This hold was decided already: reload the page."))
        if not (reason or "").strip():
            raise UserError(self.env._("Give a reason for the release: it stays on the order."))
        today = fields.Date.context_today(self)
        hold = self.sudo()  # the authority was checked above
        hold.write(
            {
                "state": "released",
                "released_amount": amount,
                "tolerance": tolerance,
                "valid_until": valid_until or fields.Date.add(today, days=policy.release_days),
                "decided_by_id": self.env.user.id,
                "decided_on": fields.Datetime.now(),
                "decision_reason": reason,
            }
        )
        hold.order_id.write({"ar_credit_state": "released"})
        hold._log(
            self.env._(
                "Released up to %(amount)s (+%(tolerance)s %%) until %(end)s: %(reason)s",
                amount=format_amount(self.env, amount, self.currency_id),
                tolerance=f"{hold.tolerance:g}",
                end=format_date(self.env, hold.valid_until),
                reason=reason,
            ),
            self.env.user,
        )
        if confirm and hold.order_id.state in ("draft", "sent"):
            hold._confirm_order()

    def _confirm_order(self):
        order = self.order_id.with_company(self.company_id)
        if self.from_machine:
            order._validate_order()  # as the portal would have done: with its mail
        else:
            order.action_confirm()

    def _log(self, body, user):
        """Write a decision on the order's chatter and tell the salesperson; end the activity."""
        self.activity_feedback(["ar_credit_control.activity_release"], feedback=body)
        self.order_id.message_post(
            body=body,
            author_id=user.partner_id.id,
            partner_ids=(self.user_id - user).partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )

    def action_release(self):
        self.ensure_one()
        self._check_may_release(self.amount)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decide: release %s?", self.order_id.name),
            "res_model": "ar.credit.release",
            "view_mode": "form",
            "target": "new",
            "context": {"default_hold_id": self.id},
        }

    def action_refuse(self):
        for hold in self.filtered(lambda h: h.state == "waiting"):
            hold._check_may_release(hold.amount)
            hold.sudo()._close("refused", self.env._("Release refused."), self.env.user)

    def action_withdraw(self):
        """Take a release (manager) back before it is used."""
        for hold in self.filtered(lambda h: h.state == "released"):
            hold._check_may_release(hold.released_amount)
            hold.sudo()._close("withdrawn", self.env._("Release withdrawn."), self.env.user)

    def _close(self, state, body, user):
        self.write(
            {
                "state": state,
                "decided_by_id": user.id,
                "decided_on": fields.Datetime.now(),
            }
        )
        # a confirmed order stands as it is, and a cancelled one waits for nothing
        quotation = self.order_id.state in ("draft", "sent")
        self.order_id.write({"ar_credit_state": "held" if quotation else "free"})
        self._log(body, user)

    def _request(self, note, amount=None):
        """Ask the credit manager to let the order go; the note says why he should."""
        self.ensure_one()
        hold = self.sudo()  # the salesperson may read the hold and add this note, nothing else
        hold.write(
            {
                "request_note": note,
                "requested_on": fields.Datetime.now(),
                **({"amount": amount} if amount else {}),
            }
        )
        hold._log_request(self.env.user, note)

    def _log_request(self, user, note):
        manager = (
            self.env["ar.credit.profile"]
            ._get_or_create(self.partner_id, self.company_id)
            ._get_credit_manager()
        )
        body = self.env._("Release requested: %s", note)
        for record in (self, self.order_id):
            record.message_post(
                body=body,
                author_id=user.partner_id.id,
                partner_ids=(manager - user).partner_id.ids if record == self else [],
                subtype_xmlid="mail.mt_note",
            )

    # ------------------------------------------------------------------ daily
    @api.model
    def _cron_update(self):
        """Let releases lapse, close holds of dead orders, and tell whose order may now go."""
        today = fields.Date.context_today(self)
        lapsed = self.search([("state", "=", "released"), ("valid_until", "<", today)])
        for hold in lapsed.filtered(lambda h: h.order_id.state in ("draft", "sent")):
            hold._close("lapsed", self.env._("The release lapsed unused."), self.env.user)
        waiting = self.search([("state", "=", "waiting")])
        dead = waiting.filtered(lambda h: h.order_id.state == "cancel")
        for hold in dead:
            hold._close("withdrawn", self.env._("The order was cancelled."), self.env.user)
        # confirmed orders that shall grow wait for an answer, not for their confirmation
        quotations = waiting.filtered(lambda h: h.order_id.state in ("draft", "sent"))
        for hold in quotations._filter_free():
            hold._tell_free()

    def _filter_free(self):
        """The holds whose order would pass by now."""
        free = self.browse()
        for company, holds in self.grouped("company_id").items():
            verdicts = holds.order_id._ar_get_verdicts(company)
            free += holds.filtered(lambda h, v=verdicts: not v[h.order_id.id].stops_order)
        return free

    def _tell_free(self):
        xmlid = "ar_credit_control.activity_confirm"
        if self.user_id and not self.order_id.activity_search([xmlid]):
            self.order_id.activity_schedule(
                xmlid,
                user_id=self.user_id.id,
                summary=self.env._("Nothing holds %s any more: confirm it", self.order_id.name),
            )
