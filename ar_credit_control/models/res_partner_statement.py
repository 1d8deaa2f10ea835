from odoo import models


class ResPartner(models.Model):
    """What the receivables widget opens for a customer."""

    _inherit = "res.partner"

    def action_ar_open_items(self):
        """Open the customer's open items in the current company: the figures of the widget."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_open_item"
        )
        action["name"] = self.env._("Open invoices of %s", self.commercial_partner_id.name)
        action["domain"] = [
            ("partner_id", "=", self.commercial_partner_id.id),
            ("root_company_id", "=", self.env.company.root_id.id),
        ]
        action["context"] = {}
        return action

    def action_ar_statement(self):
        """Print the statement of account; the report itself checks who may see the customer."""
        return self.env.ref("ar_credit_control.action_report_statement").report_action(
            self.commercial_partner_id, config=False
        )
