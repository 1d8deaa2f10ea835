from dataclasses import dataclass
from datetime import date
from itertools import product

from odoo import fields, models
from odoo.tools import SQL

from ..rules.interest import conversion_day, steps
from .dunning_item_sql import CHARGES, assign, lines, unpack


@dataclass(frozen=True)
class Table:
    """Rows for a statement, and what is missing in them: messages by the days they hold for."""

    rows: SQL
    gaps: list


class DunningRun(models.Model):
    """Interest, compensation and charges of a run's notices: three statements a policy."""

    _inherit = "ar.dunning.run"

    def _set_charges(self, notice_ids=None):
        """Reckon what the levels of the notices state, anew; gaps in rates become problems.

        :param notice_ids: default all notices of the run
        """
        self.ensure_one()
        self.env.flush_all()
        scope = SQL("notice.run_id = %s", self.id)
        if notice_ids is not None:
            scope = SQL("notice.id = ANY(%s)", list(notice_ids))
            self._clear_charges(scope)
        charging = self._get_charging_levels(scope)
        if charging:  # planned for the size that the table has now
            self.env.cr.execute("ANALYZE ar_dunning_notice (id, run_id, level_id)")
        for policy, levels in charging.grouped("policy_id").items():
            self._charge_policy(policy, levels, scope)
        self._set_dunning_charge(scope)
        self.env.invalidate_all()

    def _clear_charges(self, scope):
        self.env.cr.execute(
            SQL(
                "UPDATE ar_dunning_notice notice SET interest = 0, compensation = 0, charge = 0,"
                " problem = NULL, %s WHERE %s",
                assign(dict.fromkeys(CHARGES, SQL("NULL"))),
                scope,
            )
        )

    def _get_charging_levels(self, scope):
        used = self.env.execute_query(
            SQL("SELECT DISTINCT level_id FROM ar_dunning_notice notice WHERE %s", scope)
        )
        levels = self.env["ar.dunning.level"].browse([level for (level,) in used])
        return levels._filter_charging().filtered("policy_id.interest_scheme_id")

    def _charge_policy(self, policy, levels, scope):
        scope = SQL("%s AND notice.level_id = ANY(%s)", scope, levels.ids)
        ((first, last, currencies),) = self.env.execute_query(
            SQL(
                "SELECT MIN(item.date_due), MAX(item.date_due),"
                " ARRAY_AGG(DISTINCT notice.currency_id)"
                " FROM ar_dunning_notice notice CROSS JOIN LATERAL %s WHERE %s",
                unpack("date_due"),
                scope,
            )
        )
        if first is None:
            return
        rates = self._get_rate_table(policy, first)
        tiers = self._get_tier_table(policy.interest_scheme_id, first, last, currencies)
        self.env.cr.execute(_charge_lines(scope, self.date, rates.rows, tiers.rows))
        for start, end, message in rates.gaps + tiers.gaps:
            self.env.cr.execute(_set_problem(scope, start, end, message))

    def _get_rate_table(self, policy, first):
        rate = policy.contract_rate if policy.use_contract_rate else None
        found, missing = steps(
            policy.interest_scheme_id._to_rules(rate), min(first, self.date), self.date
        )
        rows = [
            SQL(
                "(%s::date, %s::date, %s::float8, %s::float8, %s)",
                step.half.start,
                step.half.end,
                step.before,
                step.a_day,
                step.island,
            )
            for step in found
        ] or [SQL("(NULL::date, NULL::date, NULL::float8, NULL::float8, NULL::int)")]
        gaps = [
            (
                gap.half.start,
                gap.half.end,
                self.env._(
                    "No interest rate for %(half)s (%(table)s): enter it under Configuration, "
                    "Reference rates.",
                    half=gap.half,
                    table=gap.table,
                ),
            )
            for gap in missing
        ]
        return Table(SQL(", ").join(rows), gaps)

    def _get_tier_table(self, scheme, first, last, currency_ids):
        """Compensation by currency, amount of the claim and, where the law asks, month."""
        months = _months(first, last) if scheme.convert_month_before else [None]
        currencies = self.env["res.currency"].browse(currency_ids)
        rows, gaps = [], []
        for currency, month, tier in product(currencies, months, scheme.tier_ids):
            day = conversion_day(month) if month else self.date
            start, amount = self._convert_tier(tier, currency, day)
            rows.append(_tier_row(currency, month, start or 0.0, amount))
            if amount is None or start is None:
                gaps.append(self._explain_tier(tier, currency, month, day))
        empty = [SQL("(NULL::int, NULL::date, NULL::numeric, NULL::numeric)")]
        return Table(SQL(", ").join(rows or empty), gaps)

    def _convert_tier(self, tier, currency, day):
        """From which claim on (company currency), and how much (the notice's currency)."""
        own = self.currency_id
        claims = tier.scheme_id.tier_currency_id or own
        return (
            self._convert(tier.amount_from, claims, own, day),
            self._convert(tier.amount, tier.currency_id, currency, day),
        )

    def _explain_tier(self, tier, currency, month, day):
        start = month or date.min
        end = fields.Date.end_of(month, "month") if month else date.max
        message = self.env._(
            "No exchange rate from %(from)s to %(to)s on %(day)s for the compensation: enter it "
            "under Currencies.",
            **{"from": tier.currency_id.name, "to": currency.name, "day": day},
        )
        return start, end, message

    def _convert(self, amount, source, target, day):
        """An amount at the rate of a day; None where nobody entered one."""
        if source == target or not amount:
            return amount
        foreign = (source | target) - self.currency_id
        known = self.env["res.currency.rate"].search(
            [("currency_id", "in", foreign.ids), ("name", "<=", day)]
        )
        if foreign - known.currency_id:
            return None
        return source._convert(amount, target, self.company_id, day)

    def _set_dunning_charge(self, scope):
        """The charge of each level, in the currency of each notice."""
        pairs = self.env.execute_query(
            SQL(
                "SELECT DISTINCT notice.level_id, notice.currency_id FROM ar_dunning_notice notice"
                " JOIN ar_dunning_level level ON level.id = notice.level_id"
                " WHERE level.charge_mode <> 'none' AND level.charge_amount > 0 AND %s",
                scope,
            )
        )
        for level_id, currency_id in pairs:
            level = self.env["ar.dunning.level"].browse(level_id)
            currency = self.env["res.currency"].browse(currency_id)
            charge = self._convert(level.charge_amount, level.currency_id, currency, self.date)
            problem = None
            if charge is None:
                problem = self.env._(
                    "No exchange rate from %(from)s to %(to)s on %(day)s for the dunning charge: "
                    "enter it under Currencies.",
                    **{"from": level.currency_id.name, "to": currency.name, "day": self.date},
                )
            self.env.cr.execute(
                SQL(
                    "UPDATE ar_dunning_notice notice SET charge = %s,"
                    " problem = COALESCE(problem, %s)"
                    " WHERE level_id = %s AND currency_id = %s AND %s",
                    charge or 0.0,
                    problem,
                    level_id,
                    currency_id,
                    scope,
                )
            )


def _months(first, last):
    month, found = first.replace(day=1), []
    while month <= last:
        found.append(month)
        month = fields.Date.add(month, months=1)
    return found


def _tier_row(currency, month, start, amount):
    return SQL("(%s, %s::date, %s::numeric, %s::numeric)", currency.id, month, start, amount)


def _charge_lines(scope, until, rates, tiers) -> SQL:
    """Interest and compensation of the lines, less what earlier notices had posted.

    An amount of money earns from the day after its due date to the day it was paid, or ``until``:
    the residual to ``until``, and each partial payment to its own day. What one unit earned
    between two days is the difference of two running sums (``rules/interest.py``: ``steps``).
    Unknown rates make a null, which becomes a problem of the notice.
    """
    day = SQL("%s::date", until)
    return SQL(
        """
        WITH step (first, last, before, a_day, island) AS (VALUES %(rates)s),
        tier (currency_id, month, amount_from, amount) AS (VALUES %(tiers)s),
        line AS MATERIALIZED (%(lines)s), claim AS (%(claims)s), earned AS (%(earned)s),
        posted AS (%(posted)s), charged AS (
            SELECT claim.id,
                   CASE WHEN NOT claim.interest_wanted THEN 0
                       WHEN earned.interest IS NOT NULL THEN GREATEST(0,
                           ROUND(earned.interest::numeric / claim.rounding) * claim.rounding
                           - COALESCE(posted.interest, 0)) END AS interest,
                   CASE WHEN NOT claim.compensation_wanted OR posted.compensation
                       OR due.found IS NULL THEN 0 ELSE due.amount END AS compensation
              FROM claim
         LEFT JOIN earned ON earned.id = claim.id
         LEFT JOIN posted ON posted.move_line_id = claim.move_line_id
         LEFT JOIN LATERAL (
                SELECT TRUE AS found, tier.amount FROM tier
                 WHERE tier.currency_id = claim.currency_id
                   AND (tier.month IS NULL OR tier.month = date_trunc('month', claim.date_due))
                   AND claim.amount_original >= tier.amount_from
              ORDER BY tier.amount_from DESC LIMIT 1
              ) due ON TRUE
        ), total AS (%(totals)s)
        UPDATE ar_dunning_notice notice
           SET interest = total.interest, compensation = total.compensation,
               %(charges)s
          FROM total WHERE total.notice_id = notice.id
        """,
        rates=rates,
        tiers=tiers,
        lines=_lines(scope),
        claims=_claims(day),
        totals=TOTALS,
        charges=assign({name: SQL.identifier("total", f"{name}s") for name in CHARGES}),
        earned=_earned(day),
        posted=POSTED,
    )


def _lines(scope) -> SQL:
    return SQL(
        """
        SELECT line.*, notice.partner_id, notice.level_id, notice.currency_id
          FROM ar_dunning_notice notice
    CROSS JOIN LATERAL (%s) line
         WHERE %s
        """,
        lines(),
        scope,
    )


# What the lines of each notice come to; lines that nothing is claimed for get zeros.
TOTALS = SQL(
    """
    SELECT notice_id, COALESCE(SUM(interest), 0) AS interest,
           COALESCE(SUM(compensation), 0) AS compensation,
           array_agg(interest ORDER BY id) AS interests,
           array_agg(compensation ORDER BY id) AS compensations
      FROM (
        SELECT line.id, line.notice_id,
               CASE WHEN charged.id IS NULL THEN 0 ELSE charged.interest END AS interest,
               CASE WHEN charged.id IS NULL THEN 0 ELSE charged.compensation END AS compensation
          FROM line LEFT JOIN charged USING (id)
      ) line
  GROUP BY notice_id
    """
)


def _claims(until) -> SQL:
    """Overdue lines of businesses: the laws leave consumers out."""
    return SQL(
        """
        SELECT line.id, line.move_line_id, line.date_due, line.amount_original,
               line.residual - line.covered AS residual, line.currency_id, currency.rounding,
               level.interest_mode <> 'none' AS interest_wanted,
               level.compensation_mode <> 'none' AS compensation_wanted
          FROM line
          JOIN ar_dunning_level level ON level.id = line.level_id
          JOIN res_currency currency ON currency.id = line.currency_id
          JOIN res_partner partner ON partner.id = line.partner_id
         WHERE line.date_due < %s
           AND (partner.is_company OR COALESCE(partner.vat, '') <> '')
        """,
        until,
    )


def _earned(until) -> SQL:
    return SQL(
        """
        SELECT claim.id, claim.residual * (
                   ends.before + ends.a_day * (%(until)s - ends.first + 1) - base.sum
               ) + COALESCE((
                   SELECT SUM(part.debit_amount_currency * (paid.before
                              + paid.a_day * (LEAST(part.max_date, %(until)s) - paid.first + 1)
                              - base.sum))
                     FROM account_partial_reconcile part
                     JOIN step paid
                       ON LEAST(part.max_date, %(until)s) BETWEEN paid.first AND paid.last
                    WHERE part.debit_move_id = claim.move_line_id
                      AND part.max_date > claim.date_due), 0) AS interest
          FROM claim
          JOIN step begins ON claim.date_due + 1 BETWEEN begins.first AND begins.last
          JOIN step ends ON %(until)s BETWEEN ends.first AND ends.last
           AND ends.island = begins.island
    CROSS JOIN LATERAL (
            SELECT begins.before + begins.a_day * (claim.date_due + 1 - begins.first) AS sum
          ) base
         WHERE claim.interest_wanted
        """,
        until=until,
    )


# What drafts of earlier notices claim already; a draft that was deleted claims nothing.
POSTED = SQL(
    """
    SELECT line.move_line_id,
           SUM(line.interest) FILTER (WHERE level.interest_mode = 'post') AS interest,
           BOOL_OR(level.compensation_mode = 'post') AS compensation
      FROM ar_dunning_notice notice
CROSS JOIN LATERAL (%s) line
      JOIN ar_dunning_level level ON level.id = notice.level_id
     WHERE notice.charge_move_id IS NOT NULL AND notice.state = 'sent'
  GROUP BY line.move_line_id
    """,
    lines(),
)


def _set_problem(scope, start, end, message) -> SQL:
    """Notices with a line that lacks a figure over the days of a gap say so."""
    return SQL(
        """
        UPDATE ar_dunning_notice notice SET problem = COALESCE(problem, %(message)s)
         WHERE %(scope)s AND EXISTS (
               SELECT FROM (%(lines)s) line
                WHERE line.date_due < %(end)s AND notice.date >= %(start)s
                  AND (line.interest IS NULL OR line.compensation IS NULL))
        """,
        lines=lines(),
        message=message,
        scope=scope,
        start=SQL("%s::date", start),
        end=SQL("%s::date", end),
    )
