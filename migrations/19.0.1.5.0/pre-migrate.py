"""Customers of dunning notices lose their foreign keys: their journal items keep them."""

UNKEYED = {"ar_dunning_notice": ("partner_id",), "ar_dunning_left_out": ("partner_id", "notice_id")}


def migrate(cr, version):
    for table, columns in UNKEYED.items():
        names = [f"{table}_{column}_fkey" for column in columns]
        for name in names:
            cr.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        cr.execute("DELETE FROM ir_model_constraint WHERE name = ANY(%s)", [names])
