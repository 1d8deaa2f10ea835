from odoo import api, fields, models
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.depends_context("company", "uid", "lang")
    def _compute_ar_widget(self):
        """Say on the widget when customers who owe something were last spoken with."""
        res = super()._compute_ar_widget()
        owing = [p for p in self if p.ar_widget and p.ar_widget.get("balance")]
        if owing:
            contacts = self.env["ar.contact"]._get_latest(
                [partner.ar_widget["partner_id"] for partner in owing]
            )
            for partner in owing:
                payload = partner.ar_widget
                latest = contacts.get(payload["partner_id"], False)
                partner.ar_widget = {**payload, "last_contact": latest}
        return res


class Contact(models.Model):
    _inherit = "ar.contact"

    @api.model
    def _get_latest(self, partner_ids):
        """``{customer: {"date", "label"}}`` at the current company, by two queries at most."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT latest.id
                  FROM unnest(%s::int[]) AS partner (id)
            CROSS JOIN LATERAL (
                    SELECT id FROM ar_contact
                     WHERE company_id = %s AND partner_id = partner.id
                  ORDER BY date DESC, id DESC LIMIT 1
                  ) latest
                """,
                list(partner_ids),
                self.env["ar.position"]._get_company(self.env.company.id).root_id,
            )
        )
        # only of customers whose position the caller shows to the user
        contacts = self.sudo().browse([key for (key,) in rows])
        return {
            contact.partner_id.id: {
                "date": fields.Date.to_string(
                    fields.Datetime.context_timestamp(self, contact.date).date()
                ),
                "label": contact._label(),
            }
            for contact in contacts
        }
