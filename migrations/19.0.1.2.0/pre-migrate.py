"""The lines of dunning notices become a value of their notice."""


def migrate(cr, version):
    cr.execute(
        """
        ALTER TABLE ar_dunning_notice ADD COLUMN item_values jsonb;
        UPDATE ar_dunning_notice SET item_values = taken.item_values
          FROM (
            SELECT notice.id, jsonb_build_object(
                   'move_line_id', array_agg(line.move_line_id ORDER BY line.id),
                   'name', array_agg(line.name ORDER BY line.id),
                   'date_invoice', array_agg(line.date_invoice ORDER BY line.id),
                   'date_due', array_agg(line.date_due ORDER BY line.id),
                   'days', array_agg(line.days ORDER BY line.id),
                   'reached', array_agg(line.reached ORDER BY line.id),
                   'held', array_agg(line.held ORDER BY line.id),
                   'level_number', array_agg(line.level_number ORDER BY line.id),
                   'residual', array_agg(line.residual ORDER BY line.id),
                   'covered', array_agg(line.covered ORDER BY line.id),
                   'amount_company', array_agg(line.amount_company ORDER BY line.id),
                   'amount_original', array_agg(line.amount_original ORDER BY line.id),
                   'interest', array_agg(line.interest ORDER BY line.id),
                   'compensation', array_agg(line.compensation ORDER BY line.id)) AS item_values
              FROM ar_dunning_notice notice
              JOIN ar_dunning_notice_line line ON line.notice_id = notice.id
          GROUP BY notice.id
          ) taken
         WHERE taken.id = ar_dunning_notice.id;
        DROP TABLE ar_dunning_notice_line;
        DELETE FROM ir_model_constraint
         WHERE name IN ('ar_dunning_notice_line_notice_id_fkey',
                        'ar_dunning_notice_line_move_line_id_fkey');
        """
    )
