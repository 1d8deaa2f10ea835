"""The text of the position's statements, piece by piece.

Lists and reports are built from the same pieces as the position of one customer. ``Terms`` says
what stands for the company, the day and so on.
"""

from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from odoo.tools import SQL

from .claim_sql import claims

EVERYBODY = SQL("(SELECT id, commercial_partner_id AS customer_id FROM res_partner)")
ALL = SQL("TRUE")


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


# What is decided about a customer, and when it was last spoken with: columns that say so.
_DECIDED = {
    "contact_id": "partner.id",
    "customer_id": "partner.commercial_partner_id",
    "credit_limit": "(%(limit)s)::float8",
    "payment_term_id": "(partner.property_payment_term_id ->> %(company)s::text)::int",
    "raise_amount": "profile.raise_amount::float8",
    "insured_amount": "profile.insured_amount::float8",
    **{
        name: f"profile.{name}"
        for name in (
            *("credit_mode", "limit_valid_until", "raise_from", "raise_until", "policy_id"),
            *("manual_hold", "manual_hold_reason", "assessed_on", "review_date"),
            *("dunning_level", "dunning_hold", "grade", "expected_delay"),
            *("rejected", "undelivered", "case_phase"),
        )
    },
}
_SPOKEN = {
    "contact_date": "spoken.date",
    "contact_channel": "spoken.channel",
    "contact_outcome": "spoken.outcome",
    "contact_level_id": "(SELECT level_id FROM ar_dunning_notice WHERE id = spoken.notice_id)",
}
Row = namedtuple("Row", [*_DECIDED, *_SPOKEN], defaults=[None] * len(_SPOKEN))


def customers(terms: Terms, owners: SQL, shown: bool) -> SQL:
    """One ``Row`` per contact of commercial entities; the entity's own says what is decided.

    To plan a statement takes longer than to run it for one customer, and Odoo has PostgreSQL
    forget its plans before each request (``DISCARD ALL``, when a connection is taken from the
    pool). So a position is read by few statements with few tables each.

    :param owners: an array of the entities' ids
    :param shown: with the last contact
    """
    last_contact = SQL(
        """
     LEFT JOIN LATERAL (
            SELECT date, channel, outcome, notice_id FROM ar_contact
             WHERE company_id = %s AND partner_id = partner.id
          ORDER BY date DESC, id DESC LIMIT 1) spoken ON TRUE
        """,
        terms.root,
    )
    columns = ", ".join([*_DECIDED.values(), *(_SPOKEN.values() if shown else ())])
    return SQL(
        f"""
        SELECT {columns}
          FROM res_partner partner
     LEFT JOIN ar_credit_profile profile
            ON profile.partner_id = partner.id AND profile.company_id = %(root)s
          %(last_contact)s
         WHERE partner.commercial_partner_id = ANY(%(owners)s)
        """,
        limit=credit_limit(terms, SQL("partner")),
        last_contact=last_contact if shown else SQL(),
        owners=owners,
        root=terms.root,
        company=terms.company,
    )


def ledger(terms: Terms, names, owners: SQL, contacts: SQL, edges: SQL, as_of=None) -> SQL:
    """Open items in slices, as ``rules.ageing.Slice`` has them, after the partner's id.

    Before them, in each row, the sign of each of the named ``PARTS``: an index tells. Without
    open items there is one row, whose slice is empty.

    :param owners: an array of the commercial entities' ids
    :param contacts: an array of the ids of all their contacts
    :param edges: an array of days past due, ascending, at which the next slice begins
    """
    about = {"owners": owners, "contacts": contacts}
    about |= {"root": terms.root, "currency": terms.currency}
    signs = SQL(", ").join(SQL(PARTS[name].sign, **about) for name in names)
    return SQL(
        """
        SELECT there_is.*, slice.*
          FROM (SELECT %(signs)s) there_is
     LEFT JOIN (
            SELECT partner_id, currency_id, residual > 0, width_bucket(%(today)s - due, %(edges)s),
                   SUM(residual)::float8, SUM(residual_currency)::float8, MIN(due)
              FROM (%(items)s) item
          GROUP BY 1, 2, 3, 4) slice ON TRUE
        """,
        signs=signs,
        today=terms.today,
        edges=edges,
        items=items(terms, as_of, SQL("line.partner_id = ANY(%s)", contacts)),
    )


class Part(NamedTuple):
    """Amounts beside the ledger that most customers have none of.

    figures: the position's fields that they are.
    sign: an expression that is NULL where there are none.
    """

    figures: tuple[str, ...]
    sign: str


PARTS = {
    "pending": Part(
        ("payments_pending",),
        """NULLIF(EXISTS (
               SELECT FROM account_payment
                WHERE partner_id = ANY(%(contacts)s) AND move_id IS NULL
                  AND state IN ('in_process', 'paid')), FALSE) AS pending""",
    ),
    "drafts": Part(
        ("draft_invoices",),
        """NULLIF(EXISTS (
               SELECT FROM account_move
                WHERE commercial_partner_id = ANY(%(owners)s) AND state = 'draft'
                  AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')), FALSE)
           AS drafts""",
    ),
    "orders": Part(
        ("orders",),
        # and whether any is in another currency than the company's
        """(SELECT bool_or(currency_id <> %(currency)s) FROM sale_order
             WHERE partner_invoice_id = ANY(%(contacts)s) AND state = 'sale'
               AND invoice_status <> 'invoiced') AS orders""",
    ),
    "claims": Part(
        ("disputed", "promised"),
        """NULLIF(
               EXISTS (SELECT FROM ar_dispute_line WHERE is_open AND company_id = %(root)s
                          AND partner_id = ANY(%(owners)s))
            OR EXISTS (SELECT FROM ar_promise_line WHERE is_open AND company_id = %(root)s
                          AND partner_id = ANY(%(owners)s)), FALSE) AS claims""",
    ),
}
EXPOSURE = ("pending", "drafts", "orders")  # what counts; claims are only shown


def parts(terms: Terms, found: Mapping[str, bool], owners: SQL, member: SQL) -> SQL:
    """One row for each of the ``PARTS`` found and each customer who has something of it.

    :param found: what the sign of each part said
    :param member: a table of all contacts (``id``) and their ``customer_id``
    """
    scope = SQL("(SELECT unnest(%s))", owners)
    pieces = {
        "pending": lambda: pending(terms, member),
        "drafts": lambda: drafts(terms, scope),
        "orders": lambda: orders(terms, member, foreign=found["orders"]),
        "claims": lambda: claims(terms.root, terms.currency, scope),
    }
    columns = {"claims": SQL("disputed, promised")}
    return SQL(" UNION ALL ").join(
        SQL(
            "SELECT %s, customer_id, ARRAY[%s]::float8[] FROM (%s) part",
            name,
            columns.get(name, SQL("amount")),
            pieces[name](),
        )
        for name in found
    )


def items(terms: Terms, as_of=None, scope: SQL = ALL) -> SQL:
    """One row per open receivable instalment: residual in company and document currency.

    With ``as_of`` (a date) the residual is the balance less what was reconciled up to that day,
    the formula by which core computes ``amount_residual``.

    :param scope: a condition on ``line``
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
        SELECT line.partner_id, line.currency_id, %(residual)s AS residual,
               %(in_currency)s AS residual_currency,
               COALESCE(line.date_maturity, line.date) AS due
          FROM account_move_line line
         WHERE line.account_id = ANY(%(receivables)s) AND line.parent_state = 'posted'
           AND %(state)s AND line.company_id = ANY(%(companies)s) AND %(scope)s
        """,
        residual=residual,
        in_currency=in_currency,
        receivables=terms.receivables,
        state=state,
        companies=terms.companies,
        scope=scope,
    )


def customers_items(terms: Terms) -> SQL:
    """The ``items`` of the whole ledger with the customer whose they are."""
    return SQL(
        """
        SELECT partner.commercial_partner_id AS customer_id, item.residual, item.due
          FROM (%s) item JOIN res_partner partner ON partner.id = item.partner_id
        """,
        items(terms),
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


def orders(terms: Terms, member: SQL, foreign: bool = True) -> SQL:
    """Confirmed orders less what is invoiced (drafts included: they are counted by themselves).

    :param foreign: whether some may be in other currencies than the company's

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
        factors=_factors(terms) if foreign else SQL("SELECT NULL::int AS currency_id, 1 AS factor"),
    )


# An invoice's line is a credit, a refund's a debit; what takes a down payment off is the reverse.
_DOWN_PAYMENT_INVOICED = SQL(
    """SELECT COALESCE(SUM(-SIGN(item.amount_currency) * ABS(item.price_total)), 0)
         FROM sale_order_line_invoice_rel rel
         JOIN account_move_line item ON item.id = rel.invoice_line_id
        WHERE rel.order_line_id = line.id AND item.parent_state <> 'cancel'"""
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
        items=customers_items(terms),
        pending=pending(terms, EVERYBODY),
        drafts=drafts(terms),
        orders=orders(terms, EVERYBODY),
        root=terms.root,
    )
