from odoo import Command, fields
from odoo.tests import Form, tagged

from .common import CreditCommon

SAFE = {"visible", "partner_id", "currency_id", "decision", "findings", "advice", "chips"}
SAFE |= {"last_contact", "actions"}
FIGURES = {
    *("exposure", "balance", "overdue", "not_due", "unapplied", "payments_pending"),
    *("draft_invoices", "orders", "this_order", "disputed", "promised", "insured"),
    *("shared_exposure", "available", "use_percent", "limit", "ageing", "oldest_due"),
    *("oldest_days", "by_currency"),
}


@tagged("post_install", "-at_install")
class TestCreditWidget(CreditCommon):
    """What people are told about a customer, before and while they sell."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.limited = cls._new_customer("Limited", limit=1000)
        cls.today = fields.Date.context_today(cls.customer)
        cls.profile = cls.env["ar.credit.profile"]._get_or_create(cls.limited, cls.company)
        # what is shown shall not depend on whether somebody assessed the customer
        cls.profile.assessed_on = cls.today

    def _widget(self, record=None, user=None):
        record = record or self.limited
        self.env.flush_all()
        record.invalidate_recordset()
        return record.with_user(user or self.salesman).with_company(self.company).ar_widget

    def _advice(self, record=None, user=None):
        return self._widget(record, user)["advice"]

    def test_grade_is_a_letter_and_words_for_who_may_see_the_customer(self):
        self.profile.sudo().write({"score_grade": "D", "expected_delay": 33.4})
        chip = self._widget()["chips"][0]
        self.assertEqual((chip["key"], chip["label"]), ("grade", "D · pays late"))
        self.assertEqual(
            (chip["tone"], chip["title"]), ("danger", "Expected 33 days after the due date")
        )
        self.assertEqual(self._widget(user=self.stranger)["chips"], [])

    # ------------------------------------------------------------------ contract
    def test_payload_of_a_customer(self):
        self._invoice(self.limited, 300, due=10)
        self._invoice(self.limited, 200, due=-40)
        self._invoice(self.limited, 50, move_type="out_refund")
        payload = self._widget()
        self.assertEqual(payload.keys(), SAFE | FIGURES)
        self.assertEqual(payload["currency_id"], self.company.currency_id.id)
        figures = ("balance", "overdue", "not_due", "unapplied", "exposure", "available")
        self.assertEqual([payload[name] for name in figures], [450, 200, 300, 50, 450, 550])
        self.assertEqual(payload["use_percent"], 45)
        self.assertEqual((payload["oldest_days"], payload["this_order"]), (40, 0))
        self.assertEqual(payload["oldest_due"], str(fields.Date.subtract(self.today, days=40)))
        self.assertEqual(
            [(bar["key"], bar["amount"]) for bar in payload["ageing"]],
            [
                ("not_due", 300),
                ("due_1_30", 0),
                ("due_31_60", 200),
                ("due_61_90", 0),
                ("due_over_90", 0),
            ],
        )

    def test_payload_without_the_right_to_amounts(self):
        self._invoice(self.limited, 1234, due=-40)
        payload = self._widget(user=self.stranger)
        self.assertEqual(payload.keys(), SAFE)
        self.assertEqual(payload["decision"], "hold")
        self.assertNotRegex(str(payload), r"1,?234|1,?000")
        self.assertEqual(payload["advice"], "An order would be held: talk to the credit manager.")

    def test_a_contact_shows_its_company(self):
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.limited.id})
        self._invoice(contact, 80)
        payload = self._widget(contact)
        self.assertEqual((payload["partner_id"], payload["balance"]), (self.limited.id, 80))

    def test_no_limit_is_said_to_be_none(self):
        payload = self._widget(self.customer)
        self.assertEqual(payload["limit"]["kind"], "none")
        self.assertIs(payload["available"], False)
        self.assertIs(payload["use_percent"], False)

    def test_a_limits_end_and_raise_are_shown(self):
        self.profile.sudo().write(
            {"limit_valid_until": self.today, "raise_amount": 1500, "raise_until": self.today}
        )
        self.assertEqual(
            self._widget()["limit"],
            {
                "kind": "amount",
                "amount": 1500,
                "valid_until": str(self.today),
                "temporary_until": str(self.today),
            },
        )

    def test_shares_in_foreign_currencies(self):
        foreign = self.env.ref("base.EUR")
        foreign.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": foreign.id,
                "company_id": self.company.id,
                "name": "2020-01-01",
                "rate": 0.5,
            }
        )
        self._invoice(self.limited, 20, due=-3, currency=foreign)
        self._invoice(self.limited, 10)
        payload = self._widget()
        self.assertEqual(payload["balance"], 50)
        self.assertEqual(
            payload["by_currency"], [{"currency_id": foreign.id, "balance": 20, "overdue": 20}]
        )

    def test_a_customer_on_hold_has_a_mark(self):
        self.assertEqual(self._widget()["chips"], [])
        self.profile.manual_hold = True
        self.assertEqual([chip["key"] for chip in self._widget()["chips"]], ["hold"])

    def test_each_company_shows_its_own(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        self._invoice(self.limited, 80)
        theirs = self.limited.with_company(other).ar_widget
        self.assertEqual((theirs["balance"], theirs["limit"]["kind"]), (0, "none"))
        self.assertEqual(self._widget()["balance"], 80)

    def test_profile_and_hold_show_the_same(self):
        order = self._order(self.limited, 1001)
        order.action_confirm()
        self.assertEqual(self.profile.with_user(self.manager).ar_widget["available"], 1000)
        shown = order.ar_hold_id.with_user(self.manager).ar_widget
        self.assertEqual((shown["this_order"], shown["available"]), (1001, -1))

    # ------------------------------------------------------------------ orders
    def test_a_new_quotation_tells_before_it_is_saved(self):
        self._invoice(self.limited, 900)
        with Form(self.env["sale.order"].with_user(self.salesman)) as form:
            self.assertFalse(form.ar_widget)
            form.partner_id = self.limited
            self.assertEqual(form.ar_widget["available"], 100)
            with form.order_line.new() as line:
                line.product_id = self.product
                line.product_uom_qty = 3
            self.assertEqual(form.ar_widget["this_order"], 300)
            self.assertEqual(form.ar_widget["decision"], "hold")
            form.partner_id = self.customer
            self.assertEqual(form.ar_widget["partner_id"], self.customer.id)
            self.assertEqual(form.ar_widget["decision"], "warn")

    def test_cores_own_warning_is_neither_shown_nor_worked_out(self):
        """The widget takes its place; other views still find the element to add to it."""
        view = self.env.ref("sale.view_order_form")
        for user in (self.salesman, self.manager):
            arch = self.env["sale.order"].with_user(user).get_view(view.id, "form")["arch"]
            self.assertNotIn("partner_credit_warning", arch)
            self.assertIn('name="ar_widget"', arch)
        self.assertIn("partner_credit_warning", view.get_combined_arch())

    def test_a_confirmed_order_is_counted_once(self):
        order = self._order(self.limited, 600)
        quoted = self._widget(order)
        self.assertEqual((quoted["this_order"], quoted["orders"]), (600, 0))
        order.action_confirm()
        sold = self._widget(order)
        self.assertEqual((sold["this_order"], sold["orders"]), (0, 600))
        self.assertEqual((quoted["exposure"], quoted["decision"]), (sold["exposure"], "pass"))

    def test_an_order_worth_nothing_is_not_stopped(self):
        self.profile.manual_hold = True
        order = self._order(self.limited, 0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_the_payer_is_shown_not_the_buyer(self):
        self._invoice(self.limited, 70)
        order = self._order(self.customer, 10, partner_invoice_id=self.limited.id)
        self.assertEqual(self._widget(order)["balance"], 70)

    def _count_queries(self, records, names):
        # browsed, as a list does: records found through others forget each other with the cache
        records = records.with_user(self.manager).browse(records.ids)
        records[:1].read(names)  # caches that do not belong to the records
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        records.read(names)
        return self.env.cr.sql_log_count - before

    def test_lists_of_profiles_holds_and_proposals_ask_no_question_a_record(self):
        self.policy.rule_ids.unlink()
        self.policy.rule_ids.create(
            {"policy_id": self.policy.id, "criterion": "order_amount", "amount": 10}
        )
        customers = self.env["res.partner"].concat(
            *(self._new_customer(f"Customer {number}", limit=100) for number in range(20))
        )
        orders = self.env["sale.order"].concat(*(self._order(c, 150).sudo() for c in customers))
        orders.action_confirm()
        holds = orders.ar_hold_id
        self.assertEqual(len(holds), 20)
        profiles = self.env["ar.credit.profile"].search([("partner_id", "in", customers.ids)])
        limits = self.env["ar.credit.limit"].create(
            [{"profile_id": p.id, "amount": 5, "reason": "Trial"} for p in profiles]
        )
        for records, names in (
            (profiles, ["ar_widget", "credit_limit"]),
            (holds, ["ar_widget", "may_release", "reason_text", "findings_table"]),
            (limits, ["may_decide"]),
        ):
            with self.subTest(model=records._name):
                one = self._count_queries(records[:1], names)
                self.assertLessEqual(self._count_queries(records, names), one + 2)

    def test_many_orders_are_read_in_few_queries(self):
        orders = self.env["sale.order"]
        for index in range(4):
            orders += self._order(self._new_customer(f"C{index}", limit=50), 10).sudo()
        orders = orders.with_user(self.salesman)
        orders.mapped("ar_widget")  # fills the caches that outlive a request
        counts = []
        for some in (orders[:1], orders[:1], orders):
            self.env.flush_all()
            self.env.invalidate_all()
            some.fetch(["partner_invoice_id", "amount_total"])  # what a list reads anyway
            before = self.env.cr.sql_log_count
            some.mapped("ar_widget")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    # ------------------------------------------------------------------ advice
    def test_good_to_sell(self):
        self._invoice(self.limited, 300)
        self.assertRegex(self._advice(), r"^Good to sell: .*700\.00 available\.$")
        self.assertEqual(self._advice(user=self.stranger), "An order would go through.")

    def test_room_under_the_limit_is_no_praise_for_who_pays_late(self):
        self.profile.sudo().score_grade = "E"
        self.assertRegex(self._advice(), r"1,000\.00 available, but payments come late: agree on")
        self.profile.sudo().score_grade = "B"
        self.assertIn("Good to sell", self._advice())

    def test_nothing_to_say_without_a_limit(self):
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        profile.assessed_on = self.today
        self.assertEqual(self._advice(self.customer), "Nothing overdue.")

    def test_overdue_comes_before_the_limit(self):
        self._invoice(self.limited, 1100, due=-12)
        self.assertRegex(
            self._advice(), r"^Overdue .*1,100\.00 for 12 days: ask for payment before you quote"
        )

    def test_little_left(self):
        self._invoice(self.limited, 850)
        self.assertRegex(self._advice(), r"^Only .*150\.00 of the limit is left\.$")
        self.assertIn("Talk to the credit manager", self._advice(user=self.stranger))

    def test_limit_exceeded(self):
        self._invoice(self.limited, 1100)
        self.assertRegex(self._advice(), r"^Limit exceeded by .*100\.00: ask for a higher limit")

    def test_limit_exceeded_is_no_good_to_sell_where_the_policy_allows_it(self):
        self.policy.rule_ids.unlink()
        self._invoice(self.limited, 1100)
        self.assertRegex(self._advice(), r"^Limit exceeded by .*100\.00")
        self.assertEqual(self._widget()["decision"], "pass")

    def test_no_credit_and_hold_come_first(self):
        self._invoice(self.limited, 1100, due=-12)
        self.profile.manual_hold = True
        self.assertIn("On hold: talk to the credit manager", self._advice())
        self.profile.sudo().credit_mode = "no_credit"
        self.assertEqual(self._advice(), "No credit: take payment in advance.")

    def test_other_findings_speak_for_themselves(self):
        self.profile.review_date = fields.Date.subtract(self.today, days=1)
        self.assertRegex(self._advice(), "^The credit review was due on")
        self.policy.rule_ids = [
            Command.create({"criterion": "order_amount", "amount": 5, "effect": "hold"})
        ]
        order = self._order(self.limited, 6)
        self.assertRegex(self._advice(order), r"^The order of .*6\.00 is above .*5\.00")

    def test_texts_come_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self._invoice(self.limited, 1234.5)
        english = self._widget()
        french = self.limited.with_context(lang="fr_FR").with_user(self.salesman).ar_widget
        self.assertIn("1,234.50", english["findings"][0]["message"])
        self.assertRegex(french["findings"][0]["message"], r"1\W234,50")
