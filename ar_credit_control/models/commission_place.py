"""Which statement a commission is on, and what follows from that."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .commission_place_sql import CLOSED


class CommissionPlace(models.Model):
    """The statement that an entry is on, if any; the row has the entry's own id.

    So an entry is on one statement at most, and drawing a statement writes to these narrow rows
    alone: an entry itself has many indexes, all of which an update of it would write to. Rows come
    with their entries, in the same statement of SQL.
    """

    _name = "ar.commission.place"
    _description = "Place of a commission on a statement"
    _log_access = False

    # The entry's own company cannot be deleted; a second foreign key costs as much as the row.
    company_ref = fields.Integer(required=True, readonly=True)
    statement_id = fields.Many2one(
        "ar.commission.statement", readonly=True, index="btree_not_null", ondelete="set null"
    )
    _unstated_idx = models.Index("(company_ref) WHERE statement_id IS NULL")


class CommissionEntry(models.Model):
    _inherit = "ar.commission.entry"

    statement_id = fields.Many2one(
        "ar.commission.statement",
        compute="_compute_statement_id",
        search="_search_statement_id",
        compute_sudo=True,
        help="Where it is paid. What came up after that statement was approved is on the next.",
    )
    state = fields.Selection(
        [("held", "Held"), ("payable", "Payable"), ("settled", "Settled")],
        compute="_compute_state",
        search="_search_state",
        compute_sudo=True,
        help="Held: the invoice is disputed. Settled: on an approved statement.",
    )

    # whoever writes places also forgets what was read of them: see _forget of statements
    @api.depends()
    def _compute_statement_id(self):
        rows = self.env.execute_query(
            SQL("SELECT id, statement_id FROM ar_commission_place WHERE id = ANY(%s)", self.ids)
        )
        statements = dict(rows)
        for entry in self:
            entry.statement_id = statements.get(entry.id)

    @api.depends("held", "statement_id.state")
    def _compute_state(self):
        for entry in self:
            unsettled = "held" if entry.held else "payable"
            entry.state = "settled" if entry.statement_id.state in CLOSED else unsettled

    def _search_statement_id(self, operator, value):
        if operator == "any":  # which statements is asked with the user's own rights
            value = self.env["ar.commission.statement"]._search(value)
        elif operator != "in":
            return NotImplemented
        return self._placed([("statement_id", "in", value)])

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        unsettled = self._unsettled()
        conditions = {
            "settled": self._placed([("statement_id.state", "in", CLOSED)]),
            "held": Domain("held", "=", True) & unsettled,
            "payable": Domain("held", "=", False) & unsettled,
        }
        return Domain.OR(conditions[state] for state in value if state in conditions)

    def _unsettled(self):
        """No negation: what is settled may be a long history."""
        places = self._places([("statement_id", "=", False)]).select()
        drawn = self._places([("statement_id", "any", [("state", "not in", CLOSED)])]).select()
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                "%s IN (%s UNION ALL %s)", SQL.identifier(alias, "id"), places, drawn
            )
        )

    @api.model
    def _unstated(self, company, date_to):
        """Domain of what a statement until that day takes."""
        companies = self.env["res.company"].search([("id", "child_of", company.id)])
        return (
            self._placed([("statement_id", "=", False), ("company_ref", "in", companies.ids)])
            & Domain("company_id", "in", companies.ids)
            & Domain("held", "=", False)
            & Domain("date", "<=", date_to)
        )

    def _placed(self, domain):
        return Domain("id", "in", self._places(domain))

    def _places(self, domain):
        # only tells where entries are; those are read with the user's own rights
        return self.env["ar.commission.place"].sudo()._search(domain)

    def _field_to_sql(self, alias, field_expr, query=None):
        """Lists are grouped and sorted by these as by columns."""
        if query is None or field_expr not in ("statement_id", "state"):
            return super()._field_to_sql(alias, field_expr, query)
        place = query.left_join(alias, "id", "ar_commission_place", "id", "place")
        if field_expr == "statement_id":
            return SQL.identifier(place, "statement_id")
        paper = query.left_join(
            place, "statement_id", "ar_commission_statement", "id", "statement_id"
        )
        return SQL(
            "CASE WHEN %s IN %s THEN 'settled' WHEN %s THEN 'held' ELSE 'payable' END",
            self.env["ar.commission.statement"]._field_to_sql(paper, "state", query),
            CLOSED,
            super()._field_to_sql(alias, "held", query),
        )
