"""A company with one dunning policy of plain levels, for the tests of dunning."""

from odoo import Command, fields

from .common import CreditCommon

LEVELS = [
    {"name": "First", "days": 5, "deadline_days": 5},
    {"name": "Second", "days": 20, "deadline_days": 5},
    {"name": "Third", "days": 40, "deadline_days": 5},
]


class DunningCommon(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.email = "books@example.com"
        cls.today = fields.Date.context_today(cls.company)
        cls.company._ar_create_dunning()
        cls.Run = cls.env["ar.dunning.run"]
        cls.Notice = cls.env["ar.dunning.notice"]
        cls.Profile = cls.env["ar.credit.profile"]
        cls.template = cls.env.ref("ar_credit_control.dunning_text_first")
        cls.env["ar.dunning.assignment"].search([("company_id", "=", cls.company.id)]).unlink()
        cls.ladder = cls._policy("Plain")
        cls.ladder.action_set_default()
        cls.customer.write({"email": "pay@customer.example", "street": "1 Road", "city": "Town"})

    @classmethod
    def _policy(cls, name, levels=None, **vals):
        return cls.env["ar.dunning.policy"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "grace_days": 0,
                "min_interval": 7,
                "level_ids": [
                    Command.create(
                        {"sequence": place, "mail_template_id": cls.template.id, **level}
                    )
                    for place, level in enumerate(levels or LEVELS, 1)
                ],
                **vals,
            }
        )

    def _run(self, date=None, user=None, **vals):
        run = self.Run.with_user(user or self.collector).create(
            {"company_id": self.company.id, "date": date or self.today, **vals}
        )
        run.action_propose()
        return run

    def _send(self, run=None, **options):
        run = run or self._run(**options)
        run.action_confirm()
        run.action_process()
        return run

    def _level(self, partner=None):
        partner = (partner or self.customer).with_company(self.company)
        partner.invalidate_recordset()
        return partner.ar_dunning_level

    def _item(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def _pay(self, move, amount=None):
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        return wizard.create({"amount": amount} if amount else {})._create_payments()

    def _age(self, run, days):
        """Let days pass since a run: what it sent was sent so much earlier."""
        notices = self.Notice.sudo().search([("run_id", "=", run.id)])
        notices.date = fields.Date.subtract(self.today, days=days)
        notices._refresh_customers()
