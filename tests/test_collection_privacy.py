"""Nothing about a debt reaches outsiders, and persons go when their claim has long ended."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .test_case import CaseCommon


@tagged("post_install", "-at_install")
class TestOutsiders(CaseCommon):
    """A tax adviser who follows the customer, its invoices and, by mistake, all the rest."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outsider = cls.env["res.partner"].create(
            {"name": "Adviser", "email": "adviser@elsewhere.example"}
        )
        cls.invoice = cls._invoice(cls.customer, 300, due=-90)
        for record in (cls.customer, cls.invoice, cls.profile):
            record.message_subscribe(partner_ids=cls.outsider.ids)

    def _told(self):
        """Whatever was sent to the outsider, or waits to be sent."""
        self.env.flush_all()
        by_note = self.env["mail.notification"].sudo()
        by_mail = self.env["mail.mail"].sudo()
        return (
            by_note.search([("res_partner_id", "=", self.outsider.id)]),
            by_mail.search([("recipient_ids", "in", self.outsider.ids)])
            + by_mail.search([("email_to", "like", "adviser@")]),
        )

    def assertNothingTold(self):
        notifications, mails = self._told()
        self.assertFalse(notifications)
        self.assertFalse(mails)

    def test_outsiders_cannot_follow_profiles_and_cases(self):
        case = self._open()
        case.message_subscribe(partner_ids=(self.outsider | self.manager.partner_id).ids)
        self.assertNotIn(self.outsider, case.message_partner_ids | self.profile.message_partner_ids)
        self.assertIn(self.manager.partner_id, case.message_partner_ids)

    def test_outsiders_cannot_follow_promises_plans_and_disputes(self):
        vals = {"partner_id": self.customer.id}
        line = fields.Command.create({"item_id": self._item(self.invoice).id, "amount": 100})
        other = self._item(self._invoice(self.customer, 200, due=-60))
        rest = fields.Command.create({"item_id": other.id, "amount": 200})
        plan = {**vals, "first_date": self._day(3), "line_ids": [rest]}
        claims = (
            self.env["ar.promise"].create({**vals, "date": self._day(3), "line_ids": [line]}),
            self.env["ar.dispute"].create({**vals, "reason": "price", "line_ids": [line]}),
            self.env["ar.instalment.plan"].create(plan),
        )
        for claim in claims:
            claim.message_subscribe(partner_ids=(self.outsider | self.manager.partner_id).ids)
            self.assertNotIn(self.outsider, claim.message_partner_ids)
            self.assertIn(self.manager.partner_id, claim.message_partner_ids)
            claim.message_post(
                body="Owes us 300", subtype_xmlid="mail.mt_comment", partner_ids=self.outsider.ids
            )
        self.assertNothingTold()

    def test_the_way_from_reminder_to_court_tells_outsiders_nothing(self):
        self._climb()
        self._contact(note="He cried", outcome="promise", next_step="x", next_date=self._day(3))
        case = self.Case.search([("partner_id", "=", self.customer.id)])
        case.agency_id = self.agency
        case.action_hand_over()
        case.action_legal()
        case.write({"outcome": "uncollectable", "next_step": "Sell it"})
        case.action_close()
        self.profile._get_warned()
        self.profile.with_user(self.manager).collector_id = self.other
        self.assertNothingTold()

    def test_not_even_when_a_follower_was_written_past_the_door(self):
        case = self._open()
        for record in (case, self.profile):
            self.env["mail.followers"].sudo().create(
                {
                    "res_model": record._name,
                    "res_id": record.id,
                    "partner_id": self.outsider.id,
                    "subtype_ids": [
                        fields.Command.set(self.env.ref("mail.mt_comment").ids),
                    ],
                }
            )
            record.message_post(
                body="Owes us 300", message_type="comment", subtype_xmlid="mail.mt_comment"
            )
        self.assertNothingTold()

    def test_nobody_is_told_by_naming_them_on_a_case(self):
        self._open().message_post(
            body="Owes us 300", partner_ids=self.outsider.ids, subtype_xmlid="mail.mt_comment"
        )
        self.assertNothingTold()

    def test_a_colleague_is_told(self):
        case = self._open()
        case.message_post(body="Look", partner_ids=self.manager.partner_id.ids)
        told = self.env["mail.notification"].sudo()
        self.assertTrue(told.search([("res_partner_id", "=", self.manager.partner_id.id)]))


@tagged("post_install", "-at_install")
class TestErasure(CaseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.ar_retention_months = 12

    def _ended(self, days):
        """A closed case of a customer, and a contact before, that many days ago."""
        self._invoice(self.customer, 300, due=-50)
        case = self._open(note="<p>Broke</p>", agency_ref="Mr Smith, 0171", outcome="withdrawn")
        case.step_ids = [
            fields.Command.create({"kind": "order", "cost": 50, "note": "Judge Brown"})
        ]
        contact = self._contact(person_id=self.person.id, note="He cried", outcome="promise")
        case.action_make_file()
        case.action_close()
        invoice = self._item(case.line_ids.sudo().move_line_id.move_id)
        self._pay(invoice.move_id)
        case.sudo().closed_on = self._day(-days)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ar_contact SET date = %s WHERE id = %s", (self._ago(days), contact.id)
        )
        self.env.invalidate_all()
        return case, contact

    def _erase(self):
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=60):
            self.Case.sudo()._cron_erase()
        self.env.invalidate_all()

    def _due(self):
        self.env.invalidate_all()
        return self.Case._describe_erasable(self.company, 12)

    def test_figures_stay_and_persons_go(self):
        case, contact = self._ended(400)
        self.assertEqual(self._due(), "1 cases and 1 contacts")
        amounts = (case.claim, case.recovered, case.costs)
        self._erase()
        self.assertEqual((case.claim, case.recovered, case.costs), amounts)
        self.assertEqual(
            (case.phase, case.outcome, case.erased_on), ("closed", "withdrawn", self.today)
        )
        self.assertFalse(case.note or case.agency_ref or case.user_id or case.file_ids)
        self.assertFalse(case.message_ids)
        self.assertEqual((case.step_ids.cost, case.step_ids.note), (50, False))
        seen = contact.with_user(self.collector)
        self.assertEqual((seen.channel, seen.outcome), ("phone", "promise"))
        self.assertFalse(seen.person_id or seen.note or seen.user_id)
        self.assertEqual(self._due(), "0 cases and 0 contacts")

    def test_nothing_goes_before_its_time(self):
        case, contact = self._ended(300)
        self.assertEqual(self._due(), "0 cases and 0 contacts")
        self._erase()
        self.assertFalse(case.erased_on or contact.erased_on)
        self.assertTrue(case.file_ids)

    def test_contacts_stay_while_the_customer_owes_or_a_case_is_open(self):
        _case, contact = self._ended(400)
        self._invoice(self.customer, 10, due=-1)
        self.assertEqual(self._due(), "1 cases and 0 contacts")
        self._open()
        self._erase()
        self.assertFalse(contact.erased_on)

    def test_a_case_that_closed_lately_keeps_the_contacts_before_it(self):
        case, contact = self._ended(400)
        case.sudo().closed_on = self._day(-10)
        self.assertEqual(self._due(), "0 cases and 0 contacts")
        self._erase()
        self.assertFalse(contact.erased_on)

    def test_without_a_period_nothing_is_ever_erased(self):
        case, _contact = self._ended(4000)
        self.company.ar_retention_months = 0
        self._erase()
        self.assertFalse(case.erased_on)
        self.assertIn("nothing", self.Case._describe_erasable(self.company, 0))

    def test_the_settings_show_what_would_go(self):
        self._ended(400)
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.ar_erasable, "1 cases and 1 contacts")
        settings.ar_retention_months = 24
        self.assertEqual(settings.ar_erasable, "0 cases and 0 contacts")

    def test_a_job_that_is_stopped_goes_on_where_it_was(self):
        case, contact = self._ended(400)
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=0):
            self.Case.sudo()._cron_erase()
        self.env.invalidate_all()
        self.assertTrue(case.erased_on)
        self.assertFalse(contact.erased_on)
        self._erase()
        self.assertTrue(contact.erased_on)
