import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...connectors.contract import Message
from ..rules.delivery import Said, decide, stem
from .exchange_match import Known, sent_on
from .exchange_reading import check_size
from .exchange_sql import MESSAGE

SUGGESTED = 20
JSON = tuple(name for name, kind in MESSAGE.items() if kind == "jsonb")
GROUPS = ("account.group_account_invoice", "ar_credit_control.group_collector")
FIELDS = (
    *("network", "outcome", "code", "text", "type", "title"),
    *("file_name", "file_hash", "exchange_id"),
)


class ExchangeNotification(models.Model):
    """What people do with messages that the machine could not place."""

    _inherit = "ar.exchange.notification"

    suggestion_ids = fields.Many2many(
        "account.move", compute="_compute_suggestion_ids", string="Invoices that may be meant"
    )

    @api.depends("invoices", "file_name", "moment")
    def _compute_suggestion_ids(self):
        for message in self:
            message.suggestion_ids = message._suggest()

    def _suggest(self):
        """Invoices whose number ends alike, else the latest that have no answer yet."""
        Move = self.env["account.move"]
        base = [
            ("company_id", "child_of", self.company_id.root_id.id),
            ("move_type", "in", ("out_invoice", "out_refund")),
            ("state", "=", "posted"),
        ]
        endings = [_ending(ref["number"]) for ref in self.invoices or []]
        domains = [fields.Domain("name", "=like", f"%{ending}") for ending in endings if ending]
        found = Move
        if domains:
            found = Move.search([*base, *fields.Domain.OR(domains)], limit=SUGGESTED)
        if not found and self.moment:
            day = self.moment.date()
            span = [
                ("invoice_date", "<=", day),
                ("invoice_date", ">=", fields.Date.subtract(day, days=15)),
            ]
            found = Move.search([*base, *span], order="invoice_date desc, id desc", limit=SUGGESTED)
        return found

    def action_match(self):
        """Choose the invoice by hand."""
        self.ensure_one()
        found = self.suggestion_ids
        context = {"default_notification_id": self.id}
        if len(found) == 1:
            context["default_move_id"] = found.id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Match with an invoice"),
            "res_model": "ar.exchange.match",
            "view_mode": "form",
            "target": "new",
            "context": context,
        }

    def action_confirm(self):
        """Somebody vouches for a message that is not signed: it is applied after all."""
        self._require_right()
        for message in self.filtered(lambda m: m.reason == "unconfirmed"):
            message._apply_to(message.transmission_ids.move_id)

    def action_dismiss(self):
        """Set messages aside: they stay, but nobody has to look at them any more."""
        self._require_right()
        waiting = self.filtered(lambda message: message.state in ("unmatched", "quarantined"))
        # safe: the right was asked for, and only the state changes
        waiting.sudo().write({"state": "history", "reason": "dismissed"})

    def action_apply_again(self):
        """Try once more: the invoice may have come in since."""
        self._require_right()
        for message in self.filtered(lambda m: m.state == "unmatched"):
            message._apply_to(self.env["account.move"])

    def _require_right(self):
        self.check_access("read")
        if not any(map(self.env.user.has_group, GROUPS)):
            raise AccessError(
                self.env._("Only accountants and collectors match, confirm and set aside messages.")
            )

    def _apply_to(self, moves):
        """Apply a stored message to invoices that a person chose, or to those that fit."""
        self.ensure_one()
        message = self.sudo()  # safe: who may do this is asked at the buttons
        self.env.flush_all()
        row = message._to_row(moves)
        effects = message.account_id._judge([row], message.source, confirmed=bool(moves))
        message.write(
            {
                "state": row["state"],
                "reason": row["reason"],
                "transmission_ids": [fields.Command.set(row["transmissions"])],
            }
        )
        message.account_id._take_effect(effects, "upload")

    def _to_row(self, moves):
        """The message as it was read, for invoices that a person chose."""
        row = {name: self[name] or None for name in (*FIELDS, *JSON)}
        return row | {
            "id": self.id,
            "moment": self.moment or None,
            "verified": self.verified,
            "reason": None,
            "chosen": moves.ids,
        }

    def _foresee(self, move):
        """What matching with an invoice would do, see ``rules/delivery.py``; nothing is written."""
        message = self.sudo()  # safe: only what becomes of the message is told
        self.env.flush_all()
        row = message._to_row(move)
        companies = message.account_id._get_companies()
        known = Known(self.env.cr, message.network, companies, [row])
        sent, latest = known.transmission_of(row, move.id), known.latest(move.id)
        if sent:
            seen, is_latest = Said(sent.outcome, sent.moment), latest is sent
        else:  # heard of for the first time
            seen, is_latest = Said(""), not latest or sent_on(row) >= latest.sent_on
        said = Said(row["outcome"], row["moment"])
        return decide(said, seen, latest=is_latest, troubled=False, may_close=True)


def _ending(number):
    """The counter at the end of a number, which all ways of writing it share."""
    groups = re.findall(r"\d+", stem(number))
    return groups[-1][-6:] if groups else ""


class ExchangeAccount(models.Model):
    _inherit = "ar.exchange.account"

    def _upload(self, files):
        """Take in files that a person brings: ``[(name, bytes)]``; returns the new messages."""
        self.ensure_one()
        self.check_access("read")
        for name, raw in files:
            if not check_size(raw):
                raise UserError(
                    self.env._("%s is too large for a message: import its parts alone.", name)
                )
        messages = [Message("files", "", raw, name) for name, raw in files]
        # safe: what is stored are messages, and who may bring them is asked by the wizard
        stored = self.sudo()._take_in(messages, "upload")
        return self.env["ar.exchange.notification"].browse(stored.ids)
