from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import format_date

from ..rules.portfolio import Absence, stand_in


class CollectorAbsence(models.Model):
    """Days on which a collector is away, and who does his work."""

    _name = "ar.absence"
    _description = "Absence of a collector"
    _order = "date_from desc, id desc"
    _rec_name = "user_id"

    user_id = fields.Many2one(
        "res.users",
        string="Collector",
        required=True,
        ondelete="cascade",
        index=True,
        default=lambda self: self.env.user,
    )
    deputy_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    date_from = fields.Date(string="From", required=True, default=fields.Date.context_today)
    date_to = fields.Date(string="To", required=True, help="The last day of the absence.")

    _dates_ordered = models.Constraint(
        "CHECK(date_from <= date_to)", "The absence ends before it begins: swap the days."
    )
    _other_deputy = models.Constraint(
        "CHECK(user_id <> deputy_id)", "Choose somebody else as deputy."
    )

    @api.constrains("user_id", "date_from", "date_to")
    def _check_overlap(self):
        for absence in self:
            other = self.search(
                [
                    ("id", "!=", absence.id),
                    ("user_id", "=", absence.user_id.id),
                    ("date_from", "<=", absence.date_to),
                    ("date_to", ">=", absence.date_from),
                ],
                limit=1,
            )
            if other:
                raise ValidationError(
                    self.env._(
                        "%(user)s is away from %(start)s to %(end)s already: change that absence.",
                        user=absence.user_id.name,
                        start=format_date(self.env, other.date_from),
                        end=format_date(self.env, other.date_to),
                    )
                )

    @api.model
    def _search_current(self):
        today = fields.Date.context_today(self)
        return self.search([("date_from", "<=", today), ("date_to", ">=", today)])

    @api.model
    def _get_absent(self):
        """The users who are away today."""
        return self._search_current().user_id


class ResUsers(models.Model):
    _inherit = "res.users"

    def _ar_stand_ins(self):
        """``{user: who does the work today}``, the user itself where nobody is away."""
        today = fields.Date.context_today(self)
        # whose work it is matters to whoever plans it
        current = self.env["ar.absence"].sudo()._search_current()
        absences = defaultdict(list)
        for absence in current:
            days = Absence(absence.deputy_id.id, absence.date_from, absence.date_to)
            absences[absence.user_id.id].append(days)
        return {user: self.browse(stand_in(user.id, absences, today)) for user in self}
