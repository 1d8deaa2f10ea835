"""A customer's open case on the receivables widget, read with what the profile says anyhow."""

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..rules.collection_case import PHASES

# Friendly reminders are no news to anybody; from here on the case is.
SHOWN = PHASES[1:-1]


class CreditProfile(models.Model):
    _inherit = "ar.credit.profile"

    case_phase = fields.Selection(
        [("formal_notice", "Formal notice"), ("hand_over", "Handed over"), ("legal", "Legal")],
        string="Collection case",
        readonly=True,
        index="btree_not_null",
        help="The phase of the customer's open case, once it is beyond friendly reminders.",
    )

    def _check_write(self, vals):
        if not self.env.su and "case_phase" in vals:
            raise AccessError(self.env._("The phase follows from the customer's cases."))
        return super()._check_write(vals)

    @api.model
    def _refresh_case_phase(self, partner_ids, company):
        """Note how far the furthest open case of each customer has come."""
        self._ensure(partner_ids, company)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE ar_credit_profile profile
                   SET case_phase = found.phase
                  FROM (
                    SELECT wanted.id, (
                        SELECT phase FROM ar_collection_case claim
                         WHERE claim.partner_id = wanted.id AND claim.company_id = %(company)s
                           AND claim.phase = ANY(%(shown)s)
                      ORDER BY array_position(%(shown)s, claim.phase::text) DESC LIMIT 1
                        ) AS phase
                      FROM unnest(%(partners)s) wanted(id)
                  ) found
                 WHERE found.id = profile.partner_id AND profile.company_id = %(company)s
                   AND profile.case_phase IS DISTINCT FROM found.phase
                """,
                company=company.id,
                shown=list(SHOWN),
                partners=partner_ids,
            )
        )
        self.invalidate_model(["case_phase"])


class CollectionCase(models.Model):
    _inherit = "ar.collection.case"

    @api.model_create_multi
    def create(self, vals_list):
        cases = super().create(vals_list)
        cases.filtered(lambda case: case.phase in SHOWN)._refresh_profiles()
        return cases

    def write(self, vals):
        if not {"phase", "partner_id"} & vals.keys():
            return super().write(vals)
        before = self._get_customers()
        result = super().write(vals)
        self._refresh_profiles(before)
        return result

    def unlink(self):
        before = self._get_customers()
        result = super().unlink()
        self._refresh_profiles(before)
        return result

    def _get_customers(self):
        return [(case.partner_id, case.company_id) for case in self]

    def _refresh_profiles(self, more=()):
        # who may move the case moves what the profile says of it
        Profile = self.env["ar.credit.profile"].sudo()
        pairs = {*self.exists()._get_customers(), *more}
        for company in {company for _customer, company in pairs}:
            customers = [customer.id for customer, owner in pairs if owner == company]
            Profile._refresh_case_phase(sorted(customers), company)


class CreditTexts(models.AbstractModel):
    _inherit = "ar.credit.texts"

    def _chips(self, verdict):
        chips = super()._chips(verdict)
        if not verdict.case_phase:
            return chips
        phases = self.env["ar.credit.profile"]._fields["case_phase"]
        labels = dict(phases._description_selection(self.env))
        return [
            *chips,
            {
                "key": "case",
                "label": labels.get(verdict.case_phase, verdict.case_phase),
                "tone": "warning" if verdict.case_phase == "formal_notice" else "danger",
                "icon": "fa-gavel",
                "title": self.env._("An open collection case: speak with its collector first."),
            },
        ]
