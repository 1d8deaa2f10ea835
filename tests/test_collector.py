"""Who follows a customer up: by hand, by rule, by a deputy; and who is told that nobody does."""

import random

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation

from .test_contact import ContactCommon


class CollectorCommon(ContactCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env["ar.portfolio.rule"]
        cls.other = cls._new_user("ar_collector_2", "ar_credit_control.group_collector")
        cls.italy, cls.france = cls.env.ref("base.it"), cls.env.ref("base.fr")
        cls.profile = cls.Profile._get_or_create(cls.customer, cls.company)

    def _rule(self, user, **vals):
        return self.Rule.create({"user_id": user.id, "company_id": self.company.id, **vals})

    def _apply(self):
        self.env.flush_all()
        self.Rule.sudo()._apply(self.company)
        self.env.invalidate_all()

    def _absence(self, user, deputy, start=0, end=0, by=None):
        return (
            self.env["ar.absence"]
            .with_user(by or self.manager)
            .create(
                {
                    "user_id": user.id,
                    "deputy_id": deputy.id,
                    "date_from": self._day(start),
                    "date_to": self._day(end),
                }
            )
        )


@tagged("post_install", "-at_install")
class TestCollector(CollectorCommon):
    # ------------------------------------------------------------------ portfolios
    def test_the_first_rule_that_matches_names_the_collector_and_why(self):
        self.customer.country_id = self.italy
        self._invoice(self.customer, 500, due=-10)
        self._rule(self.other, country_ids=self.france.ids, sequence=1)
        self._rule(self.collector, country_ids=self.italy.ids, amount_from=400, sequence=2)
        self._rule(self.other, sequence=3)
        self._apply()
        self.assertEqual(self.profile.collector_id, self.collector)
        self.assertIn("by rule: Italy; overdue 400", self.profile.collector_reason)
        self.customer.country_id = False
        self._apply()
        self.assertEqual(self.profile.collector_id, self.other)
        self.Rule.search([]).active = False
        self._apply()
        self.assertFalse(self.profile.collector_id)
        self.assertEqual(self.profile.collector_reason, "nobody is responsible")

    def test_a_collector_set_by_hand_stays_until_it_is_emptied(self):
        self._rule(self.other)
        self.profile.with_user(self.collector).collector_id = self.collector
        self._apply()
        self.assertEqual(self.profile.collector_id, self.collector)
        self.assertEqual(self.profile.collector_reason, "set for this customer")
        self.profile.with_user(self.manager).collector_id = False
        self._apply()
        self.assertEqual(self.profile.collector_id, self.other)

    def test_customers_who_owe_something_get_a_profile_with_their_collector(self):
        self._rule(self.other, team_ids=self.team.ids)
        owing = self._new_customer("Owing", user_id=self.salesman.id)
        self._invoice(owing, 100, due=10)
        self._new_customer("Quiet")
        self._apply()
        found = self.Profile.search([("collector_id", "=", self.other.id)])
        self.assertIn(owing, found.partner_id)
        self.assertFalse(self.Profile.search([("partner_id.name", "=", "Quiet")]))

    def test_rules_agree_with_asking_one_by_one(self):
        dice = random.Random(3)
        users = self.collector | self.other | self.manager
        for place in range(4):
            grades = sorted(dice.sample("ABCDE", 2))
            self._rule(
                dice.choice(users),
                sequence=place,
                country_ids=dice.choice([[], self.italy.ids, (self.italy | self.france).ids]),
                amount_from=dice.choice([0, 0, 300]),
                amount_to=dice.choice([0, 600]),
                best_grade=dice.choice([False, grades[0]]),
                worst_grade=dice.choice([False, grades[1]]),
            )
        partners = self.env["res.partner"]
        for number in range(40):
            country = dice.choice([False, self.italy.id, self.france.id])
            partner = self._new_customer(f"Customer {number}", country_id=country)
            profile = self.Profile._get_or_create(partner, self.company)
            profile.sudo().score_grade = dice.choice([False, *"ABCDE"])
            if dice.random() < 0.7:
                self._invoice(partner, dice.randrange(100, 900), due=dice.choice([-20, 20]))
            partners |= partner
        self._apply()
        rules = self.Rule.search([("company_id", "=", self.company.id)])
        for partner in partners:
            profile = self.Profile._get_or_create(partner, self.company)
            match = next((rule for rule in rules if self._matches(rule, profile)), self.Rule)
            with self.subTest(partner=partner.name):
                self.assertEqual(profile.collector_id, match.user_id)
                self.assertEqual(profile.portfolio_rule_id, match)

    def _matches(self, rule, profile):
        partner = profile.partner_id.with_company(self.company)
        span = (rule.best_grade or "A", profile.grade or "", rule.worst_grade or "E")
        return all(
            (
                not rule.country_ids or partner.country_id in rule.country_ids,
                rule.amount_from <= partner.ar_overdue <= (rule.amount_to or 10**9),
                not (rule.best_grade or rule.worst_grade) or sorted(span) == list(span),
            )
        )

    def test_rules_that_match_nobody_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "swap them"):
            self._rule(self.other, best_grade="D", worst_grade="B")

    def test_a_collector_chosen_by_hand_survives_a_merge(self):
        double = self._new_customer("Customer again")
        self.Profile._get_or_create(double, self.company).with_user(
            self.collector
        ).collector_id = self.other
        entry = self._contact(partner_id=double.id)
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((double | self.customer).ids, self.customer, extra_checks=False)
        self.env.invalidate_all()
        self.assertEqual(self.profile.collector_id, self.other)
        self.assertTrue(self.profile.collector_by_hand)
        self.assertEqual(entry.partner_id, self.customer)

    # ------------------------------------------------------------------ deputies
    def test_calls_go_to_the_deputy_during_an_absence(self):
        self.profile.with_user(self.manager).collector_id = self.collector
        self._absence(self.collector, self.other, -1, 1)
        self.assertEqual(self.profile.stand_in_id, self.other)
        self.ladder.level_ids.write({"by_email": False, "by_call": True})
        self._invoice(self.customer, 100, due=-30)
        self._send()
        call = self.profile.activity_ids
        self.assertEqual(call.user_id, self.other)
        self.assertEqual(
            call.activity_type_id, self.env.ref("ar_credit_control.activity_dunning_call")
        )

    def test_calls_go_to_the_collector_before_the_responsible(self):
        self.profile.with_user(self.manager).write(
            {"collector_id": self.collector.id, "user_id": self.manager.id}
        )
        self.ladder.level_ids.write({"by_email": False, "by_call": True})
        self._invoice(self.customer, 100, due=-30)
        self._send()
        self.assertEqual(self.profile.activity_ids.user_id, self.collector)

    def test_the_collector_is_told_of_a_drop_of_the_grade(self):
        self.profile.with_user(self.manager).collector_id = self.collector
        self.profile.user_id = self.manager
        self._absence(self.collector, self.other)
        self.profile.sudo()._tell_of_drop("B", "D")
        self.assertEqual(
            self.profile.activity_ids.user_id, self.other | self.manager | self.salesman
        )

    def test_absences_that_make_no_sense_are_refused(self):
        self._absence(self.collector, self.other, 0, 5)
        with self.assertRaisesRegex(ValidationError, "is away from"):
            self._absence(self.collector, self.manager, 5, 6)
        for who, deputy, start, end in (
            (self.other, self.other, 0, 1),
            (self.other, self.manager, 2, 1),
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self._absence(who, deputy, start, end)
                self.env.flush_all()

    # ------------------------------------------------------------------ nobody
    def test_nobody_responsible_is_a_filter_and_a_figure(self):
        owned, unowned, recent = (self._new_customer(name) for name in ("O", "U", "R"))
        for partner, due in ((owned, -40), (unowned, -40), (recent, -20)):
            self._invoice(partner, 100, due=due)
        profile = self.Profile._get_or_create(owned, self.company)
        profile.user_id = self.manager
        partners = (owned | unowned | recent).with_user(self.collector).with_company(self.company)
        inside = [("id", "in", partners.ids)]
        nobody = partners.search([*inside, ("ar_collector_id", "=", False)])
        self.assertEqual(nobody, unowned | recent)
        self.assertEqual(partners.filtered(lambda p: not p.ar_collector_id), nobody)
        mine = partners.search([*inside, ("ar_collector_id", "=", self.manager.id)])
        self.assertEqual(mine, owned)
        before = self.Profile._get_unowned(self.company)
        profile.with_user(self.manager).write({"user_id": False, "collector_id": False})
        after = self.Profile._get_unowned(self.company)
        self.assertEqual((after[0] - before[0], after[1] - before[1]), (1, 100))

    def test_each_collector_is_told_once_whom_nobody_speaks_with(self):
        first, second = self._new_customer("Silent One"), self._new_customer("Silent Two")
        for partner in (first, second, self.customer):
            self._invoice(partner, 100, due=-40)
        self._contact()
        self.policy.manager_id = self.manager
        profile = self.Profile._get_or_create(first, self.company)
        profile.with_user(self.manager).collector_id = self.collector
        self.Profile.sudo().with_company(self.company)._tell_of_neglected(self.company)
        told = (
            self.env["mail.message"]
            .sudo()
            .search(
                [("subject", "like", "without contact"), ("message_type", "=", "user_notification")]
            )
        )
        bodies = {message.partner_ids: message.body for message in told}
        self.assertIn("Silent One", bodies[self.collector.partner_id])
        self.assertNotIn("Silent Two", bodies[self.collector.partner_id])
        self.assertIn("Silent Two", bodies[self.manager.partner_id])
        self.assertNotIn(self.customer.name, "".join(bodies.values()))

    def test_what_was_said_already_is_not_said_again(self):
        partner = self._new_customer("Silent One")
        self._invoice(partner, 100, due=-40)
        profile = self.Profile._get_or_create(partner, self.company)
        profile.with_user(self.manager).collector_id = self.collector
        own = self.Profile.sudo().with_company(self.company)
        domain = [
            ("subject", "like", "without contact"),
            ("message_type", "=", "user_notification"),
        ]
        domain += [("partner_ids", "in", self.collector.partner_id.ids)]

        def night():
            before = self.env["mail.message"].sudo().search_count(domain)
            self.env.invalidate_all()
            own._tell_of_neglected(self.company)
            return self.env["mail.message"].sudo().search_count(domain) - before

        self.assertEqual([night(), night()], [1, 0])
        more = self._invoice(partner, 50, due=-45)
        self.assertEqual([night(), night()], [1, 0], "it has become more")
        self._pay(more)
        self.assertEqual(night(), 0)
        profile.with_user(self.manager).collector_id = self.other
        self.assertEqual(night(), 0)
        self.assertEqual(profile.sudo().neglect_told_id, self.other, "another one is told")
        contact = self._contact(partner_id=partner.id)
        self.assertEqual(night(), 0)
        self.assertFalse(profile.sudo().neglect_told_id)
        contact.sudo().unlink()
        profile.with_user(self.manager).collector_id = self.collector
        self.assertEqual(night(), 1, "nobody speaks with them again")
        with self.assertRaises(AccessError):
            profile.with_user(self.manager).neglect_told_id = self.other

    def test_the_manager_is_told_how_much_has_no_owner(self):
        self._invoice(self.customer, 700, due=-40)
        self.policy.manager_id = self.manager
        tell = self.Profile.sudo().with_company(self.company)._tell_of_unowned
        count, amount = self.Profile._get_unowned(self.company)
        tell(self.company)
        messages = self.env["mail.message"].sudo()
        told = messages.search([("subject", "like", "nobody responsible")])
        self.assertEqual(told.partner_ids, self.manager.partner_id)
        self.assertIn(str(count), told.subject)
        self.assertGreaterEqual(amount, 700)
        tell(self.company)
        again = messages.search([("subject", "like", "nobody responsible")])
        self.assertEqual(again, told, "once, until something changes")
        self.profile.with_user(self.manager).collector_id = self.collector
        left, rest = self.Profile._get_unowned(self.company)
        self.assertEqual((count - left, amount - rest), (1, 700))

    def test_a_profile_says_who_is_at_work_today(self):
        self.assertFalse(self.profile.stand_in_id)
        self.profile.user_id = self.manager
        self.assertEqual(self.profile.stand_in_id, self.manager)
        self.assertIn("credit", self.profile.collector_reason)
        self._absence(self.manager, self.collector)
        self._absence(self.collector, self.other)
        self.profile.invalidate_recordset()
        self.assertEqual(self.profile.stand_in_id, self.other)
        self.assertEqual(self.profile._get_warned() & self.other, self.other)

    def test_the_daily_job_applies_rules_in_every_company(self):
        self._rule(self.other)
        self._invoice(self.customer, 100, due=-40)
        self.Profile.sudo()._cron_collection()
        self.env.invalidate_all()
        self.assertEqual(self.profile.collector_id, self.other)

    # ------------------------------------------------------------------ who may
    def test_only_collectors_say_who_follows_up_and_nobody_writes_the_reason(self):
        for user in (self.salesman, self.seller_all, self.auditor, self.accountant):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.profile.with_user(user).collector_id = self.other
        for vals in ({"collector_by_hand": False}, {"portfolio_rule_id": False}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self.profile.with_user(self.manager).write(vals)

    def test_only_managers_make_rules_and_plan_for_others(self):
        rule = self._rule(self.other)
        for user in (self.collector, self.auditor, self.salesman, self.accountant):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    rule.with_user(user).user_id = self.manager
                with self.assertRaises(AccessError):
                    rule.with_user(user).action_apply()
                with self.assertRaises(AccessError):
                    self._absence(self.other, self.manager, by=user)
        self._absence(self.collector, self.other, by=self.collector)
        rule.with_user(self.manager).action_apply()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._new_user("ar_foreign_p", "ar_credit_control.group_credit_manager")
        foreign.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertFalse(self.Rule.with_user(foreign).search([]))
