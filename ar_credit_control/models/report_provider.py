from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules.credit_report import CLASSES, NUMBERS, RatingError, Scale, split_classes


class ReportProvider(models.Model):
    """A company that sells reports on others, and the scale on which it rates them."""

    _name = "ar.credit.provider"
    _description = "Provider of company reports"
    _order = "name"

    name = fields.Char(required=True, help="As it stands in files of reports.")
    active = fields.Boolean(default=True)
    scale = fields.Selection(
        [(NUMBERS, "Numbers"), (CLASSES, "Classes")], required=True, default=NUMBERS
    )
    best = fields.Float(string="Best rating", digits=(16, 3), default=100)
    worst = fields.Float(
        string="Worst rating",
        digits=(16, 3),
        help="May be the larger number: some providers count risk.",
    )
    classes = fields.Char(help="Best first, parted by commas: AAA, AA, A, BBB")
    validity_months = fields.Integer(
        string="Valid for (months)",
        default=12,
        help="Ends a report that does not say itself until when it is valid.",
    )
    scale_text = fields.Char(compute="_compute_scale_text", string="Scale, best first")

    _name_unique = models.UniqueIndex(
        "(LOWER(name))", "There is a provider of this name already: use it, or choose another name."
    )
    _validity_positive = models.Constraint(
        "CHECK(validity_months > 0)", "A report must be valid for at least one month."
    )

    @api.depends("scale", "best", "worst", "classes")
    def _compute_scale_text(self):
        for provider in self:
            provider.scale_text = str(provider._get_scale())

    @api.constrains("scale", "best", "worst", "classes")
    def _check_scale(self):
        for provider in self:
            if problem := provider._get_scale().problem():
                raise ValidationError(provider._problem_text(problem))
            provider._check_ratings()

    def _problem_text(self, problem):
        texts = {
            "same_ends": self.env._("Best and worst rating must differ: enter both ends."),
            "no_classes": self.env._("The scale needs two classes or more, parted by commas."),
            "double_class": self.env._("A class stands in the scale twice: remove one of them."),
        }
        return texts[problem]

    def _check_ratings(self):
        """A scale must keep room for the ratings that were given on it."""
        scale = self._get_scale()
        # ratings of other companies count, too
        ratings = (
            self.env["ar.credit.report"]
            .sudo()
            ._read_group([("provider_id", "=", self.id), ("rating", "!=", False)], ["rating"])
        )
        for (rating,) in ratings:
            try:
                scale.rating(rating)
            except RatingError:
                raise ValidationError(
                    self.env._(
                        "A report has the rating %(rating)s, which the new scale (%(scale)s) does "
                        "not have: correct the report, or add a provider with the new scale.",
                        rating=rating,
                        scale=scale,
                    )
                )

    def _get_scale(self):
        """The scale as a value of the rules."""
        self.ensure_one()
        if self.scale == CLASSES:
            return Scale(CLASSES, classes=split_classes(self.classes or ""))
        best, worst = (Decimal(repr(round(number, 3))) for number in (self.best, self.worst))
        return Scale(NUMBERS, best, worst)

    def _get_end(self, day):
        """The last day of a report of this day that does not name it."""
        return fields.Date.add(day, months=self.validity_months)
