"""What customers owe: the product's positions against bare SQL that returns the same figures."""

from __future__ import annotations

from odoo import fields

from . import databases, ledger
from .bare import Bare
from .common import Result
from .timing import interleave, medians, queries

NEEDS_ODOO = True
BATCHES = {1: 60, 80: 40, 1000: 15}  # customers → rounds
MONEY = (
    "not_due", "due_1_30", "due_31_60", "due_61_90", "due_over_90", "unapplied",
    "payments_pending", "draft_invoices", "orders",
)  # fmt: skip
COLUMNS = (
    "complete_name", "email", "ar_balance", "ar_overdue", "ar_oldest_due", "ar_exposure",
    "ar_available", "ar_limit_use",
)  # fmt: skip

add_arguments = ledger.add_arguments


def run(args) -> Result:
    result = Result("position", setting=ledger.setting(args))
    database = ledger.with_addon(args)
    databases.configure()
    with databases.environment(database, "admin") as env:
        bare = Bare(env.cr, env.company.id, fields.Date.context_today(env.user))
        ids = sample(env, max(BATCHES))
        counts = {size: measure_batch(result, env, bare, ids[:size]) for size in BATCHES}
        result.bar("queries, whatever the number of customers", max(counts.values()), 4)
        # a single customer who has nothing beside the ledger needs one fewer
        result.bar("queries more for 1,000 customers than for 80", counts[1000] - counts[80], 0)
        measure_list(result, env, bare)
        measure_past(result, env, ids)
    return result


def sample(env, count: int) -> list[int]:
    """Customers in no order that the ledger knows, the first of them with something open."""
    env.cr.execute(
        """SELECT p.id FROM res_partner p
            WHERE p.parent_id IS NULL AND p.customer_rank > 0 AND p.name LIKE 'Customer %%'
         ORDER BY NOT EXISTS (SELECT FROM account_move_line l
                               WHERE l.partner_id = p.id AND l.amount_residual > 0),
                  md5(p.id::text)
            LIMIT %s""",
        [count],
    )
    return [row for (row,) in env.cr.fetchall()]


def measure_batch(result, env, bare, ids: list[int]) -> int:
    """Bars of one batch size; the number of queries that the product needed."""

    def product():
        return env["ar.position"]._get_positions(env["res.partner"].browse(ids))

    compare(product(), bare.positions(ids))
    env.invalidate_all()
    count = queries(env.cr, product)
    ways = {"product": product, "bare": lambda: bare.positions(ids)}
    taken = medians(interleave(ways, BATCHES[len(ids)], env.invalidate_all))
    label = f"{len(ids):,} customer{'s' if len(ids) > 1 else ''}"
    report(result, f"position of {label}", taken, 1.5, count)
    return count


def report(result, name: str, taken: dict, limit: float, count: int) -> None:
    result.bar(f"{name}, times bare SQL", taken["product"] / taken["bare"], limit, unit="×")
    result.figure(f"{name}: product", taken["product"], "ms")
    result.figure(f"{name}: bare SQL", taken["bare"], "ms")
    result.figure(f"{name}: queries", count)


def compare(positions: dict, rows: list[dict]) -> None:
    """Ends the run when the two do not agree to the cent: their times would say nothing."""
    for row in rows:
        position = positions[row["id"]]
        expected = [round(float(row[name] or 0), 2) for name in MONEY] + [row["oldest_due"]]
        found = [round(getattr(position, name), 2) for name in MONEY] + [position.oldest_due]
        shares = sorted((s.currency_id, s.balance, s.overdue) for s in position.by_currency)
        expected.append(sorted(tuple(share) for share in row["by_currency"] or ()))
        expected.append(float(row["credit_limit"] or 0))
        if [*found, shares, position.limit.amount] != expected:
            raise SystemExit(f"error: customer {row['id']}: {position} is not {row}")


def measure_list(result, env, bare) -> None:
    """The first page of a list of all customers, most overdue first, as the web client reads it."""
    specification = {name: {} for name in COLUMNS}
    domain = [("customer_rank", ">", 0)]

    def product():
        return env["res.partner"].web_search_read(
            domain, specification, limit=80, order="ar_overdue desc", count_limit=10001
        )["records"]

    pairs = zip(product(), bare.overdue_page(), strict=True)
    if any(abs(mine["ar_overdue"] - float(own["overdue"] or 0)) > 0.005 for mine, own in pairs):
        raise SystemExit("error: the sorted list shows other figures than the bare SQL")
    env.invalidate_all()
    count = queries(env.cr, product)
    ways = {"product": product, "bare": bare.overdue_page}
    taken = medians(interleave(ways, 11, env.invalidate_all))
    report(result, "list of all customers by overdue", taken, 2.0, count)


def measure_past(result, env, ids) -> None:
    """A day two months ago: no bar, but worth knowing."""
    day = fields.Date.subtract(fields.Date.today(), days=60)
    partners = env["res.partner"].browse(ids)
    ways = {"past": lambda: env["ar.position"]._get_positions(partners, as_of=day)}
    taken = medians(interleave(ways, 5, env.invalidate_all))
    result.figure("position of 1,000 customers two months ago: product", taken["past"], "ms")
