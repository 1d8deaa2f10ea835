from odoo import fields

# (table, column): what the merging of contacts would find by foreign keys
UNKEYED_PARTNERS = [
    ("ar_dunning_notice", "partner_id"),
    ("ar_dunning_notice", "recipient_id"),
    ("ar_dunning_left_out", "partner_id"),
    ("sale_order", "ar_cleared_partner_id"),
]


class Unkeyed(fields.Many2one):
    """A reference without a foreign key, which costs a look at the other table for each row.

    Something else keeps the record that it names, or a name that leads nowhere does no harm.
    """

    def update_db_foreign_key(self, model, column):
        """There is none."""
