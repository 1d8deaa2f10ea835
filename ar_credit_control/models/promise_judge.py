"""Promises are judged at the end of the day, from what was reconciled or registered since."""

from collections import defaultdict
from itertools import chain

from odoo import api, fields, models

from ..rules.promise import (
    BROKEN,
    OPEN,
    PARTLY,
    Credit,
    Promised,
    Receipt,
    judge,
    lacking,
    spread,
)
from . import promise_sql

SECOND_LOOK = 60  # days: bank statements come late, and payments bounce


class Promise(models.Model):
    _inherit = "ar.promise"

    @api.model
    def _cron_judge(self):
        """Judge what ended, and what was paid before; look again at what was judged lately."""
        for (company,) in self._read_group([], ["company_id"]):
            self._judge(company)

    @api.model
    def _today(self, company):
        """The day in the company's own time zone."""
        zone = company.partner_id.tz or "UTC"
        return fields.Date.context_today(self.with_context(tz=zone))

    @api.model
    def _judge(self, company):
        """Judge the company's promises as of its own day.

        The number of statements does not depend on the number of promises, except for those that
        broke: each of them is told to a person.
        """
        today = self._today(company)
        promises = self._find_to_judge(company, today)
        bundles = promises._bundles()
        verdicts = promises._get_verdicts(company, bundles, today)
        changed = defaultdict(self.browse)
        for promise in promises:
            verdict = verdicts[promise.id]
            if (promise.state, promise.paid) != (verdict.state, verdict.paid):
                changed[verdict] |= promise
        for verdict, group in changed.items():
            group._set_verdict(verdict, today)
        promises.plan_id._close_ended()

    @api.model
    def _find_to_judge(self, company, today):
        """Open ones, and those that ended lately; of a running plan every instalment."""
        found = self.search(
            [
                ("company_id", "=", company.id),
                "|",
                ("plan_id", "=", False),
                ("plan_id.state", "=", "running"),
                "|",
                ("state", "=", "open"),
                "&",
                ("state", "in", ("kept", "partly_kept", "broken")),
                "&",
                ("last_day", "<", today),
                ("last_day", ">=", fields.Date.subtract(today, days=SECOND_LOOK)),
            ],
        )
        return (found | found.plan_id.promise_ids).sorted(lambda p: (p.date, p.id))

    def _bundles(self):
        """``{key: promises}`` of what is judged together, and whose items stand together."""
        return self.grouped(lambda promise: promise._bundle_key())

    def _bundle_key(self):
        return ("plan", self.plan_id.id) if self.plan_id else ("promise", self.id)

    def _bundle_lines(self):
        """The items that a bundle is about."""
        return self.plan_id.line_ids or self.line_ids

    def _get_verdicts(self, company, bundles, today):
        """``{promise id: Verdict}``."""
        lines = {key: bundle._bundle_lines() for key, bundle in bundles.items()}
        settled = self._read_receipts(company, chain.from_iterable(lines.values()))
        receipts = {
            key: list(chain.from_iterable(settled[line.id] for line in items))
            for key, items in lines.items()
        }
        self._add_credits(company, bundles, receipts)
        verdicts = {}
        for key, bundle in bundles.items():
            verdicts |= judge(*bundle._to_rules(), receipts[key], today)
        return verdicts

    def _to_rules(self):
        """One bundle: its promises, and what was open of its items when they were made."""
        parts = [
            Promised(p.id, p.date, p.amount, p.tolerance_days, p.tolerance_amount) for p in self
        ]
        return parts, sum(self._bundle_lines().mapped("owed"))

    def _read_receipts(self, company, lines):
        """``{line id: [Receipt]}`` of what settled the items since."""
        self.env.flush_all()
        found = defaultdict(list)
        terms = self.env["ar.position"]._get_terms(company)
        journals = self.env["ar.score"]._journals(company)
        query = promise_sql.receipts(terms, journals, [line.id for line in lines])
        for line, day, amount, money in self.env.execute_query(query):
            found[line].append(Receipt(day, amount, money))
        return found

    def _add_credits(self, company, bundles, receipts):
        """Money of the customers that nobody has matched yet counts for what they promised."""
        partners = self.partner_id
        terms = self.env["ar.position"]._get_terms(company)
        journals = self.env["ar.score"]._journals(company)
        rows = self.env.execute_query(promise_sql.credits(terms, journals, partners.ids))
        credits = defaultdict(list)
        for partner, currency, created, day, amount in rows:
            credits[partner, currency].append((created, Credit(day, amount)))
        accounts = defaultdict(list)
        for key, bundle in bundles.items():
            accounts[bundle.partner_id.id, bundle[0].currency_id.id].append(key)
        for account, keys in accounts.items():
            if account in credits:
                self._spread(keys, bundles, receipts, credits[account])

    def _spread(self, keys, bundles, receipts, credits):
        """Only money that entered the books after the first of the promises."""
        since = min(bundles[key][0].create_date for key in keys)
        missing = [lacking(*bundles[key]._to_rules(), receipts[key]) for key in keys]
        counted = [credit for created, credit in credits if created >= since]
        for key, given in zip(keys, spread(missing, counted), strict=True):
            receipts[key] += given

    # ------------------------------------------------------------------ what follows
    def _set_verdict(self, verdict, today):
        """Write what became of the promises; the day on which they were first judged stays."""
        waited = self.filtered(lambda promise: promise.state in ("open", "kept"))
        judged = self.filtered("judged_on")
        judged.write({"state": verdict.state, "paid": verdict.paid})
        ended = verdict.state != OPEN and today
        (self - judged).write({"state": verdict.state, "paid": verdict.paid, "judged_on": ended})
        if verdict.state in (BROKEN, PARTLY):
            waited.broken_at = fields.Datetime.now()
            for promise in waited:
                promise._escalate()
        if ended:
            self.env["ar.score.news"]._note([(p.partner_id, p.company_id) for p in self])

    def _escalate(self):
        """Somebody has to call: reminders go on from where they were."""
        responsible = self._get_responsible() or self.user_id
        self.activity_schedule(
            "ar_credit_control.activity_promise_broken",
            user_id=responsible.id or self.env.uid,
            summary=self.env._("Broken promise: %s", self.display_name),
            note=self.env._(
                "%(paid)s of %(amount)s came in time.",
                paid=self.currency_id.format(self.paid),
                amount=self.currency_id.format(self.amount),
            ),
        )
