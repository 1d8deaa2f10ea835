from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..rules.score_snapshot import fit_company, from_json, to_json
from .score import CHUNK

SAMPLE = 5000  # customers that a large ledger is learned from


class ScoreModel(models.Model):
    """What a company's ledger as a whole says, learned anew each month."""

    _name = "ar.score.model"
    _description = "Monthly coefficients of the score"
    _order = "month desc, id desc"
    _rec_name = "month"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade", readonly=True
    )
    month = fields.Date(required=True, readonly=True)
    learned_on = fields.Date(required=True, readonly=True)
    coefficients = fields.Json(required=True, readonly=True)
    # up to where the news of the ledger have been read
    last_match = fields.Integer(readonly=True)
    last_day = fields.Date(readonly=True)
    last_run = fields.Datetime(readonly=True)

    _company_month_unique = models.Constraint(
        "UNIQUE(company_id, month)", "A company learns its coefficients once a month."
    )

    @api.model
    def _coefficients(self, company, as_of):
        """The coefficients that were known on a day; learned for it where none were kept."""
        stored = self.sudo().search(
            [("company_id", "=", company.id), ("learned_on", "<=", as_of)],
            order="learned_on desc",
            limit=1,
        )
        return from_json(stored.coefficients) if stored else self._fit(company, as_of)

    @api.model
    def _previous_month(self, company, today):
        """Query of the last month before this one in which everybody was assessed."""
        return SQL(
            "(SELECT MAX(month) FROM ar_score_model WHERE company_id = %s AND month < %s)",
            company.id,
            today.replace(day=1),
        )

    @api.model
    def _fit(self, company, as_of):
        Score = self.env["ar.score"]
        items = Score._items(company, self._sample(company))

        def ask(text, known):
            return Score._ask(SQL(text, items=items, **known))

        return fit_company(ask, as_of, Score._half_life(company))

    def _sample(self, company):
        """So many customers, the same at any time, or None for all of a small ledger."""
        rows = self.env.execute_query(
            SQL(
                "SELECT commercial_partner_id FROM (%s) customer"
                " ORDER BY hashint4(commercial_partner_id) LIMIT %s",
                self.env["ar.score.news"]._everybody(company),
                SAMPLE + 1,
            )
        )
        return [key for (key,) in rows[:SAMPLE]] if len(rows) > SAMPLE else None

    @api.model
    def _learn(self, company, today):
        """This month's row, made when it is first needed; then every customer is news."""
        month = today.replace(day=1)
        found = self.search([("company_id", "=", company.id), ("month", "=", month)])
        if not found:
            found = self.create(
                {
                    "company_id": company.id,
                    "month": month,
                    "learned_on": today,
                    "coefficients": to_json(self._fit(company, today)),
                }
            )
            self.env["ar.score.news"]._collect_all(company)
            found._read_up_to(today)
        return found

    def _read_up_to(self, today):
        """Remember what has been read; what may still be on its way into the tables is read again.

        A matching gets its number before it is committed, so those of the last hour are left out.
        """
        now = fields.Datetime.now()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM account_partial_reconcile WHERE create_date < %s"
                " ORDER BY id DESC LIMIT 1",
                now - timedelta(hours=1),
            )
        )
        self.write({"last_match": rows[0][0] if rows else 0, "last_day": today, "last_run": now})

    # ------------------------------------------------------------------ nightly
    @api.model
    def _cron_score(self):
        """Score the customers with news; a new month begins with all of them."""
        self.env["ar.credit.profile"]._expire_overrides()
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        self._run(companies, self.env["ir.cron"]._commit_progress)

    def _run(self, companies, report):
        """Store settled parts and work off the news of companies, the one after the other; stops
        between two statements when time is up.

        What is left is taken up by the next run: parts from their reach on, the rest lies in
        ``ar.score.news``.
        :param report: called after each step with how many are done and left, returns seconds left
        """
        today, News = fields.Date.context_today(self), self.env["ar.score.news"]
        for company in companies:
            if not self.env["ar.score.part"]._keep(company, report):
                return
            model = self._learn(company, today)
            if model.last_run < fields.Datetime.now() or model.last_day < today:
                News._collect(company, model, today)
                model._read_up_to(today)
            report(0, remaining=News.search_count([]))
            while ids := News._next(company, CHUNK):
                self.env["ar.score"]._update(company, ids)
                self.env["ar.credit.profile"]._warn_early(company, ids)
                News._done(company, ids)
                if report(len(ids), remaining=News.search_count([])) <= 0:
                    return
