"""Whether a commission is held becomes a column of its own; added with a default, it is filled
without writing to the rows."""


def migrate(cr, version):
    cr.execute(
        """
        ALTER TABLE ar_commission_entry ADD COLUMN held boolean NOT NULL DEFAULT FALSE;
        ALTER TABLE ar_commission_entry ALTER COLUMN held DROP DEFAULT;
        UPDATE ar_commission_entry SET held = TRUE WHERE state = 'held';
        """
    )
