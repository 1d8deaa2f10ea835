"""What happens once, when the addon is installed or removed."""

from odoo.tools import SQL

from . import score_part_sql
from .dunning_item_sql import DROP_TYPE


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
    """Take along what Odoo does not know of, and untie what it would stumble over."""
    env.cr.execute("DROP FUNCTION IF EXISTS ar_commission_stakes, ar_commission_stakes_margin")
    env.cr.execute(DROP_TYPE)  # with the column of it
    # with the triggers that keep the ledger of commissions from being deleted
    env.cr.execute("DROP FUNCTION IF EXISTS ar_commission_append_only CASCADE")
    env.cr.execute(score_part_sql.REMOVE)
    # records go before tables, and a level holds on to the text of its letter
    env.cr.execute("UPDATE ar_dunning_level SET mail_template_id = NULL")
