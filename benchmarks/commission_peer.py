"""Commissions of paid invoices beside OCA's account_commission_oca: same invoices, agents, rate."""

from __future__ import annotations

import argparse
from contextlib import contextmanager

from odoo import Command, fields

from . import databases
from .common import Result
from .peer import Peer
from .timing import clock, queries

PEERS = (
    Peer("account_commission_oca", "odoo-addon-account-commission-oca", "19.0.1.0.1.4"),
    Peer("commission_oca", "odoo-addon-commission-oca", "19.0.2.0.0.10"),
)
AGENTS = 20
RATE = 3.0


def measure_peer(result: Result, invoices: int) -> None:
    """Settle the same paid invoices: the product's statements, the peer's settlements.

    What each settles is there beforehand: the product's entries, which a job makes after each
    payment, and the peer's agent lines, which it makes with each invoice. How long the entries take
    is told apart; the peer's lines are inserted, so that nothing can be said of theirs.
    """
    addons = ",".join(peer.fetch() for peer in PEERS)
    lines = invoices * 11 // 4  # receivable lines for so many paid invoices, and some to spare
    args = argparse.Namespace(customers=lines // 10, lines=lines, open=0.1)
    database = PEERS[0].database(args, addons)
    databases.configure(addons)
    found = {}
    for name, way in {"product": ours, "peer": theirs}.items():
        with chosen(database, invoices) as (env, moves, agents):
            found[name] = way(env, moves, agents)
    databases.close(database)
    label = f"{invoices:,} paid invoices"
    peer, product, entries = (found["peer"][0], *found["product"][0:4:3])
    result.bar(f"{label} settled, times faster than the peer", peer / product, 50, ">=", "×")
    for name, (seconds, statements, count, *_before) in found.items():
        result.figure(f"{name}: {label} settled", seconds, "s")
        result.figure(f"{name}: queries", statements)
        result.figure(f"{name}: lines", count)
    result.figure(f"product: entries of {label}, made before", entries, "s")
    together = peer / (product + entries)
    result.figure("product with its entries, times faster than the peer", together)


@contextmanager
def chosen(database: str, count: int):
    """Paid invoices and agents who share them out; undone at the end."""
    with databases.environment(database, "admin") as env:
        env.cr.execute(
            """SELECT id FROM account_move WHERE move_type = 'out_invoice' AND state = 'posted'
                  AND payment_state IN ('paid', 'in_payment') ORDER BY id LIMIT %s""",
            [count],
        )
        moves = [move for (move,) in env.cr.fetchall()]
        if len(moves) < count:
            raise SystemExit(f"error: the ledger has {len(moves):,} paid invoices only")
        agents = env["res.partner"].create(
            [{"name": f"Agent {number}"} for number in range(AGENTS)]
        )
        yield env, moves, agents


def measured(env, way) -> tuple[float, int]:
    env.flush_all()
    env.invalidate_all()
    seconds = []
    count = queries(env.cr, lambda: seconds.append(clock(lambda: (way(), env.flush_all()))))
    return seconds[0], count


def ours(env, moves, agents):
    env.cr.execute("SELECT MIN(invoice_date) FROM account_move WHERE id = ANY(%s)", [moves])
    since = env.cr.fetchone()[0]
    plan = (
        env["ar.commission.plan"]
        .sudo()
        .create(
            {
                "name": "Agents",
                "member_ids": [
                    Command.create({"agent_id": agent.id, "date_from": since}) for agent in agents
                ],
                "version_ids": [
                    Command.create(
                        {
                            "name": "All years",
                            "date_from": since,
                            "rule_ids": [Command.create({"rate": RATE})],
                        }
                    )
                ],
            }
        )
    )
    plan.version_ids.action_activate()
    env.flush_all()
    env.cr.execute("DELETE FROM ar_commission_due")
    env.cr.execute(
        """INSERT INTO ar_commission_share (move_id, company_id, payee_id, percent)
           SELECT id, company_id, (%s::int[])[1 + id %% %s], 100
             FROM account_move WHERE id = ANY(%s)""",
        [agents.ids, AGENTS, moves],
    )
    env["ar.commission.due"]._mark_ids(moves)
    today = fields.Date.context_today(env.user)

    entries, _queries = measured(env, env["ar.commission.due"]._calculate)
    Statement = env["ar.commission.statement"].sudo()
    seconds, statements = measured(env, lambda: Statement._draw(env.company, since, today))
    settled = env["ar.commission.entry"].sudo().search_count([("statement_id", "!=", False)])
    return seconds, statements, settled, entries


def theirs(env, moves, agents):
    env.cr.execute("""SELECT MAX(invoice_date) FROM account_move WHERE id = ANY(%s)""", [moves])
    last = env.cr.fetchone()[0]
    commission = env["commission"].create(
        {
            "name": "Rate",
            "commission_type": "fixed",
            "fix_qty": RATE,
            "invoice_state": "paid",
            "amount_base_type": "gross_amount",
            "settlement_type": "sale_invoice",
        }
    )
    agents.write({"agent": True, "commission_id": commission.id, "settlement": "monthly"})
    env.flush_all()
    env.cr.execute(
        """INSERT INTO account_invoice_line_agent (object_id, invoice_id, invoice_date, agent_id,
                  commission_id, amount, company_id, settled)
           SELECT line.id, move.id, move.invoice_date, (%s::int[])[1 + move.id %% %s], %s,
                  round(line.price_subtotal * %s / 100, 2), move.company_id, FALSE
             FROM account_move move JOIN account_move_line line ON line.move_id = move.id
              AND line.display_type = 'product' WHERE move.id = ANY(%s)""",
        [agents.ids, AGENTS, commission.id, RATE, moves],
    )
    wizard = env["commission.make.settle"].create(
        {
            "date_to": fields.Date.add(last, months=2),
            "agent_ids": [Command.set(agents.ids)],
            "settlement_type": "sale_invoice",
        }
    )
    seconds, statements = measured(env, wizard.action_settle)
    return seconds, statements, env["commission.settlement.line"].search_count([])
