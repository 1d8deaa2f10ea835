"""A commission plan that pays for money, an agent who shares, and statements of some months."""

from __future__ import annotations

from dateutil.relativedelta import relativedelta
from odoo import Command

MONTHS = 8
# days from the invoice → factor; later money earns nothing
SPEED = ((0, 30, 1.25), (31, 60, 1.0), (61, 90, 0.5))
SHARED = 4  # customers of whom an agent earns a part


def build_commission(env, company, today, sellers) -> None:
    """Let the sellers earn since some months, state what is over, and leave the last to review."""
    env = env(context=dict(env.context, allowed_company_ids=company.ids))
    start = today.replace(day=1) - relativedelta(months=MONTHS)
    agent = _agent(env)
    version = _plan(env, company, sellers, agent, start)
    _share(env, company, sellers, agent)
    version.action_activate()
    env["ar.commission.due"]._calculate()
    for months in range(MONTHS, 0, -1):
        first = today.replace(day=1) - relativedelta(months=months)
        _state(env, company, first, first + relativedelta(day=31), months)


def _agent(env):
    return env["res.partner"].create(
        {
            "name": "Rota Rappresentanze",
            "is_company": True,
            "street": "Via dei Mille 3",
            "zip": "41121",
            "city": "Modena",
            "country_id": env.ref("base.it").id,
            "email": "info@rota.example",
        }
    )


def _plan(env, company, sellers, agent, start):
    plan = env["ar.commission.plan"].create(
        {
            "name": "Paid sales",
            "company_id": company.id,
            "member_ids": [
                *(Command.create({"user_id": user.id, "date_from": start}) for user in sellers),
                Command.create({"agent_id": agent.id, "date_from": start}),
            ],
        }
    )
    return env["ar.commission.version"].create(
        {
            "plan_id": plan.id,
            "name": str(start.year),
            "date_from": start,
            "rule_ids": [Command.create({"rate": 3.0})],
            "speed_ids": [
                Command.create({"day_from": first, "day_to": last, "factor": factor})
                for first, last, factor in SPEED
            ],
        }
    )


def _share(env, company, sellers, agent) -> None:
    """The agent brought the first seller's best customers, and has 40 % of what they earn."""
    seller = sellers[0]
    customers = env["res.partner"].search(
        [("user_id", "=", seller.id), ("is_company", "=", True)], limit=SHARED, order="id"
    )
    for customer in customers:
        customer.ar_commission_share_ids = [
            Command.create({"payee_id": payee.id, "percent": percent, "company_id": company.id})
            for payee, percent in ((seller.partner_id, 60), (agent, 40))
        ]


def _state(env, company, first, last, months) -> None:
    """What is longer ago is paid; the month before the last is approved, the last one drawn."""
    statements = env["ar.commission.statement"]._draw(company, first, last)
    if months > 1:
        statements.action_review()
        statements.action_approve()
    if months > 2:
        statements.action_pay()
