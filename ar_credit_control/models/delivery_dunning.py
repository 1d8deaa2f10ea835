"""What an invoice that did not arrive means elsewhere: reminders, score, the widget."""

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

WAITS = {
    "not_issued": "not_issued",
    "issued_not_delivered": "not_delivered",
    "refused_by_buyer": "refused",
    "disputed": "refused",
}


class DunningLeftOut(models.Model):
    _inherit = "ar.dunning.left.out"

    reason = fields.Selection(
        selection_add=[
            ("not_issued", "Rejected by the e-invoice exchange"),
            ("not_delivered", "E-invoice not delivered"),
            ("refused", "Refused or disputed by the customer"),
        ],
        ondelete={"not_issued": "cascade", "not_delivered": "cascade", "refused": "cascade"},
    )


class DunningRun(models.Model):
    _inherit = "ar.dunning.run"

    @api.model
    def _get_never_chased(self, scope):
        """Nobody is reminded of an invoice that was not issued, did not arrive or is refused."""
        self.env["ar.delivery.problem"].flush_model()
        cases = SQL(" ").join(SQL("WHEN %s THEN %s", *pair) for pair in WAITS.items())
        return [
            *super()._get_never_chased(scope),
            SQL(
                """
                SELECT open.line_id, (CASE problem.outcome %s END)::varchar AS reason,
                       COALESCE(problem.code || ' – ', '') || COALESCE(problem.text, '') AS note
                  FROM ar_delivery_problem problem
                  JOIN ar_dunning_open open ON open.move_id = problem.move_id
                 WHERE problem.state <> 'closed' AND problem.doubtful IS NOT TRUE
                """,
                cases,
            ),
        ]


class Score(models.AbstractModel):
    _inherit = "ar.score"

    @api.model
    def _marks(self):
        """An invoice that was never issued was never owed; one that is refused is disputed."""
        self.env["ar.delivery.problem"].flush_model()
        return [
            SQL(
                """
                SELECT move_id, outcome <> 'not_issued' AS disputed,
                       CASE WHEN outcome = 'not_issued' THEN opened_on END AS void_since
                  FROM ar_delivery_problem
                 WHERE state <> 'closed' AND doubtful IS NOT TRUE
                """
            ),
            *super()._marks(),
        ]


class CreditProfile(models.Model):
    """Counts of invoices that did not arrive, kept where the widget reads without a query more."""

    _inherit = "ar.credit.profile"

    rejected = fields.Integer(
        string="Rejected e-invoices", readonly=True, help="Not issued, and not mended yet."
    )
    undelivered = fields.Integer(
        string="Undelivered e-invoices", readonly=True, help="Not delivered, refused or disputed."
    )

    def _check_write(self, vals):
        if not self.env.su and {"rejected", "undelivered"} & vals.keys():
            raise AccessError(self.env._("These numbers follow from delivery problems."))
        return super()._check_write(vals)

    @api.model
    def _refresh_delivery(self, company, partner_ids):
        """Count what is open of some customers of a company tree, by one statement."""
        self._ensure(partner_ids, company)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE ar_credit_profile profile
                   SET rejected = found.rejected, undelivered = found.undelivered
                  FROM (
                    SELECT partner.id AS partner_id,
                           COUNT(problem.id) FILTER (WHERE outcome = 'not_issued') AS rejected,
                           COUNT(problem.id) FILTER (WHERE outcome <> 'not_issued') AS undelivered
                      FROM unnest(%(partners)s) partner(id)
                 LEFT JOIN ar_delivery_problem problem ON problem.partner_id = partner.id
                       AND problem.company_id = ANY(%(companies)s) AND problem.state <> 'closed'
                  GROUP BY partner.id
                  ) found
                 WHERE found.partner_id = profile.partner_id AND profile.company_id = %(root)s
                """,
                partners=partner_ids,
                companies=self.env["ar.position"]._get_company_ids(company.id),
                root=company.id,
            )
        )
        self.invalidate_model(["rejected", "undelivered"])


class CreditTexts(models.AbstractModel):
    _inherit = "ar.credit.texts"

    def _chips(self, verdict):
        chips = super()._chips(verdict)
        if verdict.rejected:
            label = self.env._("Rejected by the exchange: %s", verdict.rejected)
        elif verdict.undelivered:
            label = self.env._("Not delivered or refused: %s", verdict.undelivered)
        else:
            return chips
        return [
            *chips,
            {
                "key": "delivery",
                "label": label,
                "tone": "danger" if verdict.rejected else "warning",
                "icon": "fa-chain-broken",
                "title": self.env._("Invoices that did not arrive as they should."),
            },
        ]
