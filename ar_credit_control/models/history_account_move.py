from odoo import api, fields, models
from odoo.tools import frozendict

# Marks the code that writes opening history. An object, so that no remote call can send it.
HISTORY = object()


class AccountMove(models.Model):
    _inherit = "account.move"

    # Instalments as the old books had them, which no payment term would give: [[day, amount], …]
    ar_due_plan = fields.Json(copy=False)

    def _sequence_matches_date(self):
        # Numbers of other books need not follow the dates in the way that Odoo's numbers do.
        return self.env.context.get("ar_history") is HISTORY or super()._sequence_matches_date()

    @api.depends("ar_due_plan")
    def _compute_needed_terms(self):
        result = super()._compute_needed_terms()
        for move in self:
            if move.ar_due_plan and move.needed_terms:
                move.needed_terms = move._planned_terms()
        return result

    def _planned_terms(self):
        """The balance over the planned days; the last one takes what rounding leaves."""
        total, total_currency = self.amount_total_signed, self.amount_total_in_currency_signed
        planned = sum(amount for _day, amount in self.ar_due_plan)
        left, left_currency = total, total_currency
        terms = {}
        for index, (day, amount) in enumerate(self.ar_due_plan, 1):
            last = index == len(self.ar_due_plan)
            share = amount / planned
            part = left if last else self.company_currency_id.round(total * share)
            part_currency = (
                left_currency if last else self.currency_id.round(total_currency * share)
            )
            left, left_currency = left - part, left_currency - part_currency
            terms[self._term_key(day)] = {"balance": part, "amount_currency": part_currency}
        return terms

    def _term_key(self, day):
        return frozendict(
            move_id=self.id,
            date_maturity=fields.Date.to_date(day),
            discount_date=False,
            discount_balance=0.0,
            discount_amount_currency=0.0,
        )
