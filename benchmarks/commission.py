"""Commission on payment: cost of new reconciliations, against bare SQL and OCA's commission_oca.

The ledger is the one of the other benchmarks. All its invoices were sold by one user, who becomes
a member of a plan, so that every invoice counts. Every run is undone.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from statistics import median

from odoo.fields import Command

from . import databases, host, ledger
from .commission_peer import PEERS, measure_peer
from .common import Result
from .timing import clock

NEEDS_ODOO = True
ROUNDS = 2
NEW = 5000  # reconciliations that come in on a day


def add_arguments(parser) -> None:
    parser.add_argument("--customers", type=int, default=30_000)
    parser.add_argument("--lines", type=int, default=300_000, help="receivable lines")
    parser.add_argument("--open", type=float, default=0.1, help="share of lines not yet paid")
    parser.add_argument("--matches", type=int, default=100_000, help="reconciliations reckoned")
    parser.add_argument("--peer", type=int, default=20_000, help="invoices beside OCA; 0: none")


def run(args) -> Result:
    peers = ", ".join(str(peer) for peer in PEERS)
    result = Result("commission", setting=ledger.setting(args) | {"peer": peers})
    database = ledger.with_addon(args)
    databases.configure()
    with databases.environment(database, "admin") as env:
        activate(env)
        measure_reckoning(result, env, args.matches)
    databases.close(database)
    measure_host(result)
    if args.peer:
        measure_peer(result, args.peer)
    return result


def activate(env, members: list[dict] | None = None):
    """A plan in force for everybody who sold anything: two speeds, one rate."""
    env.cr.execute(
        """SELECT invoice_user_id, MIN(invoice_date) FROM account_move
            WHERE move_type = 'out_invoice' AND state = 'posted' GROUP BY 1"""
    )
    sellers = dict(env.cr.fetchall())
    since = min(sellers.values())
    people = members or [{"user_id": user} for user in sellers if user]
    env["ar.commission.plan"].sudo().create(
        {
            "name": "Benchmark",
            "member_ids": [Command.create({"date_from": since, **who}) for who in people],
            "version_ids": [
                Command.create(
                    {
                        "name": "All years",
                        "date_from": since,
                        "rule_ids": [Command.create({"rate": 3})],
                        "speed_ids": [
                            Command.create({"day_from": 0, "day_to": 30, "factor": 1.2}),
                            Command.create({"day_from": 31, "no_end": True, "factor": 1}),
                        ],
                    }
                )
            ],
        }
    ).version_ids.action_activate()
    env.flush_all()
    env.cr.execute("DELETE FROM ar_commission_due")


# ---------------------------------------------------------------- against bare SQL, and history
def measure_reckoning(result: Result, env, matches: int) -> None:
    found = documents(env, matches + NEW * 3)
    history, fresh = found[:matches], found[matches:]
    batches = [fresh[start : start + NEW] for start in range(0, len(fresh), NEW)]
    few = [undone(env, batch) for batch in batches]
    entries = remember_rows(env, history)
    taken: dict[str, list[float]] = {"reckoned": [], "bare": []}
    for turn in range(ROUNDS):
        ways = {"reckoned": lambda: undone(env, history), "bare": lambda: insert_rows(env)}
        for name in list(ways) if turn % 2 else reversed(ways):
            taken[name].append(ways[name]())
    reckon(env, history)
    env.cr.execute("ANALYZE ar_commission_entry")
    many = [undone(env, batch) for batch in batches]
    middle = {name: median(values) for name, values in taken.items()}
    middle |= {"few": median(few[1:]), "many": median(many[1:])}  # the first is a rehearsal
    result.bar(
        f"{entries:,} reconciliations, times a bare insert",
        middle["reckoned"] / middle["bare"],
        3,
        unit="×",
    )
    result.bar(
        f"{NEW:,} new ones beside {entries:,}, times beside none",
        middle["many"] / middle["few"],
        1.5,
        unit="×",
    )
    result.figure("reckoned", middle["reckoned"], "s")
    result.figure("bare insert of the same rows", middle["bare"], "s")
    result.figure(f"{NEW:,} new ones beside none", 1000 * middle["few"], "ms")
    result.figure(f"{NEW:,} new ones beside {entries:,}", 1000 * middle["many"], "ms")


def documents(env, count: int) -> list[int]:
    """Invoices that money was matched with, some of them several times."""
    env.cr.execute(
        """SELECT id FROM account_move move
            WHERE move_type = 'out_invoice' AND state = 'posted' AND EXISTS (
                  SELECT FROM account_move_line item
                    JOIN account_partial_reconcile match ON match.debit_move_id = item.id
                    JOIN account_move_line counter ON counter.id = match.credit_move_id
                   WHERE item.move_id = move.id AND counter.payment_id IS NOT NULL)
         ORDER BY md5(id::text) LIMIT %s""",
        [count],
    )
    found = [move for (move,) in env.cr.fetchall()]
    if len(found) < count:
        raise SystemExit(f"error: {len(found):,} paid invoices are too few: give more --lines")
    return found


def reckon(env, ids: list[int]) -> float:
    """Seconds of what the job does from the queue on, without its commits."""
    env["ar.commission.due"]._mark_ids(ids)
    return clock(env["ar.commission.due"]._calculate)


def undone(env, ids: list[int]) -> float:
    env.cr.execute("SAVEPOINT bench")
    seconds = reckon(env, ids)
    env.cr.execute("ROLLBACK TO SAVEPOINT bench")
    return seconds


def remember_rows(env, ids: list[int]) -> int:
    """Keeps the entries of these invoices aside, to be inserted as they are; how many."""
    reckon(env, ids)
    env.cr.execute("CREATE TEMP TABLE bench_rows AS SELECT * FROM ar_commission_entry")
    env.cr.execute("ALTER TABLE bench_rows DROP COLUMN id")
    env.cr.execute("ANALYZE bench_rows")
    env.cr.execute("TRUNCATE ar_commission_entry, ar_commission_place CASCADE")
    env.cr.execute("SELECT COUNT(*) FROM bench_rows")
    return env.cr.fetchone()[0]


def insert_rows(env) -> float:
    env.cr.execute(
        """SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = 'bench_rows'::regclass AND attnum > 0 AND NOT attisdropped"""
    )
    columns = env.cr.fetchone()[0]
    insert = f"INSERT INTO ar_commission_entry ({columns}) SELECT {columns} FROM bench_rows"
    env.cr.execute("SAVEPOINT bench")
    seconds = clock(lambda: env.cr.execute(insert))
    env.cr.execute("ROLLBACK TO SAVEPOINT bench")
    return seconds


# ---------------------------------------------------------------- what matching costs the host
def measure_host(result: Result) -> None:
    """Matching payments with a plan in force, beside a database without the addon."""
    args = argparse.Namespace(customers=2000, lines=20_000, open=0.1)
    names = {host.PLAIN: ledger.database(args), host.ADDON: ledger.with_addon(args)}
    databases.configure()
    with ExitStack() as stack:
        sides = {
            side: host.Side(stack.enter_context(databases.environment(name, "admin")))
            for side, name in names.items()
        }
        activate(sides[host.ADDON].env)
        host.measure_reconciling(result, sides)
    for name in names.values():
        databases.close(name)
