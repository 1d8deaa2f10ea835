"""Random receivables in a real journal, and what the score should read of them by plain loops."""

from datetime import timedelta

from odoo import Command, fields

from .common import CreditCommon
from .unit.score_oracle import Part

PROFIT_AND_LOSS = ("income", "income_other", "expense", "expense_other", "expense_direct_cost",
                   "expense_depreciation")  # fmt: skip


class ScoreCommon(CreditCommon):
    """Documents on given days, and the parts that they are made of."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env.user)
        cls.bank = cls.company_data["default_journal_bank"]
        cls.misc = cls.company_data["default_journal_misc"]
        cls.halves = cls.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": days})
                    for days in (14, 45)
                ],
            }
        )
        cls.euro = cls.setup_other_currency("EUR", rates=[("2015-01-01", 2.0), ("2020-01-01", 2.0)])

    # ------------------------------------------------------------------ documents
    @classmethod
    def sell(cls, partner, amount, ago, terms=30, currency=None, move_type="out_invoice"):
        """An invoice of so many days ago; ``terms`` are days or a payment term."""
        made = cls.today - timedelta(days=ago)
        days = isinstance(terms, int)
        move = cls.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": partner.id,
                "invoice_date": made,
                "date": made,
                "invoice_date_due": made + timedelta(days=terms) if days else False,
                "invoice_payment_term_id": False if days else terms.id,
                "currency_id": (currency or cls.company.currency_id).id,
                "invoice_line_ids": [
                    Command.create({"name": "x", "price_unit": amount, "tax_ids": []})
                ],
            }
        )
        move.action_post()
        return move

    @classmethod
    def pay(cls, moves, amount, ago, currency=None):
        """Money of so many days ago, matched with documents as far as it goes."""
        day = cls.today - timedelta(days=ago)
        payment = cls.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": moves.line_ids.partner_id[:1].commercial_partner_id.id,
                "amount": amount,
                "date": day,
                "journal_id": cls.bank.id,
                "currency_id": (currency or cls.company.currency_id).id,
            }
        )
        payment.action_post()
        cls.match(payment.move_id | moves)
        return payment

    @classmethod
    def credit(cls, moves, amount, ago):
        cls.match(moves | cls.sell(moves.partner_id, amount, ago, 0, move_type="out_refund"))

    @classmethod
    def write_off(cls, moves, amount, ago):
        """A loss booked by hand against documents."""
        expense = cls.company_data["default_account_expense"]
        cls.match(moves | cls.entry(moves.partner_id, -amount, ago, expense))

    @classmethod
    def entry(cls, partner, balance, ago, counterpart):
        """An entry by hand: its receivable side has the given balance."""
        day = cls.today - timedelta(days=ago)
        own = partner.property_account_receivable_id
        sides = ((own, balance), (counterpart, -balance))
        move = cls.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": cls.misc.id,
                "date": day,
                "line_ids": [
                    Command.create(
                        {"account_id": account.id, "balance": amount, "partner_id": partner.id,
                         "name": "x"}
                    )
                    for account, amount in sides
                ],
            }
        )  # fmt: skip
        move.action_post()
        return move

    @classmethod
    def match(cls, moves):
        moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()

    @classmethod
    def month_before(cls, profile, **vals):
        """Make a profile's snapshot that of the month before, in which everybody was assessed."""
        model = cls.env["ar.score.model"].sudo().search([("company_id", "=", cls.company.id)])
        month = cls.today.replace(day=1) - timedelta(days=1)
        model.copy({"month": month.replace(day=1), "learned_on": month})
        profile.snapshot_ids.sudo().write({"month": month.replace(day=1), **vals})

    # ------------------------------------------------------------------ the plain reading
    def parts(self, partner):
        """Every part of every instalment, record by record."""
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "child_of", partner.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("balance", ">", 0),
            ]
        )
        closed = self.company.currency_exchange_journal_id
        for line in lines:
            journal = line.journal_id
            if journal.type in ("bank", "cash") or journal == closed:
                continue
            if journal.type != "sale" and line.move_id.reversed_entry_id:
                continue
            yield from self.parts_of(line)

    def parts_of(self, line):
        for match in line.matched_credit_ids:
            share = match.debit_amount_currency / line.amount_currency
            if share:
                day = match.credit_move_id.date
                paid = self.is_money(match.credit_move_id)
                yield self.part(line, share, paid=day if paid else None, void=None if paid else day)
        if not line.reconciled:
            yield self.part(line, line.amount_residual_currency / line.amount_currency)

    def part(self, line, share, paid=None, void=None):
        made = line.move_id.invoice_date or line.date
        return Part(
            partner_id=line.partner_id.commercial_partner_id.id,
            country_id=line.partner_id.commercial_partner_id.country_id.id or None,
            invoice_date=made,
            due_date=max(line.date_maturity or line.date, made),
            paid_date=paid,
            share=share,
            amount=share * line.balance,
            void_date=void,
        )

    def is_money(self, counterpart):
        if counterpart.journal_id.type in ("bank", "cash", "credit"):
            return True
        closed = self.company.currency_exchange_journal_id
        if counterpart.journal_id.type == "sale" or counterpart.journal_id == closed:
            return False
        accounts = counterpart.move_id.line_ids.account_id
        return not any(account.account_type in PROFIT_AND_LOSS for account in accounts)
