from collections import Counter
from contextlib import contextmanager
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import format_amount

from ..rules.discount import Line, discount_percent
from .credit_payload import Payload
from .res_company import SELDOM_READ
from .unkeyed import Unkeyed

# Written by the credit check alone: whoever could write them would release his own orders.
PROTECTED = {"ar_hold_id", "ar_credit_state", "ar_cleared_amount", "ar_cleared_partner_id"}
# Odoo stores these and lets programs write them, and the check rests on them.
COMPUTED = {"amount_total", "amount_untaxed", "amount_tax", "invoice_status"}
OWN_DEFAULTS = {"state": "draft", "ar_credit_state": "free"}
# Changes of these on a confirmed order may raise what the customer will owe, move or defer it.
MEASURE_FIELDS = {"currency_id", "company_id", "payment_term_id"}
CHANGING_FIELDS = {"partner_id", "partner_invoice_id", "order_line", *MEASURE_FIELDS}
# Customers read their own orders, but not what is decided about their credit.
INTERNAL = "base.group_user"


class Measure(NamedTuple):
    """What a total means: in another currency or company, or later, it is another amount."""

    currency: models.Model
    company: models.Model
    days: int

    def asks_more_than(self, other):
        return self[:2] != other[:2] or self.days > other.days


class SaleOrder(models.Model):
    _inherit = "sale.order"

    ar_widget = Payload(compute="_compute_ar_widget", string="Receivables", groups=INTERNAL)
    ar_credit_state = fields.Selection(
        [("free", "Free"), ("held", "On credit hold"), ("released", "Released")],
        string="Credit",
        default="free",
        required=True,
        readonly=True,
        copy=False,
        prefetch=SELDOM_READ,
        groups=INTERNAL,
    )
    ar_hold_id = fields.Many2one(
        "ar.credit.hold",
        string="Credit hold",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups=INTERNAL,
    )
    ar_hold_reason = fields.Text(compute="_compute_ar_hold", string="Why it waits", groups=INTERNAL)
    ar_hold_remedy = fields.Text(
        compute="_compute_ar_hold", string="What releases it", groups=INTERNAL
    )
    ar_hold_state = fields.Selection(related="ar_hold_id.state", string="Hold", groups=INTERNAL)
    ar_may_release = fields.Boolean(compute="_compute_ar_hold", groups=INTERNAL)
    # nobody is shown it; a Monetary would read the currency to write it with each confirmation
    ar_cleared_amount = fields.Float(
        string="Cleared order total",
        digits=0,
        readonly=True,
        copy=False,
        prefetch=SELDOM_READ,
        help="The total that was checked, in the order's currency.",
        groups=INTERNAL,
    )
    # whoever is gone is another debtor than the order's: it is judged again
    ar_cleared_partner_id = Unkeyed(
        "res.partner",
        string="Cleared debtor",
        readonly=True,
        copy=False,
        prefetch=SELDOM_READ,
        groups=INTERNAL,
    )

    # ------------------------------------------------------------------ widget
    @api.depends(
        "partner_id",
        "partner_invoice_id",
        "company_id",
        "currency_id",
        "amount_total",
        "state",
        "payment_term_id",
        "ar_credit_state",
    )
    @api.depends_context("uid", "lang")
    def _compute_ar_widget(self):
        self.ar_widget = False
        for company, orders in self.filtered("partner_invoice_id").grouped("company_id").items():
            company = company or self.env.company
            verdicts = self.env["ar.credit.check"]._judge_orders(orders, company)
            debtors = {verdict.position.partner_id for verdict in verdicts.values()}
            visible = set(self.env["res.partner"].browse(debtors)._ar_filter_visible_entities().ids)
            texts = self.env["ar.credit.texts"]._foresee(company, debtors)
            for order in orders:
                if verdict := verdicts.get(order.id):
                    seen = verdict.position.partner_id in visible
                    order.ar_widget = texts._payload(company, verdict, seen)

    @api.depends("ar_hold_id.findings", "ar_hold_id.state", "ar_hold_id.amount")
    @api.depends_context("uid", "lang")
    def _compute_ar_hold(self):
        """Whoever reads the order sees that it waits; figures need a right to the customer."""
        for order in self:
            hold = order.ar_hold_id and order.sudo().ar_hold_id
            reason, remedy = hold._get_texts(self.env) if hold else (False, False)
            order.ar_hold_reason = reason
            order.ar_hold_remedy = remedy
            # without a remedy to read there is no right to the hold either
            order.ar_may_release = remedy and hold.with_env(self.env).may_release

    # ------------------------------------------------------------------ amounts
    def _ar_amount(self, company, today=None):
        """The order's total in the company's currency, at today's rate."""
        if self.currency_id == company.currency_id:
            return self.amount_total
        today = today or fields.Date.context_today(self)
        return self.currency_id._convert(self.amount_total, company.currency_id, company, today)

    def _ar_discount(self):
        """The order's largest discount in percent, on a line or on the whole."""
        lines = self.order_line.filtered(
            lambda line: not (line.display_type or line.is_downpayment)
        )
        return discount_percent(
            Line(line.product_uom_qty, line.price_unit, line.discount) for line in lines
        )

    def _ar_prepaid(self, company):
        """What is paid or authorised online, and the part of it that the ledger lacks yet."""
        # salespeople may confirm a paid order without any right to transactions
        payments = self.sudo().transaction_ids.filtered(lambda t: t.state in ("authorized", "done"))
        booked = payments.filtered(lambda t: t.payment_id.state in ("in_process", "paid"))

        def total(transactions):
            return sum(
                t.currency_id._convert(
                    t.amount, company.currency_id, company, fields.Date.context_today(self)
                )
                for t in transactions
            )

        return total(payments), total(payments - booked)

    # ------------------------------------------------------------------ confirmation
    def action_confirm(self):
        """Confirm what the credit policy lets through; the rest is kept, on hold."""
        held = self._ar_screen()
        passed = self - held if held else self
        result = super(SaleOrder, passed).action_confirm() if passed else True
        return held._ar_notify_held() if held else result

    @api.model_create_multi
    def create(self, vals_list):
        """Orders that are created as confirmed (import, RPC) are confirmed after the check."""
        defaults = self._ar_defaults()
        vals_list = [{**defaults, **vals} for vals in vals_list]
        for vals in vals_list:
            self._ar_guard(vals)
        confirmed = [vals.get("state") == "sale" for vals in vals_list]
        if not any(confirmed):
            return super().create(vals_list)
        orders = super().create(
            [
                {**vals, "state": "draft"} if wanted else vals
                for vals, wanted in zip(vals_list, confirmed, strict=True)
            ]
        )
        wanted = self.browse(
            order.id for order, sure in zip(orders, confirmed, strict=True) if sure
        )
        wanted.write({"state": "sale"})
        return orders

    def write(self, vals):
        """No path leads to a confirmed order but through the check, a bare write included."""
        self._ar_guard(vals)
        orders = self
        if vals.get("state") == "sale":
            held = self.filtered(lambda o: o.state != "sale" and not o._ar_is_cleared())
            held = held and held._ar_screen()
            if held:
                rest = {k: v for k, v in vals.items() if k not in ("state", "date_order", "locked")}
                super(SaleOrder, held).write(rest)
                orders = self - held
        measures = orders._ar_measures() if MEASURE_FIELDS & vals.keys() else {}
        with orders._ar_judged_as_a_whole():
            result = super(SaleOrder, orders).write(vals)
        if vals.get("state") == "sale":
            self._ar_cleared_ids().difference_update(self.ids)
        if CHANGING_FIELDS & vals.keys():  # beside a confirmation, too: it was judged before them
            orders._ar_check_increase(orders._ar_get_moved(measures))
        return result

    def _ar_get_moved(self, before):
        """Orders whose total means more than it did, whatever their number says."""
        now = self._ar_measures() if before else {}
        return self.filtered(lambda o: now and now[o].asks_more_than(before[o]))

    def _ar_measures(self):
        today = fields.Date.context_today(self)
        return {
            order: Measure(
                order.currency_id, order.company_id, order.payment_term_id._ar_last_day(today)
            )
            for order in self
        }

    @contextmanager
    def _ar_judged_as_a_whole(self):
        """Leave the check to the order while its lines are saved: one may make room for another."""
        saving = self.env.cr.cache.setdefault("ar_saved_orders", Counter())
        saving.update(self.ids)
        try:
            yield
        finally:
            saving.subtract(self.ids)

    def _ar_is_being_saved(self):
        return self.env.cr.cache.get("ar_saved_orders", Counter())[self.id] > 0

    def _ar_defaults(self):
        """What a caller's context or a user's own defaults fill in counts like what is given."""
        defaults = self.default_get(["state", *PROTECTED, *COMPUTED])
        return {name: value for name, value in defaults.items() if OWN_DEFAULTS.get(name) != value}

    def _ar_guard(self, vals):
        if self.env.su:
            return
        if PROTECTED & vals.keys():
            raise AccessError(
                self.env._("Credit decisions are taken with the order's buttons, not by editing.")
            )
        if COMPUTED & vals.keys():
            raise AccessError(
                self.env._("An order's totals follow from its lines: change those instead.")
            )

    def _ar_cleared_ids(self):
        """Orders cleared in this transaction, on the cursor: no caller can forge it."""
        return self.env.cr.cache.setdefault("ar_cleared_orders", set())

    def _ar_is_cleared(self):
        return self.id in self._ar_cleared_ids()

    def _ar_screen(self):
        """Judge orders about to be confirmed; put on hold and return those that must wait."""
        held = set()
        candidates = self.filtered(lambda o: o.state != "sale" and o.partner_invoice_id)
        # holds are written by this check alone, and a verdict is the same whoever asks
        for company, orders in candidates.sudo().grouped("company_id").items():
            verdicts = orders.env["ar.credit.check"]._judge_confirmation(orders, company)
            fresh = {}
            for order in orders:
                verdict = verdicts[order.id]
                if order._ar_must_wait(verdict, from_machine=self.env.su):
                    held.add(order.id)
                elif order.ar_hold_id:
                    order._ar_clear(verdict)
                else:
                    fresh[order.id] = verdict
            orders._ar_store_cleared(fresh)
        self._ar_cleared_ids().update({*candidates._ids} - held)
        return self.browse(key for key in self._ids if key in held)

    def _ar_must_wait(self, verdict, from_machine):
        """Put the order on hold if the verdict stops it and no release covers it."""
        if not verdict.stops_order:
            return False
        if self.ar_hold_id._covers(verdict.amount, verdict.position.partner_id):
            return False
        self.env["ar.credit.hold"]._open(self, self._ar_hold_vals(verdict, from_machine))
        return True

    def _ar_store_cleared(self, verdicts):
        """Remember what was cleared, for orders that never waited.

        Nearly every order takes this path, and to confirm it must stay as cheap as it was: the
        values join those that the confirmation itself is about to write.
        """
        amount = self._fields["ar_cleared_amount"]
        debtor = self._fields["ar_cleared_partner_id"]
        for order in self.browse(verdicts):
            amount._update_cache(order, order.amount_total, dirty=True)
            debtor._update_cache(order, verdicts[order.id].position.partner_id, dirty=True)

    def _ar_clear(self, verdict):
        """Record that the order may stand as it is: what asked for its release is over."""
        hold = self.ar_hold_id
        # a confirmed order may wait for more than the growth that just passed
        if hold.state == "waiting" and (self.state != "sale" or verdict.amount >= hold.amount):
            hold._close("passed", self.env._("Nothing holds it any more."), self.env.user)
        if hold:
            self.activity_unlink(["ar_credit_control.activity_confirm"])
        state = {"released": "released", "waiting": "held"}.get(hold.state, "free")
        self.write(
            {
                "ar_cleared_amount": self.amount_total,
                "ar_cleared_partner_id": verdict.position.partner_id,
                "ar_credit_state": state,
            }
        )

    def _ar_hold_vals(self, verdict, from_machine):
        company, position = self.company_id, verdict.position
        return {
            "partner_id": position.partner_id,
            "company_id": company.id,
            "amount": verdict.amount,
            "findings": [finding.to_json() for finding in verdict.holding],
            "exposure": position.exposure,
            "overdue": position.overdue,
            "available": position.available or 0.0,
            "from_machine": from_machine,
        }

    def _ar_notify_held(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "title": self.env._("On credit hold: %s", ", ".join(self.mapped("name"))),
                "message": self[:1].ar_hold_reason,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # ------------------------------------------------------------------ after confirmation
    def _ar_check_increase(self, moved=()):
        """Refuse a confirmed order's growth, or its move to another debtor, beyond the policy.

        Orders in ``moved`` are judged whatever their number says: it means something else now.
        What an order gives up is free for others, so it must pass again to grow back.
        """
        confirmed = self.filtered(lambda o: o.state == "sale" and not o._ar_is_being_saved())
        for company, orders in confirmed.grouped("company_id").items():
            grown = orders.filtered(lambda o: o in moved or o._ar_has_grown())
            for order in (orders - grown).sudo():  # a protected field, written by the check
                if order.currency_id.compare_amounts(order.amount_total, order.ar_cleared_amount):
                    order.ar_cleared_amount = order.amount_total
            if grown:
                verdicts = self.env["ar.credit.check"]._judge_confirmation(grown, company)
                for order in grown:
                    order._ar_accept_or_refuse(verdicts[order.id])

    def _ar_has_grown(self):
        """In the order's currency: a rate that moves is no growth."""
        order = self.sudo()  # reads what the check itself wrote
        moved = order.partner_invoice_id.commercial_partner_id != order.ar_cleared_partner_id
        grown = order.currency_id.compare_amounts(order.amount_total, order.ar_cleared_amount) > 0
        return moved or grown

    def _ar_accept_or_refuse(self, verdict):
        order = self.sudo()
        debtor = verdict.position.partner_id
        if verdict.stops_order and not order.ar_hold_id._covers(verdict.amount, debtor):
            raise UserError(self._ar_refusal(verdict))
        order._ar_clear(verdict)

    def _ar_refusal(self, verdict):
        company, debtor = self.company_id, self.partner_invoice_id.commercial_partner_id
        texts = self.env["ar.credit.texts"]
        reason, remedy = texts._hold_texts(verdict.holding, company, debtor)
        return self.env._(
            "%(order)s cannot grow to %(amount)s: %(reason)s\nWhat would allow it: "
            "%(remedy)s, or a release: keep the order as it is and ask for the new total.",
            order=self.name,
            amount=format_amount(self.env, verdict.amount, company.currency_id),
            reason=reason,
            remedy=remedy or self.env._("a decision by the credit manager"),
        )

    # ------------------------------------------------------------------ buttons
    def action_ar_request_release(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for the release of %s", self.name),
            "res_model": "ar.credit.request",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }

    def action_ar_release(self):
        self.ensure_one()
        return self.ar_hold_id.action_release()

    def action_ar_open_hold(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "ar.credit.hold",
            "res_id": self.ar_hold_id.id,
            "view_mode": "form",
        }

    def _ar_get_verdicts(self, company):
        return self.env["ar.credit.check"]._judge_orders(self, company)
