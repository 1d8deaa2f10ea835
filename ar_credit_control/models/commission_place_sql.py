"""Whether an entry is settled, as SQL."""

from odoo.tools import SQL

CLOSED = ("approved", "paid")  # states of a statement whose entries are settled


def settled(entry_id: SQL) -> SQL:
    """Condition that the entry is on an approved statement."""
    return SQL(
        """EXISTS (SELECT FROM ar_commission_place place
                     JOIN ar_commission_statement statement ON statement.id = place.statement_id
                    WHERE place.id = %s AND statement.state IN %s)""",
        entry_id,
        CLOSED,
    )
