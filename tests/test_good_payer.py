"""Good payers with an unused limit, the largest safe potential first, for who may see them."""

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestGoodPayer(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env.user)
        cls.good = cls._payer("Good", limit=1000, sold=2000, risk=0.1)

    @classmethod
    def _payer(cls, name, grade="A", limit=1000.0, sold=2000.0, risk=0.0, **vals):
        partner = cls._new_customer(name, limit=limit, **vals)
        profile = cls.env["ar.credit.profile"]._get_or_create(partner, cls.company)
        profile.sudo().write({"score_grade": grade, "late_probability": risk})
        if sold:
            cls._paid(partner, sold)
        return partner

    @classmethod
    def _paid(cls, partner, amount):
        """An invoice, and the credit of a payment that settles it."""
        invoice = cls._invoice(partner, amount)
        lines = invoice.line_ids
        payment = cls.env["account.move"].create(
            {
                "line_ids": [
                    Command.create(
                        {
                            "account_id": line.account_id.id,
                            "partner_id": partner.id,
                            "balance": -line.balance,
                        }
                    )
                    for line in lines
                ]
            }
        )
        payment.action_post()
        (lines | payment.line_ids).filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()

    def _list(self, user=None, **domain):
        self.env.invalidate_all()
        payers = self.env["ar.good.payer"].with_user(user or self.manager)
        return payers.with_company(self.company).search([])

    def test_figures_and_potential(self):
        self._invoice(self.good, 100, due=5)
        self.assertRecordValues(
            self._list(),
            [
                {
                    "partner_id": self.good.id,
                    "grade": "A",
                    "turnover": 2100,
                    "credit_limit": 1000,
                    "exposure": 100,
                    "available": 900,
                    # a quarter of 2,100, nine times of ten on time
                    "potential": 472.5,
                }
            ],
        )

    def test_potential_is_no_more_than_the_limit_leaves(self):
        big = self._payer("Big", limit=1000, sold=100_000)
        self._invoice(big, 400, due=5)
        rows = self._list()
        self.assertEqual(rows.partner_id.ids, [big.id, self.good.id], "the largest first")
        self.assertEqual(rows[0].potential, 600)

    def test_only_good_payers_with_room_and_nothing_overdue(self):
        self._payer("Weak", grade="C")
        self._payer("Unknown", grade=False)
        self._payer("No limit", limit=0)
        full = self._payer("Full")
        self._invoice(full, 1000, due=5)
        late = self._payer("Late")
        self._invoice(late, 10, due=-1)
        held = self._payer("Held")
        self._profile(held).manual_hold = True
        gone = self._payer("Gone")
        gone.active = False
        self._payer("Never bought", sold=0)
        covered = self._payer("Covered")
        self._invoice(covered, 10, due=-1)
        self._invoice(covered, 10, move_type="out_refund")
        self.assertEqual(self._list().partner_id, self.good | covered)

    def _profile(self, partner):
        return self.env["ar.credit.profile"]._get_or_create(partner, self.company).sudo()

    def test_a_grade_set_by_hand_counts(self):
        until = fields.Date.add(fields.Date.context_today(self.env.user), days=30)
        self._profile(self.good).write(
            {"override_grade": "D", "override_reason": "Sold", "override_until": until}
        )
        self.assertFalse(self._list())

    def test_a_quotation_is_one_click_away(self):
        action = self._list(self.salesman).action_new_quotation()
        self.assertEqual(action["context"]["default_partner_id"], self.good.id)

    # ------------------------------------------------------------------ rights
    def test_salespeople_see_their_own_and_their_teams(self):
        self._payer("Nobody's", user_id=False)
        for user, names in (
            (self.salesman, {"Good", "Nobody's"}),
            (self.colleague, {"Good", "Nobody's"}),
            (self.stranger, {"Nobody's"}),
            (self.seller_all, {"Good", "Nobody's"}),
            (self.auditor, {"Good", "Nobody's"}),
            (self.accountant, {"Good", "Nobody's"}),
        ):
            with self.subTest(user=user.login):
                self.assertEqual(set(self._list(user).partner_id.mapped("name")), names)

    def test_nor_by_reading_grouping_or_writing(self):
        row = self._list()
        with self.assertRaises(AccessError):
            row.with_user(self.stranger).read(["potential"])
        groups = (
            self.env["ar.good.payer"]
            .with_user(self.stranger)
            .with_company(self.company)
            ._read_group([], [], ["potential:sum"])
        )
        self.assertFalse(groups[0][0])
        with self.assertRaises(AccessError):
            row.with_user(self.salesman).write({"potential": 5})
        plain = self._new_user("ar_payer_plain", "base.group_user")
        with self.assertRaises(AccessError):
            self._list(plain)

    def test_other_companies_have_lists_of_their_own(self):
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        stranger = self._new_user("ar_payer_other", "sales_team.group_sale_salesman_all_leads")
        stranger.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        payers = self.env["ar.good.payer"].with_user(stranger)
        self.assertFalse(payers.with_context(allowed_company_ids=other.ids).search([]))
        with self.assertRaises(AccessError):
            payers.with_context(allowed_company_ids=self.company.ids).search([])
