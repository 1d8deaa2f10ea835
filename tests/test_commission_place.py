"""Where commissions are paid: found, grouped and sorted by it; by two people at once; after an
update from the version that kept it in the entries."""

import threading
from datetime import date
from pathlib import Path

from odoo import Command
from odoo.modules.migration import load_script
from odoo.service.model import retrying
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger
from psycopg2 import IntegrityError

from .race_common import RaceCase
from .test_commission_statement import APRIL, MARCH, MAY, StatementCommon

STEPS = Path(__file__).parent.parent / "migrations" / "19.0.1.1.0"


@tagged("post_install", "-at_install")
class TestCommissionPlace(StatementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.settled = cls._entry(10, date(2026, 3, 5))
        first = cls._draw(MARCH)
        first.action_review()
        first.action_approve()
        cls.drawn = cls._entry(20, date(2026, 4, 5))
        cls.march, cls.april = first, cls._draw(APRIL)
        cls.unstated = cls._entry(40, date(2026, 5, 5))
        cls.held = cls._entry(80, date(2026, 5, 6), held=True)
        cls.all = cls.settled | cls.drawn | cls.unstated | cls.held

    def _find(self, *domain, user=None):
        entries = self.env["ar.commission.entry"].with_user(user or self.payer)
        return entries.search([("id", "in", self.all.ids), *domain])

    def test_states_are_read_and_found_alike(self):
        self.assertEqual(self.all.mapped("state"), ["settled", "payable", "payable", "held"])
        for state in ("settled", "payable", "held"):
            alike = self.all.filtered(lambda entry, state=state: entry.state == state)
            others = self.all - alike
            with self.subTest(state=state):
                self.assertEqual(self._find(("state", "=", state)), alike.sorted())
                self.assertEqual(self._find(("state", "!=", state)), others.sorted())
                self.assertEqual(self._find(("state", "not in", [state])), others.sorted())
        both = self._find(("state", "in", ["settled", "held"]))
        self.assertEqual(both, (self.settled | self.held).sorted())

    def test_statements_are_read_and_found_alike(self):
        self.assertEqual(self.all.statement_id, self.march | self.april)
        self.assertEqual(self._find(("statement_id", "=", self.march.id)), self.settled)
        self.assertEqual(
            self._find(("statement_id", "=", False)), (self.unstated | self.held).sorted()
        )
        self.assertEqual(
            self._find(("statement_id", "!=", False)), (self.settled | self.drawn).sorted()
        )
        self.assertEqual(self._find(("statement_id.date_from", "=", date(2026, 4, 1))), self.drawn)
        Statement = self.env["ar.commission.statement"]
        self.assertEqual(Statement.search([("entry_ids", "in", self.drawn.ids)]), self.april)
        self.assertEqual(Statement.search([("entry_ids.amount", "=", 10)]), self.march)

    def test_lists_are_grouped_and_sorted_by_them(self):
        entries = self.env["ar.commission.entry"].with_user(self.payer)
        domain = [("id", "in", self.all.ids)]
        sums = dict(entries._read_group(domain, ["state"], ["amount:sum"]))
        self.assertEqual(sums, {"settled": 10, "payable": 60, "held": 80})
        sums = dict(entries._read_group(domain, ["statement_id"], ["amount:sum"]))
        self.assertEqual(sums, {self.march: 10, self.april: 20, entries.statement_id.browse(): 120})
        self.assertEqual(
            entries.search(domain, order="state, id").ids,
            [self.held.id, self.drawn.id, self.unstated.id, self.settled.id],
        )

    def test_a_salesperson_finds_the_states_of_his_own(self):
        mine = self._entry(5, date(2026, 3, 9), payee=self.colleague.partner_id)
        seen = self._find(("state", "=", "settled"), user=self.salesman)
        self.assertEqual(seen, self.settled)
        self.assertFalse(self._find(user=self.colleague))
        self.assertEqual(mine.with_user(self.colleague).state, "payable")

    def test_what_follows_from_the_statement_is_known_at_once(self):
        self.april.action_review()
        self.assertEqual(self.drawn.state, "payable")
        self.april.action_approve()
        self.assertEqual(self.drawn.state, "settled")
        self.april.action_pay()
        self.assertEqual(self.drawn.state, "settled")

    def test_an_entry_has_one_place(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env.cr.execute(
                "INSERT INTO ar_commission_place (id, company_ref, statement_id)"
                " VALUES (%s, %s, %s)",
                [self.settled.id, self.company.id, self.april.id],
            )

    def test_history_costs_nothing(self):
        """What is drawn is looked for among what is on no statement, not among all entries."""
        agents = self.env["res.partner"].create([{"name": f"Old {n}"} for n in range(3)])
        for agent in agents:
            self._entry(1, date(2025, 3, 5), payee=agent)
        self._draw({"date_from": date(2025, 3, 1), "date_to": date(2025, 3, 31)})
        self.env.cr.execute("ANALYZE ar_commission_place")
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        entries = self.env["ar.commission.entry"]
        query = entries._search(entries._unstated(self.company, date(2026, 5, 31)))
        self.env.cr.execute(SQL("EXPLAIN %s", query.select()))
        plan = "\n".join(line for (line,) in self.env.cr.fetchall())
        self.assertIn("ar_commission_place_unstated_idx", plan)

    # ------------------------------------------------------------------ the version before
    def test_an_update_carries_statements_and_holds_over(self):
        entries = self.all.sorted("id")
        before = [(entry.state, entry.statement_id, entry.held) for entry in entries]
        self._as_it_was()
        self._migrate("pre-migrate")
        self.env.cr.execute("TRUNCATE ar_commission_place")  # which Odoo has made meanwhile
        self._migrate("post-migrate")
        self.env.invalidate_all()
        after = [(entry.state, entry.statement_id, entry.held) for entry in entries]
        self.assertEqual(after, before)
        self.assertEqual(self._draw(MAY).entry_ids, self.unstated)

    def _migrate(self, step):
        load_script(str(STEPS / f"{step}.py"), step).migrate(self.env.cr, "19.0.1.0.0")

    def _as_it_was(self):
        """The columns of the version before, filled as it did."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            ALTER TABLE ar_commission_entry ADD state varchar, ADD statement_id integer;
            UPDATE ar_commission_entry entry SET statement_id = place.statement_id,
                   state = CASE WHEN statement.state IN ('approved', 'paid') THEN 'settled'
                                WHEN entry.held THEN 'held' ELSE 'payable' END
              FROM ar_commission_place place
         LEFT JOIN ar_commission_statement statement ON statement.id = place.statement_id
             WHERE place.id = entry.id;
            ALTER TABLE ar_commission_entry DROP COLUMN held;
            """
        )


@tagged("post_install", "-at_install")
class TestCommissionDrawnTwice(RaceCase):
    """Over two real connections, each with its snapshot taken before the other one writes."""

    def _create(self, env):
        """An agent with one entry about an order."""
        company = env.company.root_id
        agent, customer = env["res.partner"].create([{"name": "Racer"}, {"name": "Raced"}])
        plan = env["ar.commission.plan"].create(
            {
                "name": "Race",
                "company_id": company.id,
                "version_ids": [
                    Command.create(
                        {
                            "name": "Race",
                            "date_from": date(2026, 1, 1),
                            "rule_ids": [Command.create({"rate": 5})],
                        }
                    )
                ],
            }
        )
        order = env["sale.order"].create({"partner_id": customer.id, "company_id": company.id})
        env.flush_all()
        env.cr.execute(
            """
            WITH entry AS (
                INSERT INTO ar_commission_entry (company_id, currency_id, payee_id, plan_id,
                       version_id, rule_id, order_id, partial_ref, kind, date, generation, amount,
                       held)
                VALUES (%s, %s, %s, %s, %s, %s, %s, 0, 'order', '2026-03-05', 1, 100, FALSE)
                RETURNING id, company_id)
            INSERT INTO ar_commission_place (id, company_ref)
            SELECT id, company_id FROM entry RETURNING id
            """,
            [
                *(company.id, company.currency_id.id, agent.id, plan.id),
                *(plan.version_ids.id, plan.version_ids.rule_ids.id, order.id),
            ],
        )
        self.entry = env.cr.fetchone()[0]
        self.agent, self.company = agent.id, company.id
        self.ids = {
            "sale.order": order.ids,
            "ar.commission.plan": plan.ids,
            "res.partner": (agent | customer).ids,
        }

    def _remove(self):
        """Entries are kept even from the owner of their table, unless he says otherwise."""
        with self._environment() as env:
            env["ar.commission.statement"].search([("payee_id", "=", self.agent)]).unlink()
            env.cr.execute(
                """
                ALTER TABLE ar_commission_entry DISABLE TRIGGER ar_commission_kept;
                DELETE FROM ar_commission_place WHERE id = %(id)s;
                DELETE FROM ar_commission_entry WHERE id = %(id)s;
                ALTER TABLE ar_commission_entry ENABLE TRIGGER ar_commission_kept;
                """,
                {"id": self.entry},
            )
            for model, ids in self.ids.items():
                env[model].browse(ids).unlink()

    def _draw(self, period, ready, totals):
        """Statements of two periods: nothing but the entry itself keeps them apart."""
        with self._environment() as env:
            env.cr.execute("SELECT 1 FROM ar_commission_place LIMIT 1")  # takes the snapshot
            ready.wait(timeout=30)

            def draw():
                statement = env["ar.commission.statement"].create(
                    {"payee_id": self.agent, "company_id": self.company, **period}
                )
                totals.append(statement.total)

            retrying(draw, env)

    def test_an_entry_is_paid_once(self):
        ready, totals = threading.Barrier(2), []
        threads = [
            threading.Thread(target=self._draw, args=(period, ready, totals))
            for period in (MARCH, APRIL)
        ]
        with mute_logger("odoo.sql_db"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=60)
        self.assertEqual(sorted(totals), [0, 100])
        with self._environment() as env:
            paid = env["ar.commission.entry"].browse(self.entry).statement_id
            self.assertEqual(paid.total, 100)
