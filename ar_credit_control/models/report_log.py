from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..rules.credit_report import RatingError
from ..rules.risk_class import NOT_ASSESSED


class CreditReport(models.Model):
    """What a provider said about a customer: rating on its own scale, advised limit, validity."""

    _name = "ar.credit.report"
    _description = "Company report"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _rec_name = "reference"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('commercial_partner_id', '=', id)]",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company.root_id,
        domain="[('parent_id', '=', False)]",
    )
    provider_id = fields.Many2one("ar.credit.provider", required=True, index=True)
    scale_text = fields.Char(related="provider_id.scale_text")
    reference = fields.Char(help="The provider's own number of the report.")
    date = fields.Date(required=True, default=fields.Date.context_today)
    rating = fields.Char(tracking=True)
    standing = fields.Float(
        string="Place on scale (%)",
        compute="_compute_standing",
        store=True,
        aggregator="avg",
        digits=(5, 1),
        help="100 is the best rating of the provider's scale, 0 the worst.",
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    advised_limit = fields.Monetary(tracking=True, help="Empty: the provider advises no amount.")
    no_credit = fields.Boolean(
        string="Advises against credit", help="The provider advises to give no credit at all."
    )
    valid_until = fields.Date(
        compute="_compute_valid_until",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        index=True,
    )
    is_valid = fields.Boolean(compute="_compute_is_valid", search="_search_is_valid")
    attachment_ids = fields.Many2many(
        "ir.attachment", string="Documents", bypass_search_access=True
    )
    reminded_on = fields.Date(
        readonly=True, copy=False, help="When its renewal was asked for: once only."
    )

    _report_unique = models.UniqueIndex(
        "(company_id, provider_id, partner_id, date, COALESCE(reference, ''))",
        "This report is in the log already: same provider, customer, day and number.",
    )
    _advised_limit_positive = models.Constraint(
        "CHECK(advised_limit IS NULL OR advised_limit >= 0)",
        "An advised limit cannot be negative: leave it empty, or say that no credit is advised.",
    )
    _advice_one = models.Constraint(
        "CHECK(no_credit IS NOT TRUE OR COALESCE(advised_limit, 0) = 0)",
        "A report advises a limit or against credit, not both: keep one of them.",
    )
    _ends_after_date = models.Constraint(
        "CHECK(valid_until >= date)",
        "A report cannot end before its own date: correct one of the two dates.",
    )

    @api.depends("rating", "provider_id.scale", "provider_id.best", "provider_id.worst")
    @api.depends("provider_id.classes")
    def _compute_standing(self):
        for report in self:
            report.standing = 0.0
            if report.rating and report.provider_id:
                try:
                    report.standing = report.provider_id._get_scale().standing(report.rating)
                except RatingError:  # refused when it is saved
                    continue

    @api.depends("date", "provider_id")
    def _compute_valid_until(self):
        for report in self:
            if report.date and report.provider_id:
                report.valid_until = report.provider_id._get_end(report.date)

    @api.depends("valid_until")
    def _compute_is_valid(self):
        today = fields.Date.context_today(self)
        for report in self:
            report.is_valid = bool(report.valid_until) and report.valid_until >= today

    def _search_is_valid(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("valid_until", ">=" if True in value else "<", fields.Date.context_today(self))]

    @api.constrains("rating", "provider_id")
    def _check_rating(self):
        for report in self.filtered("rating"):
            try:
                report.provider_id._get_scale().rating(report.rating)
            except RatingError:
                raise ValidationError(
                    self.env._(
                        "%(provider)s has no rating “%(rating)s”: enter one of its scale, "
                        "%(scale)s.",
                        provider=report.provider_id.name,
                        rating=report.rating,
                        scale=report.provider_id.scale_text,
                    )
                )

    @api.constrains("date")
    def _check_date(self):
        today = fields.Date.context_today(self)
        if any(report.date > today for report in self):
            raise ValidationError(
                self.env._("A report cannot lie in the future: correct its date.")
            )

    @api.constrains("rating", "advised_limit", "no_credit")
    def _check_says_something(self):
        for report in self:
            if not (report.rating or report.advised_limit or report.no_credit):
                raise ValidationError(
                    self.env._("Enter a rating, an advised limit, or that no credit is advised.")
                )

    @api.depends("provider_id", "reference", "date")
    def _compute_display_name(self):
        for report in self:
            day = format_date(self.env, report.date) if report.date else ""
            parts = (report.provider_id.name, report.reference, day)
            report.display_name = " · ".join(part for part in parts if part)

    # ------------------------------------------------------------------ writing
    @api.model_create_multi
    def create(self, vals_list):
        reports = super().create([self._tidy(vals) for vals in vals_list])
        for company, found in reports.grouped("company_id").items():
            # the profile shows the report and names who is asked for the next one
            self.env["ar.credit.profile"].sudo()._ensure(found.partner_id.ids, company)
        reports._fold_ratings()
        return reports

    def write(self, vals):
        result = super().write(self._tidy(vals))
        if {"rating", "provider_id"} & vals.keys():
            self._fold_ratings()
        return result

    def _tidy(self, vals):
        """Reports are about the commercial entity, at the root of a company's branches."""
        vals = dict(vals)
        if vals.get("partner_id"):
            partner = self.env["res.partner"].browse(vals["partner_id"])
            vals["partner_id"] = partner.commercial_partner_id.id
        if vals.get("company_id"):
            vals["company_id"] = self.env["res.company"].browse(vals["company_id"]).root_id.id
        return vals

    def _fold_ratings(self):
        """Write ratings as their scale does, so that equal ones are equal in lists."""
        for report in self.filtered("rating"):
            rating = report.provider_id._get_scale().rating(report.rating)
            if rating != report.rating:
                report.rating = rating

    def _get_key(self):
        """What tells a report from all others of its company."""
        return self.provider_id.id, self.partner_id.id, self.date, self.reference or ""

    # ------------------------------------------------------------------ what counts
    @api.model
    def _get_latest(self, partner_ids, companies):
        """``{(partner id, company id): report}``: the newest one that is valid today."""
        reports = self.search(
            [
                ("partner_id", "in", list(partner_ids)),
                ("company_id", "in", companies.ids),
                ("valid_until", ">=", fields.Date.context_today(self)),
            ]
        )
        latest = {}
        for report in reports:  # newest first
            latest.setdefault((report.partner_id.id, report.company_id.id), report)
        return latest

    def _get_advice(self):
        """The advised limit in the company's currency; None when no amount is advised."""
        self.ensure_one()
        if self.no_credit:
            return 0.0
        if not self.advised_limit:
            return None
        return self.currency_id._convert(
            self.advised_limit,
            self.company_id.currency_id,
            self.company_id,
            fields.Date.context_today(self),
        )

    # ------------------------------------------------------------------ renewal
    @api.model
    def _cron_expiry(self):
        """Ask the responsible for a fresh report before the last one ends, once for each report.

        How long before is the policy's choice for the customer's grade.
        """
        reports = self.browse(self._get_expiring_ids())
        keys = defaultdict(list)
        for report in reports:
            keys[report.company_id].append(report.partner_id.id)
        profiles = self.env["ar.credit.profile"]
        for company, partner_ids in keys.items():
            profiles += profiles.search(
                [("company_id", "=", company.id), ("partner_id", "in", partner_ids)]
            )
        by_key = {(p.partner_id.id, p.company_id.id): p for p in profiles}
        for report in reports:
            profile = by_key[report.partner_id.id, report.company_id.id]
            report._ask_for_renewal(profile._get_credit_manager())
        reports.reminded_on = fields.Date.context_today(self)

    def _ask_for_renewal(self, user):
        self.activity_schedule(
            "ar_credit_control.activity_report",
            date_deadline=self.valid_until,
            user_id=user.id or self.env.uid,
            summary=self.env._(
                "Renew the report of %(provider)s on %(customer)s",
                provider=self.provider_id.name,
                customer=self.partner_id.display_name,
            ),
        )

    def _get_expiring_ids(self):
        """The last report on each customer that ends within the notice of his grade."""
        self.flush_model()
        self.env["ar.credit.profile"].flush_model()
        policies, grades, days = [], [], []
        for policy in self.env["ar.credit.policy"].search([("company_id.active", "=", True)]):
            for grade, risk in policy._get_classes().items():
                policies.append(policy.id)
                grades.append(grade)
                days.append(risk.notice_days)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT last.id
                  FROM (SELECT DISTINCT ON (company_id, partner_id) *
                          FROM ar_credit_report
                      ORDER BY company_id, partner_id, valid_until DESC, id DESC) last
                  JOIN ar_credit_profile profile ON profile.partner_id = last.partner_id
                                                AND profile.company_id = last.company_id
                  JOIN res_company company ON company.id = last.company_id
                  JOIN res_partner partner ON partner.id = last.partner_id AND partner.active
                  JOIN unnest(%(policies)s, %(grades)s, %(days)s) risk(policy, grade, days)
                    ON risk.policy = COALESCE(profile.policy_id, company.ar_credit_policy_id)
                   AND risk.grade = COALESCE(profile.grade, %(none)s)
                 WHERE last.reminded_on IS NULL AND last.valid_until - risk.days <= %(today)s
              ORDER BY last.id
                """,
                policies=policies,
                grades=grades,
                days=days,
                none=NOT_ASSESSED,
                today=fields.Date.context_today(self),
            )
        )
        return [report_id for (report_id,) in rows]
