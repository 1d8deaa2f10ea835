"""Sale orders in every state, upon the customers of the demo ledger."""

from __future__ import annotations

from random import Random

from odoo import Command

# what becomes of an order → how many of a hundred customers have one
STATES = {
    "draft": 12,
    "sent": 10,
    "confirmed": 16,
    "partly_invoiced": 8,
    "draft_invoice": 5,
    "cancelled": 6,
}
PAYERS = ("prompt", "habitual", "foreign", "new")
RISKS = ("late", "insolvent", "disputing")


def build_orders(env, company, history, sellers) -> None:
    """Some orders of each state; those of bad payers are confirmed too, and may be held."""
    env = env(context=dict(env.context, allowed_company_ids=company.ids))
    random = Random(len(history.buyers))
    product = _product(env, company)
    partners = env["res.partner"].search([("ref", "in", list(history.buyers))]).grouped("ref")
    buyers = list(history.buyers.values())
    random.shuffle(buyers)
    for state, share in STATES.items():
        good = [buyer for buyer in buyers if state not in _CONFIRMED or buyer.habit in PAYERS]
        for buyer in good[: max(1, round(share * len(history.buyers) / 100))]:
            seller = sellers[random.randrange(len(sellers))]
            _order(
                env,
                partners[buyer.code],
                product,
                buyer.order * random.uniform(0.3, 1),
                seller,
                state,
            )
    for buyer in [buyer for buyer in buyers if buyer.habit in RISKS][:6]:
        # beyond any limit and overdue: the policy decides whether it is held
        _order(env, partners[buyer.code], product, buyer.order * 8, sellers[0], "confirmed")


_CONFIRMED = ("confirmed", "partly_invoiced", "draft_invoice")


def _product(env, company):
    return env["product.product"].create(
        {
            "name": "Workshop supplies",
            "type": "service",
            "invoice_policy": "delivery",
            "list_price": 100.0,
            "company_id": company.id,
        }
    )


def _order(env, partner, product, amount, seller, state):
    order = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "user_id": partner.user_id.id or seller.id,
            "order_line": [
                Command.create(
                    {
                        "product_id": product.id,
                        "product_uom_qty": 10,
                        "price_unit": round(amount / 10, 2),
                    }
                )
            ],
        }
    )
    if state == "sent":
        order.action_quotation_sent()
    elif state == "cancelled":
        order._action_cancel()
    elif state in _CONFIRMED:
        order.action_confirm()
        if order.state == "sale":
            _invoice(order, state)


def _invoice(order, state):
    """Some is delivered and invoiced and more is delivered since, or all is in a draft invoice."""
    if state == "confirmed":
        return
    lines = order.order_line
    lines.qty_delivered = 4 if state == "partly_invoiced" else 10
    moves = order._create_invoices()
    if state == "partly_invoiced":
        moves.action_post()
        lines.qty_delivered = 8
