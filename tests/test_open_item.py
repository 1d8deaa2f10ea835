import random
from datetime import date, timedelta

from lxml import etree
from odoo import Command, fields
from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from ..ar_credit_control.rules.exposure import ageing_bucket

START = date(2025, 1, 1)


@tagged("post_install", "-at_install")
class OpenItemCase(AccountTestInvoicingCommon):
    chart_template = "generic_coa"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.setup_other_currency(
            "GBP", rates=[("2016-01-01", 3.0), ("2025-03-01", 2.0)]
        )
        cls.OpenItem = cls.env["ar.open.item"]
        cls.customer = cls.env["res.partner"].create({"name": "Molino", "is_company": True})
        cls.contact = cls.env["res.partner"].create({"name": "Buyer", "parent_id": cls.customer.id})
        cls.bank = cls.company_data["default_journal_bank"]

    @classmethod
    def invoice(cls, day, amount=100.0, due=None, **values):
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_date": day,
                "date": day,
                "invoice_date_due": due or day,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create({"name": "goods", "price_unit": amount, "tax_ids": []})
                ],
                **values,
            }
        )
        move.action_post()
        return move

    @classmethod
    def receipt(cls, day, amount, **values):
        """A bank entry in the customer's favour, as a reconciled statement line leaves it."""
        currency = values.pop("currency_id", cls.env.company.currency_id.id)
        in_currency = values.pop("amount_currency", amount)
        move = cls.env["account.move"].create(
            {
                "journal_id": cls.bank.id,
                "date": day,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": cls.customer.id,
                            "currency_id": currency,
                            "amount_currency": sign * in_currency,
                            "debit": amount if sign > 0 else 0.0,
                            "credit": amount if sign < 0 else 0.0,
                        }
                    )
                    for account, sign in (
                        (cls.bank.default_account_id, 1),
                        (cls.company_data["default_account_receivable"], -1),
                    )
                ],
            }
        )
        move.action_post()
        return move

    @staticmethod
    def receivables(moves):
        return moves.line_ids.filtered(lambda line: line.account_type == "asset_receivable")

    def items(self, as_of=None, domain=(), user=None):
        items = self.OpenItem.with_context(ar_as_of=as_of)
        return (items.with_user(user) if user else items).search(
            [("partner_id", "=", self.customer.id), *domain]
        )


@tagged("post_install", "-at_install")
class TestOpenItem(OpenItemCase):
    def test_item_shows_the_instalment(self):
        today = fields.Date.context_today(self.OpenItem)
        invoice = self.invoice(
            today - timedelta(days=60), due=today - timedelta(days=40), partner_id=self.contact.id
        )
        item = self.items()
        self.assertEqual(item.number, invoice.name)
        self.assertEqual(item.kind, "invoice")
        self.assertEqual((item.days_overdue, item.bucket), (40, "due_31_60"))
        self.assertEqual((item.amount, item.residual), (100.0, 100.0))
        self.assertEqual(item.partner_id, self.customer, "a contact's invoice is the company's")

    def test_instalments_age_by_their_own_due_date(self):
        today = fields.Date.context_today(self.OpenItem)
        term = self.env["account.payment.term"].create(
            {
                "name": "half and half",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 30}),
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 120}),
                ],
            }
        )
        self.invoice(
            today - timedelta(days=100), invoice_payment_term_id=term.id, invoice_date_due=False
        )
        self.assertEqual(
            [(item.bucket, item.residual) for item in self.items()],
            [("due_61_90", 50.0), ("not_due", 50.0)],
        )

    def test_credit_is_unapplied_and_not_overdue(self):
        self.invoice(START, 40.0, move_type="out_refund")
        self.receipt(START, 30.0)
        self.assertEqual(
            sorted((item.kind, item.bucket, item.residual) for item in self.items()),
            [("payment", "unapplied", -30.0), ("refund", "unapplied", -40.0)],
        )

    def test_balance_is_core_credit(self):
        self.invoice(START, 100.0)
        self.invoice(START, 70.0, currency_id=self.foreign.id)
        self.receipt(START, 25.0)
        self.assertAlmostEqual(sum(self.items().mapped("residual")), self.customer.credit)

    def test_later_payment_is_undone(self):
        invoice = self.invoice(START)
        payment = self.receipt(START + timedelta(days=30), 100.0)
        self.receivables(invoice + payment).reconcile()
        self.assertFalse(self.items())
        before = self.items(START + timedelta(days=29))
        self.assertEqual(before.mapped("residual"), [100.0])
        self.assertEqual(before.days_overdue, 29)
        self.assertFalse(self.items(START + timedelta(days=30)))
        self.assertFalse(self.items(START - timedelta(days=1)), "not yet invoiced")

    def test_days_do_not_share_a_cache(self):
        invoice = self.invoice(START)
        self.receivables(invoice + self.receipt(START + timedelta(days=5), 60.0)).reconcile()
        item = self.items()
        earlier = item.with_context(ar_as_of=START)
        self.assertEqual((item.residual, earlier.residual), (40.0, 100.0))

    def test_ageing_groups_stand_by_age(self):
        today = fields.Date.context_today(self.OpenItem)
        for days in (95, 5, -5, 45):
            self.invoice(today - timedelta(days=100), due=today - timedelta(days=days))
        self.invoice(today, 10.0, move_type="out_refund")
        buckets = ["not_due", "due_1_30", "due_31_60", "due_over_90", "unapplied"]
        mine = [("partner_id", "=", self.customer.id)]
        groups = self.OpenItem._read_group(mine, ["bucket"], ["residual:sum"])
        self.assertEqual([bucket for bucket, _residual in groups], buckets)
        by_customer = self.OpenItem.formatted_read_grouping_sets(
            mine, [["partner_id", "bucket"], ["partner_id"], []], ["residual:sum"]
        )[0]
        self.assertEqual([group["bucket"] for group in by_customer], buckets)

    def test_filters_find_what_they_say(self):
        today = fields.Date.context_today(self.OpenItem)
        for days in (-40, -20, 0, 20, 95):
            self.invoice(today - timedelta(days=100), due=today - timedelta(days=days))
        arch = etree.fromstring(
            self.OpenItem.get_views([(False, "search")])["views"]["search"]["arch"]
        )
        found = {
            node.get("name"): self.items(domain=safe_eval(node.get("domain"))).mapped(
                "days_overdue"
            )
            for node in arch.iter("filter")
            if node.get("name") in ("overdue", "due_next_30", "over_90")
        }
        self.assertEqual(found, {"overdue": [95, 20], "due_next_30": [0, -20], "over_90": [95]})


@tagged("post_install", "-at_install")
class TestAsOfOracle(OpenItemCase):
    """Random ledgers against the definition: what was posted and matched by the end of a day."""

    def random_ledger(self, rng):
        for _index in range(25):
            day = START + timedelta(days=rng.randrange(90))
            amount = rng.randrange(100, 90000) / 100
            foreign = rng.random() < 0.4
            currency = self.foreign.id if foreign else self.env.company.currency_id.id
            kind = rng.choice(["out_invoice", "out_invoice", "out_refund", "payment"])
            if kind == "payment":
                self.receipt(
                    day,
                    amount,
                    currency_id=currency,
                    amount_currency=amount * (3 if foreign else 1),
                )
            else:
                due = day + timedelta(days=rng.randrange(-5, 60))
                self.invoice(day, amount, due, move_type=kind, currency_id=currency)
        self.match_at_random(rng)

    def match_at_random(self, rng):
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
            ]
        )
        debits = list(lines.filtered(lambda line: line.balance > 0))
        credits = list(lines.filtered(lambda line: line.balance < 0))
        rng.shuffle(debits)
        for debit, credit in zip(debits, credits, strict=False):
            if debit.currency_id == credit.currency_id or rng.random() < 0.5:
                (debit + credit).reconcile()

    def expected(self, day):
        """Residuals by item, from journal items and their matches alone."""
        lines = self.env["account.move.line"].search(
            [
                ("partner_id.commercial_partner_id", "=", self.customer.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("date", "<=", day),
            ]
        )
        found = {}
        for line in lines:
            paid = line.matched_credit_ids.filtered(lambda part: part.max_date <= day)
            used = line.matched_debit_ids.filtered(lambda part: part.max_date <= day)
            residual = line.balance - sum(paid.mapped("amount")) + sum(used.mapped("amount"))
            in_currency = (
                line.amount_currency
                - sum(paid.mapped("debit_amount_currency"))
                + sum(used.mapped("credit_amount_currency"))
            )
            if round(residual, 2) or round(in_currency, 2):
                late = (
                    (day - line.date_maturity).days
                    if line.date_maturity
                    else (day - line.date).days
                )
                bucket = "unapplied" if residual < 0 else ageing_bucket(late)
                found[line.id] = (round(residual, 2), round(in_currency, 2), bucket)
        return found

    def test_random_ledgers_on_random_days(self):
        for seed in range(3):
            rng = random.Random(seed)
            self.random_ledger(rng)
            for _day in range(8):
                day = START + timedelta(days=rng.randrange(-5, 130))
                actual = {
                    item.id: (
                        round(item.residual, 2),
                        round(item.residual_currency, 2),
                        item.bucket,
                    )
                    for item in self.items(day)
                }
                self.assertEqual(actual, self.expected(day), f"seed {seed}, {day}")

    def test_after_the_last_match_it_is_today(self):
        self.random_ledger(random.Random(7))
        far = date(2050, 1, 1)
        self.assertEqual(
            {item.id: round(item.residual, 2) for item in self.items(far)},
            {item.id: round(item.residual, 2) for item in self.items()},
        )


@tagged("post_install", "-at_install")
class TestOpenItemAccess(OpenItemCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sales, everything = (
            "sales_team.group_sale_salesman",
            "sales_team.group_sale_salesman_all_leads",
        )
        cls.mine = new_test_user(cls.env, "ar_own", f"base.group_user,{sales}")
        cls.mate = new_test_user(cls.env, "ar_mate", f"base.group_user,{sales}")
        cls.stranger = new_test_user(cls.env, "ar_stranger", f"base.group_user,{sales}")
        cls.seller = new_test_user(cls.env, "ar_all", f"base.group_user,{everything}")
        cls.collector = new_test_user(
            cls.env, "ar_coll", "base.group_user,ar_credit_control.group_collector"
        )
        cls.outsider = new_test_user(cls.env, "ar_none", "base.group_user")
        cls.team = cls.env["crm.team"].sudo().create({"name": "North"})
        cls.env["crm.team.member"].sudo().create(
            [{"crm_team_id": cls.team.id, "user_id": user.id} for user in (cls.mine, cls.mate)]
        )
        cls.invoice(START)

    def seen_by(self, user):
        self.env.invalidate_all()  # what a new request starts with
        return bool(self.items(user=user))

    def report_html(self, user, partner):
        report = self.env["ir.actions.report"].with_user(user)
        html, _type = report._render_qweb_html("ar_credit_control.report_statement", partner.ids)
        return html.decode()

    def test_own_documents_see_own_team_and_nobody_s_customers(self):
        for owner, allowed in (
            (self.mine, True),
            (self.mate, True),
            (self.env["res.users"], True),
            (self.stranger, False),
        ):
            with self.subTest(owner=owner.login):
                self.customer.user_id = owner
                self.assertEqual(self.seen_by(self.mine), allowed)

    def test_leaving_the_team_ends_the_view_at_once(self):
        self.customer.user_id = self.mate
        self.assertTrue(self.seen_by(self.mine))
        self.team.crm_team_member_ids.filtered(lambda m: m.user_id == self.mine).active = False
        self.assertFalse(self.seen_by(self.mine))

    def test_joining_and_being_taken_out_of_the_team_counts_at_once(self):
        self.customer.user_id = self.mate
        self.assertFalse(self.seen_by(self.stranger))
        member = (
            self.env["crm.team.member"]
            .sudo()
            .create({"crm_team_id": self.team.id, "user_id": self.stranger.id})
        )
        self.assertTrue(self.seen_by(self.stranger))
        member.unlink()
        self.assertFalse(self.seen_by(self.stranger))

    def test_a_leader_sees_his_team_s_customers(self):
        self.customer.user_id = self.mate
        self.assertFalse(self.seen_by(self.stranger))
        self.team.user_id = self.stranger
        self.assertTrue(self.seen_by(self.stranger))

    def test_the_others_see_every_customer(self):
        self.customer.user_id = self.stranger
        self.assertTrue(self.seen_by(self.seller))
        self.assertTrue(self.seen_by(self.collector))
        with self.assertRaises(AccessError):
            self.seen_by(self.outsider)

    def test_foreign_items_cannot_be_read_by_id_or_summed(self):
        item = self.items()
        self.customer.user_id = self.stranger
        theirs = self.OpenItem.with_user(self.mine)
        with mute_logger("odoo.addons.base.models.ir_rule"), self.assertRaises(AccessError):
            theirs.browse(item.id).read(["residual"])
        groups = theirs.formatted_read_group(
            [("partner_id", "=", self.customer.id)], [], ["residual:sum", "__count"]
        )
        self.assertEqual(groups[0]["__count"], 0)

    def test_salespeople_list_items_but_not_the_ledger(self):
        self.customer.user_id = self.mine
        listed = self.OpenItem.with_user(self.mine).web_search_read(
            [("partner_id", "=", self.customer.id)],
            {"number": {}, "residual": {}, "partner_id": {"fields": {"display_name": {}}}},
        )
        self.assertEqual(listed["records"][0]["residual"], 100.0)
        with self.assertRaises(AccessError):
            self.items(user=self.mine).read(["move_id"])
        with self.assertRaises(AccessError):
            self.items(user=self.mine).action_open_document()
        ledger = self.env["account.move.line"].with_user(self.mine)
        self.assertFalse(ledger.search([("partner_id", "=", self.customer.id)]))
        views = self.OpenItem.with_user(self.mine).get_views([(False, "list"), (False, "search")])
        self.assertNotIn("move_id", views["views"]["list"]["arch"])
        self.assertNotIn("action_open_document", views["views"]["list"]["arch"])

    def test_nobody_writes_items(self):
        for user in (self.seller, self.collector, self.env.user):
            with self.assertRaises(AccessError):
                self.items().with_user(user).check_access("write")

    def test_other_company_is_closed(self):
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        user = new_test_user(
            self.env, "ar_other", "base.group_user,ar_credit_control.group_auditor",
            company_id=other.id, company_ids=[Command.set(other.ids)],
        )  # fmt: skip
        self.assertFalse(self.seen_by(user))

    def test_branch_sees_the_company_tree(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create({"name": "Branch", "parent_id": self.env.company.id})
        )
        user = new_test_user(
            self.env, "ar_branch", "base.group_user,ar_credit_control.group_auditor",
            company_id=branch.id, company_ids=[Command.set(branch.ids)],
        )  # fmt: skip
        self.assertTrue(self.seen_by(user))

    def test_statement_is_refused_for_foreign_customers(self):
        self.customer.user_id = self.stranger
        with self.assertRaises(AccessError):
            self.report_html(self.mine, self.customer)
        with self.assertRaises(AccessError):
            self.report_html(self.mine, self.contact)
        with self.assertRaises(AccessError):
            self.report_html(self.outsider, self.customer)

    def test_statement_lists_what_is_open(self):
        self.customer.user_id = self.mine
        self.receipt(START, 30.0)
        html = self.report_html(self.mine, self.contact)
        self.assertIn(self.items(domain=[("kind", "=", "invoice")]).number, html)
        self.assertIn("70.00", html)
        self.assertIn("Payment on account", html)

    def test_statement_of_a_customer_without_open_items(self):
        clear = self.env["res.partner"].create({"name": "Clear", "user_id": self.mine.id})
        self.assertIn("Nothing is open", self.report_html(self.mine, clear))

    def test_buttons_of_the_widget(self):
        self.customer.user_id = self.mine
        contact = self.contact.with_user(self.mine)
        action = contact.action_ar_open_items()
        found = self.OpenItem.with_user(self.mine).search(action["domain"])
        self.assertEqual(found, self.items())
        self.assertEqual(
            contact.action_ar_statement()["report_name"], "ar_credit_control.report_statement"
        )

    def test_wizard_opens_the_day(self):
        form = Form(self.env["ar.aged.balance"].with_user(self.seller))
        form.date = START
        form.partner_ids.add(self.contact)
        action = form.save().action_open()
        self.assertEqual(action["context"]["ar_as_of"], "2025-01-01")
        found = self.OpenItem.with_context(**action["context"]).search(action["domain"])
        self.assertEqual(found.mapped("days_overdue"), [0])
