from odoo import api, fields, models
from odoo.tools import SQL

from ..rules import score_assess_sql, score_sql
from ..rules.score import Assessment, Evidence, Policy
from ..rules.score_snapshot import HALF_LIFE, parameters
from . import score_items

CHUNK = 100_000  # customers that one statement writes
FEW = 1000  # customers whose parts are found in the ledger sooner than among all stored ones
READ = {
    "account.account": ["account_type"],
    "account.journal": ["type"],
    "account.move": ["state", "date", "invoice_date", "journal_id", "reversed_entry_id"],
    "account.move.line": (
        "account_id amount_currency amount_residual amount_residual_currency balance company_id"
        " currency_id date date_maturity invoice_date journal_id move_id parent_state partner_id"
        " reconciled"
    ).split(),
    "account.partial.reconcile": None,
    "account.payment": (
        "amount_company_currency_signed company_id date invoice_ids move_id partner_id"
        " partner_type payment_type state"
    ).split(),
    "ar.credit.policy": None,
    "ar.credit.profile": None,
    "ar.history.record": ["disputed", "move_id"],
    "ar.score.model": ["company_id", "month"],
    "ar.score.snapshot": None,
    "res.company": ["ar_credit_policy_id", "currency_exchange_journal_id"],
    "res.partner": ["commercial_partner_id", "country_id"],
}


class Score(models.AbstractModel):
    """How customers pay, from the ledger: evidence, assessment, and the one writer of scores.

    Everything is as known at the beginning of a day: what happens on the day counts from the next.
    Rights are not checked: callers decide who may see what they ask for.
    """

    _name = "ar.score"
    _description = "Payment-behaviour score"

    # ------------------------------------------------------------------ public
    @api.model
    def _score(self, partners, company=None, as_of=None):
        """Return ``{commercial partner id: Assessment}``, every partner asked for included.

        :param partners: any contacts; each stands for its commercial partner
        :param company: default the current one; branches count with their root
        :param as_of: a date, default today; nothing of that day or later counts
        """
        company, as_of = self._scope(company, as_of)
        ids = partners.commercial_partner_id.ids
        rows = self._ask(self._assessments(company, ids, as_of)) if ids else ()
        found = {row[0]: Assessment(*row) for row in rows}
        return {key: found.get(key) or Assessment(key) for key in ids}

    @api.model
    def _evidence(self, partners, company=None, as_of=None):
        """Return ``{commercial partner id: Evidence}`` of those that have any."""
        company, as_of = self._scope(company, as_of)
        rows = self._ask(
            SQL(
                "SELECT %s FROM (%s) known",
                SQL(", ").join(map(SQL.identifier, Evidence.__dataclass_fields__)),
                self._known(
                    company,
                    partners.commercial_partner_id.ids,
                    as_of,
                    self._parameters(company, as_of),
                ),
            )
        )
        return {row[0]: Evidence(*row) for row in rows}

    # ------------------------------------------------------------------ what others know
    @api.model
    def _marks(self):
        """What is known of documents beside their entries: a list of queries with the columns

        ``move_id``; ``disputed``: a dispute stands or stood that was not justified;
        ``void_since``: from this day on the document was never owed (a justified dispute, an
        invoice that the network rejected), or null.
        """
        return [
            SQL(
                """SELECT move_id, disputed, NULL::date AS void_since FROM ar_history_record
                    WHERE disputed AND move_id IS NOT NULL"""
            )
        ]

    @api.model
    def _conduct(self, company):
        """Facts about customers' conduct: a list of queries ``(contact_id, kind, date, id)``.

        The kinds are ``promise`` (broken), ``dispute`` (unfounded) and ``bounce``.
        """
        return [score_items.bounced(self._terms(company), self._journals(company))]

    # ------------------------------------------------------------------ statements
    def _scope(self, company, as_of):
        company = (company or self.env.company).root_id
        return company, as_of or fields.Date.context_today(self)

    def _terms(self, company):
        return self.env["ar.position"]._get_terms(company)

    def _journals(self, companies):
        """Every journal of the companies and their branches counts, whoever asks."""
        journals = self.env["account.journal"].sudo().with_context(active_test=False)
        found = journals.search_fetch(
            [("company_id", "child_of", companies.ids)], ["type", "company_id"]
        )
        closed = found.company_id.currency_exchange_journal_id
        kinds = found.grouped("type")
        none = journals.browse()
        money = [kinds.get(kind, none).ids for kind in ("bank", "cash", "credit")]
        return score_items.Journals(kinds.get("sale", none).ids, sum(money, []), closed.ids)

    def _ask(self, query):
        self._flush()
        return self.env.execute_query(query)

    def _flush(self):
        """Write what the ORM still holds back: the statements read the tables."""
        for model, names in READ.items():
            self.env[model].flush_model(names)

    def _items(self, company, ids=None):
        """Every part of every instalment, see ``score_items``; of some customers, or of all."""
        self._flush()
        few = ids is not None and len(ids) <= FEW
        last = 0 if few else self.env["ar.score.part"]._get_last(company)
        marks = SQL(
            "SELECT move_id, bool_or(disputed) AS disputed, MIN(void_since) AS void_since"
            " FROM (%s) mark GROUP BY move_id",
            SQL(" UNION ALL ").join(self._marks()),
        )
        return score_items.items(self._terms(company), self._journals(company), ids, marks, last)

    def _parameters(self, company, as_of):
        coefficients = self.env["ar.score.model"]._coefficients(company, as_of)
        half_life = self._half_life(company)
        return parameters(coefficients, as_of, half_life) | score_assess_sql.coefficients(
            coefficients
        )

    def _half_life(self, company):
        return company.sudo().ar_credit_policy_id.score_half_life or HALF_LIFE

    def _known(self, company, ids, as_of, known):
        """Evidence of customers with their conduct and the policy that judges it."""
        return SQL(
            """
            SELECT %(columns)s, COALESCE(conduct.promise, 0) AS promises_broken,
                   COALESCE(conduct.dispute, 0) AS disputes_unfounded,
                   COALESCE(conduct.bounce, 0) AS payments_bounced, %(policy)s
              FROM (%(evidence)s) evidence
         LEFT JOIN (%(conduct)s) conduct ON conduct.partner_id = evidence.partner_id
         LEFT JOIN ar_credit_profile profile
                ON profile.partner_id = evidence.partner_id AND profile.company_id = %(company)s
         LEFT JOIN ar_credit_policy policy ON policy.id = COALESCE(profile.policy_id, %(default)s)
            """,
            columns=SQL(", ").join(SQL.identifier("evidence", name) for name in score_sql.COLUMNS),
            policy=_policy_columns(),
            evidence=SQL(score_sql.EVIDENCE, items=self._items(company, ids), **known),
            conduct=self._conduct_sums(company, ids, as_of),
            company=company.id,
            default=company.sudo().ar_credit_policy_id.id or None,
        )

    def _conduct_sums(self, company, ids, as_of):
        """Conduct by customer, faded like the rest of the evidence."""
        return SQL(
            """
            SELECT partner_id, SUM(fade) FILTER (WHERE kind = 'promise') AS promise,
                   SUM(fade) FILTER (WHERE kind = 'dispute') AS dispute,
                   SUM(fade) FILTER (WHERE kind = 'bounce') AS bounce
              FROM (
                SELECT member.customer_id AS partner_id, fact.kind,
                       exp(-least((%(as_of)s - fact.date) * ln(2) / %(half_life)s::float8,
                                  %(oldest)s)) AS fade
                  FROM (%(facts)s) fact
                  JOIN %(member)s member ON member.id = fact.contact_id
                 WHERE fact.date < %(as_of)s
              ) faded
          GROUP BY partner_id
            """,
            as_of=SQL("%s::date", as_of),
            half_life=self._half_life(company),
            oldest=score_sql.OLDEST,
            facts=SQL(" UNION ALL ").join(self._conduct(company)),
            member=score_items.customers(ids),
        )

    def _assessments(self, company, ids, as_of):
        """Assessments as rows, in the order of ``Assessment``."""
        known = self._parameters(company, as_of)
        evidence = self._known(company, ids, as_of, known)
        return SQL(score_assess_sql.ASSESSMENT, known=evidence, **known)

    # ------------------------------------------------------------------ writing
    @api.model
    def _update(self, company, ids):
        """Assess customers as of today and write profiles and the month's snapshot.

        What is found is put aside first: a statement that writes reads with one worker only, and
        profiles shall be locked for the writing alone.
        """
        company, today = self._scope(company, None)
        self._flush()
        self.env.cr.execute(
            SQL(
                "DROP TABLE IF EXISTS ar_score_found;"
                " CREATE TEMP TABLE ar_score_found ON COMMIT DROP AS %s;"
                " ANALYZE ar_score_found",
                self._assessments(company, ids, today),
            )
        )
        self.env.cr.execute(
            SQL(
                _WRITE,
                company=company.id,
                uid=self.env.uid,
                today=SQL("%s::date", today),
                month=SQL("%s::date", today.replace(day=1)),
                previous=self.env["ar.score.model"]._previous_month(company, today),
                step=Policy().step,
                ids=score_items.array(ids),
            )
        )
        self.env["ar.credit.profile"].invalidate_model(flush=False)
        self.env["ar.score.snapshot"].invalidate_model(flush=False)


def _policy_columns():
    """Columns of the policy; a company without one is judged by the usual figures."""
    return SQL(", ").join(
        SQL(
            "COALESCE(policy.%s, %s)::float8 AS %s",
            SQL.identifier(f"score_{name}"),
            value,
            SQL.identifier(name),
        )
        for name, value in zip(
            score_assess_sql.POLICY_COLUMNS, score_assess_sql.policy_values(Policy()), strict=True
        )
    )


# Field of the profile: what it is in the assessment.
FIELDS = {
    "score": "found.score",
    "score_grade": "found.grade",
    "expected_delay": "found.days",
    "delay_earliest": "found.earliest",
    "delay_latest": "found.latest",
    "late_probability": "found.late",
    "payment_index": "found.index",
    "on_time_share": "found.on_time_share",
    "score_observations": "found.instalments",
    "thin_history": "found.thin",
    "habitual_late": "found.habitual",
    "score_date": "%(today)s",
    "grade": "CASE WHEN profile.override_until >= %(today)s AND profile.override_grade IS NOT NULL"
    " THEN profile.override_grade ELSE found.grade END",
    "score_trend": "CASE WHEN previous.score IS NULL THEN 'new'"
    " WHEN abs(found.score - previous.score) < %(step)s THEN 'steady'"
    " WHEN found.score > previous.score THEN 'better' ELSE 'worse' END",
}
SNAPSHOT = ("score", "score_grade", "expected_delay", "late_probability", "payment_index",
            "on_time_share")  # fmt: skip
_LOST = {name: "NULL" for name in FIELDS} | {
    "grade": "CASE WHEN override_until >= %(today)s THEN override_grade END",
    "thin_history": "FALSE",
    "habitual_late": "FALSE",
}
# In this order; an insert that updates on conflict takes three times as long as the two apart.
_WRITE = f"""
INSERT INTO ar_credit_profile (partner_id, company_id, credit_mode, confirmations,
                               create_uid, create_date, write_uid, write_date)
SELECT partner_id, %(company)s, 'limit', 0, %(uid)s, now() AT TIME ZONE 'UTC',
       %(uid)s, now() AT TIME ZONE 'UTC'
  FROM ar_score_found
 WHERE partner_id NOT IN (SELECT partner_id FROM ar_credit_profile WHERE company_id = %(company)s)
    ON CONFLICT (partner_id, company_id) DO NOTHING;

UPDATE ar_credit_profile profile
   SET {", ".join(f"{name} = {value}" for name, value in FIELDS.items())}
  FROM ar_score_found found
  LEFT JOIN (SELECT owner.partner_id, snapshot.score
               FROM ar_score_snapshot snapshot
               JOIN ar_credit_profile owner ON owner.id = snapshot.profile_id
              WHERE snapshot.month = %(previous)s AND owner.company_id = %(company)s
            ) previous ON previous.partner_id = found.partner_id
 WHERE profile.partner_id = found.partner_id AND profile.company_id = %(company)s;

UPDATE ar_score_snapshot snapshot
   SET {", ".join(f"{name} = profile.{name}" for name in SNAPSHOT)}
  FROM ar_score_found found
  JOIN ar_credit_profile profile
    ON profile.partner_id = found.partner_id AND profile.company_id = %(company)s
 WHERE snapshot.profile_id = profile.id AND snapshot.month = %(month)s;

INSERT INTO ar_score_snapshot (profile_id, month, {", ".join(SNAPSHOT)})
SELECT profile.id, %(month)s, {", ".join(f"profile.{name}" for name in SNAPSHOT)}
  FROM ar_score_found found
  JOIN ar_credit_profile profile
    ON profile.partner_id = found.partner_id AND profile.company_id = %(company)s
 WHERE profile.id NOT IN (SELECT profile_id FROM ar_score_snapshot WHERE month = %(month)s);

UPDATE ar_credit_profile SET {", ".join(f"{name} = {value}" for name, value in _LOST.items())}
 WHERE company_id = %(company)s AND score_grade IS NOT NULL AND partner_id = ANY(%(ids)s)
   AND partner_id NOT IN (SELECT partner_id FROM ar_score_found)
"""
