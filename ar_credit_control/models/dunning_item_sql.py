"""The items of a notice as one value: a snapshot, written and read together with the notice.

``ar_dunning_notice.item_values`` holds an object of arrays, one a column, all in the same order:
``{"move_line_id": [17, 18], "name": ["INV/1", "INV/2"], …}``. Columns of charges are there once a
level has charged something; without them nothing was charged.
"""

from odoo.tools import SQL

# The id of a line is that of its notice times this, plus its place.
PLACES = 1_000_000
# Each column with its type and, for the proposal, where it comes from.
COLUMNS = {
    "move_line_id": ("int4", "item.line_id"),
    "name": ("varchar", "item.name"),
    "date_invoice": ("date", "item.date_invoice"),
    "date_due": ("date", "item.due"),
    "days": ("int4", "item.days"),
    "reached": ("int4", "item.reached"),
    "held": ("int4", "item.held"),
    "level_number": ("int4", "item.goes"),
    "residual": ("numeric", "item.residual_currency"),
    "covered": ("numeric", "item.covered"),
    "amount_company": ("numeric", "item.asked"),
    "amount_original": ("numeric", "item.balance"),
}
CHARGES = ("interest", "compensation")


def pack() -> SQL:
    """An aggregate: the snapshot of the rows ``item`` of a proposal."""
    arrays = (SQL("%s, array_agg(%s)", key, SQL(source)) for key, (_, source) in COLUMNS.items())
    return SQL("jsonb_build_object(%s)", SQL(", ").join(arrays))


def unpack(*columns) -> SQL:
    """Rows of some columns of the notice called ``notice``, as text, and their ``position``."""
    arrays = (SQL("jsonb_array_elements_text(notice.item_values -> %s)", key) for key in columns)
    return SQL(
        "ROWS FROM (%s) WITH ORDINALITY AS item (%s, position)",
        SQL(", ").join(arrays),
        SQL(", ").join(map(SQL.identifier, columns)),
    )


def lines() -> SQL:
    """The lines of the notice called ``notice``; an entry that was deleted since gives no item."""
    values = [
        SQL("item.%s::%s", SQL.identifier(key), SQL(kind))
        for key, (kind, _) in COLUMNS.items()
        if key != "move_line_id"
    ] + [
        SQL(
            "CASE WHEN notice.item_values ? %s THEN item.%s::numeric ELSE 0 END AS %s",
            key,
            SQL.identifier(key),
            SQL.identifier(key),
        )
        for key in CHARGES
    ]
    return SQL(
        """
        SELECT notice.id::int8 * %(places)s + item.position AS id, notice.id AS notice_id,
               entry.id AS move_line_id, %(values)s
          FROM %(items)s
     LEFT JOIN account_move_line entry ON entry.id = item.move_line_id::int4
        """,
        places=SQL(str(PLACES)),
        values=SQL(", ").join(values),
        items=unpack(*COLUMNS, *CHARGES),
    )


def items_of(ids) -> SQL:
    """Rows (notice_id, move_line_id) of some notices, entries included that were deleted since."""
    return SQL(
        """
        SELECT notice.id AS notice_id, item.move_line_id::int4
          FROM ar_dunning_notice notice CROSS JOIN LATERAL %s
         WHERE notice.id = ANY(%s)
        """,
        unpack("move_line_id"),
        list(ids),
    )
