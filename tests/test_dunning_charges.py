"""Interest, compensation and charges of notices, against the rules and by hand."""

import random
from datetime import date

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..ar_credit_control.rules.interest import Compensation, Tier, conversion_day, interest
from .dunning_common import DunningCommon

LAST_KNOWN = date(2026, 6, 30)  # the last day whose rate is shipped


@tagged("post_install", "-at_install")
class TestDunningCharges(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.scheme = cls.env.ref("ar_credit_control.scheme_it")
        cls.ladder.interest_scheme_id = cls.scheme
        cls.level = cls.ladder.level_ids[0]
        cls.level.write({"interest_mode": "show", "compensation_mode": "show"})
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.ladder.currency_id = cls.env.ref("base.EUR")

    def _late(self, amount, due, partner=None, currency=None):
        """An invoice of a fixed due date."""
        days = (due - self.today).days
        return self._invoice(partner or self.customer, amount, due=days, currency=currency)

    def _charged(self, day=LAST_KNOWN, **vals):
        return self._run(day, **vals).notice_ids

    # ------------------------------------------------------------------ interest
    def test_interest_by_hand(self):
        """1,000.00 due 20 June 2025 and open on 10 July: 10 days at 11.15 %, 10 at 10.15 %."""
        self._late(1000, date(2025, 6, 20))
        notice = self._charged(date(2025, 7, 10))
        self.assertEqual(notice.interest, 5.84)
        self.assertEqual(notice.compensation, 40)
        self.assertEqual(notice.amount_total, 1045.84)
        self.assertIn("5.84", notice.preview)

    def test_interest_is_that_of_the_rules_on_random_ledgers(self):
        dice = random.Random(11)
        for _ in range(12):
            due = fields.Date.add(date(2021, 1, 1), days=dice.randint(0, 1900))
            move = self._late(dice.randint(100, 9000), due)
            for _ in range(dice.randint(0, 3)):
                if move.amount_residual > 60:
                    self._pay_on(move, 50, fields.Date.add(due, days=dice.randint(-20, 300)))
        notice = self._charged()
        self.assertTrue(notice.line_ids)
        for line in notice.line_ids:
            item = line.sudo().move_line_id
            payments = [
                (part.max_date, part.debit_amount_currency) for part in item.matched_credit_ids
            ]
            parts = interest(
                item.amount_currency,
                item.date_maturity,
                LAST_KNOWN,
                self.scheme._to_rules(),
                payments,
            )
            self.assertAlmostEqual(line.interest, sum(part.amount for part in parts), delta=0.0051)
        self.assertAlmostEqual(notice.interest, sum(notice.line_ids.mapped("interest")))

    def _pay_on(self, move, amount, day):
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        wizard.create({"amount": amount, "payment_date": day})._create_payments()

    def test_consumers_owe_neither_interest_nor_compensation(self):
        self.customer.is_company = False
        self._late(1000, date(2025, 6, 20))
        notice = self._charged(date(2025, 7, 10))
        self.assertEqual((notice.interest, notice.compensation), (0, 0))
        self.customer.vat = "IT12345670017"
        notice = self._charged(date(2025, 7, 10))
        self.assertEqual(notice.compensation, 40)

    def test_a_contract_rate_and_its_floor(self):
        self.ladder.interest_scheme_id = self.env.ref("ar_credit_control.scheme_fr")
        self.ladder.write({"use_contract_rate": True, "contract_rate": 9.0})
        self._late(1000, date(2025, 1, 31))
        # 9 % agreed, but not below three times the legal rate of 3.71 %
        self.assertEqual(self._charged(date(2025, 3, 2)).interest, round(333.9 * 30 / 365 / 3, 2))

    # ------------------------------------------------------------------ what is missing
    def test_a_missing_rate_is_a_problem_that_names_the_half_year(self):
        self._late(1000, date(2026, 6, 1))
        other = self._new_customer("Other", email="o@o.example")
        self.Profile._get_or_create(other, self.company).dunning_policy_id = self._policy("Plain 2")
        self._late(500, date(2026, 6, 1), other)
        run = self._run(date(2026, 9, 1))
        notice = run.notice_ids.filtered(lambda n: n.partner_id == self.customer)
        self.assertIn("No interest rate for 2026 H2 (European Central Bank", notice.problem)
        self.assertIn("Reference rates", notice.problem)
        self.assertEqual(run.problem_count, 1)
        self._send(run)
        self.assertEqual((run.state, notice.state), ("proposal", "proposed"))
        self.assertEqual((run.notice_ids - notice).state, "sent")
        self.env["ar.interest.reference"]._import_rates(
            "reference,date_from,rate\necb,2026-07-01,2.15\n"
        )
        notice.action_reckon_again()
        self.assertFalse(notice.problem)
        self.assertTrue(notice.interest)
        self._send(run)
        self.assertEqual((run.state, notice.state), ("done", "sent"))

    def test_or_it_goes_out_without_interest(self):
        self._late(1000, date(2026, 6, 1))
        run = self._run(date(2026, 9, 1))
        run.notice_ids.action_without_charges()
        self._send(run)
        self.assertEqual((run.notice_ids.state, run.notice_ids.amount_total), ("sent", 1000))

    def test_a_policy_without_rate_is_passed_over_and_the_rest_goes_on(self):
        other = self.env.ref("base.GBP")
        other.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", other.id)]).unlink()
        broken = self._policy("In pounds", currency_id=other.id)
        self._late(100, date(2025, 6, 20))
        neighbour = self._new_customer("Neighbour", email="n@n.example")
        self._late(100, date(2025, 6, 20), neighbour)
        self.Profile._get_or_create(self.customer, self.company).dunning_policy_id = broken
        self.assertEqual(len(self._charged(date(2025, 7, 10))), 2, "no amounts, no rate needed")
        broken.level_ids[0].min_amount = 10
        run = self._run(date(2025, 7, 10))
        self.assertEqual(run.notice_ids.partner_id, neighbour)
        self.assertEqual(run.left_out_ids.reason, "policy")
        self.assertIn("“In pounds”: there is no exchange rate of GBP", run.left_out_ids.note)

    # ------------------------------------------------------------------ compensation
    def _set_up_poland(self):
        self.ladder.interest_scheme_id = self.env.ref("ar_credit_control.scheme_pl")
        pln = self.env.ref("base.PLN")
        pln.active = True
        self.company.currency_id = pln
        self.ladder.currency_id = pln
        eur = self.env.ref("base.EUR")
        eur.rate_ids.unlink()
        for day, rate in (("2024-01-31", 4.30), ("2024-02-29", 4.20), ("2024-03-29", 4.10)):
            self.env["res.currency.rate"].create(
                {
                    "currency_id": eur.id,
                    "name": day,
                    "company_id": self.company.id,
                    "rate": 1 / rate,
                }
            )

    def test_polish_tiers_at_the_rate_of_the_month_before(self):
        self._set_up_poland()
        poland = Compensation((Tier(0, 40), Tier(5000.01, 70), Tier(50000, 100)))
        rates = {date(2024, 1, 31): 4.30, date(2024, 2, 29): 4.20, date(2024, 3, 29): 4.10}
        cases = [
            (amount, due)
            for amount in (100, 5000, 5000.01, 49999.99, 50000)
            for due in (date(2024, 2, 10), date(2024, 3, 31), date(2024, 4, 1))
        ]
        for amount, due in cases:
            self._late(amount, due)
        notice = self._charged(date(2024, 6, 1))
        found = {(line.residual, line.date_due): line.compensation for line in notice.line_ids}
        for amount, due in cases:
            expected = poland.amount(amount) * rates[conversion_day(due)]
            with self.subTest(amount=amount, due=due):
                self.assertAlmostEqual(found[amount, due], expected, places=2)

    def test_a_missing_exchange_rate_is_a_problem_that_names_currencies_and_day(self):
        self._set_up_poland()
        self._late(100, date(2024, 1, 10))
        problem = self._charged(date(2024, 6, 1)).problem
        self.assertIn("from EUR to PLN on 2023-12-29", problem)

    # ------------------------------------------------------------------ charge, drafts
    def test_the_dunning_charge_in_the_currency_of_the_notice(self):
        other = self.env.ref("base.GBP")
        other.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": other.id,
                "name": "2020-01-01",
                "company_id": self.company.id,
                "rate": 0.5,
            }
        )
        self.level.write({"charge_mode": "show", "charge_amount": 10})
        self._late(1000, date(2025, 6, 20))
        self._late(1000, date(2025, 6, 20), currency=other)
        notices = self._charged(date(2025, 7, 10))
        self.assertEqual(
            sorted((n.currency_id.name, n.charge, n.compensation) for n in notices),
            [("EUR", 10, 40), ("GBP", 5, 20)],
        )

    def test_what_is_posted_is_a_draft_and_claimed_once(self):
        self.level.write({"interest_mode": "post", "compensation_mode": "post"})
        self.ladder.level_ids[1].write({"interest_mode": "show", "compensation_mode": "show"})
        self._late(1000, date(2025, 6, 20))
        run = self._run(date(2025, 7, 10))
        self._send(run)
        draft = run.notice_ids.sudo().charge_move_id
        self.assertEqual((draft.state, draft.move_type), ("draft", "out_invoice"))
        self.assertEqual(draft.amount_total, 45.84)
        self.assertFalse(draft.invoice_line_ids.tax_ids)
        later = self._run(date(2025, 7, 20)).notice_ids
        self.assertEqual(later.level_number, 2)
        # ten days more at 10.15 %; the first 5.84 and the 40 are in the draft
        self.assertEqual((later.interest, later.compensation), (2.78, 0))
        draft.unlink()
        later = self._run(date(2025, 7, 20)).notice_ids
        self.assertEqual((later.interest, later.compensation), (8.62, 40))

    def test_a_higher_level_brings_its_charges(self):
        plain = self._policy(
            "Two",
            [
                {"name": "A", "days": 5, "deadline_days": 0},
                {"name": "B", "days": 20, "deadline_days": 0, "interest_mode": "show"},
            ],
        )
        plain.interest_scheme_id = self.scheme
        self.Profile._get_or_create(self.customer, self.company).dunning_policy_id = plain
        self._late(1000, date(2025, 6, 20))
        notice = self._charged(date(2025, 7, 10))
        self.assertEqual(notice.interest, 0)
        notice.action_raise()
        self.assertEqual((notice.level_number, notice.interest), (2, 5.84))
        notice.action_lower()
        self.assertEqual((notice.level_number, notice.interest), (1, 0))
        with self.assertRaisesRegex(UserError, "policy “Two” has no level 0"):
            notice.action_lower()

    def test_what_was_paid_before_sending_bears_interest_to_its_day(self):
        move = self._late(1000, date(2025, 6, 20))
        run = self._run(date(2025, 7, 10))
        run.action_confirm()
        self._pay_on(move, 400, date(2025, 6, 30))
        run.action_process()
        # 400 for 10 days at 11.15 %, 600 for 10 at 11.15 % and 10 at 10.15 %
        self.assertEqual((run.notice_ids.amount, run.notice_ids.interest), (600, 4.72))
        self.assertEqual(run.notice_ids.line_ids.residual, 600)


@tagged("post_install", "-at_install")
class TestDunningLaws(DunningCommon):
    def test_new_companies_get_ready_made_policies_with_their_law(self):
        for code, name in (("it", "scheme_it"), ("us", None)):
            company = self.env["res.company"].create(
                {"name": code, "country_id": self.env.ref(f"base.{code}").id}
            )
            policies = self.env["ar.dunning.policy"].search([("company_id", "=", company.id)])
            self.assertEqual(
                policies.mapped("name"),
                ["Good payers", "Standard", "Late payers", "Public bodies"],
            )
            self.assertEqual(company.ar_dunning_policy_id.name, "Standard")
            law = self.env.ref(f"ar_credit_control.{name}") if name else policies.browse()
            self.assertEqual(policies.interest_scheme_id.ids, law.ids)
            modes = set(policies.level_ids.mapped("interest_mode"))
            self.assertEqual(modes, {"none", "show"} if name else {"none"})
            rules = self.env["ar.dunning.assignment"].search([("company_id", "=", company.id)])
            self.assertEqual(
                rules.mapped(lambda rule: (rule.policy_id.name, rule.description)),
                [
                    ("Public bodies", "Public body"),
                    ("Good payers", "grade A–B"),
                    ("Late payers", "grade D–E"),
                ],
            )

    def test_branches_follow_their_root(self):
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.company.id})
        self.assertFalse(branch.ar_dunning_policy_id)

    def test_ready_made_levels_leave_room_for_each_other(self):
        for policy in self.env["ar.dunning.policy"].search([]):
            policy._check_levels()
            days = policy.level_ids.mapped("days")
            self.assertTrue(all(b - a <= 35 for a, b in zip(days, days[1:], strict=False)))
