"""The proposal, which is SQL, against the rules in Python, on random ledgers."""

import random

from odoo import Command, fields
from odoo.tests import tagged

from ..ar_credit_control.rules.dunning import Item, choose, cover
from .dunning_common import DunningCommon

CUSTOMERS = 24
ROUNDS = 3


@tagged("post_install", "-at_install")
class TestDunningRules(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dice = random.Random(20260101)
        cls.partners = cls.env["res.partner"].create(
            [
                {"name": f"Customer {number}", "is_company": True, "email": f"c{number}@x.example"}
                for number in range(CUSTOMERS)
            ]
        )
        cls._ledger()
        cls.policies = [cls._random_policy(number) for number in range(6)]
        for partner in cls.partners:
            profile = cls.Profile._get_or_create(partner, cls.company)
            profile.dunning_policy_id = cls.dice.choice(cls.policies)

    @classmethod
    def _ledger(cls):
        vals = []
        for partner in cls.partners:
            for _ in range(cls.dice.randint(1, 6)):
                vals.append(cls._document(partner, "out_invoice", cls.dice.randint(1, 300)))
            if cls.dice.random() < 0.4:
                vals.append(cls._document(partner, "out_refund", cls.dice.randint(1, 200)))
        cls.env["account.move"].create(vals).action_post()

    @classmethod
    def _document(cls, partner, kind, amount):
        due = fields.Date.subtract(cls.today, days=cls.dice.randint(-15, 80))
        return {
            "move_type": kind,
            "partner_id": partner.id,
            "invoice_date": min(due, cls.today),
            "invoice_date_due": due,
            "invoice_payment_term_id": False,
            "invoice_line_ids": [
                Command.create({"name": "x", "price_unit": amount, "tax_ids": []})
            ],
        }

    @classmethod
    def _random_policy(cls, number):
        levels, day = [], cls.dice.choice((-7, 1, 6))
        for place in range(cls.dice.randint(1, 5)):
            levels.append(
                {
                    "name": f"Level {place}",
                    "days": day,
                    "deadline_days": 0,
                    "min_amount": cls.dice.choice((0, 0, 50, 150)),
                    "min_share": cls.dice.choice((0, 0, 10, 40)),
                }
            )
            day = max(day, 5) + cls.dice.randint(3, 20)
        return cls._policy(
            f"Policy {number}",
            levels,
            grace_days=cls.dice.choice((0, 0 if levels[0]["days"] == 1 else 4)),
            mode=cls.dice.choice(("account", "items")),
            min_interval=0,
        )

    def _expected(self, partner, held, start=False):
        """What the rules choose for a customer, from its items as a clerk would read them."""
        policy = self.Profile._get_or_create(partner, self.company).dunning_policy_id
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", partner.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("amount_residual", "!=", 0),
            ]
        )
        debits = lines.filtered(lambda line: line.amount_residual > 0)
        credit = -sum((lines - debits).mapped("amount_residual"))
        account = sum(lines.mapped("amount_residual"))
        if account <= 0:
            return 0, {}
        ladder = policy._to_rules()
        late = debits.filtered(lambda line: ladder.reached(self._days(line)))
        covered = cover([(x.id, x.date_maturity, x.amount_residual) for x in late], credit)
        items = [
            Item(x.id, self._days(x), x.amount_residual - covered[x.id], held.get(x.id, 0))
            for x in late
            if covered[x.id] < x.amount_residual
        ]
        choice = choose(ladder, items, account, start)
        return choice.level, choice.items

    def _days(self, line):
        return (self.today - line.date_maturity).days

    def _found(self, run, partner):
        notice = run.notice_ids.filtered(lambda n: n.partner_id == partner)
        self.assertLessEqual(len(notice), 1)
        lines = {line.move_line_id.id: line.level_number for line in notice.line_ids}
        return notice.level_number, lines

    def test_statements_choose_what_the_rules_choose(self):
        """Three runs one after the other, each on the levels that the one before left."""
        held, seen = {}, set()
        for turn in range(ROUNDS):
            expected = {partner: self._expected(partner, held) for partner in self.partners}
            run = self._run()
            for partner in self.partners:
                with self.subTest(turn=turn, customer=partner.name):
                    self.assertEqual(self._found(run, partner), expected[partner])
            for level, items in expected.values():
                seen.add(level)
                held.update({key: max(held.get(key, 0), go) for key, go in items.items()})
            if run.notice_ids:
                self._send(run)
        self.assertGreaterEqual(seen, {0, 1, 2}, "the ledger tries too little")

    def test_starting_levels_are_those_of_the_rules_and_nothing_is_sent(self):
        expected = {partner: self._expected(partner, {}, start=True) for partner in self.partners}
        run = self.Run.sudo().create({"company_id": self.company.id, "kind": "start"})
        run.action_propose()
        for partner in self.partners:
            with self.subTest(customer=partner.name):
                self.assertEqual(self._found(run, partner), expected[partner])
        before = self.env["mail.mail"].search_count([])
        self._send(run)
        self.assertEqual(set(run.notice_ids.mapped("state")), {"start"})
        self.assertEqual(self.env["mail.mail"].search_count([]), before)
        for partner, (_level, items) in expected.items():
            overdue = [
                level
                for key, level in items.items()
                if self._days(self.env["account.move.line"].browse(key)) > 0
            ]
            self.assertEqual(self._level(partner), max(overdue, default=0))
        held = {key: level for _number, items in expected.values() for key, level in items.items()}
        later = self._run()
        for partner in self.partners:
            with self.subTest(customer=partner.name, after="start"):
                self.assertEqual(self._found(later, partner), self._expected(partner, held))

    def test_the_number_of_statements_does_not_grow(self):
        """For half the customers and for all of them: the same queries."""
        counts = []
        for partners in (self.partners[: CUSTOMERS // 2], self.partners):
            run = self.Run.create(
                {"company_id": self.company.id, "partner_ids": [Command.set(partners.ids)]}
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            run.action_propose()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])
