import base64

from odoo import fields, models
from odoo.exceptions import UserError


class ExchangeUpload(models.TransientModel):
    """Takes in message files that somebody saved: XML, .p7m, .zip, .eml, JSON."""

    _name = "ar.exchange.upload"
    _description = "Upload messages of an e-invoice exchange"

    account_id = fields.Many2one(
        "ar.exchange.account",
        required=True,
        default=lambda self: self.env["ar.exchange.account"].search(
            [("provider", "=", "files"), ("company_id", "in", self.env.companies.ids)], limit=1
        ),
    )
    attachment_ids = fields.Many2many(
        "ir.attachment", string="Files", bypass_search_access=True, help="One or several."
    )

    def action_upload(self):
        self.ensure_one()
        if not self.attachment_ids:
            raise UserError(self.env._("Files: choose one or more message files first."))
        files = [(file.name, base64.b64decode(file.datas or b"")) for file in self.attachment_ids]
        stored = self.account_id._upload(files)
        # safe: the bytes are kept with the messages; what was uploaded for them is the user's own
        self.attachment_ids.sudo().unlink()
        if not stored:
            raise UserError(self.env._("All of these messages were received before."))
        problems = stored.transmission_ids.sudo().move_id.ar_delivery_problem_ids
        problems = problems.filtered(lambda problem: problem.notification_id in stored)
        if len(stored) == 1 and len(problems) == 1:
            return problems.get_formview_action()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Uploaded messages"),
            "res_model": "ar.exchange.notification",
            "view_mode": "list,form",
            "domain": [("id", "in", stored.ids)],
        }
