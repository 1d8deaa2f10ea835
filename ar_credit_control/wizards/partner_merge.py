from odoo import api, models

from ..models.unkeyed import UNKEYED_PARTNERS


class MergePartner(models.TransientModel):
    """Merging customers: core would throw away the profile of all but one of them."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        # core allowed the merge; what was decided must not depend on who merges
        profiles = self.env["ar.credit.profile"].sudo()
        companies = set()
        for profile in profiles.search([("partner_id", "in", src_partners.ids)]):
            kept = profiles.search(
                [("partner_id", "=", dst_partner.id), ("company_id", "=", profile.company_id.id)]
            )
            if kept:
                companies.add(profile.company_id)
                self._ar_merge_profiles(profile, kept)
            else:
                profile.partner_id = dst_partner
        result = super()._update_foreign_keys(src_partners, dst_partner)
        for company in companies:  # notices of both are the kept one's now
            profiles._refresh_dunning(company, dst_partner.ids)
        return result

    def _get_fk_on(self, table):
        """With columns that name a contact without a key."""
        found = super()._get_fk_on(table)
        return [*found, *UNKEYED_PARTNERS] if table == "res_partner" else found

    @api.model
    def _ar_merge_profiles(self, profile, kept):
        """Keep one profile with the decisions, history and to-dos of both."""
        kept.write(profile._get_stricter(kept))
        self.env.flush_all()
        self._update_foreign_keys_generic(profile._name, profile, kept)
        self._update_reference_fields_generic(profile._name, profile, kept)
        profile.unlink()
