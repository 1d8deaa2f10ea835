"""The proposal of a dunning run as SQL: a constant number of statements for any number of items.

Each step fills a table that lives as long as the transaction:

=====================  ==========================================================================
ar_dunning_contact     the customers in scope and their contacts
ar_dunning_open        open receivable items of the customers in scope
ar_dunning_account     their customers: balance, policy, last contact, why they get nothing
ar_dunning_item        items that reached a level: level held, what credit covers, why left out
ar_dunning_choice      customers: highest level held, the level that amounts grant for each, and
                       whether an item moves up
=====================  ==========================================================================

The rules are those of ``rules/dunning.py``, which says what the words mean.
"""

from dataclasses import dataclass

from odoo.tools import SQL

from .dunning_item_sql import unpack

TABLES = (
    "ar_dunning_choice",
    "ar_dunning_item",
    "ar_dunning_account",
    "ar_dunning_open",
    "ar_dunning_contact",
)
CONTACTS = SQL("ar_dunning_contact")


@dataclass(frozen=True)
class Scope:
    """What a run is about, as values.

    customers: a query of ids of commercial partners, None for all. ladders: one row a policy:
    policy_id, thresholds, by_account, min_amounts, min_shares, min_interval, rate (the factor
    from its currency to the company's, in which its amounts are), wanted (the run is about it)
    and problem (why its customers get nothing).
    levels: the most that a policy has. digits: of the company's currency. start: set levels by
    age, for the first day of use.
    """

    run: int
    date: object
    root: int
    companies: list
    receivables: list
    customers: SQL | None
    default_policy: int
    ladders: SQL
    levels: int
    digits: int
    start: bool


# Until the end of the transaction the tables below have room in memory for the run of thousands of
# customers. A session that had temporary tables before, even in a transaction that was undone,
# keeps the room that it has: the server refuses to change it, and nothing tells so beforehand.
ROOM = SQL(
    """
    DO $$ BEGIN
        PERFORM set_config('temp_buffers', '64MB', TRUE);
    EXCEPTION WHEN invalid_parameter_value THEN NULL;
    END $$
    """
)


def drop() -> SQL:
    """Make room for the tables of another proposal in the same transaction."""
    return SQL("DROP TABLE IF EXISTS %s", SQL(", ").join(SQL.identifier(t) for t in TABLES))


def contacts(scope: Scope) -> SQL:
    """Contacts by customer, read once: ``invoice`` are addresses that invoices go to."""
    chosen = SQL("IN (%s)", scope.customers) if scope.customers else SQL("IS NOT NULL")
    return SQL(
        """
        CREATE TEMP TABLE ar_dunning_contact ON COMMIT DROP AS
        SELECT id, commercial_partner_id AS customer_id, email_normalized IS NULL AS no_email,
               type = 'invoice' AND active AND id <> commercial_partner_id AS invoice
          FROM res_partner WHERE commercial_partner_id %s
        """,
        chosen,
    )


def open_items(scope: Scope) -> SQL:
    """Every open item, credits included."""
    return SQL(
        """
        CREATE TEMP TABLE ar_dunning_open ON COMMIT DROP AS
        SELECT line.id AS line_id, contact.customer_id,
               line.currency_id, line.move_id, line.amount_residual AS residual,
               line.amount_residual_currency AS residual_currency,
               COALESCE(line.date_maturity, line.date) AS due,
               %(date)s - COALESCE(line.date_maturity, line.date) AS days,
               COALESCE(line.move_name, line.name) AS name,
               COALESCE(line.invoice_date, line.date) AS date_invoice, line.balance,
               COALESCE(line.create_date, '-infinity') AS created
          FROM account_move_line line
          JOIN ar_dunning_contact contact ON contact.id = line.partner_id
         WHERE line.account_id = ANY(%(receivables)s) AND line.parent_state = 'posted'
           AND line.reconciled IS NOT TRUE AND line.company_id = ANY(%(companies)s)
           AND (line.amount_residual <> 0 OR line.amount_residual_currency <> 0)
        """,
        date=SQL("%s::date", scope.date),
        receivables=scope.receivables,
        companies=scope.companies,
    )


def hold_back(scope: Scope, parts: SQL) -> SQL:
    """Take parts of items out of what is open: rows (line_id, amount in the item's currency)."""
    return SQL(
        """
        UPDATE ar_dunning_open open
           SET residual_currency = open.residual_currency - part.amount,
               residual = ROUND(open.residual * (1 - part.amount / open.residual_currency),
                                %(digits)s)
          FROM (SELECT line_id, SUM(amount) AS amount FROM (%(parts)s) held GROUP BY line_id) part
         WHERE part.line_id = open.line_id
        """,
        digits=scope.digits,
        parts=parts,
    )


def accounts(scope: Scope, assignment: SQL, pending: SQL) -> SQL:
    """Customers with something open, their policy by hand or by the first rule that matches.

    assignment: the id of the rule, as an expression. pending: payments without an entry.
    ``stop`` says why the whole customer gets no notice.
    """
    return SQL(
        """
        CREATE TEMP TABLE ar_dunning_account ON COMMIT DROP AS
        WITH ledger AS (
            SELECT customer_id, SUM(residual) AS balance, MIN(created) AS since,
                   COALESCE(SUM(residual) FILTER (WHERE residual > 0 AND days > 0), 0) AS overdue
              FROM ar_dunning_open GROUP BY customer_id
        ), matched AS (
            SELECT ledger.*, partner.user_id AS salesperson_id,
                   COALESCE(profile.dunning_contact_id, invoiced.id, partner.id) AS recipient_id,
                   COALESCE(profile.collector_id, profile.user_id) AS collector_id,
                   profile.dunning_policy_id, CASE WHEN profile.dunning_policy_id IS NULL
                        THEN %(assignment)s END AS assignment_id
              FROM ledger
              JOIN res_partner partner ON partner.id = ledger.customer_id
         LEFT JOIN ar_credit_profile profile
                ON profile.partner_id = partner.id AND profile.company_id = %(root)s
         LEFT JOIN (%(invoiced)s) invoiced ON invoiced.customer_id = partner.id
        )
        SELECT matched.*, ladder.*, contact.last_date,
               CASE WHEN ladder.problem IS NOT NULL THEN 'policy'
                    WHEN matched.balance - COALESCE(pending.amount, 0) <= 0 THEN 'credit'
                    WHEN contact.last_date + ladder.min_interval > %(date)s
                         AND NOT %(start)s THEN 'interval' END AS stop
          FROM matched
     LEFT JOIN ar_dunning_assignment rule ON rule.id = matched.assignment_id
          JOIN (%(ladders)s) ladder ON ladder.policy_id = COALESCE(
               matched.dunning_policy_id, rule.policy_id, %(default)s)
     LEFT JOIN (%(contacted)s) contact ON contact.partner_id = matched.customer_id
     LEFT JOIN (%(pending)s) pending ON pending.customer_id = matched.customer_id
         WHERE ladder.wanted
        """,
        assignment=assignment,
        invoiced=INVOICE_CONTACTS,
        contacted=_contacted(scope),
        root=scope.root,
        date=SQL("%s::date", scope.date),
        start=scope.start,
        ladders=scope.ladders,
        default=scope.default_policy,
        pending=pending,
    )


def _contacted(scope) -> SQL:
    """The day of the last notice that customers got."""
    return SQL(
        """
        SELECT partner_id, MAX(date) AS last_date FROM ar_dunning_notice
         WHERE company_id = %s AND state = 'sent' AND run_id <> %s
           AND partner_id IN (SELECT customer_id FROM ar_dunning_open) GROUP BY partner_id
        """,
        scope.root,
        scope.run,
    )


# The invoice address of a customer: one with an e-mail address before one without.
INVOICE_CONTACTS = SQL(
    """
    SELECT DISTINCT ON (customer_id) customer_id, id
      FROM ar_dunning_contact WHERE invoice ORDER BY customer_id, no_email, id
    """
)


def items(scope: Scope, left_out: SQL) -> SQL:
    """Items that reached a level. Credit covers the ones that payments name, then the oldest.

    left_out: rows (line_id, reason, note) of what is never chased; one reason an item counts.
    """
    return SQL(
        """
        CREATE TEMP TABLE ar_dunning_item ON COMMIT DROP AS
        WITH candidate AS MATERIALIZED (%(candidates)s), held AS (%(held)s),
        paying AS (%(paying)s), named AS (
            SELECT rel.invoice_id AS move_id
              FROM paying JOIN account_move__account_payment rel ON rel.payment_id = paying.id
        ), covered AS (%(covered)s)
        SELECT item.line_id, item.customer_id, item.currency_id, item.due,
               item.days, item.residual, item.residual_currency, item.reached,
               item.name, item.date_invoice, item.balance,
               LEAST(GREATEST(held.held, item.behind), item.reached) AS held,
               COALESCE(held.held, 0) AS told,
               COALESCE(covered.covered, 0) AS covered,
               CASE WHEN COALESCE(covered.covered, 0) = 0 THEN item.residual
                    ELSE ROUND(item.residual * (1 - covered.covered / item.residual_currency),
                               %(digits)s) END AS asked,
               COALESCE(item.reason, CASE
                   WHEN covered.covered >= item.residual_currency AND covered.named THEN 'payment'
                   WHEN covered.covered >= item.residual_currency THEN 'covered' END) AS reason,
               item.note
          FROM candidate item
     LEFT JOIN held USING (line_id)
     LEFT JOIN covered USING (line_id)
        """,
        candidates=_candidates(left_out),
        held=_held(scope),
        paying=_paying(scope),
        covered=_covered(),
        digits=scope.digits,
    )


def _candidates(left_out) -> SQL:
    return SQL(
        """
        SELECT open.*, width_bucket(open.days, account.thresholds) AS reached,
               CASE WHEN open.days > 0 THEN width_bucket(0, account.thresholds)
                    ELSE 0 END AS behind,
               left_out.reason, left_out.note
          FROM ar_dunning_open open
          JOIN ar_dunning_account account USING (customer_id)
     LEFT JOIN (SELECT DISTINCT ON (line_id) line_id, reason, note
                  FROM (%s) never ORDER BY line_id) left_out USING (line_id)
         WHERE open.residual > 0 AND open.days >= account.thresholds[1]
        """,
        left_out,
    )


def _held(scope) -> SQL:
    """The level of the last notice that counts, for each item.

    Notices stand with the customer, or with what was one when they were sent. Those from before
    its oldest open item was entered say nothing about it, which spares long histories; the day
    between allows for transactions that overlap. They are looked up customer by customer: as a run
    sends, their states change faster than statistics, and PostgreSQL would take the sent ones for
    none.
    """
    return SQL(
        """
        SELECT told.line_id, MAX(told.level) AS held
          FROM ar_dunning_contact contact
          JOIN ar_dunning_account account USING (customer_id)
    CROSS JOIN LATERAL (
            SELECT item.move_line_id AS line_id, item.level_number AS level
              FROM ar_dunning_notice notice
        CROSS JOIN LATERAL %(items)s
             WHERE notice.company_id = %(root)s AND notice.partner_id = contact.id
               AND notice.state IN ('sent', 'start')
               AND notice.create_date >= account.since - interval '1 day'
            OFFSET 0
          ) told
      GROUP BY told.line_id
        """,
        items=unpack("move_line_id", "level_number"),
        root=scope.root,
    )


def _paying(scope) -> SQL:
    """Payments registered without an entry, up to what their invoices still owe."""
    return SQL(
        """
        SELECT contact.customer_id, pay.currency_id, pay.id,
               LEAST(pay.amount, COALESCE(invoices.residual, 'Infinity')) AS amount
          FROM account_payment pay
          JOIN ar_dunning_contact contact ON contact.id = pay.partner_id
     LEFT JOIN LATERAL (
            SELECT SUM(line.amount_residual_currency) AS residual
              FROM account_move__account_payment rel
              JOIN account_move_line line ON line.move_id = rel.invoice_id
             WHERE rel.payment_id = pay.id AND line.parent_state = 'posted'
               AND line.currency_id = pay.currency_id
               AND line.account_id = ANY(%(receivables)s)
          ) invoices ON TRUE
         WHERE pay.move_id IS NULL AND pay.state IN ('in_process', 'paid')
           AND pay.partner_type = 'customer' AND pay.payment_type = 'inbound'
           AND pay.company_id = ANY(%(companies)s)
           AND (pay.state = 'in_process' OR invoices.residual IS NOT NULL)
        """,
        receivables=scope.receivables,
        companies=scope.companies,
    )


def _covered() -> SQL:
    """How much of each item the customer's credit in its currency covers."""
    return SQL(
        """
        SELECT item.line_id, item.named,
               LEAST(item.residual_currency, GREATEST(0, pool.amount
                   - (SUM(item.residual_currency) OVER earlier - item.residual_currency)))
               AS covered
          FROM (SELECT *, move_id IN (SELECT move_id FROM named) AS named
                  FROM candidate WHERE reason IS NULL OFFSET 0) item  -- looked up once
          JOIN (
            SELECT customer_id, currency_id, SUM(amount) AS amount FROM (
                SELECT customer_id, currency_id, -residual_currency AS amount
                  FROM ar_dunning_open WHERE residual < 0
             UNION ALL
                SELECT customer_id, currency_id, amount FROM paying
            ) credit GROUP BY customer_id, currency_id
          ) pool USING (customer_id, currency_id)
        WINDOW earlier AS (
               PARTITION BY item.customer_id, item.currency_id
               ORDER BY NOT item.named, item.due, item.line_id ROWS UNBOUNDED PRECEDING)
        """
    )


def choices(scope: Scope) -> SQL:
    """For each customer the level held, and what the amounts grant for each level wanted.

    From the highest level down: what is too small for a level is carried to the next lower one.
    Items of a customer that go to the same level are one row from here on.
    """
    numbers = range(1, scope.levels + 1)
    amounts = SQL(", ").join(
        SQL(
            "COALESCE(SUM(asked) FILTER (WHERE wanted = %s), 0) AS %s",
            SQL(str(number)),
            SQL.identifier(f"a{number}"),
        )
        for number in numbers
    )
    steps = SQL(" ").join(_step(number, scope.levels) for number in reversed(numbers))
    return SQL(
        """
        CREATE TEMP TABLE ar_dunning_choice ON COMMIT DROP AS
        WITH part AS (
            SELECT item.customer_id, item.held, item.asked, item.top, %(wanted)s AS wanted
              FROM (
                SELECT customer_id, reached, held, SUM(asked) AS asked,
                       MAX(held) OVER (PARTITION BY customer_id) AS top
                  FROM ar_dunning_item WHERE reason IS NULL GROUP BY customer_id, reached, held
              ) item
              JOIN ar_dunning_account account USING (customer_id)
        ), amount AS (
            SELECT customer_id, top AS held, %(amounts)s,
                   MIN(held) FILTER (WHERE wanted > held) AS below
              FROM part GROUP BY customer_id, top
        )
        SELECT *, level > below AS moves FROM (
            SELECT amount.customer_id, amount.held, amount.below, ARRAY[%(granted)s] AS granted,
                   %(top)s AS level
              FROM amount JOIN ar_dunning_account account USING (customer_id) %(steps)s
        ) choice
        """,
        amounts=amounts,
        granted=SQL(", ").join(_granted(number) for number in numbers),
        top=_granted(scope.levels),
        steps=steps,
        wanted=wanted(scope, SQL("item.top")),
    )


def wanted(scope: Scope, held: SQL) -> SQL:
    """The level that an item goes to by its age, one step at a time."""
    if scope.start:
        return SQL("item.reached")
    return SQL(
        "LEAST(item.reached, 1 + CASE WHEN account.by_account THEN %s ELSE item.held END)", held
    )


def _step(number, count) -> SQL:
    """Whether a level's items, with those that fell to it, are worth a notice; else what falls.

    Fenced off by the offset: written out, the sums of each level would hold those above it twice.
    """
    place, carried = SQL(str(number)), SQL()
    if number < count:
        carried = SQL("+ %s.rest", SQL.identifier(f"s{number + 1}"))
    return SQL(
        """
        CROSS JOIN LATERAL (
            SELECT amount > 0 AND amount >= GREATEST(account.min_amounts[%(place)s],
                       account.min_shares[%(place)s] / 100 * account.balance) AS passes,
                   CASE WHEN amount >= GREATEST(account.min_amounts[%(place)s],
                       account.min_shares[%(place)s] / 100 * account.balance)
                        THEN 0 ELSE amount END AS rest
              FROM (SELECT amount.%(own)s %(carried)s AS amount) here OFFSET 0
        ) %(name)s
        """,
        place=place,
        own=SQL.identifier(f"a{number}"),
        carried=carried,
        name=SQL.identifier(f"s{number}"),
    )


def _granted(number) -> SQL:
    """The highest level not above ``number`` that passes."""
    cases = SQL(" ").join(
        SQL("WHEN %s.passes THEN %s", SQL.identifier(f"s{level}"), SQL(str(level)))
        for level in range(number, 0, -1)
    )
    return SQL("CASE %s ELSE 0 END", cases)
