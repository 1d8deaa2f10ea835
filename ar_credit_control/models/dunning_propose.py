from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from . import dunning_sql, position_sql
from .dunning_notice_sql import insert_named, insert_proposal
from .dunning_sql import Scope

FOREVER = 100_000  # days
MADE = (
    "ar_dunning_left_out",
    "ar_dunning_notice",
    "ar_dunning_run_level",
    "ar_dunning_run_currency",
)
SAMPLE = 10  # statistics of three thousand rows, where PostgreSQL takes thirty thousand


class DunningRun(models.Model):
    """How the notices of a run come about: see ``dunning_sql`` for the statements."""

    _inherit = "ar.dunning.run"

    def _propose(self):
        """Make out the notices of the run; what an earlier proposal made out is replaced."""
        self.ensure_one()
        self._require_unsent()
        self._lock_run()
        scope = self._get_scope()
        self._clear_proposal()
        self._load(scope)
        cr = self.env.cr
        cr.execute(insert_proposal(scope))
        cr.execute(insert_named(self.id))
        cr.execute(dunning_sql.drop())
        self._set_charges()
        self.env.invalidate_all()
        self.write({"state": "proposal", "proposed_on": fields.Datetime.now()})

    def _require_unsent(self):
        sent = [("run_id", "=", self.id), ("state", "not in", ("proposed", "left_out"))]
        if self.env["ar.dunning.notice"].search_count(sent, limit=1):
            raise UserError(self.env._("“%s” has sent notices already: make a new run.", self.name))

    def _lock_run(self):
        """Two proposals of one run at once would write double notices: the second one fails."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE ar_dunning_run SET proposed_on = now() WHERE id = %s", self.id)
        )

    def _clear_proposal(self):
        cleared = 0
        for table in MADE:
            self.env.cr.execute(
                SQL("DELETE FROM %s WHERE run_id = %s", SQL.identifier(table), self.id)
            )
            cleared += self.env.cr.rowcount
        if cleared:
            self.env.invalidate_all(flush=False)

    def _load(self, scope):
        """Fill the tables of ``dunning_sql``.

        What the next step joins and filters by gets statistics, of a small sample; those of every
        column would take as long as the step.
        """
        cr = self.env.cr
        cr.execute(dunning_sql.ROOM)
        cr.execute(SQL("SET LOCAL default_statistics_target = %s", SAMPLE))
        self.env.flush_all()
        terms = self.env["ar.position"]._get_terms(self.company_id)
        pending = position_sql.pending(terms, dunning_sql.CONTACTS)
        cr.execute(dunning_sql.drop())
        cr.execute(dunning_sql.contacts(scope))
        cr.execute("ANALYZE ar_dunning_contact (id, customer_id)")
        cr.execute(dunning_sql.open_items(scope))
        if held_back := self._get_held_back(scope):
            cr.execute(dunning_sql.hold_back(scope, SQL(" UNION ALL ").join(held_back)))
        cr.execute("ANALYZE ar_dunning_open (line_id, customer_id)")
        steps = (
            (
                "ar_dunning_account (customer_id, policy_id, stop)",
                lambda: dunning_sql.accounts(scope, self._get_assignment_sql(), pending),
            ),
            (
                "ar_dunning_item (customer_id, reason)",
                lambda: dunning_sql.items(
                    scope, SQL(" UNION ALL ").join(self._get_never_chased(scope))
                ),
            ),
            ("ar_dunning_choice (customer_id, level)", lambda: dunning_sql.choices(scope)),
        )
        for columns, statement in steps:
            cr.execute(statement())
            cr.execute(SQL("ANALYZE %s", SQL(columns)))
        cr.execute("SET LOCAL default_statistics_target = DEFAULT")

    # ------------------------------------------------------------------ what it is about
    def _get_scope(self, partner_ids=None):
        """The run as values; ``partner_ids`` narrows it to some customers."""
        company, Position = self.company_id, self.env["ar.position"]
        policies = self._get_policies()
        customers = self._get_chosen_sql()
        if partner_ids:
            customers = SQL("SELECT unnest(%s::int[])", list(partner_ids))
        return Scope(
            run=self.id,
            date=self.date,
            root=company.id,
            companies=Position._get_company_ids(company.id),
            receivables=Position._get_receivable_ids(company.id),
            customers=customers,
            default_policy=company.ar_dunning_policy_id.id,
            ladders=self._get_ladders_sql(policies),
            levels=max(1, *(len(policy.level_ids) for policy in policies)),
            digits=company.currency_id.decimal_places,
            start=self.kind == "start",
        )

    def _get_chosen_sql(self):
        """A query of the customers that the run is about, archived ones included; None for all."""
        field = self._fields["partner_ids"]
        chosen = SQL(
            "FROM %s WHERE %s = %s",
            SQL.identifier(field.relation),
            SQL.identifier(field.column1),
            self._origin.id or None,
        )
        if not self.env.execute_query(SQL("SELECT %s LIMIT 1", chosen)):
            return None
        return SQL(
            "SELECT commercial_partner_id FROM res_partner WHERE id IN (SELECT %s %s)",
            SQL.identifier(field.column2),
            chosen,
        )

    def _get_policies(self):
        if not self.company_id.ar_dunning_policy_id:
            raise UserError(
                self.env._(
                    "%s has no dunning policy for customers that no rule is about: set one as the "
                    "company's policy.",
                    self.company_id.name,
                )
            )
        # customers may have an archived policy, set by hand
        Policy = self.env["ar.dunning.policy"].with_context(active_test=False)
        return Policy.search([("company_id", "=", self.company_id.id)])

    def _get_ladders_sql(self, policies, ahead=False):
        """One row a policy, amounts in company currency.

        :param ahead: let every item reach the highest level, for what lies ahead
        """
        rows = []
        for policy in policies:
            wanted = not self.policy_ids or policy in self.policy_ids
            rate, problem = self._try_rate(policy) if wanted else (1.0, None)
            ladder = policy._to_rules(rate)
            rows.append(
                SQL(
                    "(%s, %s::int[], %s, %s::numeric[], %s::numeric[], %s, %s::numeric, %s, %s)",
                    policy.id,
                    [-FOREVER] * len(ladder.levels) if ahead else list(ladder.thresholds),
                    ladder.by_account,
                    [level.min_amount for level in ladder.levels],
                    [level.min_share for level in ladder.levels],
                    policy.min_interval,
                    rate,
                    wanted,
                    problem,
                )
            )
        return SQL(
            "SELECT * FROM (VALUES %s) ladder (policy_id, thresholds, by_account, min_amounts,"
            " min_shares, min_interval, rate, wanted, problem)",
            SQL(", ").join(rows),
        )

    def _try_rate(self, policy):
        """The rate of a policy's currency, and why its customers are left out if there is none."""
        try:
            return policy._get_rate(self.date), None
        except UserError as error:
            return 1.0, str(error)

    def _get_assignment_sql(self):
        """The id of the first rule that matches a customer, as an expression."""
        rules = self.env["ar.dunning.assignment"].search(
            [("company_id", "=", self.company_id.id), ("policy_id.active", "=", True)]
        )
        if not rules:
            return SQL("NULL::int")
        cases = SQL(" ").join(SQL("WHEN %s THEN %s", rule._to_sql(), rule.id) for rule in rules)
        return SQL("CASE %s END", cases)

    @api.model
    def _get_never_chased(self, scope):
        """Queries of what is never chased, each with the columns line_id, reason and note.

        They read ``ar_dunning_open`` (line_id, move_id, customer_id); reason is one of those of
        ``ar.dunning.left.out``. The place to add reasons of other kinds.
        """
        return [
            SQL(
                """
                SELECT open.line_id, 'excluded'::varchar AS reason,
                       exclusion.reason || ' – ' || exclusion.date_to AS note
                  FROM ar_dunning_exclusion exclusion
                  JOIN ar_dunning_open open ON open.customer_id = exclusion.partner_id
                   AND (exclusion.move_id IS NULL OR exclusion.move_id = open.move_id)
                 WHERE exclusion.company_id = %s AND exclusion.active
                   AND exclusion.date_to >= %s::date
                """,
                scope.root,
                scope.date,
            )
        ]

    @api.model
    def _get_held_back(self, scope):
        """Queries (line_id, amount) of parts of items that are not asked for.

        They read ``ar_dunning_open`` as ``_get_never_chased`` does; amounts are in the currency
        of the item and below what is open of it.
        """
        return []
