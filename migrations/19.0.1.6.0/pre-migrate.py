"""What dunning notices name loses its foreign keys: the product does their work itself."""

UNKEYED = {
    "ar_dunning_notice": (
        "recipient_id",
        "assignment_id",
        "approved_by_id",
        "collector_id",
        "salesperson_id",
        "message_id",
        "activity_id",
        "charge_move_id",
    ),
    "ar_dunning_left_out": ("move_line_id",),
}


def migrate(cr, version):
    for table, columns in UNKEYED.items():
        names = [f"{table}_{column}_fkey" for column in columns]
        for name in names:
            cr.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        cr.execute("DELETE FROM ir_model_constraint WHERE name = ANY(%s)", [names])
