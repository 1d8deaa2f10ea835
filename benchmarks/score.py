"""Accuracy of the payment score on invoices it has not seen, beside the models of the trade.

Strictly forward in time: an outcome is known after its payment, the score and the models learn
from what was paid before the cut, and are asked about invoices made from the cut on, each on its
own day. The score is computed by the product's own SQL and rules on a plain table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zlib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg2
from psycopg2.extras import execute_values

from ar_credit_control.rules import score, score_snapshot

from . import ledger, score_data, score_metrics, score_speed
from .common import FOLDER, Result

NEEDS_ODOO = True  # for its PostgreSQL
DATA = "accounts_receivable.csv"
CUT = date(2013, 7, 1)
TABLE = """
CREATE TEMP TABLE part (partner_id int, country_id int, invoice_date date, due_date date,
    paid_date date, share float8, amount float8, disputed bool, paper float8, void_date date)"""


def add_arguments(parser) -> None:
    parser.add_argument("--data", type=Path, help="CSV file of paid invoices: accuracy alone")
    parser.add_argument("--only", choices=("accuracy", "speed"), help="one of the two parts")
    # so that a million of the lines are instalments that were paid
    ledger.add_arguments(parser)
    parser.set_defaults(lines=2_300_000)
    parser.add_argument("--cut", type=date.fromisoformat, help="first day of the test (YYYY-MM-DD)")


@dataclass
class Predictions:
    """What one model says of the test invoices."""

    late: list[float]
    days: list[float]
    late_known: list[float] | None = None
    spans: list[tuple[float, float]] = field(default_factory=list)


def run(args) -> Result:
    result = Result("score")
    only = args.only or ("accuracy" if args.data else None)
    if only != "speed":
        measure_accuracy(result, args)
    if only != "accuracy":
        score_speed.report(result, args)
    return result


def measure_accuracy(result: Result, args) -> None:
    args.data = args.data or Path(
        os.environ.get("SCORE_DATA", FOLDER.parent.parent / "shared" / "data" / DATA)
    )
    if not args.data.exists():
        result.setting["accuracy"] = f"there is no file {args.data.name}: --data"
        return
    data = score_data.read(args.data)
    cut = args.cut or usual_cut(data.invoices)
    test = [at for at, one in enumerate(data.invoices) if one.made >= cut and one.paid]
    result.setting |= setting(args.data, data, cut, test)
    models = {"ours": ours(data.invoices, cut, test), **peers(data.invoices, cut, test)}
    report(result, models, [data.invoices[at] for at in test], data.has_disputes)


def usual_cut(invoices) -> date:
    """The known date where the file spans it, else the day by which three quarters were made."""
    made = sorted(one.made for one in invoices)
    return CUT if made[0] < CUT <= made[-1] else made[len(made) * 3 // 4]


def setting(path, data, cut, test) -> dict:
    known = sum(1 for one in data.invoices if one.paid and one.paid < cut)
    return {
        "data": path.name,
        "invoices": len(data.invoices),
        "customers": len({one.customer for one in data.invoices}),
        "cut": cut.isoformat(),
        "learned from": known,
        "tested on": len(test),
        "disputes": "yes" if data.has_disputes else "no such column",
        "paper": "yes" if data.has_paper else "no such column",
    }


# ---------------------------------------------------------------- ours
def ours(invoices, cut: date, test: list[int]) -> Predictions:
    connection = psycopg2.connect(dbname="postgres")
    try:
        with connection.cursor() as cursor:
            load(cursor, invoices)
            found = dict(forward(asker(cursor), invoices, cut, test))
    finally:
        connection.close()
    before, known = zip(*(found[at] for at in test), strict=True)
    return Predictions(
        late=[one.late for one in before],
        days=[float(round(one.days)) for one in before],
        late_known=[one.late for one in known],
        spans=[(one.earliest, one.latest) for one in before],
    )


def load(cursor, invoices) -> None:
    cursor.execute(TABLE)
    rows = [
        (one.customer, one.country, one.made, one.due, one.paid, 1.0, one.amount, one.disputed,
         float(one.paper), None)
        for one in invoices
    ]  # fmt: skip
    execute_values(cursor, "INSERT INTO part VALUES %s", rows)
    cursor.execute("ANALYZE part")


def asker(cursor):
    def ask(text, parameters):
        cursor.execute(text.replace("%(items)s", "SELECT * FROM part"), parameters)
        return cursor.fetchall()

    return ask


def forward(ask, invoices, cut: date, test: list[int]):
    """Day by day; the coefficients are those of the month's snapshot."""
    company, fitted = None, None
    for day in sorted({invoices[at].made for at in test}):
        if fitted is None or day - fitted >= score_snapshot.MONTH:
            company, fitted = score_snapshot.fit_company(ask, day), day
        known = {one.partner_id: one for one in score_snapshot.read_evidence(ask, company, day)}
        for at in test:
            if invoices[at].made == day:
                yield at, both(invoices[at], known, company)


def both(invoice, known, company):
    """Predictions at invoice time, and once it is known whether there is a dispute."""
    evidence = known.get(invoice.customer) or score.Evidence(invoice.customer, invoice.country)
    paper, months = float(invoice.paper), (invoice.due - invoice.made).days / 30
    return tuple(
        score.predict(evidence, company, score.Conditions(paper, months, disputed))
        for disputed in (None, invoice.disputed)
    )


# ---------------------------------------------------------------- the others
def peers(invoices, cut: date, test: list[int]) -> dict[str, Predictions]:
    rows = [
        (one.customer, one.country, one.made.toordinal(), one.due.toordinal(), one.amount,
         one.paid and one.paid.toordinal(), int(one.disputed), int(one.paper))
        for one in invoices
    ]  # fmt: skip
    task = json.dumps({"invoices": rows, "cut": cut.toordinal(), "test": test})
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(
        [peer_python(), FOLDER / "score_peers.py"],
        input=task, stdout=subprocess.PIPE, text=True, check=True, env=environment,
    )  # fmt: skip
    return {name: Predictions(**model) for name, model in json.loads(answer.stdout).items()}


def peer_python() -> Path:
    """Python of an environment that holds scikit-learn, made once in the cache."""
    wanted = FOLDER / "requirements.txt"
    name = (
        f"bench-{sys.version_info[0]}.{sys.version_info[1]}-{zlib.crc32(wanted.read_bytes()):08x}"
    )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "ar_credit_control" / name
    python, complete = home / "bin" / "python", home / ".complete"
    if not complete.exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", wanted], check=True)
        complete.touch()
    return python


# ---------------------------------------------------------------- the table
def report(result: Result, models: dict[str, Predictions], invoices, has_disputes: bool) -> None:
    late = [one.days > 0 for one in invoices]
    days = [float(one.days) for one in invoices]
    compare(result, "AUC at invoice time", ranks(models, "late", late))
    if has_disputes:
        compare(result, "AUC with disputes known", ranks(models, "late_known", late))
    compare_days(result, models, days)
    mine = models["ours"]
    calibration(result, "at invoice time", mine.late, late)
    if has_disputes:
        calibration(result, "with disputes known", mine.late_known, late)
    result.figure("late share of the test", 100 * sum(late) / len(late), "%")
    for name, model in models.items():
        result.figure(f"Brier score: {name}", score_metrics.brier(model.late, late))
    inside = [low <= d <= high for (low, high), d in zip(mine.spans, days, strict=True)]
    result.figure("delays within the span of eight in ten", 100 * sum(inside) / len(inside), "%")


def ranks(models, what: str, late) -> dict[str, float]:
    return {
        name: score_metrics.auc(getattr(model, what), late)
        for name, model in models.items()
        if getattr(model, what) is not None
    }


def compare(result: Result, name: str, figures: dict[str, float]) -> None:
    """Bar: at most 0.005 below the best of the others."""
    best = max(value for peer, value in figures.items() if peer != "ours")
    result.bar(name, figures["ours"], round(best - 0.005, 4), ">=")
    for model, value in figures.items():
        result.figure(f"{name}: {model}", value)


def compare_days(result: Result, models: dict[str, Predictions], days: list[float]) -> None:
    """Bar: ahead of each of the others; early days count, then as figures with early as 0."""
    errors = {name: score_metrics.mean_error(model.days, days) for name, model in models.items()}
    best = min(value for name, value in errors.items() if name != "ours")
    result.bar("mean error of the days", errors["ours"], round(best, 4), "<=", "days")
    beyond = [max(0.0, one) for one in days]
    for name, model in models.items():
        result.figure(f"mean error of the days: {name}", errors[name], "days")
        guesses = [max(0.0, one) for one in model.days]
        error = score_metrics.mean_error(guesses, beyond)
        result.figure(f"mean error, early as 0: {name}", error, "days")


def calibration(result: Result, when: str, chances, late) -> None:
    """Bar on deciles of the chance; tenths of the cases as figures."""
    widths = score_metrics.by_width(chances, late)
    gap = score_metrics.worst_gap(widths)
    result.bar(f"worst decile {when}", gap, 5.0, "<=", "points")
    for at, (cases, expected, observed) in enumerate(widths):
        result.figure(f"chance {at * 10}-{at * 10 + 10} % {when}: cases", cases)
        if cases:
            result.figure(f"chance {at * 10}-{at * 10 + 10} % {when}: expected", expected, "%")
            result.figure(f"chance {at * 10}-{at * 10 + 10} % {when}: observed", observed, "%")
    tenths = score_metrics.worst_gap(score_metrics.by_tenth(chances, late))
    result.figure(f"worst tenth of the cases {when}", tenths, "points")
