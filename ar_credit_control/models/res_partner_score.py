from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .res_partner import SALES_GROUPS
from .score_profile import GRADES


class ResPartner(models.Model):
    """The customer's grade, for lists, filters and groups."""

    _inherit = "res.partner"

    ar_grade = fields.Selection(
        GRADES,
        string="Grade",
        compute="_compute_ar_grade",
        search="_search_ar_grade",
        groups=SALES_GROUPS,
        help="How the customer pays: A well, E badly, empty not assessed.",
    )

    @api.depends_context("company", "uid")
    def _compute_ar_grade(self):
        profiles = self.env["ar.credit.profile"].search_fetch(
            [
                ("partner_id", "in", self._ar_filter_visible().ids),
                ("company_id", "=", self.env.company.root_id.id),
            ],
            ["partner_id", "grade"],
        )
        grades = {profile.partner_id.id: profile.grade for profile in profiles}
        for partner in self:
            partner.ar_grade = grades.get(partner.commercial_partner_id._origin.id)

    def _search_ar_grade(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        grades = [grade for grade in value if grade]
        empty = len(grades) < len(value)
        negated = operator == "not in"

        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, "ar_grade", query)
            found = SQL("COALESCE(%s, '') = ANY(%s)", column, grades + [""] * empty)
            return SQL("NOT (%s)", found) if negated else found

        return Domain.custom(to_sql=to_sql)

    def _ar_figure_to_sql(self, alias, field_expr, query):
        if field_expr != "ar_grade":
            return super()._ar_figure_to_sql(alias, field_expr, query)
        joined = query.make_alias(alias, "ar_grade")
        if joined not in query._joins:
            query.add_join(
                "LEFT JOIN",
                joined,
                self._ar_grades_sql(),
                SQL(
                    "%s = %s",
                    SQL.identifier(alias, "commercial_partner_id"),
                    SQL.identifier(joined, "partner_id"),
                ),
            )
        return SQL.identifier(joined, "grade")

    def _ar_grades_sql(self):
        """Grades of the customers that the user may see, at the current company."""
        Profile = self.env["ar.credit.profile"]
        profiles = Profile._search(
            [("company_id", "=", self.env.company.root_id.id), ("grade", "!=", False)]
        )
        return profiles.subselect("partner_id", "grade")
