from odoo import models


class CreditProfile(models.Model):
    _inherit = "ar.credit.profile"

    def _get_stricter(self, other):
        """Values for ``other`` so that nothing is open that either of the two had closed."""
        vals = {
            name: self[name].id
            for name in ("policy_id", "user_id")
            if self[name] and not other[name]
        }
        if self.manual_hold and not other.manual_hold:
            vals |= {"manual_hold": True, "manual_hold_reason": self.manual_hold_reason}
        if self.credit_mode == "no_credit":
            vals["credit_mode"] = "no_credit"
        if days := [day for day in (self.review_date, other.review_date) if day]:
            vals["review_date"] = min(days)
        return vals
