"""A dunning run beside one of OCA's account_credit_control: same ledger, customers and levels."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from odoo import Command, fields

from . import databases
from .common import Result
from .dunning_data import prepare
from .peer import Peer
from .position import sample
from .timing import clock, queries

# What takes a part of a second is measured more than once, around what takes minutes.
BEFORE, AFTER = 3, 2
PEER = Peer("account_credit_control", "odoo-addon-account-credit-control", "19.0.1.0.0.13")


def measure_peer(result: Result, args) -> None:
    addons = PEER.fetch()
    database = PEER.database(args, addons)
    databases.configure(addons)
    for size in args.peer:
        runs = [ours(database, size) for _ in range(BEFORE)]
        theirs = peer(database, size)
        runs += [ours(database, size) for _ in range(AFTER)]
        middle = {name: median(run[name] for run in runs) for name in theirs}
        report(result, size, middle, theirs)


def report(result: Result, size: int, product: dict, peer: dict) -> None:
    label = f"{size:,} customers"
    for step, limit in (("proposal", 100), ("queue", 50)):
        ratio = peer[step] / product[step]
        result.bar(f"{label}: {WORDS[step]}, times faster than the peer", ratio, limit, ">=", "×")
    for name, figures in (("product", product), ("peer", peer)):
        for step, words in WORDS.items():
            result.figure(f"{label}: {name}, {words}", figures[step], "s")
            result.figure(
                f"{label}: {name}, {words}, queries a customer", figures[f"{step} queries"] / size
            )
        result.figure(f"{label}: {name}, items chased", figures["items"])
        result.figure(f"{label}: {name}, mails", figures["mails"])


WORDS = {"proposal": "start to proposal", "queue": "proposal to queue"}


def measured(env, step: str, way) -> dict[str, float]:
    """Seconds and statements of one step, up to what the database was told."""
    env.flush_all()
    env.invalidate_all()
    seconds = []

    def run():
        seconds.append(clock(lambda: (way(), env.flush_all())))

    gc.collect()
    gc.freeze()  # what the set-up left behind is walked by no collection
    try:
        count = queries(env.cr, run)
    finally:
        gc.unfreeze()
    return {step: seconds[0], f"{step} queries": count}


@contextmanager
def customers(database: str, size: int) -> Iterator:
    """An environment and customers that can be reached; the levels of both sides.

    What earlier runs left behind when they were undone is no part of this one.
    """
    databases.execute(database, "VACUUM ANALYZE")
    with databases.environment(database, "admin") as env:
        prepare(env)
        ids = sample(env, size)
        yield env, env["res.partner"].browse(ids)


def ours(database: str, size: int) -> dict[str, float]:
    with customers(database, size) as (env, partners):
        partner_ids = [Command.set(partners.ids)]
        run = env["ar.dunning.run"].create({"partner_ids": partner_ids}).sudo()
        before = env["mail.mail"].search_count([])
        found = measured(env, "proposal", run.action_propose)
        found["items"] = len(run.notice_ids.line_ids)
        found |= measured(env, "queue", lambda: send(run))
        return found | {"mails": env["mail.mail"].search_count([]) - before}


def send(run) -> None:
    run.action_confirm()
    run.state = "processing"
    while run._process_batch()[0]:
        run.env.invalidate_all()


def peer(database: str, size: int) -> dict[str, float]:
    with customers(database, size) as (env, partners):
        run = env["credit.control.run"].create(
            {"date": fields.Date.context_today(env.user), "policy_ids": [set_up(env, partners)]}
        )
        before = env["mail.mail"].search_count([])
        found = measured(env, "proposal", run.generate_credit_lines)
        found["items"] = len(run.line_ids)
        run.set_to_ready_lines()
        found |= measured(env, "queue", run.run_channel_action)
        return found | {"mails": env["mail.mail"].search_count([]) - before}


def set_up(env, partners):
    """The product's levels as a policy of the peer's, for these customers and their contacts."""
    levels = env.company.ar_dunning_policy_id.level_ids
    template = env.ref("account_credit_control.email_template_credit_control_base")
    template.report_template_ids = False  # no PDFs: the product's mails have none either
    policy = env["credit.control.policy"].create(
        {
            "name": "Same levels",
            "account_ids": [
                Command.set(
                    env["account.account"].search([("account_type", "=", "asset_receivable")]).ids
                )
            ],
            "level_ids": [
                Command.create(
                    {
                        "name": level.name,
                        "level": level.number,
                        "computation_mode": "net_days",
                        "delay_days": level.days,
                        "channel": "email",
                        "email_template_id": template.id,
                        "custom_text": "Please pay.",
                        "custom_mail_text": "<p>Please pay.</p>",
                        "mail_show_invoice_detail": True,
                    }
                )
                for level in levels
            ],
        }
    )
    (partners | partners.child_ids).credit_policy_id = policy
    env.flush_all()
    return Command.set(policy.ids)
