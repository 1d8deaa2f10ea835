"""Where dunning and cases meet: a formal notice opens a case, a case handed over stops dunning."""

from markupsafe import Markup
from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..rules.collection_case import SILENT, may_enter
from ..rules.formal_notice import Notice, formality, lacking
from .dunning_run import OPEN
from .dunning_text import MARK

MANAGER = "ar_credit_control.group_credit_manager"


class DunningLeftOut(models.Model):
    _inherit = "ar.dunning.left.out"

    reason = fields.Selection(selection_add=[("case", "Handed over")], ondelete={"case": "cascade"})


class DunningRun(models.Model):
    """Once somebody else speaks with the customer, no reminder crosses his letters."""

    _inherit = "ar.dunning.run"

    forced_reason = fields.Text(
        readonly=True,
        copy=False,
        tracking=True,
        help="Why a manager has notices made out although the policy would wait.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        forced = any(vals.get("forced_reason") for vals in vals_list)
        if forced and not (self.env.su or self.env.user.has_group(MANAGER)):
            raise AccessError(
                self.env._("Only a credit manager may set the policy's limits aside.")
            )
        return super().create(vals_list)

    def write(self, vals):
        if "forced_reason" in vals and not self.env.su:
            raise AccessError(self.env._("The reason is given when the notice is made out."))
        return super().write(vals)

    def _get_ladders_sql(self, policies, ahead=False):
        """A manager's choice waits for no threshold, amount or interval; what is never chased, is.

        Everything that is overdue may then reach any level.
        """
        ladders = super()._get_ladders_sql(policies, ahead=ahead)
        if not self.forced_reason:
            return ladders
        return SQL(
            """
            SELECT policy_id, array_fill(1, ARRAY[cardinality(thresholds)]) AS thresholds,
                   by_account,
                   array_fill(0::numeric, ARRAY[cardinality(min_amounts)]) AS min_amounts,
                   array_fill(0::numeric, ARRAY[cardinality(min_shares)]) AS min_shares,
                   0 AS min_interval, rate, wanted, problem
              FROM (%s) ladder
            """,
            ladders,
        )

    @api.model
    def _get_never_chased(self, scope):
        return super()._get_never_chased(scope) + [
            SQL(
                """
                SELECT open.line_id, 'case'::varchar AS reason, claim.name AS note
                  FROM ar_collection_case_line line
                  JOIN ar_collection_case claim ON claim.id = line.case_id
                  JOIN ar_dunning_open open ON open.line_id = line.move_line_id
                 WHERE line.closed IS NOT TRUE AND claim.company_id = %s
                   AND claim.phase = ANY(%s)
                """,
                scope.root,
                list(SILENT),
            )
        ]


class DunningNotice(models.Model):
    """A notice of a formal level carries what the law asks for, and opens a case."""

    _inherit = "ar.dunning.notice"

    def _deliver(self):
        result = super()._deliver()
        if formal := self._of_levels("formal_notice"):
            # whoever sends the notice does what opens the case
            self.env["ar.collection.case"].sudo()._open_for_notices(formal.sudo())
        return result

    def _render_bodies(self, template):
        bodies = super()._render_bodies(template)
        if formal := self._of_levels("formal_notice"):
            blocks = formal._render_formal_blocks()
            bodies.update({key: block + bodies[key] for key, block in blocks.items()})
        return bodies

    def _render_formal_blocks(self):
        """``{id: markup}`` of parties, claim, deadline and rights, above the text."""
        forms = self._get_forms()
        values = {
            "notices": self,
            "money": forms.money,
            "day": forms.day,
            "mark": MARK,
            "formality": lambda notice: formality(notice._get_law_country()),
        }
        blocks = self.env["ir.qweb"]._render("ar_credit_control.dunning_formal_blocks", values)
        return dict(zip(self.ids, map(Markup, str(blocks).split(MARK)), strict=False))

    def _party_address(self, partner):
        """The address in one line."""
        lines = partner._display_address(without_company=True).splitlines()
        return ", ".join(line.strip() for line in lines if line.strip())

    def _get_law_country(self):
        """The debtor's country: its courts read the notice."""
        country = self.partner_id.country_id or self.company_id.country_id
        return country.code or ""

    def _get_oldest_due(self):
        return min(filter(None, self.line_ids.mapped("date_due")), default=None)

    def _get_gaps(self):
        """What the notice lacks to be a formal one, as sentences."""
        company = self.company_id
        policy = self.policy_id
        notice = Notice(
            country_code=self._get_law_country(),
            issued=self.date,
            deadline=self.deadline or None,
            oldest_due=self._get_oldest_due(),
            claim=self.amount,
            creditor_address=_address(company.partner_id),
            creditor_number=company.vat or company.company_registry or "",
            debtor_address=_address(self.recipient_id) or _address(self.partner_id),
            account=self._get_bank(self._get_items()).acc_number or "",
            interest_stated=bool(self.interest) or bool(policy.interest_scheme_id),
        )
        words = self._gap_words()
        return [words[key] for key in lacking(notice)]

    def _gap_words(self):
        _ = self.env._
        return {
            "creditor_address": _("your company's address: enter street and city"),
            "creditor_number": _("your company's tax or register number"),
            "debtor_address": _("the customer's address: enter street and city"),
            "claim": _("an open claim"),
            "not_due": _("a due date that has passed"),
            "deadline": _("a deadline that is long enough: change it on the dunning level"),
            "interest": _("interest: choose the law on the dunning policy"),
            "account": _("an account to pay to: enter one on your company"),
        }


def _address(partner):
    return partner.street and partner.city and f"{partner.street}, {partner.city}" or ""


class CollectionCase(models.Model):
    _inherit = "ar.collection.case"

    notice_reason = fields.Text(
        string="Reason to send it all the same",
        help="Where the dunning policy would still wait, a credit manager may have the formal "
        "notice made out at once.",
    )
    notice_gaps = fields.Char(compute="_compute_notice_gaps", string="The notice lacks")

    @api.depends("notice_id")
    def _compute_notice_gaps(self):
        for case in self:
            # the check reads accounts and addresses that a collector may not look up
            notice = case.sudo().notice_id
            case.notice_gaps = "; ".join(notice._get_gaps()) if notice else False

    @api.model
    def _open_for_notices(self, notices):
        """Open a case about the items of each formal notice, or take the notice over into it."""
        cases = self._get_cases(notices)
        created = self.create(
            [self._notice_case(notice) for notice in notices if not cases.get(notice)]
        )
        cases.update(zip([n for n in notices if not cases.get(n)], created, strict=True))
        for notice, case in cases.items():
            case._take_notice(notice)

    def _get_cases(self, notices):
        """``{notice: open case that holds one of its items}``"""
        lines = self.env["ar.collection.case.line"].search(
            [("move_line_id", "in", notices.line_ids.move_line_id.ids), ("closed", "=", False)]
        )
        by_item = {line.move_line_id: line.case_id for line in lines}
        found = {}
        for notice in notices:
            items = notice.line_ids.move_line_id
            found[notice] = next((by_item[item] for item in items if item in by_item), None)
        return {notice: case for notice, case in found.items() if case}

    def _notice_case(self, notice):
        items = self._item_values(notice.line_ids.move_line_id.ids)
        return {
            "partner_id": notice.partner_id.id,
            "company_id": notice.company_id.id,
            "user_id": notice._get_collector().id,
            "line_ids": [Command.create(item) for item in items],
        }

    def _take_notice(self, notice):
        """The notice stands on the case, which is at its formal phase or beyond."""
        vals = {"notice_id": notice.id, "notice_date": notice.date, "deadline": notice.deadline}
        if may_enter(self.phase, "formal_notice"):
            vals |= {"phase": "formal_notice", **self._get_deadline_step(notice.deadline)}
        self.write(vals)

    def action_propose_notice(self):
        """Make out the formal notice of the customer, to be reviewed and sent."""
        return self._propose_notice()

    def action_force_notice(self):
        """A manager's choice: the notice is made out although the policy would wait."""
        self.ensure_one()
        if not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only a credit manager may set the policy's limits aside.")
            )
        reason = (self.notice_reason or "").strip()
        if not reason:
            raise UserError(
                self.env._("%s: enter “Reason to send it all the same” first.", self.display_name)
            )
        return self._propose_notice(forced_reason=reason)

    def _propose_notice(self, **vals):
        """The run with the formal notice: the one that waits for its review, or a new one."""
        self.ensure_one()
        self.check_access("write")
        # of two who press the button at the same moment the second one has to find the first's
        self.env["ar.credit.profile"].sudo()._lock(self.partner_id, self.company_id)
        run = self._find_proposed_run() or self._make_notice_run(vals)
        return run.get_formview_action()

    def _find_proposed_run(self):
        """The run whose formal notice to the customer nobody has sent yet."""
        notice = self.env["ar.dunning.notice"].search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("level_id.formal_notice", "=", True),
                ("state", "in", ("proposed", "queued")),
                ("run_id.date", "<=", fields.Date.context_today(self)),
                ("run_id.state", "in", OPEN),
            ],
            limit=1,
        )
        return notice.run_id

    def _make_notice_run(self, vals):
        run = self.env["ar.dunning.run"].create(
            {
                "company_id": self.company_id.id,
                "partner_ids": [Command.set(self.partner_id.ids)],
                **vals,
            }
        )
        run.action_propose()
        if not run.notice_ids:
            raise UserError(
                self.env._(
                    "Dunning proposes no notice for %(customer)s now (%(reason)s). A credit "
                    "manager may have it made out all the same; or write the formal notice "
                    "yourself, and enter its day, deadline and number on the case.",
                    customer=self.partner_id.display_name,
                    reason=self._why_left_out(run),
                )
            )
        for notice in run.notice_ids.sudo():  # whoever may propose, may propose this level
            notice._set_level(self._get_formal_level(notice.policy_id))
        run.sudo()._set_charges(run.notice_ids.ids)
        if run.forced_reason:
            self.message_post(
                body=self.env._(
                    "The formal notice is made out ahead of the policy: %s", run.forced_reason
                )
            )
        return run

    def _get_formal_level(self, policy):
        level = policy.level_ids.filtered("formal_notice")[:1]
        if not level:
            raise UserError(
                self.env._(
                    "No level of the dunning policy “%(policy)s” is a formal notice: give "
                    "%(customer)s another policy, mark a level as formal, or write the formal "
                    "notice yourself and enter its day, deadline and number on the case.",
                    policy=policy.name,
                    customer=self.partner_id.display_name,
                )
            )
        return level

    def _why_left_out(self, run):
        labels = dict(run.left_out_ids._fields["reason"]._description_selection(self.env))
        reasons = [labels[reason] for reason in set(run.left_out_ids.mapped("reason"))]
        return ", ".join(sorted(reasons)) or self.env._("nothing has reached a level")
