"""The customer's own page: what it shows, what it takes, and that it never shows another's."""

import base64
from datetime import timedelta

from odoo import Command, http
from odoo.exceptions import UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .claim_common import ClaimCommon

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestPortal(ClaimCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = cls._portal_user("ar_buyer", cls.customer)
        cls.other = cls._new_customer("Competitor")
        cls.theirs = cls._invoice(cls.other, 7654.32, due=-9)
        cls.spy = cls._portal_user("ar_spy", cls.other)

    @classmethod
    def _portal_user(cls, login, customer):
        contact = cls.env["res.partner"].create({"name": login, "parent_id": customer.id})
        return new_test_user(
            cls.env,
            login=login,
            groups="base.group_portal",
            partner_id=contact.id,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def _post(self, what, files=None, **data):
        data = {"csrf_token": http.Request.csrf_token(self), **data}
        return self.url_open(f"/my/statement/{what}", data=data, files=files)

    def _claims(self, model, partner=None):
        return self.env[model].search([("partner_id", "=", (partner or self.customer).id)])

    def _enter(self, user=None):
        user = user or self.portal
        self.authenticate(user.login, user.login)

    # ------------------------------------------------------------------ what it shows
    def test_page_shows_the_customers_own_items_alone(self):
        self._invoice(self.customer, 40, due=-2, move_type="out_refund")
        self._enter()
        page = self.url_open("/my/statement").text
        self.assertIn(self.move.name, page)
        self.assertIn("30 days overdue", page)
        self.assertIn("460.00", page)
        for word in (self.theirs.name, "7,654.32", "Competitor"):
            self.assertNotIn(word, page)
        for query in (f"?partner_id={self.other.id}", f"?customer={self.other.id}&access_token=x"):
            self.assertNotIn("7,654.32", self.url_open(f"/my/statement{query}").text)
        self.assertIn("/my/statement", self.url_open("/my").text)
        self._enter(self.spy)
        self.assertIn("7,654.32", self.url_open("/my/statement").text)

    def test_letter_is_the_customers_own(self):
        self._enter()
        html = self.url_open(f"/my/statement/pdf?docids={self.other.id}&partner_id={self.other.id}")
        self.assertEqual(html.status_code, 200)
        portal = self.env["ar.portal"].with_user(self.portal)
        self.assertEqual(portal._customer(), self.customer)
        # the report's own address stays closed to portal users
        report = f"/report/html/ar_credit_control.report_statement/{self.customer.id}"
        self.assertNotIn(self.move.name, self.url_open(report).text)

    def test_strangers_have_to_sign_in(self):
        self.authenticate(None, None)
        for path in ("", "/pdf"):
            answer = self.url_open(f"/my/statement{path}", allow_redirects=False)
            self.assertIn(answer.status_code, (302, 303))

    # ------------------------------------------------------------------ promises
    def test_promise_within_the_limits(self):
        self._enter()
        day = self.today + timedelta(days=10)
        answer = self._post("promise", item=self._item().id, day=str(day))
        self.assertIn("written your promise down", answer.text)
        promise = self._claims("ar.promise")
        self.assertEqual((promise.amount, promise.date, promise.state), (500, day, "open"))
        self.assertEqual((promise.channel, promise.contact_id), ("portal", self.portal.partner_id))
        self.assertFalse(promise.message_partner_ids & self.portal.partner_id, "no follower")
        entry = self._claims("ar.contact")
        self.assertEqual((entry.channel, entry.outcome), ("portal", "promise"))
        self.assertEqual(self._reason(self._run()), "promised")

    def test_a_part_of_an_item_is_promised_and_another_disputed(self):
        second = self._item(self._invoice(self.customer, 60, due=-1))
        item, day = self._item(), str(self.today + timedelta(days=3))
        self._enter()
        page = self.url_open("/my/statement").text
        self.assertIn(f'name="amount_{item.id}"', page)
        data = {"item": item.id, f"amount_{item.id}": "120,50", f"amount_{second.id}": "60.00"}
        self._post("promise", day=day, **data)
        promise = self._claims("ar.promise")
        self.assertEqual((promise.amount, promise.line_ids.move_line_id), (120.5, item))
        data = {"item": [item.id, second.id], f"amount_{item.id}": "79.5"}
        self._post("dispute", reason="price", note="Too much", **data)
        dispute = self._claims("ar.dispute")
        self.assertEqual(sorted(dispute.line_ids.mapped("amount")), [60, 79.5])

    def test_amounts_of_the_form_are_bounded_by_what_is_open(self):
        item, day = self._item().id, str(self.today + timedelta(days=3))
        self._enter()
        for text, message in (
            ("500.01", "only"),
            ("1e400", "enter a number above 0"),
            ("nan", "enter a number above 0"),
            ("0", "enter a number above 0"),
            ("-5", "enter a number above 0"),
            ("a lot", "enter a number above 0"),
        ):
            with self.subTest(text=text):
                data = {"item": item, f"amount_{item}": text}
                self.assertIn(message, self._post("promise", day=day, **data).text)
                answer = self._post("dispute", reason="price", note="x", **data)
                self.assertIn(message, answer.text)
        self.assertFalse(self._claims("ar.promise"))
        self.assertFalse(self._claims("ar.dispute"))

    def test_bad_promises_are_refused_with_what_to_do(self):
        self.policy.write({"promise_max_days": 10, "promise_max_open": 1})
        second = self._invoice(self.customer, 60, due=-1)
        item, fine = self._item().id, str(self.today + timedelta(days=3))
        self._enter()
        for data, message in (
            ({"item": item, "day": str(self.today + timedelta(days=11))}, "choose a day up to"),
            ({"item": item, "day": str(self.today - timedelta(days=1))}, "lies in the past"),
            ({"item": item, "day": "soon"}, "enter a date"),
            ({"item": item, "day": ""}, "enter a date"),
            ({"day": fine}, "Choose from your open invoices"),
            ({"item": "1 OR 1=1", "day": fine}, "Choose from your open invoices"),
            ({"item": self._item(self.theirs).id, "day": fine}, "Choose from your open invoices"),
            ({"item": [item, self._item(self.theirs).id], "day": fine}, "Choose from your open"),
        ):
            with self.subTest(data=data):
                self.assertIn(message, self._post("promise", **data).text)
        self.assertFalse(self._claims("ar.promise"))
        self._post("promise", item=item, day=fine)
        answer = self._post("promise", item=self._item(second).id, day=fine)
        self.assertIn("1 promises are open already", answer.text)
        self.assertIn("promised payments already", answer.text)
        self.assertEqual(len(self._claims("ar.promise")), 1)
        self.assertFalse(self._claims("ar.promise", self.other))

    def test_a_form_of_another_session_is_refused(self):
        self._enter(self.spy)
        stolen = http.Request.csrf_token(self)
        self._enter()
        for token in (stolen, "0" * 40, ""):
            answer = self._post(
                "promise", csrf_token=token, item=self._item().id, day=str(self.today)
            )
            self.assertEqual(answer.status_code, 400)
        self.assertFalse(self._claims("ar.promise"))

    # ------------------------------------------------------------------ disputes
    def test_dispute_with_an_attachment(self):
        self._enter()
        answer = self._post(
            "dispute",
            files={"attachment": ("<b>photo</b>.png", PNG, "image/png")},
            item=self._item().id,
            reason="quality",
            note="All of it is scratched",
        )
        self.assertIn("We look into it", answer.text)
        dispute = self._claims("ar.dispute")
        self.assertEqual((dispute.reason, dispute.amount), ("quality", 500))
        self.assertEqual((dispute.channel, dispute.user_id), ("portal", self.salesman))
        file = self.env["ir.attachment"].search(
            [("res_model", "=", "ar.dispute"), ("res_id", "=", dispute.id)]
        )
        self.assertEqual((file.raw, file.mimetype), (PNG, "image/png"))
        self.assertFalse(file.public)
        self.assertFalse(dispute.message_partner_ids & self.portal.partner_id, "no follower")
        self.assertEqual(self._reason(self._run()), "disputed")

    def test_bad_disputes_are_refused_with_what_to_do(self):
        self._enter()
        good = {"item": self._item().id, "reason": "price", "note": "Too much"}
        html = b"<html><script>alert(1)</script></html>"
        for data, file, message in (
            ({**good, "note": "  "}, None, "tell us"),
            ({**good, "reason": "weather"}, None, "choose one of the list"),
            ({**good, "item": self._item(self.theirs).id}, None, "Choose from your open invoices"),
            (good, ("a.png", html, "image/png"), "send a PDF, JPEG or PNG file"),
            (good, ("a.pdf", PNG + b"x" * 5 * 1024 * 1024, "application/pdf"), "at most 5 MB"),
        ):
            with self.subTest(message=message):
                answer = self._post("dispute", files=file and {"attachment": file}, **data)
                self.assertIn(message, answer.text)
                self.assertIn(data["note"].strip(), answer.text, "what was typed is still there")
        self.assertFalse(self._claims("ar.dispute") | self._claims("ar.dispute", self.other))
        self.assertFalse(self.env["ir.attachment"].search([("res_model", "=", "ar.dispute")]))

    def test_without_a_salesperson_the_responsible_owns_it(self):
        self.customer.user_id = False
        self.move.invoice_user_id = False
        profile = self.Profile._get_or_create(self.customer, self.company)
        profile.user_id = self.manager
        portal = self.env["ar.portal"].with_user(self.portal).with_company(self.company)
        dispute = portal._dispute(self._item().ids, "price", "Too much")
        self.assertEqual(dispute.user_id, self.manager)

    # ------------------------------------------------------------------ no other way in
    def test_contact_of_another_company_reaches_nothing(self):
        portal = self.env["ar.portal"].with_user(self.spy).with_company(self.company)
        self.assertNotIn(self._item().id, portal._items().ids)
        for call in (
            lambda: portal._promise(self._item().ids, self.today),
            lambda: portal._dispute(self._item().ids, "price", "mine"),
        ):
            with self.assertRaises(UserError):
                call()
        promise, dispute = self._promise(), self._dispute(move=self._invoice(self.customer, 9))
        for record in (promise, promise.line_ids, dispute, dispute.line_ids):
            with self.subTest(model=record._name), self.assertRaises(UserError):
                record.with_user(self.spy).read(["partner_id"])
            self.assertFalse(portal._claims(record._name.removesuffix(".line")))
        self._enter(self.spy)
        page = self.url_open("/my/statement").text
        self.assertNotIn(self.move.name, page)
        self.assertNotIn("500.00", page)

    def test_customer_walks_through_the_page(self):
        self._invoice(self.customer, 120, due=-4)
        self.start_tour("/my/statement", "ar_portal_statement", login=self.portal.login)
        self.assertEqual(self._claims("ar.promise").amount, 500)
        self.assertEqual(self._claims("ar.dispute").amount, 120)
