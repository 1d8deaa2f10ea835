"""Opening history through the product's importer against the same documents made by hand.

By hand means a careful script: the ORM in batches as large as the importer's, mail and tracking
switched off, all invoices of a batch posted at once and all its payments matched at once.
"""

from __future__ import annotations

import base64
from datetime import timedelta

from odoo import Command, fields

from . import databases, ledger
from .common import Result
from .timing import interleave, medians

NEEDS_ODOO = True
ROUNDS = 3
BATCH = 200
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "no_reset_password": True,
}


def add_arguments(parser) -> None:
    ledger.add_arguments(parser)
    parser.set_defaults(customers=1_000, lines=10_000)
    parser.add_argument("--invoices", type=int, default=500, help="invoices to import")


def run(args) -> Result:
    result = Result("import", setting=ledger.setting(args) | {"invoices": args.invoices})
    database = ledger.with_addon(args)
    databases.configure()
    with databases.environment(database, "admin") as env:
        tables = history(args.invoices)
        ways = {
            name: Undone(env, way, tables) for name, way in {"product": bring, "hand": make}.items()
        }
        taken = medians(interleave(ways, ROUNDS))
        if ways["product"].outcome != ways["hand"].outcome:
            raise SystemExit(f"error: not the same documents: {[w.outcome for w in ways.values()]}")
    result.bar("import, times as long as by hand", taken["product"] / taken["hand"], 1.0, unit="×")
    documents = sum(len(rows) for rows in tables.values())
    for name in ways:
        result.figure(f"{documents:,} documents: {name}", taken[name], "ms")
        result.figure(f"documents a second: {name}", 1000 * documents / taken[name])
    return result


def history(count: int) -> dict[str, list[dict]]:
    """A customer for every five invoices; four invoices in five are paid, half of those in part."""
    today = fields.Date.today()
    customers = [{"code": f"H{n}", "name": f"History {n}"} for n in range(count // 5)]
    invoices, payments = [], []
    for n in range(count):
        day = today - timedelta(days=60 + n % 300)
        common = {"customer": f"H{n % len(customers)}"}
        amount = 100 + n % 900
        invoices.append(
            common
            | {"number": f"OLD-{n}", "date": day, "due_date": day + timedelta(days=30)}
            | {"amount": amount}
        )
        if n % 5:
            share = amount if n % 2 else amount // 2
            payments.append(
                common
                | {"reference": f"PAY-{n}", "date": day + timedelta(days=20), "amount": share}
                | {"invoices": f"OLD-{n}"}
            )
    return {"customers": customers, "invoices": invoices, "payments": payments}


class Undone:
    """Runs a way inside a savepoint and keeps what came of it: both ways start from the same."""

    def __init__(self, env, way, tables):
        self.env, self.way, self.tables = env, way, tables
        self.outcome: tuple = ()

    def __call__(self) -> None:
        cr = self.env.cr
        cr.execute("SAVEPOINT bench")
        self.way(self.env, self.tables)
        cr.flush()
        cr.execute(
            """SELECT move.move_type, move.state, COUNT(*), SUM(line.amount_residual)
                 FROM account_move move JOIN account_move_line line ON line.move_id = move.id
                 JOIN account_account account ON account.id = line.account_id
                 JOIN res_partner partner ON partner.id = line.partner_id
                WHERE account.account_type = 'asset_receivable' AND partner.name LIKE 'History %%'
             GROUP BY move.move_type, move.state ORDER BY 1, 2"""
        )
        self.outcome = tuple(cr.fetchall())
        self.env.transaction.clear()
        cr.precommit.clear()
        cr.postcommit.clear()
        cr.execute("ROLLBACK TO SAVEPOINT bench")


# ---------------------------------------------------------------- the product
def bring(env, tables) -> None:
    for kind, rows in tables.items():
        run_ = env["ar.history.import"].create(
            {"name": f"{kind}.csv", "file": base64.b64encode(as_csv(rows)), "kind": kind}
        )
        run_.action_import()
        run_._work(lambda count, remaining: 3600)


def as_csv(rows: list[dict]) -> bytes:
    lines = [";".join(rows[0])] + [";".join(map(str, row.values())) for row in rows]
    return "\n".join(lines).encode()


# ---------------------------------------------------------------- by hand
def make(env, tables) -> None:
    env = env(context=QUIET)
    sales = env["account.journal"].search([("type", "=", "sale")], limit=1)
    bank = env["account.journal"].search([("type", "=", "bank")], limit=1)
    partners: dict[str, object] = {}
    for rows in batches(tables["customers"]):
        created = env["res.partner"].create(
            [{"ref": r["code"], "name": r["name"], "is_company": True} for r in rows]
        )
        partners.update(zip((row["code"] for row in rows), created, strict=True))
    invoices: dict[str, object] = {}
    for rows in batches(tables["invoices"]):
        moves = env["account.move"].create([move_vals(row, partners, sales) for row in rows])
        moves.action_post()
        invoices.update(zip((row["number"] for row in rows), moves, strict=True))
        env.flush_all()
    for rows in batches(tables["payments"]):
        pay(env, rows, partners, invoices, bank)
        env.flush_all()


def batches(rows: list[dict]):
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def move_vals(row: dict, partners: dict, journal) -> dict:
    return {
        "move_type": "out_invoice",
        "journal_id": journal.id,
        "partner_id": partners[row["customer"]].id,
        "name": row["number"],
        "payment_reference": row["number"],
        "invoice_date": row["date"],
        "invoice_payment_term_id": False,
        "invoice_date_due": row["due_date"],
        "invoice_line_ids": [
            Command.create({"name": row["number"], "price_unit": row["amount"], "tax_ids": []})
        ],
    }


def pay(env, rows: list[dict], partners: dict, invoices: dict, journal) -> None:
    moves = env["account.move"].create(
        [entry_vals(row, partners[row["customer"]], journal) for row in rows]
    )
    moves.action_post()
    env["account.move.line"]._reconcile_plan(
        [
            (move | invoices[row["invoices"]]).line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            )
            for row, move in zip(rows, moves, strict=True)
        ]
    )


def entry_vals(row: dict, partner, journal) -> dict:
    """Money on the bank account, as matching a statement would book it."""
    sides = (
        (journal.default_account_id, row["amount"]),
        (partner.property_account_receivable_id, -row["amount"]),
    )
    return {
        "move_type": "entry",
        "journal_id": journal.id,
        "partner_id": partner.id,
        "date": row["date"],
        "ref": row["reference"],
        "line_ids": [
            Command.create(
                {
                    "account_id": account.id,
                    "partner_id": partner.id,
                    "name": row["reference"],
                    "balance": balance,
                }
            )
            for account, balance in sides
        ],
    }
