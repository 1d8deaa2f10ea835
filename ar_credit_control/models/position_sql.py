"""The text of the position's statements, piece by piece.

Lists and reports are built from the same pieces as the position of one customer. ``Terms`` says
what stands for the company, the day and so on.
"""

from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
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


@dataclass(frozen=True)
class Slot:
    """A value that a statement gets each time it is sent."""

    name: str


def array(ids) -> SQL:
    """Numbers as one value: of an ``ARRAY[…]`` the server would read a thousand expressions."""
    return SQL("%s::int[]", literal(ids))


def literal(ids) -> str:
    return f"{{{','.join(map(str, ids))}}}"


_TYPES = {
    "today": "date",
    **dict.fromkeys(("company", "root", "currency"), "int"),
    **dict.fromkeys(("companies", "receivables"), "int[]"),
    "default_limit": "numeric",
}


def to_terms(values) -> Terms:
    """``Terms`` of values by name (arrays as ``literal``), which may be ``Slot``."""
    return Terms(**{name: SQL(f"%s::{type_}", values[name]) for name, type_ in _TYPES.items()})


# The statements of one position are put together once, as texts with named parameters: it is as
# much work as the database has with them. The parameters are those of ``Terms``, and arrays of ids
# of ``contacts``, of those among them whose customers are read ``whole``, and of the commercial
# entities, ``owners``; ``edges`` are days past due, ascending, at which the next slice of age
# begins.
_SLOTS = to_terms({name: Slot(name) for name in _TYPES})
_CONTACTS, _WHOLE, _OWNERS, _EDGES = (
    SQL("%s::int[]", Slot(name)) for name in ("contacts", "whole", "owners", "edges")
)


def _named(statement: SQL) -> str:
    """The text of a statement whose parameters are slots, each by its name."""
    names = tuple(f"%({slot.name})s" for slot in statement.params)
    return statement.code.replace("%%", "%%%%") % names


# What is decided about a customer, what else is shown of it, and when it was last spoken with:
# columns that say so.
_DECISIONS = {
    "raise_amount": "::float8",
    **dict.fromkeys(
        (
            *("credit_mode", "limit_valid_until", "raise_from", "raise_until", "policy_id"),
            *("manual_hold", "manual_hold_reason", "assessed_on", "review_date"),
            *("dunning_level", "dunning_hold", "grade"),
        ),
        "",
    ),
}
_BESIDE = {
    "insured_amount": "::float8",
    **dict.fromkeys(("expected_delay", "rejected", "undelivered", "case_phase"), ""),
}
_PARTNER = {
    "contact_id": "partner.id",
    "customer_id": "partner.commercial_partner_id",
    "credit_limit": "(%(limit)s)::float8",
    "payment_term_id": "(partner.property_payment_term_id ->> %(company)s::text)::int",
}


def _of_profile(names: Mapping[str, str]) -> dict[str, str]:
    return {name: f"profile.{name}{type_}" for name, type_ in names.items()}


_DECIDED = _PARTNER | _of_profile(_DECISIONS)
_SHOWN = _of_profile(_BESIDE) | {
    "contact_date": "spoken.date",
    "contact_channel": "spoken.channel",
    "contact_outcome": "spoken.outcome",
    "contact_level_id": "(SELECT level_id FROM ar_dunning_notice WHERE id = spoken.notice_id)",
}
Row = namedtuple("Row", [*_DECIDED, *_SHOWN], defaults=[None] * len(_SHOWN))


@cache
def customers(shown: bool) -> str:
    """One ``Row`` per contact of the entities that the contacts stand for; the entity's own says
    what is decided.

    To plan a statement takes longer than to run it for one customer, and Odoo has PostgreSQL
    forget its plans before each request (``DISCARD ALL``, when a connection is taken from the
    pool). So a position is read by few statements with few tables each.

    :param shown: with what decides nothing, such as the last contact
    """
    last_contact = SQL(
        """
     LEFT JOIN LATERAL (
            SELECT date, channel, outcome, notice_id FROM ar_contact
             WHERE company_id = %s AND partner_id = partner.id
          ORDER BY date DESC, id DESC LIMIT 1) spoken ON TRUE
        """,
        _SLOTS.root,
    )
    return _named(
        SQL(
            """
        SELECT %(columns)s
          FROM res_partner partner
     LEFT JOIN ar_credit_profile profile
            ON profile.partner_id = partner.id AND profile.company_id = %(root)s
          %(last_contact)s
         WHERE partner.commercial_partner_id = ANY(ARRAY(%(entities)s))
            """,
            columns=_columns(_DECIDED | _SHOWN if shown else _DECIDED),
            last_contact=last_contact if shown else SQL(),
            entities=_ENTITIES,
            root=_SLOTS.root,
        )
    )


@cache
def locked_customers(several: bool) -> str:
    """As ``customers``, those with a profile, which is written to: see ``_lock`` of profiles.

    One row per profile: what is decided, and of each contact what else a ``Row`` has, before it.

    :param several: rows are locked in the order of customers, against deadlocks
    """
    scope = SQL("company_id = %s AND partner_id = (%s)", _SLOTS.root, _ENTITIES)
    if several:
        scope = SQL(
            """id = ANY(ARRAY(
                SELECT id FROM ar_credit_profile
                 WHERE company_id = %s AND partner_id = ANY(ARRAY(%s))
              ORDER BY partner_id FOR NO KEY UPDATE))""",
            _SLOTS.root,
            _ENTITIES,
        )
    return _named(
        SQL(
            """
        UPDATE ar_credit_profile profile SET confirmations = confirmations + 1 WHERE %s
     RETURNING %s, (SELECT jsonb_agg(jsonb_build_array(%s)) FROM res_partner partner
                     WHERE partner.commercial_partner_id = profile.partner_id)
            """,
            scope,
            SQL(", ".join(_of_profile(_DECISIONS).values())),
            _columns(_PARTNER),
        )
    )


_ENTITIES = SQL("SELECT commercial_partner_id FROM res_partner WHERE id = ANY(%s)", _CONTACTS)


def _columns(columns: Mapping[str, str]) -> SQL:
    limit = credit_limit(_SLOTS, SQL("partner"))
    return SQL(", ".join(columns.values()), limit=limit, company=_SLOTS.company)


@cache
def ledger(beside: tuple[str, ...], as_of: bool) -> str:
    """Open items in slices; beside them open orders, and which of the named ``PARTS`` there are.

    Rows of a kind, the ids of a partner and a currency, what more ``rules.ageing.Slice`` has, and
    an order's id. Of kind ``orders``, in the places of ``Slice``, there is only whether there was a
    down payment, and the amount. Of a part's kind there is a row when there may be something of
    it, and nothing else in the row.

    :param beside: ``orders`` and names of ``PARTS``
    :param as_of: items as they stood ``today``; how orders and parts stood nobody knows
    """
    slices = SQL(
        """
        SELECT 'items' AS kind, partner_id, currency_id, %(draft)s AS draft,
               %(residual)s > 0 AS debit, width_bucket(%(today)s - %(due)s, %(edges)s) AS place,
               SUM(%(residual)s)::float8, SUM(%(residual_currency)s)::float8, MIN(%(due)s),
               NULL::int
        %(source)s
      GROUP BY 2, 3, 4, 5, 6
        """,
        today=_SLOTS.today,
        edges=_EDGES,
        **_figures(as_of, SQL("line.partner_id = ANY(%s)", _CONTACTS)),
    )
    about = {"owners": _OWNERS, "contacts": _WHOLE, "root": _SLOTS.root}
    signs = (
        SQL(f"(SELECT '{name}'{', NULL' * 9} FROM {sign} LIMIT 1)", **about)
        for name in beside
        if name in PARTS
        for sign in PARTS[name].signs
    )
    placed = [_open_orders()] if "orders" in beside else []
    return _named(SQL(" UNION ALL ").join((slices, *placed, *signs)))


def _figures(as_of: bool, scope: SQL) -> dict[str, SQL]:
    """An item's figures by name, and the ``source`` that they are read from."""
    if not as_of:
        return _items(_SLOTS, None, scope, drafts=True)
    names = ("residual", "residual_currency", "due", "draft")
    # to work them out takes long, and they are looked at twice
    source = SQL("FROM (%s) item", items(_SLOTS, _SLOTS.today, scope))
    return {name: SQL(name) for name in names} | {"source": source}


class Part(NamedTuple):
    """Amounts beside the ledger that most customers have none of.

    figures: the position's fields that they are.
    signs: tables with conditions, which an index answers; without a row there is nothing.
    """

    figures: tuple[str, ...]
    signs: tuple[str, ...]


PARTS = {
    "pending": Part(
        ("payments_pending",),
        (
            "account_payment WHERE partner_id = ANY(%(contacts)s) AND move_id IS NULL"
            " AND state IN ('in_process', 'paid')",
        ),
    ),
    "claims": Part(
        ("disputed", "promised"),
        tuple(
            f"{table} WHERE is_open AND company_id = %(root)s AND partner_id = ANY(%(owners)s)"
            for table in ("ar_dispute_line", "ar_promise_line")
        ),
    ),
}
EXPOSURE = ("orders", "pending")  # what counts beside the ledger; claims are only shown
BESIDE = ("orders", *PARTS)


def parts(terms: Terms, names, entities: Mapping[int, int], down_paid, foreign) -> SQL:
    """Rows of a name, a key and an array of amounts, for each of the names.

    For ``PARTS`` the key is a customer who has something of it, for ``down_payments`` one of the
    orders ``down_paid``, for ``rates`` one of the currencies ``foreign`` (ids).

    :param entities: ``{contact id: customer id}`` of all their contacts
    """
    member = SQL(
        "(SELECT * FROM unnest(%s, %s) AS member (id, customer_id))",
        array(entities),
        array(entities.values()),
    )
    owners = SQL("(SELECT unnest(%s))", array(set(entities.values())))
    pieces = {
        "pending": lambda: pending(terms, member),
        "claims": lambda: claims(terms.root, terms.currency, owners),
        "down_payments": lambda: SQL(
            "%s AND line.order_id = ANY(%s) GROUP BY line.order_id",
            _DOWN_PAYMENTS,
            array(down_paid),
        ),
        "rates": lambda: _factors(terms, SQL("SELECT unnest(%s) AS currency_id", array(foreign))),
    }
    columns = {
        "pending": SQL("customer_id, ARRAY[amount]"),
        "claims": SQL("customer_id, ARRAY[disputed, promised]"),
        "down_payments": SQL("order_id, ARRAY[amount]"),
        "rates": SQL("currency_id, ARRAY[factor]"),
    }
    return SQL(" UNION ALL ").join(
        SQL("SELECT %s, %s::float8[] FROM (%s) part", name, columns[name], pieces[name]())
        for name in names
    )


def items(terms: Terms, as_of=None, scope: SQL = ALL, drafts: bool = False) -> SQL:
    """One row per open receivable instalment: residual in company and document currency.

    With ``as_of`` (a date) the residual is the balance less what was reconciled up to that day,
    the formula by which core computes ``amount_residual``.

    :param scope: a condition on ``line``
    :param drafts: with those of invoices and credit notes that are not posted yet
    """
    return SQL(
        """
        SELECT partner_id, currency_id, %(residual)s AS residual,
               %(residual_currency)s AS residual_currency, %(due)s AS due, %(draft)s AS draft
        %(source)s
        """,
        **_items(terms, as_of, scope, drafts),
    )


def _items(terms: Terms, as_of, scope: SQL, drafts: bool) -> dict[str, SQL]:
    """What ``items`` selects, each by its name, and their ``source``."""
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
    source = SQL(
        """
          FROM account_move_line line
         WHERE line.account_id = ANY(%s) AND %s AND %s AND line.company_id = ANY(%s) AND %s
        """,
        terms.receivables,
        _WITH_DRAFTS if drafts else SQL("line.parent_state = 'posted'"),
        state,
        terms.companies,
        scope,
    )
    return {
        "residual": residual,
        "residual_currency": in_currency,
        "due": SQL("COALESCE(line.date_maturity, line.date)"),
        "draft": SQL("line.parent_state = 'draft'"),
        "source": source,
    }


# Their instalments alone: a draft of another kind may stay one for ever.
_WITH_DRAFTS = SQL(
    "line.parent_state IN ('posted', 'draft')"
    " AND (line.parent_state = 'posted' OR line.display_type = 'payment_term')"
)


def customers_items(terms: Terms, drafts: bool = False) -> SQL:
    """The ``items`` of the whole ledger with the customer whose they are."""
    return SQL(
        """
        SELECT partner.commercial_partner_id AS customer_id, item.residual, item.due
          FROM (%s) item JOIN res_partner partner ON partner.id = item.partner_id
        """,
        items(terms, drafts=drafts),
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


# What is still to come of a line; what is invoiced as a draft counts by itself.
_REMAINING = SQL(
    """CASE WHEN line.is_downpayment THEN 0
            WHEN line.product_uom_qty > 0 THEN line.price_total * GREATEST(0,
                 GREATEST(line.product_uom_qty, line.qty_delivered) - line.qty_invoiced)
                 / line.product_uom_qty
            ELSE 0 END"""
)
_IS_OPEN = SQL("so.state = 'sale' AND so.invoice_status <> 'invoiced'")
# An invoice's line is a credit, a refund's a debit; what takes a down payment off is the reverse.
_DOWN_PAYMENTS = SQL(
    """SELECT line.order_id, SUM(-SIGN(item.amount_currency) * ABS(item.price_total)) AS amount
         FROM sale_order_line line
         JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = line.id
         JOIN account_move_line item ON item.id = rel.invoice_line_id
        WHERE line.is_downpayment AND item.parent_state <> 'cancel'"""
)


def _open_orders() -> SQL:
    """Confirmed orders less what is invoiced: rows of kind ``orders`` of the ``ledger``.

    The debtor is the commercial partner of the invoice address. A down payment invoice lowers
    what is still to come by its own amount until the final invoice takes it off; few orders have
    one, so it is read apart (``parts``), as rates are.
    """
    return SQL(
        """
        SELECT 'orders', so.partner_invoice_id, so.currency_id, line.down_paid, NULL, NULL,
               line.amount, NULL, NULL, so.id
          FROM sale_order so, LATERAL (
               SELECT bool_or(line.is_downpayment) AS down_paid,
                      SUM(%(remaining)s)::float8 AS amount
                 FROM sale_order_line line
                WHERE line.order_id = so.id AND line.display_type IS NULL) line
         WHERE %(is_open)s AND so.partner_invoice_id = ANY(%(contacts)s)
           AND so.company_id = ANY(%(companies)s) AND line.amount IS NOT NULL
        """,
        remaining=_REMAINING,
        is_open=_IS_OPEN,
        contacts=_WHOLE,
        companies=_SLOTS.companies,
    )


def orders(terms: Terms, member: SQL) -> SQL:
    """The same as one row per customer, in company currency: the whole ledger at once.

    The only sum of parts of amounts, and so the only one to be rounded.
    """
    return SQL(
        """
        WITH so AS MATERIALIZED (
            SELECT member.customer_id, so.id, so.currency_id, GREATEST(0, SUM(%(remaining)s)
                   - COALESCE(CASE WHEN bool_or(line.is_downpayment) THEN (
                       SELECT amount FROM (%(down_payments)s GROUP BY line.order_id) down_payment
                        WHERE order_id = so.id) END, 0)) AS remaining
              FROM sale_order so
              JOIN %(member)s member ON member.id = so.partner_invoice_id
              JOIN sale_order_line line ON line.order_id = so.id
             WHERE %(is_open)s AND line.display_type IS NULL
               AND so.company_id = ANY(%(companies)s)
          GROUP BY member.customer_id, so.id
        )
        SELECT so.customer_id,
               ROUND(SUM(so.remaining * COALESCE(used.factor, 1)) / own.rounding) * own.rounding
                   AS amount
          FROM so LEFT JOIN (%(factors)s) used ON used.currency_id = so.currency_id
          JOIN res_currency own ON own.id = %(currency)s
      GROUP BY so.customer_id, own.rounding
        """,
        remaining=_REMAINING,
        down_payments=_DOWN_PAYMENTS,
        is_open=_IS_OPEN,
        member=member,
        currency=terms.currency,
        companies=terms.companies,
        factors=_factors(terms, SQL("SELECT DISTINCT currency_id FROM so")),
    )


def _factors(terms: Terms, currencies: SQL) -> SQL:
    """Factor to the company's currency, once for each of the others."""
    return SQL(
        """
        SELECT used.currency_id, %(to_rate)s / %(from_rate)s AS factor
          FROM (%(currencies)s) used WHERE used.currency_id <> %(currency)s
        """,
        currencies=currencies,
        currency=terms.currency,
        to_rate=_latest_rate(terms, terms.currency),
        from_rate=_latest_rate(terms, SQL("used.currency_id")),
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
               - COALESCE(pending.amount, 0) + COALESCE(orders.amount, 0) AS exposure,
               %(limit)s AS limit_amount
          FROM res_partner partner
     LEFT JOIN (SELECT customer_id, SUM(residual) AS balance FROM (%(items)s) item
              GROUP BY customer_id) items ON items.customer_id = partner.id
     LEFT JOIN (%(pending)s) pending ON pending.customer_id = partner.id
     LEFT JOIN (%(orders)s) orders ON orders.customer_id = partner.id
     LEFT JOIN ar_credit_profile profile
            ON profile.partner_id = partner.id AND profile.company_id = %(root)s
         WHERE partner.commercial_partner_id = partner.id
        """,
        limit=limit_in_force(terms),
        items=customers_items(terms, drafts=True),
        pending=pending(terms, EVERYBODY),
        orders=orders(terms, EVERYBODY),
        root=terms.root,
    )
