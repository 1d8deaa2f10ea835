from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# An overdue item is news on the day after its due date, and on these days again.
MILESTONES = (1, 5, 10, 15, 22, 30, 45, 60, 90, 120)


class ScoreNews(models.Model):
    """Customers whose score is to be computed again, some of them more than once.

    News are: a payment matched or a matching undone, a payment noted or rejected, an item that
    becomes overdue or reaches another milestone, an overdue document posted or cancelled. That all
    evidence fades day by day is no news: a new month assesses everybody.
    """

    _name = "ar.score.news"
    _description = "Customer to score again"
    _log_access = False

    partner_id = fields.Many2one("res.partner", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="cascade")

    @api.model
    def _note(self, pairs):
        """Remember customers: ``[(contact, company)]``, without asking who may score."""
        self.sudo().create(
            [
                {"partner_id": contact.commercial_partner_id.id, "company_id": company.root_id.id}
                for contact, company in set(pairs)
                if contact
            ]
        )

    # ------------------------------------------------------------------ from the ledger
    def _everybody(self, company):
        """Query of the customers that have receivable items, or a score to lose."""
        terms = self.env["ar.position"]._get_terms(company)
        return SQL(
            """
            SELECT commercial_partner_id FROM res_partner contact
             WHERE EXISTS (SELECT FROM account_move_line line
                            WHERE line.partner_id = contact.id
                              AND line.account_id = ANY(%s) AND line.company_id = ANY(%s))
             UNION
            SELECT partner_id FROM ar_credit_profile
             WHERE company_id = %s AND score_grade IS NOT NULL
            """,
            terms.receivables,
            terms.companies,
            company.id,
        )

    def _collect_all(self, company):
        self.env["account.move.line"].flush_model(["partner_id", "account_id", "company_id"])
        self._insert(company, self._everybody(company))

    def _collect(self, company, model, today):
        """Read the news of the ledger since the last run."""
        self.env["ar.score"]._flush()
        terms = self.env["ar.position"]._get_terms(company)
        days = range((today - model.last_day).days)
        overdue = [today - timedelta(days=ago + late) for ago in days for late in MILESTONES]
        line = SQL(
            "line.account_id = ANY(%s) AND line.company_id = ANY(%s)",
            terms.receivables,
            terms.companies,
        )
        contacts = SQL(
            """
            SELECT line.partner_id FROM account_partial_reconcile match
              JOIN account_move_line line ON line.id = match.debit_move_id
             WHERE match.id > %(match)s AND %(line)s
             UNION
            SELECT line.partner_id FROM account_move_line line
             WHERE line.date_maturity = ANY(%(overdue)s) AND line.reconciled IS NOT TRUE
               AND line.balance > 0 AND %(line)s
             UNION
            SELECT line.partner_id FROM account_move_line line
             WHERE line.date_maturity IS NULL AND line.date = ANY(%(overdue)s)
               AND line.reconciled IS NOT TRUE AND line.balance > 0 AND %(line)s
             UNION
            SELECT partner_id FROM account_payment
             WHERE move_id IS NULL AND state IN ('in_process', 'paid')
               AND write_date >= %(run)s AND company_id = ANY(%(companies)s)
            """,
            match=model.last_match,
            line=line,
            overdue=SQL("%s::date[]", overdue),
            run=model.last_run,
            companies=terms.companies,
        )
        self._insert(
            company,
            SQL("SELECT commercial_partner_id FROM res_partner WHERE id IN (%s)", contacts),
        )

    def _insert(self, company, customers):
        self.env.cr.execute(
            SQL(
                "INSERT INTO ar_score_news (partner_id, company_id)"
                " SELECT DISTINCT commercial_partner_id, %s FROM (%s) customer",
                SQL("%s::int", company.id),
                customers,
            )
        )
        self.invalidate_model(flush=False)

    # ------------------------------------------------------------------ working off
    def _next(self, company, count):
        """The next customers to score, in order."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT partner_id FROM ar_score_news WHERE company_id = %s"
                " ORDER BY partner_id LIMIT %s",
                company.id,
                count,
            )
        )
        return [key for (key,) in rows]

    def _done(self, company, ids):
        """Forget customers; what was noted meanwhile is not seen by this transaction and stays."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM ar_score_news WHERE company_id = %s AND partner_id = ANY(%s)",
                company.id,
                ids,
            )
        )
        self.invalidate_model(flush=False)
