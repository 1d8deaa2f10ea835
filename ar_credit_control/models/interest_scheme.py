from odoo import api, fields, models

from ..rules.interest import ACTUAL, Half, Scheme


class InterestScheme(models.Model):
    """How a law sets interest and compensation for late payment between businesses."""

    _name = "ar.interest.scheme"
    _description = "Late payment law"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    country_ids = fields.Many2many(
        "res.country", string="Countries", help="Companies there start with this law."
    )
    reference_id = fields.Many2one("ar.interest.reference", required=True, ondelete="restrict")
    points = fields.Float(
        string="Points above", required=True, help="Added to the reference rate, in percent a year."
    )
    earlier_points = fields.Float(help="Added in half-years before the change.")
    changed_on = fields.Date(
        string="Points changed on", help="Empty: the points have always been what they are."
    )
    floor_reference_id = fields.Many2one(
        "ar.interest.reference",
        string="Floor of contract rates",
        ondelete="restrict",
        help="A rate agreed with customers counts, but not below a multiple of this one.",
    )
    floor_multiple = fields.Float(string="Times", default=3.0)
    day_basis = fields.Selection(
        [("365", "365 days"), (ACTUAL, "Days of the year")],
        string="A year has",
        required=True,
        default="365",
    )
    tier_ids = fields.One2many("ar.interest.tier", "scheme_id", string="Compensation", copy=True)
    tier_currency_id = fields.Many2one(
        "res.currency",
        string="Currency of claims",
        help="In which the amounts are, from which a compensation is due. Empty: the company's.",
    )
    convert_month_before = fields.Boolean(
        string="Converted at the month before",
        help="At the rate of the last working day of the month before the payment fell due; "
        "otherwise at that of the notice's date.",
    )
    note = fields.Text(translate=True)

    def _to_rules(self, contract_rate=None):
        """The law as a value of ``rules/interest.py``.

        contract_rate: percent a year agreed with customers; None: what the law says.
        """
        self.ensure_one()
        return Scheme(
            reference=self.reference_id._get_table(),
            points=self.points,
            contract_rate=contract_rate,
            floor=self.floor_reference_id._get_table() if self.floor_reference_id else None,
            floor_multiple=self.floor_multiple,
            basis=self.day_basis,
            changed=Half.of(self.changed_on) if self.changed_on else None,
            earlier_points=self.earlier_points,
        )

    @api.model
    def _get_default(self, company):
        """The law of a company's country; in other countries of the union: the directive's."""
        country = company.account_fiscal_country_id or company.country_id
        schemes = self.search([("reference_id", "!=", False)])
        found = schemes.filtered(lambda scheme: country and country in scheme.country_ids)[:1]
        if not found and country in self.env.ref("base.europe").country_ids:
            found = schemes.filtered(lambda scheme: not scheme.country_ids)[:1]
        return found


class InterestTier(models.Model):
    """The lump sum for a late claim from some amount on."""

    _name = "ar.interest.tier"
    _description = "Compensation for late payment"
    _order = "scheme_id, amount_from"
    _rec_name = "amount"

    scheme_id = fields.Many2one("ar.interest.scheme", required=True, ondelete="cascade", index=True)
    amount_from = fields.Float(string="Claims from", digits=(16, 2))
    amount = fields.Monetary(required=True)
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.ref("base.EUR")
    )

    _amounts_positive = models.Constraint(
        "CHECK(amount >= 0 AND amount_from >= 0)",
        "Compensation and claims are amounts of 0 or more.",
    )
