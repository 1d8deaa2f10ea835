from contextlib import contextmanager

from lxml import html
from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools.rendering_tools import parse_inline_template
from odoo.tools.safe_eval import safe_eval

from ..rules.notice_form import form, slot
from .dunning_notice import _cause

PARTS = {"tables": slot("tables"), "payments": slot("payments")}
MARK = "ar-dunning-next-notice"  # parts what is rendered in one go


class DunningNotice(models.Model):
    """The words of notices, in the language of each recipient."""

    _inherit = "ar.dunning.notice"

    preview_subject = fields.Char(compute="_compute_preview")
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends_context("lang")
    @api.depends("subject", "opening", "body", "level_id")
    def _compute_preview(self):
        for notice in self:
            notice.preview_subject, notice.preview = notice.subject, notice.body
        for level, notices in (
            self.filtered(lambda n: not (n.subject and n.body)).grouped("level_id").items()
        ):
            if template := level.sudo().mail_template_id:
                notices._fill_preview(template)

    def _fill_preview(self, template):
        try:
            texts = self._render(template)
        except Exception as error:  # noqa: BLE001 a text may fail in any way: show how
            texts = dict.fromkeys(self.ids, ("", Markup("<p>%s</p>") % _cause(error)))
        for notice in self:
            subject, body = texts[notice._origin.id]
            notice.preview_subject = notice.subject or subject
            notice.preview = notice.body or body

    # ------------------------------------------------------------------ rendering
    def _render(self, template):
        """``{id: (subject, body)}`` in the language of each recipient.

        Notices of a language are rendered together: to compile a text takes longer than to fill
        it in for a hundred notices.
        """
        # the text is the credit manager's; who sends it needs no right to see how it is made
        template = template.sudo()
        sudo = self._origin.sudo()
        langs = sudo._evaluate(template, template.lang)
        texts = {}
        for lang, notices in sudo.grouped(lambda notice: langs[notice.id]).items():
            notices = notices.with_context(lang=lang or self.env.lang)
            translated = template.with_context(lang=lang or self.env.lang)
            subjects = notices._evaluate(translated, translated.subject)
            bodies = notices._render_bodies(translated)
            texts.update({key: (subjects[key], bodies[key]) for key in notices.ids})
        return texts

    def _evaluate(self, template, text):
        """``{id: text}`` with the values of each notice for what stands in ``{{ }}``.

        An expression is compiled once for all notices.
        """
        values = {**template._render_eval_context(), "objects": self}
        texts = [""] * len(self)
        for literal, expression, default in parse_inline_template(text or ""):
            found = [""] * len(self)
            if expression:
                found = safe_eval(f"[({expression}) for object in objects]", dict(values))
            texts = [
                f"{before}{literal}{value or default or ''}"
                for before, value in zip(texts, found, strict=True)
            ]
        return dict(zip(self.ids, texts, strict=True))

    def _render_bodies(self, template):
        sharing = self if "ar_dunning_forms" in self.env.context else self._with_forms()
        notices = sharing.with_context(ar_dunning_parts=PARTS)
        source = f'<t t-foreach="objects" t-as="object">{template.body_html or ""}{MARK}</t>'
        values = {**template._render_eval_context(), "objects": notices}
        tree = html.fragment_fromstring(source, create_parent="t")
        texts = str(self.env["ir.qweb"]._render(tree, values)).split(MARK)
        bodies = dict(zip(notices.ids, map(Markup, texts), strict=False))
        bodies = template._render_template_postprocess(self._name, bodies)
        return {
            notice.id: (notice.opening or Markup()) + Markup(form(bodies[notice.id]) % parts)
            for notice, parts in sharing._fill_parts()
        }

    def _fill_parts(self):
        """Each notice with the markup of what stands in its text beside the words."""
        forms, found = self._get_forms(), self._read_items()
        for notice in self:
            items = found[notice.id]
            yield (
                notice,
                {
                    "tables": notice._fill_table(forms, items),
                    "payments": notice._fill_payment(forms, items),
                },
            )

    def _items_table(self):
        """The items with their dates and amounts, what is added to them, and the total."""
        return self._get_part("tables")

    def _payment_box(self):
        """How to pay: deadline, account, reference, QR code and link."""
        return self._get_part("payments")

    def _get_part(self, name):
        """A slot where many texts are made, which are filled together; else the part itself."""
        parts = self.env.context.get("ar_dunning_parts")
        if not parts:
            ((_notice, parts),) = self._fill_parts()
        return Markup(parts[name])

    def _deadline_text(self):
        """The day by which to pay, as the recipient writes dates."""
        return self._get_forms().plain_day(self.deadline)

    def _money(self, amount):
        return self._get_forms().plain_money(amount, self.currency_id)

    # ------------------------------------------------------------------ trial
    def _try_template(self, template, level):
        """Render a text for a notice that is not kept; returns what went wrong, if anything."""
        with self._sample(level) as notice:
            try:
                notice._render(template)
            except Exception as error:  # noqa: BLE001 whatever a template raises is its fault
                return _cause(error)
        return None

    @contextmanager
    def _sample(self, level):
        """A notice about the company itself, undone at the end."""
        self.env.flush_all()
        savepoint = self.env.cr.savepoint()
        try:
            company, partner = level.company_id, level.company_id.partner_id
            today = fields.Date.context_today(self)
            # only ever rolled back
            run = self.env["ar.dunning.run"].sudo().create({"company_id": company.id})
            vals = {"run_id": run.id, "company_id": company.id, "date": today}
            vals |= {"partner_id": partner.id, "recipient_id": partner.id, "deadline": today}
            vals |= {"policy_id": level.policy_id.id, "level_id": level.id}
            yield self.sudo().create({**vals, "currency_id": company.currency_id.id})
        finally:
            self.env.clear()
            savepoint.close(rollback=True)
