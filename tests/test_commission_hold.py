"""Holds, waivers, shares, rules, what is waiting, and what a version would have paid."""

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionHold(CommissionCommon):
    def _dispute(self, move):
        item = move.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        return self.env["ar.dispute"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "reason": "price",
                "user_id": self.env.uid,
                "line_ids": [Command.create({"move_line_id": item.id})],
            }
        )

    def _waive(self, move, kind, **vals):
        return (
            self.env["ar.commission.waiver"]
            .with_user(self.commissioner)
            .create({"move_id": move.id, "kind": kind, "reason": "Agreed at the fair", **vals})
        )

    def _due_waiting(self, **options):
        self._reckon()
        return self.env["ar.commission.waiting"]._waiting(company=self.company, **options)

    # ------------------------------------------------------------------ hold and waiver
    def test_what_is_disputed_is_held_until_the_dispute_ends(self):
        invoice = self._sold(1000)
        self._pay(invoice, 400)
        dispute = self._dispute(invoice)
        self.assertEqual(self._entries(invoice).state, "held")
        dispute.sudo().write({"state": "cancelled"})
        self.assertEqual(self._entries(invoice).state, "payable")

    def test_a_manager_pays_although_it_is_disputed(self):
        invoice = self._sold(1000)
        self._pay(invoice, 400)
        self._dispute(invoice)
        self.assertEqual(self._entries(invoice).state, "held")
        waiver = self._waive(invoice, "hold")
        self.assertEqual(self._entries(invoice).state, "payable")
        waiver.active = False
        self.assertEqual(self._entries(invoice).state, "held")
        with self.assertRaisesRegex(UserError, "A waiver does not change"):
            waiver.reason = "Something else"

    def test_what_was_settled_is_taken_back_even_while_disputed(self):
        invoice = self._sold(1000)
        payment = self._pay(invoice, 400)
        self._settle(self._entries(invoice))
        self._dispute(invoice)
        payment.action_draft()
        entries = self._entries(invoice)
        self.assertEqual(entries.mapped("state"), ["settled", "payable"])

    def test_a_manager_forgives_lateness(self):
        self._replan(speed_ids=[Command.create({"day_from": 0, "day_to": 10, "factor": 1.2})])
        invoice = self._sold(1000, day=-40)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 0)
        waiver = self._waive(invoice, "late", payee_id=self.salesman.partner_id.id)
        self.assertEqual(self._earned(invoice), 100)
        waiver.active = False
        self.assertEqual(self._earned(invoice), 0)

    def test_a_manager_pays_before_the_customer_does(self):
        invoice = self._sold(1000)
        self._pay(invoice, 400)
        self._waive(invoice, "unpaid")
        self.assertEqual(self._earned(invoice), 100)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice), 100)
        kinds = self._entries(invoice).grouped("kind")
        self.assertEqual(sum(kinds["payment"].mapped("amount")), 100)

    def test_only_the_manager_waives(self):
        invoice = self._sold(1000)
        for user in (self.salesman, self.auditor, self.manager):
            with self.assertRaises(AccessError):
                self.env["ar.commission.waiver"].with_user(user).create(
                    {"move_id": invoice.id, "kind": "unpaid", "reason": "Please"}
                )

    # ------------------------------------------------------------------ who and how much
    def test_several_people_share_to_the_cent(self):
        agent = self.env["res.partner"].create({"name": "Agent"})
        since = self.plan.member_ids.date_from
        self.plan.member_ids = [
            Command.create({"user_id": self.colleague.id, "date_from": since}),
            Command.create({"agent_id": agent.id, "date_from": since}),
        ]
        people = self.salesman.partner_id | self.colleague.partner_id | agent
        order = self._order(
            self.customer,
            100.05,
            ar_commission_share_ids=[
                Command.create({"payee_id": partner.id, "percent": percent})
                for partner, percent in zip(people, (33.33, 33.33, 33.34), strict=True)
            ],
        ).sudo()
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(invoice.ar_commission_share_ids.payee_id, people)
        for _part in range(3):
            self._pay(invoice, min(40, invoice.amount_residual))
        entries = self._entries(invoice)
        self.assertEqual(self._earned(invoice), 10.01)
        for payee, theirs in entries.grouped("payee_id").items():
            with self.subTest(payee=payee.name):
                self.assertAlmostEqual(sum(theirs.mapped("amount")), 3.34, delta=0.011)

    def test_a_customers_standing_shares_hold_for_its_invoices(self):
        agent = self.env["res.partner"].create({"name": "Agent"})
        self._new_plan(rate=4, members=[{"agent_id": agent.id}])
        invoice = self._sold(1000)
        self._pay(invoice)
        self.assertEqual(self._earned(invoice, self.salesman.partner_id), 100)
        self.customer.ar_commission_share_ids = [Command.create({"payee_id": agent.id})]
        self.assertEqual(self._earned(invoice, self.salesman.partner_id), 0)
        self.assertEqual(self._earned(invoice, agent), 40)

    def test_a_team_earns_for_its_people_unless_they_have_a_contract_of_their_own(self):
        self._new_plan(rate=3, members=[{"team_id": self.team.id}])
        for seller, expected in ((self.salesman, 100), (self.colleague, 30), (self.stranger, 0)):
            team = self.team if seller != self.stranger else self.env["crm.team"]
            invoice = self._sold(1000, seller=seller, team_id=team.id)
            self._pay(invoice)
            with self.subTest(seller=seller.name):
                self.assertEqual(self._earned(invoice), expected)

    def test_a_contract_ends(self):
        self.plan.member_ids.date_to = fields.Date.subtract(self.today, days=10)
        old, new = self._sold(1000, day=-20), self._sold(1000)
        self._pay(old | new, group_payment=True)
        self.assertEqual((self._earned(old), self._earned(new)), (100, 0))
        self.plan.member_ids.write({"date_to": False, "share_percent": 50})
        self.assertEqual((self._earned(old), self._earned(new)), (50, 50))

    def test_the_first_rule_wins_or_all_are_added(self):
        food = self.env["product.category"].create({"name": "Food"})
        bread = self.env["product.category"].create({"name": "Bread", "parent_id": food.id})
        tag = self.env["res.partner.category"].create({"name": "Key"})
        loaf = self.env["product.product"].create({"name": "Loaf", "categ_id": bread.id})
        rules = [
            Command.clear(),
            Command.create({"sequence": 1, "product_id": self.product.id, "rate": 1}),
            Command.create({"sequence": 2, "categ_id": food.id, "rate": 2}),
            Command.create({"sequence": 3, "tag_id": tag.id, "rate": 4}),
            Command.create({"sequence": 4, "grade": "A", "rate": 50}),
            Command.create({"sequence": 5, "rate": 8}),
        ]
        self._replan(rule_ids=rules)
        lines = [
            (1000, {"product_id": self.product.id}),
            (1000, {"product_id": loaf.id}),
            (1000, {}),
        ]
        for mode, tags, expected in (
            ("first", self.env["res.partner.category"], 10 + 20 + 80),
            ("first", tag, 10 + 20 + 40),
            ("stack", tag, 10 + 20 + 3 * 40 + 3 * 80),
        ):
            self.version.write({"state": "draft"})
            self.plan.mode = mode
            self.version.write({"state": "active"})
            self.customer.category_id = tags
            invoice = self._sold(0, lines=lines)
            self._pay(invoice)
            self._reckon()
            earned = sum(self._entries(invoice).mapped("amount"))
            with self.subTest(mode=mode, tags=tags.name):
                self.assertAlmostEqual(earned, expected)

    # ------------------------------------------------------------------ waiting
    def test_what_waits_is_told_with_its_reason(self):
        self._replan(speed_ids=[Command.create({"day_from": 0, "day_to": 30, "factor": 1})])
        unpaid = self._sold(2000, day=-10)
        self._pay(unpaid, 500)
        disputed, lost = self._sold(3000, day=-5), self._sold(4000, day=-50)
        self._dispute(disputed)
        rows = {row["move_id"]: row for row in self._due_waiting()}
        found = {move: (rows[move]["reason"], rows[move]["amount"]) for move in rows}
        self.assertEqual(
            found,
            {
                unpaid.id: ("unpaid", 150),
                disputed.id: ("disputed", 300),
                lost.id: ("lost", 0),
            },
        )
        row = rows[unpaid.id]
        self.assertEqual((row["residual"], row["days"]), (1500, 10))
        self.assertEqual(row["last_date"], fields.Date.add(self.today, days=20))
        self.assertEqual(row["payee_id"], self.salesman.partner_id.id)
        self._waive(lost, "late")
        self.assertEqual(self._due_waiting()[0]["amount"], 400)

    def test_what_waits_is_told_for_some_people_and_customers(self):
        other = self._new_customer("Other")
        self._sold(2000)
        invoice = self._sold(1000, partner_id=other.id)
        self.assertEqual([r["move_id"] for r in self._due_waiting(partners=other)], [invoice.id])
        self.assertEqual(len(self._due_waiting(payees=self.salesman.partner_id)), 2)
        self.assertEqual(self._due_waiting(payees=self.colleague.partner_id), [])

    def test_what_waits_is_what_a_payment_then_earns(self):
        self._replan(
            upfront_percent=25,
            speed_ids=[Command.create({"day_from": 0, "no_end": True, "factor": 0.8})],
        )
        invoice = self._sold(1234.56, day=-3)
        before = self._earned(invoice)
        (row,) = self._due_waiting()
        self._pay(invoice)
        self.assertAlmostEqual(self._earned(invoice) - before, row["amount"], delta=0.011)

    # ------------------------------------------------------------------ simulation, check
    def test_a_simulation_tells_what_a_draft_would_have_paid_and_writes_nothing(self):
        invoice = self._sold(1000, day=-40)
        self._pay(invoice, 500, day=-30)
        self._pay(invoice, 500)
        draft = self.env["ar.commission.version"].create(
            {
                "plan_id": self.plan.id,
                "name": "Next year",
                "date_from": fields.Date.add(self.today, days=100),
                "rule_ids": [Command.create({"rate": 20})],
            }
        )
        before = self._entries()
        simulation = (
            self.env["ar.commission.simulation"]
            .with_user(self.commissioner)
            .create(
                {
                    "version_id": draft.id,
                    "date_from": fields.Date.subtract(self.today, days=35),
                    "date_to": fields.Date.subtract(self.today, days=1),
                }
            )
        )
        simulation.action_simulate()
        line = simulation.line_ids
        self.assertEqual(line.payee_id, self.salesman.partner_id)
        self.assertEqual((line.simulated, line.earned, line.difference), (100, 50, 50))
        self.assertEqual((simulation.simulated, simulation.earned), (100, 50))
        self.assertEqual(self._entries(), before)
        simulation.date_to = fields.Date.subtract(self.today, days=90)
        with self.assertRaisesRegex(UserError, "swap them"):
            simulation.action_simulate()

    def test_the_check_prints_what_differs(self):
        invoice = self._sold(1000)
        self._pay(invoice)
        Entry = self.env["ar.commission.entry"].with_user(self.commissioner)
        self.assertEqual(Entry.action_check()["type"], "ir.actions.client")
        entry = self._entries(invoice)
        self.env.cr.execute("ALTER TABLE ar_commission_entry DISABLE TRIGGER ar_commission_frozen")
        self.env.cr.execute("UPDATE ar_commission_entry SET amount = 7 WHERE id = %s", [entry.id])
        action = Entry.action_check()
        found = self.env["ar.commission.check"].search(action["domain"])
        self.assertEqual((found.move_id, found.ledger, found.expected), (invoice, 7, 100))

    def test_the_job_works_the_queue_off(self):
        self._pay(self._sold(1000))
        with self.enter_registry_test_mode():
            self.env.ref("ar_credit_control.cron_commission").method_direct_trigger()
        self.assertEqual(self._entries(reckon=False).amount, 100)
        self.assertFalse(self.env["ar.commission.due"].search_count([]))

    def test_two_do_not_reckon_at_once(self):
        self._pay(self._sold(1000))
        Due = self.env["ar.commission.due"]
        with self.registry.cursor() as other:
            if not Due.with_env(Due.env(cr=other))._try_lock():
                self.skipTest("somebody else reckons on this database")
            with self.assertRaisesRegex(UserError, "being calculated just now: try again"):
                Due._calculate()
            Due._cron_calculate()
            self.assertTrue(Due._count())
        self.assertEqual(self._entries().amount, 100)

    def test_only_the_manager_reckons_and_checks(self):
        for user in (self.salesman, self.auditor, self.accountant):
            Entry = self.env["ar.commission.entry"].with_user(user)
            for way in (Entry.action_check, Entry.action_calculate):
                with self.assertRaises(AccessError):
                    way()
        self._pay(self._sold(1000))
        self.env["ar.commission.entry"].with_user(self.commissioner).action_calculate()
        self.assertTrue(self._entries(reckon=False))
