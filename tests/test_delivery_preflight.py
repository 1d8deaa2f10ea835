"""The check before sending, on invoices: on posting, on drafts, and judged by real rejections."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .exchange_common import ExchangeCommon


@tagged("post_install", "-at_install")
class TestDeliveryPreflight(ExchangeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.write({"street": "1 Road", "city": "Town", "zip": "12345"})
        cls.customer.write({"street": "2 Road", "city": "Town", "zip": "12345"})
        cls.customer.country_id = cls.env.ref("base.de")
        if not cls.company.country_id:
            cls.company.country_id = cls.env.ref("base.us")

    def _found(self, move):
        return [finding.code for finding in move._ar_check().get(move.id, [])]

    def test_posting_warns_and_does_not_stop(self):
        # as another program wrote it: Odoo's own form would refuse the number
        self.env.cr.execute("UPDATE res_partner SET vat = 'DE1' WHERE id = %s", [self.customer.id])
        self.customer.invalidate_recordset()
        draft = self._invoice(self.customer, 50, post=False)
        self.assertIn("00305", self._found(draft))
        draft.action_post()
        self.assertEqual(draft.state, "posted")
        notes = " ".join(draft.message_ids.mapped("body"))
        self.assertIn("DE1", notes)
        self.assertIn("DE1", draft.ar_preflight_text)

    def test_a_tax_that_was_edited(self):
        tax = self.env["account.tax"].create({"name": "22 %", "amount": 22})
        draft = self._invoice(self.customer, 50, post=False)
        draft.invoice_line_ids.tax_ids = tax
        self.assertNotIn("00421", self._found(draft))
        charged = draft.line_ids.filtered("tax_line_id")
        receivable = draft.line_ids.filtered(lambda line: line.display_type == "payment_term")
        draft.write(
            {
                "line_ids": [
                    Command.update(charged.id, {"amount_currency": -11.4}),
                    Command.update(receivable.id, {"amount_currency": 61.4}),
                ]
            }
        )
        self.assertEqual(draft.amount_tax, 11.4)
        self.assertIn("00421", self._found(draft))
        self.assertIn("22 %: 11.40, not 11.00", draft.ar_preflight_text)
        # what is withheld or reversed is charged otherwise than by its rate
        reversal = [Command.create({"repartition_type": "tax", "factor_percent": -100})]
        tax.write(
            {
                "invoice_repartition_line_ids": reversal,
                "refund_repartition_line_ids": reversal,
            }
        )
        self.assertNotIn("00421", self._found(draft))

    def test_the_company_may_want_to_be_stopped(self):
        self.company.ar_preflight = "block"
        self.customer.street = False
        draft = self._invoice(self.customer, 50, post=False)
        with self.assertRaises(UserError) as stopped:
            draft.action_post()
        self.assertIn("address", str(stopped.exception))
        self.customer.street = "2 Road"
        draft.company_id.partner_id.vat = False
        self.company.ar_preflight = "off"
        draft.action_post()
        self.assertEqual(draft.state, "posted")

    def test_nothing_is_checked_where_no_exchange_is_used(self):
        self.company.ar_preflight = "block"
        self.account.active = False
        self.customer.street = False
        self.assertEqual(self._invoice(self.customer, 50).state, "posted")

    def test_advice_is_no_obstacle(self):
        self.company.ar_preflight = "block"
        draft = self._invoice(self.customer, 50, post=False)
        draft.partner_bank_id = False
        if set(self._found(draft)) <= {"no_bank_account"}:
            draft.action_post()
            self.assertEqual(draft.state, "posted")

    def test_a_list_of_drafts(self):
        good = self._invoice(self.customer, 50, post=False)
        bad = self._invoice(self._new_customer("Nowhere"), 50, post=False)
        action = (good | bad).with_user(self.accountant).action_ar_preflight()
        found = self.env["account.move"].search(action["domain"])
        self.assertIn(bad, found)
        self.assertIn("address", bad.ar_preflight_text)

    def test_bills_are_not_ours_to_check(self):
        self.assertFalse(
            self._invoice(self.customer, 50, move_type="in_invoice", post=False)._ar_check()
        )

    def test_rejections_say_how_good_the_check_is(self):
        self.env.cr.execute("UPDATE res_partner SET vat = 'DE1' WHERE id = %s", [self.customer.id])
        self.customer.invalidate_recordset()
        other = self._invoice(self._new_customer("Other", street="1 Road", city="X"), 20, due=-2)
        self._know()
        self._know(other, "IT01234567890_00007.xml")
        self._take(
            self._raw("NS"),
            self._raw("NS", other, "IT01234567890_00007.xml", errors=(("00404", "Duplicata", ""),)),
        )
        self.assertTrue(self._problem().foreseen)
        self.assertFalse(self._problem(other).foreseen)
        self.env.flush_all()
        (share,) = self.env["ar.delivery.report"]._read_group(
            [
                ("problem_id", "in", (self._problem() | self._problem(other)).ids),
                ("code", "!=", "00311"),
            ],
            [],
            ["foreseen:avg"],
        )[0]
        self.assertEqual(share, 50)
