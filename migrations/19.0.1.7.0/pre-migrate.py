"""Drafts are read with the open items; who was cleared for an order has no foreign key."""


def migrate(cr, version):
    cr.execute("DROP INDEX IF EXISTS account_move_ar_draft_idx")
    name = "sale_order_ar_cleared_partner_id_fkey"
    cr.execute(f"ALTER TABLE sale_order DROP CONSTRAINT IF EXISTS {name}")
    cr.execute("DELETE FROM ir_model_constraint WHERE name = %s", [name])
