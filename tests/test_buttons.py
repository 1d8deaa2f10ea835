"""What buttons open: the records that they promise and no others, in views the user may see."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .claim_common import ClaimCommon
from .commission_common import CommissionCommon
from .exchange_common import ExchangeCommon


class Opens:
    """Follows a button as the web client does: its views, then its records."""

    def _opened(self, action, user):
        """The records that the user sees after the button, in every view that it offers."""
        Model = self.env[action["res_model"]].with_user(user)
        context = action.get("context") or {}
        if isinstance(context, str):
            context = safe_eval(context, {"uid": user.id, "active_id": False})
        Model = Model.with_context(**context)
        views = action.get("views") or [(False, kind) for kind in action["view_mode"].split(",")]
        Model.get_views([tuple(view) for view in views])
        if action.get("res_id"):
            record = Model.browse(action["res_id"])
            record.check_access("read")
            return record.with_user(self.env.user).with_context(**self.env.context)
        domain = action.get("domain") or []
        found = Model.search(safe_eval(domain) if isinstance(domain, str) else domain)
        return found.with_user(self.env.user).with_context(**self.env.context)

    def _filled_in(self, action, user, **values):
        """The record of a form that a button opened, saved as the button filled it in."""
        Model = self.env[action["res_model"]].with_user(user)
        form = Form(Model.with_context(**action["context"]))
        for name, value in values.items():
            setattr(form, name, value)
        return form.save().with_user(self.env.user)


@tagged("post_install", "-at_install")
class TestCollectionButtons(Opens, ClaimCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._new_customer("Other", email="pay@other.example")
        cls.others = cls._invoice(cls.other, 300, due=-40)
        cls.env.flush_all()

    def _row(self, partner=None):
        rows = self.env["ar.worklist"].with_user(self.collector)
        return rows.search([("partner_id", "=", (partner or self.customer).id)])

    def test_a_row_of_the_worklist_leads_to_its_customer(self):
        row = self._row()
        self.assertEqual(self._opened(row.action_open_partner(), self.collector), self.customer)
        profile = self._opened(row.action_open_profile(), self.collector)
        self.assertEqual((profile.partner_id, profile.company_id), (self.customer, self.company))
        items = self._opened(row.action_open_items(), self.collector)
        self.assertEqual(items.partner_id, self.customer)
        self.assertEqual(items.mapped("residual"), [500])
        opened = self._opened(profile.action_open_partner(), self.collector)
        self.assertEqual(opened, self.customer)

    def test_contacts_of_a_row_are_those_of_its_customer(self):
        for partner in (self.customer, self.other):
            action = self._row(partner).action_log_contact()
            self._filled_in(action, self.collector, note=f"Called {partner.name}")
        contacts = self._opened(self._row().action_open_contacts(), self.collector)
        self.assertEqual(contacts.partner_id, self.customer)
        self.assertIn("Called Customer", str(contacts.note))

    def test_a_row_has_one_open_case_however_often_it_is_opened(self):
        case = self._opened(self._row().action_open_case(), self.collector)
        again = self._opened(self._row().action_open_case(), self.collector)
        other = self._opened(self._row(self.other).action_open_case(), self.collector)
        self.assertEqual(again, case)
        self.assertNotEqual(other, case)
        self.assertEqual(case.line_ids.move_line_id, self._item())
        self.assertEqual(self._opened(case.action_open_partner(), self.collector), self.customer)

    def test_a_run_opens_its_own_notices_and_what_it_left_out(self):
        earlier = self._run(partner_ids=[fields.Command.set(self.other.ids)])
        self.env["ar.dunning.exclusion"].create(
            {"partner_id": self.other.id, "reason": "Known", "date_to": self.today}
        )
        run = self._run()
        notices = self._opened(run.action_open_notices(), self.collector)
        self.assertEqual((notices.run_id, notices.partner_id), (run, self.customer))
        left_out = self._opened(run.action_open_left_out(), self.collector)
        self.assertEqual((left_out.run_id, left_out.partner_id), (run, self.other))
        self.assertFalse(self._opened(earlier.action_open_left_out(), self.collector))
        self.assertEqual(self._opened(notices.action_open_partner(), self.collector), self.customer)

    def test_starting_levels_begin_with_a_run_of_their_kind(self):
        action = self.Run.with_user(self.collector).action_new_start()
        run = self._opened(action, self.collector)
        self.assertEqual((run.kind, run.state), ("start", "draft"))
        with self.assertRaises(AccessError):
            self.Run.with_user(self.salesman).action_new_start()

    def test_salespeople_open_what_concerns_their_customer(self):
        self._send()
        dispute, promise = self._dispute(amount=100), self._promise(amount=50)
        self._dispute(move=self.others)
        customer = self.customer.with_user(self.salesman)
        for action, expected in (
            (customer.action_ar_disputes(), dispute),
            (customer.action_ar_promises(), promise),
            (self.move.with_user(self.salesman).action_ar_disputes(), dispute),
        ):
            self.assertEqual(self._opened(action, self.salesman).ids, expected.ids)
        items = self._opened(customer.action_ar_open_items(), self.salesman)
        self.assertEqual(items.partner_id, self.customer)
        notices = self._opened(customer.action_ar_dunning_notices(), self.collector)
        self.assertEqual((notices.partner_id, notices.state), (self.customer, "sent"))

    def test_whose_customer_it_is_not_finds_nothing_behind_the_buttons(self):
        self._dispute(), self._promise(amount=50)
        for action in (
            self.customer.action_ar_disputes(),
            self.customer.action_ar_promises(),
            self.customer.action_ar_open_items(),
        ):
            self.assertFalse(self._opened(action, self.stranger))

    def test_the_ledger_opens_for_those_who_may_read_it(self):
        item = self.env["ar.open.item"].search([("partner_id", "=", self.customer.id)])
        opened = self._opened(
            item.with_user(self.accountant).action_open_document(), self.accountant
        )
        self.assertEqual(opened, self.move)
        with self.assertRaises(AccessError):
            self._opened(item.with_user(self.salesman).action_open_document(), self.salesman)

    def test_a_dispute_of_an_invoice_begins_with_what_is_open_of_it(self):
        self._pay(self.move, 200)
        action = self.move.with_user(self.collector).action_ar_dispute()
        dispute = self._filled_in(action, self.collector, reason="price")
        self.assertEqual(dispute.partner_id, self.customer)
        self.assertEqual(dispute.line_ids.move_line_id.move_id, self.move)
        self.assertEqual(dispute.amount, 300)
        self._pay(self.move)
        with self.assertRaisesRegex(UserError, "nothing to ask"):
            self.move.with_user(self.collector).action_ar_dispute()

    def test_a_promise_begins_with_what_nobody_promised_yet(self):
        later = self._invoice(self.customer, 80, due=-3)
        self._promise()
        action = self.customer.with_user(self.collector).action_ar_promise()
        promise = self._filled_in(action, self.collector, date=fields.Date.add(self.today, days=3))
        self.assertEqual(promise.line_ids.move_line_id.move_id, later)
        self.assertEqual(promise.amount, 80)

    def test_reports_of_a_profile_are_its_customers(self):
        house = self.env["ar.credit.provider"].create(
            {"name": "Bureau", "scale": "classes", "classes": "A, B"}
        )
        values = {"date": self.today, "rating": "A", "provider_id": house.id}
        Report = self.env["ar.credit.report"]
        mine, _other = Report.create(
            [{**values, "partner_id": partner.id} for partner in (self.customer, self.other)]
        )
        profile = self.Profile._get_or_create(self.customer, self.company)
        self.assertEqual(self._opened(profile.action_open_reports(), self.manager), mine)

    def test_the_aged_balance_shows_the_items_of_its_day(self):
        wizard = self.env["ar.aged.balance"].with_user(self.collector).create({})
        items = self._opened(wizard.action_open(), self.collector)
        self.assertEqual(items.partner_id, self.customer | self.other)


@tagged("post_install", "-at_install")
class TestExchangeButtons(Opens, ExchangeCommon):
    def test_an_account_opens_its_messages_by_what_became_of_them(self):
        other = self.account.copy({"name": "Another"})
        self._know()
        self._take(self._raw("NS"))
        self._take(b"<not-xml", self._raw("NS", file="IT01234567890_00077.xml", number="?"))
        self._take(self._raw("RC"), account=other)
        account = self.account.with_user(self.collector)
        everything = self._opened(account.action_open_notifications(), self.collector)
        self.assertEqual(len(everything), 3)
        self.assertEqual(everything.account_id, self.account)
        for name in ("quarantined", "unmatched"):
            found = self._opened(getattr(account, f"action_open_{name}")(), self.collector)
            self.assertEqual(found.mapped("state"), [name])

    def test_a_problem_opens_its_invoice_and_what_was_said_about_it(self):
        second = self._invoice(self.customer, 70, due=-3)
        self._know()
        self._know(second, file="IT01234567890_00002.xml")
        self._take(self._raw("NS"), self._raw("NS", second, file="IT01234567890_00002.xml"))
        problem = self._problem()
        self.assertEqual(self._opened(problem.action_open_invoice(), self.accountant), self.invoice)
        messages = self._opened(problem.action_open_messages(), self.collector)
        self.assertEqual(messages.transmission_ids.move_id, self.invoice)
        problems = self._opened(second.action_open_delivery_problems(), self.collector)
        self.assertEqual(problems, self._problem(second))


@tagged("post_install", "-at_install")
class TestCommissionButtons(Opens, CommissionCommon):
    def test_what_waits_opens_for_whoever_will_earn_it(self):
        self._sold(100)
        self._sold(900, seller=self.colleague)
        self._reckon()
        customer = self.customer.with_user(self.salesman)
        rows = self._opened(customer.action_ar_commission_waiting(), self.salesman)
        self.assertEqual(rows.payee_id, self.salesman.partner_id)
        opened = self._opened(rows.action_open_customer(), self.salesman)
        self.assertEqual(opened, self.customer)
        theirs = self.customer.with_user(self.stranger).action_ar_commission_waiting()
        self.assertFalse(self._opened(theirs, self.stranger))

    def test_a_version_is_simulated_from_its_button(self):
        self._pay(self._sold(100))
        self._reckon()
        action = self.version.with_user(self.commissioner).action_simulate()
        simulation = self._filled_in(action, self.commissioner)
        simulation.action_simulate()
        self.assertEqual(simulation.version_id, self.version)
        self.assertEqual(simulation.simulated, simulation.earned)

    def test_shares_of_an_order_are_entered_in_a_dialog(self):
        self._new_plan(members=[{"user_id": self.colleague.id}])
        order = self._order(self.customer, 100)
        lead = self._new_user(
            "ar_sales_lead",
            "sales_team.group_sale_manager,ar_credit_control.group_commission_manager",
        )
        action = order.with_user(lead).action_ar_commission_shares()
        self.assertEqual(self._opened(action, lead).ids, order.ids)
        self.assertEqual(action["target"], "new")
        with Form(order.with_user(lead), view=action["views"][0][0]) as form:
            for user, percent in ((self.salesman, 60), (self.colleague, 40)):
                with form.ar_commission_share_ids.new() as share:
                    share.payee_id = user.partner_id
                    share.percent = percent
        order.action_confirm()
        invoice = order.sudo()._create_invoices()
        invoice.action_post()
        self._pay(invoice)
        self.assertEqual(self._earned(invoice, self.salesman.partner_id), 6)
        self.assertEqual(self._earned(invoice, self.colleague.partner_id), 4)

    def test_shares_taken_away_leave_the_whole_to_the_salesperson(self):
        self._new_plan(members=[{"user_id": self.colleague.id}])
        invoice = self._sold(100)
        self._pay(invoice)
        share = self.env["ar.commission.share"].create(
            {"move_id": invoice.id, "payee_id": self.colleague.partner_id.id, "percent": 100}
        )
        self.assertEqual(self._earned(invoice, self.colleague.partner_id), 10)
        share.unlink()
        self.assertEqual(self._earned(invoice, self.colleague.partner_id), 0)
        self.assertEqual(self._earned(invoice, self.salesman.partner_id), 10)
