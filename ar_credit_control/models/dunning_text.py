from contextlib import contextmanager
from functools import cache

from lxml import html
from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools.misc import format_amount, format_date, formatLang

from .dunning_notice import _cause

PARTS = ("dunning_notice_tables", "dunning_notice_payments")
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
        texts = {}
        for lang, (translated, ids) in template._classify_per_lang(self._origin.ids).items():
            notices = self.browse(ids).sudo().with_context(lang=lang or self.env.lang)
            subjects = translated._render_field("subject", ids)
            bodies = notices._render_bodies(translated)
            texts.update({key: (subjects[key], bodies[key]) for key in ids})
        return texts

    def _render_bodies(self, template):
        notices = self.with_context(ar_dunning_parts=self._render_parts())
        source = f'<t t-foreach="objects" t-as="object">{template.body_html or ""}{MARK}</t>'
        values = {**template._render_eval_context(), "objects": notices}
        tree = html.fragment_fromstring(source, create_parent="t")
        parts = str(self.env["ir.qweb"]._render(tree, values)).split(MARK)
        bodies = dict(zip(notices.ids, map(Markup, parts), strict=False))
        bodies = template._render_template_postprocess(self._name, bodies)
        return {notice.id: (notice.opening or Markup()) + bodies[notice.id] for notice in self}

    def _render_parts(self):
        """``{id: markup}`` of what stands in the texts, by template, each in one go."""
        money, day = self._formats()
        values = {"notices": self, "money": money, "day": day, "mark": MARK}
        values["percent"] = lambda rate: formatLang(self.env, rate, digits=2)
        return {name: self._render_part(name, values) for name in PARTS}

    def _render_part(self, name, values):
        rendered = self.env["ir.qweb"]._render(f"ar_credit_control.{name}", values)
        return dict(zip(self.ids, map(Markup, str(rendered).split(MARK)), strict=False))

    def _formats(self):
        """Functions that write amounts and days; the same value is written once."""
        env = self.env

        @cache
        def money(amount, currency):
            return format_amount(env, amount, currency)

        @cache
        def day(value):
            return format_date(env, value)

        return money, day

    def _items_table(self):
        """The items with their dates and amounts, what is added to them, and the total."""
        return self._get_part("dunning_notice_tables")

    def _payment_box(self):
        """How to pay: deadline, account, reference, QR code and link."""
        return self._get_part("dunning_notice_payments")

    def _get_part(self, name):
        parts = self.env.context.get("ar_dunning_parts") or self._render_parts()
        return parts[name][self.id]

    def _deadline_text(self):
        """The day by which to pay, as the recipient writes dates."""
        return format_date(self.env, self.deadline)

    def _money(self, amount):
        return format_amount(self.env, amount, self.currency_id)

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
