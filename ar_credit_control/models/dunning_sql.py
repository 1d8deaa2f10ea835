"""The proposal of a dunning run as SQL: a constant number of statements for any number of items.

Each step fills a table that lives as long as the transaction:

=====================  ==========================================================================
ar_dunning_open        open receivable items of the customers in scope
ar_dunning_account     their customers: balance, policy, last contact, why they get nothing
ar_dunning_item        items that reached a level: level held, what credit covers, why left out
ar_dunning_choice      customers: highest level held, and the level that amounts grant for each
=====================  ==========================================================================

The rules are those of ``rules/dunning.py``, which says what the words mean.
"""

from dataclasses import dataclass

from odoo.tools import SQL

from .dunning_item_sql import pack, unpack

TABLES = ("ar_dunning_choice", "ar_dunning_item", "ar_dunning_account", "ar_dunning_open")


@dataclass(frozen=True)
class Scope:
    """What a run is about, as values.

    customers: ids of commercial partners, None for all. ladders: one row a policy: policy_id,
    thresholds, by_account, min_amounts, min_shares, min_interval, rate (the factor from its
    currency to the company's, in which its amounts are), wanted (the run is about it) and
    problem (why its customers get nothing).
    levels: the most that a policy has. digits: of the company's currency. start: set levels by
    age, for the first day of use.
    """

    run: int
    date: object
    root: int
    companies: list
    receivables: list
    customers: list | None
    default_policy: int
    ladders: SQL
    levels: int
    digits: int
    start: bool


def contacts(table) -> SQL:
    """Contacts of the customers in a table: a batch that is sent has some hundred of them."""
    return SQL(
        """(SELECT id, commercial_partner_id AS customer_id FROM res_partner
             WHERE commercial_partner_id IN (SELECT customer_id FROM %s))""",
        SQL.identifier(table),
    )


def drop() -> SQL:
    """Make room for the tables of another proposal in the same transaction."""
    return SQL("DROP TABLE IF EXISTS %s", SQL(", ").join(SQL.identifier(t) for t in TABLES))


def open_items(scope: Scope) -> SQL:
    """Every open item, credits included."""
    customers = SQL()
    if scope.customers is not None:
        customers = SQL("AND partner.commercial_partner_id = ANY(%s)", scope.customers)
    return SQL(
        """
        CREATE TEMP TABLE ar_dunning_open ON COMMIT DROP AS
        SELECT line.id AS line_id, partner.commercial_partner_id AS customer_id,
               line.currency_id, line.move_id, line.amount_residual AS residual,
               line.amount_residual_currency AS residual_currency,
               COALESCE(line.date_maturity, line.date) AS due,
               %(date)s - COALESCE(line.date_maturity, line.date) AS days,
               COALESCE(line.move_name, line.name) AS name,
               COALESCE(line.invoice_date, line.date) AS date_invoice, line.balance,
               COALESCE(line.create_date, '-infinity') AS created
          FROM account_move_line line
          JOIN res_partner partner ON partner.id = line.partner_id
         WHERE line.account_id = ANY(%(receivables)s) AND line.parent_state = 'posted'
           AND line.reconciled IS NOT TRUE AND line.company_id = ANY(%(companies)s) %(customers)s
        """,
        date=SQL("%s::date", scope.date),
        receivables=scope.receivables,
        companies=scope.companies,
        customers=customers,
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
            SELECT ledger.*, partner.user_id AS salesperson_id, profile.dunning_contact_id,
                   COALESCE(profile.collector_id, profile.user_id) AS collector_id,
                   profile.dunning_policy_id, CASE WHEN profile.dunning_policy_id IS NULL
                        THEN %(assignment)s END AS assignment_id
              FROM ledger
              JOIN res_partner partner ON partner.id = ledger.customer_id
         LEFT JOIN ar_credit_profile profile
                ON profile.partner_id = partner.id AND profile.company_id = %(root)s
        ), contact AS (
            SELECT partner_id, MAX(date) AS last_date FROM ar_dunning_notice
             WHERE company_id = %(root)s AND state = 'sent' AND run_id <> %(run)s
               AND partner_id IN (SELECT customer_id FROM ledger) GROUP BY 1
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
     LEFT JOIN contact ON contact.partner_id = matched.customer_id
     LEFT JOIN (%(pending)s) pending ON pending.customer_id = matched.customer_id
         WHERE ladder.wanted
        """,
        assignment=assignment,
        root=scope.root,
        run=scope.run,
        date=SQL("%s::date", scope.date),
        start=scope.start,
        ladders=scope.ladders,
        default=scope.default_policy,
        pending=pending,
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
        SELECT item.line_id, item.customer_id, item.currency_id, item.policy_id, item.due,
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
        SELECT open.*, account.policy_id, width_bucket(open.days, account.thresholds) AS reached,
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
          FROM %(contacts)s contact
          JOIN ar_dunning_account account USING (customer_id)
    CROSS JOIN LATERAL (
            SELECT item.move_line_id::int4 AS line_id, item.level_number::int4 AS level
              FROM ar_dunning_notice notice
        CROSS JOIN LATERAL %(items)s
             WHERE notice.company_id = %(root)s AND notice.partner_id = contact.id
               AND notice.state IN ('sent', 'start')
               AND notice.create_date >= account.since - interval '1 day'
            OFFSET 0
          ) told
      GROUP BY told.line_id
        """,
        contacts=contacts("ar_dunning_account"),
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
          JOIN %(contacts)s contact ON contact.id = pay.partner_id
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
        contacts=contacts("ar_dunning_account"),
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
                  FROM candidate WHERE reason IS NULL) item
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
    """
    numbers = range(1, scope.levels + 1)
    wanted = _wanted(scope, SQL("top.held"))
    amounts = SQL(", ").join(
        SQL(
            "COALESCE(SUM(item.asked) FILTER (WHERE %s = %s), 0) AS %s",
            wanted,
            SQL(str(number)),
            SQL.identifier(f"a{number}"),
        )
        for number in numbers
    )
    steps = SQL(" ").join(_step(number, scope.levels) for number in reversed(numbers))
    return SQL(
        """
        CREATE TEMP TABLE ar_dunning_choice ON COMMIT DROP AS
        WITH top AS (
            SELECT customer_id, MAX(held) AS held FROM ar_dunning_item
             WHERE reason IS NULL GROUP BY customer_id
        ), amount AS (
            SELECT item.customer_id, top.held, %(amounts)s
              FROM ar_dunning_item item
              JOIN top USING (customer_id)
              JOIN ar_dunning_account account USING (customer_id)
             WHERE item.reason IS NULL
          GROUP BY item.customer_id, top.held
        )
        SELECT amount.customer_id, amount.held, ARRAY[%(granted)s] AS granted,
               %(top)s AS level
          FROM amount JOIN ar_dunning_account account USING (customer_id) %(steps)s
        """,
        amounts=amounts,
        granted=SQL(", ").join(_granted(number) for number in numbers),
        top=_granted(scope.levels),
        steps=steps,
    )


def _wanted(scope: Scope, held: SQL) -> SQL:
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


def going(scope: Scope) -> SQL:
    """The items of the notices: ``goes`` is the level of each, ``level`` that of the account."""
    wanted = _wanted(scope, SQL("choice.held"))
    return SQL(
        """
        SELECT * FROM (
            SELECT item.*, account.by_account, account.stop, account.last_date, account.problem,
                   CASE WHEN account.by_account THEN LEAST(choice.level, %(wanted)s)
                        ELSE choice.granted[%(wanted)s] END AS goes
              FROM ar_dunning_item item
              JOIN ar_dunning_account account USING (customer_id)
              JOIN ar_dunning_choice choice USING (customer_id)
             WHERE item.reason IS NULL AND choice.level > 0
        ) item
        WHERE CASE WHEN by_account THEN customer_id IN (
                  SELECT item.customer_id FROM ar_dunning_item item
                    JOIN ar_dunning_account account USING (customer_id)
                    JOIN ar_dunning_choice choice USING (customer_id)
                   WHERE item.reason IS NULL AND LEAST(choice.level, %(wanted)s) > item.held)
              ELSE goes > held END
        """,
        wanted=wanted,
    )


def insert_notices(scope: Scope, uid) -> SQL:
    """One notice for each customer, currency and recipient, by the channels that can reach it."""
    return SQL(
        """
        INSERT INTO ar_dunning_notice (
            run_id, company_id, date, partner_id, recipient_id, currency_id,
            policy_id, assignment_id, level_id, level_number, proposed_number, state, by_email,
            by_letter, by_call, ask_salesperson, rerouted, amount, amount_company, interest,
            compensation, charge, item_count, item_values, days, deadline, needs_approval,
            collector_id, salesperson_id, create_uid, create_date, write_uid, write_date)
        SELECT %(run)s, %(root)s, %(date)s, notice.customer_id, recipient.id, notice.currency_id,
               notice.policy_id, notice.assignment_id, level.id, level.number, level.number,
               'proposed', level.by_email AND reach.mail,
               (level.by_letter OR lost AND policy.fallback_channel = 'letter') AND reach.post,
               level.by_call OR lost AND policy.fallback_channel = 'call'
                   OR (level.by_letter OR lost) AND NOT reach.post
                   OR level.ask_salesperson AND notice.salesperson_id IS NULL,
               level.ask_salesperson AND notice.salesperson_id IS NOT NULL,
               CASE WHEN lost THEN 'no_email'
                    WHEN level.by_letter AND NOT reach.post THEN 'no_address'
                    WHEN level.ask_salesperson AND notice.salesperson_id IS NULL
                    THEN 'no_salesperson' END,
               notice.amount, notice.amount_company, 0, 0, 0, notice.items, notice.item_values,
               notice.days, %(date)s + level.deadline_days, level.approval_amount > 0
               AND notice.amount_company > level.approval_amount * notice.rate,
               notice.collector_id, notice.salesperson_id,
               %(uid)s, now() at time zone 'UTC', %(uid)s, now() at time zone 'UTC'
          FROM (%(grouped)s) notice
          JOIN ar_dunning_policy policy ON policy.id = notice.policy_id
          JOIN ar_dunning_level level
            ON level.policy_id = notice.policy_id AND level.number = notice.number
     LEFT JOIN LATERAL (%(contact)s) contact ON TRUE
          JOIN res_partner recipient ON recipient.id = COALESCE(
               notice.dunning_contact_id, contact.id, notice.customer_id)
     LEFT JOIN mail_blacklist blocked
            ON blocked.email = recipient.email_normalized AND blocked.active
    CROSS JOIN LATERAL (
            SELECT recipient.email_normalized IS NOT NULL AND blocked.id IS NULL AS mail,
                   COALESCE(recipient.street, '') <> '' AND COALESCE(recipient.city, '') <> ''
                   AS post
          ) reach
    CROSS JOIN LATERAL (SELECT level.by_email AND NOT reach.mail AS lost) lose
        """,
        run=scope.run,
        root=scope.root,
        date=SQL("%s::date", scope.date),
        uid=uid,
        grouped=_grouped(scope),
        contact=INVOICE_CONTACT,
    )


def _grouped(scope) -> SQL:
    """What goes out, by customer and currency, with the items as they stand now."""
    return SQL(
        """
        SELECT sums.*, account.policy_id, account.assignment_id, account.salesperson_id,
               account.collector_id, account.dunning_contact_id, account.rate,
               CASE WHEN account.by_account THEN choice.level ELSE sums.goes END AS number
          FROM (
            SELECT item.customer_id, item.currency_id, MAX(item.goes) AS goes,
                   SUM(item.residual_currency - item.covered) AS amount,
                   SUM(item.asked) AS amount_company, COUNT(*) AS items, MAX(item.days) AS days,
                   %(values)s AS item_values
              FROM (
                SELECT * FROM (%(going)s) going WHERE going.stop IS NULL
              ORDER BY customer_id, currency_id, due, line_id  -- as letters list them
              ) item
          GROUP BY item.customer_id, item.currency_id
          ) sums
          JOIN ar_dunning_account account USING (customer_id)
          JOIN ar_dunning_choice choice USING (customer_id)
        """,
        values=pack(),
        going=going(scope),
    )


# The invoice address of a customer: one with an e-mail address before one without.
INVOICE_CONTACT = SQL(
    """
    SELECT id FROM res_partner
     WHERE commercial_partner_id = notice.customer_id AND id <> notice.customer_id
       AND type = 'invoice' AND active
  ORDER BY email_normalized IS NULL, id LIMIT 1
    """
)


def insert_left_out(scope: Scope) -> SQL:
    """What was left out and why: items, and customers that get no notice at all."""
    return SQL(
        """
        INSERT INTO ar_dunning_left_out (
            run_id, notice_id, company_id, partner_id, move_line_id, name, currency_id, amount,
            reason, note)
        SELECT %(run)s, notice.id, %(root)s, item.customer_id, item.line_id,
               item.name, item.currency_id, item.residual_currency, item.reason, item.note
          FROM ar_dunning_item item
     LEFT JOIN ar_dunning_notice notice
            ON notice.run_id = %(run)s AND notice.partner_id = item.customer_id
           AND notice.currency_id = item.currency_id
         WHERE item.reason IS NOT NULL
     UNION ALL
        SELECT %(run)s, NULL, %(root)s, item.customer_id, NULL, NULL, item.currency_id,
               SUM(item.residual_currency - item.covered), item.stop,
               CASE item.stop WHEN 'interval' THEN item.last_date::text
                              WHEN 'policy' THEN item.problem END
          FROM (%(going)s) item
         WHERE item.stop IS NOT NULL
      GROUP BY item.customer_id, item.currency_id, item.stop, item.last_date, item.problem
     UNION ALL
        SELECT %(run)s, NULL, %(root)s, item.customer_id, NULL, NULL, item.currency_id,
               SUM(item.residual_currency - item.covered), 'short', NULL
          FROM ar_dunning_item item
          JOIN ar_dunning_choice choice USING (customer_id)
         WHERE item.reason IS NULL AND choice.level = 0
      GROUP BY item.customer_id, item.currency_id
        """,
        run=scope.run,
        root=scope.root,
        going=going(scope),
    )
