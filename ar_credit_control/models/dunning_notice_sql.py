"""What a proposal writes, as SQL: notices, and what was left out and why, by one statement.

It reads the tables of ``dunning_sql``.
"""

from odoo.tools import SQL

from .dunning_item_sql import pack
from .dunning_sql import Scope, wanted


def insert_proposal(scope: Scope) -> SQL:
    """Notices of customers that nothing stops, and a row for each item or customer left out."""
    return SQL(
        """
        WITH notice AS (%(notices)s RETURNING id, partner_id, currency_id)
        %(left_out)s
        """,
        notices=_insert_notices(scope),
        left_out=_insert_left_out(scope),
    )


def insert_named(run) -> SQL:
    """The levels and currencies that the notices of a run, and what it left out, name."""
    return SQL(
        """
        WITH named AS MATERIALIZED (
            SELECT DISTINCT level_id, currency_id FROM ar_dunning_notice WHERE run_id = %(run)s
        ), level AS (
            INSERT INTO ar_dunning_run_level (run_id, level_id)
            SELECT DISTINCT %(run)s, level_id FROM named
        )
        INSERT INTO ar_dunning_run_currency (run_id, currency_id)
        SELECT %(run)s, currency_id FROM named
         UNION
        SELECT run_id, currency_id FROM ar_dunning_left_out WHERE run_id = %(run)s
        """,
        run=run,
    )


def _going(scope, customers) -> SQL:
    """Items that are to go out: ``goes`` is the level of each.

    :param customers: a condition on the rows ``account`` of their customers
    """
    return SQL(
        """
        SELECT * FROM (
            SELECT item.*, account.by_account, choice.moves,
                   account.stop, account.last_date, account.problem,
                   CASE WHEN account.by_account THEN LEAST(choice.level, %(wanted)s)
                        ELSE choice.granted[%(wanted)s] END AS goes
              FROM ar_dunning_item item
              JOIN ar_dunning_account account USING (customer_id)
              JOIN ar_dunning_choice choice USING (customer_id)
             WHERE item.reason IS NULL AND choice.level > 0 AND %(customers)s
        ) item
        WHERE CASE WHEN by_account THEN moves ELSE goes > held END
        """,
        customers=customers,
        wanted=wanted(scope, SQL("choice.held")),
    )


def _insert_notices(scope) -> SQL:
    """One notice for each customer, currency and recipient, by the channels that can reach it.

    Who made it is who made the run.
    """
    return SQL(
        """
        INSERT INTO ar_dunning_notice (
            run_id, company_id, date, partner_id, recipient_id, currency_id,
            policy_id, assignment_id, level_id, level_number, proposed_number, state, by_email,
            by_letter, by_call, ask_salesperson, rerouted, amount, amount_company, interest,
            compensation, charge, item_count, items, days, deadline, needs_approval,
            collector_id, salesperson_id, create_date, write_date)
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
               notice.amount, notice.amount_company, 0, 0, 0, notice.item_count, notice.items,
               notice.days, %(date)s + level.deadline_days, level.approval_amount > 0
               AND notice.amount_company > level.approval_amount * notice.rate,
               notice.collector_id, notice.salesperson_id,
               now() at time zone 'UTC', now() at time zone 'UTC'
          FROM (%(grouped)s) notice
          JOIN ar_dunning_policy policy ON policy.id = notice.policy_id
          JOIN ar_dunning_level level
            ON level.policy_id = notice.policy_id AND level.number = notice.number
          JOIN res_partner recipient ON recipient.id = notice.recipient_id
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
        grouped=_grouped(scope),
    )


def _grouped(scope) -> SQL:
    """What goes out, by customer and currency, with the items as they stand now."""
    return SQL(
        """
        SELECT sums.*, account.policy_id, account.assignment_id, account.salesperson_id,
               account.collector_id, account.recipient_id, account.rate,
               CASE WHEN account.by_account THEN choice.level ELSE sums.goes END AS number
          FROM (
            SELECT item.customer_id, item.currency_id, MAX(item.goes) AS goes,
                   SUM(item.residual_currency - item.covered) AS amount,
                   SUM(item.asked) AS amount_company, COUNT(*) AS item_count,
                   MAX(item.days) AS days, %(values)s AS items
              FROM (
                SELECT * FROM (%(going)s) going
              ORDER BY customer_id, currency_id, due, line_id  -- as letters list them
              ) item
          GROUP BY item.customer_id, item.currency_id
          ) sums
          JOIN ar_dunning_account account USING (customer_id)
          JOIN ar_dunning_choice choice USING (customer_id)
        """,
        values=pack(),
        going=_going(scope, SQL("account.stop IS NULL")),
    )


def _insert_left_out(scope) -> SQL:
    """What was left out and why: items, and customers that get no notice at all."""
    return SQL(
        """
        INSERT INTO ar_dunning_left_out (
            run_id, notice_id, company_id, partner_id, move_line_id, name, currency_id, amount,
            reason, note)
        SELECT %(run)s, notice.id, %(root)s, item.customer_id, item.line_id,
               item.name, item.currency_id, item.residual_currency, item.reason, item.note
          FROM ar_dunning_item item
     LEFT JOIN notice
            ON notice.partner_id = item.customer_id AND notice.currency_id = item.currency_id
         WHERE item.reason IS NOT NULL
     UNION ALL
        SELECT %(run)s, NULL, %(root)s, item.customer_id, NULL, NULL, item.currency_id,
               SUM(item.residual_currency - item.covered), item.stop,
               CASE item.stop WHEN 'interval' THEN item.last_date::text
                              WHEN 'policy' THEN item.problem END
          FROM (%(stopped)s) item
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
        stopped=_going(scope, SQL("account.stop IS NOT NULL")),
    )
