from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_amount

from . import position_sql
from .credit_payload import Payload

# Field -> the figure in ``_ar_figures_sql`` that it shows; lists filter and sort by the same SQL.
FIGURES = {
    "ar_balance": "balance",
    "ar_overdue": "overdue",
    "ar_oldest_due": "oldest_due",
    "ar_exposure": "exposure",
    "ar_available": "available",
    "ar_limit_use": "limit_use",
    "ar_overdue_band": "overdue_band",
    "ar_limit_band": "limit_band",
}
LEDGER_FIGURES = {"balance", "overdue", "oldest_due", "overdue_band"}
SALES_GROUPS = (
    "sales_team.group_sale_salesman,account.group_account_invoice,"
    "account.group_account_readonly,ar_credit_control.group_auditor"
)
OPERATORS = {"=", "!=", "<", ">", "<=", ">=", "in", "not in"}


def _figure(field_class, name, **options):
    """A figure of the position: computed for forms, in SQL for filters, order and groups."""

    def search(self, operator, value):
        return self._search_ar_figure(name, operator, value)

    return field_class(compute="_compute_ar_figures", search=search, groups=SALES_GROUPS, **options)


class ResPartner(models.Model):
    _inherit = "res.partner"

    ar_widget = Payload(compute="_compute_ar_widget", string="Receivables", groups=SALES_GROUPS)
    ar_currency_id = fields.Many2one(
        "res.currency", compute="_compute_ar_currency_id", groups=SALES_GROUPS
    )
    ar_balance = _figure(
        fields.Monetary, "ar_balance", string="Open balance", currency_field="ar_currency_id"
    )
    ar_overdue = _figure(
        fields.Monetary, "ar_overdue", string="Overdue", currency_field="ar_currency_id"
    )
    ar_exposure = _figure(
        fields.Monetary, "ar_exposure", string="Exposure", currency_field="ar_currency_id"
    )
    ar_available = _figure(
        fields.Monetary, "ar_available", string="Available credit", currency_field="ar_currency_id"
    )
    ar_limit_use = _figure(fields.Float, "ar_limit_use", string="Use of limit (%)")
    ar_oldest_due = _figure(fields.Date, "ar_oldest_due", string="Overdue since")
    ar_overdue_band = _figure(
        fields.Selection,
        "ar_overdue_band",
        string="Oldest overdue",
        selection=[
            ("none", "Nothing overdue"),
            ("due_1_30", "1–30 days"),
            ("due_31_60", "31–60 days"),
            ("due_61_90", "61–90 days"),
            ("due_over_90", "Over 90 days"),
        ],
    )
    ar_limit_band = _figure(
        fields.Selection,
        "ar_limit_band",
        string="Use of limit",
        selection=[
            ("none", "No limit set"),
            ("low", "Up to 80 %"),
            ("high", "80 to 100 %"),
            ("over", "Above the limit"),
            ("no_credit", "No credit"),
        ],
    )

    # ------------------------------------------------------------------ who may see
    @api.model
    def _ar_visible_domain(self):
        """Customers whose position the current user may see.

        Salespeople with "own documents" see their own customers, those of the members of their
        teams, and those that nobody has.
        """
        user = self.env.user
        if self.env.su or user._ar_sees_all():
            return Domain.TRUE
        if not user.has_group("sales_team.group_sale_salesman"):
            return Domain.FALSE
        return Domain("user_id", "in", [False, *user.ar_colleague_ids.ids])

    def _ar_filter_visible(self):
        """The commercial partners of ``self`` whose position the current user may see."""
        return self.commercial_partner_id._ar_filter_visible_entities()

    def _ar_filter_visible_entities(self):
        """As ``_ar_filter_visible``, of records known to be commercial partners."""
        domain = self._ar_visible_domain()
        if not domain.is_true():
            # the salesperson of a customer decides, which every internal user may read;
            # asked for by itself, or all that a partner holds would be read with it
            self.fetch(["user_id"])
        return self.filtered_domain(domain)

    # ------------------------------------------------------------------ figures
    @api.depends_context("company", "uid", "lang")
    def _compute_ar_widget(self):
        self.ar_widget = False
        company = self.env.company
        verdicts = self.env["ar.credit.check"]._judge_partners(self, company)
        visible = set(self._ar_filter_visible()._origin.ids)
        texts = self.env["ar.credit.texts"]._foresee(company, verdicts)
        for partner in self:
            entity = partner.commercial_partner_id._origin.id
            if verdict := verdicts.get(entity):
                partner.ar_widget = texts._payload(company, verdict, entity in visible)

    @api.depends_context("company")
    def _compute_ar_currency_id(self):
        self.ar_currency_id = self.env.company.currency_id

    @api.depends_context("company", "uid")
    def _compute_ar_figures(self):
        """Figures stand on the customer itself, not on its contacts: sums would count twice."""
        positions = self.env["ar.position"]._get_positions(self._ar_filter_visible() & self)
        today = fields.Date.context_today(self)
        for partner in self:
            position = positions.get(partner._origin.id)
            partner.update(_figures(position, today) if position else dict.fromkeys(FIGURES, False))

    # ------------------------------------------------------------------ lists
    def _field_to_sql(self, alias, field_expr, query=None):
        """Let the database filter, sort and group by figures that are computed, not stored."""
        if field_expr[:3] == "ar_" and query is not None:
            self._check_field_access(self._fields[field_expr], "read")
            if column := self._ar_figure_to_sql(alias, field_expr, query):
                return column
        return super()._field_to_sql(alias, field_expr, query)

    def _ar_figure_to_sql(self, alias, field_expr, query):
        """Column of a joined query that holds the figure; None for other fields."""
        figure = FIGURES.get(field_expr)
        if figure is None:
            return None
        ledger_only = figure in LEDGER_FIGURES
        joined = query.make_alias(alias, "ar_ledger" if ledger_only else "ar_exposure")
        if joined not in query._joins:
            query.add_join(
                "LEFT JOIN",
                joined,
                self._ar_figures_sql(ledger_only),
                SQL("%s = %s", SQL.identifier(alias, "id"), SQL.identifier(joined, "customer_id")),
            )
        return self._ar_default_sql(figure, SQL.identifier(joined, figure))

    def _ar_default_sql(self, figure, column):
        """Customers without any open item have no row: their figures are 0, their bands 'none'."""
        if figure == "oldest_due":
            return column
        return SQL("COALESCE(%s, %s)", column, "none" if figure.endswith("_band") else 0)

    def _ar_figures_sql(self, ledger_only):
        """One row per customer that the user may see: the figures of its position."""
        figures = self._ar_ledger_sql() if ledger_only else self._ar_exposure_sql()
        domain = self._ar_visible_domain()
        if domain.is_true():
            return SQL("(%s)", figures)
        visible = (
            self.env["res.partner"]
            .with_context(active_test=False)
            ._search(
                domain,
                bypass_access=True,  # the domain is the access rule itself
            )
        )
        return SQL(
            "(SELECT * FROM (%s) figures WHERE customer_id IN %s)", figures, visible.subselect()
        )

    def _ar_ledger_sql(self):
        Position = self.env["ar.position"]
        Position._flush_ledger()
        today = fields.Date.context_today(self)
        return SQL(
            """
            SELECT customer_id, balance, overdue, oldest_due, CASE
                       WHEN oldest_due IS NULL THEN 'none'
                       WHEN %(today)s - oldest_due <= 30 THEN 'due_1_30'
                       WHEN %(today)s - oldest_due <= 60 THEN 'due_31_60'
                       WHEN %(today)s - oldest_due <= 90 THEN 'due_61_90'
                       ELSE 'due_over_90' END AS overdue_band
              FROM (
                SELECT customer_id, SUM(residual) AS balance,
                       COALESCE(SUM(residual) FILTER (
                           WHERE residual > 0 AND due < %(today)s), 0) AS overdue,
                       MIN(due) FILTER (WHERE residual > 0 AND due < %(today)s) AS oldest_due
                  FROM (%(items)s) item
              GROUP BY customer_id
              ) ledger
            """,
            today=SQL("%s::date", today),
            items=position_sql.customers_items(Position._get_terms(self.env.company)),
        )

    def _ar_exposure_sql(self):
        Position = self.env["ar.position"]
        Position._flush_ledger()
        return SQL(
            """
            SELECT customer_id, exposure,
                   CASE WHEN limit_amount IS NOT NULL
                        THEN limit_amount - exposure_shared END AS available,
                   CASE WHEN limit_amount > 0
                        THEN 100 * exposure_shared / limit_amount END AS limit_use,
                   CASE WHEN limit_amount IS NULL THEN 'none'
                        WHEN limit_amount = 0 THEN 'no_credit'
                        WHEN exposure_shared > limit_amount THEN 'over'
                        WHEN exposure_shared > 0.8 * limit_amount THEN 'high'
                        ELSE 'low' END AS limit_band
              FROM (%s) customer
            """,
            Position._shared_exposures_sql(self.env.company),
        )

    def _search_ar_figure(self, fname, operator, value):
        return search_figure(fname, operator, value)

    # ------------------------------------------------------------------ limit
    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        if self.env.su:
            return partners
        company = self.env.company
        given = self._ar_given_limit(company)
        for partner, vals in zip(partners, vals_list, strict=True):
            if amount := vals.get("credit_limit", given):
                partner._ar_check_limit_authority(amount, company)
                partner._ar_log_limit({partner: 0.0}, amount, company)
        return partners

    def write(self, vals):
        """Core lets any invoicing user type a limit: above his authority it is a proposal."""
        if "credit_limit" not in vals or self.env.su:
            return super().write(vals)
        company, amount = self.env.company, vals["credit_limit"] or 0.0
        previous = {partner: partner.credit_limit for partner in self}
        changed = self.filtered(
            lambda p: company.currency_id.compare_amounts(previous[p], amount) != 0
        )
        if changed:
            self._ar_check_limit_authority(amount, company)
        result = super().write(vals)
        changed._ar_log_limit(previous, amount, company)
        return result

    def _ar_given_limit(self, company):
        """What a caller's context or a user's own defaults, not the company's, give customers."""
        amount = self.default_get(["credit_limit"]).get("credit_limit")
        return amount if amount != self.env["ar.position"]._get_default_limit(company.id) else 0.0

    def _ar_check_limit_authority(self, amount, company):
        if amount < 0:
            raise UserError(self.env._("A credit limit cannot be negative: use 0 for none set."))
        if not self.env["ar.credit.authority"]._covers("limit", amount, company):
            raise UserError(
                self.env._(
                    "%s Or propose the limit on the customer's credit profile.",
                    self.env["ar.credit.limit"]._authority_message("limit", amount, company),
                )
            )

    def _ar_log_limit(self, previous, amount, company):
        """Keep the history on the profile: the customer's chatter is open to every employee."""
        # whoever may write the limit may leave its trace
        Profile = self.env["ar.credit.profile"].sudo()
        for partner in self:
            Profile._get_or_create(partner, company).message_post(
                body=self.env._(
                    "Credit limit at %(company)s: %(old)s → %(new)s.",
                    company=company.display_name,
                    old=format_amount(self.env, previous[partner], company.currency_id),
                    new=format_amount(self.env, amount, company.currency_id),
                ),
                author_id=self.env.user.partner_id.id,
                subtype_xmlid="mail.mt_note",
            )

    # ------------------------------------------------------------------ buttons
    def action_ar_profile(self):
        """Open the customer's credit profile, which is made when it is first needed."""
        self.ensure_one()
        self.check_access("read")
        Profile = self.env["ar.credit.profile"]
        # whoever may read the customer may open its (empty) profile; record rules still apply
        profile = Profile.sudo()._get_or_create(self, self.env.company)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit profile"),
            "res_model": Profile._name,
            "res_id": profile.id,
            "views": [(False, "form")],
        }


def _figures(position, today):
    """The figures of a position as values of the fields that show them."""
    return {
        "ar_balance": position.balance,
        "ar_overdue": position.overdue,
        "ar_exposure": position.exposure,
        "ar_available": position.available or 0.0,
        "ar_limit_use": position.use_percent or 0.0,
        "ar_oldest_due": position.oldest_due,
        "ar_overdue_band": position.overdue_band(today),
        "ar_limit_band": position.limit_band(),
    }


def search_figure(fname, operator, value):
    """The domain of a comparison with a field that is a column of a joined query."""
    if operator not in OPERATORS:
        return NotImplemented
    operator, value = _compared(operator, value)

    def to_sql(model, alias, query):
        return SQL("%s %s %s", model._field_to_sql(alias, fname, query), SQL(operator), value)

    return Domain.custom(to_sql=to_sql)


def _compared(operator, value):
    """An operator and value that SQL understands for a column that may be empty (dates)."""
    if operator in ("in", "not in"):
        values = tuple(v for v in value if v is not False and v is not None)
        if values:
            return operator, values
        return ("IS" if operator == "in" else "IS NOT"), None
    if value is False or value is None:
        return ("IS" if operator == "=" else "IS NOT"), None
    return operator, value
