"""Plans, invoices and money that the tests of commissions need."""

from odoo import Command, fields

from .common import CreditCommon


class CommissionCommon(CreditCommon):
    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.env.ref(
            "ar_credit_control.group_commission_manager"
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env.user)
        cls._new_users(
            commissioner="ar_credit_control.group_commission_manager",
        )
        cls.plan = cls._new_plan()
        cls.version = cls.plan.version_ids

    @classmethod
    def _new_plan(cls, rate=10.0, members=None, activate=True, **version):
        """A plan in force since two years ago: ``rate`` on everything, on payment."""
        since = fields.Date.subtract(cls.today, years=2)
        plan = cls.env["ar.commission.plan"].create(
            {
                "name": "Field sales",
                "company_id": cls.company.id,
                "member_ids": [
                    Command.create({"date_from": since, **who})
                    for who in members or [{"user_id": cls.salesman.id}]
                ],
                "version_ids": [
                    Command.create(
                        {
                            "name": "First",
                            "date_from": since,
                            "rule_ids": [Command.create({"rate": rate})],
                            **version,
                        }
                    )
                ],
            }
        )
        if activate:
            plan.version_ids.action_activate()
        return plan

    @classmethod
    def _replan(cls, **version):
        """Other terms for the plan of the tests, while nothing was earned."""
        cls.version.action_draft()
        cls.version.write(version)
        cls.version.action_activate()

    @classmethod
    def _sold(cls, amount, day=0, seller=None, taxes=(), lines=None, **vals):
        """A posted invoice of so many days from today, by the salesperson."""
        invoice_date = fields.Date.add(cls.today, days=day)
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_user_id": (seller or cls.salesman).id,
                "invoice_date": invoice_date,
                "invoice_date_due": invoice_date,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "x",
                            "price_unit": price,
                            "tax_ids": [Command.set([tax.id for tax in taxes])],
                            **more,
                        }
                    )
                    for price, more in lines or [(amount, {})]
                ],
                **vals,
            }
        )
        move.action_post()
        return move

    def _pay(self, move, amount=None, day=0, **wizard):
        """Money for an invoice, registered as people do."""
        register = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(
                {
                    "payment_date": fields.Date.add(self.today, days=day),
                    **({"amount": amount} if amount is not None else {}),
                    **wizard,
                }
            )
        )
        return register._create_payments()

    def _reckon(self):
        self.env["ar.commission.due"]._calculate()

    def _entries(self, move=None, reckon=True):
        if reckon:
            self._reckon()
        domain = [("move_id", "=", move.id)] if move else [("company_id", "=", self.company.id)]
        return self.env["ar.commission.entry"].search(domain, order="id")

    def _simulated(self, start, end, version=None):
        """``(simulated, earned)`` of the days from ``start`` to ``end``, counted from today."""
        simulation = self.env["ar.commission.simulation"].create(
            {
                "version_id": (version or self.version).id,
                "date_from": fields.Date.add(self.today, days=start),
                "date_to": fields.Date.add(self.today, days=end),
            }
        )
        simulation.action_simulate()
        return simulation.simulated, simulation.earned

    def _settle(self, entries):
        """Approve a statement of today for whoever earned them."""
        for payee in entries.payee_id:
            statement = self.env["ar.commission.statement"].create(
                {
                    "payee_id": payee.id,
                    "company_id": self.company.id,
                    "date_from": self.today,
                    "date_to": self.today,
                }
            )
            statement.action_review()
            statement.action_approve()
        self.assertEqual(set(entries.mapped("state")), {"settled"})

    def _earned(self, move=None, payee=None):
        """The sum of what was earned, which is also what a reckoning from scratch gives."""
        entries = self._entries(move)
        self.assertEqual(self.env["ar.commission.due"]._differences(self.company), [])
        if payee:
            entries = entries.filtered(lambda entry: entry.payee_id == payee)
        return round(sum(entries.mapped("amount")), 6)
