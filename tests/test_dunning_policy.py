"""Which policy a customer gets, which policies can be saved, and what a level does to orders."""

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from psycopg2 import IntegrityError

from .dunning_common import LEVELS, DunningCommon


@tagged("post_install", "-at_install")
class TestDunningPolicy(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.firm = cls._policy("Firm")
        cls._invoice(cls.customer, 500, due=-30)

    def _rule(self, policy=None, **vals):
        return self.env["ar.dunning.assignment"].create(
            {"policy_id": (policy or self.firm).id, **vals}
        )

    def _got(self):
        return self._run().notice_ids.policy_id

    # ------------------------------------------------------------------ ready-made
    def test_a_country_entered_later_brings_its_law(self):
        company = self.env["res.company"].create({"name": "Young"})
        policies = self.env["ar.dunning.policy"].search([("company_id", "=", company.id)])
        self.assertTrue(policies)
        self.assertFalse(policies.interest_scheme_id)
        directive = self.env["ar.interest.scheme"].search([("country_ids", "=", False)], limit=1)
        policies[0].interest_scheme_id = directive
        company.country_id = self.env.ref("base.it")
        self.assertEqual(policies[0].interest_scheme_id, directive)
        self.assertEqual(policies[1:].interest_scheme_id.country_ids.mapped("code"), ["IT"])

    def test_policies_follow_the_currency_that_a_chart_of_accounts_brings(self):
        dollar, euro = self.env.ref("base.USD"), self.env.ref("base.EUR")
        euro.active = True
        company = self.env["res.company"].create({"name": "Young", "currency_id": dollar.id})
        policies = self.env["ar.dunning.policy"].search([("company_id", "=", company.id)])
        policies[0].currency_id = self.env.ref("base.CHF")
        company.currency_id = euro
        self.assertEqual(policies[1:].currency_id, euro)
        self.assertEqual(policies[0].currency_id.name, "CHF", "chosen by somebody")

    # ------------------------------------------------------------------ who gets which
    def test_rules_by_what_a_customer_is(self):
        tag = self.env["res.partner.category"].create({"name": "Public"})
        country = self.env.ref("base.be")
        profile = self.Profile._get_or_create(self.customer, self.company)
        self.customer.write({"category_id": [Command.link(tag.id)], "country_id": country.id})
        profile.sudo().score_grade = "C"
        other = self.env["res.partner.category"].create({"name": "Other"})
        for vals, matches in (
            ({}, True),
            ({"tag_ids": [Command.link(tag.id)]}, True),
            ({"tag_ids": [Command.link(other.id)]}, False),
            ({"tag_ids": [Command.set((tag | other).ids)]}, True),
            ({"country_ids": [Command.link(country.id)]}, True),
            ({"country_ids": [Command.link(self.env.ref("base.fr").id)]}, False),
            ({"best_grade": "B", "worst_grade": "C"}, True),
            ({"best_grade": "A", "worst_grade": "B"}, False),
            ({"best_grade": "D"}, False),
            ({"worst_grade": "C"}, True),
            ({"amount_from": 500}, True),
            ({"amount_from": 500.01}, False),
            ({"amount_to": 499}, False),
            ({"amount_from": 100, "amount_to": 500}, True),
            ({"user_ids": [Command.link(self.salesman.id)]}, True),
            ({"user_ids": [Command.link(self.colleague.id)]}, False),
            ({"team_ids": [Command.link(self.team.id)]}, True),
            (
                {
                    "team_ids": [Command.link(self.team.id)],
                    "country_ids": [Command.link(country.id)],
                    "amount_from": 501,
                },
                False,
            ),
        ):
            with self.subTest(rule=vals):
                rule = self._rule(**vals)
                self.assertEqual(self._got(), self.firm if matches else self.ladder)
                rule.unlink()

    def test_a_customer_without_grade_matches_no_grade(self):
        self._rule(best_grade="A", worst_grade="E")
        self.assertEqual(self._got(), self.ladder)

    def test_the_first_rule_counts_and_is_named(self):
        self._rule(self._policy("Late"), sequence=5, amount_from=1)
        self._rule(sequence=1, amount_from=100)
        notice = self._run().notice_ids
        self.assertEqual(notice.policy_id, self.firm)
        self.assertEqual(notice.policy_reason, "by rule: overdue 100–…")

    def test_by_hand_comes_before_every_rule(self):
        self._rule()
        profile = self.Profile._get_or_create(self.customer, self.company)
        profile.dunning_policy_id = self.ladder
        self.assertEqual(self._got(), self.ladder)

    def test_rules_that_match_nobody_are_refused(self):
        for vals, message in (
            ({"best_grade": "D", "worst_grade": "B"}, "grades run from the worse"),
            ({"amount_from": -1}, "amounts are 0 or more"),
            ({"amount_from": 10, "amount_to": 5}, "no amount lies between"),
        ):
            with self.subTest(rule=vals), self.assertRaisesRegex(ValidationError, message):
                self._rule(**vals)

    # ------------------------------------------------------------------ what can be saved
    def _levels(self, *changes):
        levels = [dict(level) for level in LEVELS]
        for level, change in zip(levels, changes, strict=False):
            level.update(change)
        return levels

    def test_levels_that_cannot_be_climbed_are_refused_by_name(self):
        for changes, options, message in (
            (({}, {"days": 5}), {}, "“Broken”: level “Second” comes after 5 days, not later"),
            (({}, {"days": 1}), {}, "not later than “First”"),
            (({"deadline_days": 16},), {}, "before the deadline of “First” is over.*21 days"),
            (({},), {"grace_days": 5}, "level “First”: 5 days lie within the 5 days of grace"),
        ):
            with self.subTest(message=message), self.assertRaisesRegex(ValidationError, message):
                self._policy("Broken", self._levels(*changes), **options)

    def test_a_change_of_one_level_is_checked_against_the_others(self):
        with self.assertRaisesRegex(ValidationError, "“Second” comes after 4 days"):
            self.ladder.level_ids[1].days = 4
        with self.assertRaisesRegex(ValidationError, "days of grace"):
            self.ladder.grace_days = 20

    def test_numbers_that_make_no_sense_are_refused(self):
        level = self.ladder.level_ids[0]
        for record, vals in (
            (level, {"min_amount": -1}),
            (level, {"min_share": 101}),
            (level, {"deadline_days": -1}),
            (level, {"charge_amount": -1}),
            (self.ladder, {"grace_days": -1}),
            (self.ladder, {"min_interval": -1}),
        ):
            with self.subTest(vals=vals), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    record.write(vals)
                    self.env.flush_all()

    def test_a_level_needs_a_channel_and_a_text(self):
        with self.assertRaisesRegex(ValidationError, "level “First”: choose at least one channel"):
            self._policy("Mute", self._levels({"by_email": False}))
        with self.assertRaisesRegex(ValidationError, "choose the text of the message"):
            self._policy("Empty", self._levels({"mail_template_id": False}))

    def test_a_text_that_does_not_render_is_refused_by_name(self):
        template = self.env["mail.template"].create(
            {
                "name": "Broken text",
                "model_id": self.env.ref("ar_credit_control.model_ar_dunning_notice").id,
                "subject": "x",
            }
        )
        template.flush_recordset()
        broken = '<p t-out="object.no_such_field">x</p>'
        self.env.cr.execute(
            "UPDATE mail_template SET body_html = jsonb_build_object('en_US', %s::text)"
            " WHERE id = %s",
            [broken, template.id],
        )
        template.invalidate_recordset()
        runs = self.Run.search_count([])
        with self.assertRaisesRegex(
            ValidationError, "“First”: the text “Broken text” does not render: .*no_such_field"
        ):
            self.ladder.level_ids[0].mail_template_id = template
        self.assertEqual(self.Run.search_count([]), runs, "the trial leaves nothing behind")

    def test_a_text_about_something_else_is_refused(self):
        template = self.env["mail.template"].create(
            {"name": "Partner", "model_id": self.env.ref("base.model_res_partner").id}
        )
        with self.assertRaisesRegex(ValidationError, "“Partner” is not about dunning notices"):
            self.ladder.level_ids[0].mail_template_id = template

    def test_a_text_that_breaks_later_fails_its_own_notices_only(self):
        other = self._new_customer("Other", email="o@o.example")
        self._invoice(other, 100, due=-30)
        broken = self.template.copy({"name": "Broken"})
        self.firm.level_ids.mail_template_id = broken
        self.Profile._get_or_create(other, self.company).dunning_policy_id = self.firm
        broken.flush_recordset()
        self.env.cr.execute(
            "UPDATE mail_template SET body_html = jsonb_build_object('en_US', %s::text)"
            " WHERE id = %s",
            ['<p t-out="object.no_such_field">x</p>', broken.id],
        )
        broken.invalidate_recordset()
        run = self._run()
        bad = run.notice_ids.filtered(lambda n: n.partner_id == other)
        self.assertIn("no_such_field", bad.preview)
        self._send(run)
        self.assertEqual((bad.state, run.failed_count, run.state), ("failed", 1, "done"))
        self.assertIn("no_such_field", bad.problem)
        self.assertEqual((run.notice_ids - bad).state, "sent")
        self.firm.level_ids.mail_template_id = self.template
        bad.action_retry()
        run.action_process()
        self.assertEqual(bad.state, "sent")

    # ------------------------------------------------------------------ what follows for orders
    def _verdict(self):
        order = self._order(self.customer, 10, user=self.manager)
        return order.ar_widget

    def _only(self, *rules):
        self.policy.rule_ids.unlink()
        self.policy.rule_ids = [Command.create(rule) for rule in rules]

    def test_a_level_warns_or_holds_by_the_credit_policy(self):
        self._only({"criterion": "dunning_level", "effect": "warn", "level": 1})
        self.assertEqual(self._verdict()["decision"], "pass")
        self._send()
        widget = self._verdict()
        self.assertEqual(widget["decision"], "warn")
        self.assertIn("Reminded at dunning level 1.", str(widget["findings"]))
        self.assertIn("Dunning level 1", [chip["label"] for chip in widget["chips"]])
        self.policy.rule_ids.write({"effect": "hold", "level": 2})
        self.assertEqual(self._verdict()["decision"], "pass")

    def test_a_level_holds_orders_until_the_items_are_paid(self):
        self._only()
        self.ladder.level_ids[0].credit_hold = True
        self._send()
        order = self._order(self.customer, 10)
        order.action_confirm()
        self.assertEqual((order.state, order.ar_credit_state), ("draft", "held"))
        self._pay(self.env["account.move"].search([("partner_id", "=", self.customer.id)]))
        self.assertEqual(self._verdict()["decision"], "pass", "as the ledger stands, at once")
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_a_rule_asks_about_a_level(self):
        with self.assertRaisesRegex(ValidationError, "a level of 1 or more"):
            self._only({"criterion": "dunning_level", "level": 0})

    # ------------------------------------------------------------------ lists of customers
    def test_customers_are_found_sorted_and_grouped_by_level(self):
        other = self._new_customer("Never reminded")
        self._send()
        Partner = self.env["res.partner"].with_user(self.manager)
        mine = [("id", "in", (self.customer | other).ids)]
        self.assertEqual(Partner.search([*mine, ("ar_dunning_level", ">", 0)]), self.customer)
        self.assertEqual(Partner.search([*mine, ("ar_dunning_level", "=", 0)]), other)
        self.assertEqual(Partner.search(mine, order="ar_dunning_level desc"), self.customer | other)
        groups = Partner._read_group(mine, ["ar_dunning_level"], ["__count"])
        self.assertEqual(sorted(groups), [(0, 1), (1, 1)])
        self.assertFalse(
            self.env["res.partner"]
            .with_user(self.stranger)
            .search([*mine, ("ar_dunning_level", ">", 0)])
        )
        self.assertEqual(self.customer.with_user(self.stranger).ar_dunning_level, 0)
        self.assertEqual(self.customer.with_user(self.salesman).ar_dunning_level, 1)
        self.assertEqual(self.customer.with_user(self.salesman).ar_dunning_date, self.today)

    def test_levels_stand_per_company(self):
        self._send()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.env.user.company_ids |= other
        self.assertEqual(self._level(), 1)
        self.assertEqual(self.customer.with_company(other).ar_dunning_level, 0)

    def test_due_dates_ahead_can_be_noted(self):
        courtesy = self._policy(
            "Courtesy", [{"name": "Soon", "days": -5, "deadline_days": 0}, LEVELS[0]]
        )
        early = self._new_customer("Early", email="e@e.example")
        self._invoice(early, 100, due=4)
        self.Profile._get_or_create(early, self.company).dunning_policy_id = courtesy
        run = self._run(partner_ids=[Command.set(early.ids)])
        self.assertEqual(run.notice_ids.level_id.name, "Soon")
        self._send(run)
        self.assertEqual(self._level(early), 0, "nothing is overdue, so there is no level")
        self.assertEqual(fields.Date.add(self.today, days=0), run.notice_ids.deadline)
