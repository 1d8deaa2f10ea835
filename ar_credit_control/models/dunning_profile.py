from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from .dunning_item_sql import unpack

DUNNED = {"dunning_level", "dunning_hold", "dunning_last_date", "dunning_notice_id"}


class CreditProfile(models.Model):
    """How far a customer has been reminded, and by which policy."""

    _inherit = "ar.credit.profile"

    dunning_policy_id = fields.Many2one(
        "ar.dunning.policy",
        string="Dunning policy",
        tracking=True,
        domain="[('company_id', '=', company_id)]",
        help="Empty: by the rules of the policies, else the company's.",
    )
    dunning_contact_id = fields.Many2one(
        "res.partner",
        string="Dunning contact",
        tracking=True,
        domain="[('commercial_partner_id', '=', partner_id)]",
        help="Empty: the invoice address.",
    )
    dunning_level = fields.Integer(
        string="Dunning level",
        readonly=True,
        help="The highest level of a notice about what is overdue; 0: none.",
    )
    dunning_hold = fields.Boolean(readonly=True, help="The level puts orders on hold.")
    dunning_last_date = fields.Date(string="Last notice", readonly=True)
    dunning_notice_id = fields.Many2one(
        "ar.dunning.notice", string="Latest notice", readonly=True, ondelete="set null"
    )

    def _check_write(self, vals):
        if not self.env.su and DUNNED & vals.keys():
            raise AccessError(self.env._("A dunning level is set by notices: send or cancel one."))
        return super()._check_write(vals)

    def _get_stricter(self, other):
        """What was set by hand for one of two customers that become one stays."""
        vals = super()._get_stricter(other)
        for name in ("dunning_policy_id", "dunning_contact_id"):
            if self[name] and not other[name]:
                vals[name] = self[name].id
        return vals

    @api.model
    def _refresh_dunning(self, company, partner_ids=None):
        """Bring levels up to date with notices and ledger, for all customers or for some.

        They fall back when items are paid, so the stored level is read again each night and
        before it stops an order (``_live_levels``). Profiles, levels and latest notices are put
        together by grouping: of a join PostgreSQL would expect one row while the tables have no
        statistics, and compare each customer with every other.
        """
        if partner_ids is not None:
            self._ensure(partner_ids, company)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH found AS MATERIALIZED (
                    SELECT partner_id, MAX(id) AS id, COALESCE(MAX(level), 0) AS level,
                           COALESCE(BOOL_OR(hold), FALSE) AS hold,
                           MAX(date) AS date, MAX(notice_id) AS notice_id
                      FROM (
                        SELECT partner_id, id, NULL::int AS level, NULL::bool AS hold,
                               NULL::date AS date, NULL::int AS notice_id
                          FROM ar_credit_profile
                         WHERE company_id = %(company)s AND %(scope)s
                     UNION ALL
                        SELECT partner_id, NULL, level, hold, NULL, NULL FROM (%(live)s) live
                     UNION ALL (
                        SELECT DISTINCT ON (partner_id) partner_id, NULL::int, NULL::int,
                               NULL::bool, date, id
                          FROM ar_dunning_notice
                         WHERE company_id = %(company)s AND state = 'sent' AND %(scope)s
                      ORDER BY partner_id, date DESC, id DESC)
                      ) part
                  GROUP BY partner_id
                )
                UPDATE ar_credit_profile profile
                   SET dunning_level = found.level, dunning_hold = found.hold,
                       dunning_last_date = found.date, dunning_notice_id = found.notice_id
                  FROM found
                 WHERE found.id = profile.id
                   AND (profile.dunning_level, profile.dunning_hold, profile.dunning_last_date,
                        profile.dunning_notice_id) IS DISTINCT FROM (
                        found.level, found.hold, found.date, found.notice_id)
                """,
                live=self._live_sql(company, partner_ids),
                company=company.id,
                scope=_scope(partner_ids),
            )
        )
        self.invalidate_model(list(DUNNED))

    @api.model
    def _live_levels(self, company, partner_ids):
        """``{partner id: (level, hold)}`` as the ledger stands now."""
        self.env.flush_all()
        rows = self.env.execute_query(self._live_sql(company, partner_ids))
        return {partner: (level, hold) for partner, level, hold in rows}

    @api.model
    def _live_sql(self, company, partner_ids=None):
        """Rows (partner_id, level, hold) of customers with something overdue and reminded of.

        The notices of the customers come first and are fenced off: before a table has statistics
        PostgreSQL would read all of it for each of them.
        """
        return SQL(
            """
            WITH counted AS MATERIALIZED (
                SELECT id, partner_id, policy_id FROM ar_dunning_notice
                 WHERE company_id = %(company)s AND state IN ('sent', 'start') AND %(scope)s
            )
            SELECT counted.partner_id, MAX(item.level_number) AS level,
                   COALESCE(BOOL_OR(item.level_number >= holding.number), FALSE) AS hold
              FROM counted
         LEFT JOIN (SELECT policy_id, MIN(number) AS number FROM ar_dunning_level
                     WHERE credit_hold GROUP BY policy_id) holding USING (policy_id)
        CROSS JOIN LATERAL (
                SELECT item.level_number::int4
                  FROM ar_dunning_notice notice
            CROSS JOIN LATERAL %(items)s
                  JOIN account_move_line entry ON entry.id = item.move_line_id::int4
                 WHERE notice.id = counted.id
                   AND entry.reconciled IS NOT TRUE AND entry.parent_state = 'posted'
                   AND entry.amount_residual > 0
                   AND COALESCE(entry.date_maturity, entry.date) < %(today)s
                OFFSET 0
              ) item
          GROUP BY counted.partner_id
            """,
            company=company.root_id.id,
            items=unpack("move_line_id", "level_number"),
            scope=_scope(partner_ids),
            today=fields.Date.context_today(self),
        )


def _scope(partner_ids):
    if partner_ids is None:
        return SQL("partner_id IS NOT NULL")
    return SQL("partner_id = ANY(%s)", list(partner_ids))
