from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_amount

from ..rules.limit_proposal import Basis, period_days, propose
from ..rules.risk_class import NOT_ASSESSED
from . import turnover_sql


class CreditProfile(models.Model):
    """The limit that a customer's own figures suggest, with its arithmetic."""

    _inherit = "ar.credit.profile"

    proposal_state = fields.Selection(
        [("none", "Nothing to rest on"), ("limit", "Limit"), ("no_credit", "No credit")],
        compute="_compute_proposal",
        compute_sudo=True,  # the arithmetic has a group of its own; the outcome may be asked for
    )
    proposed_limit = fields.Monetary(
        compute="_compute_proposal",
        compute_sudo=True,
        help="From turnover, terms, grade, insured cover and external advice.",
    )
    proposal_html = fields.Html(
        string="Arithmetic",
        compute="_compute_proposal",
        compute_sudo=True,
        sanitize=False,  # rendered here from a template
        groups="ar_credit_control.group_auditor",
    )

    @api.depends("partner_id", "company_id", "policy_id", "grade", "insured_amount")
    @api.depends_context("lang")
    def _compute_proposal(self):
        for company, profiles in self.grouped("company_id").items():
            bases = profiles._get_bases(company)
            for profile in profiles:
                proposal = propose(bases[profile])
                profile.proposed_limit = proposal.amount or 0.0
                profile.proposal_state = _state(proposal)
                profile.proposal_html = profile._render_arithmetic(proposal)

    def _get_bases(self, company):
        """``{profile: Basis}``, with one query for sales and one for reports."""
        partners, today = self.partner_id, fields.Date.context_today(self)
        terms = self.env["ar.position"]._get_terms(company)
        self.env["ar.position"]._flush_ledger()
        rows = self.env.execute_query(turnover_sql.sales(terms, partners.ids))
        sold = {partner_id: figures for partner_id, *figures in rows}
        reports = self.env["ar.credit.report"]._get_latest(partners.ids, company)
        bases = {}
        for profile in self:
            turnover, term_days, first = sold.get(profile.partner_id.id, (0.0, 0.0, None))
            report = reports.get((profile.partner_id.id, company.id))
            policy = profile._get_policy()
            bases[profile] = Basis(
                turnover=turnover,
                period_days=period_days((today - first).days if first else None),
                term_days=term_days,
                grade=profile.grade or "",
                need_percent=profile._get_class().need_percent,
                default_limit=policy.default_limit,
                advised=report._get_advice() if report else None,
                insured=profile.insured_amount,
            )
        return bases

    def _get_class(self):
        """What the policy says of the customer's grade."""
        return self._get_policy()._get_classes()[self.grade or NOT_ASSESSED]

    # ------------------------------------------------------------------ arithmetic
    def _render_arithmetic(self, proposal):
        company = self.company_id
        values = {
            "lines": [
                (self._step_text(step), format_amount(self.env, step.amount, company.currency_id))
                for step in proposal.steps
            ],
            "state": _state(proposal),
            "amount": format_amount(self.env, proposal.amount or 0.0, company.currency_id),
        }
        return self.env["ir.qweb"]._render("ar_credit_control.limit_proposal", values)

    def _step_text(self, step):
        _, p = self.env._, step.params
        match step.key:
            case "turnover":
                return _("Invoiced in the last %s days, tax included", p["days"])
            case "need":
                return _(
                    "Owed at a time when paid on terms: × %(terms)s days / %(days)s",
                    terms=f"{p['terms']:.0f}",
                    days=p["days"],
                )
            case "grade":
                return _(
                    "Grade %(grade)s grants %(percent)s %%",
                    grade=p["grade"],
                    percent=f"{p['percent']:g}",
                )
            case "insured":
                return _(
                    "Insured for %s: raised up to what is needed",
                    format_amount(self.env, p["cover"], self.company_id.currency_id),
                )
            case key:
                return self._plain_step_text(key)

    def _plain_step_text(self, key):
        _ = self.env._
        texts = {
            "no_turnover": _("Nothing bought lately: the limit until assessed"),
            "not_assessed": _("Not assessed: the limit until assessed"),
            "advice": _("No more than the external report advises"),
            "uncovered": _("Nothing at our own risk: not assessed"),
            "rounded": _("Rounded down to two leading digits"),
        }
        return texts[key]

    # ------------------------------------------------------------------ requests
    def action_accept_proposal(self):
        """Put the proposed limit in force, or ask somebody who may."""
        self.ensure_one()
        decision = self._request_proposals()
        if not decision:
            raise UserError(
                self.env._("There is nothing to accept: the limit is what the figures suggest.")
            )
        if decision.may_decide:
            decision.action_approve()
            return {"type": "ir.actions.client", "tag": "soft_reload"}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "Asked for approval: the limit is above what you may decide."
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_propose_limits(self):
        """Ask for the proposed limits of all these customers, where they differ from today's."""
        decisions = self._request_proposals()
        if not decisions:
            raise UserError(
                self.env._("Every limit is what the figures suggest: there is nothing to propose.")
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Proposed limits"),
            "res_model": "ar.credit.limit",
            "view_mode": "list,form",
            "domain": [("id", "in", decisions.ids)],
        }

    def _request_proposals(self):
        """Requests for what differs from the limit of today; one that waits already is renewed."""
        self.check_access("read")
        Decision = self.env["ar.credit.limit"]
        Decision.check_access("create")
        wanted = self.filtered(lambda profile: profile._proposal_differs())
        # rights were checked; which request comes from the formula is not for anyone to claim
        waiting = (
            Decision.sudo()
            .search(
                [
                    ("profile_id", "in", wanted.ids),
                    ("state", "=", "proposed"),
                    ("is_computed", "=", True),
                ]
            )
            .grouped("profile_id")
        )
        fresh = wanted.filtered(lambda profile: profile not in waiting)
        for profile, decision in waiting.items():
            decision.write(profile.sudo()._prepare_request_vals())
        created = Decision.sudo().create(
            [
                {**profile.sudo()._prepare_request_vals(), "profile_id": profile.id}
                for profile in fresh
            ]
        )
        return Decision.union(*waiting.values(), created).sudo(False)

    def _proposal_differs(self):
        if self.proposal_state == "none":
            return False
        if self.proposal_state == "no_credit" or self.credit_mode == "no_credit":
            return self.proposal_state != self.credit_mode
        return self.currency_id.compare_amounts(self.proposed_limit, self.credit_limit) != 0

    def _prepare_request_vals(self):
        return {
            "kind": "no_credit" if self.proposal_state == "no_credit" else "base",
            "amount": self.proposed_limit,
            "reason": self.env._("What turnover, terms and grade suggest."),
            "is_computed": True,
            "arithmetic": self.proposal_html,
        }


class CreditLimit(models.Model):
    _inherit = "ar.credit.limit"

    is_computed = fields.Boolean(string="By the formula", readonly=True, copy=False)
    arithmetic = fields.Html(
        readonly=True,
        copy=False,
        sanitize=False,  # rendered from a template, written by the system alone
        groups="ar_credit_control.group_auditor",
    )

    _computed_once = models.UniqueIndex(
        "(profile_id) WHERE state = 'proposed' AND is_computed",
        "The limit that the figures suggest waits for a decision already.",
    )


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_ar_propose_limits(self):
        """Ask for the limits that the figures of these customers suggest."""
        customers = self._ar_filter_visible()
        company = self.env.company.root_id
        Profile = self.env["ar.credit.profile"]
        Profile.sudo()._ensure(customers.ids, company)  # an empty profile of a visible customer
        domain = [("company_id", "=", company.id), ("partner_id", "in", customers.ids)]
        return Profile.search(domain).action_propose_limits()


def _state(proposal):
    if proposal.amount is None:
        return "none"
    return "limit" if proposal.amount else "no_credit"
