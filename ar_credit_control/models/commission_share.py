"""How several people share what an invoice earns."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import format_date

from ..rules.commission import shares_fault

OWNERS = ("order_id", "move_id", "partner_id")


class CommissionShare(models.Model):
    """One person's part of the commission of an invoice, an order, or all of a customer."""

    _name = "ar.commission.share"
    _description = "Share of a commission"
    _inherit = ["ar.commission.ranged"]
    _order = "id"
    _rec_name = "payee_id"

    order_id = fields.Many2one("sale.order", index="btree_not_null", ondelete="cascade")
    move_id = fields.Many2one(
        "account.move", string="Invoice", index="btree_not_null", ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        readonly=False,
        index=True,
        help="Of a customer's shares: the company in which they hold.",
    )
    payee_id = fields.Many2one(
        "res.partner", string="Person", required=True, index=True, ondelete="restrict"
    )
    percent = fields.Float(string="Share (%)", digits=(5, 2), required=True, default=100.0)

    _ranges = {"percent": (0.01, 100)}
    _owners = OWNERS

    _one_owner = models.Constraint(
        "CHECK(num_nonnulls(order_id, move_id, partner_id) = 1)",
        "A share belongs to an order, an invoice or a customer: choose one.",
    )
    _percent_range = models.Constraint(
        "CHECK(percent > 0 AND percent <= 100)",
        "“Share” is a part of the commission: enter more than 0, up to 100 %.",
    )

    @api.depends("order_id.company_id", "move_id.company_id")
    def _compute_company_id(self):
        for share in self:
            owner = share.order_id or share.move_id
            share.company_id = owner.company_id or share.company_id or self.env.company.root_id

    def _day(self):
        """The day on which the person must have a contract."""
        today = fields.Date.context_today(self)
        if self.move_id:
            return self.move_id.invoice_date or today
        return self.order_id.date_order.date() if self.order_id.date_order else today

    @api.constrains("payee_id", "company_id", "order_id", "move_id", "partner_id")
    def _check_contract(self):
        """Somebody who earns by no plan would lose his share without a word."""
        for share in self:
            if share.payee_id not in self._contracted(share.company_id, share._day()):
                raise ValidationError(
                    self.env._(
                        "“Shares” of %(owner)s: %(person)s has no commission contract on %(day)s: "
                        "make him a member of a plan, or choose somebody else.",
                        owner=(share.move_id or share.order_id or share.partner_id).display_name,
                        person=share.payee_id.display_name,
                        day=format_date(self.env, share._day()),
                    )
                )

    @api.model
    def _contracted(self, company, day):
        """Everybody who earns by a plan on that day, as partners."""
        # whoever may enter a share need not see the plans
        members = (
            self.env["ar.commission.member"]
            .sudo()
            .search(
                [
                    ("company_id", "=", company.root_id.id),
                    ("plan_id.active", "=", True),
                    ("date_from", "<=", day),
                    "|",
                    ("date_to", "=", False),
                    ("date_to", ">=", day),
                ]
            )
        )
        team = members.team_id.crm_team_member_ids.user_id
        return members.payee_id | team.partner_id


class ShareOwner(models.AbstractModel):
    """Something that has shares, which add up."""

    _name = "ar.commission.shared"
    _description = "Owner of commission shares"

    def _open_shares(self):
        """The shares in a dialog of their own, where they are saved together."""
        view = self.env.ref(f"ar_credit_control.view_{self._table}_commission_shares")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Who earns commission on %s", self.display_name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
        }

    def _check_shares(self):
        for owner in self:
            for company, shares in owner.ar_commission_share_ids.grouped("company_id").items():
                total = shares_fault(Decimal(str(share.percent)) for share in shares)
                if total is not None:
                    raise ValidationError(
                        self.env._(
                            "“Shares” of %(owner)s add up to %(total)s %%: they must make 100 %%. "
                            "(%(company)s)",
                            owner=owner.display_name,
                            total=f"{float(total):g}",
                            company=company.name,
                        )
                    )


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "ar.commission.shared"]

    ar_commission_share_ids = fields.One2many(
        "ar.commission.share", "order_id", string="Commission shares", copy=True
    )

    def action_ar_commission_shares(self):
        self.ensure_one()
        return self._open_shares()

    @api.constrains("ar_commission_share_ids")
    def _check_ar_commission_shares(self):
        self._check_shares()

    def _prepare_invoice(self):
        """The invoice is shared as its order was."""
        vals = super()._prepare_invoice()
        # who invoices need not see who earns
        if shares := self.sudo().ar_commission_share_ids:
            vals["ar_commission_share_ids"] = [
                fields.Command.create({"payee_id": s.payee_id.id, "percent": s.percent})
                for s in shares
            ]
        return vals


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "ar.commission.shared"]

    ar_commission_share_ids = fields.One2many(
        "ar.commission.share", "move_id", string="Commission shares", copy=True
    )

    @api.constrains("ar_commission_share_ids")
    def _check_ar_commission_shares(self):
        self._check_shares()


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "ar.commission.shared"]

    ar_commission_share_ids = fields.One2many(
        "ar.commission.share",
        "partner_id",
        string="Commission shares",
        help="Who earns on this customer's invoices; empty: the invoice's salesperson.",
    )

    def action_ar_commission_shares(self):
        self.ensure_one()
        return self.commercial_partner_id._open_shares()

    @api.constrains("ar_commission_share_ids")
    def _check_ar_commission_shares(self):
        self._check_shares()
