from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.misc import file_open

from ..rules.interest import BadRow, Half, RateTable, read_rates

SHIPPED = "ar_credit_control/data/reference_rates.csv"


class InterestReference(models.Model):
    """A rate that laws on late payment refer to, such as that of a central bank."""

    _name = "ar.interest.reference"
    _description = "Reference rate"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Names the rate in tables that are imported.")
    rate_ids = fields.One2many("ar.interest.rate", "reference_id")
    last_half = fields.Char(
        compute="_compute_last_half", string="Known until", help="The last half-year entered."
    )

    _code_unique = models.Constraint("UNIQUE(code)", "There is a reference rate with this code.")

    @api.depends("rate_ids.date_from")
    def _compute_last_half(self):
        for reference in self:
            days = [day for day in reference.rate_ids.mapped("date_from") if day]
            reference.last_half = str(Half.of(max(days))) if days else False

    def _get_table(self):
        """The rates as a value; of a reference that is not set: none at all."""
        rates = {Half.of(rate.date_from): rate.rate for rate in self.rate_ids}
        return RateTable(self.display_name or "", rates)

    @api.model
    def _load_shipped(self):
        """Add the rates that come with the addon, and keep what users entered."""
        with file_open(SHIPPED) as file:
            self._import_rates(file.read(), replace=False)

    @api.model
    def _import_rates(self, text, replace=True):
        """Enter the rates of a CSV table (``read_rates``).

        :param replace: also change rates that are there
        :return: (number of new rates, number of changed ones)
        :raise UserError: names the line, the field and the remedy; nothing is entered then
        """
        try:
            rows = read_rates(text)
        except BadRow as bad:
            raise UserError(self._explain(bad))
        references = {
            reference.code: reference for reference in self.search([("code", "!=", False)])
        }
        unknown = sorted({code for code, _day, _rate in rows} - references.keys())
        if unknown:
            raise UserError(
                self.env._(
                    "There is no reference rate with the code %(code)s: use one of %(known)s, or "
                    "create it first.",
                    code=unknown[0],
                    known=", ".join(sorted(references)),
                )
            )
        return self._enter(
            [(references[code], day, rate) for code, day, rate in rows], replace=replace
        )

    def _enter(self, rows, replace):
        Rate = self.env["ar.interest.rate"]
        references = [reference.id for reference, _day, _rate in rows]
        known = defaultdict(Rate.browse)
        for rate in Rate.search([("reference_id", "in", references)]):
            known[rate.reference_id, rate.date_from] = rate
        created, changed = [], 0
        for (reference, day), rate in {(ref, day): rate for ref, day, rate in rows}.items():
            present = known[reference, day]
            if not present:
                created.append({"reference_id": reference.id, "date_from": day, "rate": rate})
            elif replace and present.rate != rate:
                present.rate = rate
                changed += 1
        Rate.create(created)
        return len(created), changed

    def _explain(self, bad):
        remedies = {
            "column": self.env._("the first line must name the columns reference, date_from, rate"),
            "reference": self.env._("give the code of the reference rate"),
            "date_from": self.env._("give 1 January or 1 July, as in 2026-07-01"),
            "rate": self.env._("give percent a year, as in 2.15"),
            "double": self.env._("give one rate for each reference and half-year"),
            "quotes": self.env._("a quotation mark is opened and never closed"),
        }
        return self.env._(
            "Line %(line)s, %(field)s “%(value)s”: %(remedy)s.",
            line=bad.line,
            field=bad.name,
            value=bad.value,
            remedy=remedies[bad.name],
        )


class InterestRate(models.Model):
    """A reference rate of one half-year."""

    _name = "ar.interest.rate"
    _description = "Reference rate of a half-year"
    _order = "date_from desc, reference_id"
    _rec_name = "half_year"

    reference_id = fields.Many2one(
        "ar.interest.reference", required=True, ondelete="cascade", index=True
    )
    date_from = fields.Date(
        string="From", required=True, help="1 January or 1 July: the rate of that day holds."
    )
    half_year = fields.Char(compute="_compute_half_year")
    rate = fields.Float(string="Rate (%)", required=True, digits=(6, 3))

    _half_unique = models.Constraint(
        "UNIQUE(reference_id, date_from)", "There is a rate for this half-year: change that one."
    )
    _rate_range = models.Constraint(
        "CHECK(rate > -100 AND rate < 100)", "A rate is in percent a year: between -100 and 100."
    )

    @api.depends("date_from")
    def _compute_half_year(self):
        for rate in self:
            rate.half_year = rate.date_from and str(Half.of(rate.date_from))

    @api.constrains("date_from")
    def _check_date_from(self):
        for rate in self:
            if rate.date_from != Half.of(rate.date_from).start:
                raise ValidationError(
                    self.env._(
                        "A rate holds from 1 January or 1 July: %s is neither.", rate.date_from
                    )
                )
