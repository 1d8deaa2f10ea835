from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from .score_profile import GRADES

LETTERS = [letter for letter, _label in GRADES]


class CustomerRule(models.AbstractModel):
    """Which customers a rule is about: all that is entered must be true of them."""

    _name = "ar.customer.rule"
    _description = "Rule about customers"
    _order = "sequence, id"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    best_grade = fields.Selection(GRADES, string="Grade from")
    worst_grade = fields.Selection(GRADES, string="Grade to")
    tag_ids = fields.Many2many("res.partner.category", string="Tags", help="Any of them.")
    country_ids = fields.Many2many("res.country", string="Countries")
    amount_from = fields.Monetary(string="Overdue from")
    amount_to = fields.Monetary(string="Overdue up to", help="0: without an upper bound.")
    user_ids = fields.Many2many("res.users", string="Salespeople")
    team_ids = fields.Many2many("crm.team", string="Sales teams")
    description = fields.Char(compute="_compute_description", string="Customers")

    def _get_target(self):
        """The record that customers get by the rule."""
        raise NotImplementedError

    @api.constrains("best_grade", "worst_grade", "amount_from", "amount_to")
    def _check_spans(self):
        for rule in self:
            grades = rule._get_grades()
            if grades is not None and not grades:
                problem = self.env._("the grades run from the worse to the better: swap them")
            elif rule.amount_from < 0 or rule.amount_to < 0:
                problem = self.env._("amounts are 0 or more")
            elif rule.amount_to and rule.amount_to < rule.amount_from:
                problem = self.env._("no amount lies between the bounds: swap them")
            else:
                continue
            raise ValidationError(
                self.env._(
                    "Rule for “%(target)s”: %(problem)s.",
                    target=rule._get_target().display_name,
                    problem=problem,
                )
            )

    @api.depends(
        "best_grade",
        "worst_grade",
        "tag_ids",
        "country_ids",
        "amount_from",
        "amount_to",
        "user_ids",
        "team_ids",
    )
    @api.depends_context("lang")
    def _compute_description(self):
        for rule in self:
            parts = [
                self._spanned(self.env._("grade"), rule.best_grade, rule.worst_grade),
                ", ".join(rule.tag_ids.mapped("name")),
                ", ".join(rule.country_ids.mapped("name")),
                self._spanned(
                    self.env._("overdue"),
                    rule.amount_from and f"{rule.amount_from:g}",
                    rule.amount_to and f"{rule.amount_to:g}",
                ),
                ", ".join((rule.user_ids.mapped("name")) + rule.team_ids.mapped("name")),
            ]
            rule.description = "; ".join(filter(None, parts)) or self.env._("every customer")

    def _spanned(self, label, start, end):
        if not start and not end:
            return ""
        return f"{label} {start or '…'}–{end or '…'}"

    def _get_grades(self):
        """The grades that match, None when any does."""
        if not self.best_grade and not self.worst_grade:
            return None
        start = LETTERS.index(self.best_grade) if self.best_grade else 0
        end = LETTERS.index(self.worst_grade) if self.worst_grade else len(LETTERS) - 1
        return LETTERS[start : end + 1]

    def _to_sql(self):
        """The rule as a condition on ``partner``, ``profile`` and ``ledger`` (overdue)."""
        self.ensure_one()
        terms = [SQL("TRUE")]
        grades = self._get_grades()
        if grades is not None:
            terms.append(SQL("profile.grade = ANY(%s)", grades))
        if self.tag_ids:
            terms.append(
                SQL(
                    "EXISTS (SELECT FROM res_partner_res_partner_category_rel tag"
                    " WHERE tag.partner_id = partner.id AND tag.category_id = ANY(%s))",
                    self.tag_ids.ids,
                )
            )
        if self.country_ids:
            terms.append(SQL("partner.country_id = ANY(%s)", self.country_ids.ids))
        if self.amount_from:
            terms.append(SQL("ledger.overdue >= %s", self.amount_from))
        if self.amount_to:
            terms.append(SQL("ledger.overdue <= %s", self.amount_to))
        users = self.user_ids | self.team_ids.member_ids
        if self.user_ids or self.team_ids:
            terms.append(SQL("partner.user_id = ANY(%s)", users.ids))
        return SQL("(%s)", SQL(" AND ").join(terms))
