"""What happens once, when the addon is installed or removed."""

from odoo.tools import SQL


def post_init_hook(env):
    """Give companies a policy, and take what was confirmed before as checked."""
    env["res.company"].search([])._ar_create_policy()
    env.cr.execute(
        SQL(
            """
        UPDATE sale_order
           SET ar_cleared_amount = amount_total,
               ar_cleared_partner_id = partner.commercial_partner_id
          FROM res_partner partner
         WHERE partner.id = sale_order.partner_invoice_id AND sale_order.state = 'sale'
        """
        )
    )


def uninstall_hook(env):
    """Take the database function of the position along."""
    env.cr.execute("DROP FUNCTION IF EXISTS ar_positions")
