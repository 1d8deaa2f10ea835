"""The items of a notice as one value: a snapshot, written and read together with the notice.

``ar_dunning_notice.items`` is a row of arrays, one a column, all in the same order: they are made,
kept and read in a third of the time that the same values take as JSON. Columns of charges are
there once a level has charged something; without them nothing was charged.
"""

from odoo.tools import SQL

# The id of a line is that of its notice times this, plus its place.
PLACES = 1_000_000
# Each column with its type and, for the proposal, where it comes from.
COLUMNS = {
    "move_line_id": ("int4", SQL("item.line_id")),
    "name": ("varchar", SQL("item.name")),
    "date_invoice": ("date", SQL("item.date_invoice")),
    "date_due": ("date", SQL("item.due")),
    "days": ("int4", SQL("item.days")),
    "reached": ("int4", SQL("item.reached")),
    "held": ("int4", SQL("item.held")),
    "level_number": ("int4", SQL("item.goes")),
    "residual": ("numeric", SQL("item.residual_currency")),
    "covered": ("numeric", SQL("item.covered")),
    "amount_company": ("numeric", SQL("item.asked")),
    "amount_original": ("numeric", SQL("item.balance")),
}
CHARGES = ("interest", "compensation")
TYPES = {name: kind for name, (kind, _) in COLUMNS.items()} | dict.fromkeys(CHARGES, "numeric")
# The type is not changed by an update: a version that needs other columns makes another.
DROP_TYPE = SQL("DROP TYPE IF EXISTS ar_dunning_items CASCADE")


def create() -> SQL:
    """The column and its type, where they are not there yet."""
    columns = (SQL("%s %s[]", SQL.identifier(name), SQL(kind)) for name, kind in TYPES.items())
    return SQL(
        """
        DO $$ BEGIN
            IF to_regtype('ar_dunning_items') IS NULL THEN
                CREATE TYPE ar_dunning_items AS (%s);
            END IF;
        END $$;
        ALTER TABLE ar_dunning_notice ADD COLUMN IF NOT EXISTS items ar_dunning_items;
        """,
        SQL(", ").join(columns),
    )


def column(name, table="notice") -> SQL:
    """The array of one column."""
    return SQL("(%s.items).%s", SQL.identifier(table), SQL.identifier(name))


def pack() -> SQL:
    """An aggregate: the snapshot of the rows ``item`` of a proposal."""
    arrays = [SQL("array_agg(%s)", source) for _, source in COLUMNS.values()]
    arrays += [SQL("NULL::numeric[]") for _ in CHARGES]
    return SQL("ROW(%s)::ar_dunning_items", SQL(", ").join(arrays))


def unpack(*columns) -> SQL:
    """Rows of some columns of the notice called ``notice``, and their ``position``."""
    return SQL(
        "unnest(%s) WITH ORDINALITY AS item (%s, position)",
        SQL(", ").join(column(name) for name in columns),
        SQL(", ").join(map(SQL.identifier, columns)),
    )


def assign(arrays) -> SQL:
    """Assignments of an UPDATE.

    :param arrays: ``{column: expression of the array it is to have}``
    """
    return SQL(", ").join(
        SQL("items.%s = %s", SQL.identifier(name), array) for name, array in arrays.items()
    )


def without(places) -> dict:
    """``{column: its array without some places, a list}``, of the notice called ``notice``."""
    return {
        name: SQL(
            "CASE WHEN %(array)s IS NOT NULL THEN ARRAY(SELECT item.value"
            " FROM unnest(%(array)s) WITH ORDINALITY item (value, position)"
            " WHERE item.position <> ALL(%(places)s) ORDER BY item.position) END",
            array=column(name),
            places=places,
        )
        for name in TYPES
    }


def lines() -> SQL:
    """The lines of the notice called ``notice``; an entry that was deleted since gives no item."""
    values = [SQL("item.%s", SQL.identifier(name)) for name in COLUMNS if name != "move_line_id"]
    values += [
        SQL(
            "CASE WHEN %s IS NOT NULL THEN item.%s ELSE 0 END AS %s",
            column(name),
            SQL.identifier(name),
            SQL.identifier(name),
        )
        for name in CHARGES
    ]
    return SQL(
        """
        SELECT notice.id::int8 * %(places)s + item.position AS id, notice.id AS notice_id,
               entry.id AS move_line_id, %(values)s
          FROM %(items)s
     LEFT JOIN account_move_line entry ON entry.id = item.move_line_id
        """,
        places=SQL(str(PLACES)),
        values=SQL(", ").join(values),
        items=unpack(*TYPES),
    )


def items_of(ids) -> SQL:
    """Rows (notice_id, move_line_id) of some notices, entries included that were deleted since."""
    return SQL(
        """
        SELECT notice.id AS notice_id, item.move_line_id
          FROM ar_dunning_notice notice CROSS JOIN LATERAL %s
         WHERE notice.id = ANY(%s)
        """,
        unpack("move_line_id"),
        list(ids),
    )
