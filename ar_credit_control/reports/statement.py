from odoo import fields, models
from odoo.exceptions import AccessError

from ..rules.statement import Item, days_overdue, statement_sections


class StatementReport(models.AbstractModel):
    """What a customer has open, as a letter that anyone who may see the customer can send."""

    _name = "report.ar_credit_control.report_statement"
    _description = "Statement of account"

    def _get_report_values(self, docids, data=None):
        """Refuse customers that the user may not see: the address of a PDF can be typed in."""
        partners = self.env["res.partner"].browse(docids).commercial_partner_id
        self._check_visible(partners)
        today = self._as_of()
        items = self._items(partners)
        return {
            "doc_ids": partners.ids,
            "doc_model": "res.partner",
            "docs": partners,
            "company": self.env.company,
            "today": today,
            "sections": {
                partner: statement_sections(
                    items.get(partner, ()), today, self.env.company.currency_id.name
                )
                for partner in partners
            },
            "currencies": self._currencies(items),
            "days_overdue": days_overdue,
            "bucket_labels": lambda record: dict(
                self.env["ar.open.item"].with_context(lang=record.lang)._selection_bucket()
            ),
        }

    def _check_visible(self, partners):
        partners.check_access("read")
        if partners - partners._ar_filter_visible():
            raise AccessError(
                self.env._("You may only print statements of customers that you look after.")
            )

    def _as_of(self):
        as_of = fields.Date.to_date(self.env.context.get("ar_as_of"))
        return as_of or fields.Date.context_today(self)

    def _items(self, partners):
        """The customers' items by customer, read with the user's own rights."""
        rows = self.env["ar.open.item"].search(
            [
                ("partner_id", "in", partners.ids),
                ("root_company_id", "=", self.env.company.root_id.id),
            ]
        )
        disputed = self._disputed(rows)
        return {
            partner: [self._to_item(row, disputed.get(row.id, 0.0)) for row in group]
            for partner, group in rows.grouped("partner_id").items()
        }

    def _disputed(self, rows):
        """What is disputed of each item, by its id; of a past day nobody knows any more."""
        if self.env.context.get("ar_as_of"):
            return {}
        # safe: parts of items that the user may see
        groups = (
            self.env["ar.dispute.line"]
            .sudo()
            ._read_group(
                [("move_line_id", "in", rows.ids), ("is_open", "=", True)],
                ["move_line_id"],
                ["amount:sum"],
            )
        )
        return {item.id: amount for item, amount in groups}

    def _to_item(self, row, disputed):
        return Item(
            currency=row.currency_id.name,
            number=row.number or "",
            reference=row.ref or "",
            kind=row.kind,
            issued=row.invoice_date,
            due=row.date_due,
            amount=row.amount_currency,
            residual=row.residual_currency,
            disputed=max(0.0, min(disputed, row.residual_currency)),
        )

    def _currencies(self, items):
        names = {item.currency for group in items.values() for item in group}
        currencies = self.env["res.currency"].with_context(active_test=False)
        return {
            currency.name: currency for currency in currencies.search([("name", "in", list(names))])
        }
