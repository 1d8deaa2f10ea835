from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CreditAuthority(models.Model):
    """Who may approve which limit and release which order."""

    _name = "ar.credit.authority"
    _description = "Credit authority"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        help="Empty: for every company, amounts in that company's currency.",
        index=True,
    )
    user_id = fields.Many2one("res.users", index=True)
    group_id = fields.Many2one("res.groups", index=True)
    unlimited = fields.Boolean(string="Any amount")
    limit_amount = fields.Float(string="Limits up to", digits=(16, 2))
    release_amount = fields.Float(string="Orders up to", digits=(16, 2))

    _one_holder = models.Constraint(
        "CHECK(num_nonnulls(user_id, group_id) = 1)",
        "An authority is given to one user or to one group: fill in exactly one of the two.",
    )

    @api.constrains("limit_amount", "release_amount")
    def _check_amounts(self):
        if any(row.limit_amount < 0 or row.release_amount < 0 for row in self):
            raise ValidationError(
                self.env._("An authority's amounts cannot be negative: use 0 for none.")
            )

    @api.model
    def _get_ceiling(self, purpose, company):
        """Return the largest amount that the current user may approve; None for any amount.

        :param purpose: ``limit`` or ``release``
        """
        user = self.env.user
        rows = self.sudo().search(
            [  # who may approve what is set by managers, asked by anyone
                ("company_id", "in", (False, company.id, company.root_id.id)),
                "|",
                ("user_id", "=", user.id),
                ("group_id", "in", user.all_group_ids.ids),
            ]
        )
        if any(rows.mapped("unlimited")):
            return None
        return max(rows.mapped(f"{purpose}_amount"), default=0.0)

    @api.model
    def _covers(self, purpose, amount, company):
        """Whether the current user may approve this amount (company currency)."""
        return self._is_within(amount, self._get_ceiling(purpose, company), company)

    @api.model
    def _is_within(self, amount, ceiling, company):
        if ceiling is None:
            return True
        return ceiling > 0 and company.currency_id.compare_amounts(amount, ceiling) <= 0
