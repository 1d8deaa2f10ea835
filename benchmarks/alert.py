"""How long it takes from an exchange's rejection to the activity of the problem's owner.

A server of Odoo with one worker for jobs reads an account every minute; the simulator speaks its
provider's API. Invoices are rejected one after the other, at other moments of the minute, and the
database is asked four times a second for the activity.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import requests
from odoo import fields

from . import databases
from .common import Result
from .notifications import SECRET, USER, exchange, post_invoice

NEEDS_ODOO = True
PERIOD = 60  # seconds; an account's shortest
# Seconds between an alert and the next rejection: the first comes just after a reading.
FIRST, STEP = 2, 17
PATIENCE = 5 * PERIOD
FOUND = """
    SELECT 1 FROM mail_activity activity
      JOIN ar_delivery_problem problem ON problem.id = activity.res_id
     WHERE activity.res_model = 'ar.delivery.problem' AND problem.move_id = %s
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rejections", type=int, default=4)


def run(args: argparse.Namespace) -> Result:
    result = Result("alert", setting={"rejections": args.rejections, "period": f"{PERIOD} s"})
    base = databases.with_modules(
        os.environ["BASE_DB"],
        f"{databases.PREFIX}_notice_{databases.product_digest()}",
        "ar_credit_control",
    )
    databases.configure()
    name = f"{base}_alert"
    databases.copy(base, name)
    try:
        with exchange(0) as address:
            with databases.environment(name, commit=True) as env:
                invoices = prepare(env, address, args.rejections)
            databases.close(name)
            with server(name):
                wait_for(name, "SELECT 1 FROM ar_exchange_account WHERE last_run IS NOT NULL")
                delays = [
                    measure(name, address, invoice, FIRST + STEP * place)
                    for place, invoice in enumerate(invoices)
                ]
    finally:
        databases.drop([name])
    for place, delay in enumerate(delays, start=1):
        result.figure(f"rejection {place}", delay, "s")
    result.bar("longest, beyond the period", max(delays) - PERIOD, 5, unit="s")
    return result


def prepare(env, address: str, count: int) -> list[dict[str, object]]:
    """An account that is read every minute, and invoices that were sent."""
    env["ir.config_parameter"].set_param("ar_credit_control.exchange_simulator", address)
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    env["ar.exchange.account"].create(
        {
            "name": "Alert",
            "company_id": company.id,
            "provider": "invoicetronic",
            "base_url": f"{address}/invoicetronic",
            "user_name": USER,
            "secret": SECRET,
            "interval": PERIOD // 60,
        }
    )
    moves = [post_invoice(env) for _place in range(count)]
    files = {move: f"IT01234567890_A{place:04}.xml" for place, move in enumerate(moves)}
    sent = fields.Datetime.now() - timedelta(days=1)
    env["ar.exchange.transmission"]._note_sent(
        "sdi", [(move, file, "", sent) for move, file in files.items()]
    )
    env.ref("ar_credit_control.cron_exchange_pull").nextcall = fields.Datetime.now()
    return [
        {"id": move.id, "number": move.name, "day": str(move.invoice_date), "file_name": file}
        for move, file in files.items()
    ]


@contextmanager
def server(name: str) -> Iterator[None]:
    """Odoo without its web server, with one worker for jobs."""
    running = subprocess.Popen(
        [sys.executable, "-m", "odoo", "-c", os.environ["ODOO_RC"], "-d", name]
        + ["--db-filter", f"^{name}$", "--no-http", "--max-cron-threads=1", "--log-level=warn"],
        stdout=sys.stderr,
    )
    try:
        yield
    finally:
        running.terminate()
        running.wait()


def measure(name: str, address: str, invoice: dict[str, object], pause: float) -> float:
    """Seconds from the rejection of an invoice, after a pause, to the activity about it."""
    time.sleep(pause)
    event = {key: invoice[key] for key in ("number", "day", "file_name")}
    event |= {"type": "NS", "errors": [["00305", "1.4.1.1.2 <IdCodice> non valido", ""]]}
    start = time.monotonic()
    requests.post(f"{address}/_simulator/events", json=event, timeout=10).raise_for_status()
    wait_for(name, FOUND, [invoice["id"]])
    return time.monotonic() - start


def wait_for(name: str, query: str, parameters=()) -> None:
    until = time.monotonic() + PATIENCE
    while not databases.execute(name, query, parameters):
        if time.monotonic() > until:
            raise TimeoutError(f"nothing came within {PATIENCE} seconds")
        time.sleep(0.25)
