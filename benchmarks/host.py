"""What the addon costs the rest of Odoo: the same ledger in two databases, one without it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import ExitStack
from itertools import cycle, islice
from statistics import median

from odoo.tests.form import Form

from . import databases, ledger
from .common import Result
from .timing import clock

NEEDS_ODOO = True
PLAIN, ADDON = "without", "with"
GROUPS = {
    "salesperson": ("sales_team.group_sale_salesman_all_leads",),
    "accountant": ("account.group_account_manager", "sales_team.group_sale_manager"),
}
FORMS = {"customer form": "res.partner", "quotation form": "sale.order"}
PASSES = 3  # times that every form is opened
PAIRS = 50  # parts of documents, each done on both sides before the next

add_arguments = ledger.add_arguments


class Side:
    """One of the two databases, in a transaction that is rolled back at the end."""

    def __init__(self, env):
        self.env = env
        company = env.company
        self.company_ids = company.ids
        # core's own limit check runs on both sides, or half of the difference would be core's
        company.account_use_credit_limit = True
        self.users = {
            name: env["res.users"].create(
                {
                    "name": name,
                    "login": f"bench_{name}",
                    "company_id": company.id,
                    "company_ids": [company.id],
                    "group_ids": [env.ref(group).id for group in ("base.group_user", *groups)],
                }
            )
            for name, groups in GROUPS.items()
        }
        env.flush_all()

    def as_user(self, name: str):
        """Environment of a request by that user, with the context that the web client sends."""
        user = self.users[name]
        context = {"lang": "en_US", "tz": "Europe/Rome", "uid": user.id}
        context["allowed_company_ids"] = self.company_ids
        return self.env(user=user.id, context=context)

    def undone(self, way: Callable[[], object]) -> tuple[float, int]:
        """Seconds and queries of ``way`` up to what a commit would write; then all is undone.

        Plans are forgotten before, as they are when Odoo takes a connection for a request.
        """
        cr = self.env.cr
        self.forget()
        cr.execute("DISCARD PLANS")
        cr.execute("SAVEPOINT bench")
        gc.collect()
        before = cr.sql_log_count
        seconds = clock(lambda: (way(), cr.flush()))
        count = cr.sql_log_count - before
        self.forget()
        cr.execute("ROLLBACK TO SAVEPOINT bench")
        return seconds, count

    def forget(self) -> None:
        self.env.transaction.clear()
        for hooks in (self.env.cr.precommit, self.env.cr.postcommit):
            hooks.clear()


def run(args) -> Result:
    result = Result("host", setting=ledger.setting(args))
    names = {PLAIN: ledger.database(args), ADDON: ledger.with_addon(args)}
    databases.configure()
    first_night(names[ADDON])
    with ExitStack() as stack:
        sides = {
            side: Side(stack.enter_context(databases.environment(name, "admin")))
            for side, name in names.items()
        }
        gc.freeze()
        measure_forms(result, sides)
        measure_choice(result, sides)
        measure_posting(result, sides)
        measure_reconciling(result, sides)
        measure_confirming(result, sides)
    return result


def first_night(database: str) -> None:
    """Score the customers, as the addon does in the night after its installation.

    From then on they have the profile that a confirmation locks, and forms show their grade.
    """
    with databases.environment(database, commit=True) as env:
        if env["ar.score.model"].search_count([]):
            return
        env["ar.score.model"]._run(env.company, lambda done, remaining: 1.0 + remaining)
    databases.execute(database, "VACUUM ANALYZE ar_credit_profile, ar_score_snapshot")


def pairs(sides: dict, task: Callable, items: list) -> dict[str, list[tuple[float, int]]]:
    """Runs ``task(side, item)`` on both sides, item by item, in turns; the first is a rehearsal."""
    taken: dict[str, list[tuple[float, int]]] = {PLAIN: [], ADDON: []}
    for turn, item in enumerate([items[0], *items]):
        for side in (PLAIN, ADDON) if turn % 2 else (ADDON, PLAIN):
            measured = sides[side].undone(lambda side=side, item=item: task(sides[side], item))
            if turn:
                taken[side].append(measured)
    return taken


def extra_percent(taken: dict) -> float:
    """Median over the items: each was run on both sides within moments."""
    ratios = [mine[0] / plain[0] for plain, mine in zip(taken[PLAIN], taken[ADDON], strict=True)]
    return 100.0 * (median(ratios) - 1)


def report(result: Result, name: str, taken: dict, limit: float) -> None:
    result.bar(f"{name}: extra time", extra_percent(taken), limit, unit="%")
    for side in (PLAIN, ADDON):
        seconds = [seconds for seconds, _count in taken[side]]
        result.figure(f"{name}: {side}, median", 1000 * median(seconds), "ms")


def report_queries(result: Result, name: str, taken: dict) -> None:
    extra = median(m[1] - p[1] for p, m in zip(taken[PLAIN], taken[ADDON], strict=True))
    result.bar(f"{name}: extra queries", extra, 5)


# ---------------------------------------------------------------- screens
def chosen(env, model: str) -> list[int]:
    """Records whose forms are opened: customers with open items, and quotations."""
    query = {
        "res.partner": """SELECT partner_id FROM account_move_line
                           WHERE amount_residual > 0 AND parent_state = 'posted'
                        GROUP BY partner_id ORDER BY md5(partner_id::text) LIMIT 30""",
        "sale.order": """SELECT id FROM sale_order WHERE state = 'draft'
                       ORDER BY md5(id::text) LIMIT 30""",
    }[model]
    env.cr.execute(query)
    return [row for (row,) in env.cr.fetchall()]


def form_fields(env, model: str, record: int) -> dict:
    """What the web client asks of the server to show the form, as Odoo's own test client does."""
    return Form(env[model].browse(record))._view["fields_spec"]


def measure_forms(result: Result, sides: dict) -> None:
    for form, model in FORMS.items():
        records = chosen(sides[PLAIN].env, model)
        for user in GROUPS:
            asked = {s: form_fields(sides[s].as_user(user), model, records[0]) for s in sides}
            asked = {sides[side]: fields_ for side, fields_ in asked.items()}

            def read(side, record, model=model, user=user, asked=asked):
                side.as_user(user)[model].browse(record).web_read(asked[side])

            taken = pairs(sides, read, records * PASSES)
            report(result, f"{form}, {user}", taken, 10)
            report_queries(result, f"{form}, {user}", taken)


def measure_choice(result: Result, sides: dict) -> None:
    """A new quotation at the moment when its customer is chosen."""
    orders = chosen(sides[PLAIN].env, "sale.order")
    customers = chosen(sides[PLAIN].env, "res.partner")
    asked = {
        side: form_fields(side.as_user("salesperson"), "sale.order", orders[0])
        for side in sides.values()
    }

    def choose(side, customer):
        values = {"partner_id": customer}
        side.as_user("salesperson")["sale.order"].onchange(values, ["partner_id"], asked[side])

    taken = pairs(sides, choose, customers * PASSES)
    report(result, "customer chosen on a quotation, salesperson", taken, 10)
    report_queries(result, "customer chosen on a quotation, salesperson", taken)


# ---------------------------------------------------------------- documents
def batches(ids: list, count: int = PAIRS) -> list[list]:
    """The documents in parts, again and again where they are few: pairs enough for a median."""
    size = max(1, len(ids) // count)
    parts = [ids[start : start + size] for start in range(0, size * count, size)]
    return list(islice(cycle(filter(None, parts)), PAIRS))


def rows(side: Side, query: str, count: int) -> list:
    side.env.cr.execute(query, [count])
    found = side.env.cr.fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def measure_posting(result: Result, sides: dict, count: int = 1000) -> None:
    drafts = rows(
        sides[PLAIN],
        """SELECT id FROM account_move WHERE state = 'draft' AND move_type = 'out_invoice'
            ORDER BY id LIMIT %s""",
        count,
    )

    def post(side, ids):
        side.as_user("accountant")["account.move"].browse(ids).action_post()

    report(result, f"posting {len(drafts):,} invoices", pairs(sides, post, batches(drafts)), 5)


def measure_reconciling(result: Result, sides: dict, count: int = 1000) -> None:
    matches = rows(
        sides[PLAIN],
        """SELECT DISTINCT ON (payment.id) payment.id, invoice.id
             FROM account_move_line payment
             JOIN account_move_line invoice ON invoice.partner_id = payment.partner_id
              AND invoice.account_id = payment.account_id
              AND invoice.currency_id = payment.currency_id
            WHERE payment.payment_id IS NOT NULL AND payment.amount_residual < 0
              AND payment.parent_state = 'posted' AND invoice.amount_residual > 0
              AND invoice.parent_state = 'posted'
         ORDER BY payment.id, invoice.id LIMIT %s""",
        count,
    )

    def match(side, lines):
        for pair in lines:
            side.as_user("accountant")["account.move.line"].browse(pair).reconcile()

    taken = pairs(sides, match, batches(matches))
    report(result, f"reconciling {len(matches):,} payments", taken, 5)


def confirmable(sides: dict, count: int) -> list[int]:
    """Quotations that nothing holds back: to put an order on hold is not to confirm it."""
    orders = rows(
        sides[ADDON],
        """SELECT id FROM sale_order o WHERE state = 'draft' AND NOT EXISTS (
               SELECT FROM account_move_line l JOIN account_account a ON a.id = l.account_id
                WHERE l.partner_id = o.partner_id AND a.account_type = 'asset_receivable'
                  AND l.amount_residual > 0 AND l.date_maturity < CURRENT_DATE)
            ORDER BY id LIMIT %s""",
        count * 3,
    )
    passing: list[int] = []

    def confirm():
        found = sides[ADDON].as_user("salesperson")["sale.order"].browse(orders)
        found.action_confirm()
        passing.extend(found.filtered(lambda order: order.state == "sale").ids)

    sides[ADDON].undone(confirm)
    return passing[:count]


def measure_confirming(result: Result, sides: dict, count: int = 300) -> None:
    orders = confirmable(sides, count)
    if not orders:
        raise SystemExit("error: every quotation of the ledger is held: nothing to confirm")

    def confirm(side, ids):
        side.as_user("salesperson")["sale.order"].browse(ids).action_confirm()

    singles = [[order] for order in orders[:100]]
    taken = pairs(sides, confirm, singles)
    report(result, f"confirming {len(singles):,} orders one by one", taken, 10)
    taken = pairs(sides, confirm, batches(orders, 10))
    report(result, f"confirming {len(orders):,} orders in ten batches", taken, 10)
