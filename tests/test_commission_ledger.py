"""The ledger of commissions agrees with the slow oracle, whatever happens to random invoices."""

from datetime import timedelta
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from odoo import Command
from odoo.tests import tagged

from . import commission_oracle as oracle
from .score_ledger import ScoreCommon

DAYS = st.integers(0, 90)
PERCENTS = st.sampled_from([1, 33, 50, 70, 99, 100, 100, 100])
WHICH = st.integers(0, 99)
FACTORS = st.sampled_from([0, 0.5, 0.75, 1, 1.25])
ONE_LINE = st.tuples(st.integers(1, 30_000), st.integers(0, 3))
RULES = st.lists(
    st.tuples(st.sampled_from(["all", "goods", "thing", "tag", "grade"]), st.integers(1, 2000)),
    min_size=1,
    max_size=3,
    unique_by=lambda pair: pair[0],
)
GRADES = st.sampled_from([False, "A", "C", "D", "E"])
TERMS = (
    "trigger",
    "critical_grade",
    "unrated_critical",
    "clock",
    "upfront_percent",
    "upfront_on",
    "in_process",
)
PLANS = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["first", "stack"]),
        "trigger": st.sampled_from(["payment", "payment_for_grades", "payment", "invoice"]),
        "critical_grade": st.sampled_from(["C", "D"]),
        "unrated_critical": st.booleans(),
        "clock": st.sampled_from(["invoice", "due"]),
        "upfront_percent": st.sampled_from([0, 0, 30, 33.33, 100]),
        "upfront_on": st.sampled_from(["invoice", "order", "order"]),
        "in_process": st.booleans(),
        "rules": RULES,
        "speed": st.lists(FACTORS, max_size=3),
        "no_end": st.booleans(),
        "term_factor": st.sampled_from([1, 1.1, 0.9]),
        "agent_percent": st.sampled_from([100, 50]),
    }
)


def brackets(plan):
    """The values of up to three brackets, the last one with or without an end."""
    ends = (10, 30, 60)
    found = [
        {"day_from": ends[place - 1] + 1 if place else 0, "day_to": ends[place], "factor": factor}
        for place, factor in enumerate(plan["speed"])
    ]
    for last in found[-1:]:
        last["no_end"] = plan["no_end"]
    return found


def exact(number):
    """A float that was rounded to some digits, as what it stands for."""
    return Fraction(str(round(number, 6)))


@tagged("post_install", "-at_install")
class TestCommissionLedger(ScoreCommon):
    @classmethod
    def get_default_groups(cls):
        manager = cls.env.ref("ar_credit_control.group_commission_manager")
        return super().get_default_groups() | manager

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.company_data["default_tax_sale"]
        cls.expense = cls.company_data["default_account_expense"]
        cls.receivable = cls.company_data["default_account_receivable"]
        back = [cls.today - timedelta(days=days) for days in (400, 45, 20)]
        cls.pound = cls.setup_other_currency(
            "GBP", rates=list(zip(back, (2.0, 3.0, 1.7), strict=False))
        )
        cls.early = cls.env["account.payment.term"].create(
            {
                "name": "2 % within 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})
                ],
            }
        )
        cls.tag = cls.env["res.partner.category"].create({"name": "Key"})
        cls.customer.category_id = cls.tag
        cls.agent = cls.env["res.partner"].create({"name": "Agent"})
        goods = cls.env["product.category"].create({"name": "Goods"})
        cls.goods = goods
        inside = cls.env["product.category"].create({"name": "Tools", "parent_id": goods.id})
        cls.products = cls.product | cls.env["product.product"].create(
            [{"name": "Hammer", "categ_id": inside.id}, {"name": "Crate", "categ_id": goods.id}]
        )
        cls.products.invoice_policy = "order"

    def test_random_ledgers(self):
        run_state_machine_as_test(
            type("Ledger", (LedgerMachine,), {"test": self}),
            settings=settings(
                max_examples=max(2, settings().max_examples // 20),
                stateful_step_count=9,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )


class LedgerMachine(RuleBasedStateMachine):
    """Things that happen to invoices, each compared with the oracle."""

    test = None  # whose database it is

    def __init__(self):
        super().__init__()
        self.env = self.test.env
        self.savepoint = self.env.cr.savepoint()
        self.invoices, self.refunds, self.payments, self.orders = [], [], [], []
        self.seen, self.grade, self.grades = {}, False, {}

    def teardown(self):
        self.savepoint.rollback()
        self.savepoint.close(rollback=False)
        self.env.invalidate_all()

    # ------------------------------------------------------------------ the plan
    @initialize(plan=PLANS)
    def make_plan(self, plan):
        test = self.test
        about = {
            "all": {},
            "goods": {"categ_id": test.goods.id},
            "thing": {"product_id": test.product.id},
            "tag": {"tag_id": test.tag.id},
            "grade": {"grade": "C"},
        }
        self.plan = self.env["ar.commission.plan"].create(
            {
                "name": "Random",
                "company_id": test.company.id,
                "mode": plan["mode"],
                "member_ids": [
                    Command.create({"date_from": "2000-01-01", **who})
                    for who in (
                        {"user_id": test.salesman.id},
                        {"agent_id": test.agent.id, "share_percent": plan["agent_percent"]},
                    )
                ],
            }
        )
        terms = {"payment_term_id": test.halves.id, "factor": plan["term_factor"]}
        self.version = self.env["ar.commission.version"].create(
            {
                "plan_id": self.plan.id,
                "name": "1",
                "date_from": "2000-01-01",
                **{name: plan[name] for name in TERMS},
                "rule_ids": [
                    Command.create({"sequence": place, "rate": rate / 100, **about[word]})
                    for place, (word, rate) in enumerate(plan["rules"])
                ],
                "speed_ids": list(map(Command.create, brackets(plan))),
                "term_ids": [Command.create(terms)],
            }
        )
        self.version.action_activate()
        self.terms = self.read_terms()

    def read_terms(self):
        version = self.version
        return oracle.Terms(
            rules=tuple(
                oracle.Rule(
                    key=r.id,
                    rate=exact(r.rate),
                    product=r.product_id.id or oracle.ANY,
                    category=r.categ_id.id or oracle.ANY,
                    tag=r.tag_id.id or oracle.ANY,
                    grade=r.grade or oracle.ANY,
                )
                for r in version.rule_ids.sorted(lambda r: (r.sequence, r.id))
            ),
            stack=self.plan.mode == "stack",
            brackets=tuple(
                oracle.Bracket(s.day_from, None if s.no_end else s.day_to, exact(s.factor))
                for s in version.speed_ids.sorted("day_from")
            ),
            clock=version.clock,
            factors={t.payment_term_id.id: exact(t.factor) for t in version.term_ids},
            upfront=exact(version.upfront_percent),
            trigger=version.trigger,
            critical=frozenset(self.read_critical()),
        )

    def read_critical(self):
        """Grades are compared as letters; no grade is one too."""
        yield from (grade for grade in "ABCDE" if grade >= self.version.critical_grade)
        if self.version.unrated_critical:
            yield False

    # ------------------------------------------------------------------ what happens
    @rule(grade=GRADES)
    def grade_anew(self, grade):
        """Whatever was reckoned before keeps its grade."""
        test = self.test
        profile = self.env["ar.credit.profile"]._get_or_create(test.customer, test.company)
        profile.sudo().score_grade = self.grade = grade

    def add(self, documents, document):
        documents.append(document)
        self.grades[document] = self.grade

    @rule(
        lines=st.lists(ONE_LINE, min_size=1, max_size=3),
        ago=DAYS,
        foreign=st.booleans(),
        taxed=st.booleans(),
        terms=st.sampled_from(["plain", "halves", "early"]),
        agent=st.sampled_from([0, 0, 40, 33.33]),
    )
    def sell(self, lines, ago, foreign, taxed, terms, agent):
        invoice = self.document("out_invoice", lines, ago, foreign, taxed, terms)
        self.share(invoice, agent)
        invoice.action_post()
        self.add(self.invoices, invoice)

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, percent=PERCENTS, ago=DAYS, taxed=st.booleans())
    def credit(self, which, percent, ago, taxed):
        """A credit note, matched with an invoice as far as it goes."""
        invoice = self.pick(self.invoices, which)
        cents = max(1, round(invoice.amount_total * percent))
        foreign = invoice.currency_id != self.test.company.currency_id
        refund = self.document("out_refund", [(cents, which % 4)], ago, foreign, taxed, "plain")
        refund.action_post()
        self.add(self.refunds, refund)
        self.match(invoice | refund)

    @rule(
        ago=DAYS,
        lines=st.lists(st.tuples(ONE_LINE, st.integers(1, 4)), min_size=1, max_size=2),
        taxed=st.booleans(),
        halves=st.booleans(),
        agent=st.sampled_from([0, 0, 40, 33.33]),
    )
    def confirm(self, ago, lines, taxed, halves, agent):
        """An order, which may earn its part at once."""
        test = self.test
        order = self.env["sale.order"].create(
            {
                "partner_id": test.customer.id,
                "user_id": test.salesman.id,
                "payment_term_id": halves and test.halves.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": test.products[product % 3].id,
                            "product_uom_qty": quantity,
                            "price_unit": cents / 100,
                            "tax_ids": [Command.set(test.tax.ids if taxed else [])],
                        }
                    )
                    for (cents, product), quantity in lines
                ],
            }
        )
        self.share(order, agent)
        order.action_confirm()
        order.date_order -= timedelta(days=ago)
        self.add(self.orders, order)

    @precondition(lambda self: self.orders)
    @rule(which=WHICH, one=st.booleans())
    def invoice_order(self, which, one):
        """All that is left, or one piece of each line."""
        order = self.pick(self.orders, which)
        if order.state != "sale" or order.invoice_status != "to invoice":
            return
        invoice = order._create_invoices()
        if one:
            for line in invoice.invoice_line_ids:
                line.quantity = min(1, line.quantity)
        invoice.invoice_date = self.test.today
        invoice.action_post()
        self.add(self.invoices, invoice)

    @precondition(lambda self: self.orders)
    @rule(which=WHICH, quantity=st.integers(0, 5))
    def change_order(self, which, quantity):
        order = self.pick(self.orders, which)
        if order.state == "sale":
            line = order.order_line[:1]
            line.product_uom_qty = max(quantity, line.qty_invoiced)

    @precondition(lambda self: self.orders)
    @rule(which=WHICH)
    def cancel_order(self, which):
        order = self.pick(self.orders, which)
        if order.state == "sale":
            order._action_cancel()

    def share(self, document, agent):
        if agent:
            shares = ((self.test.salesman.partner_id, 100 - agent), (self.test.agent, agent))
            document.ar_commission_share_ids = [
                Command.create({"payee_id": who.id, "percent": percent}) for who, percent in shares
            ]

    def document(self, kind, lines, ago, foreign, taxed, terms):
        test = self.test
        day = test.today - timedelta(days=ago)
        term = {"plain": False, "halves": test.halves.id, "early": test.early.id}[terms]
        return self.env["account.move"].create(
            {
                "move_type": kind,
                "partner_id": test.customer.id,
                "invoice_user_id": test.salesman.id,
                "invoice_date": day,
                "date": day,
                "invoice_date_due": day + timedelta(days=14),
                "invoice_payment_term_id": term,
                "currency_id": (test.pound if foreign else test.company.currency_id).id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "x",
                            "product_id": test.products[product].id if product < 3 else False,
                            "price_unit": cents / 100,
                            "tax_ids": [Command.set(test.tax.ids if taxed else [])],
                        }
                    )
                    for cents, product in lines
                ],
            }
        )

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, percent=st.sampled_from([1, 33, 50, 99, 100, 100, 100, 120]), ago=DAYS,
          home=st.booleans())  # fmt: skip
    def pay(self, which, percent, ago, home):
        """Money for a part of what is open, in the invoice's currency or the company's."""
        invoice = self.pick(self.invoices, which)
        currency = self.test.company.currency_id if home else invoice.currency_id
        open_ = (
            invoice.amount_residual
            if currency == invoice.currency_id
            else abs(invoice.amount_residual_signed)
        )
        if open_:
            amount = max(0.01, round(open_ * percent / 100, 2))
            self.payments.append(self.test.pay(invoice, amount, ago, currency=currency))

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, percent=PERCENTS, ago=DAYS)
    def pay_in_full_with_a_loss(self, which, percent, ago):
        """The rest is written off in the payment itself."""
        invoice = self.pick(self.invoices, which)
        if not invoice.amount_residual:
            return
        amount = max(0.01, round(invoice.amount_residual * percent / 100, 2))
        self.register(invoice, ago, amount=amount, payment_difference_handling="reconcile",
                      writeoff_account_id=self.test.expense.id)  # fmt: skip

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, after=st.integers(0, 14))
    def pay_as_told(self, which, after):
        """What Odoo proposes: in time, the early-payment discount is taken."""
        invoice = self.pick(self.invoices, which)
        if invoice.amount_residual:
            ago = (self.test.today - invoice.invoice_date).days - after
            self.register(invoice, max(0, ago))

    def register(self, invoice, ago, **vals):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "payment_date": self.test.today - timedelta(days=ago),
                    "journal_id": self.test.bank.id,
                    **vals,
                }
            )
        )
        self.payments.append(wizard._create_payments())

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, percent=PERCENTS, ago=DAYS)
    def write_off(self, which, percent, ago):
        invoice = self.pick(self.invoices, which)
        amount = round(abs(invoice.amount_residual_signed) * percent / 100, 2)
        if amount:
            self.test.write_off(invoice, amount, ago)

    @precondition(lambda self: self.refunds)
    @rule(which=WHICH, ago=DAYS)
    def pay_back(self, which, ago):
        """Money for what a credit note leaves to the customer."""
        refund = self.pick(self.refunds, which)
        if refund.amount_residual:
            self.register(refund, ago)

    @precondition(lambda self: self.payments)
    @rule(which=WHICH, gone=st.booleans())
    def bounce(self, which, gone):
        """The money is matched no more, and perhaps gone altogether."""
        payment = self.pick(self.payments, which)
        payment.move_id.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).remove_move_reconcile()
        if gone:
            self.payments.remove(payment)
            payment.action_draft()
            payment.action_cancel()

    @precondition(lambda self: self.payments and self.invoices)
    @rule(which=WHICH, other=WHICH)
    def match_again(self, which, other):
        """A payment is matched with another invoice, or the same one once more."""
        self.match(self.pick(self.payments, which).move_id | self.pick(self.invoices, other))

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, other=WHICH)
    def undo(self, which, other):
        """One reconciliation among several is undone."""
        invoice = self.pick(self.invoices, which)
        parts = invoice.line_ids.matched_credit_ids.sorted("id")
        if parts:
            self.pick(parts, other).unlink()

    @precondition(lambda self: self.payments)
    @rule(which=WHICH)
    def reach_the_bank(self, which):
        """The bank confirms a payment: its outstanding account is cleared."""
        payment = self.pick(self.payments, which)
        waiting = payment.move_id.line_ids.filtered(
            lambda line: line.account_id == payment.outstanding_account_id and not line.reconciled
        )
        if not waiting or waiting.account_id == self.test.bank.default_account_id:
            return
        entry = self.env["account.move"].create(
            {
                "journal_id": self.test.bank.id,
                "date": payment.date,
                "line_ids": [
                    Command.create({"account_id": waiting.account_id.id, "balance": -balance,
                                    "amount_currency": -amount, "currency_id": currency.id})
                    if place == 0
                    else Command.create({"account_id": self.test.bank.default_account_id.id,
                                         "balance": balance, "amount_currency": amount,
                                         "currency_id": currency.id})
                    for line in waiting
                    for place in (0, 1)
                    for balance, amount, currency in [
                        (line.balance, line.amount_currency, line.currency_id)
                    ]
                ],
            }
        )  # fmt: skip
        entry.action_post()
        (
            waiting | entry.line_ids.filtered(lambda x: x.account_id == waiting.account_id)
        ).reconcile()

    @rule()
    def settle(self):
        """Everything so far is paid to its people."""
        self.reckon()
        Statement = self.env["ar.commission.statement"]
        after = self.test.today + timedelta(days=len(Statement.search([])) + 1)
        statements = Statement._draw(self.test.company, after, after)
        statements.action_review()
        statements.action_approve()

    @rule(ago=DAYS, days=DAYS)
    def simulate(self, ago, days):
        """It agrees while nothing is settled: what is taken back then counts for its own day."""
        if self.env["ar.commission.statement"].search_count([], limit=1):
            return
        self.reckon()
        start = self.test.today - timedelta(days=ago)
        simulation = self.env["ar.commission.simulation"].create(
            {
                "version_id": self.version.id,
                "date_from": start,
                "date_to": start + timedelta(days=days),
            }
        )
        for row in simulation._simulate():
            self.test.assertEqual(row["simulated"], row["earned"])

    def pick(self, records, which):
        return records[which % len(records)]

    def match(self, moves):
        lines = moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        if lines.filtered(lambda x: x.balance > 0) and lines.filtered(lambda x: x.balance < 0):
            lines.reconcile()

    # ------------------------------------------------------------------ what must be true
    def reckon(self):
        self.env["ar.commission.due"].sudo()._calculate()

    @invariant()
    def the_ledger_agrees(self):
        if not hasattr(self, "terms"):
            return
        self.reckon()
        expected, found = {}, {}
        for move in [*self.invoices, *self.refunds]:
            for key, amount in oracle.entries(self.read_document(move), self.terms).items():
                expected[(move.id, *key)] = float(amount)
        for order in self.orders:
            for key, amount in self.read_order(order).items():
                expected[(order, *key)] = float(amount)
        for entry in self.entries():
            key = (entry.move_id.id, entry.partial_ref, entry.payee_id.id, entry.rule_id.id)
            if entry.order_id:
                key = (entry.order_id, entry.payee_id.id, entry.rule_id.id)
            found[key] = round(found.get(key, 0.0) + entry.amount, 2)
        found = {key: amount for key, amount in found.items() if amount}
        self.test.assertEqual(found, expected)

    @invariant()
    def nothing_is_ever_changed(self):
        rows = {
            entry.id: (entry.amount, entry.base, entry.date, entry.kind, entry.reverses_id.id)
            for entry in self.entries()
        }
        self.test.assertLessEqual(self.seen.items(), rows.items())
        self.seen = rows

    def entries(self):
        self.env.invalidate_all()
        return self.env["ar.commission.entry"].search([("company_id", "=", self.test.company.id)])

    # ------------------------------------------------------------------ read plainly
    def read_document(self, move):
        refund = move.move_type == "out_refund"
        matches = list(self.matches(move, refund))
        paid = [m for m in matches if m[2].journal_id.type in ("bank", "cash")]
        money = [m for m in paid if self.counts(m[2].move_id.origin_payment_id)]
        return oracle.Document(
            total=exact(abs(move.amount_total)),
            invoiced=move.invoice_date,
            lines=tuple(self.read_line(x, -exact(x.balance)) for x in move.invoice_line_ids),
            money=tuple(self.read_money(move, *match) for match in money),
            credited=self.read_credited(matches),
            settled=money == paid and not move.amount_residual,
            payees=tuple(self.read_payees(move, move.invoice_user_id)),
            refund=refund,
            tags=frozenset(move.commercial_partner_id.category_id.ids),
            grade=self.grades[move],
            term=move.invoice_payment_term_id.id,
        )

    def read_order(self, order):
        """``{(who, rule): amount}`` that the order must have earned."""
        if order.state != "sale" or self.version.upfront_on != "order":
            return {}
        document = oracle.Order(
            lines=tuple(self.read_line(line, self.read_rest(line)) for line in order.order_line),
            payees=tuple(self.read_payees(order, order.user_id)),
            tags=frozenset(order.partner_id.category_id.ids),
            grade=self.grades[order],
            term=order.payment_term_id.id,
        )
        return oracle.order_entries(document, self.terms)

    def read_rest(self, line):
        """What no invoice is about yet; nothing where every piece has been invoiced."""
        billed = line.invoice_lines.filtered(
            lambda bill: bill.parent_state == "posted" and bill.move_id.move_type == "out_invoice"
        )
        if line.invoice_status == "invoiced":
            return Fraction(0)
        return max(
            Fraction(0),
            exact(line.price_subtotal) - sum(map(exact, billed.mapped("price_subtotal"))),
        )

    def read_credited(self, matches):
        notes = (m[3] for m in matches if m[2].move_id.move_type == "out_refund")
        return sum(notes, Fraction(0))

    def counts(self, payment):
        return not payment or payment.is_matched or self.version.in_process

    def read_money(self, move, match, line, counter, amount):
        due = line.date_maturity or move.invoice_date
        share = self.cash_share(counter.move_id)
        return oracle.Money(match.id, counter.date, due, amount * share)

    def read_payees(self, move, seller):
        contracts = {m.payee_id: exact(m.share_percent) for m in self.plan.member_ids}
        shares = move.ar_commission_share_ids.sorted("id")
        alone = [(seller.partner_id, Fraction(100))]
        for who, percent in [(s.payee_id, exact(s.percent)) for s in shares] or alone:
            yield who.id, percent * contracts[who] / 100

    def matches(self, move, refund):
        for line in move.line_ids.filtered(lambda x: x.account_type == "asset_receivable"):
            for match in line.matched_debit_ids if refund else line.matched_credit_ids:
                counter = match.debit_move_id if refund else match.credit_move_id
                amount = match.credit_amount_currency if refund else match.debit_amount_currency
                if amount:
                    yield match, line, counter, exact(amount)

    def cash_share(self, entry):
        """How much of a payment's receivable side is money or discount, and no loss."""
        lost = sum(
            (
                exact(line.balance)
                for line in entry.line_ids
                if line.account_id == self.test.expense
            ),
            Fraction(0),
        )
        whole = sum(
            (
                exact(line.balance)
                for line in entry.line_ids
                if line.account_type == "asset_receivable"
            ),
            Fraction(0),
        )
        return 1 - abs(lost) / abs(whole)

    def read_line(self, line, untaxed):
        category, above = line.product_id.categ_id, []
        while category:
            above.append(category.id)
            category = category.parent_id
        return oracle.Line(untaxed=untaxed, product=line.product_id.id, categories=frozenset(above))
