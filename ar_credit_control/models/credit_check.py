from collections import defaultdict
from dataclasses import replace

from odoo import api, fields, models

from ..rules.credit_limit import HOLD, Facts, Verdict, findings
from ..rules.discount import WEAK_GRADES


class CreditCheck(models.AbstractModel):
    """Judges customers and orders by the credit policy."""

    _name = "ar.credit.check"
    _description = "Credit check"

    @api.model
    def _judge_partners(self, partners, company):
        """Return ``{commercial partner id: Verdict}`` for customers looked at without an order."""
        self = self.sudo()  # a verdict is the same whoever asks; callers know who may see it
        today = fields.Date.context_today(self)
        rows = self._get_rows(partners, company)
        return {
            key: _to_verdict(
                row,
                self._get_facts(position, row, company, today),
                self._get_policy(row, company)._get_rules(),
            )
            for key, (position, row) in rows.items()
        }

    @api.model
    def _judge_orders(self, orders, company):
        """Return ``{order id: Verdict}``.

        Orders that would pass count against those of the same customer behind them, so that a
        batch cannot spend one limit twice.
        """
        self, orders = self.sudo(), orders.sudo()  # as above
        partners = orders.partner_invoice_id
        found = self._get_rows(partners, company)
        rows = {p.id: found[p._origin.commercial_partner_id.id] for p in partners if p._origin}
        return self._judge_rows(orders, company, fields.Date.context_today(self), rows)

    @api.model
    def _judge_confirmation(self, orders, company):
        """As ``_judge_orders``, after the customers were locked; only what stops an order counts.

        Every order has an invoice address.
        """
        verdicts = self._judge_locked(orders, company, whole=False)
        if any(v.stops_order and v.position.limit.kind == "none" for v in verdicts.values()):
            # who decides about a hold sees what else the customer ordered, whatever the reason
            verdicts = self._judge_locked(orders, company, whole=True)
        return verdicts

    def _judge_locked(self, orders, company, whole):
        self, orders = self.sudo(), orders.sudo()  # as above
        today = fields.Date.context_today(self)
        days = self.env["ar.credit.policy"]._get_overdue_days(company.id)
        rows = self.env["ar.position"]._get_locked_rows(
            orders.partner_invoice_id, company, today, days, whole
        )
        return self._judge_rows(orders, company, today, self._refresh_dunning(rows, company), HOLD)

    def _judge_rows(self, orders, company, today, rows, effect=None):
        """Return ``{order id: Verdict}``.

        :param rows: ``{invoice address id: (Position, row)}``
        :param effect: of the rules that matter; default all
        """
        spent = defaultdict(float)
        verdicts = {}
        for order in orders:
            if not (found := rows.get(order.partner_invoice_id.id)):
                continue
            position, row = found
            key = position.partner_id
            if spent[key]:
                position = position._replace(orders=position.orders + spent[key])
            verdict = self._judge_order(order, position, row, company, today, effect)
            verdicts[order.id] = verdict
            if not verdict.stops_order and order.state != "sale":
                spent[key] += verdict.amount
        return verdicts

    def _judge_order(self, order, position, row, company, today, effect):
        """The verdict on an order; ``position`` is that of its customer without it."""
        rules = self._get_policy(row, company)._get_rules(effect)
        amount = order._ar_amount(company, today)
        # that of a confirmed order is in position.orders by now
        if order.state != "sale":
            position = position._replace(this_order=amount)
        facts = self._get_facts(position, row, company, today, order_amount=amount)
        asked = {rule.criterion for rule in rules}
        # only then does a discount matter, and it costs the lines
        if row.grade in WEAK_GRADES and "weak_discount" in asked:
            facts = replace(facts, discount=order._ar_discount())
        if "term_longer" in asked:
            facts = self._add_terms(facts, order, row)
        verdict = _to_verdict(row, facts, rules)
        if not (verdict.stops_order if effect else verdict.findings):
            return verdict
        # only now, since it costs a query: what is paid already risks nothing
        paid, unbooked = order._ar_prepaid(company)
        if not paid:
            return verdict
        position = position._replace(this_order=position.this_order - unbooked)
        return _to_verdict(row, replace(facts, position=position, prepaid=paid), rules)

    def _get_facts(self, position, row, company, today, order_amount=0.0):
        """What is known of a customer, and the order's amount."""
        return Facts(
            position,
            today,
            order_amount,
            dunning_level=row.dunning_level or 0,
            dunning_hold=bool(row.dunning_hold),
            manual_hold=bool(row.manual_hold),
            hold_reason=row.manual_hold_reason,
            review_date=row.review_date,
            grade=row.grade,
            assessed=bool(row.grade or row.assessed_on)
            or self._has_own_limit(position.limit, company),
        )

    def _has_own_limit(self, limit, company):
        """The company's default limit is what customers get before anybody looked at them."""
        if limit.kind != "amount":
            return limit.kind == "no_credit"
        return limit.amount != self.env["ar.position"]._get_default_limit(company.id)

    def _get_rows(self, partners, company):
        days = self.env["ar.credit.policy"]._get_overdue_days(company.id)
        rows = self.env["ar.position"]._get_rows(partners, company, overdue_days=days)
        return self._refresh_dunning(rows, company)

    def _refresh_dunning(self, rows, company):
        """Dunning levels as the ledger stands now; customers never reminded cost no query."""
        reminded = {row.customer_id for _position, row in rows.values() if row.dunning_level}
        if not reminded:
            return rows
        # whoever confirms an order: the level counts, not what he may see of notices
        live = self.env["ar.credit.profile"].sudo()._live_levels(company, list(reminded))
        for key, (position, row) in rows.items():
            if row.dunning_level:
                level, hold = live.get(row.customer_id, (0, False))
                rows[key] = position, row._replace(dunning_level=level, dunning_hold=hold)
        return rows

    def _get_policy(self, row, company):
        policy_id = row.policy_id or self._get_company(company).policy_id
        return self.env["ar.credit.policy"].browse(policy_id or ())

    def _get_company(self, company):
        return self.env["ar.position"]._get_company(company.id)

    def _add_terms(self, facts, order, row):
        """Compare payment terms where the order's is not the customer's usual one."""
        granted, agreed = order.payment_term_id.id, row.payment_term_id
        if not granted or not agreed or granted == agreed:
            return facts
        terms = self.env["account.payment.term"]
        return replace(
            facts,
            term_days=terms.browse(granted)._ar_last_day(facts.today),
            customer_term_days=terms.browse(agreed)._ar_last_day(facts.today),
        )


def _to_verdict(row, facts, rules):
    return Verdict(
        facts.position,
        findings(rules, facts),
        facts.manual_hold,
        facts.order_amount,
        facts.dunning_level,
        facts.dunning_hold,
        row.grade,
        row.expected_delay,
        row.rejected or 0,
        row.undelivered or 0,
        row.case_phase,
        _last_contact(row),
    )


def _last_contact(row):
    contact = row.contact_date, row.contact_channel, row.contact_outcome, row.contact_level_id
    return contact if row.contact_date else None
