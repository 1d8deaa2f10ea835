from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from . import contact_sql
from .res_partner import SALES_GROUPS, search_figure


class Contacted(models.AbstractModel):
    """Last contact and next action, on customers and on their credit profiles."""

    _name = "ar.contacted"
    _description = "Last contact and next action"

    ar_last_contact = fields.Datetime(
        string="Last contact",
        compute="_compute_ar_contact",
        search="_search_ar_last_contact",
        groups=SALES_GROUPS,
    )
    ar_next_action_date = fields.Date(
        string="Next action on",
        compute="_compute_ar_contact",
        search="_search_ar_next_action_date",
        groups=SALES_GROUPS,
    )
    ar_next_action = fields.Char(
        string="Next action", compute="_compute_ar_contact", groups=SALES_GROUPS
    )

    def _ar_contact_keys(self):
        """``{record: (id of the customer, id of the company)}`` of what the user may see."""
        raise NotImplementedError

    def _ar_contact_on(self, alias, joined):
        """The condition that joins rows of the log's queries."""
        raise NotImplementedError

    @api.depends_context("company", "uid")
    def _compute_ar_contact(self):
        keys = self._ar_contact_keys()
        found = {}
        for company in {company for _partner, company in keys.values()}:
            partners = [partner for partner, root in keys.values() if root == company]
            found |= self._ar_get_contacts(company, partners)
        nothing = (False, False, False)
        for record in self:
            last, day, title = found.get(keys.get(record), nothing)
            record.ar_last_contact = last
            record.ar_next_action_date = day
            record.ar_next_action = title

    @api.model
    def _ar_get_contacts(self, company_id, partner_ids):
        """``{(customer, company): (last contact, day, title)}``, by one query."""
        self._ar_flush_contacts()
        rows = self.env.execute_query(contact_sql.summaries(company_id, partner_ids))
        return {(partner, company_id): rest for partner, *rest in rows}

    def _ar_flush_contacts(self):
        for name in contact_sql.TABLES:
            self.env[name].flush_model()

    # ------------------------------------------------------------------ lists
    def _search_ar_last_contact(self, operator, value):
        return search_figure("ar_last_contact", operator, value)

    def _search_ar_next_action_date(self, operator, value):
        return search_figure("ar_next_action_date", operator, value)

    def _ar_contact_to_sql(self, alias, field_expr, query):
        """Let the database filter and sort by what is not stored."""
        joined = query.make_alias(alias, field_expr)
        if joined not in query._joins:
            self._ar_flush_contacts()
            query.add_join(
                "LEFT JOIN",
                joined,
                self._ar_visible_contacts(contact_sql.COLUMNS[field_expr]()),
                self._ar_contact_on(alias, joined),
            )
        return SQL.identifier(joined, field_expr)

    def _ar_visible_contacts(self, rows):
        return SQL("(%s)", rows)


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "ar.contacted"]

    ar_neglected = fields.Boolean(
        string="Overdue, no contact",
        compute="_compute_ar_neglected",
        search="_search_ar_neglected",
        groups=SALES_GROUPS,
        help="Overdue for more days than the company's setting, and no contact in that time.",
    )

    def _ar_figure_to_sql(self, alias, field_expr, query):
        if field_expr in contact_sql.COLUMNS:
            return self._ar_contact_to_sql(alias, field_expr, query)
        return super()._ar_figure_to_sql(alias, field_expr, query)

    def _ar_contact_keys(self):
        root = self.env["ar.position"]._get_company(self.env.company.id).root_id
        visible = set(self._ar_filter_visible()._origin.ids)
        entities = {partner: partner.commercial_partner_id._origin.id for partner in self}
        return {partner: (key, root) for partner, key in entities.items() if key in visible}

    def _ar_contact_on(self, alias, joined):
        return SQL(
            "%s = %s AND %s = %s",
            SQL.identifier(joined, "partner_id"),
            SQL.identifier(alias, "commercial_partner_id"),
            SQL.identifier(joined, "company_id"),
            self.env.company.root_id.id,
        )

    def _ar_visible_contacts(self, rows):
        domain = self._ar_visible_domain()
        if domain.is_true():
            return super()._ar_visible_contacts(rows)
        visible = self.with_context(active_test=False)._search(
            domain,
            bypass_access=True,  # the domain is the access rule itself
        )
        return SQL(
            "(SELECT * FROM (%s) contacted WHERE partner_id IN %s)", rows, visible.subselect()
        )

    @api.depends_context("company", "uid")
    def _compute_ar_neglected(self):
        neglected = self.search([("id", "in", self.ids), ("ar_neglected", "=", True)])
        for partner in self:
            partner.ar_neglected = partner in neglected

    def _search_ar_neglected(self, operator, value):
        if operator != "in":
            return NotImplemented
        days = self.env.company.root_id.sudo().ar_silence_days  # a number, for whoever filters
        before = fields.Date.subtract(fields.Date.context_today(self), days=days)
        silent = Domain("ar_last_contact", "=", False) | Domain(
            "ar_last_contact", "<", fields.Datetime.to_datetime(before)
        )
        neglected = Domain("ar_oldest_due", "<", before) & silent
        return neglected if True in value else ~neglected

    def action_ar_contacts(self):
        """The customer's contacts, the latest first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_contact"
        )
        customer = self.commercial_partner_id
        return {
            **action,
            "domain": [("partner_id", "=", customer.id)],
            "context": {"default_partner_id": customer.id, "default_person_id": self.id},
        }

    def action_ar_log_contact(self):
        """A dialog to log a call, a meeting or another contact."""
        self.ensure_one()
        return self.env["ar.contact"]._open_dialog(self)


class CreditProfile(models.Model):
    _name = "ar.credit.profile"
    _inherit = ["ar.credit.profile", "ar.contacted"]

    def _field_to_sql(self, alias, field_expr, query=None):
        if field_expr not in contact_sql.COLUMNS or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        return self._ar_contact_to_sql(alias, field_expr, query)

    def _ar_contact_keys(self):
        return {
            profile: (profile.partner_id.id, profile.company_id.id)
            for profile in self
            if profile.partner_id
        }

    def _ar_contact_on(self, alias, joined):
        return SQL(
            "%s = %s AND %s = %s",
            SQL.identifier(joined, "partner_id"),
            SQL.identifier(alias, "partner_id"),
            SQL.identifier(joined, "company_id"),
            SQL.identifier(alias, "company_id"),
        )

    def action_ar_contacts(self):
        self.ensure_one()
        return self.partner_id.with_company(self.company_id).action_ar_contacts()

    def action_ar_log_contact(self):
        self.ensure_one()
        return self.env["ar.contact"].with_company(self.company_id)._open_dialog(self.partner_id)
