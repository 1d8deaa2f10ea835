"""What the ledger of commissions must hold, as one statement over invoices.

Its steps are common table expressions, each a function of this module. The arithmetic is
explained in ``rules/commission.py``; amounts are ``numeric`` throughout, so nothing is lost before
it is rounded.

doc      customer documents, with company, customer, total and grade
payee    who shares a document, and to which part
earner   payees with contract, plan and version
base     what each rule's lines are worth, per document and version
matched  what settled a document: money, credit notes, anything else
money    how much of an entry of a bank or cash journal is money
settled  what money and credit notes took of a document, per version
part     settlements that earn, with days and speed factor, per version
source   everything that earns, not rounded
target   the entries
"""

from dataclasses import dataclass

from odoo.tools import SQL

NOISE = 10  # decimals to which a chain of divisions is trusted

# One row, of which PostgreSQL expects a thousand. Nothing is known about the size of a step, so one
# row is expected of it, and the next step would walk through all of it for every row of its own.
_MANY = SQL("CROSS JOIN LATERAL regexp_split_to_table('', ',') AS many")
INVOICES = SQL("('out_invoice', 'out_receipt')")
DOCUMENTS = SQL("('out_invoice', 'out_receipt', 'out_refund')")


@dataclass(frozen=True)
class Scope:
    """Which versions count, and when.

    versions: condition on ``version``. covered: condition that version and contract are those of
    the day ``doc.day``; a simulation asks what would have been, whatever the dates say.
    margin: whether sale orders know their margin.
    """

    versions: SQL
    by_date: bool
    margin: bool

    @classmethod
    def in_force(cls, env):
        return cls(SQL("version.state = 'active'"), True, _knows_margin(env))

    @classmethod
    def simulated(cls, env, version):
        return cls(SQL("version.id = %s", version.id), False, _knows_margin(env))

    def covers(self, alias: str) -> SQL:
        if not self.by_date:
            return SQL("TRUE")
        start, end = SQL.identifier(alias, "date_from"), SQL.identifier(alias, "date_to")
        return SQL(
            "doc.day >= %(start)s AND (%(end)s IS NULL OR doc.day <= %(end)s)", start=start, end=end
        )


def _knows_margin(env) -> bool:
    return "purchase_price" in env["sale.order.line"]._fields


def until(scope: Scope, moves: SQL, last: str) -> SQL:
    """CTEs up to the step ``last``; ``moves`` is a query of ids of documents."""
    return chain(steps(scope, moves), last)


def steps(scope: Scope, moves: SQL) -> dict[str, SQL]:
    return {
        "doc": documents(moves),
        "payee": payees(SQL("move_id")),
        "contract": contracts(scope),
        "earner": earners(scope),
        "base": bases(scope),
        "matched": matched(),
        "money": money(),
        "settled": settled(),
        "part": parts(),
        "source": sources(),
        "target": rounded(),
    }


def chain(ctes: dict[str, SQL], last: str) -> SQL:
    names = list(ctes)
    return SQL(", ").join(
        SQL("%s AS MATERIALIZED (%s)", SQL.identifier(name), ctes[name])
        for name in names[: names.index(last) + 1]
    )


def documents(moves: SQL) -> SQL:
    return SQL(
        """
        SELECT move.id, move.company_id, company.currency_id, move.commercial_partner_id,
               split_part(company.parent_path, '/', 1)::int AS root_id, move.partner_id,
               move.invoice_user_id, move.team_id, move.invoice_payment_term_id, move.name,
               COALESCE(move.invoice_date, move.date) AS day,
               move.move_type = 'out_refund' AS is_refund, ABS(move.amount_total) AS total,
               currency.rounding AS coin, COALESCE(known.grade, profile.grade, '-') AS grade
          FROM account_move move
          JOIN res_company company ON company.id = move.company_id
          JOIN res_currency currency ON currency.id = company.currency_id
     LEFT JOIN ar_commission_grade known ON known.move_id = move.id
     LEFT JOIN ar_credit_profile profile ON profile.partner_id = move.commercial_partner_id
           AND profile.company_id = split_part(company.parent_path, '/', 1)::int
         WHERE move.id IN (%(moves)s) AND move.state = 'posted'
           AND move.move_type IN %(types)s AND move.amount_total <> 0
        """,
        moves=moves,
        types=DOCUMENTS,
    )


def payees(owner: SQL) -> SQL:
    """The document's own shares, or its customer's, or its salesperson alone.

    owner: column of a share that names the document.
    """
    return SQL(
        """
        SELECT doc.id AS doc_id, share.payee_id, share.percent, share.id AS place
          FROM doc JOIN ar_commission_share share ON share.%(owner)s = doc.id
     UNION ALL
        SELECT doc.id, share.payee_id, share.percent, share.id
          FROM doc JOIN ar_commission_share share ON share.partner_id = doc.commercial_partner_id
           AND share.company_id = doc.root_id
         WHERE NOT EXISTS (SELECT FROM ar_commission_share own WHERE own.%(owner)s = doc.id)
     UNION ALL
        SELECT doc.id, seller.partner_id, 100, 0
          FROM doc JOIN res_users seller ON seller.id = doc.invoice_user_id
         WHERE NOT EXISTS (SELECT FROM ar_commission_share own WHERE own.%(owner)s = doc.id)
           AND NOT EXISTS (SELECT FROM ar_commission_share own
                            WHERE own.partner_id = doc.commercial_partner_id
                              AND own.company_id = doc.root_id)
        """,
        owner=owner,
    )


def contracts(scope: Scope) -> SQL:
    """Contracts by person: his own, that of the invoice's team, that of a team he belongs to."""
    return SQL(
        """
        SELECT member.id, member.plan_id, member.share_percent, member.date_from, member.date_to,
               plan.company_id, plan.mode, who.payee_id, who.team_id, who.rank
          FROM ar_commission_member member
          JOIN ar_commission_plan plan ON plan.id = member.plan_id AND plan.active
          JOIN LATERAL (
               SELECT member.payee_id, NULL::int AS team_id, 1 AS rank
                WHERE member.team_id IS NULL
            UNION ALL
               SELECT NULL, member.team_id, 2 WHERE member.team_id IS NOT NULL
            UNION ALL
               SELECT seller.partner_id, NULL, 3 FROM crm_team_member inside
                 JOIN res_users seller ON seller.id = inside.user_id
                WHERE inside.crm_team_id = member.team_id AND inside.active) who ON TRUE
         WHERE EXISTS (SELECT FROM ar_commission_version version
                        WHERE version.plan_id = plan.id AND %(versions)s)
        """,
        versions=scope.versions,
    )


def earners(scope: Scope) -> SQL:
    """One row a document and person: by which version he earns, and what part.

    A team's contract is for people with a user: an agent has one of his own.
    """
    return SQL(
        """
        SELECT who.doc_id, who.payee_id, who.place, who.user_id, who.mode,
               who.percent * who.share_percent / 100 AS percent,
               version.id AS version_id, version.plan_id, version.in_process, version.clock,
               version.basis, COALESCE(term.factor, 1) AS term_factor,
               CASE WHEN doc.is_refund THEN 0
                    WHEN version.trigger = 'payment' THEN COALESCE(version.upfront_percent, 0)
                    WHEN version.trigger = 'payment_for_grades'
                     AND CASE doc.grade WHEN '-' THEN version.unrated_critical
                              ELSE doc.grade >= version.critical_grade END THEN 0
                    ELSE 100 END AS upfront
          FROM (
            SELECT DISTINCT ON (payee.doc_id, payee.payee_id) payee.*, seller.id AS user_id,
                   contract.plan_id, contract.share_percent, contract.mode
              FROM payee
              JOIN doc ON doc.id = payee.doc_id
         LEFT JOIN (SELECT DISTINCT ON (partner_id) partner_id, id FROM res_users
                  ORDER BY partner_id, active DESC, id) seller
                ON seller.partner_id = payee.payee_id
              JOIN contract ON contract.company_id = doc.root_id AND %(contract)s
               AND (contract.payee_id = payee.payee_id
                    OR contract.team_id = doc.team_id AND seller.id IS NOT NULL)
          ORDER BY payee.doc_id, payee.payee_id, contract.rank, contract.id) who
          JOIN doc ON doc.id = who.doc_id
          JOIN ar_commission_version version ON version.plan_id = who.plan_id
           AND %(versions)s AND %(version)s
     LEFT JOIN ar_commission_term term ON term.version_id = version.id
           AND term.payment_term_id = doc.invoice_payment_term_id %(many)s
        """,
        many=_MANY,
        contract=scope.covers("contract"),
        versions=scope.versions,
        version=scope.covers("version"),
    )


def bases(scope: Scope) -> SQL:
    return bases_of(
        SQL(
            """JOIN account_move_line line ON line.move_id = doc.id
                AND line.display_type = 'product'"""
        ),
        net=SQL("-line.balance"),
        margin=_margin() if scope.margin else SQL("NULL::numeric"),
    )


def bases_of(lines: SQL, net: SQL, margin: SQL) -> SQL:
    """What a rule is about, in company currency; negative of a credit note.

    lines: a join of the lines of ``doc``. net, margin: what a line is worth.
    """
    return SQL(
        """
        SELECT summed.* FROM (
        SELECT doc_id, version_id, rule_id, rate, SUM(worth) AS base
          FROM (
            SELECT doc.id AS doc_id, terms.version_id, rule.id AS rule_id, rule.rate, terms.mode,
                   CASE terms.basis WHEN 'margin' THEN %(margin)s ELSE %(net)s END AS worth,
                   ROW_NUMBER() OVER (PARTITION BY line.id, terms.version_id
                                      ORDER BY rule.sequence, rule.id) AS place
              FROM (SELECT DISTINCT doc_id, version_id, mode, basis FROM earner) terms
              JOIN doc ON doc.id = terms.doc_id
              %(lines)s
         LEFT JOIN product_product product ON product.id = line.product_id
         LEFT JOIN product_template template ON template.id = product.product_tmpl_id
         LEFT JOIN product_category category ON category.id = template.categ_id
              JOIN ar_commission_rule rule ON rule.version_id = terms.version_id
         LEFT JOIN product_category above ON above.id = rule.categ_id
             WHERE (rule.product_id IS NULL OR rule.product_id = line.product_id)
               AND (above.id IS NULL OR starts_with(category.parent_path, above.parent_path))
               AND (rule.grade IS NULL OR rule.grade = doc.grade)
               AND (rule.tag_id IS NULL OR EXISTS (
                    SELECT FROM res_partner_res_partner_category_rel tag
                     WHERE tag.category_id = rule.tag_id
                       AND tag.partner_id IN (doc.partner_id, doc.commercial_partner_id)))) found
         WHERE mode = 'stack' OR place = 1
      GROUP BY doc_id, version_id, rule_id, rate) summed %(many)s
        """,
        many=_MANY,
        lines=lines,
        net=net,
        margin=margin,
    )


def _margin() -> SQL:
    """Of lines that come from orders, whose cost is known; other lines have none."""
    return SQL(
        """COALESCE((
            SELECT -line.balance - SIGN(-line.balance) * ABS(line.quantity)::numeric
                   * AVG(sold.purchase_price::numeric / NULLIF(sale.currency_rate, 0)::numeric)
              FROM sale_order_line_invoice_rel rel
              JOIN sale_order_line sold ON sold.id = rel.order_line_id
              JOIN sale_order sale ON sale.id = sold.order_id
             WHERE rel.invoice_line_id = line.id), 0)"""
    )


def matched() -> SQL:
    """Reconciliations of a document's receivable, in its own currency and the company's; a payment
    that was reset to draft stays matched, but is no money."""
    return SQL(
        """
        SELECT match.id, doc.id AS doc_id, item.date_maturity,
               match.debit_amount_currency AS settled, match.amount,
               counter.id AS counter_id, counter.move_id AS counter_move_id, counter.date
          FROM doc
          JOIN account_move_line item ON item.move_id = doc.id
           AND item.display_type = 'payment_term'
          JOIN account_partial_reconcile match ON match.debit_move_id = item.id
          JOIN account_move_line counter ON counter.id = match.credit_move_id
         WHERE NOT doc.is_refund AND match.debit_amount_currency <> 0
           AND counter.parent_state = 'posted'
     UNION ALL
        SELECT match.id, doc.id, item.date_maturity, match.credit_amount_currency,
               match.amount, counter.id, counter.move_id, counter.date
          FROM doc
          JOIN account_move_line item ON item.move_id = doc.id
           AND item.display_type = 'payment_term'
          JOIN account_partial_reconcile match ON match.credit_move_id = item.id
          JOIN account_move_line counter ON counter.id = match.debit_move_id
         WHERE doc.is_refund AND match.credit_amount_currency <> 0
           AND counter.parent_state = 'posted'
     UNION ALL
        SELECT -payment_id, doc_id, date_maturity, settled, amount, NULL, -payment_id, date
          FROM (%s) pending WHERE settled > 0
        """,
        _pending(),
    )


def _pending() -> SQL:
    """Payments that Odoo keeps without an entry, spread over what is open of their documents.

    A payment pays its documents in the order in which they are due; of several payments the oldest
    comes first. Once the bank's money is matched, nothing is open any more. Payments in another
    currency than the document wait for the bank.
    """
    return SQL(
        """
        WITH known AS MATERIALIZED (
            SELECT DISTINCT link.payment_id
              FROM doc JOIN account_move__account_payment link ON link.invoice_id = doc.id)
        SELECT given.payment_id, doc.id AS doc_id, given.date, given.date_maturity,
               given.amount * given.rate AS amount, given.amount AS settled
          FROM (
            SELECT spread.*, GREATEST(0, LEAST(wanted, residual - COALESCE(SUM(wanted) OVER (
                       PARTITION BY move_id ORDER BY date, payment_id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS amount
              FROM (
                SELECT payment.id AS payment_id, payment.date, move.id AS move_id,
                       move.amount_residual AS residual, move.invoice_date_due AS date_maturity,
                       ABS(move.amount_residual_signed) / move.amount_residual AS rate,
                       GREATEST(0, LEAST(move.amount_residual, payment.amount - COALESCE(
                           SUM(move.amount_residual) OVER (
                               PARTITION BY payment.id ORDER BY move.invoice_date_due, move.id
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS wanted
                  FROM account_payment payment
                  JOIN account_move__account_payment link ON link.payment_id = payment.id
                  JOIN account_move move ON move.id = link.invoice_id
                   AND move.currency_id = payment.currency_id AND move.state = 'posted'
                   AND move.amount_residual > 0 AND move.move_type = CASE payment.payment_type
                       WHEN 'outbound' THEN 'out_refund' ELSE 'out_invoice' END
                 WHERE payment.id IN (SELECT payment_id FROM known)
                   AND payment.move_id IS NULL AND payment.state IN ('in_process', 'paid')
              ) spread) given
          JOIN doc ON doc.id = given.move_id
        """
    )


def money() -> SQL:
    """Of the receivable in an entry of a bank or cash journal: how much (``coming`` of ``whole``)
    is money or a discount for paying early, rather than a write-off; is it seen by the bank?"""
    return SQL(
        """
        SELECT found.* FROM (
        SELECT id, whole, at_bank,
               LEAST(whole, GREATEST(0, whole - GREATEST(0, written_off))) AS coming
          FROM (%s) entry WHERE whole > 0
     UNION ALL
        SELECT -payment.id, 1, payment.is_matched IS TRUE, 1
          FROM (SELECT DISTINCT -counter_move_id AS id FROM matched WHERE counter_id IS NULL) known
          JOIN account_payment payment ON payment.id = known.id) found %s
        """,
        _claims(),
        _MANY,
    )


def _claims() -> SQL:
    """What entries of bank and cash journals settle, and how much their other lines write off."""
    return SQL(
        """
        SELECT id, at_bank, ABS(SUM(balance) FILTER (WHERE claims)) AS whole,
               COALESCE(SUM(balance) FILTER (WHERE NOT claims AND lost), 0)
               * CASE WHEN SUM(balance) FILTER (WHERE claims) > 0 THEN -1 ELSE 1 END
               AS written_off
          FROM (SELECT entry.id, item.balance,
                       payment.id IS NULL OR payment.is_matched IS TRUE AS at_bank,
                       account.account_type IN ('asset_receivable', 'liability_payable')
                       AS claims,
                       CASE WHEN payment.id IS NULL
                            THEN account.account_type LIKE 'income%%'
                              OR account.account_type LIKE 'expense%%'
                            ELSE account.account_type <> 'asset_cash'
                             AND account.id IS DISTINCT FROM payment.outstanding_account_id
                             AND account.id IS DISTINCT FROM journal.default_account_id END
                       AND item.tax_line_id IS NULL AND account.id IS DISTINCT FROM
                           company.account_journal_early_pay_discount_loss_account_id AS lost
                  FROM (SELECT DISTINCT counter_move_id AS id FROM matched) known
                  JOIN account_move entry ON entry.id = known.id
                  JOIN account_journal journal ON journal.id = entry.journal_id
                  JOIN res_company company ON company.id = entry.company_id
             LEFT JOIN account_payment payment ON payment.id = entry.origin_payment_id
                  JOIN account_move_line item ON item.move_id = entry.id
                  JOIN account_account account ON account.id = item.account_id
                 WHERE journal.type IN ('bank', 'cash', 'credit')) line
      GROUP BY id, at_bank
        """
    )


def parts() -> SQL:
    """Settlements by money, as far as the version counts them, with their speed.

    Money that a credit note is paid out with takes back at the plain rate.
    """
    return SQL(
        """
        SELECT match.id, match.doc_id, terms.version_id, match.counter_id, match.date, match.days,
               match.settled * money.coming AS numerator, doc.total * money.whole AS denominator,
               match.amount * money.coming / money.whole AS paid,
               CASE WHEN doc.is_refund OR NOT speed.any THEN 1 ELSE COALESCE(speed.factor, 0) END
               AS speed_factor
          FROM (SELECT DISTINCT doc_id, version_id, in_process, clock FROM earner
                 WHERE upfront < 100) terms
          JOIN doc ON doc.id = terms.doc_id
    CROSS JOIN LATERAL (
               SELECT matched.*, matched.date - CASE terms.clock WHEN 'due'
                      THEN COALESCE(matched.date_maturity, doc.day) ELSE doc.day END AS days
                 FROM matched WHERE matched.doc_id = terms.doc_id) match
          JOIN money ON money.id = match.counter_move_id
           AND (terms.in_process OR money.at_bank)
    CROSS JOIN LATERAL (
               SELECT EXISTS (SELECT FROM ar_commission_speed bracket
                               WHERE bracket.version_id = terms.version_id) AS any,
                      (SELECT bracket.factor FROM ar_commission_speed bracket
                        WHERE bracket.version_id = terms.version_id
                          AND (bracket.no_end OR match.days <= bracket.day_to)
                     ORDER BY bracket.day_from LIMIT 1) AS factor) speed
        """
    )


def settled() -> SQL:
    """What credit notes and money took of a document, by version; whether nothing is open."""
    return SQL(
        """
        SELECT terms.doc_id, terms.version_id, doc.total,
               COALESCE(SUM(match.settled) FILTER (
                   WHERE NOT (terms.in_process OR money.at_bank)), 0) AS underway,
               COALESCE(SUM(match.settled) FILTER (WHERE note.move_type = 'out_refund'), 0)
               AS noted,
               COALESCE(SUM(match.settled * money.coming / money.whole) FILTER (
                   WHERE terms.in_process OR money.at_bank), 0) AS paid,
               COALESCE(SUM(match.settled) FILTER (
                   WHERE money.id IS NULL OR terms.in_process OR money.at_bank), 0) >= doc.total
               AS closed
          FROM (SELECT DISTINCT doc_id, version_id, in_process FROM earner) terms
          JOIN doc ON doc.id = terms.doc_id
     LEFT JOIN matched match ON match.doc_id = terms.doc_id
     LEFT JOIN money ON money.id = match.counter_move_id
     LEFT JOIN account_move note ON note.id = match.counter_move_id
      GROUP BY terms.doc_id, terms.version_id, doc.total
        """
    )


def sources() -> SQL:
    """Everything that earns, not rounded: payments, the part up front, and what was waived."""
    return exact(SQL("%s UNION ALL %s UNION ALL %s", _payments(), _upfront(), _unpaid()))


def exact(source: SQL) -> SQL:
    return SQL(
        """
        SELECT source.*,
               percent * worth * numerator / denominator / 10000 AS exact_base,
               percent * worth * numerator * rate * speed_factor * term_factor
                   / denominator / 1000000 AS exact
          FROM (%s) source
        """,
        source,
    )


_EARNER = SQL(
    """earner.doc_id, earner.payee_id, earner.user_id, earner.place, earner.plan_id,
       earner.version_id, earner.percent, earner.term_factor, base.rule_id, base.rate,
       base.base AS worth, settled.closed"""
)
_EARNERS = SQL(
    """earner
          JOIN settled ON settled.doc_id = earner.doc_id
           AND settled.version_id = earner.version_id
          JOIN base ON base.doc_id = earner.doc_id AND base.version_id = earner.version_id"""
)


def _payments() -> SQL:
    return SQL(
        """
        SELECT %(earner)s, 'payment' AS kind, part.id AS partial_ref, part.counter_id, part.date,
               part.days, part.paid, part.numerator * (100 - earner.upfront) AS numerator,
               part.denominator,
               CASE WHEN EXISTS (
                    SELECT FROM ar_commission_waiver waiver
                     WHERE waiver.active AND waiver.move_id = earner.doc_id
                       AND COALESCE(waiver.payee_id, earner.payee_id) = earner.payee_id
                       AND waiver.kind = 'late')
                    THEN GREATEST(part.speed_factor, 1) ELSE part.speed_factor END AS speed_factor
          FROM %(earners)s
          JOIN part ON part.doc_id = earner.doc_id AND part.version_id = earner.version_id
         WHERE earner.upfront < 100
        """,
        earner=_EARNER,
        earners=_EARNERS,
    )


def _upfront() -> SQL:
    return SQL(
        """
        SELECT %(earner)s, 'upfront', 0, NULL::int, doc.day, 0, 0,
               (settled.total - settled.noted) * earner.upfront, settled.total, 1
          FROM %(earners)s
          JOIN doc ON doc.id = earner.doc_id
         WHERE earner.upfront > 0
        """,
        earner=_EARNER,
        earners=_EARNERS,
    )


def _unpaid() -> SQL:
    """What nobody has paid, where a manager says that it is earned all the same."""
    return SQL(
        """
        SELECT %(earner)s, 'waiver', 0, NULL::int, waived.day, 0, 0,
               (settled.total - settled.noted - settled.paid) * (100 - earner.upfront),
               settled.total, 1
          FROM %(earners)s
          JOIN (SELECT move_id, payee_id, MIN(create_date)::date AS day FROM ar_commission_waiver
                 WHERE active AND kind = 'unpaid' GROUP BY move_id, payee_id) waived
            ON waived.move_id = earner.doc_id
           AND COALESCE(waived.payee_id, earner.payee_id) = earner.payee_id
         WHERE earner.upfront < 100 AND settled.total - settled.noted - settled.paid > 0
        """,
        earner=_EARNER,
        earners=_EARNERS,
    )


def _round(amount: SQL) -> SQL:
    return SQL("round(round(%s, %s) / coin) * coin", amount, NOISE)


def rounded() -> SQL:
    """Entries in whole coins.

    What is no payment is shared so that the people's parts add up. Of a closed document, the last
    payment that earned something takes the remainder.
    """
    return SQL(
        """
        SELECT summed.*,
               CASE WHEN is_last THEN %(whole)s - (all_amounts - plain) ELSE plain END AS amount,
               CASE WHEN is_last THEN %(whole_base)s - (all_bases - plain_base)
                    ELSE plain_base END AS base
          FROM (
            SELECT single.*, closed AND kind = 'payment' AND ROW_NUMBER() OVER (
                       PARTITION BY doc_id, rule_id, payee_id
                       ORDER BY kind = 'payment' DESC, plain <> 0 DESC, date DESC,
                                partial_ref DESC) = 1 AS is_last,
                   SUM(plain) OVER person AS all_amounts, SUM(plain_base) OVER person AS all_bases,
                   SUM(exact) OVER upto AS running, SUM(exact) OVER person AS own,
                   SUM(exact_base) OVER upto AS running_base,
                   SUM(exact_base) OVER person AS own_base
              FROM (SELECT source.*, doc.coin, doc.company_id, doc.currency_id, doc.name AS number,
                           doc.commercial_partner_id AS partner_id,
                           CASE kind WHEN 'payment' THEN %(plain)s ELSE %(share)s END AS plain,
                           CASE kind WHEN 'payment' THEN %(plain_base)s ELSE %(share_base)s END
                           AS plain_base
                      FROM (SELECT source.*, SUM(exact) OVER kind AS so_far,
                                   SUM(exact_base) OVER kind AS base_so_far FROM source
                            WINDOW kind AS (PARTITION BY doc_id, rule_id, kind, partial_ref
                                            ORDER BY place, payee_id)) source
                      JOIN doc ON doc.id = source.doc_id) single
            WINDOW person AS (PARTITION BY doc_id, rule_id, payee_id),
                   upto AS (PARTITION BY doc_id, rule_id ORDER BY place, payee_id)) summed %(many)s
        """,
        many=_MANY,
        whole=_part(SQL("running"), SQL("own")),
        whole_base=_part(SQL("running_base"), SQL("own_base")),
        plain=_round(SQL("exact")),
        plain_base=_round(SQL("exact_base")),
        share=_part(SQL("so_far"), SQL("exact")),
        share_base=_part(SQL("base_so_far"), SQL("exact_base")),
    )


def _part(running: SQL, own: SQL) -> SQL:
    """What is somebody's of a rounded sum, by the sum up to him and what he adds to it."""
    return SQL("(%s - %s)", _round(running), _round(SQL("(%s - %s)", running, own)))
