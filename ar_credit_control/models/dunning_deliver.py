from operator import attrgetter

import psycopg2
from markupsafe import escape
from odoo import Command, fields, models
from odoo.exceptions import UserError
from odoo.tools.mail import generate_tracking_message_id

from .dunning_channel import CHANNELS
from .dunning_deliver_sql import AS_BEFORE, IN_MEMORY, QUICKLY, deliver
from .dunning_left_out import reasons
from .dunning_notice import _cause

# Fields of a notice that change as it leaves, and those that follow from them.
WRITTEN = (
    *("state", "sent_on", "subject", "body", "message_id", "items_hash", "write_uid", "write_date"),
    *("mail_status", "mail_error", "preview_subject", "preview"),
)
CONCURRENT = (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected)


class DunningNotice(models.Model):
    """The last look at a notice, and how it leaves: all in the transaction of its batch."""

    _inherit = "ar.dunning.notice"

    # ------------------------------------------------------------------ the last look
    def _compare_items(self, looks):
        """Take over what the items are worth now: ``same``, ``changed`` or ``dropped``.

        :param looks: one ``Look`` a line; of a notice without items one without a line
        """
        self.ensure_one()
        looks = list(filter(attrgetter("line"), looks))
        gone = list(filter(attrgetter("reason"), looks))
        kept = [look for look in looks if look not in gone]
        if reason := _why_not(kept, gone):
            self._drop(reason, gone)
            return "dropped"
        if not gone and not any(map(attrgetter("changed"), kept)):
            return "same"
        self._fall_out(gone)
        self._update_items(kept)
        if gone and not self._still_suffices(kept[0].balance):
            self._drop("short", [])
            return "dropped"
        return "changed"

    def _still_suffices(self, balance):
        """Whether what is left is worth a notice of its level; a person's choice is."""
        if self.level_number != self.proposed_number:
            return True
        rate = self.policy_id._get_rate(self.date)
        return self.level_id._to_rules(rate).suffices(self.amount_company, balance)

    def _update_items(self, looks):
        """Take over what is open of the items now.

        :param looks: one ``Look`` a line, in their order
        """
        self._set_items(
            {
                "residual": [look.residual for look in looks],
                "covered": [look.covered for look in looks],
                "amount_company": [look.asked for look in looks],
            }
        )
        self.write(
            {
                "amount": sum(look.residual - look.covered for look in looks),
                "amount_company": sum(look.asked for look in looks),
                "item_count": len(looks),
                "days": max(look.days for look in looks),
            }
        )

    def _fall_out(self, looks):
        """Move lines from the notice to what was left out, with the reason."""
        self.env["ar.dunning.left.out"].create(
            [
                {
                    "run_id": self.run_id.id,
                    "notice_id": self.id,
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "move_line_id": look.item,
                    "name": look.name,
                    "currency_id": self.currency_id.id,
                    "amount": look.was,
                    "reason": look.reason,
                    "note": look.note,
                    "at_sending": True,
                }
                for look in looks
            ]
        )
        self._take_out(look.line for look in looks)

    def _drop(self, reason, gone):
        """The whole notice falls out at the last look."""
        self._fall_out(gone)
        self.write({"state": "dropped", "problem": reasons(self.env)[reason]})

    # ------------------------------------------------------------------ leaving
    def _deliver_all(self):
        """Send the notices; the failure of one is its own: it is listed, and the rest go on."""
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self._deliver()
        except CONCURRENT:
            raise
        except Exception:  # noqa: BLE001 found again, and kept, one by one
            for notice in self:
                notice._deliver_one()

    def _deliver_one(self):
        try:
            with self.env.cr.savepoint():
                self._deliver()
        except CONCURRENT:
            raise
        except psycopg2.errors.UniqueViolation:
            self.write({"state": "dropped", "problem": reasons(self.env)["sent"]})
        except Exception as error:  # noqa: BLE001 whatever it is, it concerns this notice alone
            self.write({"state": "failed", "problem": _cause(error)})

    def _deliver(self):
        """Fix the text, put mails into the queue, write the history, plan what else follows."""
        sharing = self._with_forms()
        texts = sharing._get_texts()
        mail_heads, mail_feet, places = self._get_mail_frames()
        self.env.flush_all()
        self.env.cr.execute(QUICKLY)
        self.env.cr.execute(IN_MEMORY)
        self.env.cr.execute(
            deliver(
                {
                    "ids": self.ids,
                    "partners": [notice.partner_id.id for notice in self],
                    "recipients": [notice.recipient_id.id for notice in self],
                    "mailed": [notice.by_email for notice in self],
                    "subjects": [texts[notice][0] for notice in self],
                    "bodies": [texts[notice][1] for notice in self],
                    "frames": places,
                    "heads": [notice._history_head() for notice in sharing],
                    "replies": self._get_replies(),
                    "message_ids": [generate_tracking_message_id("dunning") for _ in self],
                },
                {**self._get_frame(), "mail_heads": mail_heads, "mail_feet": mail_feet},
            ),
            log_exceptions=False,  # what goes wrong stands on the notice
        )
        self.env.cr.execute(AS_BEFORE)
        self.invalidate_recordset(WRITTEN, flush=False)  # the rest is needed below, and as it was
        self._plan_activities()
        self._draft_charges()
        self.env.flush_all()

    def _get_texts(self):
        """Subject and body of each notice; what the review edited stays as it is."""
        texts = {notice: (notice.subject, notice.body) for notice in self}
        unedited = self.filtered(lambda n: not (n.subject and n.body))
        for template, notices in unedited.grouped(lambda n: n.level_id.mail_template_id).items():
            rendered = notices._render(template) if template else {}
            for notice in notices:
                subject, body = rendered.get(notice.id, (None, None))
                texts[notice] = (notice.subject or subject, notice.body or body)
        return texts

    def _of_levels(self, option):
        """The notices of levels that have an option; there are few levels, and many notices."""
        levels = self.level_id.filtered(option)
        return self.filtered(lambda notice: notice.level_id in levels) if levels else self.browse()

    def _history_head(self):
        """The line of the customer's chatter above the text."""
        forms = self._get_forms()
        return forms.head(self.level_id, tuple(self[name] for name in CHANNELS)) % {
            "id": self.id,
            "amount": forms.money(self.amount, self.currency_id),
            "items": escape(forms.count(self.item_count)),
            "recipient": escape(self.recipient_id.display_name),
        }

    def _get_sender(self):
        sender = self.company_id.email_formatted or self.env.user.email_formatted
        if not sender and any(self.mapped("by_email")):
            raise UserError(
                self.env._(
                    "%s has no e-mail address to send from: enter it on the company.",
                    self.company_id.name,
                )
            )
        return sender or None

    def _get_replies(self):
        """Where answers go: to the customer's chatter where the company has a catch-all."""
        author = self.env.user.partner_id.id
        sender = self._get_sender()
        replies = self.partner_id._notify_get_reply_to(default=sender, author_id=author)
        return [replies[notice.partner_id.id] for notice in self]

    def _get_frame(self):
        """What all messages of a batch have in common."""
        company = self.company_id
        return {
            "sender": self._get_sender(),
            "author": self.env.user.partner_id.id,
            "note": self.env.ref("mail.mt_note").id,
            "company": company.id,
            "alias_domain": company.alias_domain_id.id or None,
            "uid": self.env.uid,
        }

    # ------------------------------------------------------------------ activities
    def _plan_activities(self):
        asked = self.filtered("ask_salesperson")
        for notice in asked:
            notice.activity_id = notice._plan("ask", notice.salesperson_id, notice.deadline)
        called = (self - asked).filtered("by_call")
        for notice, collector in called._get_collectors().items():
            notice._plan("call", collector, None)
        for notice in self._of_levels("hand_over"):
            notice._plan("hand_over", notice._get_profile()._get_credit_manager(), None)

    def _plan(self, kind, user, deadline):
        """An activity on the customer's credit profile, which salespeople may open, too."""
        summary = self.env._(
            "%(level)s: %(amount)s", level=self.level_id.name, amount=self._money(self.amount)
        )
        return self._get_profile().activity_schedule(
            f"ar_credit_control.activity_dunning_{kind}",
            date_deadline=deadline or fields.Date.context_today(self),
            user_id=user.id or self.env.uid,
            summary=summary,
        )

    def _get_profile(self):
        return self.env["ar.credit.profile"]._get_or_create(self.partner_id, self.company_id)

    def _get_collectors(self):
        """``{notice: who follows its customer up}``."""
        return {notice: notice.collector_id or notice.run_id.user_id for notice in self}

    def _get_collector(self):
        return self._get_collectors()[self]

    def _cron_take_over(self):
        """Where the salesperson logged nothing by the deadline, the collector takes over."""
        today = fields.Date.context_today(self)
        late = self.search(
            [
                ("state", "=", "sent"),
                ("ask_salesperson", "=", True),
                ("taken_over", "=", False),
                ("activity_id.active", "=", True),
                ("deadline", "<", today),
            ]
        )
        for notice in late:
            collector = notice._get_collector()
            notice.activity_id.unlink()
            notice._plan("call", collector, None)
            notice.taken_over = True
            notice._get_profile().message_post(
                body=self.env._(
                    "Nothing was logged by %(deadline)s: %(collector)s takes over from "
                    "%(salesperson)s.",
                    deadline=notice.deadline,
                    collector=collector.name,
                    salesperson=notice.salesperson_id.name,
                ),
                partner_ids=(collector | notice.salesperson_id).partner_id.ids,
                subtype_xmlid="mail.mt_note",
            )

    # ------------------------------------------------------------------ draft documents
    def _draft_charges(self):
        """Draft one document a notice for what its level has posted; a person reviews it."""
        posting = self._of_levels(lambda level: "post" in _charge_modes(level))
        for notice in posting:
            lines = notice._charge_lines()
            if lines:
                notice.charge_move_id = self.env["account.move"].create(
                    {
                        "move_type": "out_invoice",
                        "company_id": notice.company_id.id,
                        "partner_id": notice.recipient_id.id,
                        "currency_id": notice.currency_id.id,
                        "invoice_origin": notice.display_name,
                        "invoice_line_ids": lines,
                    }
                )

    def _charge_lines(self):
        amounts = self.interest, self.compensation, self.charge
        names = (
            self.env._("Interest for late payment"),
            self.env._("Compensation of costs"),
            self.env._("Dunning charge"),
        )
        wanted = zip(_charge_modes(self.level_id), amounts, names, strict=True)
        return [
            # outside the scope of VAT: compensation for a delay is no supply
            Command.create({"name": name, "price_unit": amount, "tax_ids": [Command.clear()]})
            for mode, amount, name in wanted
            if mode == "post" and amount
        ]


def _charge_modes(level):
    return level.interest_mode, level.compensation_mode, level.charge_mode


def _why_not(kept, gone):
    """Why a notice is not to be sent at all, if it is not."""
    for look in kept:
        if look.stop:
            return look.stop
    if kept:
        return None
    return gone[0].reason if gone else "paid"
