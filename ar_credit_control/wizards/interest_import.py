import base64

from odoo import fields, models
from odoo.exceptions import UserError


class InterestImport(models.TransientModel):
    """The yearly update of reference rates from a table."""

    _name = "ar.interest.import"
    _description = "Import reference rates"

    file = fields.Binary(
        required=True,
        help="CSV with the columns reference (code), date_from (2026-07-01) and rate (2.15).",
    )
    file_name = fields.Char()

    def action_import(self):
        """Enter the table's rates; those that are there take the table's value."""
        self.ensure_one()
        self.env["ar.interest.rate"].check_access("create")
        try:
            text = base64.b64decode(self.file).decode()
        except UnicodeDecodeError:
            raise UserError(
                self.env._("%s is not a text in UTF-8: save the table as CSV.", self.file_name)
            )
        new, changed = self.env["ar.interest.reference"]._import_rates(text)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(new)s rates added, %(changed)s changed.", new=new, changed=changed
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
