from odoo import api, fields, models
from odoo.exceptions import UserError

from .exchange_account import NETWORKS

OUTCOMES = [
    ("not_issued", "Rejected: not issued"),
    ("issued_not_delivered", "Issued, not delivered"),
    ("refused_by_buyer", "Refused by the buyer"),
    ("disputed", "Disputed or on hold"),
]
STATES = [("open", "Open"), ("fixed", "Fixed, waiting"), ("closed", "Closed")]
EDITABLE = {"user_id", "deadline", "note"}


class DeliveryProblem(models.Model):
    """An invoice that did not arrive as it should, whose work that is, and by when."""

    _name = "ar.delivery.problem"
    _description = "Delivery problem of an invoice"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "deadline, id"
    _rec_name = "move_id"
    _mail_post_access = "read"

    transmission_id = fields.Many2one(
        "ar.exchange.transmission", required=True, readonly=True, ondelete="cascade"
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True
    )
    salesperson_id = fields.Many2one(related="move_id.invoice_user_id", string="Salesperson")
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount = fields.Monetary(related="move_id.amount_residual", string="Open amount")
    account_id = fields.Many2one("ar.exchange.account", required=True, readonly=True)
    notification_id = fields.Many2one(
        "ar.exchange.notification", string="Message", readonly=True, ondelete="restrict"
    )
    network = fields.Selection(NETWORKS, required=True, readonly=True)
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True, tracking=True)
    code = fields.Char(readonly=True, help="The network's own code of the first error.")
    text = fields.Text(string="What the network says", readonly=True)
    error_ids = fields.One2many("ar.delivery.error", "problem_id", readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Owner", tracking=True, index=True, domain="[('share', '=', False)]"
    )
    deadline = fields.Date(tracking=True)
    note = fields.Text()
    task = fields.Char(compute="_compute_task", string="What to do")
    doubtful = fields.Boolean(
        readonly=True,
        help="The message came by mail and is not signed: dunning and score go on until somebody "
        "confirms it.",
    )
    opened_on = fields.Date(string="Since", required=True, readonly=True)
    fixed_on = fields.Date(readonly=True)
    closed_on = fields.Date(readonly=True)
    age = fields.Integer(compute="_compute_age", string="Age (days)")
    urgency = fields.Selection(
        [("late", "Late"), ("soon", "Due"), ("later", "In time")], compute="_compute_age"
    )
    told = fields.Boolean(readonly=True, help="Owner and salesperson have their mail.")
    escalated_on = fields.Date(string="Managers told on", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="open", tracking=True)
    close_reason = fields.Selection(
        [
            ("delivered", "Delivered"),
            ("replaced", "A newer transmission takes its place"),
            ("hand", "By hand"),
            ("void", "Invoice cancelled"),
        ],
        readonly=True,
    )

    _transmission_unique = models.UniqueIndex(
        "(transmission_id)", "This transmission of the invoice has its problem already."
    )
    _untold_idx = models.Index("(account_id) WHERE told IS NOT TRUE")
    _open_idx = models.Index("(move_id) WHERE state <> 'closed'")

    @api.depends("outcome", "state")
    def _compute_task(self):
        tasks = self._get_tasks()
        waiting = self.env._("Nothing: the exchange's answer to the new transmission is awaited.")
        for problem in self:
            open_ = problem.state == "open"
            problem.task = (
                tasks.get(problem.outcome) if open_ else problem.state == "fixed" and waiting
            )

    @api.model
    def _get_tasks(self):
        """What is to be done, by outcome."""
        return {
            "not_issued": self.env._(
                "Correct what the network names and send the invoice again, with the same number "
                "and date."
            ),
            "issued_not_delivered": self.env._(
                "Send a courtesy copy, and tell the customer where the invoice lies."
            ),
            "refused_by_buyer": self.env._(
                "Clear up the reason with the customer: credit the invoice or send it anew."
            ),
            "disputed": self.env._("Clear up with the customer what holds the invoice."),
        }

    @api.depends("opened_on", "closed_on", "deadline", "state")
    def _compute_age(self):
        today = fields.Date.context_today(self)
        for problem in self:
            end = problem.closed_on or today
            problem.age = (end - problem.opened_on).days if problem.opened_on else 0
            left = (problem.deadline - today).days if problem.deadline else 99
            # safe: a number of days of an account that not every reader of its problems may see
            warn = problem.sudo().account_id.warn_days
            closed = problem.state == "closed"
            problem.urgency = (
                "late"
                if left < 0 and not closed
                else "soon"
                if left <= warn and not closed
                else "later"
            )

    # ------------------------------------------------------------------ rights
    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise UserError(self.env._("Delivery problems are opened by an exchange's message."))
        return super().create(vals_list)

    def write(self, vals):
        """People choose the owner and the day; the rest is what the exchange said."""
        own = set(self._fields) - set(self.env["mail.thread"]._fields)
        own -= set(self.env["mail.activity.mixin"]._fields)
        if not self.env.su and (set(vals) & own) - EDITABLE:
            raise UserError(
                self.env._("What the exchange said stays: change owner, deadline or note.")
            )
        return super().write(vals)

    # ------------------------------------------------------------------ buttons
    def action_fixed(self):
        """The mistake is corrected; the answer of the exchange closes the problem."""
        self.check_access("write")
        # safe: who may write the problem may say that it is corrected
        self.filtered(lambda problem: problem.state == "open").sudo()._set_fixed()

    def action_close(self):
        """Done without an answer of the exchange, for instance by a copy on paper."""
        self.check_access("write")
        # safe: who may write the problem may close it
        self.filtered(lambda problem: problem.state != "closed").sudo()._close("hand")

    def action_reopen(self):
        self.check_access("write")
        for problem in self.sudo():  # safe: see above
            if problem.state == "closed" and problem.close_reason != "hand":
                raise UserError(
                    self.env._("The exchange closed this problem: only its message opens it.")
                )
            problem.write({"state": "open", "closed_on": False, "close_reason": False})
            problem._give_activities()
        self.sudo()._changed()

    def action_confirm(self):
        """Somebody vouches for a message that came by mail."""
        self.check_access("write")
        self.sudo().doubtful = False  # safe: see above
        self.sudo()._changed()

    def action_open_invoice(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_open_messages(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Messages about the invoice"),
            "res_model": "ar.exchange.notification",
            "view_mode": "list,form",
            "domain": [("transmission_ids.move_id", "=", self.move_id.id)],
        }
