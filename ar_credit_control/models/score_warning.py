from collections import namedtuple

from odoo import api, fields, models
from odoo.tools import SQL

Drop = namedtuple("Drop", "id partner_id profile_id before now threshold")


class CreditProfile(models.Model):
    """Early warning: who is to know that a large customer pays worse."""

    _inherit = "ar.credit.profile"

    @api.model
    def _warn_early(self, company, ids):
        """Tell of customers whose grade fell below that of the month before, once for each drop.

        The month's snapshot keeps the grade that was told, so only a further drop is news.
        """
        drops = self._drops(company, ids)
        partners = self.env["res.partner"].browse([drop.partner_id for drop in drops])
        positions = self.env["ar.position"]._get_positions(partners, company)
        for drop in drops:
            if positions[drop.partner_id].exposure >= drop.threshold:
                profile = self.sudo().browse(drop.profile_id)  # whoever asked for the assessment
                profile._tell_of_drop(drop.before, drop.now)
                snapshot = self.env["ar.score.snapshot"].sudo().browse(drop.id)
                snapshot.warned_grade = drop.now

    def _drops(self, company, ids):
        self.env["ar.score.snapshot"].flush_model()
        self.env["ar.score.model"].flush_model()
        today = fields.Date.context_today(self)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT now.id, profile.partner_id, now.profile_id, before.score_grade AS before,
                       now.score_grade AS now, COALESCE(policy.warning_exposure, 0) AS threshold
                  FROM ar_score_snapshot now
                  JOIN ar_score_snapshot before ON before.profile_id = now.profile_id
                   AND before.month = %(previous)s
                  JOIN ar_credit_profile profile ON profile.id = now.profile_id
             LEFT JOIN ar_credit_policy policy
                    ON policy.id = COALESCE(profile.policy_id, %(policy)s)
                 WHERE now.month = %(month)s AND profile.partner_id = ANY(%(ids)s)
                   AND profile.company_id = %(company)s
                   AND now.score_grade > GREATEST(before.score_grade, now.warned_grade)
                """,
                company=company.id,
                month=SQL("%s::date", today.replace(day=1)),
                previous=self.env["ar.score.model"]._previous_month(company, today),
                policy=company.sudo().ar_credit_policy_id.id or None,
                ids=SQL("%s::int[]", ids),
            )
        )
        return list(map(Drop._make, rows))

    def _tell_of_drop(self, before, now):
        """An activity for each who is to know."""
        self.ensure_one()
        for user in self._get_warned():
            self.activity_schedule(
                "ar_credit_control.activity_early_warning",
                user_id=user.id,
                summary=self.env._(
                    "%(customer)s pays worse: %(before)s → %(now)s",
                    customer=self.partner_id.display_name,
                    before=before,
                    now=now,
                ),
            )

    def _get_warned(self):
        """Who is told of a drop: the responsible and the salesperson."""
        return self._get_credit_manager() | self.partner_id.user_id
