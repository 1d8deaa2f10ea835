"""Grades in lists of customers: found, sorted and grouped by the database, for who may see them."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestScoreGrade(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good, cls.bad, cls.new = (cls._new_customer(name) for name in ("Good", "Bad", "New"))
        cls.profile = cls._graded(cls.good, "A")
        cls._graded(cls.bad, "D")
        cls.all = cls.good | cls.bad | cls.new

    @classmethod
    def _graded(cls, partner, grade):
        profile = cls.env["ar.credit.profile"]._get_or_create(partner, cls.company)
        profile.sudo().score_grade = grade
        return profile

    def find(self, domain, user=None, **options):
        partners = self.env["res.partner"].with_user(user or self.manager)
        return partners.search([("id", "in", self.all.ids), *domain], **options)

    def test_list_is_filtered_sorted_and_grouped(self):
        self.assertEqual(self.find([("ar_grade", "in", ["C", "D"])]), self.bad)
        self.assertEqual(self.find([("ar_grade", "=", False)]), self.new)
        self.assertEqual(self.find([("ar_grade", "!=", "A")]), self.bad | self.new)
        self.assertEqual(
            self.find([], order="ar_grade desc NULLS LAST, id")[:2].mapped("ar_grade"), ["D", "A"]
        )
        groups = (
            self.find([])
            .with_user(self.manager)
            ._read_group([("id", "in", self.all.ids)], ["ar_grade"], ["__count"])
        )
        self.assertEqual(sorted(groups, key=str), [("A", 1), ("D", 1), (False, 1)])

    def test_contacts_have_the_grade_of_their_customer(self):
        contact = self.env["res.partner"].create({"name": "Jo", "parent_id": self.bad.id})
        self.assertEqual(contact.with_user(self.manager).ar_grade, "D")

    def test_a_colleagues_customer_keeps_its_grade_to_itself(self):
        self.assertEqual(self.good.with_user(self.salesman).ar_grade, "A")
        self.assertEqual(self.good.with_user(self.colleague).ar_grade, "A")
        self.assertFalse(self.good.with_user(self.stranger).ar_grade)
        self.assertFalse(self.find([("ar_grade", "=", "A")], self.stranger))

    def test_nobody_writes_a_score_and_only_managers_a_grade(self):
        for user in (self.salesman, self.collector, self.auditor):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.profile.with_user(user).override_grade = "A"
        for name, value in (("score", 100), ("grade", "A"), ("score_grade", "A")):
            with self.subTest(field=name), self.assertRaises(AccessError):
                self.profile.with_user(self.manager)[name] = value
