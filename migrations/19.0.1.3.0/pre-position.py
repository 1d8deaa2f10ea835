"""A position is read by statements of its own, no longer by a function."""


def migrate(cr, version):
    cr.execute("DROP FUNCTION IF EXISTS ar_positions")
