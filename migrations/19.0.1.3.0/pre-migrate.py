"""References of dunning notices that follow from another row lose their foreign keys."""

UNKEYED = {
    "ar_dunning_notice": ("run_id", "company_id", "currency_id", "policy_id"),
    "ar_dunning_left_out": ("run_id", "company_id", "currency_id"),
}


def migrate(cr, version):
    for table, columns in UNKEYED.items():
        names = [f"{table}_{column}_fkey" for column in columns]
        for name in names:
            cr.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        cr.execute("DELETE FROM ir_model_constraint WHERE name = ANY(%s)", [names])
    # every search by run goes through the index of its states
    cr.execute("DROP INDEX IF EXISTS ar_dunning_notice__run_id_index")
