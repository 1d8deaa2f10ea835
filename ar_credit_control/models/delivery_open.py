from collections import defaultdict

from markupsafe import Markup
from odoo import api, fields, models

from ..rules.delivery import deadline
from .delivery_error import RECORDS

QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_activity_quick_update": True,
}


class DeliveryProblem(models.Model):
    """How problems open and close: in batches, each person told once."""

    _inherit = "ar.delivery.problem"

    # ------------------------------------------------------------------ open
    @api.model
    def _open(self, account, effects, source):
        """Open a problem for each effect, or renew the one that its transmission has.

        :param effects: of ``exchange_apply.Effect``, the last one of each invoice
        """
        if not effects:
            return self
        self = self.sudo().with_context(**QUIET)
        sent = [effect.transmission.id for effect in effects]
        known = self.search([("transmission_id", "in", sent)]).grouped("transmission_id")
        known = {transmission.id: problem for transmission, problem in known.items()}
        if source != "mail":  # what anybody may have written closes nothing
            self._replace(effects)
        opened, vals_list = self, []
        for effect in effects:
            vals = self._get_vals(account, effect, source)
            problem = known.get(effect.transmission.id)
            if problem:
                opened += problem._renew(vals)
            else:
                vals_list.append(vals)
        opened += self._create_all(vals_list)
        opened._give_activities()
        opened._log()
        opened._changed()
        opened.told = False
        if source != "feed":  # a reading of many pages tells at its end
            self._tell(account)
        return opened

    def _create_all(self, vals_list):
        moves = self.env["account.move"].browse([vals["move_id"] for vals in vals_list])
        for vals, move in zip(vals_list, moves, strict=True):
            vals["partner_id"] = move.commercial_partner_id.id or move.partner_id.id
        return self.create([vals for vals in vals_list if vals["partner_id"]])

    def _get_vals(self, account, effect, source):
        row, sent = effect.row, effect.transmission
        start = (row["moment"] or fields.Datetime.now()).date()
        errors = row["errors"] or []
        words = [row["text"] or "", *(error["text"] for error in errors)]
        return {
            "transmission_id": sent.id,
            "move_id": sent.move_id,
            "company_id": sent.company_id,
            "account_id": account.id,
            "notification_id": row["id"],
            "network": row["network"],
            "outcome": row["outcome"],
            "code": next((e["code"] for e in errors if e["code"]), row["code"] or row["type"]),
            "text": next(filter(None, words), row["title"]),
            "error_ids": [fields.Command.create(_error_vals(error)) for error in errors],
            "user_id": account.user_id.id,
            "deadline": deadline(start, account.deadline_days, account.deadline_kind == "working"),
            "opened_on": start,
            "doubtful": source == "mail" and not row["verified"],
            "state": "open",
            "closed_on": False,
            "close_reason": False,
        }

    def _renew(self, vals):
        """A further message about the same transmission: news only if it tells another outcome."""
        if self.outcome == vals["outcome"]:
            return self.browse()
        self.error_ids.unlink()
        self.write({name: value for name, value in vals.items() if name != "user_id"})
        return self

    def _replace(self, effects):
        """Close what older transmissions of these invoices left open."""
        moves = [effect.transmission.move_id for effect in effects]
        sent = [effect.transmission.id for effect in effects]
        older = self.search(
            [
                ("move_id", "in", moves),
                ("transmission_id", "not in", sent),
                ("state", "!=", "closed"),
            ]
        )
        older._close("replaced")

    # ------------------------------------------------------------------ close
    @api.model
    def _settle(self, move_ids):
        """Close what is open of these invoices: they arrived."""
        if move_ids:
            domain = [("move_id", "in", move_ids), ("state", "!=", "closed")]
            self.sudo().with_context(**QUIET).search(domain)._close("delivered")

    @api.model
    def _resent(self, effects):
        """A newer transmission is on its way: what the older ones left open waits for it."""
        for effect in effects:
            domain = [
                ("move_id", "=", effect.transmission.move_id),
                ("transmission_id", "!=", effect.transmission.id),
                ("state", "=", "open"),
            ]
            self.sudo().with_context(**QUIET).search(domain)._set_fixed()

    def _close(self, reason):
        if self:
            today = fields.Date.context_today(self)
            self.activity_unlink(["ar_credit_control.activity_delivery"])
            self.write({"state": "closed", "closed_on": today, "close_reason": reason})
            self._changed()

    def _set_fixed(self):
        if self:
            self.write({"state": "fixed", "fixed_on": fields.Date.context_today(self)})
            self.activity_unlink(["ar_credit_control.activity_delivery"])
            self._changed()

    # ------------------------------------------------------------------ telling
    def _give_activities(self):
        """An activity for each problem's owner, due on its deadline."""
        if not self:
            return
        kind = self.env.ref("ar_credit_control.activity_delivery")
        model = self.env["ir.model"]._get_id(self._name)
        self.env["mail.activity"].sudo().with_context(**QUIET).create(
            [
                {
                    "activity_type_id": kind.id,
                    "res_model_id": model,
                    "res_id": problem.id,
                    "user_id": problem.user_id.id,
                    "date_deadline": problem.deadline,
                    "summary": problem._get_summary(),
                    "note": problem.task,
                    "automated": True,
                }
                for problem in self
                if problem.user_id
            ]
        )

    def _get_summary(self):
        outcomes = dict(self._fields["outcome"]._description_selection(self.env))
        return f"{self.move_id.name}: {outcomes[self.outcome]}"

    def _log(self):
        """A note in each invoice's history, with the network's words."""
        if self:
            self.move_id._message_log_batch(
                {
                    problem.move_id.id: Markup("<p>%s</p><p>%s</p>")
                    % (problem._get_summary(), problem.text)
                    for problem in self
                }
            )

    @api.model
    def _tell(self, account):
        """One mail to each owner and salesperson, however many problems an account has brought."""
        untold = self.sudo().search([("account_id", "=", account.id), ("told", "=", False)])
        told = defaultdict(lambda: self.browse())
        for problem in untold.filtered(lambda problem: problem.state == "open"):
            for user in problem.user_id | problem.salesperson_id:
                told[user] |= problem
        for user, problems in told.items():
            problems._notify(user, self.env._("Invoices that did not arrive: %s", len(problems)))
        untold.with_context(**QUIET).told = True

    def _notify(self, users, subject):
        """A message with the problems as a list, about the one problem if it is one."""
        lines = Markup("").join(
            Markup("<li>%s – %s</li>") % (problem._get_summary(), problem.text or "")
            for problem in self[:50]
        )
        about = {"model": self._name, "res_id": self.id} if len(self) == 1 else {}
        self[:1].message_notify(
            partner_ids=users.partner_id.ids,
            subject=subject,
            body=Markup("<ul>%s</ul>") % lines,
            **about,
        )

    def _changed(self):
        """Customers whose score and dunning this concerns."""
        for company, problems in self.grouped(lambda p: p.company_id.root_id).items():
            partners = problems.partner_id
            self.env["ar.credit.profile"]._refresh_delivery(company, partners.ids)
            self.env["ar.score.news"]._note([(partner, company) for partner in partners])
        self.env["account.move"].invalidate_model(["ar_delivery_state", "ar_delivery_text"])

    # ------------------------------------------------------------------ the deadline nears
    @api.model
    def _cron_escalate(self):
        """Tell the credit managers, once, of what is still open shortly before its deadline."""
        today = fields.Date.context_today(self)
        open_ = self.search(
            [("state", "=", "open"), ("escalated_on", "=", False), ("deadline", "!=", False)]
        )
        near = open_.filtered(lambda p: (p.deadline - today).days <= p.account_id.warn_days)
        managers = self.env.ref("ar_credit_control.group_credit_manager").all_user_ids
        for company, problems in near.grouped("company_id").items():
            told = managers.filtered(
                lambda user, company=company: user.active
                and not user._is_superuser()
                and company in user.company_ids
            )
            if told:
                problems._notify(told, self.env._("Deadlines of undelivered invoices are near"))
        near.with_context(**QUIET).escalated_on = today


def _error_vals(error):
    record, _dot, name = (error["field"] or "").partition(".")
    return {
        "code": error["code"],
        "text": error["text"],
        "hint": error["hint"] if error["hint"] != error["fix"] else False,
        "location": error["location"],
        "record": record if record in dict(RECORDS) else False,
        "field_name": name,
        "fix": error["fix"],
    }
