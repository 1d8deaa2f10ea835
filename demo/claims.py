"""What demo customers say about their late invoices: promises, disputes and a plan."""

from __future__ import annotations

from datetime import date, timedelta

from odoo import Command

DISPUTES = (
    ("quantity", 0.4, "Two of five pallets came; the rest was never delivered."),
    ("price", 0.15, "The discount of the offer is missing on the invoice."),
    ("quality", 1.0, "The colour is not the one of the sample."),
)


def build_claims(env, company, today: date) -> None:
    """Give the customers that owe most a promise each, a dispute, or a plan of instalments."""
    owing = list(_overdue(env, company).items())
    for (partner, items), (reason, share, note) in zip(owing[0::3], DISPUTES, strict=False):
        amount = items[0].currency_id.round(items[0].residual_currency * share)
        _write(env, "ar.dispute", company, partner, items[:1], amount, reason=reason, note=note)
    for days, (partner, items) in enumerate(owing[1:15:3]):
        day = today + timedelta(days=3 * days)
        _write(env, "ar.promise", company, partner, items[:2], None, date=day)
    for partner, items in owing[2:3]:
        first = today + timedelta(days=7)
        plan = _write(env, "ar.instalment.plan", company, partner, items, None, first_date=first)
        plan.action_schedule()
        plan.action_start()


def _overdue(env, company):
    """``{customer: overdue items in one currency}``, who owes most first."""
    items = env["ar.open.item"].search(
        [
            ("root_company_id", "=", company.id),
            ("kind", "=", "invoice"),
            ("days_overdue", ">", 0),
            ("currency_id", "=", company.currency_id.id),
        ]
    )
    owing = items.grouped("partner_id").items()
    return dict(sorted(owing, key=lambda pair: -sum(pair[1].mapped("residual"))))


def _write(env, model, company, partner, items, amount, **vals):
    chosen = {"amount": amount} if amount else {}
    return env[model].create(
        {
            "partner_id": partner.id,
            "company_id": company.id,
            "line_ids": [Command.create({"item_id": item.id, **chosen}) for item in items],
            **vals,
        }
    )
