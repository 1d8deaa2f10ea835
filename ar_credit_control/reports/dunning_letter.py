from odoo import models


class DunningLetterReport(models.AbstractModel):
    """A notice as a letter on paper: the same text as the e-mail's, on the company's letterhead."""

    _name = "report.ar_credit_control.report_dunning_notice"
    _description = "Dunning letter"

    def _get_report_values(self, docids, data=None):
        notices = self.env["ar.dunning.notice"].browse(docids)
        notices.check_access("read")
        # the account to pay to and who is to be asked, which not everybody may look up
        sudo = notices.sudo()
        return {
            "doc_ids": notices.ids,
            "doc_model": notices._name,
            "docs": notices,
            "letters": {notice.id: notice._letter_values() for notice in sudo},
        }
