"""Customers, documents and users that the tests of several capabilities need."""

import json
from unittest.mock import patch

from odoo import Command, fields
from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.tests import new_test_user


class CreditCommon(AccountTestInvoicingCommon):
    chart_template = "generic_coa"  # named, or every class spends seconds on guessing it

    @classmethod
    def get_default_groups(cls):
        return (
            super().get_default_groups()
            | cls.env.ref("sales_team.group_sale_manager")
            | cls.env.ref("ar_credit_control.group_credit_manager")
            | cls.env.ref("base.group_erp_manager")
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.company._ar_create_policy()
        cls.policy = cls.company.ar_credit_policy_id
        cls.product = cls.env["product.product"].create(
            {
                "name": "Thing",
                "type": "consu",
                "invoice_policy": "order",
                "list_price": 100.0,
                "taxes_id": [Command.clear()],
            }
        )
        cls._new_users(
            salesman="sales_team.group_sale_salesman",
            colleague="sales_team.group_sale_salesman",
            stranger="sales_team.group_sale_salesman",
            seller_all="sales_team.group_sale_salesman_all_leads",
            collector="ar_credit_control.group_collector",
            auditor="ar_credit_control.group_auditor",
            manager="ar_credit_control.group_credit_manager,"
            "sales_team.group_sale_salesman_all_leads",
            accountant="account.group_account_invoice,base.group_partner_manager",
        )
        cls.team = cls.env["crm.team"].create(
            {
                "name": "North",
                "member_ids": [Command.set((cls.salesman | cls.colleague).ids)],
            }
        )
        cls.env["crm.team"].create(
            {
                "name": "South",
                "member_ids": [Command.set(cls.stranger.ids)],
            }
        )
        cls.customer = cls._new_customer("Customer")

    @classmethod
    def _new_users(cls, **groups_by_name):
        """Users as attributes of the class, made together: one by one takes four times as long."""
        users = cls.env["res.users"].create(
            [
                {
                    "name": name,
                    "login": f"ar_{name}",
                    "password": f"ar_{name}",
                    "email": f"{name}@example.com",
                    "company_id": cls.company.id,
                    "company_ids": [Command.set(cls.company.ids)],
                    "group_ids": [Command.set([cls.env.ref(g).id for g in groups.split(",")])],
                }
                for name, groups in groups_by_name.items()
            ]
        )
        for name, user in zip(groups_by_name, users, strict=True):
            setattr(cls, name, user)

    @classmethod
    def _new_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login=login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _new_customer(cls, name, limit=0.0, **vals):
        partner = cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "user_id": cls.salesman.id,
                **vals,
            }
        )
        if limit:
            partner.with_company(cls.company).sudo().credit_limit = limit
        return partner

    @classmethod
    def _invoice(cls, partner, amount, due=0, move_type="out_invoice", post=True, currency=None):
        """A document due ``due`` days from today (negative: overdue)."""
        today = fields.Date.context_today(partner)
        due_date = fields.Date.add(today, days=due)
        move = cls.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": partner.id,
                "invoice_date": min(today, due_date),
                "invoice_date_due": due_date,
                "invoice_payment_term_id": False,
                "currency_id": (currency or cls.company.currency_id).id,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "x", "quantity": 1, "price_unit": amount, "tax_ids": []}
                    )
                ],
            }
        )
        if post:
            move.action_post()
        return move

    @classmethod
    def _order(cls, partner, amount, user=None, **vals):
        order = cls.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "user_id": (user or cls.salesman).id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.product.id,
                            "product_uom_qty": 1,
                            "price_unit": amount,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
                **vals,
            }
        )
        return order.with_user(user or cls.salesman)

    def _pay_without_entry(self, move, amount):
        """Register a payment as full accounting does: it has no entry until the bank matches it."""
        journal = self.company_data["default_journal_bank"]
        methods = journal.inbound_payment_method_line_ids | journal.outbound_payment_method_line_ids
        methods.payment_account_id = False
        full_accounting = patch.object(
            self.env.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda _self: "in_payment",
        )
        with full_accounting:
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids
            ).create({"amount": amount, "journal_id": journal.id})._create_payments()

    def _position(self, partner=None, **options):
        partner = partner or self.customer
        positions = self.env["ar.position"]._get_positions(partner, self.company, **options)
        return positions[partner.commercial_partner_id.id]


class RpcMixin:
    """Calls as a program makes them, for tests of ``HttpCase`` that are signed in."""

    def _call(self, model, method, args, **kwargs):
        """The answer to a call: a dictionary with ``result`` or ``error``."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            data=json.dumps({"params": params}),
            headers={"Content-Type": "application/json"},
        ).json()
