from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, ValidationError

MOVES = {Command.UNLINK, Command.LINK, Command.CLEAR, Command.SET}


class CreditGroup(models.Model):
    """Companies that share one credit limit for each customer."""

    _name = "ar.credit.group"
    _description = "Companies sharing a credit limit"

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        string="Limit kept by",
        required=True,
        domain="[('id', 'in', company_ids)]",
        help="The customer's credit limit in this company is the limit of all companies of the "
        "group, converted into their currencies.",
    )
    company_ids = fields.One2many("res.company", "ar_credit_group_id", string="Companies")

    # a company is in one group only, so it cannot keep the limits of two
    _one_group_a_keeper = models.Constraint(
        "UNIQUE(company_id)", "This company keeps the limits of another group already."
    )

    @api.constrains("company_id", "company_ids")
    def _check_company(self):
        for group in self:
            if group.company_id not in group.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(company)s keeps the limit of %(group)s, so it must be one of its "
                        "companies: add it, or choose another one.",
                        company=group.company_id.display_name,
                        group=group.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Credit managers choose among their own companies, whose records they may not write."""
        self.check_access("create")
        for vals in vals_list:
            self._check_moves(vals)
        # checked above and below: their own companies are put together, and nothing else of them
        groups = super(CreditGroup, self.sudo()).create(vals_list).with_env(self.env)
        groups._check_own_companies(groups.sudo().company_ids)
        return groups

    def write(self, vals):
        if "company_ids" not in vals:
            return super().write(vals)
        self.check_access("write")
        self._check_moves(vals)
        companies = self.sudo().company_ids
        # as in create
        result = super(CreditGroup, self.sudo()).write(vals)
        self._check_own_companies(companies | self.sudo().company_ids)
        return result

    def _check_moves(self, vals):
        if self.env.su or all(command[0] in MOVES for command in vals.get("company_ids") or ()):
            return
        raise AccessError(self.env._("Choose companies for the group: they are edited elsewhere."))

    def _check_own_companies(self, companies):
        if self.env.su or companies <= self.env.user.company_ids:
            return
        raise AccessError(
            self.env._("Only companies in which you work may share a limit by your decision.")
        )
