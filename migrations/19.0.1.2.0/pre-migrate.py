"""The lines of dunning notices become a value of their notice; a function is a statement now."""

from odoo.tools import SQL

COLUMNS = (
    "move_line_id", "name", "date_invoice", "date_due", "days", "reached", "held", "level_number",
    "residual", "covered", "amount_company", "amount_original", "interest", "compensation",
)  # fmt: skip


def migrate(cr, version):
    arrays = SQL(", ").join(
        SQL("%s, array_agg(line.%s ORDER BY line.id)", name, SQL.identifier(name))
        for name in COLUMNS
    )
    cr.execute(
        SQL(
            """
            ALTER TABLE ar_dunning_notice ADD COLUMN item_values jsonb;
            UPDATE ar_dunning_notice SET item_values = taken.item_values
              FROM (
                SELECT line.notice_id, jsonb_build_object(%s) AS item_values
                  FROM ar_dunning_notice_line line GROUP BY line.notice_id
              ) taken
             WHERE taken.notice_id = ar_dunning_notice.id;
            DROP TABLE ar_dunning_notice_line;
            DROP FUNCTION IF EXISTS ar_lock_profiles;
            DELETE FROM ir_model_constraint
             WHERE name IN ('ar_dunning_notice_line_notice_id_fkey',
                            'ar_dunning_notice_line_move_line_id_fkey');
            """,
            arrays,
        )
    )
