from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...connectors.sdi.mapping import fix_for
from ..rules.preflight import ADVICE, Document, Line, Party, Tax, check
from .exchange_match import find_numbered

SALES = ("out_invoice", "out_refund")


class ResCompany(models.Model):
    _inherit = "res.company"

    ar_preflight = fields.Selection(
        [
            ("off", "Do not check"),
            ("warn", "Warn"),
            ("block", "Keep from posting"),
        ],
        string="Check before sending e-invoices",
        default="warn",
        required=True,
        help="What the exchange would reject is found when an invoice is posted. It is only done "
        "in companies that have an exchange account.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    ar_preflight = fields.Selection(
        related="company_id.ar_preflight", readonly=False, required=True
    )


class AccountMove(models.Model):
    """The check before sending: on posting, and on a list of drafts."""

    _inherit = "account.move"

    ar_preflight_text = fields.Text(
        compute="_compute_ar_preflight_text",
        string="Would be rejected",
        groups="account.group_account_invoice,account.group_account_readonly",
        help="What the e-invoice exchange would not accept of this document.",
    )

    def _compute_ar_preflight_text(self):
        found = self.sudo()._ar_check()  # safe: the reader's own document, in words
        for move in self:
            move.ar_preflight_text = "\n".join(move._ar_words(found.get(move.id, [])))

    def _post(self, soft=True):
        """Check what is to be sent. It warns; it blocks only where the company says so."""
        found = self._ar_get_checked()._ar_check()
        bad = self.filtered(lambda move: _serious(found.get(move.id, [])))
        blocked = bad.filtered(lambda move: move.company_id.ar_preflight == "block")
        if blocked:
            lines = [
                f"{move._ar_name()}: {' '.join(move._ar_words(found[move.id]))}" for move in blocked
            ]
            raise UserError(self.env._("The exchange would reject this:\n%s", "\n".join(lines)))
        posted = super()._post(soft=soft)
        warned = bad & posted
        if warned:
            intro = self.env._("Before it is sent, please look at this:")
            warned._message_log_batch(
                {move.id: " ".join([intro, *move._ar_words(found[move.id])]) for move in warned}
            )
        return posted

    def _ar_get_checked(self):
        """Those that are checked on posting: nothing where no exchange is used."""
        used = self.env["ar.exchange.account"]._get_exchanging_ids()
        return self.filtered(
            lambda move: move.move_type in SALES
            and move.company_id.id in used
            and move.company_id.ar_preflight != "off"
        )

    def _ar_name(self):
        return self.name if self.name and self.name != "/" else self.partner_id.name

    # ------------------------------------------------------------------ checking
    def _ar_check(self):
        """``{id: findings}`` of the documents that have any, see ``rules/preflight.py``."""
        sales = self.filtered(lambda move: move.move_type in SALES)
        if not sales:
            return {}
        twins = sales._ar_get_twins()
        sales.invoice_line_ids.mapped("tax_ids")  # read for all documents at once
        found = {move.id: check(move._ar_to_document(twins.get(move.id, ""))) for move in sales}
        return {key: findings for key, findings in found.items() if findings}

    def _ar_get_twins(self):
        """Numbers that another document of the same company and year has, by any journal."""
        named = self.filtered(lambda move: move.name and move.name != "/" and move.id)
        self.env["account.move"].flush_model(["name", "company_id", "state", "invoice_date"])
        found = defaultdict(list)
        names, companies = set(named.mapped("name")), named.company_id.ids
        for other in find_numbered(self.env.cr, names, companies):
            if other.move_type in SALES:
                found[other.company_id, other.name, other.year].append(other.id)
        return {
            move_id: name
            for (_company, name, _year), ids in found.items()
            if len(ids) > 1
            for move_id in ids
        }

    def _ar_to_document(self, twin):
        today = fields.Date.context_today(self)
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        return Document(
            seller=_party(self.company_id.partner_id, self.company_id.partner_id),
            buyer=_party(self.commercial_partner_id, self.partner_id),
            lines=tuple(_line(line) for line in lines),
            day=self.invoice_date or today,
            today=today,
            number=self.name if self.name and self.name != "/" else "",
            twin=twin,
            order_reference=self.ref or self.invoice_origin or "",
            bank_account=bool(self.partner_bank_id or self.move_type == "out_refund"),
            taxes=tuple(self._ar_get_taxes(lines)),
        )

    def _ar_get_taxes(self, lines):
        """Plain percentages with the sum of their lines and the tax that is charged on it."""
        charged = self.line_ids.grouped("tax_line_id")
        for tax in lines.tax_ids.flatten_taxes_hierarchy().filtered(_is_plain):
            base = sum(
                line.price_subtotal
                for line in lines
                if tax in line.tax_ids.flatten_taxes_hierarchy()
            )
            amount = sum(charged.get(tax, self.line_ids.browse()).mapped("amount_currency"))
            yield Tax(tax.amount, abs(base), abs(amount))

    def _ar_words(self, findings):
        """Each finding as a sentence with the value that is wrong."""
        own = {
            "seller_address": self.env._("Complete your company's address."),
            "buyer_address": self.env._("Complete the customer's address."),
            "no_lines": self.env._("No line has an amount."),
            "no_order_reference": self.env._("A public body wants its purchase order's number."),
            "no_bank_account": self.env._("No bank account says where to pay."),
        }
        words = [(own.get(code) or fix_for(code).hint, detail) for code, detail in findings]
        return [f"{hint} ({detail})" if detail else hint for hint, detail in words]

    def action_ar_preflight(self):
        """Check documents that are not sent yet, as a list."""
        drafts = self.filtered(lambda move: move.move_type in SALES)
        found = drafts._ar_check()
        if not found:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "success",
                    "message": self.env._("Nothing that an exchange would reject was found."),
                },
            }
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Would be rejected"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "views": [
                (self.env.ref("ar_credit_control.view_ar_preflight_list").id, "list"),
                (False, "form"),
            ],
            "domain": [("id", "in", list(found))],
        }


class DeliveryProblem(models.Model):
    _inherit = "ar.delivery.problem"

    foreseen = fields.Boolean(
        string="Check would have found it",
        readonly=True,
        help="The check before sending finds one of the mistakes that the exchange names.",
    )

    @api.model
    def _open(self, account, effects, source):
        opened = super()._open(account, effects, source)
        opened._note_foreseen()
        return opened

    def _note_foreseen(self):
        """Judge the check by what the exchange has rejected, as the record still is."""
        rejected = self.filtered(lambda problem: problem.outcome == "not_issued")
        found = rejected.move_id._ar_check()
        foreseen = rejected.filtered(
            lambda problem: problem._was_found(found.get(problem.move_id.id, []))
        )
        foreseen.foreseen = True

    def _was_found(self, findings):
        """Whether the check finds one of the problem's codes, or one of the fields to correct."""
        codes = {finding.code for finding in findings}
        fields_ = {fix_for(code).path for code in codes}
        named = {f"{error.record}.{error.field_name}" for error in self.error_ids if error.record}
        return bool(codes & set(self.error_ids.mapped("code")) or fields_ & named)


def _serious(findings):
    return [finding for finding in findings if finding.code not in ADVICE]


def _party(entity, address):
    """A partner as the rules want it; fields of national modules count where they exist."""

    def own(name):
        return (name in entity._fields and entity[name]) or ""

    recipient = own("l10n_it_pa_index")
    return Party(
        country=address.country_id.code or entity.country_id.code or "",
        vat=(entity.vat or "").replace(" ", ""),
        tax_code=own("l10n_it_codice_fiscale"),
        recipient=recipient,
        pec=own("l10n_it_pec_email"),
        street=address.street or "",
        zip=address.zip or "",
        city=address.city or "",
        public=len(recipient) == 6,
    )


def _is_plain(tax):
    """A percentage that is charged as it is: not withheld, reversed, split or part of a base."""
    parts = tax.invoice_repartition_line_ids.filtered(lambda part: part.repartition_type == "tax")
    return (
        tax.amount_type == "percent"
        and tax.amount > 0
        and not (tax.include_base_amount or tax.has_negative_factor)
        and sum(parts.mapped("factor_percent")) == 100
    )


def _line(line):
    taxes = line.tax_ids.flatten_taxes_hierarchy()
    vat = taxes.filtered(lambda tax: tax.amount_type == "percent" and tax.amount >= 0)
    exempt = "l10n_it_exempt_reason" in taxes._fields and any(
        tax.l10n_it_exempt_reason for tax in taxes
    )
    return Line(line.quantity, line.price_unit, tuple(vat.mapped("amount")), exempt)
