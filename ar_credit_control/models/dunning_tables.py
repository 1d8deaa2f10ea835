"""The parts of many texts: filled for each notice into what was drawn once a language."""

from collections import namedtuple

from markupsafe import escape
from odoo import models
from odoo.tools import SQL

from .dunning_forms import Forms

AMOUNTS = ("amount", "interest", "compensation", "charge")

# What a notice says of a line, and of the invoice behind it: its first amount in the notice's
# currency, what its payment is called, the account that it names, its path on the portal.
Item = namedtuple(
    "Item",
    "name date_invoice date_due days residual covered"
    " amount move_id reference structured bank_id path",
)
NOTHING = (None, None, "", "", None, None)  # the invoice was deleted since


class DunningNotice(models.Model):
    _inherit = "ar.dunning.notice"

    def _with_forms(self):
        """The same notices, whose texts share what was drawn and written for any of them."""
        return self.with_context(ar_dunning_forms={})

    def _get_forms(self):
        """The ``Forms`` of the language of the context."""
        kept = self.env.context.get("ar_dunning_forms", {})
        if self.env.lang not in kept:
            kept[self.env.lang] = Forms(self.env)
        return kept[self.env.lang]

    def _read_items(self):
        """``{id: its items}`` of all notices, one ``Item`` a line, by two statements."""
        lines = self._read_lines()
        facts = self._read_facts({line.item for found in lines.values() for line in found})
        return {
            key: [Item._make(line[1:] + facts.get(line.item, NOTHING)) for line in found]
            for key, found in lines.items()
        }

    def _read_facts(self, ids):
        """``{id of a journal item: facts of its invoice}``."""
        moves = self.env["account.move"]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, line.amount_currency, move.id,
                       COALESCE(NULLIF(move.payment_reference, ''), move.name, ''),
                       COALESCE(move.payment_reference, ''), move.partner_bank_id,
                       move.move_type = ANY(%s)
                  FROM account_move_line line JOIN account_move move ON move.id = line.move_id
                 WHERE line.id = ANY(%s)
                """,
                moves.get_invoice_types(include_receipts=True),
                list(ids),
            )
        )
        paths = moves.browse({row[2] for row in rows})._ar_signed_paths()
        return {key: (*facts, shown and paths[facts[1]]) for key, *facts, shown in rows}

    def _get_items(self):
        """One ``Item`` a line."""
        return self._read_items()[self.id]

    # ------------------------------------------------------------------ items
    def _fill_table(self, forms, items):
        """The items with their dates and amounts, what is added to them, and the total."""
        ageing, interest = self._ageing_row(forms.labels, items), self._interest_rows()
        amounts, money = {name: self[name] for name in AMOUNTS}, forms.purse(self.currency_id)
        credited, total = any(item.covered for item in items), sum(amounts.values())
        text = forms.get(
            "dunning_notice_table",
            credited=credited,
            charged=total != amounts["amount"],
            interest=bool(amounts["interest"]),
            compensation=bool(amounts["compensation"]),
            charge=bool(amounts["charge"]),
            buckets=tuple(label for label, _amount in ageing),
            explained=interest is not None,
            before=bool(interest and interest["before"]),
        )
        values = {name: money(amount) for name, amount in amounts.items()}
        values["amount_total"] = money(total)
        for place, (_label, amount) in enumerate(ageing):
            values[f"bucket_{place}"] = money(amount)
        values["items"] = "".join(self._fill_rows(forms, items, credited))
        if interest:
            values |= self._fill_interest(forms, interest)
        return text % values

    def _fill_rows(self, forms, items, credited):
        base, money, day = escape(forms.base(self)), forms.purse(self.currency_id), forms.day
        rows = {
            linked: forms.get("dunning_notice_item", credited=credited, linked=linked)
            for linked in (False, True)
        }
        for item in items:
            yield (
                rows[bool(item.path)]
                % {
                    "link": f"{base}{item.path}",  # nothing in a path is to be escaped
                    "name": escape(item.name or ""),
                    "date_invoice": day(item.date_invoice),
                    "date_due": day(item.date_due),
                    "days": max(0, item.days),
                    "amount": money(item.amount or item.residual),
                    "covered": money(item.covered),
                    "open": money(item.residual - item.covered),
                }
            )

    def _fill_interest(self, forms, interest):
        row, money = forms.get("dunning_notice_interest_row"), forms.purse(self.currency_id)
        rows = (
            row
            % {
                "first": forms.day(part.first),
                "last": forms.day(part.last),
                "rate": forms.percent(part.rate),
                "amount": money(part.amount),
            }
            for part in interest["rows"]
        )
        return {
            "law": escape(interest["law"]),
            "before": money(-interest["before"]),
            "interest_rows": "".join(rows),
        }

    # ------------------------------------------------------------------ how to pay
    def _fill_payment(self, forms, items):
        """How to pay: deadline, account, reference, QR code and link."""
        bank = self._get_bank(items)
        qr_code = self._get_qr_code(bank, items) if bank else None
        text = forms.get(
            "dunning_notice_payment",
            due=self.days > 0,
            bank=bank,
            scan=bool(qr_code),
            portal=forms.base(self).partition("://")[2] + "/my/invoices",
        )
        return text % {
            "amount_total": forms.money(self._get_total(), self.currency_id),
            "deadline": forms.day(self.deadline),
            "reference": escape(self._get_reference(items)),
            "link": escape(self._get_payment_link(items)),
            "qr_code": escape(qr_code or ""),
        }
