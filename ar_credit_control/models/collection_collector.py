from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

ASSIGNED = {"collector_id", "collector_by_hand", "portfolio_rule_id"}
UNOWNED_DAYS = 30  # practice: without a collector payments drift past 30 days


class CreditProfile(models.Model):
    """Who follows the customer up."""

    _inherit = "ar.credit.profile"

    collector_id = fields.Many2one(
        "res.users",
        tracking=True,
        index="btree_not_null",
        ondelete="set null",
        help="Follows the customer up. Empty: the responsible.",
    )
    collector_by_hand = fields.Boolean(readonly=True)
    portfolio_rule_id = fields.Many2one(
        "ar.portfolio.rule", string="Portfolio rule", readonly=True, ondelete="set null"
    )
    collector_reason = fields.Char(compute="_compute_collector_reason", string="Why this collector")
    stand_in_id = fields.Many2one(
        "res.users",
        compute="_compute_stand_in_id",
        string="At work today",
        help="The collector, or the deputy during an absence.",
    )

    @api.depends("collector_id", "user_id", "collector_by_hand", "portfolio_rule_id")
    @api.depends_context("lang")
    def _compute_collector_reason(self):
        for profile in self:
            rule = profile.portfolio_rule_id
            if profile.collector_by_hand:
                profile.collector_reason = self.env._("set for this customer")
            elif rule:
                # what the rule asks for is no secret to who sees the profile
                profile.collector_reason = self.env._("by rule: %s", rule.sudo().description)
            elif profile.user_id:
                profile.collector_reason = self.env._("responsible for the customer's credit")
            else:
                profile.collector_reason = self.env._("nobody is responsible")

    @api.depends("collector_id", "user_id")
    def _compute_stand_in_id(self):
        collectors = {profile: profile.collector_id or profile.user_id for profile in self}
        users = self.collector_id | self.user_id
        stand_ins = users._ar_stand_ins()
        for profile, collector in collectors.items():
            profile.stand_in_id = stand_ins.get(collector, False)

    def write(self, vals):
        """By hand a collector stays; emptied by hand, the rules may set one again."""
        if "collector_id" in vals and not self.env.su:
            if not self.env.user.has_group("ar_credit_control.group_collector"):
                raise AccessError(self.env._("Only collectors say who follows a customer up."))
            vals = {**vals, "collector_by_hand": bool(vals["collector_id"])}
            return super().write({**vals, "portfolio_rule_id": False})
        if not self.env.su and ASSIGNED & vals.keys():
            raise AccessError(self.env._("Set the collector itself: the reason follows from it."))
        return super().write(vals)

    def _get_stricter(self, other):
        """Of two customers that become one, a collector chosen by hand stays."""
        vals = super()._get_stricter(other)
        if self.collector_by_hand and not other.collector_by_hand:
            vals |= {"collector_id": self.collector_id.id, "collector_by_hand": True}
        return vals

    def _get_warned(self):
        return super()._get_warned() | self.stand_in_id

    @api.model
    def _get_unowned(self, company):
        """``(customers, amount)`` overdue for more than 30 days with nobody responsible."""
        Partner = self.env["res.partner"].with_company(company)
        today = fields.Date.context_today(self)
        before = fields.Date.subtract(today, days=UNOWNED_DAYS)
        domain = Domain("ar_oldest_due", "<", before) & Domain("ar_collector_id", "=", False)
        customers = Partner.search(domain)
        positions = self.env["ar.position"]._get_positions(customers, company)
        return len(customers), sum(position.overdue for position in positions.values())


class ResPartner(models.Model):
    _inherit = "res.partner"

    ar_collector_id = fields.Many2one(
        "res.users",
        string="Collector",
        compute="_compute_ar_collector_id",
        search="_search_ar_collector_id",
        groups="sales_team.group_sale_salesman,account.group_account_invoice,"
        "account.group_account_readonly,ar_credit_control.group_auditor",
        help="Who follows the customer up: the collector of the credit profile, else the "
        "responsible.",
    )

    @api.depends_context("company", "uid")
    def _compute_ar_collector_id(self):
        profiles = self.env["ar.credit.profile"].search_fetch(
            [
                ("partner_id", "in", self.commercial_partner_id._origin.ids),
                ("company_id", "=", self.env.company.root_id.id),
            ],
            ["partner_id", "collector_id", "user_id"],
        )
        owners = {p.partner_id.id: p.collector_id or p.user_id for p in profiles}
        for partner in self:
            partner.ar_collector_id = owners.get(partner.commercial_partner_id._origin.id, False)

    def _search_ar_collector_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        Profile = self.env["ar.credit.profile"]
        mine = Domain("company_id", "=", self.env.company.root_id.id)
        owned = Domain("collector_id", "!=", False) | Domain("user_id", "!=", False)
        found = Domain.FALSE
        if wanted := [key for key in value if key]:
            by_user = Domain("collector_id", "in", wanted) | (
                Domain("collector_id", "=", False) & Domain("user_id", "in", wanted)
            )
            found = self._ar_of_profiles("in", Profile._search(mine & by_user))
        if len(wanted) < len(list(value)):
            found |= self._ar_of_profiles("not in", Profile._search(mine & owned))
        return found

    def _ar_of_profiles(self, operator, profiles):
        return Domain("commercial_partner_id", operator, profiles.subselect("partner_id"))


class DunningNotice(models.Model):
    _inherit = "ar.dunning.notice"

    def _get_collectors(self):
        """The collector, or the deputy who stands in."""
        collectors = super()._get_collectors()
        stand_ins = self.env["res.users"].union(*collectors.values())._ar_stand_ins()
        return {notice: stand_ins.get(user, user) for notice, user in collectors.items()}
