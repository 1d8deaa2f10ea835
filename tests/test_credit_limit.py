from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError
from psycopg2.errors import UniqueViolation

from .common import CreditCommon


class LimitCase(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.customer)
        cls.profile = cls.env["ar.credit.profile"]._get_or_create(cls.customer, cls.company)

    def _day(self, days):
        return fields.Date.add(self.today, days=days)

    def _propose(self, amount=500, user=None, **vals):
        decision = self.env["ar.credit.limit"].with_user(user or self.salesman)
        return decision.create(
            {"profile_id": self.profile.id, "amount": amount, "reason": "Growing", **vals}
        )

    def _approve(self, amount=500, **vals):
        decision = self._propose(amount, **vals)
        decision.with_user(self.manager).action_approve()
        return decision

    def _limit(self):
        return self._position().limit

    def _chatter(self):
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        return " ".join(profile.message_ids.mapped("body"))

    def _give(self, **vals):
        return self.env["ar.credit.authority"].create(vals)


@tagged("post_install", "-at_install")
class TestCreditDecision(LimitCase):
    """A limit is proposed by one and approved by another."""

    def test_a_proposal_changes_nothing_until_it_is_approved(self):
        self.policy.manager_id = self.manager
        decision = self._propose(500)
        self.assertEqual(self._limit().kind, "none")
        self.assertEqual(decision.requested_by_id, self.salesman)
        self.assertEqual(decision.activity_ids.user_id, self.manager)
        self.assertIn("Customer", decision.activity_ids.summary)
        decision.with_user(self.manager).action_approve()
        self.assertEqual((self._limit().kind, self._limit().amount), ("amount", 500))
        self.assertEqual((decision.state, decision.decided_by_id), ("approved", self.manager))
        self.assertFalse(decision.activity_ids)
        self.assertEqual(self.profile.assessed_on, self.today)

    def test_no_proposal_begins_as_a_decision(self):
        forged = {"state": "approved", "decided_by_id": self.manager.id, "previous_amount": 7}
        context = {f"default_{name}": value for name, value in forged.items()}
        for decision in (
            self._propose(900, **forged),
            self.env["ar.credit.limit"]
            .with_user(self.salesman)
            .with_context(**context)
            .create({"profile_id": self.profile.id, "amount": 900, "reason": "mine"}),
        ):
            self.assertEqual((decision.state, decision.previous_amount), ("proposed", 0))
            self.assertFalse(decision.decided_by_id)
            self.assertEqual(decision.requested_by_id, self.salesman)

    def test_nobody_is_asked_to_approve_what_he_proposed_himself(self):
        self.policy.manager_id = self.manager
        self.assertFalse(self._propose(user=self.manager).activity_ids)

    def test_the_customers_chatter_tells_the_change_in_its_currency(self):
        self._approve(500)
        self._approve(1250.5, reason="Good year")
        self.assertRegex(self._chatter(), r"\$&nbsp;500\.00 → \$&nbsp;1,250\.50\. Good year")

    def test_a_refusal_leaves_the_limit(self):
        self._approve(500)
        decision = self._propose(900)
        decision.with_user(self.manager).action_refuse()
        self.assertEqual(decision.state, "refused")
        self.assertEqual(self._limit().amount, 500)
        self.assertNotIn("900", self._chatter())
        with self.assertRaisesRegex(UserError, "decided already"):
            decision.with_user(self.manager).action_approve()

    def test_a_temporary_raise_begins_and_ends_by_itself(self):
        self._approve(500)
        self._approve(800, kind="raise", date_from=self._day(2), date_to=self._day(5))
        self.assertEqual(self._limit().amount, 500, "it has not begun")
        self.profile.sudo().raise_from = self.today
        self.assertEqual(self._limit().amount, 800)
        self.assertEqual(self._limit().temporary_until, self._day(5))
        self.assertIn("raised to", self._chatter())
        self.profile.sudo().raise_until = self._day(-1)
        self.assertEqual((self._limit().amount, self._limit().temporary_until), (500, None))
        self.assertEqual(self.customer.with_company(self.company).credit_limit, 500)

    def test_a_raise_below_the_limit_takes_nothing_away(self):
        self._approve(500)
        self._approve(300, kind="raise", date_to=self._day(5))
        self.assertEqual(self._limit().amount, 500)

    def test_a_limit_runs_out(self):
        self._approve(500, date_to=self._day(1))
        limit = self._limit()
        self.assertEqual(limit.valid_until, self._day(1))
        self.assertFalse(limit.expired(self.today))
        self._approve(500)
        self.assertFalse(self._limit().valid_until, "the new decision has no end")

    def test_no_credit_is_told_and_ends_with_a_new_limit(self):
        self._approve(500)
        self._approve(0, kind="no_credit", reason="Insolvent")
        self.assertEqual(self._limit().kind, "no_credit")
        self.assertRegex(self._chatter(), "No credit from now on at .*: Insolvent")
        self._approve(200)
        self.assertEqual((self._limit().kind, self._limit().amount), ("amount", 200))

    def test_a_limit_of_0_is_none_set(self):
        self._approve(500)
        self._approve(0)
        self.assertEqual(self._limit().kind, "none")
        self.assertFalse(self.customer.ar_widget["available"])
        self.assertNotRegex(self._chatter() + str(self.customer.ar_widget), "(?i)unlimited")

    def test_values_that_make_no_sense_are_refused_with_a_way_out(self):
        for vals, words in (
            ({"amount": -1}, "use “No credit” instead"),
            ({"kind": "raise"}, "needs the day until"),
            ({"kind": "raise", "amount": 0, "date_to": self._day(3)}, "amount above 0"),
            ({"date_from": self._day(3), "date_to": self._day(2)}, "before it begins"),
        ):
            with self.subTest(vals=vals), self.assertRaisesRegex(ValidationError, words):
                self._propose(**vals)

    def test_the_button_appears_for_who_may_decide(self):
        self._give(user_id=self.collector.id, limit_amount=300)
        small, large = self._propose(300), self._propose(301)
        self.assertTrue(small.with_user(self.collector).may_decide)
        self.assertFalse(large.with_user(self.collector).may_decide)
        self.assertTrue(large.with_user(self.manager).may_decide)
        large.with_user(self.manager).action_refuse()
        self.assertFalse(large.with_user(self.manager).may_decide)

    def test_the_profile_proposes_from_the_present_limit(self):
        self._approve(500)
        action = self.profile.with_user(self.salesman).action_propose_limit()
        decision = self.env["ar.credit.limit"].with_context(**action["context"]).new()
        self.assertEqual((decision.profile_id._origin, decision.amount), (self.profile, 500))


@tagged("post_install", "-at_install")
class TestCreditAuthority(LimitCase):
    """How far whose authority goes."""

    def _ceiling(self, user, purpose="limit", company=None):
        authority = self.env["ar.credit.authority"].with_user(user)
        return authority._get_ceiling(purpose, company or self.company)

    def test_nobody_has_an_authority_by_himself(self):
        self.assertEqual(self._ceiling(self.collector), 0)
        with self.assertRaisesRegex(UserError, "no authority"):
            self._propose(1).with_user(self.collector).action_approve()
        with self.assertRaisesRegex(UserError, "no authority"):
            self._propose(0, kind="no_credit").with_user(self.collector).action_refuse()

    def test_any_limit_authority_may_stop_credit(self):
        self._give(user_id=self.collector.id, limit_amount=1)
        self._propose(0, kind="no_credit").with_user(self.collector).action_approve()
        self.assertEqual(self._limit().kind, "no_credit")

    def test_the_largest_authority_counts_whoever_it_was_given_to(self):
        self._give(user_id=self.collector.id, limit_amount=100, release_amount=900)
        group = self.env.ref("ar_credit_control.group_collector")
        self._give(group_id=group.id, limit_amount=400, release_amount=20)
        self.assertEqual(self._ceiling(self.collector), 400)
        self.assertEqual(self._ceiling(self.collector, "release"), 900)
        with self.assertRaisesRegex(UserError, r"401\.00 is more than you may approve .*400\.00"):
            self._propose(401).with_user(self.collector).action_approve()

    def test_an_authority_may_be_for_one_company(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        self._give(user_id=self.collector.id, company_id=other.id, limit_amount=500)
        self.assertEqual(self._ceiling(self.collector), 0)
        self.assertEqual(self._ceiling(self.collector, company=other), 500)

    def test_an_authority_covers_the_branches(self):
        branch = (
            self.env["res.company"].sudo().create({"name": "Branch", "parent_id": self.company.id})
        )
        self._give(user_id=self.collector.id, company_id=self.company.id, limit_amount=500)
        self.assertEqual(self._ceiling(self.collector, company=branch), 500)

    def test_credit_managers_start_with_any_amount(self):
        self.assertIsNone(self._ceiling(self.manager))
        self.env.ref("ar_credit_control.authority_credit_manager").unlimited = False
        self.assertEqual(self._ceiling(self.manager), 0)

    def test_an_authority_has_one_holder(self):
        group = self.env.ref("ar_credit_control.group_collector")
        for holder in ({}, {"user_id": self.collector.id, "group_id": group.id}):
            with self.subTest(holder=holder), mute_logger("odoo.sql_db"):
                with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                    self._give(limit_amount=5, **holder)
        with self.assertRaisesRegex(ValidationError, "use 0 for none"):
            self._give(user_id=self.collector.id, release_amount=-5)


@tagged("post_install", "-at_install")
class TestCoreLimit(LimitCase):
    """Core's own field, which accountants may write."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.env["res.partner"].with_user(cls.accountant).with_company(cls.company)

    def test_a_new_customer_comes_with_no_more_than_ones_authority(self):
        self._give(user_id=self.accountant.id, limit_amount=500)
        partner = self.partners.create({"name": "New", "credit_limit": 500})
        profile = self.env["ar.credit.profile"]._get_or_create(partner, self.company)
        self.assertIn("500.00", " ".join(profile.message_ids.mapped("body")))
        with self.assertRaisesRegex(UserError, r"501\.00 is more than you may approve"):
            self.partners.create([{"name": "A"}, {"name": "B", "credit_limit": 501}])

    def test_a_new_customer_gets_no_limit_by_the_defaults_of_its_creator(self):
        self.salesman.group_ids += self.env.ref("base.group_partner_manager")
        said = {self.salesman: "enough rights", self.accountant: "no authority"}
        for user, refusal in said.items():
            partners = self.partners.with_user(user)
            with self.subTest(user=user.login), self.assertRaisesRegex(UserError, refusal):
                partners.with_context(default_credit_limit=900).create({"name": "New"})
            self.env["ir.default"].set("res.partner", "credit_limit", 900, user_id=user.id)
            with self.subTest(own=user.login), self.assertRaisesRegex(UserError, "no authority"):
                partners.create({"name": "New"})
        self.env["ir.default"].set("res.partner", "credit_limit", 300, company_id=self.company.id)
        colleague = self.partners.with_user(self.manager)
        self.assertEqual(colleague.create({"name": "New"}).sudo().credit_limit, 300)

    def test_without_authority_the_way_is_a_proposal(self):
        partner = self.partners.browse(self.customer.id)
        with self.assertRaisesRegex(UserError, "no authority.*propose the limit"):
            partner.credit_limit = 10
        partner.write({"credit_limit": 0, "comment": "as before"})
        self.assertIn("as before", self.customer.comment)

    def test_a_change_is_told_to_those_who_may_see_the_customers_credit(self):
        self._give(user_id=self.accountant.id, limit_amount=500)
        self.partners.browse(self.customer.id).credit_limit = 250
        self.assertRegex(self._chatter(), r"0\.00 → .*250\.00")
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        message = profile.message_ids[0]
        self.assertEqual(message.author_id, self.accountant.partner_id)
        self.assertTrue(message.subtype_id.internal, "the customer does not read it")
        self.assertNotIn(
            "250", " ".join(self.customer.message_ids.mapped("body")), "every employee reads it"
        )
        with self.assertRaises(AccessError):
            message.with_user(self.stranger).read(["body"])

    def test_a_negative_limit_is_refused(self):
        with self.assertRaisesRegex(UserError, "use 0 for none set"):
            self.partners.browse(self.customer.id).credit_limit = -1

    def test_the_companys_default_is_everybodys_limit_until_one_is_decided(self):
        self.env["ir.default"].set("res.partner", "credit_limit", 300, company_id=self.company.id)
        self.assertEqual(self._limit().amount, 300)
        order = self._order(self.customer, 301)
        order.action_confirm()
        self.assertEqual(order.ar_credit_state, "held")
        self.env["ir.default"].set("res.partner", "credit_limit", 200, company_id=self.company.id)
        self.assertEqual(self._limit().amount, 200)
        self._approve(1000)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_limits_are_each_companys_own(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        self._approve(700)
        theirs = self.env["ar.position"]._get_positions(self.customer, other)
        self.assertEqual(theirs[self.customer.id].limit.kind, "none")


@tagged("post_install", "-at_install")
class TestCreditGroup(LimitCase):
    """Companies that share one limit."""

    def test_the_keeper_is_one_of_the_companies(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        vals = {"name": "Group", "company_id": self.company.id}
        with (
            self.assertRaisesRegex(ValidationError, "must be one of its companies"),
            self.env.cr.savepoint(),
        ):
            self.env["ar.credit.group"].create({**vals, "company_ids": [Command.set(other.ids)]})
        group = self.env["ar.credit.group"].create(
            {**vals, "company_ids": [Command.set((self.company | other).ids)]}
        )
        with self.assertRaisesRegex(ValidationError, "must be one of its companies"):
            group.company_ids = [Command.unlink(self.company.id)]

    def test_the_keeper_does_not_leave_by_its_own_form_either(self):
        other, third = self.env["res.company"].sudo().create([{"name": "B"}, {"name": "C"}])
        groups = self.env["ar.credit.group"]
        group = groups.create(
            {
                "name": "Group",
                "company_id": self.company.id,
                "company_ids": [Command.set((self.company | other | third).ids)],
            }
        )
        for vals in (
            {"ar_credit_group_id": False},
            {
                "ar_credit_group_id": groups.create(
                    {"name": "2", "company_id": third.id, "company_ids": [Command.set(third.ids)]}
                ).id
            },
        ):
            with (
                self.subTest(vals=vals),
                self.assertRaisesRegex(ValidationError, "keeps the limit of Group"),
                self.env.cr.savepoint(),
            ):
                self.company.sudo().write(vals)
        other.ar_credit_group_id = False  # any other company may go
        self.assertEqual(group.company_ids, self.company)
        group.unlink()
        self.assertFalse(self.company.ar_credit_group_id)

    def test_one_company_keeps_the_limits_of_one_group(self):
        vals = {"company_id": self.company.id, "company_ids": [Command.set(self.company.ids)]}
        self.env["ar.credit.group"].create({"name": "One", **vals})
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env["ar.credit.group"].create({"name": "Two", **vals})

    def test_an_order_here_is_held_for_what_is_owed_there(self):
        other = (
            self.env["res.company"]
            .sudo()
            .create({"name": "Other", "currency_id": self.company.currency_id.id})
        )
        self.env["ar.credit.group"].create(
            {
                "name": "Group",
                "company_id": self.company.id,
                "company_ids": [Command.set((self.company | other).ids)],
            }
        )
        self._approve(100)
        theirs = self._order(self.customer, 70, company_id=other.id).sudo()
        theirs.action_confirm()
        self.assertEqual(theirs.state, "sale")
        ours = self._order(self.customer, 40)
        ours.action_confirm()
        self.assertEqual(ours.ar_credit_state, "held")
        self.assertEqual(ours.ar_widget["shared_exposure"], 70)

    def _share(self, companies, user=None):
        vals = {"name": "Group", "company_id": companies[0].id}
        vals["company_ids"] = [Command.set(companies.ids)]
        return self.env["ar.credit.group"].with_user(user or self.manager).create(vals)

    def test_a_credit_manager_lets_the_companies_share_in_which_he_works(self):
        theirs, foreign = self.env["res.company"].sudo().create([{"name": "B"}, {"name": "C"}])
        self.manager.sudo().company_ids |= theirs
        group = self._share(self.company)
        group.company_ids = [Command.link(theirs.id)]
        self.assertEqual(theirs.sudo().ar_credit_group_id, group)
        group.company_ids = [Command.unlink(theirs.id)]
        self.assertFalse(theirs.sudo().ar_credit_group_id)
        for attempt in (
            lambda: self._share(theirs | foreign),
            lambda: group.write({"company_ids": [Command.link(foreign.id)]}),
            lambda: group.write({"company_ids": [Command.create({"name": "D"})]}),
            lambda: group.write({"company_ids": [Command.update(theirs.id, {"name": "D"})]}),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                attempt()

    def test_a_company_of_others_is_not_taken_out_of_its_group(self):
        foreign = self.env["res.company"].sudo().create({"name": "C"})
        group = self._share(self.company | foreign, self.env.user)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            group.with_user(self.manager).company_ids = [Command.set(self.company.ids)]
        group.with_user(self.manager).name = "Known by another name"
        self.assertEqual(group.name, "Known by another name")

    def test_only_credit_managers_let_companies_share(self):
        with self.assertRaises(AccessError):
            self.env["ar.credit.group"].with_user(self.collector).create(
                {"name": "Mine", "company_id": self.company.id}
            )

    def test_without_credit_there_is_no_limit_to_raise(self):
        profile = self.env["ar.credit.profile"]._get_or_create(self.customer, self.company)
        profile.sudo().credit_mode = "no_credit"
        with self.assertRaisesRegex(ValidationError, "propose a limit"):
            self.env["ar.credit.limit"].with_user(self.manager).create(
                {
                    "profile_id": profile.id,
                    "kind": "raise",
                    "amount": 500,
                    "date_to": "2099-12-31",
                    "reason": "Season",
                }
            )
