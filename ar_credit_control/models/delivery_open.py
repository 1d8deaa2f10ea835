import json

from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.mail import generate_tracking_message_id

from ..rules.delivery import deadline
from .delivery_error import RECORDS
from .delivery_sql import insert_activities, insert_errors, insert_notes, insert_problems, untold

QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_activity_quick_update": True,
}

# Why the exchange closed a problem which its next message may open again.
UNDONE = ("delivered", "replaced")
AFRESH = {"state": "open", "closed_on": False, "close_reason": False, "told": False}


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
        if source != "mail":  # what anybody may have written closes nothing
            self._replace(effects)
        opened = self._renew(account, effects, source)
        opened._invalidate_news()
        opened._give_activities()
        opened._log()
        opened._changed()
        if source != "feed":  # a reading of many pages tells at its end
            self._tell(account)
        return opened

    def _renew(self, account, effects, source):
        """The problems of these effects: new ones, and those that now tell another outcome."""
        sent = {effect.transmission.id: effect for effect in effects}
        ids = {}
        for problem in self.search([("transmission_id", "in", list(sent))]):
            effect = sent.pop(problem.transmission_id.id)
            if problem.outcome != effect.row["outcome"] or problem.close_reason in UNDONE:
                vals = self._get_vals(account, effect, source)
                del vals["user_id"]
                problem.write(vals | AFRESH)
                ids[problem.id] = effect
        self.browse(ids).error_ids.unlink()
        self.flush_model()
        ids |= self._insert(account, sent, source)
        self._insert_errors(ids)
        return self.browse(ids)

    def _insert(self, account, sent, source):
        """New problems of these transmissions: their effects by the ids of the problems."""
        rows = [self._get_vals(account, effect, source) for effect in sent.values()]
        if not rows:
            return {}
        found = self.env.execute_query(insert_problems(rows, self.env.uid))
        return {key: sent[transmission] for key, transmission in found}

    def _insert_errors(self, effects):
        rows = [
            {"problem_id": key, **_error_vals(error)}
            for key, effect in effects.items()
            for error in effect.row["errors"] or []
        ]
        if rows:
            self.env.cr.execute(insert_errors(rows, self.env.uid))

    def _invalidate_news(self):
        """Forget what was read before statements wrote it."""
        self.invalidate_recordset(flush=False)
        self.env["account.move"].invalidate_model(["ar_delivery_problem_ids", "message_ids"])

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
            "user_id": account.user_id.id,
            "deadline": deadline(start, account.deadline_days, account.deadline_kind == "working"),
            "opened_on": start,
            "doubtful": source == "mail" and not row["verified"],
        }

    def _replace(self, effects):
        """Close what older transmissions of these invoices left open."""
        self._get_older(effects, ("state", "!=", "closed"))._close("replaced")

    def _get_older(self, effects, condition):
        """Problems that other transmissions of these invoices left behind."""
        moves = [effect.transmission.move_id for effect in effects]
        sent = [effect.transmission.id for effect in effects]
        return self.search(
            [("move_id", "in", moves), ("transmission_id", "not in", sent), condition]
        )

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
        if effects:
            quiet = self.sudo().with_context(**QUIET)
            quiet._get_older(effects, ("state", "=", "open"))._set_fixed()

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
        subtypes, _internal, _external = self.env["mail.message.subtype"]._default_subtypes(
            self._name
        )
        frame = {
            "model": self.env["ir.model"]._get_id(self._name),
            "kind": self.env.ref("ar_credit_control.activity_delivery").id,
            "subtypes": subtypes,
            "uid": self.env.uid,
        }
        words = {"labels": self._get_labels(), "tasks": json.dumps(self._get_tasks())}
        self.flush_model()
        self.env.cr.execute(insert_activities(self.ids, words, frame))
        self.invalidate_recordset(flush=False)
        self._count_activities()

    def _count_activities(self):
        """Owners see the number of what is due go up at once."""
        today = fields.Date.today()
        due = self.filtered(lambda problem: problem.deadline and problem.deadline <= today)
        for user, problems in due.grouped("user_id").items():
            news = {"activity_created": True, "count_diff": len(problems)}
            user._bus_send("mail.activity/updated", news)

    def _get_labels(self):
        return json.dumps(dict(self._fields["outcome"]._description_selection(self.env)))

    def _get_summary(self):
        outcomes = dict(self._fields["outcome"]._description_selection(self.env))
        return f"{self.move_id.name}: {outcomes[self.outcome]}"

    def _log(self):
        """A note in each invoice's history, with the network's words."""
        if self:
            author, sender = self.env["mail.thread"]._message_compute_author()
            replies = self.env["mail.thread"]._notify_get_reply_to(default=sender, author_id=author)
            frame = {
                "note": self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
                "author": author or None,
                "sender": sender or None,
                "reply_to": replies[False],
                "message_id": generate_tracking_message_id("message-notify"),
                "uid": self.env.uid,
            }
            self.env.cr.execute(insert_notes(self.ids, self._get_labels(), frame))
            self._invalidate_news()

    @api.model
    def _tell(self, account):
        """One mail to each owner and salesperson, however many problems an account has brought."""
        quiet = self.sudo()
        quiet.flush_model()
        for user, count, first in quiet.env.execute_query(untold(account.id)):
            quiet.browse(first)._notify(
                self.env["res.users"].browse(user),
                self.env._("Invoices that did not arrive: %s", count),
            )
        quiet.env.cr.execute(
            SQL(
                "UPDATE ar_delivery_problem SET told = TRUE"
                " WHERE account_id = %s AND told IS NOT TRUE",
                account.id,
            )
        )
        quiet.invalidate_model(["told"], flush=False)

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
        """Tell the credit managers, once, of what is not closed shortly before its deadline.

        What was sent again counts too: nobody else would notice that no answer comes.
        """
        today = fields.Date.context_today(self)
        open_ = self.search(
            [("state", "!=", "closed"), ("escalated_on", "=", False), ("deadline", "!=", False)]
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
        "hint": error["hint"] if error["hint"] != error["fix"] else None,
        "location": error["location"],
        "record": record if record in dict(RECORDS) else None,
        "field_name": name,
        "fix": error["fix"],
    }
