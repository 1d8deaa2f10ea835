"""Dunning: a proposal against bare SQL, a whole run against OCA's, and letters in a batch.

The ledger is the one of the other benchmarks, by default with a million open items. Customers get
an address for mail and post. Each run is rolled back, so that all meet the same rows.
"""

from __future__ import annotations

import argparse
import re
from statistics import median

from odoo import fields

from . import databases, ledger
from .common import Result
from .dunning_bare import SAME_ROWS, WANTED
from .dunning_data import prepared
from .dunning_peer import PEER, measure_peer
from .serving import serving
from .timing import clock

NEEDS_ODOO = True
ROUNDS = 5
ALONE = 6  # letters printed one by one


def add_arguments(parser) -> None:
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=2_000_000, help="receivable lines")
    parser.add_argument("--open", type=float, default=0.5, help="share of lines not yet paid")
    parser.add_argument("--letters", type=int, default=1000, help="printed in one batch; 0: none")
    parser.add_argument(
        "--peer", type=sizes, default="1000,2000,4000", help="customers beside the peer; 0: none"
    )


def sizes(text: str) -> list[int]:
    """
    >>> sizes("1000,2000"), sizes("0")
    ([1000, 2000], [])
    """
    return [int(part) for part in text.split(",") if int(part)]


def run(args) -> Result:
    result = Result("dunning", setting=ledger.setting(args) | {"peer": str(PEER)})
    half = argparse.Namespace(**vars(args) | {"customers": args.customers // 2})
    half.lines = args.lines // 2
    names = {"half": ledger.with_addon(half), "full": ledger.with_addon(args)}
    databases.configure()
    measure_proposal(result, names)
    if args.letters:
        measure_letters(result, names["full"], args.letters)
    if args.peer:
        measure_peer(result, args)
    return result


# ---------------------------------------------------------------- proposal
def measure_proposal(result: Result, names: dict[str, str]) -> None:
    taken: dict[str, list[float]] = {"half": [], "full": [], "bare": []}
    counts, memory = {}, {}
    for turn in range(ROUNDS + 1):
        for name in ("half", "full"):
            seconds, counts[name], memory[name] = propose(names[name])
            taken[name] += [seconds] if turn else []
        seconds = bare(names["full"], counts["full"])
        taken["bare"] += [seconds] if turn else []
        for database in names.values():
            databases.execute(database, "VACUUM ar_dunning_notice")
    middle = {name: median(values) for name, values in taken.items()}
    result.bar("proposal, times bare SQL", middle["full"] / middle["bare"], 3, "<=", "×")
    result.bar("proposal, twice the data", middle["full"] / middle["half"], 2.2, "<=", "×")
    growth = memory["full"] - memory["half"]
    result.bar("memory more for twice the data", growth, 8, "<=", "MB")
    result.figure("proposal", 1000 * middle["full"], "ms")
    result.figure("bare SQL", 1000 * middle["bare"], "ms")
    for name, (notices, lines, queries) in counts.items():
        result.figure(f"notices, {name} the data", notices)
        result.figure(f"lines of notices, {name} the data", lines)
        result.figure(f"queries, {name} the data", queries)


def propose(database: str) -> tuple[float, tuple[int, int, int], float]:
    """Seconds; notices, lines and queries; megabytes that it took at its peak."""
    with prepared(database) as run:
        run.search_count([("company_id", "=", run.company_id.id)])
        cr, before = run.env.cr, peak()
        queries = cr.sql_log_count
        seconds = clock(lambda: (run._propose(), run.env.flush_all()))
        queries = cr.sql_log_count - queries
        grown = peak(reset=False) - before
        cr.execute(
            "SELECT count(*), sum(item_count) FROM ar_dunning_notice WHERE run_id = %s",
            [run.id],
        )
        return seconds, (*cr.fetchone(), queries), max(0.0, grown)


def bare(database: str, counts: tuple[int, int, int]) -> float:
    """The same rows by one statement that knows which items are wanted."""
    with prepared(database) as run:
        run._propose()
        cr = run.env.cr
        cr.execute(WANTED, {"run": run.id})
        run._clear_proposal()
        parameters = {
            "run": run.id,
            "company": run.company_id.id,
            "today": fields.Date.context_today(run),
            "policy": run.company_id.ar_dunning_policy_id.id,
            "level": run.company_id.ar_dunning_policy_id.level_ids[0].id,
        }
        seconds = clock(lambda: cr.execute(SAME_ROWS, parameters))
        if cr.rowcount != counts[0]:
            made = f"bare SQL made {cr.rowcount} notices, the proposal {counts[0]}"
            raise SystemExit(f"error: {made}")
        return seconds


def peak(reset: bool = True) -> float:
    """Megabytes of this process: the most since the last reset."""
    if reset:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as control:
            control.write("5")
    with open("/proc/self/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024


# ---------------------------------------------------------------- letters
def measure_letters(result: Result, database: str, count: int) -> None:
    """Letters printed one by one, and as the job prints them."""
    with serving(database) as address, prepared(database) as run:
        env = run.env
        env["ir.config_parameter"].set_param("report.url", address)
        run.company_id.ar_dunning_policy_id.level_ids.write({"by_email": False, "by_letter": True})
        run._propose()
        notices = run.notice_ids[:count]
        notices._deliver()
        report = env["ir.actions.report"].with_context(force_report_rendering=True)

        def print_letters(letters):
            env.flush_all()
            env.invalidate_all()
            report._render_qweb_pdf_prepare_streams(REPORT, {}, letters.ids)

        print_letters(notices[:1])  # templates are compiled, style sheets made
        alone = [clock(lambda one=one: print_letters(one)) for one in notices[:ALONE]]
        chunks = [notices[at : at + CHUNK] for at in range(0, len(notices), CHUNK)]
        together = sum(clock(lambda chunk=chunk: print_letters(chunk)) for chunk in chunks)
    each, batch = median(alone), together / len(notices)
    result.bar("letters, times faster in a batch", each / batch, 10, ">=", "×")
    result.figure(f"a letter of {len(notices)} in a batch", 1000 * batch, "ms")
    result.figure("a letter alone", 1000 * each, "ms")


REPORT = "ar_credit_control.report_dunning_notice"
CHUNK = 50
