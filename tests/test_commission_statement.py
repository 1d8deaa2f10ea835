"""Statements: what is on them, what is carried over, who decides, who sees and prints them."""

import io
from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger
from odoo.tools.pdf import PdfFileReader
from psycopg2 import IntegrityError

from .common import CreditCommon

MARCH = {"date_from": date(2026, 3, 1), "date_to": date(2026, 3, 31)}
APRIL = {"date_from": date(2026, 4, 1), "date_to": date(2026, 4, 30)}
MAY = {"date_from": date(2026, 5, 1), "date_to": date(2026, 5, 31)}


class StatementCommon(CreditCommon):
    @classmethod
    def get_default_groups(cls):
        manager = cls.env.ref("ar_credit_control.group_commission_manager")
        return super().get_default_groups() | manager

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payer = cls._new_user(
            "ar_payer", "ar_credit_control.group_commission_manager,base.group_partner_manager"
        )
        cls.agent = cls.env["res.partner"].create({"name": "Agent & Co", "is_company": True})
        cls.plan = cls.env["ar.commission.plan"].create(
            {"name": "House", "company_id": cls.company.id}
        )
        cls.version = cls.env["ar.commission.version"].create(
            {"plan_id": cls.plan.id, "name": "2026", "date_from": date(2026, 1, 1)}
        )
        cls.rule = cls.env["ar.commission.rule"].create({"version_id": cls.version.id, "rate": 5})
        cls.move = cls._invoice(cls.customer, 1000, due=-30)
        cls.seller = cls.salesman.partner_id
        cls.partial = 1000

    @classmethod
    def _entry(cls, amount, day, payee=None, reverses=None, held=False):
        """An entry as the calculation would write it."""
        cls.partial += 1
        payee = payee or cls.seller
        columns = {
            "company_id": cls.company.id,
            "currency_id": cls.company.currency_id.id,
            "payee_id": payee.id,
            "user_id": payee.user_ids[:1].id or None,
            "partner_id": cls.customer.id,
            "plan_id": cls.plan.id,
            "version_id": cls.version.id,
            "rule_id": cls.rule.id,
            "move_id": cls.move.id,
            "number": cls.move.name,
            "partial_ref": cls.partial,
            "kind": "reversal" if reverses else "payment",
            "reverses_id": reverses.id if reverses else None,
            "date": day,
            "days": 10,
            "paid": amount * 20,
            "base": amount * 20,
            "rate": 5,
            "speed_factor": 1,
            "term_factor": 1,
            "amount": amount,
            "generation": 1,
            "held": held,
        }
        names = SQL(", ").join(map(SQL.identifier, columns))
        values = SQL(", ").join(SQL("%s", value) for value in columns.values())
        [(entry_id,)] = cls.env.execute_query(
            SQL(
                """WITH entry AS (
                   INSERT INTO ar_commission_entry (%s) VALUES (%s) RETURNING id, company_id)
                   INSERT INTO ar_commission_place (id, company_ref)
                   SELECT id, company_id FROM entry RETURNING id""",
                names,
                values,
            )
        )
        return cls.env["ar.commission.entry"].browse(entry_id)

    @classmethod
    def _draw(cls, period):
        Statement = cls.env["ar.commission.statement"].with_user(cls.payer)
        return Statement._draw(cls.company, period["date_from"], period["date_to"])

    def _approved(self, period):
        statements = self._draw(period)
        statements.action_review()
        statements.action_approve()
        return statements


@tagged("post_install", "-at_install")
class TestCommissionStatement(StatementCommon):
    # ------------------------------------------------------------------ what is on it
    def test_everything_payable_until_the_last_day(self):
        old, new = self._entry(10, date(2025, 12, 5)), self._entry(20.05, date(2026, 3, 31))
        later = self._entry(40, date(2026, 4, 1))
        held = self._entry(80, date(2026, 3, 2), held=True)
        statement = self._draw(MARCH)
        self.assertEqual(statement.entry_ids, old | new)
        self.assertEqual((statement.earned, statement.carried_in), (30.05, 0))
        self.assertEqual((statement.total, statement.payout), (30.05, 30.05))
        self.assertFalse((later | held).statement_id)

    def test_one_of_each_person(self):
        self._entry(10, date(2026, 3, 5))
        self._entry(20, date(2026, 3, 5), payee=self.agent)
        statements = self._draw(MARCH)
        self.assertEqual(statements.payee_id, self.seller | self.agent)
        self.assertEqual(sorted(statements.mapped("total")), [10, 20])
        self.assertEqual(self._draw(MARCH), statements, "drawn again, nothing is made twice")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env.cr.execute(
                "INSERT INTO ar_commission_statement (payee_id, company_id, date_from, date_to,"
                " state) VALUES (%s, %s, '2026-03-01', '2026-03-02', 'draft')",
                [self.seller.id, self.company.id],
            )

    def test_a_draft_follows_the_ledger_and_an_approved_one_does_not(self):
        self._entry(10, date(2026, 3, 5))
        statement = self._draw(MARCH)
        late = self._entry(5, date(2026, 3, 6))
        statement.action_update()
        self.assertEqual(statement.total, 15)
        late.sudo().held = True
        statement.action_update()
        self.assertEqual(statement.total, 10)
        statement.action_review()
        statement.action_approve()
        late.sudo().held = False
        self.assertEqual(self._draw(MARCH), statement.browse(), "nobody new")
        self.assertEqual(statement.total, 10)
        self.assertEqual(self._draw(APRIL).entry_ids, late)

    def test_periods_of_a_person_do_not_overlap(self):
        self._entry(10, date(2026, 3, 5))
        self._draw(MARCH)
        with self.assertRaisesRegex(ValidationError, "overlap the statement of .*March 2026"):
            self.env["ar.commission.statement"].create(
                {**MARCH, "date_from": date(2026, 3, 15), "payee_id": self.seller.id}
            )
        with mute_logger("odoo.sql_db"), self.assertRaisesRegex(UserError, "swap them"):
            wizard = self.env["ar.commission.draw"].create(
                {"date_from": date(2026, 5, 2), "date_to": date(2026, 5, 1)}
            )
            wizard.action_draw()

    # ------------------------------------------------------------------ reversals, carry-over
    def test_a_reversal_lands_in_the_next_statement(self):
        entry = self._entry(100, date(2026, 3, 5))
        first = self._approved(MARCH)
        self.assertEqual(entry.state, "settled")
        reversal = self._entry(-100, date(2026, 3, 5), reverses=entry)
        self._entry(30, date(2026, 4, 8))
        second = self._approved(APRIL)
        self.assertEqual(first.total, 100, "what was paid stays")
        self.assertIn(reversal, second.entry_ids)
        self.assertEqual((second.total, second.payout, second.carried_out), (-70, 0, -70))
        self._entry(90, date(2026, 5, 8))
        third = self._draw(MAY)
        self.assertEqual((third.earned, third.carried_in, third.payout), (90, -70, 20))

    def test_a_month_without_a_statement_keeps_the_debt(self):
        self._entry(-30, date(2026, 3, 5))
        self._approved(MARCH)
        self.assertFalse(self._draw(APRIL), "nothing to state")
        self._entry(10, date(2026, 5, 5))
        may = self._draw(MAY)
        self.assertEqual((may.carried_in, may.total), (-30, -20))

    def test_statements_are_approved_in_their_order(self):
        self._entry(-30, date(2026, 3, 5))
        first = self._draw(MARCH)
        self._entry(40, date(2026, 4, 5))
        second = self._draw(APRIL)
        self.assertEqual(second.carried_in, 0, "March is not approved")
        second.action_review()
        with self.assertRaisesRegex(UserError, "March 2026 is not approved yet"):
            second.action_approve()
        first.action_review()
        (first | second).action_approve()
        self.assertEqual((first.carried_out, second.carried_in, second.payout), (-30, -30, 10))

    # ------------------------------------------------------------------ decisions
    def test_from_draft_to_paid(self):
        entry = self._entry(10, date(2026, 3, 5))
        statement = self._draw(MARCH)
        with self.assertRaisesRegex(UserError, "is draft: reload"):
            statement.action_approve()
        statement.action_review()
        statement.action_reset()
        statement.action_review()
        with self.assertRaisesRegex(UserError, "return it to draft"):
            statement.date_to = date(2026, 3, 30)
        statement.action_approve()
        self.assertEqual((statement.state, entry.state), ("approved", "settled"))
        with self.assertRaisesRegex(UserError, "corrections come with the next"):
            statement.unlink()
        statement.action_pay()
        self.assertEqual(statement.state, "paid")
        with self.assertRaisesRegex(UserError, "is paid: reload"):
            statement.action_pay()

    def test_what_was_disputed_since_the_review_is_not_approved(self):
        entry = self._entry(10, date(2026, 3, 5))
        statement = self._draw(MARCH)
        statement.action_review()
        entry.sudo().held = True
        with self.assertRaisesRegex(UserError, "disputed since the review"):
            statement.action_approve()

    def test_a_deleted_draft_gives_its_entries_back(self):
        entry = self._entry(10, date(2026, 3, 5))
        self._draw(MARCH).unlink()
        entry.invalidate_recordset()
        self.assertFalse(entry.statement_id)
        self.assertEqual(self._draw(APRIL).entry_ids, entry)

    def test_another_period_takes_other_entries(self):
        march, april = self._entry(10, date(2026, 3, 5)), self._entry(20, date(2026, 4, 5))
        statement = self._draw(MARCH)
        statement.write(APRIL)
        self.assertEqual(statement.entry_ids, march | april)
        statement.write(MARCH)
        self.assertEqual((statement.entry_ids, statement.total), (march, 10))

    # ------------------------------------------------------------------ agents
    def test_an_agent_is_paid_by_a_vendor_bill(self):
        self._entry(120.5, date(2026, 3, 5), payee=self.agent)
        self._entry(10, date(2026, 3, 5))
        statements = self._approved(MARCH)
        own = statements.filtered(lambda s: s.payee_id == self.seller)
        agents = statements - own
        self.assertTrue(agents.agent)
        self.assertFalse(own.bill_id)
        bill = agents.bill_id
        self.assertEqual((bill.move_type, bill.state), ("in_invoice", "draft"))
        self.assertEqual((bill.partner_id, bill.amount_untaxed), (self.agent, 120.5))
        self.assertIn("March 2026", bill.invoice_line_ids.name)
        self.assertEqual(agents.action_open_bill()["res_id"], bill.id)
        bill.sudo().unlink()
        agents.action_create_bill()
        self.assertTrue(agents.bill_id)
        agents.action_create_bill()
        self.assertEqual(
            len(self.env["account.move"].search([("partner_id", "=", self.agent.id)])), 1
        )

    def test_an_agent_who_owes_gets_no_bill(self):
        self._entry(-5, date(2026, 3, 5), payee=self.agent)
        self.assertFalse(self._approved(MARCH).bill_id)

    # ------------------------------------------------------------------ in bulk
    def test_the_dialog_tells_what_it_will_do_and_does_it(self):
        self._entry(10, date(2026, 3, 5))
        self._entry(20, date(2026, 3, 5), payee=self.agent)
        form = Form(self.env["ar.commission.draw"].with_user(self.payer))
        form.date_from, form.date_to = MARCH.values()
        self.assertEqual((form.people, form.entries, form.amount), (2, 2, 30))
        action = form.save().action_draw()
        statements = self.env[action["res_model"]].with_user(self.payer).search(action["domain"])
        self.assertEqual(sum(statements.mapped("total")), 30)

    def test_many_people_cost_no_more_statements_of_sql(self):
        counts = []
        for number, people in ((1, 2), (2, 12)):
            partners = self.env["res.partner"].create([{"name": f"P{i}"} for i in range(people)])
            for partner in partners:
                self._entry(1, date(2026, number, 5), payee=partner)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            period = {"date_from": date(2026, number, 1), "date_to": date(2026, number, 28)}
            self.assertEqual(len(self._draw(period)), people)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLess(counts[1] - counts[0], 1.5 * 10, "of each, its mail thread alone")

    # ------------------------------------------------------------------ people
    def test_salespeople_see_their_own_and_change_nothing(self):
        self._entry(10, date(2026, 3, 5))
        self._entry(20, date(2026, 3, 5), payee=self.colleague.partner_id)
        self._draw(MARCH)
        Statement = self.env["ar.commission.statement"].with_user(self.salesman)
        mine = Statement.search([])
        self.assertEqual((mine.payee_id, mine.total), (self.seller, 10))
        self.assertFalse(Statement.with_user(self.stranger).search([]))
        for act in ("action_review", "action_update", "unlink"):
            with self.assertRaises(AccessError):
                getattr(mine, act)()
        with self.assertRaises(AccessError):
            mine.note = "more"
        with self.assertRaises(AccessError):
            self.env["ar.commission.draw"].with_user(self.salesman).create(MARCH)
        with self.assertRaises(AccessError):
            self.env["ir.actions.report"].with_user(self.salesman)._render_qweb_html(
                "ar_credit_control.report_commission_statement",
                self.env["ar.commission.statement"].search([("total", "=", 20)]).ids,
            )[0].decode()

    def test_managers_change_figures_by_the_buttons_alone(self):
        self._entry(10, date(2026, 3, 5))
        statement = self._draw(MARCH)
        for vals in ({"total": 99}, {"state": "approved"}, {"carried_in": 5}, {"entry_ids": []}):
            with self.assertRaisesRegex(AccessError, "buttons"):
                statement.write(vals)
        with self.assertRaisesRegex(AccessError, "buttons"):
            statement.create({**APRIL, "payee_id": self.seller.id, "earned": 5})
        prefilled = statement.with_context(default_state="approved", default_carried_in=5)
        later = prefilled.create({**APRIL, "payee_id": self.seller.id})
        self.assertEqual((later.state, later.carried_in), ("draft", 0))

    def test_another_companys_statements_stay_closed(self):
        other = self.env["res.company"].create({"name": "Other"})
        statement = self.env["ar.commission.statement"].create(
            {**MARCH, "payee_id": self.seller.id, "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            statement.with_user(self.payer).read(["total"])

    # ------------------------------------------------------------------ paper
    def test_it_is_printed_with_its_arithmetic(self):
        entry = self._entry(12.5, date(2026, 3, 5))
        self._entry(-2.5, date(2026, 3, 7), reverses=entry)
        statement = self._draw(MARCH)
        statement.note = "Well done"
        report = self.env["ir.actions.report"].with_user(self.salesman)
        name = "ar_credit_control.report_commission_statement"
        page = report._render_qweb_html(name, statement.ids)[0].decode()
        missing = {
            words
            for words in (
                "March 2026",
                self.move.name,
                "12.50",
                "2.50",
                "Reversal",
                "Well done",
                "provisional",
            )
            if words not in page
        }
        self.assertFalse(missing)
        content, _kind = report.with_context(force_report_rendering=True)._render_qweb_pdf(
            name, statement.ids
        )
        self.assertEqual(len(PdfFileReader(io.BytesIO(content)).pages), 1)


@tagged("post_install", "-at_install")
class TestCommissionDrawing(StatementCommon):
    """The statements of more people than fit into one request."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        agents = cls.env["res.partner"].create([{"name": f"Agent {n}"} for n in range(210)])
        for agent in agents:
            cls._entry(10, date(2026, 3, 5), payee=agent)

    def _ask(self):
        wizard = (
            self.env["ar.commission.draw"]
            .with_user(self.payer)
            .create({"company_id": self.company.id, **MARCH})
        )
        action = wizard.action_draw()
        self.assertEqual(action["res_model"], "ar.commission.drawing")
        return self.env["ar.commission.drawing"].browse(action["res_id"])

    def _count(self):
        return self.env["ar.commission.statement"].search_count(
            [("company_id", "=", self.company.id)]
        )

    def test_a_job_draws_them_batch_by_batch(self):
        drawing = self._ask()
        self.assertEqual((drawing.total, drawing.progress, self._count()), (210, 0, 0))
        drawing._step()
        self.assertEqual((drawing.done, self._count()), (100, 100))
        self.assertAlmostEqual(drawing.progress, 47.6, places=1)
        with self.enter_registry_test_mode():
            self.env.ref("ar_credit_control.cron_commission_draw").method_direct_trigger()
        self.assertEqual((drawing.state, drawing.progress), ("done", 100))
        self.assertEqual((drawing.done, self._count()), (210, 210))
        found = self.env["ar.commission.statement"].search(
            drawing.action_open_statements()["domain"]
        )
        self.assertEqual(set(found.mapped("total")), {10})
        self.assertEqual(set(found.mapped("create_uid")), {self.payer})

    def test_it_is_stopped_and_resumed(self):
        drawing = self._ask()
        drawing._step()
        drawing.action_stop()
        with self.enter_registry_test_mode():
            self.env.ref("ar_credit_control.cron_commission_draw").method_direct_trigger()
        self.assertEqual((drawing.state, self._count()), ("stopped", 100))
        drawing.action_resume()
        with self.assertRaisesRegex(UserError, "is not stopped: reload"):
            drawing.action_resume()
        while drawing.state == "running":
            drawing._step()
        self.assertEqual(self._count(), 210)

    def test_nobody_draws_beside_it(self):
        self._ask()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._ask()

    def test_nobody_else_draws(self):
        drawing = self._ask()
        for user in (self.salesman, self.auditor, self.accountant):
            with self.assertRaises(AccessError):
                drawing.with_user(user).action_stop()
        with self.assertRaises(AccessError):
            drawing.with_user(self.payer).unlink()
