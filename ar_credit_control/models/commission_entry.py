"""The ledger of commissions: entries are added, never changed."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# What may happen to an entry: it is held or released.
MUTABLE = {"held"}


class CommissionEntry(models.Model):
    """What one person earned by one rule with one settlement of one invoice.

    What is no longer true is taken back by an entry of the kind ``reversal``, which names it;
    the database itself refuses to change or delete an entry.
    """

    _name = "ar.commission.entry"
    _description = "Commission"
    _order = "date desc, id desc"
    _rec_name = "number"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    payee_id = fields.Many2one(
        "res.partner", string="Person", required=True, readonly=True, index=True
    )
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True, index=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True, index=True)
    plan_id = fields.Many2one("ar.commission.plan", required=True, readonly=True)
    version_id = fields.Many2one("ar.commission.version", required=True, readonly=True, index=True)
    rule_id = fields.Many2one("ar.commission.rule", required=True, readonly=True, index=True)
    move_id = fields.Many2one(
        "account.move", string="Invoice", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    order_id = fields.Many2one(
        "sale.order",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Of what was earned when it was confirmed; the rest names the invoice.",
    )
    number = fields.Char(string="Document", readonly=True)
    partial_ref = fields.Integer(
        required=True,
        readonly=True,
        help="Number of the reconciliation with the money; 0 when no money is behind it.",
    )
    payment_line_id = fields.Many2one(
        "account.move.line",
        string="Money",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    kind = fields.Selection(
        [
            ("order", "On the order"),
            ("upfront", "On the invoice"),
            ("payment", "Payment"),
            ("waiver", "Waiver"),
            ("reversal", "Reversal"),
        ],
        required=True,
        readonly=True,
    )
    date = fields.Date(required=True, readonly=True, help="The day of the money.")
    days = fields.Integer(
        readonly=True,
        aggregator="avg",
        help="From the invoice, or from its due date, to the money.",
    )
    paid = fields.Monetary(
        readonly=True, aggregator=None, help="The money, taxes included, in company currency."
    )
    base = fields.Monetary(readonly=True, help="Net amount or margin of what was paid.")
    rate = fields.Float("Rate (%)", digits=(7, 4), readonly=True, aggregator=None)
    speed_factor = fields.Float("Speed", digits=(6, 4), readonly=True, aggregator=None)
    term_factor = fields.Float("Terms", digits=(6, 4), readonly=True, aggregator=None)
    amount = fields.Monetary(string="Commission", readonly=True)
    generation = fields.Integer(
        required=True,
        readonly=True,
        default=1,
        aggregator=None,
        help="How many times this settlement was reckoned.",
    )
    reverses_id = fields.Many2one("ar.commission.entry", string="Takes back", readonly=True)
    created_on = fields.Datetime(readonly=True, default=fields.Datetime.now)
    held = fields.Boolean(required=True, readonly=True, help="The invoice is disputed.")

    _source_unique = models.UniqueIndex(
        "(move_id, kind, partial_ref, payee_id, rule_id, generation) WHERE kind <> 'reversal'"
    )
    _order_unique = models.UniqueIndex(
        "(order_id, kind, payee_id, rule_id, generation)"
        " WHERE kind <> 'reversal' AND order_id IS NOT NULL"
    )
    _held_idx = models.Index("(move_id) WHERE held")
    _one_source = models.Constraint(
        "CHECK(num_nonnulls(move_id, order_id) = 1)",
        "An entry is about an invoice or an order.",
    )
    _reverses_unique = models.UniqueIndex("(reverses_id) WHERE reverses_id IS NOT NULL")
    _reversal_names = models.Constraint(
        "CHECK((kind = 'reversal') = (reverses_id IS NOT NULL))",
        "A reversal names the entry that it takes back.",
    )

    def init(self):
        """Let the database refuse changes: whoever writes past the ORM does so by mistake."""
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION ar_commission_append_only() RETURNS trigger
            LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'Commission entries are never changed: write a reversing entry.';
            END $$;
            CREATE OR REPLACE TRIGGER ar_commission_frozen
            BEFORE UPDATE OF company_id, currency_id, version_id, rule_id, move_id, order_id,
                partial_ref, kind, date, paid, base, rate, speed_factor, term_factor, amount,
                generation, reverses_id ON ar_commission_entry
            FOR EACH ROW EXECUTE FUNCTION ar_commission_append_only();
            CREATE OR REPLACE TRIGGER ar_commission_kept
            BEFORE DELETE ON ar_commission_entry
            FOR EACH ROW EXECUTE FUNCTION ar_commission_append_only();
            """
        )

    def write(self, vals):
        if vals.keys() - MUTABLE:
            raise AccessError(
                self.env._(
                    "Commission entries are never changed: they are taken back and replaced."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Commission entries are never deleted: they are taken back."))


class CommissionDue(models.Model):
    """Entries and orders that changed, some of them more than once: whoever matches a payment only
    adds a row, and so waits for nobody. What they are about is reckoned again later."""

    _name = "ar.commission.due"
    _description = "Change to reckon commission of"
    _log_access = False

    move_id = fields.Many2one("account.move", index="btree_not_null", ondelete="cascade")
    order_id = fields.Many2one("sale.order", index="btree_not_null", ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="cascade")


class CommissionWaiver(models.Model):
    """A manager lets somebody earn although the plan's conditions are not met."""

    _name = "ar.commission.waiver"
    _description = "Commission waiver"
    _order = "id desc"
    _rec_name = "move_id"

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('move_type', '=', 'out_invoice'), ('state', '=', 'posted')]",
    )
    company_id = fields.Many2one(related="move_id.company_id", store=True, index=True)
    payee_id = fields.Many2one(
        "res.partner", string="Person", index="btree_not_null", help="Empty: everybody."
    )
    kind = fields.Selection(
        [
            ("hold", "Pay although it is disputed"),
            ("late", "Pay in full although the money came late"),
            ("unpaid", "Pay although the customer has not paid"),
        ],
        string="What is waived",
        required=True,
    )
    reason = fields.Char(required=True)
    user_id = fields.Many2one(
        "res.users", string="Granted by", readonly=True, default=lambda self: self.env.user
    )
    active = fields.Boolean(default=True, help="Archived waivers are withdrawn.")

    _once = models.UniqueIndex(
        "(move_id, kind, COALESCE(payee_id, 0)) WHERE active",
        "This is waived already for that person and invoice.",
    )
