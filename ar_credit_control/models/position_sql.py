"""The text of the position's statement, piece by piece.

Each piece is a query with the column ``customer_id``; lists and reports are built from the same
pieces as the position of one customer. ``Terms`` says what stands for the company, the day and
so on: values in a statement of its own, parameters in the function ``ar_positions``.
"""

from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass

from odoo.tools import SQL

from ..rules.exposure import BUCKET_KEYS, BUCKETS
from .claim_sql import claims

MEMBER = SQL("member")
EVERYBODY = SQL("(SELECT id, commercial_partner_id AS customer_id FROM res_partner)")
FOREVER = 100_000  # days
_DECIDED = SQL(
    "profile.policy_id, profile.manual_hold, profile.manual_hold_reason, profile.assessed_on,"
    " profile.review_date, profile.dunning_level, profile.dunning_hold, profile.grade,"
    " profile.expected_delay, profile.rejected, profile.undelivered, profile.case_phase"
)


@dataclass(frozen=True)
class Terms:
    """Fragments that every piece is about; ``companies`` is the tree of ``root``."""

    today: SQL
    company: SQL
    root: SQL
    currency: SQL
    companies: SQL
    receivables: SQL
    default_limit: SQL


@dataclass(frozen=True)
class Beside:
    """Amounts that ``customer`` owes or has beside its open items; as of a past day unknown."""

    pending: SQL = SQL("0")
    drafts: SQL = SQL("0")
    orders: SQL = SQL("0")
    disputed: SQL = SQL("0")
    promised: SQL = SQL("0")


NOTHING = Beside()


def positions(
    terms: Terms, contacts: SQL, overdue_days: SQL, as_of=None, beside: Beside = NOTHING
) -> SQL:
    """One row per commercial entity of the ``contacts`` (ids), with every figure of a position."""
    buckets = (SQL("COALESCE(ledger.%s, 0)::float8", SQL.identifier(key)) for key in BUCKET_KEYS)
    amounts = {
        name: SQL("COALESCE(%s, 0)::float8", amount) for name, amount in vars(beside).items()
    }
    return SQL(
        """
        WITH entity AS MATERIALIZED (
            SELECT commercial_partner_id AS customer_id, array_agg(id) AS contact_ids
              FROM res_partner WHERE id = ANY(%(contacts)s) GROUP BY 1 ORDER BY 1
        ), member AS MATERIALIZED (
            SELECT partner.id, entity.customer_id, partner.credit_limit,
                   partner.property_payment_term_id
              FROM entity JOIN res_partner partner
                ON partner.commercial_partner_id = entity.customer_id
        ), item AS MATERIALIZED (%(items)s)
        SELECT customer.id, %(buckets)s, COALESCE(ledger.unapplied, 0)::float8, ledger.oldest_due,
               beyond.amounts::float8[], share.currencies, share.balances, share.overdues,
               %(pending)s, %(drafts)s, %(orders)s,
               (%(limit)s)::float8, profile.credit_mode, profile.limit_valid_until,
               profile.raise_amount::float8, profile.raise_from, profile.raise_until,
               COALESCE(profile.insured_amount, 0)::float8, %(decided)s,
               %(disputed)s, %(promised)s,
               spoken.date, spoken.channel, spoken.outcome, spoken.level_id,
               (customer.property_payment_term_id ->> %(company)s::text)::int, entity.contact_ids
          FROM entity
          JOIN member customer ON customer.id = entity.customer_id
     LEFT JOIN (%(ledger)s) ledger ON ledger.customer_id = customer.id
     LEFT JOIN (%(beyond)s) beyond ON beyond.customer_id = customer.id
     LEFT JOIN (%(shares)s) share ON share.customer_id = customer.id
     LEFT JOIN ar_credit_profile profile
            ON profile.partner_id = customer.id AND profile.company_id = %(root)s
     LEFT JOIN LATERAL (%(last_contact)s) spoken ON TRUE
        """,
        contacts=contacts,
        decided=_DECIDED,
        last_contact=last_contact(terms.root),
        buckets=SQL(", ").join(buckets),
        items=items(terms, MEMBER, as_of),
        limit=credit_limit(terms, SQL("customer")),
        ledger=ledger(terms),
        beyond=beyond(terms, overdue_days),
        shares=shares(terms),
        **amounts,
        root=terms.root,
        company=terms.company,
    )


def last_contact(root: SQL) -> SQL:
    """When and how ``customer`` was last spoken with, and the level if it was by a notice."""
    return SQL(
        """
        SELECT contact.date, contact.channel, contact.outcome, notice.level_id
          FROM ar_contact contact
     LEFT JOIN ar_dunning_notice notice ON notice.id = contact.notice_id
         WHERE contact.company_id = %s AND contact.partner_id = customer.id
      ORDER BY contact.date DESC, contact.id DESC LIMIT 1
        """,
        root,
    )


# Columns of ``positions`` in its order, with their types in PostgreSQL.
COLUMNS = {
    "customer_id": "int",
    **dict.fromkeys(BUCKET_KEYS, "float8"),
    "unapplied": "float8",
    "oldest_due": "date",
    "overdue_beyond": "float8[]",
    "currencies": "int[]",
    "currency_balances": "float8[]",
    "currency_overdues": "float8[]",
    "payments_pending": "float8",
    "draft_invoices": "float8",
    "orders": "float8",
    "credit_limit": "float8",
    "credit_mode": "varchar",
    "limit_valid_until": "date",
    "raise_amount": "float8",
    "raise_from": "date",
    "raise_until": "date",
    "insured_amount": "float8",
    "policy_id": "int",
    "manual_hold": "bool",
    "manual_hold_reason": "varchar",
    "assessed_on": "date",
    "review_date": "date",
    "dunning_level": "int",
    "dunning_hold": "bool",
    "grade": "varchar",
    "expected_delay": "float8",
    "rejected": "int",
    "undelivered": "int",
    "case_phase": "varchar",
    "disputed": "float8",
    "promised": "float8",
    "contact_date": "timestamp",
    "contact_channel": "varchar",
    "contact_outcome": "varchar",
    "contact_level_id": "int",
    "payment_term_id": "int",
    "contact_ids": "int[]",
}
Row = namedtuple("Row", COLUMNS)


def function() -> SQL:
    """The statement as a database function.

    To plan it takes longer than to run it for one customer, and Odoo has PostgreSQL forget its
    plans before each request (``DISCARD ALL``, when a connection is taken from the pool). So what
    many customers have none of is looked for first, and planned only where there is some; the
    joins stand in the order in which they are to be made. Within a request plans are kept.
    """
    terms = Terms(
        today=SQL("p_today"),
        company=SQL("p_company"),
        root=SQL("p_root"),
        currency=SQL("p_currency"),
        companies=SQL("p_companies"),
        receivables=SQL("p_receivables"),
        default_limit=SQL("p_default_limit"),
    )
    return SQL(
        """
        DROP FUNCTION IF EXISTS ar_positions;
        CREATE FUNCTION ar_positions(
            p_contacts int[], p_today date, p_company int, p_root int, p_currency int,
            p_companies int[], p_receivables int[], p_default_limit numeric, p_days int[]
        ) RETURNS TABLE (%(columns)s)
        LANGUAGE plpgsql STABLE
        SET plan_cache_mode = force_generic_plan SET join_collapse_limit = 1 AS $$
        #variable_conflict use_column
        DECLARE
            v_customers int[];
            v_members int[];
            %(variables)s
        BEGIN
            v_customers := ARRAY(
                SELECT DISTINCT commercial_partner_id FROM res_partner WHERE id = ANY(p_contacts));
            v_members := ARRAY(
                SELECT id FROM res_partner WHERE commercial_partner_id = ANY(v_customers));
            %(lookups)s
            RETURN QUERY %(positions)s;
        END $$
        """,
        columns=SQL(", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())),
        variables=SQL(" ".join(f"v_{name} jsonb;" for name in vars(NOTHING))),
        lookups=SQL(" ").join(_lookups(terms)),
        positions=positions(terms, SQL("p_contacts"), SQL("p_days"), beside=_LOOKED_UP),
    )


# In the function: an amount of each customer that has any, by the customer's id.
_LOOKED_UP = Beside(
    **{name: SQL(f"(v_{name} ->> customer.id::text)::numeric") for name in vars(NOTHING)}
)
_MEMBERS = SQL(
    "(SELECT id, commercial_partner_id AS customer_id FROM res_partner"
    " WHERE commercial_partner_id = ANY(v_customers))"
)
_CUSTOMERS = SQL("(SELECT unnest(v_customers))")


def _lookups(terms: Terms) -> Iterator[SQL]:
    """Statements of the function that look for what is rare, and sum it up where there is any."""
    open_line = "is_open AND company_id = p_root AND partner_id = ANY(v_customers)"
    yield _lookup(
        "EXISTS (SELECT FROM account_payment WHERE partner_id = ANY(v_members)"
        " AND move_id IS NULL AND state IN ('in_process', 'paid'))",
        pending(terms, _MEMBERS),
        pending="amount",
    )
    yield _lookup(
        "EXISTS (SELECT FROM account_move WHERE commercial_partner_id = ANY(v_customers)"
        " AND state = 'draft' AND move_type IN ('out_invoice', 'out_refund', 'out_receipt'))",
        drafts(terms, _CUSTOMERS),
        drafts="amount",
    )
    yield _lookup(
        "EXISTS (SELECT FROM sale_order WHERE partner_invoice_id = ANY(v_members)"
        " AND state = 'sale' AND invoice_status <> 'invoiced')",
        orders(terms, _MEMBERS),
        orders="amount",
    )
    yield _lookup(
        f"EXISTS (SELECT FROM ar_dispute_line WHERE {open_line})"
        f" OR EXISTS (SELECT FROM ar_promise_line WHERE {open_line})",
        claims(terms.root, terms.currency, _CUSTOMERS),
        disputed="disputed",
        promised="promised",
    )


def _lookup(condition: str, rows: SQL, **columns: str) -> SQL:
    """Fill variables with ``columns`` of ``rows`` where the condition holds: an index tells."""
    return SQL(
        """
        IF %(condition)s THEN
            SELECT %(amounts)s INTO %(variables)s FROM (%(rows)s) found;
        END IF;
        """,
        condition=SQL(condition),
        amounts=SQL(
            ", ".join(f"jsonb_object_agg(customer_id, {column})" for column in columns.values())
        ),
        variables=SQL(", ".join(f"v_{name}" for name in columns)),
        rows=rows,
    )


def items(terms: Terms, member: SQL, as_of=None) -> SQL:
    """One row per open receivable instalment: residual in company and document currency.

    With ``as_of`` (a date) the residual is the balance less what was reconciled up to that day,
    the formula by which core computes ``amount_residual``.
    """
    if as_of:
        residual = _residual_as_of(as_of, "balance", "amount", "amount")
        in_currency = _residual_as_of(
            as_of, "amount_currency", "debit_amount_currency", "credit_amount_currency"
        )
        state = SQL("line.date <= %s", as_of)
    else:
        residual = SQL("line.amount_residual")
        in_currency = SQL("line.amount_residual_currency")
        state = SQL(
            "line.reconciled IS NOT TRUE"
            " AND (line.amount_residual <> 0 OR line.amount_residual_currency <> 0)"
        )
    return SQL(
        """
        SELECT member.customer_id, line.currency_id, %(residual)s AS residual,
               %(in_currency)s AS residual_currency,
               COALESCE(line.date_maturity, line.date) AS due
          FROM account_move_line line
          JOIN %(member)s member ON member.id = line.partner_id
         WHERE line.account_id = ANY(%(receivables)s) AND line.parent_state = 'posted'
           AND %(state)s AND line.company_id = ANY(%(companies)s)
        """,
        residual=residual,
        in_currency=in_currency,
        member=member,
        receivables=terms.receivables,
        state=state,
        companies=terms.companies,
    )


def _residual_as_of(as_of, amount, debit_column, credit_column) -> SQL:
    matched = (
        SQL(
            "COALESCE((SELECT SUM(part.%s) FROM account_partial_reconcile part"
            " WHERE part.%s = line.id AND part.max_date <= %s), 0)",
            SQL.identifier(column),
            SQL.identifier(side),
            as_of,
        )
        for column, side in (
            (debit_column, "debit_move_id"),
            (credit_column, "credit_move_id"),
        )
    )
    return SQL("line.%s - %s + %s", SQL.identifier(amount), *matched)


def ledger(terms: Terms) -> SQL:
    """Open items (query ``item``) by customer: ageing, unapplied credit, oldest due date."""
    buckets = SQL(", ").join(
        SQL(
            "SUM(residual) FILTER (WHERE residual > 0 AND %s - due BETWEEN %s AND %s) AS %s",
            terms.today,
            SQL(str(-FOREVER if first is None else first)),
            SQL(str(FOREVER if last is None else last)),
            SQL.identifier(name),
        )
        for name, first, last in BUCKETS
    )
    return SQL(
        """
        SELECT customer_id, %(buckets)s,
               -SUM(residual) FILTER (WHERE residual < 0) AS unapplied,
               MIN(due) FILTER (WHERE residual > 0 AND due < %(today)s) AS oldest_due
          FROM item
      GROUP BY customer_id
        """,
        buckets=buckets,
        today=terms.today,
    )


def beyond(terms: Terms, overdue_days: SQL) -> SQL:
    """What is overdue for longer than each of the given numbers of days, as an array."""
    return SQL(
        """
        SELECT customer_id, array_agg(amount ORDER BY place) AS amounts
          FROM (
            SELECT item.customer_id, span.place, COALESCE(SUM(item.residual) FILTER (
                       WHERE item.residual > 0 AND item.due < %(today)s - span.days), 0) AS amount
              FROM item CROSS JOIN unnest(%(days)s) WITH ORDINALITY span(days, place)
          GROUP BY item.customer_id, span.place
          ) old_item
      GROUP BY customer_id
        """,
        today=terms.today,
        days=overdue_days,
    )


def shares(terms: Terms) -> SQL:
    """What is open in foreign currencies, in them: three arrays in the same order."""
    return SQL(
        """
        SELECT customer_id, array_agg(currency_id) AS currencies,
               array_agg(balance::float8) AS balances, array_agg(overdue::float8) AS overdues
          FROM (
            SELECT customer_id, currency_id, SUM(residual_currency) AS balance,
                   COALESCE(SUM(residual_currency)
                            FILTER (WHERE residual > 0 AND due < %(today)s), 0) AS overdue
              FROM item WHERE currency_id <> %(currency)s
          GROUP BY customer_id, currency_id
          ) foreign_item
      GROUP BY customer_id
        """,
        today=terms.today,
        currency=terms.currency,
    )


def pending(terms: Terms, member: SQL) -> SQL:
    """Payments registered without a journal entry, up to what their invoices still owe.

    Core shows such an invoice as paid or in payment while its ledger item stays open.
    """
    return SQL(
        """
        SELECT member.customer_id,
               SUM(SIGN(pay.amount_company_currency_signed) * LEAST(
                   ABS(pay.amount_company_currency_signed),
                   COALESCE(ABS(invoices.residual), 'Infinity'))) AS amount
          FROM account_payment pay
          JOIN %(member)s member ON member.id = pay.partner_id
     LEFT JOIN LATERAL (
            SELECT SUM(line.amount_residual) AS residual
              FROM account_move__account_payment rel
              JOIN account_move_line line ON line.move_id = rel.invoice_id
             WHERE rel.payment_id = pay.id AND line.parent_state = 'posted'
               AND line.account_id = ANY(%(receivables)s)
          ) invoices ON TRUE
         WHERE pay.move_id IS NULL AND pay.state IN ('in_process', 'paid')
           AND pay.partner_type = 'customer' AND pay.company_id = ANY(%(companies)s)
           AND (pay.state = 'in_process' OR invoices.residual IS NOT NULL)
      GROUP BY member.customer_id
        """,
        member=member,
        receivables=terms.receivables,
        companies=terms.companies,
    )


def drafts(terms: Terms, customers: SQL | None = None) -> SQL:
    """Customer invoices not posted yet, credit notes deducted."""
    scope = SQL("TRUE")
    if customers:
        scope = SQL("move.commercial_partner_id IN %s", customers)
    return SQL(
        """
        SELECT move.commercial_partner_id AS customer_id, SUM(move.amount_total_signed) AS amount
          FROM account_move move
         WHERE move.state = 'draft'
           AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
           AND move.company_id = ANY(%(companies)s) AND %(scope)s
      GROUP BY move.commercial_partner_id
        """,
        companies=terms.companies,
        scope=scope,
    )


def orders(terms: Terms, member: SQL) -> SQL:
    """Confirmed orders less what is invoiced (drafts included: they are counted by themselves).

    The debtor is the commercial partner of the invoice address. A down payment invoice lowers
    what is still to come by its own amount until the final invoice takes it off. The only sum of
    parts of amounts, and so the only one to be rounded.
    """
    return SQL(
        """
        WITH so AS MATERIALIZED (
            SELECT member.customer_id, so.id, so.currency_id,
                   GREATEST(0, SUM(CASE
                       WHEN line.is_downpayment THEN -(%(invoiced)s)
                       WHEN line.product_uom_qty > 0 THEN line.price_total * GREATEST(0,
                           GREATEST(line.product_uom_qty, line.qty_delivered)
                           - line.qty_invoiced) / line.product_uom_qty
                       ELSE 0 END)) AS remaining
              FROM sale_order so
              JOIN %(member)s member ON member.id = so.partner_invoice_id
              JOIN sale_order_line line ON line.order_id = so.id
             WHERE so.state = 'sale' AND so.invoice_status <> 'invoiced'
               AND line.display_type IS NULL AND so.company_id = ANY(%(companies)s)
          GROUP BY member.customer_id, so.id
        )
        SELECT so.customer_id,
               ROUND(SUM(so.remaining * COALESCE(used.factor, 1)) / own.rounding) * own.rounding
                   AS amount
          FROM so LEFT JOIN (%(factors)s) used ON used.currency_id = so.currency_id
          JOIN res_currency own ON own.id = %(currency)s
      GROUP BY so.customer_id, own.rounding
        """,
        invoiced=_DOWN_PAYMENT_INVOICED,
        member=member,
        currency=terms.currency,
        companies=terms.companies,
        factors=_factors(terms),
    )


_DOWN_PAYMENT_INVOICED = SQL(
    """SELECT COALESCE(SUM(
                  CASE move.move_type WHEN 'out_refund' THEN -item.price_total
                                      ELSE item.price_total END), 0)
         FROM sale_order_line_invoice_rel rel
         JOIN account_move_line item ON item.id = rel.invoice_line_id
         JOIN account_move move ON move.id = item.move_id
        WHERE rel.order_line_id = line.id AND move.state <> 'cancel'"""
)


def _factors(terms: Terms) -> SQL:
    """Factor to the company's currency, once for each foreign currency in the query ``so``."""
    return SQL(
        """
        SELECT foreign_so.currency_id, %(to_rate)s / %(from_rate)s AS factor
          FROM (SELECT DISTINCT so.currency_id FROM so
                 WHERE so.currency_id <> %(currency)s) foreign_so
        """,
        currency=terms.currency,
        to_rate=_latest_rate(terms, terms.currency),
        from_rate=_latest_rate(terms, SQL("foreign_so.currency_id")),
    )


def _latest_rate(terms: Terms, currency: SQL) -> SQL:
    """Today's rate as ``res.currency`` has it: the company's own before the shared one, the last
    one before the first to come."""
    return SQL(
        """COALESCE((
            SELECT rate.rate FROM res_currency_rate rate
             WHERE rate.currency_id = %(currency)s
               AND (rate.company_id IS NULL OR rate.company_id = %(root)s)
          ORDER BY rate.name > %(today)s, rate.company_id,
                   CASE WHEN rate.name <= %(today)s THEN rate.name END DESC, rate.name
             LIMIT 1), 1)""",
        currency=currency,
        today=terms.today,
        root=terms.root,
    )


def credit_limit(terms: Terms, partner: SQL) -> SQL:
    """Core's company-dependent limit, with the company's default where a customer has none."""
    return SQL(
        "COALESCE((%s.credit_limit ->> %s::text)::numeric, %s)",
        partner,
        terms.company,
        terms.default_limit,
    )


def limit_in_force(terms: Terms) -> SQL:
    """The limit of ``partner`` with ``profile``: NULL none set, 0 no credit."""
    return SQL(
        """CASE WHEN profile.credit_mode = 'no_credit' THEN 0
                ELSE NULLIF(GREATEST(%(limit)s, CASE
                    WHEN profile.raise_until >= %(today)s
                     AND COALESCE(profile.raise_from, %(today)s) <= %(today)s
                    THEN profile.raise_amount ELSE 0 END), 0) END""",
        limit=credit_limit(terms, SQL("partner")),
        today=terms.today,
    )


def exposures(terms: Terms) -> SQL:
    """One row per customer of the whole ledger: exposure, and the limit in force."""
    return SQL(
        """
        SELECT partner.id AS customer_id, COALESCE(items.balance, 0)
               - COALESCE(pending.amount, 0) + COALESCE(drafts.amount, 0)
               + COALESCE(orders.amount, 0) AS exposure, %(limit)s AS limit_amount
          FROM res_partner partner
     LEFT JOIN (SELECT customer_id, SUM(residual) AS balance FROM (%(items)s) item
              GROUP BY customer_id) items ON items.customer_id = partner.id
     LEFT JOIN (%(pending)s) pending ON pending.customer_id = partner.id
     LEFT JOIN (%(drafts)s) drafts ON drafts.customer_id = partner.id
     LEFT JOIN (%(orders)s) orders ON orders.customer_id = partner.id
     LEFT JOIN ar_credit_profile profile
            ON profile.partner_id = partner.id AND profile.company_id = %(root)s
         WHERE partner.commercial_partner_id = partner.id
        """,
        limit=limit_in_force(terms),
        items=items(terms, EVERYBODY),
        pending=pending(terms, EVERYBODY),
        drafts=drafts(terms),
        orders=orders(terms, EVERYBODY),
        root=terms.root,
    )
