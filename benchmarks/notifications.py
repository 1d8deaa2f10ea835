"""A backlog of e-invoice notifications, pulled from the simulator over HTTP and applied.

The simulator is a process of its own and speaks Invoicetronic's API: 10 % of the messages are
duplicates, 5 % come out of order, 1 % are malformed. Every message speaks about an invoice of its
own. Beside it stands the time of fetching the same pages and parsing them, with no database, and
the time for half of the backlog; both are taken before it and after it, for a machine's speed
changes by the minute. Everything is committed, as in production, in databases that are dropped
afterwards.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from statistics import mean

from odoo.fields import Command

from connectors.accounts import Account, open_feed
from connectors.contract import Message, drain
from connectors.recognise import read
from connectors.simulator.backlog import START, Backlog

from . import databases
from .common import Result
from .timing import clock

NEEDS_ODOO = True
PORT = 8976
SINCE = "2025-12-01"
USER, SECRET = "demo", "demo-secret"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--messages", type=int, default=100_000)


def run(args: argparse.Namespace) -> Result:
    result = Result("notifications", setting={"messages": args.messages})
    prefix = f"{databases.PREFIX}_notice_"
    base = databases.with_modules(
        os.environ["BASE_DB"], f"{prefix}{databases.product_digest()}", "ar_credit_control"
    )
    databases.configure()
    halves = [pull(base, args.messages // 2)]
    alone = [parse_alone(args.messages)]
    whole, memory = pull(base, args.messages)
    alone.append(parse_alone(args.messages))
    halves.append(pull(base, args.messages // 2))
    half = mean(seconds for seconds, _memory in halves)
    fetched, parsed = map(mean, zip(*alone, strict=True))
    result.figure(f"pulled and applied, {args.messages // 2:,}", half, "s")
    result.figure(f"pulled and applied, {args.messages:,}", whole, "s")
    result.figure("fetched from the simulator", fetched, "s")
    result.figure("parsed alone", parsed, "s")
    result.figure("growth of memory, half of them", halves[0][1], "MB")
    result.figure("growth of memory, all", memory, "MB")
    result.bar("rate", args.messages / whole, 500, ">=", "messages/s")
    result.bar("beside fetching and parsing alone", whole / (fetched + parsed), 3, unit="×")
    result.bar("twice the backlog", whole / half, 2.2, unit="×")
    return result


@contextmanager
def exchange(messages: int) -> Iterator[str]:
    """A simulator with a backlog, in a process of its own."""
    root = Path(__file__).resolve().parent.parent
    server = subprocess.Popen(
        [sys.executable, "-m", "connectors.simulator.server"]
        + ["--port", str(PORT), "--backlog", str(messages)],
        env=os.environ | {"PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"},
        stdout=subprocess.PIPE,
    )
    try:
        server.stdout.readline()  # it listens
        yield f"http://127.0.0.1:{PORT}"
    finally:
        server.terminate()
        server.wait()


def parse_alone(number: int) -> tuple[float, float]:
    """Seconds of fetching all pages, and of parsing what came."""
    since = datetime.fromisoformat(SINCE).replace(tzinfo=timezone.utc)
    messages: list[Message] = []
    with exchange(number) as address:
        account = Account("invoicetronic", f"{address}/invoicetronic", USER, SECRET, local=True)
        pages = drain(open_feed(account), since)
        fetched = clock(lambda: messages.extend(m for page, _next in pages for m in page))
    return fetched, clock(lambda: [read(message.raw, message.name) for message in messages])


def pull(base: str, messages: int) -> tuple[float, float]:
    """(seconds, megabytes that the process grew by between the first pages and the last)."""
    name = f"{base}_{messages}"
    databases.copy(base, name)
    try:
        with exchange(messages) as address, databases.environment(name, commit=True) as env:
            account = prepare(env, address, messages)
            env.cr.commit()
            sizes, pages = [], count(1)

            def report(_done: int, remaining: int = 0) -> float:
                env.cr.commit()
                if next(pages) % 10 == 0 or not remaining:
                    sizes.append(resident())
                return float("inf")

            seconds = clock(lambda: account._pull(report))
            assert not account.last_error, account.last_error
        return seconds, sizes[-1] - sizes[0]
    finally:
        databases.close(name)
        databases.drop([name])


def resident() -> float:
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def prepare(env, address: str, messages: int):
    """An account, and an invoice with its transmission for every message of the backlog."""
    env["ir.config_parameter"].set_param("ar_credit_control.exchange_simulator", address)
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    model = post_invoice(env)
    started = time.perf_counter()
    _copy_invoices(env, model, Backlog(messages))
    databases.say(f"{messages:,} invoices made in {time.perf_counter() - started:.0f} s")
    return env["ar.exchange.account"].create(
        {
            "name": "Backlog",
            "company_id": company.id,
            "provider": "invoicetronic",
            "base_url": f"{address}/invoicetronic",
            "user_name": USER,
            "secret": SECRET,
            "since": SINCE,
        }
    )


def post_invoice(env):
    partner = env["res.partner"].create({"name": "Customer", "is_company": True})
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": f"{START:%Y-%m-%d}",
            "invoice_line_ids": [
                Command.create({"name": "x", "price_unit": 100, "tax_ids": []}),
            ],
        }
    )
    move.action_post()
    return move


def _copy_invoices(env, model, backlog: Backlog) -> None:
    """Rows like the model's, numbered as the backlog numbers them; entries are not needed."""
    env.flush_all()
    cr = env.cr
    cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'account_move'"
        " AND column_name NOT IN ('id', 'name', 'access_token', 'sequence_number')"
    )
    names = ", ".join(f'"{name}"' for (name,) in cr.fetchall())
    events = (backlog._original(index) for index in range(len(backlog)))
    cr.execute("CREATE TEMP TABLE bench (number text, file text, sent timestamp)")
    rows = [(event.number, event.file_name, event.happened) for event in events]
    cr.execute_values("INSERT INTO bench VALUES %s", rows, page_size=5000)
    cr.execute(
        f"INSERT INTO account_move (name, {names})"
        f" SELECT bench.number, {names} FROM account_move, bench WHERE account_move.id = %s",
        [model.id],
    )
    cr.execute(
        "INSERT INTO ar_exchange_transmission"
        " (move_id, company_id, network, key, file_name, sent_on)"
        " SELECT move.id, move.company_id, 'sdi', split_part(file, '.', 1), file, sent"
        "   FROM bench JOIN account_move move ON move.name = bench.number"
    )
    cr.execute("ANALYZE account_move, ar_exchange_transmission")
