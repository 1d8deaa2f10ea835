from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .res_partner import OPERATORS, SALES_GROUPS


class ResPartner(models.Model):
    """The customer's dunning level, for the form, lists, filters and groups."""

    _inherit = "res.partner"

    ar_dunning_level = fields.Integer(
        string="Dunning level",
        compute="_compute_ar_dunning",
        search="_search_ar_dunning_level",
        groups=SALES_GROUPS,
        help="The highest level of a notice about what is overdue; 0: none.",
    )
    ar_dunning_date = fields.Date(
        string="Last notice", compute="_compute_ar_dunning", groups=SALES_GROUPS
    )

    @api.depends_context("company", "uid")
    def _compute_ar_dunning(self):
        levels = self._ar_filter_visible()._ar_get_dunning()
        for partner in self:
            level, notified = levels.get(partner.commercial_partner_id._origin.id, (0, False))
            partner.ar_dunning_level = level
            partner.ar_dunning_date = notified

    def _ar_get_dunning(self):
        """``{id: (level, last notice)}`` of customers that the user is known to see.

        Read as it lies: with what a search weighs, opening a form would cost a twentieth more.
        """
        self.env["ar.credit.profile"].flush_model(["dunning_level", "dunning_last_date"])
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id, dunning_level, dunning_last_date FROM ar_credit_profile"
                " WHERE company_id = %s AND partner_id = ANY(%s)",
                self.env["ar.position"]._get_company(self.env.company.id).root_id,
                self._origin.ids,
            )
        )
        return {key: (level or 0, notified) for key, level, notified in rows}

    def _search_ar_dunning_level(self, operator, value):
        if operator not in OPERATORS:
            return NotImplemented
        if operator in ("in", "not in"):
            value = tuple(level or 0 for level in value)

        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, "ar_dunning_level", query)
            return SQL("%s %s %s", column, SQL(operator), value)

        return Domain.custom(to_sql=to_sql)

    def _ar_figure_to_sql(self, alias, field_expr, query):
        if field_expr != "ar_dunning_level":
            return super()._ar_figure_to_sql(alias, field_expr, query)
        joined = query.make_alias(alias, "ar_dunning")
        if joined not in query._joins:
            query.add_join(
                "LEFT JOIN",
                joined,
                self._ar_dunning_sql(),
                SQL(
                    "%s = %s",
                    SQL.identifier(alias, "commercial_partner_id"),
                    SQL.identifier(joined, "partner_id"),
                ),
            )
        return SQL("COALESCE(%s, 0)", SQL.identifier(joined, "dunning_level"))

    def _ar_dunning_sql(self):
        """Levels of the customers that the user may see, at the current company."""
        profiles = self.env["ar.credit.profile"]._search(
            [("company_id", "=", self.env.company.root_id.id), ("dunning_level", ">", 0)]
        )
        return profiles.subselect("partner_id", "dunning_level")

    def action_ar_dunning_notices(self):
        """The customer's notices, the latest first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_dunning_notice"
        )
        return {**action, "domain": [("partner_id", "=", self.commercial_partner_id.id)]}
