"""What a version must be like before anybody is paid by it, and that it stays so."""

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, ormcache

from ..rules.commission import bracket_fault

STILL_OPEN = {"state", "date_to", "name"}  # what changes of a version in force


class CommissionVersion(models.Model):
    _inherit = "ar.commission.version"

    @api.constrains("state", "date_from", "date_to", "plan_id")
    def _check_overlap(self):
        for version in self.filtered(lambda v: v.state == "active"):
            others = version.plan_id.version_ids.filtered(lambda v: v.state == "active")
            if other := version._overlapping(others):
                raise ValidationError(
                    self.env._(
                        "%(version)s overlaps %(other)s (%(period)s): end that version before "
                        "this one begins.",
                        version=version.display_name,
                        other=other.display_name,
                        period=other._format_period(),
                    )
                )

    @api.constrains("speed_ids")
    def _check_speed(self):
        for version in self:
            fault = bracket_fault(version.speed_ids._to_rules())
            if fault:
                raise ValidationError(version._describe_fault(fault))

    def _describe_fault(self, fault):
        texts = {
            "backwards": self.env._("a bracket runs from day %(first)s to %(last)s: swap them."),
            "open": self.env._(
                "the bracket from day %(first)s has no end, but another begins on day %(last)s: "
                "give it a last day."
            ),
            "gap": self.env._("days %(first)s to %(last)s are in no bracket: fill the gap."),
            "overlap": self.env._(
                "days %(first)s to %(last)s are in two brackets: begin the later one later."
            ),
        }
        text = texts[fault.kind] % {"first": fault.first, "last": fault.last}
        return self.env._(
            "“Speed” of %(version)s: %(fault)s", version=self.display_name, fault=text
        )

    def _require_ready(self):
        self.ensure_one()
        if not self.rule_ids:
            raise UserError(self.env._("%s has no rules: add at least one.", self.display_name))
        members = self.plan_id.member_ids
        if not any(m._covers(self.date_from, self.date_to) for m in members):
            raise UserError(
                self.env._(
                    "%(version)s: nobody has a contract in its period (%(period)s): add members.",
                    version=self.display_name,
                    period=self._format_period(),
                )
            )

    @api.constrains("basis")
    def _check_basis(self):
        if "margin" in self.env["sale.order.line"]._fields:
            return
        if wrong := self.filtered(lambda v: v.basis == "margin")[:1]:
            raise ValidationError(
                self.env._(
                    "“Rates are on” of %s: margins are known where the app “Margins in Sales "
                    "Orders” is installed: install it, or choose the net amount.",
                    wrong.display_name,
                )
            )

    def action_activate(self):
        for version in self:
            version._require_ready()
        self.write({"state": "active"})
        # the job belongs to nobody; that it runs soon is all that is asked
        self.env.ref("ar_credit_control.cron_commission").sudo()._trigger()

    def action_simulate(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Simulation of %s", self.display_name),
            "res_model": "ar.commission.simulation",
            "view_mode": "form",
            "target": "new",
            "context": {"default_version_id": self.id},
        }

    def action_draft(self):
        entries = self.env["ar.commission.entry"]
        for version in self:
            if entries.search_count([("version_id", "=", version.id)], limit=1):
                raise UserError(
                    self.env._(
                        "People have earned by %s: end it and add a version instead.",
                        version.display_name,
                    )
                )
        self.write({"state": "draft"})

    # ------------------------------------------------------------------ it stays as it is
    @api.model
    @ormcache()
    def _is_any_active(self):
        """Whether anybody earns commission at all: if not, the ledger need not be watched."""
        return bool(
            self.sudo().search_count(
                [("state", "=", "active"), ("plan_id.active", "=", True)], limit=1
            )
        )

    @api.model
    @ormcache()
    def _asks_for_grades(self):
        Rule = self.env["ar.commission.rule"].sudo()
        return bool(
            self.sudo().search_count(
                [("state", "=", "active"), ("trigger", "=", "payment_for_grades")], limit=1
            )
            or Rule.search_count(
                [("version_id.state", "=", "active"), ("grade", "!=", False)], limit=1
            )
        )

    @api.model
    @ormcache()
    def _asks_for_orders(self):
        """Whether anything is earned on orders at all: if not, they need not be watched."""
        return bool(
            self.sudo().search_count(
                [
                    ("state", "=", "active"),
                    ("upfront_on", "=", "order"),
                    ("upfront_percent", ">", 0),
                ],
                limit=1,
            )
        )

    def write(self, vals):
        if vals.keys() - STILL_OPEN:
            self._require_draft()
        if not {"state", "date_from", "date_to"} & vals.keys():
            return super().write(vals)
        self._mark_period()
        result = super().write(vals)
        self.env.registry.clear_cache()
        self._mark_period()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_draft(self):
        self._require_draft()

    def _require_draft(self):
        if version := self.filtered(lambda v: v.state == "active")[:1]:
            raise UserError(
                self.env._(
                    "%s is in force, its terms do not change: end it with “Until”, and add a "
                    "version that begins on the next day.",
                    version.display_name,
                )
            )

    def _mark_period(self):
        """What was invoiced while a version is in force is reckoned by it."""
        for version in self.filtered(lambda v: v.state == "active"):
            version._mark_documents(version.company_id, version.date_from, version.date_to)

    @api.model
    def _mark_documents(self, company, date_from, date_to):
        if not self._is_any_active():
            return
        self.env["account.move"].flush_model(["state", "invoice_date", "move_type", "company_id"])
        self.env["ar.commission.due"]._mark(
            SQL(
                """SELECT doc.id FROM account_move doc
                     JOIN res_company company ON company.id = doc.company_id
                    WHERE split_part(company.parent_path, '/', 1)::int = %s
                      AND doc.state = 'posted' AND doc.invoice_date >= %s %s""",
                company.id,
                date_from,
                SQL("AND doc.invoice_date <= %s", date_to) if date_to else SQL(),
            )
        )
        self.env["sale.order"].flush_model(["state", "date_order", "company_id"])
        self.env["ar.commission.due"]._mark_orders(
            SQL(
                """SELECT sale.id FROM sale_order sale
                     JOIN res_company company ON company.id = sale.company_id
                    WHERE split_part(company.parent_path, '/', 1)::int = %s
                      AND sale.state = 'sale' AND sale.date_order::date >= %s %s""",
                company.id,
                date_from,
                SQL("AND sale.date_order::date <= %s", date_to) if date_to else SQL(),
            )
        )


class CommissionTerms(models.AbstractModel):
    """A part of a version, which is frozen with it."""

    _name = "ar.commission.terms"
    _description = "Terms of a version"

    @api.model_create_multi
    def create(self, vals_list):
        terms = super().create(vals_list)
        terms.version_id._require_draft()
        return terms

    def write(self, vals):
        self.version_id._require_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_draft(self):
        self.version_id._require_draft()


class CommissionRule(models.Model):
    _name = "ar.commission.rule"
    _inherit = ["ar.commission.rule", "ar.commission.terms"]


class CommissionSpeed(models.Model):
    _name = "ar.commission.speed"
    _inherit = ["ar.commission.speed", "ar.commission.terms"]

    @api.constrains("day_from", "day_to", "no_end")
    def _check_brackets(self):
        self.version_id._check_speed()


class CommissionTerm(models.Model):
    _name = "ar.commission.term"
    _inherit = ["ar.commission.term", "ar.commission.terms"]


class CommissionPlan(models.Model):
    _inherit = "ar.commission.plan"

    def write(self, vals):
        if "mode" in vals:
            self.filtered(lambda plan: plan.mode != vals["mode"]).version_ids._require_draft()
        if not {"active", "company_id"} & vals.keys():
            return super().write(vals)
        self.version_ids._mark_period()
        result = super().write(vals)
        self.env.registry.clear_cache()
        self.version_ids._mark_period()
        return result


class CommissionMember(models.Model):
    """Contracts decide who earns: a change is reckoned for what was invoiced in their time."""

    _inherit = "ar.commission.member"

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        members._mark_documents()
        return members

    def write(self, vals):
        self._mark_documents()
        result = super().write(vals)
        self._mark_documents()
        return result

    def unlink(self):
        self._mark_documents()
        return super().unlink()

    def _mark_documents(self):
        Version = self.env["ar.commission.version"]
        for member in self:
            Version._mark_documents(member.company_id, member.date_from, member.date_to)
