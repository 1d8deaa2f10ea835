"""Commission that waits for the customer's money, and why it is not payable yet."""

from dataclasses import replace
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from . import commission_sql

# Database functions by whether margins are known.
STAKES = {False: "ar_commission_stakes", True: "ar_commission_stakes_margin"}
_LATE = SQL(
    """SELECT EXISTS (SELECT FROM ar_commission_waiver waiver
                       WHERE waiver.active AND waiver.move_id = earner.doc_id
                         AND waiver.kind = 'late'
                         AND COALESCE(waiver.payee_id, earner.payee_id) = earner.payee_id)
              AS waived"""
)


_OPEN = SQL(
    """(move.payment_state IN ('not_paid', 'partial', 'in_payment') OR move.id IN (
            SELECT link.invoice_id FROM account_payment payment
              JOIN account_move__account_payment link ON link.payment_id = payment.id
             WHERE payment.state = 'in_process' AND payment.move_id IS NULL
         UNION
            SELECT item.move_id FROM account_payment payment
              JOIN account_move_line line ON line.payment_id = payment.id
              JOIN account_partial_reconcile match ON match.credit_move_id = line.id
              JOIN account_move_line item ON item.id = match.debit_move_id
             WHERE payment.is_matched IS NOT TRUE AND payment.move_id IS NOT NULL AND %(bank)s))""",
    # what a version counts at once does not wait for the bank; most companies have no other
    bank=SQL(
        """EXISTS (SELECT FROM ar_commission_version version
                    WHERE version.state = 'active' AND NOT version.in_process)"""
    ),
)
_EARNED_BY = """(
    move.invoice_user_id IN (SELECT id FROM res_users WHERE partner_id = ANY(%(payees)s))
    OR move.id IN (SELECT move_id FROM ar_commission_share WHERE payee_id = ANY(%(payees)s))
    OR move.commercial_partner_id IN (
        SELECT partner_id FROM ar_commission_share WHERE payee_id = ANY(%(payees)s)))"""


def _open_items(customers) -> SQL:
    """Documents of customers with something open, by the index of open items."""
    return SQL(
        """SELECT line.move_id FROM res_partner contact
             JOIN account_move_line line ON line.partner_id = contact.id
            WHERE contact.commercial_partner_id = ANY(%s) AND line.parent_state = 'posted'
              AND line.reconciled IS NOT TRUE
              AND (line.amount_residual <> 0 OR line.amount_residual_currency <> 0)""",
        customers,
    )


def _speed(today) -> SQL:
    """The factor of a payment made today, and the last day that has one."""
    return SQL(
        """SELECT version.last_day >= 0 AS limited, version.last_day,
                  CASE WHEN COUNT(bracket.id) = 0 THEN 1 ELSE COALESCE((ARRAY_AGG(
                       bracket.factor ORDER BY bracket.day_from) FILTER (WHERE
                       bracket.no_end OR %(today)s - clock.start <= bracket.day_to))[1], 0)
                  END AS factor
             FROM ar_commission_version version
        LEFT JOIN ar_commission_speed bracket ON bracket.version_id = version.id
            WHERE version.id = earner.version_id GROUP BY version.id""",
        today=today,
    )


class Asked(NamedTuple):
    """What a query is about: values in a statement of its own, parameters in a function.

    ``payees`` and ``customers`` are arrays of ids; None: everybody. ``unpaid``: leave out what is
    paid and only not seen by the bank.
    """

    root: SQL
    today: SQL
    payees: SQL | None = None
    customers: SQL | None = None
    unpaid: bool = False


class CommissionWaiting(models.AbstractModel):
    _name = "ar.commission.waiting"
    _description = "Commission waiting for money"

    def init(self):
        """Two functions, as the one with margins asks for a column of another addon.

        To plan the query takes ten times as long as to run it for one customer: PostgreSQL keeps
        the plan of a function, though only until the request is over.
        """
        asked = Asked(
            SQL("p_root"), SQL("p_today"), SQL("p_payees"), SQL("p_customers"), unpaid=True
        )
        for margin in (False, True):
            scope = replace(commission_sql.Scope.in_force(self.env), margin=margin)
            self.env.cr.execute(
                SQL(
                    """
                    CREATE OR REPLACE FUNCTION %(name)s(
                        p_payees int[], p_customers int[], p_root int, p_today date
                    ) RETURNS TABLE (customer_id int, amount numeric)
                    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
                    #variable_conflict use_column
                    BEGIN
                        RETURN QUERY
                        SELECT waiting.partner_id, SUM(waiting.amount) FROM (%(waiting)s) waiting
                         WHERE waiting.reason IN ('unpaid', 'disputed')
                      GROUP BY waiting.partner_id;
                    END $$
                    """,
                    name=SQL.identifier(STAKES[margin]),
                    waiting=self._query(scope, asked),
                )
            )

    @api.model
    def _stakes(self, user, customer_ids, company):
        """``{customer id: commission}`` that a user would have from what customers owe.

        Ids of commercial partners, and one query: a form asks each time it is opened.
        """
        self.env.flush_all()
        margin = commission_sql.Scope.in_force(self.env).margin
        query = SQL(
            """SELECT * FROM %s(ARRAY(SELECT partner_id FROM res_users WHERE id = %s), %s::int[],
                   (SELECT split_part(parent_path, '/', 1)::int FROM res_company WHERE id = %s),
                   %s::date)""",
            SQL.identifier(STAKES[margin]),
            user.id,
            list(customer_ids),
            company.id,
            fields.Date.context_today(self),
        )
        return {customer: float(amount) for customer, amount in self.env.execute_query(query)}

    @api.model
    def _waiting(self, payees=None, partners=None, company=None):
        """What open invoices would earn if they were paid today, as dictionaries.

        payees: partners who earn; None: everybody. partners: customers; None: every one.
        One for each invoice and person: ``move_id, number, partner_id, payee_id, company_id,
        currency_id``, ``residual`` (open, in company currency), ``date_due``, ``days`` (overdue;
        negative: to go), ``amount`` (commission at stake, in company currency), ``last_date`` (the
        last day on which a payment earns anything, or None) and ``reason``: ``unpaid``,
        ``disputed``, ``in_process`` (paid, but not seen by the bank) or ``lost`` (too late).
        The most rewarding call comes first.
        """
        self.env.cr.execute(self._waiting_sql(payees, partners, company))
        return self.env.cr.dictfetchall()

    @api.model
    def _waiting_sql(self, payees=None, partners=None, company=None):
        """The query of ``_waiting``."""
        self.env.flush_all()
        asked = Asked(
            root=SQL("%s", (company or self.env.company).root_id.id),
            today=SQL("%s::date", fields.Date.context_today(self)),
            payees=None if payees is None else SQL("%s::int[]", payees.ids),
            customers=None
            if partners is None
            else SQL("%s::int[]", partners.commercial_partner_id.ids),
        )
        return self._query(commission_sql.Scope.in_force(self.env), asked)

    def _open_documents(self, asked):
        """Query of invoices with something open, or paid by money that the bank has not seen."""
        return SQL(
            """SELECT move.id FROM account_move move
                 JOIN res_company company ON company.id = move.company_id
                WHERE move.state = 'posted' AND move.move_type IN ('out_invoice', 'out_receipt')
                  AND split_part(company.parent_path, '/', 1)::int = %(root)s
                  AND %(open)s AND %(customers)s AND %(payees)s""",
            root=asked.root,
            open=SQL("move.id IN (%s)", _open_items(asked.customers)) if asked.unpaid else _OPEN,
            customers=SQL("TRUE")
            if asked.customers is None
            else SQL("move.commercial_partner_id = ANY(%s)", asked.customers),
            payees=SQL("TRUE") if asked.payees is None else SQL(_EARNED_BY, payees=asked.payees),
        )

    def _query(self, scope, asked):
        mine = SQL()
        if asked.payees is not None:
            mine = SQL("AND earner.payee_id = ANY(%s)", asked.payees)
        return SQL(
            """
            WITH %(steps)s
            SELECT *, CASE WHEN disputed THEN 'disputed' WHEN underway THEN 'in_process'
                           WHEN last_date < %(today)s THEN 'lost' ELSE 'unpaid' END AS reason
              FROM (
                SELECT doc.id AS move_id, doc.name AS number, earner.payee_id, doc.company_id,
                       doc.commercial_partner_id AS partner_id, doc.currency_id,
                       move.amount_residual_signed AS residual, move.invoice_date_due AS date_due,
                       %(today)s - move.invoice_date_due AS days,
                       BOOL_AND(settled.underway >= settled.total - settled.noted - settled.paid)
                       AS underway,
                       CASE WHEN late.waived OR NOT speed.limited THEN NULL
                            ELSE clock.start + speed.last_day END AS last_date,
                       EXISTS (SELECT FROM ar_dispute_line claim
                                 JOIN account_move_line item ON item.id = claim.move_line_id
                                WHERE item.move_id = doc.id AND claim.is_open) AS disputed,
                       round(SUM(earner.percent * base.base * base.rate * earner.term_factor
                           * (settled.total - settled.noted - settled.paid)
                           * (100 - earner.upfront) / settled.total / 1000000
                           * CASE WHEN late.waived THEN GREATEST(speed.factor, 1)
                                        ELSE speed.factor END) / doc.coin) * doc.coin AS amount
                  FROM earner
                  JOIN doc ON doc.id = earner.doc_id
                  JOIN account_move move ON move.id = doc.id
                  JOIN settled ON settled.doc_id = doc.id
                   AND settled.version_id = earner.version_id
                  JOIN base ON base.doc_id = doc.id AND base.version_id = earner.version_id
            CROSS JOIN LATERAL (SELECT CASE earner.clock WHEN 'due' THEN move.invoice_date_due
                                       ELSE doc.day END AS start) clock
            CROSS JOIN LATERAL (%(late)s) late
            CROSS JOIN LATERAL (%(speed)s) speed
                 WHERE earner.upfront < 100
                   AND settled.total - settled.noted - settled.paid > 0 %(mine)s
              GROUP BY doc.id, doc.name, earner.payee_id, doc.company_id,
                       doc.commercial_partner_id, doc.currency_id, doc.coin, move.id,
                       late.waived, speed.limited, speed.last_day, clock.start) waiting
          ORDER BY amount DESC, days DESC NULLS LAST, move_id, payee_id
            """,
            steps=commission_sql.until(scope, self._open_documents(asked), "settled"),
            today=asked.today,
            mine=mine,
            late=_LATE,
            speed=_speed(asked.today),
        )
