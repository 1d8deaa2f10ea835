from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import float_round
from odoo.tools.misc import format_amount, format_date

from ..rules.credit_limit import HOLD
from ..rules.discount import WEAK_GRADES
from ..rules.exposure import BUCKET_KEYS


class Notation(NamedTuple):
    """How amounts in a currency are written."""

    symbol: str
    position: str
    decimal_places: int

    def round(self, amount):
        return float_round(amount, precision_digits=self.decimal_places)


class CreditTexts(models.AbstractModel):
    """The words and figures that people see about a position: one place, one wording."""

    _name = "ar.credit.texts"
    _description = "Wording of positions and decisions"

    # ------------------------------------------------------------------ findings
    @api.model
    def _message(self, finding, company):
        """What a finding says, as one sentence."""
        money, day = self._formats(company)
        p = finding.params
        match finding.criterion:
            case "no_credit":
                return self.env._("No credit is given: the customer pays in advance.")
            case "manual_hold":
                reason = p["reason"] or self.env._("no reason")
                return self.env._("The customer is on hold: %s.", reason)
            case "limit_use":
                return self.env._(
                    "Exposure of %(exposure)s against a credit limit of %(limit)s.",
                    exposure=money(p["exposure"]),
                    limit=money(p["limit"]),
                )
            case "overdue_days":
                return self.env._(
                    "%(amount)s overdue for more than %(days)s days, the oldest for %(oldest)s.",
                    amount=money(p["overdue"]),
                    days=p["days"],
                    oldest=p["oldest"],
                )
            case "overdue_amount":
                return self.env._("%s overdue.", money(p["overdue"]))
            case "limit_expired":
                return self.env._("The credit limit expired on %s.", day(p["date"]))
            case "review_overdue":
                return self.env._("The credit review was due on %s.", day(p["date"]))
            case _:
                return self._order_message(finding, money)

    def _order_message(self, finding, money):
        p = finding.params
        match finding.criterion:
            case "order_amount":
                return self.env._(
                    "The order of %(order)s is above %(amount)s.",
                    order=money(p["order"]),
                    amount=money(p["amount"]),
                )
            case "term_longer":
                return self.env._(
                    "Payment after %(granted)s days, while %(agreed)s are agreed.",
                    granted=p["granted"],
                    agreed=p["agreed"],
                )
            case "growth":
                return self.env._("The confirmed order shall grow.")
            case "weak_discount":
                return self.env._(
                    "A discount of %(discount)s %% for a customer of grade %(grade)s: give "
                    "%(percent)s %% at most, or take payment in advance.",
                    discount=f"{p['discount']:.3g}",
                    grade=p["grade"],
                    percent=f"{p['percent']:g}",
                )
            case "score_grade":
                return self.env._("The customer's payment grade is %s.", p["grade"])
            case _:
                return self.env._("The customer has not been assessed yet.")

    @api.model
    def _remedy(self, finding, company):
        """What would make a finding go away."""
        money, _day = self._formats(company)
        p = finding.params
        match finding.criterion:
            case "no_credit":
                return self.env._("payment of the order in advance")
            case "limit_use":
                return self.env._("%s less exposure, or a higher limit", money(p["excess"]))
            case "overdue_days" | "overdue_amount":
                return self.env._("payment of %s", money(p["overdue"]))
            case "term_longer":
                return self.env._("the agreed payment term")
            case "order_amount":
                return self.env._("an order of %s or less", money(p["amount"]))
            case "weak_discount":
                return self.env._("a discount of %s %% or less", f"{p['percent']:g}")
            case _:
                return self.env._("a decision by the credit manager")

    @api.model
    def _measure(self, finding, company):
        """(what is allowed, what was found) as texts; empty where a finding has no measure."""
        money, day = self._formats(company)
        p = finding.params
        match finding.criterion:
            case "overdue_amount":
                return money(p["amount"]), money(p["overdue"])
            case "no_credit":
                return money(0), money(p["exposure"])
            case "limit_use":
                return money(p["exposure"] - p["excess"]), money(p["exposure"])
            case "overdue_days":
                return self._days(p["days"]), f"{self._days(p['oldest'])}, {money(p['overdue'])}"
            case "limit_expired" | "review_overdue":
                return day(p["date"]), self.env._("passed")
            case "manual_hold":
                return "", p["reason"] or self.env._("no reason")
        return self._measure_order(finding, money)

    def _measure_order(self, finding, money):
        p = finding.params
        match finding.criterion:
            case "order_amount":
                return money(p["amount"]), money(p["order"])
            case "term_longer":
                return self._days(p["agreed"]), self._days(p["granted"])
            case "weak_discount":
                return f"{p['percent']:g} %", f"{p['discount']:.3g} %"
        return "", ""

    def _days(self, count):
        return self.env._("%s days", count)

    # ------------------------------------------------------------------ holds
    @api.model
    def _hold_texts(self, found, company, partner):
        """(why an order waits, what would release it), as far as the current user may know."""
        # the superuser's own rights are not those of the person who reads what he writes
        domain = partner.sudo(False)._ar_visible_domain()
        if not partner.sudo().filtered_domain(domain):  # only whose customer it is
            return self._unseen(), False
        return self._reason(found, company), self._remedies(found, company)

    def _findings_table(self, found, company):
        """What was found as a table: each finding with what is allowed and what it was."""
        lines = [
            (self._subject(f), *self._measure(f, company), self._remedy(f, company)) for f in found
        ]
        return self.env["ir.qweb"]._render("ar_credit_control.hold_findings", {"lines": lines})

    def _subject(self, finding):
        """What a finding is about, in a word or two."""
        return {
            "no_credit": self.env._("Credit"),
            "manual_hold": self.env._("Hold on the customer"),
            "limit_use": self.env._("Exposure"),
            "overdue_days": self.env._("Oldest overdue"),
            "overdue_amount": self.env._("Overdue"),
            "limit_expired": self.env._("Validity of the limit"),
            "review_overdue": self.env._("Credit review"),
            "order_amount": self.env._("Order total"),
            "term_longer": self.env._("Payment term"),
            "weak_discount": self.env._("Discount"),
            "growth": self.env._("Growth of a confirmed order"),
        }.get(finding.criterion, self.env._("Assessment of the customer"))

    def _reason(self, found, company):
        return " ".join(self._message(finding, company) for finding in found)

    def _remedies(self, found, company):
        return "; ".join(dict.fromkeys(self._remedy(finding, company) for finding in found))

    def _formats(self, company):
        notation = self._get_notation(company)

        def money(amount):
            return format_amount(self.env, amount, notation)

        def day(value):
            return format_date(self.env, value)

        return money, day

    def _get_notation(self, company):
        """What ``format_amount`` asks of a currency, from what Odoo keeps in memory of them.

        To read the currency itself would cost every form a query.
        """
        currency_id = self.env["ar.position"]._get_company(company.id).currency_id
        known = self.env["res.currency"].get_all_currencies().get(currency_id)
        if not known:
            return self.env["res.currency"].browse(currency_id)
        return Notation(known["symbol"], known["position"], known["digits"][1])

    # ------------------------------------------------------------------ payload
    @api.model
    def _foresee(self, company, customer_ids):
        """These texts with what the widgets of many customers need, read at once."""
        return self

    @api.model
    def _payload(self, company, verdict, visible):
        """What the AR widget shows; its fields are described at the head of ar_widget.js."""
        found = verdict.findings
        payload = {
            "visible": visible,
            "partner_id": verdict.position.partner_id,
            "currency_id": self.env["ar.position"]._get_company(company.id).currency_id,
            "decision": verdict.decision,
            "findings": [
                {"effect": f.effect, "message": self._shown(f, company, visible)} for f in found
            ],
            "advice": self._advice(verdict, company, visible),
            "chips": self._chips(verdict),
            "last_contact": False,
            "actions": {"statement": visible, "open_items": visible},
        }
        if not visible:
            return payload
        payload["chips"] += self._grade_chips(verdict)
        return {**payload, **self._figures(verdict)}

    def _shown(self, finding, company, visible):
        if visible:
            return self._message(finding, company)
        return self._unseen()

    def _unseen(self):
        return self.env._("Ask the credit manager: the customer is in a colleague's portfolio.")

    def _figures(self, verdict):
        position = verdict.position
        labels = self._bucket_labels()
        limit = position.limit
        today = fields.Date.context_today(self)
        names = (
            "exposure",
            "balance",
            "overdue",
            "not_due",
            "unapplied",
            "payments_pending",
            "draft_invoices",
            "orders",
            "this_order",
            "disputed",
            "promised",
            "insured",
            "shared_exposure",
        )
        return {
            **{name: getattr(position, name) for name in names},
            "available": _or_false(position.available),
            "use_percent": _or_false(position.use_percent),
            "limit": {
                "kind": limit.kind,
                "amount": limit.amount,
                "valid_until": fields.Date.to_string(limit.valid_until),
                "temporary_until": fields.Date.to_string(limit.temporary_until),
            },
            "ageing": [
                {"key": key, "label": labels[key], "amount": getattr(position, key)}
                for key in BUCKET_KEYS
            ],
            "oldest_due": fields.Date.to_string(position.oldest_due),
            "oldest_days": position.oldest_days(today),
            "by_currency": [
                {"currency_id": s.currency_id, "balance": s.balance, "overdue": s.overdue}
                for s in position.by_currency
                if s.balance
            ],
        }

    def _bucket_labels(self):
        return {
            "not_due": self.env._("Not due"),
            "due_1_30": self.env._("1–30 days"),
            "due_31_60": self.env._("31–60 days"),
            "due_61_90": self.env._("61–90 days"),
            "due_over_90": self.env._("Over 90 days"),
        }

    def _chips(self, verdict):
        if not verdict.manual_hold:
            return []
        return [
            {
                "key": "hold",
                "label": self.env._("On hold"),
                "tone": "danger",
                "icon": "fa-hand-paper-o",
            }
        ]

    def _grade_chips(self, verdict):
        """The grade in a letter and words, with the delay to expect behind it."""
        if not verdict.grade:
            return []
        return [
            {
                "key": "grade",
                "label": f"{verdict.grade} · {self._grade_words()[verdict.grade]}",
                "title": self._delay_words(verdict.expected_delay),
                "tone": {"A": "success", "B": "success", "C": "warning"}.get(
                    verdict.grade, "danger"
                ),
                "icon": "fa-line-chart",
                "action": "action_ar_profile",
            }
        ]

    @api.model
    def _grade_words(self):
        return {
            "A": self.env._("pays very well"),
            "B": self.env._("pays well"),
            "C": self.env._("pays with some delay"),
            "D": self.env._("pays late"),
            "E": self.env._("pays very late"),
        }

    @api.model
    def _delay_words(self, delay):
        """What delay to expect, in days beyond terms; nothing for a grade set by hand alone."""
        if delay is None:
            return self.env._("Grade set by hand")
        days = round(delay)
        if days > 0:
            return self.env._("Expected %s days after the due date", days)
        if days < 0:
            return self.env._("Expected %s days before the due date", -days)
        return self.env._("Expected on the due date")

    def _advice(self, verdict, company, visible):
        """One sentence that says what to do."""
        money, _day = self._formats(company)
        position = verdict.position
        if not visible:
            return self._advice_unseen(verdict)
        if verdict.criterion == "no_credit":
            return self.env._("No credit: take payment in advance.")
        if verdict.criterion == "manual_hold":
            return self.env._("On hold: talk to the credit manager before you quote.")
        if position.overdue_net > 0:
            return self.env._(
                "Overdue %(amount)s for %(days)s days: ask for payment before you quote.",
                amount=money(position.overdue_net),
                days=position.oldest_days(fields.Date.context_today(self)),
            )
        if verdict.findings and verdict.criterion != "limit_use":
            first = (verdict.holding or verdict.findings)[0]
            return self._message(first, company)
        return self._advice_limit(verdict, money)

    def _advice_limit(self, verdict, money):
        available = verdict.position.available
        if available is None:
            return self.env._("Nothing overdue.")
        if available < 0:  # also where the policy lets it pass
            return self.env._(
                "Limit exceeded by %s: ask for a higher limit or a payment.", money(-available)
            )
        if verdict.findings:
            return self.env._("Only %s of the limit is left.", money(available))
        if verdict.grade in WEAK_GRADES:
            return self.env._(
                "%s available, but payments come late: agree on a deposit or a shorter term.",
                money(available),
            )
        return self.env._("Good to sell: %s available.", money(available))

    def _advice_unseen(self, verdict):
        if verdict.decision == HOLD:
            return self.env._("An order would be held: talk to the credit manager.")
        if verdict.findings:
            return self.env._("Talk to the credit manager before you quote.")
        return self.env._("An order would go through.")


def _or_false(value):
    return False if value is None else value
