from odoo import models


class AccountPaymentTerm(models.Model):
    _inherit = "account.payment.term"

    def _ar_last_day(self, today):
        """Days from an invoice of today to the last instalment; 0 without a term."""
        return max(((line._get_due_date(today) - today).days for line in self.line_ids), default=0)
