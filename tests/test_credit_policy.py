from lxml import html
from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import format_date, mute_logger
from psycopg2 import IntegrityError

from .common import CreditCommon


class PolicyCase(CreditCommon):
    """A policy with the rules that a test names, and what an order meets under it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.customer)
        cls.profile = cls.env["ar.credit.profile"]._get_or_create(cls.customer, cls.company)

    def _set_rules(self, *rules, policy=None):
        policy = policy or self.policy
        policy.rule_ids = [Command.clear(), *(Command.create(rule) for rule in rules)]

    def _confirm(self, amount=50, partner=None, **vals):
        order = self._order(partner or self.customer, amount, **vals)
        order.action_confirm()
        return order

    def _assert_held(self, order, message, remedy):
        self.assertEqual((order.state, order.ar_credit_state), ("draft", "held"))
        self.assertRegex(order.ar_hold_reason, message)
        self.assertRegex(order.ar_hold_remedy, remedy)


@tagged("post_install", "-at_install")
class TestCreditPolicyRules(PolicyCase):
    """Each criterion, on real documents."""

    def test_old_items_stop_an_order_only_above_the_floor(self):
        self._set_rules({"criterion": "overdue_days", "days": 30, "amount": 250})
        for age in (-45, -90):
            self._invoice(self.customer, 12, due=age)
        self._invoice(self.customer, 900, due=-30)  # much, but not for more than 30 days
        self.assertEqual(self._confirm().state, "sale")
        self._invoice(self.customer, 226.01, due=-31)
        self._assert_held(
            self._confirm(),
            r"250\.01 overdue for more than 30 days, the oldest for 90",
            r"payment of .*250\.01",
        )

    def test_money_in_hand_is_no_old_debt(self):
        self._set_rules({"criterion": "overdue_days", "days": 30, "amount": 0})
        self._invoice(self.customer, 300, due=-60)
        self._invoice(self.customer, 300, move_type="out_refund")
        self.assertEqual(self._confirm().state, "sale")

    def test_payment_under_way_is_no_old_debt(self):
        self._set_rules({"criterion": "overdue_days", "days": 30, "amount": 250})
        invoice = self._invoice(self.customer, 300, due=-60)
        self.assertEqual(self._confirm().state, "draft")
        self._pay_without_entry(invoice, 50)
        self.assertEqual(self._confirm().state, "sale")

    def test_a_credit_note_that_is_being_paid_out_covers_no_old_debt(self):
        self._set_rules({"criterion": "overdue_days", "days": 30, "amount": 250})
        self._invoice(self.customer, 300, due=-60)
        credit_note = self._invoice(self.customer, 100, move_type="out_refund")
        self.assertEqual(self._confirm().state, "sale")
        self._pay_without_entry(credit_note, 100)
        self.assertEqual(self._position().payments_pending, -100)
        self._assert_held(self._confirm(), r"300\.00 overdue", r"payment of .*300\.00")

    def test_hold_of_a_customer_without_limit_shows_what_else_he_ordered(self):
        self._set_rules({"criterion": "manual_hold"})
        self._confirm(40)
        self.profile.sudo().manual_hold = True
        self.assertEqual(self._confirm(50).ar_hold_id.exposure, 90)

    def test_overdue_amount(self):
        self._set_rules({"criterion": "overdue_amount", "amount": 100})
        self._invoice(self.customer, 100, due=-1)
        self.assertEqual(self._confirm().state, "sale")
        self._invoice(self.customer, 5, due=-1)
        self._assert_held(self._confirm(), r"105\.00 overdue", r"payment of .*105\.00")

    def test_share_of_the_limit(self):
        self._set_rules({"criterion": "limit_use", "percent": 120})
        partner = self._new_customer("Limited", limit=100)
        self.assertEqual(self._confirm(120, partner).state, "sale")
        self._assert_held(
            self._confirm(1, partner),
            r"Exposure of .*121\.00 against a credit limit of .*100\.00",
            r"1\.00 less exposure, or a higher limit",
        )

    def test_expired_limit(self):
        self._set_rules({"criterion": "limit_expired"})
        self.customer.with_company(self.company).sudo().credit_limit = 1000
        self.profile.sudo().limit_valid_until = self.today
        self.assertEqual(self._confirm().state, "sale", "good until the end of its last day")
        self.profile.sudo().limit_valid_until = fields.Date.subtract(self.today, days=1)
        self._assert_held(self._confirm(), "limit expired on", "decision by the credit manager")

    def test_overdue_review_has_days_of_grace(self):
        self._set_rules({"criterion": "review_overdue", "days": 10})
        self.profile.review_date = fields.Date.subtract(self.today, days=10)
        self.assertEqual(self._confirm().state, "sale")
        self.profile.review_date = fields.Date.subtract(self.today, days=11)
        self._assert_held(self._confirm(), "review was due on", "decision by the credit manager")

    def test_large_order(self):
        self._set_rules({"criterion": "order_amount", "amount": 500})
        self.assertEqual(self._confirm(500).state, "sale")
        self._assert_held(
            self._confirm(500.5),
            r"order of .*500\.50 is above .*500\.00",
            r"an order of .*500\.00 or less",
        )

    def test_longer_term_than_agreed(self):
        self._set_rules({"criterion": "term_longer"})
        short, long = self._term(14), self._term(45)
        self.customer.with_company(self.company).property_payment_term_id = short
        self.assertEqual(self._confirm(payment_term_id=short.id).state, "sale")
        self._assert_held(
            self._confirm(payment_term_id=long.id),
            "Payment after 45 days, while 14 are agreed",
            "the agreed payment term",
        )
        self.customer.with_company(self.company).property_payment_term_id = long
        self.assertEqual(self._confirm(payment_term_id=short.id).state, "sale")

    def test_a_longer_term_after_confirmation(self):
        self._set_rules({"criterion": "term_longer"})
        terms = short, usual, long = [self._term(days) for days in (7, 14, 45)]
        self.customer.with_company(self.company).property_payment_term_id = usual
        order = self._confirm(payment_term_id=usual.id)
        with self.assertRaisesRegex(UserError, "after 45 days, while 14"), self.env.cr.savepoint():
            order.payment_term_id = long
        for term in (usual, short):  # a shorter one, and back to what is agreed
            order.payment_term_id = term
        self.assertEqual(order.payment_term_id, terms[0])

    def test_a_shorter_term_is_no_reason_to_judge_again(self):
        short, usual = self._term(7), self._term(14)
        order = self._confirm(payment_term_id=usual.id)
        self._set_rules({"criterion": "order_amount", "amount": 1})
        order.payment_term_id = short
        self.assertEqual(order.payment_term_id, short)

    def _term(self, days):
        return self.env["account.payment.term"].create(
            {
                "name": f"{days} days",
                "line_ids": [
                    Command.create({"nb_days": days, "value": "percent", "value_amount": 100})
                ],
            }
        )

    def test_manual_hold_names_its_reason(self):
        self._set_rules({"criterion": "manual_hold"})
        self.profile.write({"manual_hold": True, "manual_hold_reason": "Letter came back"})
        self._assert_held(
            self._confirm(), "on hold: Letter came back", "decision by the credit manager"
        )
        self.profile.manual_hold_reason = False
        self.assertIn("no reason", self._confirm().ar_hold_reason)

    def test_customer_not_assessed(self):
        self._set_rules({"criterion": "not_assessed"})
        self._assert_held(self._confirm(), "not been assessed", "decision by the credit manager")
        self.profile.assessed_on = self.today
        self.assertEqual(self._confirm().state, "sale")
        limited = self._new_customer("Limited", limit=500)
        self.assertEqual(self._confirm(partner=limited).state, "sale", "a limit is an assessment")

    def test_a_scored_customer_is_assessed_and_its_grade_counts(self):
        self._set_rules({"criterion": "not_assessed"}, {"criterion": "score_grade", "grade": "D"})
        self._assert_held(self._confirm(), "not been assessed", "decision by the credit manager")
        for grade, state in (("A", "sale"), ("C", "sale"), ("D", "draft"), ("E", "draft")):
            self.profile.sudo().score_grade = grade
            order = self._confirm()
            with self.subTest(grade=grade):
                self.assertEqual(order.state, state)
                if state == "draft":
                    self.assertEqual(
                        order.ar_hold_reason, f"The customer's payment grade is {grade}."
                    )

    def test_a_rule_on_grades_needs_one(self):
        with self.assertRaisesRegex(ValidationError, "needs a grade"):
            self._set_rules({"criterion": "score_grade", "grade": False})

    def test_the_marks_of_the_score_lie_in_order(self):
        for vals in (
            {"score_cut_a": 101},
            {"score_cut_b": 80},
            {"score_cut_d": 0},
            {"score_half_life": 10},
            {"score_habitual_share": 1.5},
            {"score_thin_below": -1},
            {"score_bounce_points": 101},
            {"warning_exposure": -1},
        ):
            with self.subTest(vals=vals), mute_logger("odoo.sql_db"):
                with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                    self.policy.write(vals)
                    self.policy.flush_recordset()
            self.policy.invalidate_recordset()

    def test_all_reasons_are_told_in_the_policys_order_and_warnings_are_not(self):
        self._set_rules(
            {"criterion": "overdue_amount", "effect": "warn", "amount": 0, "sequence": 1},
            {"criterion": "order_amount", "amount": 10, "sequence": 3},
            {"criterion": "not_assessed", "sequence": 2},
        )
        self._invoice(self.customer, 70, due=-5)
        order = self._confirm()
        found = [finding["criterion"] for finding in order.ar_hold_id.findings]
        self.assertEqual(found, ["not_assessed", "order_amount"])
        self.assertRegex(order.ar_hold_reason, "assessed yet.*is above")
        self.assertNotIn("overdue", order.ar_hold_reason)

    def _cells(self, hold):
        rows = html.fromstring(hold.findings_table).xpath("//tbody/tr")
        return [[cell.text_content() for cell in row.xpath("td")] for row in rows]

    def test_the_hold_shows_what_was_allowed_and_what_was_found(self):
        self._set_rules(
            {"criterion": "overdue_days", "days": 30, "amount": 5, "sequence": 1},
            {"criterion": "limit_use", "percent": 90, "sequence": 2},
            {"criterion": "review_overdue", "sequence": 3},
        )
        self.customer.sudo().credit_limit = 100
        self.profile.review_date = fields.Date.subtract(self.today, days=3)
        self._invoice(self.customer, 70, due=-45)
        hold = self._confirm(60).ar_hold_id
        first, second, third = self._cells(hold)
        self.assertEqual(first[0], "Oldest overdue")
        self.assertEqual(first[1], "30 days")
        self.assertRegex(first[2], r"45 days, .*70\.00")
        self.assertRegex(second[1], r"90\.00")
        self.assertRegex(second[2], r"130\.00")
        self.assertRegex(second[3], r"40\.00 less exposure")
        self.assertEqual(third[1], format_date(self.env, self.profile.review_date))
        # what was found stays, whatever the customer pays or is given since
        self.customer.sudo().credit_limit = 9999
        self.assertEqual(self._cells(hold)[1], second)

    def test_what_was_found_is_told_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self._set_rules({"criterion": "order_amount", "amount": 1000})
        hold = self._confirm(1234.5).ar_hold_id
        self.assertIn("1,234.50", hold.reason_text)
        self.assertRegex(hold.with_context(lang="fr_FR").reason_text, r"1\W234,50")

    def test_a_reason_to_hold_is_shown_as_text_not_as_markup(self):
        self._set_rules({"criterion": "manual_hold"})
        self.profile.write({"manual_hold": True, "manual_hold_reason": "<img src=x>"})
        hold = self._confirm().ar_hold_id
        self.assertIn("<img src=x>", hold.reason_text)
        self.assertEqual(self._cells(hold)[0][2], "<img src=x>")

    def test_the_same_remedy_is_told_once(self):
        self._set_rules({"criterion": "not_assessed"}, {"criterion": "manual_hold"})
        self.profile.manual_hold = True
        self.assertEqual(self._confirm().ar_hold_remedy, "a decision by the credit manager")

    def test_a_warning_lets_the_order_go(self):
        self._set_rules({"criterion": "overdue_amount", "effect": "warn"})
        self._invoice(self.customer, 70, due=-5)
        order = self._confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.ar_widget["decision"], "warn")


@tagged("post_install", "-at_install")
class TestCreditPolicy(PolicyCase):
    """Which policy applies, and since when."""

    def test_every_new_company_starts_with_a_policy(self):
        company = self.env["res.company"].sudo().create({"name": "New company"})
        policy = company.ar_credit_policy_id
        self.assertEqual(policy.company_id, company)
        self.assertTrue(policy.is_default)
        self.assertTrue(company.account_use_credit_limit)
        holds = policy.rule_ids.filtered(lambda rule: rule.effect == "hold")
        self.assertEqual(holds.mapped("criterion"), ["manual_hold", "limit_use", "overdue_days"])
        self.assertEqual(policy.rule_ids.mapped("sequence"), list(range(1, 11)))

    def test_a_branch_follows_its_root(self):
        branch = (
            self.env["res.company"].sudo().create({"name": "Branch", "parent_id": self.company.id})
        )
        self.assertFalse(branch.ar_credit_policy_id)
        self._set_rules({"criterion": "order_amount", "amount": 10})
        order = self._order(self.customer, 50, company_id=branch.id).sudo()
        order.action_confirm()
        self.assertEqual(order.ar_credit_state, "held")

    def test_a_changed_rule_counts_at_once(self):
        self._set_rules({"criterion": "order_amount", "amount": 100})
        self.assertEqual(self._confirm(80).state, "sale")
        rule = self.policy.rule_ids
        rule.amount = 60
        self.assertEqual(self._confirm(80).state, "draft")
        rule.effect = "warn"
        self.assertEqual(self._confirm(80).state, "sale")
        rule.effect = "hold"
        rule.unlink()
        self.assertEqual(self._confirm(80).state, "sale")

    def test_a_new_age_of_overdue_items_counts_at_once(self):
        self._set_rules({"criterion": "overdue_days", "days": 90})
        self._invoice(self.customer, 300, due=-40)
        self.assertEqual(self._confirm().state, "sale")
        self.policy.rule_ids.days = 39
        self.assertEqual(self._confirm().state, "draft")

    def test_a_customer_may_have_a_policy_of_its_own(self):
        strict = self.policy.copy({"name": "Strict"})
        self._set_rules({"criterion": "overdue_days", "days": 3}, policy=strict)
        self._invoice(self.customer, 20, due=-4)
        self.assertEqual(self._confirm().state, "sale")
        self.profile.policy_id = strict
        self._assert_held(self._confirm(), "more than 3 days", "payment of")
        other = self._new_customer("Other")
        self._invoice(other, 20, due=-4)
        self.assertEqual(self._confirm(partner=other).state, "sale")

    def test_another_policy_becomes_the_companys(self):
        strict = self.policy.copy({"name": "Strict"})
        self._set_rules({"criterion": "order_amount", "amount": 1}, policy=strict)
        self.assertEqual(self._confirm().state, "sale")
        strict.with_user(self.manager).action_set_default()
        self.assertTrue(strict.is_default)
        self.assertFalse(self.policy.is_default)
        self.assertEqual(self._confirm().state, "draft")

    def test_a_copy_has_the_same_rules(self):
        copy = self.policy.copy()
        self.assertFalse(copy.is_default)
        self.assertEqual(copy._get_rules(), self.policy._get_rules())

    def test_a_wrong_threshold_names_its_rule(self):
        for vals, words in (
            ({"criterion": "limit_use", "percent": 0}, "Use of the limit above a share.*0 %"),
            ({"criterion": "order_amount", "amount": -1}, "Order above an amount.*amount of 0"),
            ({"criterion": "review_overdue", "days": -1}, "Credit review overdue.*0 days"),
        ):
            with self.subTest(vals=vals), self.assertRaisesRegex(ValidationError, words):
                self._set_rules(vals)

    def test_periods_of_a_policy_have_bounds(self):
        for name, value in (
            ("release_tolerance", 101),
            ("release_tolerance", -1),
            ("release_days", 0),
            ("review_months", 0),
        ):
            with self.subTest(field=name, value=value), self.assertRaises(Exception) as caught:
                with self.env.cr.savepoint():
                    self.policy[name] = value
                    self.policy.flush_recordset()
            self.assertIn("policy", str(caught.exception))

    def test_a_review_is_due_after_the_policys_months(self):
        self.policy.review_months = 6
        self.profile.assessed_on = "2026-01-31"
        self.assertEqual(self.profile.review_date, fields.Date.to_date("2026-07-31"))
        self.profile.write({"assessed_on": "2026-02-01", "review_date": "2026-03-01"})
        self.assertEqual(self.profile.review_date, fields.Date.to_date("2026-03-01"))
