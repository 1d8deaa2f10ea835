"""Positions against ``risk_total`` of OCA's account_financial_risk, in one database and one run.

The peer is fetched from PyPI into the cache; the product never depends on it.
"""

from __future__ import annotations

from . import databases, ledger
from .common import Result
from .peer import Peer
from .position import sample
from .timing import interleave, medians, queries

NEEDS_ODOO = True
PEER = Peer("account_financial_risk", "odoo-addon-account-financial-risk", "19.0.1.0.0.6")
BATCHES = {80: 9, 1000: 7}  # customers → rounds
INCLUDED = (
    "risk_invoice_draft_include", "risk_invoice_open_include", "risk_invoice_unpaid_include",
    "risk_account_amount_include", "risk_account_amount_unpaid_include",
)  # fmt: skip

add_arguments = ledger.add_arguments


def run(args) -> Result:
    result = Result("peers", setting=ledger.setting(args) | {"peer": str(PEER)})
    addons = PEER.fetch()
    database = PEER.database(args, addons)
    databases.configure(addons)
    with databases.environment(database, "admin") as env:
        ids = sample(env, max(BATCHES))
        # without these the peer's total leaves out what a position counts
        env["res.partner"].browse(ids).write(dict.fromkeys(INCLUDED, True))
        env.flush_all()
        for size in BATCHES:
            measure(result, env, ids[:size])
    return result


def measure(result: Result, env, ids: list[int]) -> None:
    def product():
        partners = env["res.partner"].browse(ids)
        positions = env["ar.position"]._get_positions(partners)
        return sum(position.exposure for position in positions.values())

    def peer():
        return sum(env["res.partner"].browse(ids).mapped("risk_total"))

    counts = {}
    for name, way in {"product": product, "peer": peer}.items():
        way()
        env.invalidate_all()
        counts[name] = queries(env.cr, way)
    ways = {"product": product, "peer": peer}
    taken = medians(interleave(ways, BATCHES[len(ids)], env.invalidate_all))
    label = f"{len(ids):,} customers"
    ratio = taken["peer"] / taken["product"]
    if len(ids) == max(BATCHES):
        result.bar(f"{label}, times faster than the peer", ratio, 20, ">=", "×")
    else:
        result.figure(f"{label}, times faster than the peer", ratio, "×")
    for name in ways:
        result.figure(f"{label}: {name}", taken[name], "ms")
        result.figure(f"{label}: {name}, queries", counts[name])
