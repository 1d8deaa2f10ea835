"""Plans refuse what could not be paid, and stay what they were; nobody sees what others earn."""

from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError
from psycopg2.errors import RaiseException

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionPlan(CommissionCommon):
    def _draft(self, **vals):
        self.version.date_to = fields.Date.subtract(self.today, days=1)
        return self.env["ar.commission.version"].create(
            {
                "plan_id": self.plan.id,
                "name": "Next",
                "date_from": self.today,
                "rule_ids": [Command.create({"rate": 5})],
                **vals,
            }
        )

    def test_versions_of_a_plan_do_not_overlap(self):
        version = self._draft(date_from=fields.Date.subtract(self.today, days=3))
        with self.assertRaisesRegex(
            ValidationError, "Field sales: Next overlaps .*First.*end that"
        ):
            self._refused(version.action_activate)
        version.date_from = self.today
        version.action_activate()
        self.assertEqual(self.plan.version_id, version)
        with self.assertRaisesRegex(ValidationError, "overlaps"):
            self.version.date_to = self.today

    def test_rates_are_percentages(self):
        for rate in (-1, 101):
            with self.assertRaisesRegex(ValidationError, "Rate.*of Field sales: Next is .*100"):
                self._refused(
                    lambda rate=rate: self._draft(rule_ids=[Command.create({"rate": rate})])
                )
        with self.assertRaisesRegex(ValidationError, "Part up front.*0 to 100"):
            self._refused(lambda: self._draft(upfront_percent=120))
        with self.assertRaisesRegex(ValidationError, "Factor.*0 to 10"):
            self._refused(lambda: self._draft(speed_ids=[Command.create({"factor": 11})]))
        with self.assertRaisesRegex(ValidationError, "Share.*of Field sales is 0: .*to 100"):
            self._refused(lambda: self.plan.member_ids.write({"share_percent": 0}))

    def _refused(self, way):
        """What the user is told when the database refuses."""
        with mute_logger("odoo.sql_db"):
            try:
                with self.env.cr.savepoint():
                    way()
                    self.env.flush_all()
            except IntegrityError as error:
                constraint = error.diag.constraint_name
                for model in self.env.registry.models.values():
                    for found in model._table_objects.values():
                        if found.full_name(self.env[model._name]) == constraint:
                            raise ValidationError(
                                found.get_error_message(self.env[model._name], error.diag)
                            ) from error
                raise

    def test_brackets_have_no_gaps(self):
        first = Command.create({"day_from": 0, "day_to": 10, "factor": 1})
        for after, words in (
            ({"day_from": 15, "day_to": 20}, "days 11 to 14 are in no bracket: fill"),
            ({"day_from": 8, "day_to": 20}, "days 8 to 10 are in two brackets"),
            ({"day_from": 11, "day_to": 2}, "from day 11 to 2: swap"),
        ):
            with self.assertRaisesRegex(ValidationError, f"Speed.*{words}"):
                self._draft(speed_ids=[first, Command.create(after)])
        with self.assertRaisesRegex(ValidationError, "from day 0 has no end.*day 11"):
            self._draft(
                speed_ids=[
                    Command.create({"day_from": 0, "no_end": True}),
                    Command.create({"day_from": 11, "no_end": True}),
                ]
            )
        version = self._draft(speed_ids=[first])
        self.assertEqual(version.last_day, 10)
        with self.assertRaisesRegex(ValidationError, "in no bracket"):
            version.speed_ids.create({"version_id": version.id, "day_from": 12, "day_to": 13})

    def test_a_version_needs_rules_and_people(self):
        with self.assertRaisesRegex(UserError, "Next has no rules: add"):
            self._draft(rule_ids=[]).action_activate()
        version = self._draft()
        self.plan.member_ids.date_to = fields.Date.subtract(self.today, days=5)
        with self.assertRaisesRegex(UserError, "Next: nobody has a contract.*add members"):
            version.action_activate()

    def test_nobody_has_two_contracts_at_once(self):
        with self.assertRaisesRegex(ValidationError, "salesman is a member of Field sales already"):
            self._new_plan(members=[{"user_id": self.salesman.id}])
        self._new_plan(members=[{"user_id": self.colleague.id}])

    def test_a_member_is_one_person_or_one_team(self):
        with self.assertRaisesRegex(ValidationError, "choose exactly one"):
            self._refused(lambda: self.plan.member_ids.write({"team_id": self.team.id}))

    def test_until_does_not_lie_before_from(self):
        with self.assertRaisesRegex(ValidationError, "“Until” lies before “From”"):
            self._refused(
                lambda: self.plan.member_ids.write({"date_to": fields.Date.to_date("1999-01-01")})
            )

    def test_terms_in_force_do_not_change(self):
        rule = self.version.rule_ids
        for way in (
            lambda: rule.write({"rate": 20}),
            lambda: rule.unlink(),
            lambda: self.version.write({"upfront_percent": 10}),
            lambda: self.version.write({"rule_ids": [Command.create({"rate": 3})]}),
            lambda: self.version.unlink(),
            lambda: self.plan.write({"mode": "stack"}),
        ):
            with self.assertRaisesRegex(UserError, "is in force.*add a version"):
                way()

    def test_only_what_changes_commissions_has_them_reckoned_again(self):
        due = self.env["ar.commission.due"]
        self._sold(100)
        due._calculate()
        self.plan.name = self.version.name = "Another name"
        self.assertFalse(due._count())
        self.plan.active = False
        self.assertTrue(due._count(), "what was earned by it is taken back")

    def test_several_plans_are_edited_at_once(self):
        other = self.plan.copy({"name": "Other"})
        (self.plan | other).write({"mode": self.plan.mode})
        with self.assertRaisesRegex(UserError, "is in force"):
            (self.plan | other).write({"mode": "stack"})

    def test_a_version_by_which_people_earned_stays_in_force(self):
        invoice = self._sold(1000)
        self._pay(invoice)
        self._reckon()
        with self.assertRaisesRegex(UserError, "People have earned by"):
            self.version.action_draft()

    def test_margins_need_the_app_that_knows_them(self):
        if "margin" in self.env["sale.order.line"]._fields:
            self.skipTest("sale_margin is installed")
        with self.assertRaisesRegex(ValidationError, "Margins in Sales Orders.*install"):
            self._draft(basis="margin")

    def test_shares_add_up(self):
        self._new_plan(members=[{"user_id": self.colleague.id}])
        invoice = self._sold(1000)
        mine, other = self.salesman.partner_id, self.colleague.partner_id
        with self.assertRaisesRegex(ValidationError, "add up to 90 %: they must make 100"):
            invoice.ar_commission_share_ids = [
                Command.create({"payee_id": mine.id, "percent": 60}),
                Command.create({"payee_id": other.id, "percent": 30}),
            ]

    def test_whoever_shares_has_a_contract(self):
        invoice = self._sold(1000)
        words = f"“Shares” of .*{invoice.name}.*colleague has no commission contract on"
        with self.assertRaisesRegex(ValidationError, words):
            invoice.ar_commission_share_ids = [
                Command.create({"payee_id": self.colleague.partner_id.id})
            ]

    # ------------------------------------------------------------------ who may
    def test_salespeople_see_their_own(self):
        self._new_plan(members=[{"user_id": self.colleague.id}])
        for seller in (self.salesman, self.colleague):
            self._pay(self._sold(1000, seller=seller))
        self._reckon()
        Entry = self.env["ar.commission.entry"]
        for user, seen in (
            (self.salesman, self.salesman.partner_id),
            (self.colleague, self.colleague.partner_id),
            (self.seller_all, self.env["res.partner"]),
            (self.commissioner, (self.salesman | self.colleague).partner_id),
            (self.auditor, (self.salesman | self.colleague).partner_id),
        ):
            with self.subTest(user=user.name):
                self.assertEqual(Entry.with_user(user).search([]).payee_id, seen)
        theirs = Entry.search([("payee_id", "=", self.colleague.partner_id.id)])
        with self.assertRaises(AccessError):
            theirs.with_user(self.salesman).read(["amount"])
        plans = self.env["ar.commission.plan"].with_user(self.salesman).search([])
        self.assertEqual(plans, self.plan)
        rules = self.env["ar.commission.rule"].with_user(self.salesman).search([])
        self.assertEqual(rules, self.version.rule_ids)

    def test_salespeople_change_nothing(self):
        self._pay(self._sold(1000))
        entry = self._entries()
        rule = self._draft().rule_ids
        waiver = {"move_id": entry.move_id.id, "kind": "late", "reason": "I want it"}
        for user in (self.salesman, self.seller_all, self.auditor, self.accountant):
            for way in (
                lambda user: entry.with_user(user).write({"held": True}),
                lambda user: entry.with_user(user).unlink(),
                lambda user: entry.with_user(user).copy(),
                lambda user: rule.with_user(user).write({"rate": 50}),
                lambda user: self.plan.member_ids.with_user(user).write({"share_percent": 90}),
                lambda user: self.env["ar.commission.waiver"].with_user(user).create(waiver),
                lambda user: self.env["ar.commission.share"]
                .with_user(user)
                .create({"move_id": entry.move_id.id, "payee_id": user.partner_id.id}),
                lambda user: self.version.with_user(user).write({"state": "draft"}),
            ):
                with self.subTest(user=user.name), self.assertRaises(AccessError):
                    way(user)

    def test_entries_are_never_changed(self):
        self._pay(self._sold(1000))
        entry = self._entries().sudo()
        for way in (
            lambda: entry.write({"amount": 1}),
            lambda: entry.write({"date": self.today}),
            lambda: entry.unlink(),
        ):
            with self.assertRaisesRegex(UserError, "never (changed|deleted)"):
                way()
        for statement in (
            "UPDATE ar_commission_entry SET amount = 1 WHERE id = %s",
            "DELETE FROM ar_commission_entry WHERE id = %s",
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(RaiseException, "never changed"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement, [entry.id])

    def test_one_settlement_earns_once(self):
        self._pay(self._sold(1000))
        entry = self._entries()
        columns = (
            "company_id, currency_id, payee_id, plan_id, version_id, rule_id, move_id,"
            " partial_ref, kind, date, generation, held, amount"
        )
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                f"INSERT INTO ar_commission_entry ({columns})"
                f" SELECT {columns} FROM ar_commission_entry WHERE id = %s",
                [entry.id],
            )

    def test_an_invoice_that_earned_is_not_deleted(self):
        invoice = self._sold(1000)
        self._pay(invoice)
        self._reckon()
        invoice.button_draft()
        with self.assertRaisesRegex(UserError, "has earned commission.*cancel it instead"):
            invoice.unlink()

    # ------------------------------------------------------------------ periods
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )
    @given(
        st.lists(
            st.tuples(st.integers(0, 20), st.none() | st.integers(0, 8)), min_size=2, max_size=2
        )
    )
    def test_periods_overlap_when_they_have_a_day_in_common(self, spans):
        start = fields.Date.to_date("2030-01-01")
        versions = self.env["ar.commission.version"].browse()
        days = []
        for first, length in spans:
            last = None if length is None else first + length
            versions |= versions.new(
                {
                    "date_from": start + timedelta(days=first),
                    "date_to": last is not None and start + timedelta(days=last),
                }
            )
            days.append(set(range(first, 40 if last is None else last + 1)))
        one, other = versions
        self.assertEqual(bool(one._overlapping(versions)), bool(days[0] & days[1]))
        self.assertEqual(bool(other._overlapping(versions)), bool(days[0] & days[1]))
