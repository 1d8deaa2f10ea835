"""Does a reckoning from scratch give the ledger of commissions? What differs, line by line."""

from odoo import api, fields, models


class CommissionCheck(models.TransientModel):
    _name = "ar.commission.check"
    _description = "Difference in the ledger of commissions"
    _order = "id"

    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    payee_id = fields.Many2one("res.partner", string="Person", readonly=True)
    rule_id = fields.Many2one("ar.commission.rule", readonly=True)
    kind = fields.Char(readonly=True)
    ledger = fields.Monetary(string="In the ledger", readonly=True)
    expected = fields.Monetary(readonly=True)
    ledger_date = fields.Date(string="Date in the ledger", readonly=True)
    expected_date = fields.Date(readonly=True)

    @api.depends("move_id", "order_id")
    def _compute_currency_id(self):
        for line in self:
            line.currency_id = (line.move_id or line.order_id).company_id.currency_id


class CommissionEntry(models.Model):
    _inherit = "ar.commission.entry"

    @api.model
    def action_check(self):
        """Reckon everything from scratch, writing nothing, and list what differs."""
        Check = self.env["ar.commission.check"]
        Check.check_access("create")
        self.env["ar.commission.due"].sudo()._calculate()  # as action_calculate
        found = self.env["ar.commission.due"]._differences(self.env.company)
        if not found:
            return self._notify(
                self.env._("A reckoning from scratch gives the ledger, to the cent.")
            )
        columns = Check._fields.keys()
        differences = Check.create(
            [{name: value for name, value in row.items() if name in columns} for row in found]
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Differences in the ledger"),
            "res_model": Check._name,
            "views": [(False, "list")],
            "domain": [("id", "in", differences.ids)],
        }

    @api.model
    def action_calculate(self):
        """Reckon what is waiting now instead of within the hour."""
        self.env["ar.commission.check"].check_access("create")
        # what follows from the ledger is written by nobody's own right
        due = self.env["ar.commission.due"].sudo()
        if due._calculate_batch() and (waiting := due._count()):
            self.env.ref("ar_credit_control.cron_commission").sudo()._trigger()
            return self._notify(
                self.env._("%s more changes are calculated in the background.", waiting)
            )
        return self._notify(self.env._("Commissions are up to date."))

    def _notify(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
