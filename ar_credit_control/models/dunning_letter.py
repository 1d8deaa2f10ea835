import io
import re
from base64 import b64encode
from html import unescape
from urllib.parse import parse_qsl, urlsplit

from markupsafe import Markup
from odoo import models
from PIL import Image
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

from ..rules import dunning_letter as letter
from ..rules.interest import interest
from ..rules.notice_form import squeeze
from .dunning_text import MARK

BARCODE = re.compile(r'src="([^"]*/report/barcode/\?[^"]*)"')


class DunningNotice(models.Model):
    """What the letter and the e-mail show beside the text: items, interest, how to pay."""

    _inherit = "ar.dunning.notice"

    def _count_text(self):
        """ "1 open invoice", "3 open invoices", in the plural of the language."""
        return self._get_forms().count(self.item_count)

    # ------------------------------------------------------------------ items
    def _ageing_row(self, labels, items):
        """Label and amount of each ageing bucket; nothing where one row says it all.

        :param labels: ``{key of a bucket: its label}``
        :param items: one ``Item`` a line, here and below
        """
        if len(items) < 2 or self.days <= 0:
            return []
        amounts = letter.ageing((item.days, item.residual - item.covered) for item in items)
        return [(labels[key], amount) for key, amount in amounts]

    def _interest_rows(self):
        """Rate and interest of each half-year, and what was charged before."""
        if not (self.interest and self.policy_id.interest_scheme_id):
            return None
        policy = self.policy_id
        agreed = policy.contract_rate if policy.use_contract_rate else None
        scheme = policy.interest_scheme_id._to_rules(agreed)
        parts = [line._get_interest(scheme, self.date) for line in self.line_ids]
        rows, before = letter.interest_rows(parts, self.interest, self.currency_id.rounding)
        return {"rows": rows, "before": before, "law": policy.interest_scheme_id.name}

    # ------------------------------------------------------------------ how to pay
    def _get_bank(self, items):
        """The account that the invoices name, else the company's first."""
        named = next(filter(None, (item.bank_id for item in items)), None)
        if named:
            return self.env["res.partner.bank"].browse(named)
        return self._get_forms().bank(self.company_id)

    def _get_reference(self, items):
        return letter.payment_reference((item.reference for item in items), self._get_number())

    def _get_number(self):
        """What identifies the notice on a transfer or in an answer."""
        return "-".join(filter(None, [self.partner_id.ref, str(self._origin.id)]))

    def _get_qr_code(self, bank, items):
        """Address of the picture; none where core has no code for this account and currency."""
        structured = {item.move_id: item.structured for item in items}
        path = bank.build_qr_code_url(
            self.currency_id.round(self._get_total()),
            self._get_reference(items),
            next(iter(structured.values())) if len(structured) == 1 else "",
            self.currency_id,
            self.recipient_id,
        )
        return path and f"{self._get_forms().base(self)}{path}"

    def _get_payment_link(self, items):
        """The portal's page of the invoice, or of all that are overdue."""
        path = items[0].path if len(items) == 1 else None
        return f"{self._get_forms().base(self)}{path or '/my/invoices?filterby=overdue_invoices'}"

    # ------------------------------------------------------------------ around the text
    def _get_mail_frames(self):
        """What stands around the texts in the mails, in the languages of the recipients.

        Returns the heads, the feet, and of each notice the place of its own among them, from 1.
        """
        frames, contacts, places = {}, self._get_contacts(), []
        for notice in self:
            key = (notice.company_id, notice.recipient_id.lang, contacts[notice])
            places.append(frames.setdefault(key, len(frames) + 1))
        drawn = [self._render_frame(*key) for key in frames]
        return [head for head, _foot in drawn], [foot for _head, foot in drawn], places

    def _render_frame(self, company, lang, contact):
        page = (
            self.env["ir.qweb"]
            .with_context(lang=lang)
            ._render(
                "ar_credit_control.dunning_mail",
                {"company": company.with_context(lang=lang), "contact": contact, "body": MARK},
            )
        )
        return squeeze(str(page)).split(MARK)

    def _letter_values(self):
        """What the letter shows beside the addresses."""
        return {
            "subject": self.subject or self.preview_subject,
            "body": self._letter_html(),
            "number": self._get_number(),
            "contact": self._get_contacts()[self],
        }

    def _letter_html(self):
        """The text with its pictures inside: a printer fetches none."""
        return Markup(BARCODE.sub(self._inline_barcode, self.body or self.preview or ""))

    def _inline_barcode(self, found):
        """The picture itself; core's way to draw it takes ten times as long, and blurs it."""
        query = dict(parse_qsl(urlsplit(unescape(found[1])).query))
        if query.get("barcode_type") != "QR":
            return found[0]
        code = QRCode(None, QRErrorCorrectLevel.L)
        code.addData(query["value"])
        code.make()
        picture = draw_modules(code.modules)
        return f'src="data:image/png;base64,{b64encode(picture).decode()}"'

    def _get_contacts(self):
        """``{notice: who is to be asked}``: a person, never the machine."""
        persons, collectors = {}, self._get_collectors()
        for user in set(collectors.values()):
            persons[user] = user.partner_id[: user.active and not user._is_superuser()]
        return {notice: persons[user] for notice, user in collectors.items()}


def draw_modules(rows, size=4):
    """Rows of dark (true) and light squares as a PNG, each ``size`` pixels wide."""
    dark = bytes(0 if cell else 255 for row in rows for cell in row)
    picture = Image.frombytes("L", (len(rows), len(rows)), dark)
    stream = io.BytesIO()
    picture.resize((len(rows) * size,) * 2, Image.Resampling.NEAREST).save(stream, "PNG")
    return stream.getvalue()


class DunningNoticeLine(models.Model):
    _inherit = "ar.dunning.notice.line"

    def _get_interest(self, scheme, until):
        """Interest of one item up to a day, part by part."""
        if not self.interest:
            return []
        paid = [
            (part.max_date, part.debit_amount_currency)
            for part in self.move_line_id.matched_credit_ids
        ]
        amount = self.residual - self.covered + sum(money for _day, money in paid)
        return interest(amount, self.date_due, until, scheme, paid)
