"""What customers say for themselves: the same records, with the same checks, as for everybody."""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.mimetypes import guess_mimetype

from ..rules.dispute import MEDIA, MOST_BYTES, attachment_problem

MOST = 1e12  # no amount of money; nor are infinity and what is no number at all


class Upload(NamedTuple):
    """A file that came with a form."""

    name: str
    content: bytes


class Portal(models.AbstractModel):
    """A customer's own view of what it owes. The customer is that of the user, never a parameter.

    Portal users have no rights on the ledger: each method looks with the superuser's, at what
    belongs to the user's own commercial partner and to the company of the page.
    """

    _name = "ar.portal"
    _description = "Customer portal of receivables"

    @api.model
    def _customer(self):
        return self.env.user.partner_id.commercial_partner_id

    @api.model
    def _company(self):
        return self.env.company.root_id

    @api.model
    def _policy(self):
        return self._company().sudo().ar_credit_policy_id  # its limits are told on the page

    @api.model
    def _items(self):
        """The customer's open items, the oldest first."""
        return (
            self.env["ar.open.item"]
            .sudo()  # see the class
            .search(
                [
                    ("partner_id", "=", self._customer().id),
                    ("root_company_id", "=", self._company().id),
                ]
            )
        )

    @api.model
    def _claims(self, model):
        """The customer's promises or disputes, the latest first."""
        domain = [
            ("partner_id", "=", self._customer().id),
            ("company_id", "=", self._company().id),
            ("state", "!=", "cancelled"),
        ]
        return self.env[model].sudo().search(domain, order="id desc", limit=20)  # see the class

    @api.model
    def _page_values(self):
        """What the page shows."""
        items = self._items()
        today = fields.Date.context_today(self)
        policy = self._policy()
        promises = self._claims("ar.promise")
        left = policy.promise_max_open - len(promises.filtered(lambda p: p.state == "open"))
        ids = items.ids
        taken = {
            model: self.env[f"ar.{model}.line"]._find_taken(ids) for model in ("promise", "dispute")
        }
        position = self.env["ar.position"]._get_positions(self._customer(), self._company())
        return {
            "items": items,
            "owing": items.filtered(lambda item: item.residual > 0),
            "position": position[self._customer().id],
            "company": self._company().sudo(),
            "today": today,
            "last_day": fields.Date.add(today, days=policy.promise_max_days),
            "promises_left": max(0, left),
            "taken": taken,
            "promises": promises,
            "disputes": self._claims("ar.dispute"),
            "reasons": self.env["ar.dispute"]._selection_reason(),
            "megabytes": MOST_BYTES // 1024 // 1024,
            "suffixes": ",".join(MEDIA.values()),
        }

    # ------------------------------------------------------------------ what the customer says
    @api.model
    def _promise(self, item_ids, day, amounts=None):
        """Write a promise down, within the policy's limits.

        :param item_ids: ids, or their digits, of own open items
        :param day: a date, or its ISO text
        :param amounts: ``{id: text}`` of what is paid of them; of the others all that is open
        """
        promise = self._create(
            "ar.promise",
            {"date": self._parse_day(day), "user_id": False},
            self._lines(item_ids, amounts),
        )
        promise._check_policy(self._policy())
        return promise

    @api.model
    def _dispute(self, item_ids, reason, note, upload=None, amounts=None):
        """Open a dispute about own open items.

        :param reason: key of ``rules.dispute.REASONS``
        :param upload: an ``Upload``, kept with the dispute
        :param amounts: as of :meth:`_promise`, what is wrong of each
        """
        if not (note or "").strip():
            raise UserError(self.env._("“What is wrong”: tell us, so that we can look into it."))
        if reason not in dict(self.env["ar.dispute"]._selection_reason()):
            raise UserError(self.env._("“Reason”: choose one of the list."))
        dispute = self._create(
            "ar.dispute",
            {"reason": reason, "note": note.strip()},
            self._lines(item_ids, amounts),
        )
        if upload and upload.content:
            self._attach(dispute, upload)
        return dispute

    def _create(self, model, vals, lines):
        """The customer follows nothing of it: what is written there stays in the house."""
        records = self.env[model].sudo().with_company(self._company())  # own items alone
        return records.with_context(mail_create_nosubscribe=True).create(
            {
                **vals,
                "partner_id": self._customer().id,
                "company_id": self._company().id,
                "contact_id": self.env.user.partner_id.id,
                "channel": "portal",
                "line_ids": [Command.create(line) for line in lines],
            }
        )

    def _lines(self, item_ids, amounts):
        """Values of a line for each chosen item; more than is open is refused by the line."""
        amounts = amounts or {}
        lines = []
        for key in self._own(item_ids):
            part = self._parse_amount(amounts.get(str(key)))
            lines.append({"item_id": key, **({"amount": part} if part else {})})
        return lines

    def _parse_amount(self, text):
        """The number in a field of the form; None where it was left empty."""
        text = (text or "").strip().replace(",", ".")
        if not text:
            return None
        try:
            amount = float(text)
        except ValueError:
            amount = 0.0
        if not 0 < amount < MOST:
            raise UserError(self.env._("“Amount”: enter a number above 0, such as %s.", "120.50"))
        return amount

    def _own(self, item_ids):
        """Ids of own open items, from what a form sent."""
        wanted = {int(key) for key in item_ids if str(key).isascii() and str(key).isdigit()}
        own = set(self._items().ids)
        if not wanted or wanted - own:
            raise UserError(self.env._("Choose from your open invoices, and try again."))
        return sorted(wanted)

    def _parse_day(self, day):
        try:
            parsed = fields.Date.to_date(day)
        except ValueError:
            parsed = False
        if not parsed:
            raise UserError(self.env._("“I pay by”: enter a date, such as %s.", "2026-12-31"))
        return parsed

    def _attach(self, dispute, upload):
        media = guess_mimetype(upload.content, default="")
        problem = attachment_problem(len(upload.content), media)
        if problem == "size":
            raise UserError(
                self.env._(
                    "“Attachment”: send a file of at most %s MB.", MOST_BYTES // 1024 // 1024
                )
            )
        if problem:
            raise UserError(self.env._("“Attachment”: send a PDF, JPEG or PNG file."))
        self.env["ir.attachment"].sudo().create(  # the dispute is the customer's own
            {
                "name": f"{self.env._('From the customer')}{MEDIA[media]}",
                "raw": upload.content,
                "mimetype": media,
                "res_model": dispute._name,
                "res_id": dispute.id,
            }
        )
