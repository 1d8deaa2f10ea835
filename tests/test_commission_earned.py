"""What a payment earns, and what takes it back."""

from odoo import Command, fields
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionEarned(CommissionCommon):
    def test_nothing_is_earned_before_the_customer_pays(self):
        self.assertEqual(self._earned(self._sold(1000)), 0)

    def test_a_payment_earns_its_part(self):
        invoice = self._sold(1000)
        self._pay(invoice, 400)
        self.assertEqual(self._earned(invoice), 40)
        entry = self._entries(invoice)
        self.assertEqual((entry.kind, entry.base, entry.paid), ("payment", 400, 400))
        self.assertEqual(entry.payee_id, self.salesman.partner_id)
        self._pay(invoice, 600)
        self.assertEqual(self._earned(invoice), 100)

    def test_reckoning_twice_writes_nothing(self):
        invoice = self._sold(1000)
        self._pay(invoice, 400)
        self._reckon()
        self.env["ar.commission.due"]._mark_ids(invoice.ids)
        self.assertEqual(len(self._entries(invoice)), 1)

    def test_taxes_earn_nothing(self):
        tax = self.company_data["default_tax_sale"]
        invoice = self._sold(1000, taxes=tax)
        self._pay(invoice, invoice.amount_total / 2)
        self.assertEqual(self._entries(invoice).base, 500)
        self.assertEqual(self._earned(invoice), 50)

    def test_the_last_payment_takes_the_remainder(self):
        invoice = self._sold(100.01)
        for _third in range(2):
            self._pay(invoice, 33.33)
        self.assertEqual(self._entries(invoice).mapped("amount"), [3.33, 3.33])
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 10.0)
        self.assertAlmostEqual(sum(self._entries(invoice).mapped("base")), 100.01)

    def test_undoing_a_match_takes_back(self):
        invoice = self._sold(1000)
        payment = self._pay(invoice)
        first = self._entries(invoice)
        (payment.move_id.line_ids & invoice._get_reconciled_amls()).remove_move_reconcile()
        self.assertEqual(self._earned(invoice), 0)
        self.assertEqual(len(first.exists()), 1)
        undo = self._entries(invoice) - first
        self.assertEqual((undo.kind, undo.reverses_id, undo.amount), ("reversal", first, -100))
        self.assertEqual(undo.date, first.date)

    def test_what_was_settled_is_taken_back_today(self):
        invoice = self._sold(1000, day=-40)
        payment = self._pay(invoice, day=-30)
        first = self._entries(invoice)
        self._settle(first)
        payment.action_draft()
        undo = self._entries(invoice) - first
        self.assertEqual((undo.date, undo.state, undo.amount), (self.today, "payable", -100))
        self.assertEqual(first.state, "settled")

    def test_what_a_credit_note_settled_earns_nothing(self):
        invoice = self._sold(4000)
        note = self._sold(2000, move_type="out_refund")
        (invoice + note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertEqual(self._earned(invoice), 0)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 200)

    def test_money_paid_back_on_a_credit_note_takes_back(self):
        invoice = self._sold(1000)
        self._pay(invoice)
        note = self._sold(300, move_type="out_refund")
        self.assertEqual(self._earned(), 100)
        self._pay(note)
        self.assertEqual(self._earned(), 70)

    def test_a_write_off_is_no_money(self):
        invoice = self._sold(1000)
        self._pay(
            invoice,
            900,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.company_data["default_account_expense"].id,
        )
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(self._earned(invoice), 90)

    def test_an_early_payment_discount_is_no_missing_payment(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % in 10 days",
                "early_discount": True,
                "discount_days": 10,
                "discount_percentage": 2,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100})],
            }
        )
        tax = self.company_data["default_tax_sale"]
        for way in ("included", "excluded", "mixed"):
            term.early_pay_discount_computation = way
            invoice = self._sold(1000, taxes=tax, invoice_payment_term_id=term.id)
            self._pay(invoice)
            with self.subTest(way=way):
                self.assertIn(invoice.payment_state, ("paid", "in_payment"))
                self.assertEqual(self._earned(invoice), 100)

    def test_contra_entries_are_no_money(self):
        invoice = self._sold(1000)
        receivable = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_payable"].id,
                            "debit": 400,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "credit": 400,
                            "partner_id": self.customer.id,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        (invoice + entry).line_ids.filtered(lambda line: line.account_id == receivable).reconcile()
        self.assertEqual(invoice.amount_residual, 600)
        self.assertEqual(self._earned(invoice), 0)

    def test_exchange_differences_earn_nothing(self):
        currency = self.setup_other_currency(
            "EUR",
            rates=[
                (fields.Date.to_string(fields.Date.subtract(self.today, days=30)), 2.0),
                (fields.Date.to_string(fields.Date.subtract(self.today, days=5)), 4.0),
            ],
        )
        invoice = self._sold(1000, day=-20, currency_id=currency.id)
        self._pay(invoice, 500, day=-4, currency_id=currency.id)
        self.assertEqual(self._earned(invoice), 25)
        self._pay(invoice, 500, day=-4, currency_id=currency.id)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(self._earned(invoice), 50)
        self.assertEqual(sum(self._entries(invoice).mapped("base")), 500)

    def test_fast_money_earns_more_and_late_money_nothing(self):
        self._replan(
            speed_ids=[
                Command.create({"day_from": 0, "day_to": 10, "factor": 1.5}),
                Command.create({"day_from": 11, "day_to": 30, "factor": 1}),
                Command.create({"day_from": 31, "day_to": 60, "factor": 0.5}),
            ]
        )
        invoice = self._sold(1000, day=-70)
        for day, amount in ((-65, 100), (-50, 200), (-20, 300), (0, 400)):
            self._pay(invoice, amount, day=day)
        entries = self._entries(invoice).sorted("date")
        self.assertEqual(entries.mapped("days"), [5, 20, 50, 70])
        self.assertEqual(entries.mapped("amount"), [15, 20, 15, 0])
        self.assertEqual(self._earned(invoice), 50)

    def test_days_may_count_from_the_due_date(self):
        self._replan(
            clock="due",
            speed_ids=[Command.create({"day_from": 0, "day_to": 5, "factor": 1})],
        )
        due = fields.Date.subtract(self.today, days=3)
        invoice = self._sold(1000, day=-40, invoice_date_due=due)
        self._pay(invoice)
        self.assertEqual(self._entries(invoice).days, 3)
        self.assertEqual(self._earned(invoice), 100)

    def test_a_payment_term_has_its_factor(self):
        term = self.env["account.payment.term"].create({"name": "90 days"})
        self._replan(
            term_ids=[Command.create({"payment_term_id": term.id, "factor": 0.5})],
        )
        invoice = self._sold(1000, invoice_payment_term_id=term.id)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 50)

    def test_a_payment_in_process_may_have_to_wait_for_the_bank(self):
        self._replan(in_process=False)
        journal = self.company_data["default_journal_bank"]
        method = journal.inbound_payment_method_line_ids[:1]
        outstanding = self.env["account.account"].create(
            {
                "name": "Outstanding",
                "code": "OUT1",
                "account_type": "asset_current",
                "reconcile": True,
            }
        )
        method.payment_account_id = outstanding
        invoice = self._sold(1000)
        payment = self._pay(invoice, payment_method_line_id=method.id)
        self.assertFalse(payment.is_matched)
        self.assertEqual(self._earned(invoice), 0)
        statement = self.env["account.bank.statement.line"].create(
            {"journal_id": journal.id, "payment_ref": "in", "amount": 1000, "date": self.today}
        )
        suspense = statement.move_id.line_ids.filtered(
            lambda line: line.account_id == journal.suspense_account_id
        )
        suspense.account_id = outstanding
        liquidity = payment.move_id.line_ids.filtered(lambda line: line.account_id == outstanding)
        (suspense + liquidity).reconcile()
        self.assertTrue(payment.is_matched)
        self.assertEqual(self._earned(invoice), 100)
        liquidity.remove_move_reconcile()
        self.assertEqual(self._earned(invoice), 0)

    def test_a_payment_without_an_entry_is_in_process_until_the_bank_money_comes(self):
        first, second = self._sold(1000, day=-3), self._sold(500)
        payment = self._pay_without_entry(first | second)
        self.assertEqual((self._earned(first), self._earned(second)), (100, 50))
        self.assertEqual(self._entries(first).paid, 1000)
        self._bank_money(first, 1000)
        self.assertEqual((self._earned(first), self._earned(second)), (100, 50))
        self.assertEqual(len(self._entries(first)), 3)
        payment.action_cancel()
        self.assertEqual((self._earned(first), self._earned(second)), (100, 0))

    def test_what_a_payment_without_an_entry_leaves_open_waits(self):
        invoice = self._sold(1000)
        self._pay_without_entry(invoice, 300)
        self.assertEqual(self._earned(invoice), 30)
        (row,) = self.env["ar.commission.waiting"]._waiting(company=self.company)
        self.assertEqual((row["reason"], row["amount"]), ("unpaid", 70))

    def _pay_without_entry(self, moves, amount=None):
        """A payment as Odoo keeps it where bank transactions are matched with invoices."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": moves.partner_id.id,
                "amount": amount or sum(moves.mapped("amount_residual")),
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": self.today,
            }
        )
        payment.outstanding_account_id = False
        payment.action_post()
        moves.matched_payment_ids += payment
        self.assertFalse(payment.move_id)
        return payment

    def _bank_money(self, move, amount):
        """A bank transaction, matched with an invoice."""
        receivable = self.company_data["default_account_receivable"]
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "payment_ref": "in",
                "amount": amount,
                "date": self.today,
                "partner_id": move.partner_id.id,
            }
        )
        suspense = line.move_id.line_ids.filtered(
            lambda item: item.account_id == line.journal_id.suspense_account_id
        )
        suspense.account_id = receivable
        (suspense + move.line_ids).filtered(lambda item: item.account_id == receivable).reconcile()

    def test_a_payment_without_an_entry_may_have_to_wait_for_the_bank(self):
        self._replan(in_process=False)
        invoice = self._sold(1000)
        payment = self._pay_without_entry(invoice)
        self.assertEqual(self._earned(invoice), 0)
        (row,) = self.env["ar.commission.waiting"]._waiting(company=self.company)
        self.assertEqual((row["reason"], row["amount"]), ("in_process", 100))
        payment.action_validate()
        self.assertEqual(self._earned(invoice), 100)
        self.assertEqual(self.env["ar.commission.waiting"]._waiting(company=self.company), [])

    def test_all_is_earned_on_the_invoice_where_the_plan_says_so(self):
        self._replan(trigger="invoice")
        invoice = self._sold(1000)
        self.assertEqual(self._earned(invoice), 100)
        self.assertEqual(self._entries(invoice).kind, "upfront")
        self._pay(invoice, 500)
        self.assertEqual(self._earned(invoice), 100)
        note = self._sold(500, move_type="out_refund")
        (invoice + note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertEqual(self._earned(invoice), 50)
        self.assertEqual(self._earned(), 50)

    def test_a_part_is_earned_up_front_and_the_rest_on_payment(self):
        self._replan(upfront_percent=30)
        invoice = self._sold(99.99)
        self.assertEqual(self._earned(invoice), 3.0)
        self._pay(invoice, 33.33)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 10.0)
        self.assertAlmostEqual(sum(self._entries(invoice).mapped("base")), 99.99)
        invoice.button_draft()
        self.assertEqual(self._earned(invoice), 0)

    def test_only_critical_customers_must_pay_first(self):
        # a part up front is for those who need not
        self._replan(trigger="payment_for_grades", critical_grade="D", upfront_percent=30)
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        profile.sudo().write({"score_grade": "B"})
        good = self._sold(1000)
        self.assertEqual(self._earned(good), 100)
        profile.sudo().write({"score_grade": "E"})
        bad = self._sold(1000)
        self.assertEqual(self._earned(bad), 0)
        self._pay(bad)
        self.assertEqual(self._earned(bad), 100)
        self.env["ar.commission.due"]._mark_ids(good.ids)
        self.assertEqual(self._earned(good), 100)
