"""Time of scoring a whole ledger, and of a night, beside one bare aggregation over the same rows.

The product reads, assesses and writes: profile and monthly snapshot of every customer. The bare
statement reads the same instalments and parts and adds them up by customer; nothing is written.

Stored beforehand, as after the nights before: the settled parts (``ar.score.part``) of all
matchings but those of the last two days, the profiles and, for the nights, the coefficients. The
matchings are dated so that ``MATCHES`` of them fall on each of the last days. A run stores the
parts of the day before the last, as every night does, and reads those of the last day from the
ledger; that is part of its time. What storing all the others took, once, is a figure of its own.
"""

from __future__ import annotations

import tracemalloc
from argparse import Namespace
from contextlib import contextmanager
from datetime import timedelta

from odoo import fields

from . import databases, ledger
from .common import Result
from .timing import clock, interleave, medians

ROUNDS = 3
MATCHES = 5000  # newest matchings that make up a day
FORGET = """TRUNCATE ar_credit_profile, ar_score_model, ar_score_news, ar_score_part,
    ar_score_part_note, ar_score_part_reach CASCADE"""
DATED = 5  # days on which matchings are dated: more than a night after two days looks back
DATE = """
UPDATE account_partial_reconcile match
   SET create_date = now() AT TIME ZONE 'UTC' - interval '1 hour'
                     - interval '1 day' * ((newest.id - match.id) / %(matches)s - %(shift)s)
  FROM (SELECT MAX(id) AS id FROM account_partial_reconcile) newest
 WHERE match.id > newest.id - %(matches)s * %(days)s
"""
BARE = """
SELECT partner.commercial_partner_id, COUNT(*), COUNT(counter.date),
       SUM(COALESCE(match.amount, line.amount_residual)),
       SUM((counter.date - line.date_maturity) * match.amount),
       COUNT(*) FILTER (WHERE counter.date > line.date_maturity),
       MAX(%(today)s - line.date_maturity) FILTER (WHERE line.reconciled IS NOT TRUE)
  FROM account_move_line line
  JOIN res_partner partner ON partner.id = line.partner_id
  LEFT JOIN account_partial_reconcile match ON match.debit_move_id = line.id
  LEFT JOIN account_move_line counter ON counter.id = match.credit_move_id
 WHERE line.account_id IN (SELECT id FROM account_account WHERE account_type = 'asset_receivable')
   AND line.parent_state = 'posted' AND line.balance > 0 AND line.company_id = %(company)s
 GROUP BY partner.commercial_partner_id
"""


def report(result: Result, args) -> None:
    """Bars of the whole ledger, of one half as large, and of nights."""
    half = Namespace(customers=args.customers // 2, lines=args.lines // 2, open=args.open)
    smaller = measure(half)["full"]
    found = measure(args, result)
    result.setting |= {"ledger": ledger.setting(args), "paid parts": found["parts"]}
    result.bar("all customers, times bare SQL", found["full"] / found["bare"], 2.0, unit="×")
    result.bar("twice the ledger, times as long", found["full"] / smaller, 2.2, unit="×")
    result.bar("memory of the process for all customers", found["memory"], 64.0, unit="MB")
    result.bar("a part in a night, times a part in the full run", found["night"], 3.0, unit="×")
    result.figure("all customers: product", found["full"], "ms")
    result.figure("all customers: bare SQL", found["bare"], "ms")
    result.figure("all customers of half the ledger: product", smaller, "ms")


def measure(args, result: Result | None = None) -> dict[str, float]:
    database = ledger.with_addon(args)
    databases.configure()
    databases.execute(database, FORGET)
    storing = store(database)
    with databases.environment(database, commit=True) as env:
        company, today = env.company, fields.Date.context_today(env.user)
        learning = clock(lambda: env["ar.score.model"]._learn(company, today))
        env.flush_all()
        ids = env["ar.score.news"]._next(company, 10 * args.customers)
        env["ar.score"]._update(company, ids)  # the profiles exist from now on
    databases.execute(database, "VACUUM ANALYZE ar_credit_profile")
    databases.execute(database, "TRUNCATE ar_score_snapshot")  # as on the first of a month
    with databases.environment(database) as env:
        company = env.company
        ways = {
            "full": lambda: whole(env, company, ids),
            "bare": lambda: bare(env, company, today),
        }
        found = medians(interleave(ways, ROUNDS, lambda: tidy(env, database)))
        tidy(env, database)
        found |= {"parts": parts_of(env, company, ids), "memory": memory(ways["full"])}
        tidy(env, database)
        if result:
            result.figure("storing the settled parts before", storing, "s")
            result.figure("parts stored before", env["ar.score.part"].search_count([]))
            result.figure("learning the coefficients", learning, "s")
            found["night"] = night(result, env, company, found)
    databases.close(database)
    databases.execute(database, FORGET)
    return found


def store(database: str) -> float:
    """As the night of yesterday left it: seconds that storing all parts took."""
    with databases.environment(database, commit=True) as env:
        date_matchings(env, 1)
        seconds = clock(lambda: env["ar.score.part"]._keep(env.company, still))
        date_matchings(env, 0)
    databases.execute(database, "VACUUM ANALYZE account_partial_reconcile, ar_score_part")
    return seconds


def date_matchings(env, shift: int) -> None:
    """Date the newest matchings by days, so many of them later than they are."""
    env.cr.execute(DATE, {"matches": MATCHES, "days": DATED, "shift": shift})


def whole(env, company, ids) -> None:
    """What a night does that assesses everybody."""
    env["ar.score.part"]._keep(company, still)
    env["ar.score"]._update(company, ids)


def bare(env, company, today) -> None:
    env.cr.execute(BARE, {"today": today, "company": company.id})
    env.cr.fetchall()


def tidy(env, database: str) -> None:
    """Undo a run, and clear away the rows that it wrote: every night finds a vacuumed table."""
    env.cr.rollback()
    databases.execute(database, "VACUUM ar_credit_profile, ar_score_snapshot, ar_score_part")


@contextmanager
def rolled_back(env):
    """Whatever happens inside has not happened afterwards."""
    env.cr.execute("SAVEPOINT measured")
    yield
    env.cr.execute("ROLLBACK TO SAVEPOINT measured")
    env.invalidate_all(flush=False)


def memory(way) -> float:
    """Peak of what Python holds during a run, in megabytes."""
    tracemalloc.start()
    way()
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def parts_of(env, company, ids) -> int:
    """Parts of instalments that customers have: what a run reads."""
    env.cr.execute(
        """SELECT COUNT(*) FROM account_move_line line
             JOIN res_partner partner ON partner.id = line.partner_id
             JOIN account_partial_reconcile match ON match.debit_move_id = line.id
            WHERE partner.commercial_partner_id = ANY(%s) AND line.company_id = %s""",
        [ids, company.id],
    )
    return env.cr.fetchone()[0]


def still(_done: int, remaining: int) -> float:
    """Time is never up."""
    return 1.0 + remaining


def night(result: Result, env, company, full) -> float:
    """Cost of a part in a night after so many matchings, as a multiple of that in a full run."""
    cost = 0.0
    for days in (1, 2):
        with rolled_back(env):
            customers = collect(env, company, days)
            seconds = clock(lambda: env["ar.score.model"]._run(company, still))
            read = parts_of(env, company, customers)
        per_part = seconds * 1000 / read / (full["full"] / full["parts"])
        label = f"night after {days} day{'s' if days > 1 else ''}"
        result.figure(f"{label}: customers with news", len(customers))
        result.figure(f"{label}: parts read", read)
        result.figure(f"{label}: product", 1000 * seconds, "ms")
        cost = max(cost, per_part)
    return cost


def collect(env, company, days: int) -> list[int]:
    """The last run was so many days ago; returns the customers that have news since."""
    News = env["ar.score.news"]
    env.cr.execute("DELETE FROM ar_score_news")
    today = fields.Date.context_today(env.user)
    model = env["ar.score.model"].search([("company_id", "=", company.id)], limit=1)
    env.cr.execute("SELECT MAX(id) FROM account_partial_reconcile")
    newest = env.cr.fetchone()[0]
    env.cr.execute("DELETE FROM ar_score_part WHERE id > %s", [newest - MATCHES * (days + 1)])
    env["ar.score.part.reach"].search([]).last_match = newest - MATCHES * (days + 1)
    since = timedelta(days=days)
    model.write(
        {
            "last_match": newest - MATCHES * days,
            "last_day": today - since,
            "last_run": fields.Datetime.now() - since,
        }
    )
    env.flush_all()  # or it would be undone with what follows
    with rolled_back(env):
        News._collect(company, model, today)
        found = News._next(company, 10**9)
    return found
