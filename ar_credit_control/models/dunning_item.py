from collections import namedtuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .dunning_item_sql import PLACES, TYPES, assign, column, create, lines, without

# What a text says of a line, and the journal item behind it.
Line = namedtuple("Line", "item name date_invoice date_due days residual covered")
# The columns that it is made of: amounts as records have them.
READ = SQL(", ").join(
    SQL("%s::float8[]", column(name)) if TYPES[name] == "numeric" else column(name)
    for name in ("move_line_id", *Line._fields[1:])
)


class DunningNotice(models.Model):
    """The items of a notice: a value of its own (``items``, no field), read as lines."""

    _inherit = "ar.dunning.notice"

    line_ids = fields.One2many("ar.dunning.notice.line", "notice_id", readonly=True)

    def init(self):
        self.env.cr.execute(create())

    def _read_lines(self):
        """``{id: its lines}``, as one statement reads them for many notices; one ``Line`` each.

        They stand in the order of ``line_ids``, whose records take longer to make than a text.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL("SELECT id, %s FROM ar_dunning_notice notice WHERE id = ANY(%s)", READ, self.ids)
        )
        return {key: _order(columns) for key, *columns in rows}

    def _set_items(self, columns):
        """Replace columns of the snapshot: ``{name: values in the order of the items}``."""
        self._update_snapshot(
            {name: SQL("%s::%s[]", values, SQL(TYPES[name])) for name, values in columns.items()}
        )

    def _update_snapshot(self, arrays):
        """Replace columns: ``{name: expression of the array, of the row called notice}``."""
        self.env.cr.execute(
            SQL(
                "UPDATE ar_dunning_notice notice SET %s WHERE id = ANY(%s)",
                assign(arrays),
                self.ids,
            )
        )
        self.env["ar.dunning.notice.line"].invalidate_model(flush=False)
        self.invalidate_recordset(["line_ids"], flush=False)

    def _take_out(self, lines):
        """Take lines, given by their ids, out of the snapshot."""
        self._update_snapshot(without([line % PLACES for line in lines]))


class DunningNoticeLine(models.Model):
    """An item as it stood when the notice was made out."""

    _name = "ar.dunning.notice.line"
    _description = "Item of a dunning notice"
    _auto = False
    _order = "date_due, id"
    _rec_name = "name"

    notice_id = fields.Many2one("ar.dunning.notice", readonly=True)
    currency_id = fields.Many2one(related="notice_id.currency_id")
    move_line_id = fields.Many2one("account.move.line", string="Item", readonly=True)
    name = fields.Char(string="Document", readonly=True)
    date_invoice = fields.Date("Invoice date", readonly=True)
    date_due = fields.Date("Due date", readonly=True)
    days = fields.Integer(string="Days late", readonly=True)
    reached = fields.Integer(help="The level that the item's age reaches.", readonly=True)
    held = fields.Integer(
        help="The level that the item had been reminded at before.", readonly=True
    )
    level_number = fields.Integer(string="Level", readonly=True)
    residual = fields.Monetary(string="Open", readonly=True)
    covered = fields.Monetary(help="By credit that is not matched yet.", readonly=True)
    amount_company = fields.Float(string="Asked for, in company currency", readonly=True)
    amount_original = fields.Float(string="Original amount, in company currency", readonly=True)
    interest = fields.Monetary(readonly=True)
    compensation = fields.Monetary(readonly=True)

    @property
    def _table_query(self):
        return SQL(
            "SELECT line.* FROM ar_dunning_notice notice CROSS JOIN LATERAL (%s) line", lines()
        )

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Ids tell the notice: it is looked up there, instead of among the items of all."""
        return super()._search(Domain(domain).map_conditions(_name_notice), *args, **kwargs)


def _order(columns):
    """The snapshot of a notice as lines, the oldest first."""
    rows = zip(*(values or () for values in columns), strict=True)
    return sorted((Line(*row) for row in rows), key=lambda line: line.date_due)


def _name_notice(condition):
    """An equivalent condition that finds notices by their own index."""
    if condition.field_expr != "id" or condition.operator != "in":
        return condition
    try:
        notices = {key // PLACES for key in condition.value}
    except TypeError:  # a query, or False
        return condition
    return condition & Domain("notice_id", "in", list(notices))
