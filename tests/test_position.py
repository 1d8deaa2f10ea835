"""Positions against a slow, obvious oracle that reads the same ledger record by record."""

from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from odoo import Command, fields
from odoo.tests import tagged

from .common import CreditCommon

cents = st.integers(1, 500_00).map(lambda value: value / 100)
step = st.one_of(
    st.tuples(st.just("invoice"), cents, st.integers(-120, 60), st.booleans()),
    st.tuples(st.just("refund"), cents, st.integers(-120, 60), st.booleans()),
    st.tuples(st.just("draft"), cents, st.integers(-10, 60), st.booleans()),
    st.tuples(st.just("order"), cents, st.integers(1, 9), st.booleans()),
    st.tuples(st.just("payment"), cents, st.integers(0, 200), st.booleans()),
)


@tagged("post_install", "-at_install")
class TestPosition(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.rule_ids.unlink()  # here orders are to be confirmed, whatever is owed
        cls.today = fields.Date.context_today(cls.customer)
        cls.foreign = cls.env.ref("base.EUR")
        cls.foreign.active = True
        cls.env["res.currency.rate"].create(
            [
                {
                    "currency_id": cls.foreign.id,
                    "company_id": cls.company.id,
                    "name": day,
                    "rate": rate,
                }
                for day, rate in (
                    (cls.today - timedelta(days=400), 0.5),
                    (cls.today - timedelta(days=30), 0.8),
                )
            ]
        )
        cls.contact = cls.env["res.partner"].create(
            {
                "name": "Contact",
                "parent_id": cls.customer.id,
                "type": "invoice",
            }
        )

    # ------------------------------------------------------------------ random ledgers
    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),  # to shrink a case takes minutes of posting
        database=None,
    )
    @given(st.lists(step, min_size=1, max_size=6), st.integers(0, 130))
    def _check_random_ledger(self, steps, back):
        with self.env.cr.savepoint() as savepoint:
            for kind, amount, number, other in steps:
                getattr(self, f"_do_{kind}")(amount, number, other)
            self._compare()
            self._compare_as_of(self.today - timedelta(days=back))
            savepoint.rollback()
        self.env.invalidate_all()

    def test_random_ledgers(self):
        self._check_random_ledger()

    def _do_invoice(self, amount, due, other):
        self._invoice(
            self.contact if other else self.customer,
            amount,
            due,
            currency=self.foreign if other else None,
        )

    def _do_refund(self, amount, due, other):
        self._invoice(self.customer, amount, due, move_type="out_refund")

    def _do_draft(self, amount, due, other):
        self._invoice(
            self.customer,
            amount,
            due,
            post=False,
            move_type="out_refund" if other else "out_invoice",
        )

    def _do_order(self, amount, quantity, other):
        order = self._order(self.contact if other else self.customer, amount).sudo()
        order.order_line.write({"product_uom_qty": quantity, "price_unit": amount})
        order.action_confirm()
        if other:
            invoice = order._create_invoices()
            invoice.invoice_line_ids.quantity = max(1, quantity // 2)

    def _do_payment(self, amount, ago, other):
        """A bank entry, some days old, reconciled with whatever is open (or left unapplied)."""
        entry = self.env["account.move"].create(
            {
                "date": self.today - timedelta(days=ago),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_assets"].id,
                            "debit": amount,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_receivable"].id,
                            "credit": amount,
                            "partner_id": self.customer.id,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        if other:
            self._open_lines().reconcile()

    # ------------------------------------------------------------------ oracle
    def _entity(self):
        return self.env["res.partner"].search([("id", "child_of", self.customer.id)])

    def _lines(self):
        return self.env["account.move.line"].search(
            [
                ("partner_id", "in", self._entity().ids),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )

    def _open_lines(self):
        return self._lines().filtered(lambda line: not line.reconciled)

    def _compare(self):
        position = self._position()
        self._compare_items(
            position, {line: line.amount_residual for line in self._open_lines()}, self.today
        )
        self.assertAlmostEqual(position.balance, sum(self._entity().mapped("credit")), 2)
        drafts = self.env["account.move"].search(
            [
                ("partner_id", "in", self._entity().ids),
                ("state", "=", "draft"),
            ]
        )
        self.assertAlmostEqual(
            position.draft_invoices, sum(drafts.mapped("amount_total_signed")), 2
        )
        self.assertAlmostEqual(position.orders, self._orders_to_invoice(), 2)
        self._compare_locked(position)

    def _compare_locked(self, position):
        """Locked customers are read whole, or without what cannot stop an order of theirs."""
        ledger_only = position._replace(orders=0.0, payments_pending=0.0)
        self.assertEqual(self._locked_position(whole=True), position)
        self.assertEqual(
            self._locked_position(whole=False), position if position.overdue else ledger_only
        )
        self.customer.credit_limit = 100
        self.assertEqual(self._locked_position(whole=False), self._position())
        self.customer.credit_limit = 0

    def _locked_position(self, whole):
        rows = self.env["ar.position"]._get_locked_rows(
            self.customer, self.company, self.today, (), whole
        )
        return rows[self.customer.id][0]

    def _orders_to_invoice(self):
        total = 0.0
        orders = self.env["sale.order"].search(
            [
                ("partner_invoice_id", "in", self._entity().ids),
                ("state", "=", "sale"),
            ]
        )
        for line in orders.order_line:
            left = max(line.product_uom_qty, line.qty_delivered) - line.qty_invoiced
            total += max(0, left) * line.price_unit
        return total

    def _compare_as_of(self, day):
        residuals = {}
        for line in self._lines().filtered(lambda line: line.date <= day):
            matched = sum(p.amount for p in line.matched_credit_ids if p.max_date <= day)
            matched -= sum(p.amount for p in line.matched_debit_ids if p.max_date <= day)
            residuals[line] = line.balance - matched
        self._compare_items(self._position(as_of=day), residuals, day)

    def _compare_items(self, position, residuals, today):
        expected = dict.fromkeys(
            ("not_due", "due_1_30", "due_31_60", "due_61_90", "due_over_90", "unapplied"), 0.0
        )
        oldest = None
        for line, residual in residuals.items():
            residual = self.company.currency_id.round(residual)
            days = (today - (line.date_maturity or line.date)).days
            if residual < 0:
                expected["unapplied"] -= residual
            elif residual > 0:
                expected[self._bucket(days)] += residual
                if days > 0:
                    oldest = min(oldest or line.date_maturity, line.date_maturity)
        for name, amount in expected.items():
            self.assertAlmostEqual(getattr(position, name), amount, 2, name)
        self.assertEqual(position.oldest_due, oldest)

    def _bucket(self, days):
        limits = ((0, "not_due"), (30, "due_1_30"), (60, "due_31_60"), (90, "due_61_90"))
        return next((name for limit, name in limits if days <= limit), "due_over_90")

    # ------------------------------------------------------------------ single facts
    def test_instalments_age_by_their_own_due_date(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 0}),
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 90}),
                ],
            }
        )
        move = self._invoice(self.customer, 100, post=False)
        move.write(
            {
                "invoice_date": self.today - timedelta(days=40),
                "invoice_payment_term_id": term.id,
            }
        )
        move.action_post()
        position = self._position()
        self.assertEqual((position.due_31_60, position.not_due), (50, 50))
        self.assertEqual(position.oldest_due, self.today - timedelta(days=40))

    def test_payment_registered_but_not_matched(self):
        """With Odoo's full accounting a payment has no entry until the bank matches it."""
        move = self._invoice(self.customer, 100, due=-10)
        self._pay_without_entry(move, 60)
        position = self._position()
        self.assertEqual(move.amount_residual, 100, "the ledger does not know of it")
        self.assertEqual(position.payments_pending, 60)
        self.assertEqual(position.exposure, 40)
        self.assertEqual(position.overdue_net, 40)

    def test_customers_read_together_stand_as_they_stand_alone(self):
        """What some have nothing of is read for those that have."""
        bare, drafted, ordering = (self._new_customer(name) for name in ("A", "B", "C"))
        self._invoice(drafted, 70, post=False)
        self._order(ordering, 30).sudo().action_confirm()
        self._invoice(ordering, 20)
        customers = bare | drafted | ordering
        together = self.env["ar.position"]._get_positions(customers)
        self.assertEqual(together, {c.id: self._position(c) for c in customers})
        self.assertEqual([together[c.id].exposure for c in customers], [0, 70, 50])
        drafted_invoice = self.env["account.move"].search([("partner_id", "=", drafted.id)])
        drafted_invoice.button_cancel()
        self.assertEqual(self._position(drafted).exposure, 0)

    def _order_with_down_payment(self, amount, paid):
        order = self._order(self.customer, amount).sudo()
        order.action_confirm()
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": "fixed", "fixed_amount": paid})
        )
        return order, wizard._create_invoices(order)

    def test_down_payment_is_not_counted_beside_its_order(self):
        order, invoice = self._order_with_down_payment(1000, 300)
        position = self._position()
        self.assertEqual((position.orders, position.draft_invoices), (700, 300))
        invoice.action_post()
        position = self._position()
        self.assertEqual((position.orders, position.balance), (700, 300))
        final = order._create_invoices(final=True)
        position = self._position()
        self.assertEqual((position.orders, position.draft_invoices), (0, 700))
        self.assertEqual(position.exposure, 1000)
        self.assertTrue(final)

    def test_a_down_payment_that_is_taken_back_is_to_come_again(self):
        _order, invoice = self._order_with_down_payment(1000, 300)
        invoice.action_post()
        refund = invoice._reverse_moves()
        position = self._position()
        self.assertEqual((position.orders, position.draft_invoices), (1000, -300))
        refund.action_post()
        position = self._position()
        self.assertEqual((position.orders, position.balance), (1000, 0))
        refund.button_draft()
        refund.button_cancel()
        position = self._position()
        self.assertEqual((position.orders, position.balance), (700, 300))

    def test_foreign_order_is_converted_once(self):
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "EUR",
                "currency_id": self.foreign.id,
            }
        )
        order = self._order(self.customer, 80, pricelist_id=pricelist.id).sudo()
        order.action_confirm()
        self.assertEqual(order.currency_id, self.foreign)
        self.assertEqual(self._position().orders, 100)

    def test_branches_count_as_core_counts_them(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create(
                {
                    "name": "Branch",
                    "parent_id": self.company.id,
                }
            )
        )
        self._invoice(self.customer, 100)
        of_branch = self.env["ar.position"]._get_positions(self.customer, branch)
        self.assertEqual(of_branch[self.customer.id].balance, 100)

    def test_companies_do_not_mix(self):
        other = self.company_data_2["company"] if hasattr(self, "company_data_2") else None
        other = other or self.env["res.company"].sudo().create({"name": "Other"})
        self._invoice(self.customer, 100)
        theirs = self.env["ar.position"]._get_positions(self.customer, other)
        self.assertEqual(theirs[self.customer.id].balance, 0)

    def test_shared_limit_counts_every_company_of_the_group(self):
        other = (
            self.env["res.company"]
            .sudo()
            .create(
                {
                    "name": "Sister",
                    "currency_id": self.company.currency_id.id,
                }
            )
        )
        self.env["ar.credit.group"].create(
            {
                "name": "Group",
                "company_id": self.company.id,
                "company_ids": [Command.set((self.company | other).ids)],
            }
        )
        self.customer.with_company(self.company).sudo().credit_limit = 150
        self._invoice(self.customer, 100)
        theirs = self.env["ar.position"]._get_positions(self.customer, other)[self.customer.id]
        self.assertEqual(theirs.limit.amount, 150)
        self.assertEqual((theirs.exposure, theirs.available), (0, 50))
        Partner = self.env["res.partner"].with_company(other)
        domain = [("id", "=", self.customer.id)]
        self.assertEqual(Partner.search([*domain, ("ar_available", "=", 50)]), self.customer)
        self.assertFalse(Partner.search([*domain, ("ar_limit_band", "=", "over")]))
        self._invoice(self.customer, 60)
        self.assertTrue(Partner.search([*domain, ("ar_limit_band", "=", "over")]))

    def test_number_of_queries_does_not_depend_on_the_number_of_customers(self):
        for index in range(5):
            self._invoice(self._new_customer(f"C{index}"), 10)
        customers = self.env["res.partner"].search([("name", "=like", "C_")])
        counts = []
        for partners in (customers, customers[:1], customers):  # the first fills Odoo's caches
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["ar.position"]._get_positions(partners, self.company)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
        self.assertLessEqual(counts[2], 4)

    # ------------------------------------------------------------------ lists
    def test_lists_sort_filter_and_group_by_the_same_figures(self):
        late = self._new_customer("Late", limit=50)
        later = self._new_customer("Later")
        self._invoice(late, 100, due=-10)
        self._invoice(later, 40, due=-70)
        Partner = self.env["res.partner"]
        ours = Partner.browse((late | later | self.customer).ids)
        domain = [("id", "in", ours.ids)]
        self.assertEqual(
            Partner.search(domain, order="ar_overdue desc, id"), late | later | self.customer
        )
        self.assertEqual(Partner.search([*domain, ("ar_overdue", ">", 50)]), late)
        self.assertEqual(Partner.search([*domain, ("ar_overdue", "=", 0)]), self.customer)
        self.assertEqual(Partner.search([*domain, ("ar_limit_band", "=", "over")]), late)
        self.assertEqual(Partner.search([*domain, ("ar_oldest_due", "=", False)]), self.customer)
        self.assertEqual(
            Partner.search([*domain, ("ar_oldest_due", "<", self.today - timedelta(days=30))]),
            later,
        )
        groups = dict(Partner._read_group(domain, ["ar_overdue_band"], ["ar_overdue:sum"]))
        self.assertEqual(groups, {"none": 0, "due_1_30": 100, "due_61_90": 40})
        for partner in ours:
            position = self._position(partner)
            self.assertEqual(partner.ar_overdue, position.overdue)
            self.assertEqual(partner.ar_exposure, position.exposure)
        fields_info = Partner.fields_get(
            ["ar_overdue", "ar_exposure", "ar_limit_use", "ar_oldest_due"]
        )
        self.assertTrue(all(info["sortable"] for info in fields_info.values()))
