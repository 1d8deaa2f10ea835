"""What the addon costs the rest of Odoo: the same ledger in two databases, one without it.

Screens, and orders that are confirmed one by one, are asked for over HTTP as the web client does,
of two servers; what is done in batches runs inside this process.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median

from odoo.tests.form import Form

from . import databases, ledger
from .common import Result
from .serving import Browser, serving
from .timing import clock

NEEDS_ODOO = True
PLAIN, ADDON = "without", "with"
GROUPS = {
    "salesperson": ("sales_team.group_sale_salesman_all_leads",),
    "accountant": ("account.group_account_manager", "sales_team.group_sale_manager"),
}
FORMS = {"customer form": "res.partner", "quotation form": "sale.order"}
# Times that every form is opened, by servers started anew: each process has its luck with memory,
# which moves all of its figures by a hundredth or two.
PASSES = 3
REHEARSED = 5  # steps that warm a server up
PAIRS = 100  # parts of documents, each done on both sides before the next

add_arguments = ledger.add_arguments


def login(user: str) -> str:
    return f"bench_{user}"


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
                    "login": login(name),
                    "password": login(name),
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
        context = {"lang": "en_US", "tz": "Europe/Rome", "uid": user.id, "bin_size": True}
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
        gc.collect()  # what was left by setting up, such as environments that are looked through
        gc.freeze()
        all_screens = list(screens(sides))
        for screen in all_screens:
            measure_reading(result, sides, screen)
        measure_posting(result, sides)
        measure_reconciling(result, sides)
        orders = confirmable(sides)
        measure_confirming(result, sides, orders)
    browse(result, names, all_screens, orders)
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


def turns(task: Callable, items: list, rehearsed: int = 1) -> dict[str, list]:
    """What ``task(side, item)`` measured on both sides, item by item, in turns; rehearsed first."""
    taken: dict[str, list] = {PLAIN: [], ADDON: []}
    for turn, item in enumerate([*items[:rehearsed], *items]):
        for side in (PLAIN, ADDON) if turn % 2 else (ADDON, PLAIN):
            measured = task(side, item)
            if turn >= rehearsed:
                taken[side].append(measured)
    return taken


def pairs(sides: dict, task: Callable, items: list) -> dict[str, list[tuple[float, int]]]:
    """Seconds and queries of ``task(side, item)`` inside this process, undone after each run."""
    return turns(
        lambda side, item: sides[side].undone(lambda: task(sides[side], item)),
        items,
    )


def extra_percent(taken: dict) -> float:
    """Median over the items: each was run on both sides within moments."""
    ratios = [mine[0] / plain[0] for plain, mine in zip(taken[PLAIN], taken[ADDON], strict=True)]
    return 100.0 * (median(ratios) - 1)


def report(result: Result, name: str, taken: dict, limit: float) -> None:
    result.bar(f"{name}: extra time", extra_percent(taken), limit, unit="%")
    report_times(result, name, taken)


def report_times(result: Result, name: str, taken: dict) -> None:
    for side in (PLAIN, ADDON):
        seconds = [measured[0] for measured in taken[side]]
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


@dataclass(frozen=True)
class Screen:
    """Forms that a user opens; with ``chosen``, new ones on which he chooses one of the records.

    ``fields`` is what the web client asks for, by side.
    """

    name: str
    user: str
    model: str
    records: list[int]
    fields: dict[str, dict]
    chosen: str = ""

    def read(self, side: Side, asked: str, record: int) -> None:
        """What the form itself shows, without the web around it."""
        model = side.as_user(self.user)[self.model]
        if self.chosen:
            model.onchange({self.chosen: record}, [self.chosen], self.fields[asked])
        else:
            model.browse(record).web_read(self.fields[asked])

    def open(self, browser: Browser, asked: str, record: int) -> float:
        fields_ = self.fields[asked]
        if not self.chosen:
            return browser.open_form(self.model, record, fields_)
        values = {self.chosen: record}
        return browser.call(self.model, "onchange", [], values, [self.chosen], fields_)


def screens(sides: dict) -> Iterator[Screen]:
    env = sides[PLAIN].env
    quotations = chosen(env, "sale.order")
    for form, model in FORMS.items():
        records = chosen(env, model)
        for user in GROUPS:
            fields_ = asked(sides, user, model, records[0])
            yield Screen(f"{form}, {user}", user, model, records, fields_)
    yield Screen(
        "customer chosen on a quotation, salesperson",
        "salesperson",
        "sale.order",
        chosen(env, "res.partner"),
        asked(sides, "salesperson", "sale.order", quotations[0]),
        chosen="partner_id",
    )


def asked(sides: dict, user: str, model: str, record: int) -> dict[str, dict]:
    return {name: form_fields(side.as_user(user), model, record) for name, side in sides.items()}


def measure_reading(result: Result, sides: dict, screen: Screen) -> None:
    taken = turns(
        lambda side, record: sides[side].undone(lambda: screen.read(sides[side], side, record)),
        screen.records * PASSES,
    )
    report_queries(result, screen.name, taken)
    result.figure(f"{screen.name}: read without the web, extra time", extra_percent(taken), "%")
    report_times(result, f"{screen.name}: read without the web", taken)


# ---------------------------------------------------------------- over HTTP
def browse(result: Result, names: dict[str, str], all_screens: list, orders: list[int]) -> None:
    """The screens as users open them, and orders confirmed by button, on copies that are served."""
    copies = {side: f"{name}_host" for side, name in names.items()}
    try:
        for side, name in names.items():
            databases.close(name)
            databases.copy(name, copies[side])
            with databases.environment(copies[side], "admin", commit=True) as env:
                Side(env)
            databases.close(copies[side])
        taken: dict[str, dict[str, list]] = {}
        for turn in range(PASSES):
            with served(copies) as browsers:
                for name, measured in ask(browsers, all_screens, orders[turn::PASSES]):
                    before = taken.setdefault(name, {PLAIN: [], ADDON: []})
                    for side, seconds in measured.items():
                        before[side] += seconds
        for name, measured in taken.items():
            report(result, name, measured, 10)
    finally:
        databases.drop(copies.values())


def ask(browsers: dict, all_screens: list, orders: list[int]) -> Iterator[tuple[str, dict]]:
    """What a pass measured: every form of each screen once, and orders confirmed for good."""
    for screen in all_screens:
        yield (
            screen.name,
            turns(
                lambda side, record, screen=screen: (
                    screen.open(browsers[side, screen.user], side, record),
                ),
                screen.records,
                REHEARSED,
            ),
        )

    def press(side, order):
        browser = browsers[side, "salesperson"]
        return (browser.call("sale.order", "action_confirm", [order], button=True),)

    for order in orders[:REHEARSED]:
        for side in (PLAIN, ADDON):
            press(side, order)
    yield "confirming orders one by one", turns(press, orders[REHEARSED:], 0)


@contextmanager
def served(names: dict[str, str]) -> Iterator[dict[tuple[str, str], Browser]]:
    """A browser for each side and user."""
    with ExitStack() as stack:
        addresses = {side: stack.enter_context(serving(name)) for side, name in names.items()}
        yield {
            (side, user): Browser(address, names[side], login(user))
            for side, address in addresses.items()
            for user in GROUPS
        }


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


def confirmable(sides: dict, count: int = 300) -> list[int]:
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
    if not passing:
        raise SystemExit("error: every quotation of the ledger is held: nothing to confirm")
    return passing[:count]


def measure_confirming(result: Result, sides: dict, orders: list[int]) -> None:
    def confirm(side, ids):
        side.as_user("salesperson")["sale.order"].browse(ids).action_confirm()

    singles = pairs(sides, confirm, [[order] for order in orders[:100]])
    name = "confirming one by one, without the web"
    result.figure(f"{name}, extra time", extra_percent(singles), "%")
    report_times(result, name, singles)
    taken = pairs(sides, confirm, batches(orders, 10))
    report(result, f"confirming {len(orders):,} orders in ten batches", taken, 10)
