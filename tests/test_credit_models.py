"""Rules that hold for every model of the addon, those that are added later included."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import CreditCommon

OPERATIONS = ("read", "write", "create", "unlink")
# A dispute is settled outside finance: its owner may be any employee, and sees his own.
OWNED = {"ar.dispute": {"read", "write"}, "ar.dispute.line": {"read"}}
# What salespeople write down or propose; what follows from it is decided elsewhere.
TOLD_BY_SALES = {
    "ar.credit.limit": {"create"},
    "ar.contact": {"create"},
    "ar.dispute": {"create", "write"},
    "ar.dispute.line": {"create", "write"},
    "ar.promise": {"create", "write"},
    "ar.promise.line": {"create", "write"},
}
# Made of the current company's rows alone.
OF_THE_COMPANY = {"ar.commission.waiting.line", "ar.good.payer", "ar.worklist"}


@tagged("post_install", "-at_install")
class TestEveryModel(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.models = [
            model
            for name, model in cls.env.registry.models.items()
            if name.startswith("ar.") and not model._abstract
        ]
        cls.stored = [model._name for model in cls.models if not model._transient]
        cls.portal = cls._new_user("ar_portal", "base.group_portal")
        cls.plain = cls._new_user("ar_plain", "base.group_user")

    def _allowed(self, name, user):
        model = self.env[name].with_user(user)
        return {operation for operation in OPERATIONS if model.has_access(operation)}

    def test_there_are_models_to_check(self):
        self.assertIn("ar.credit.profile", self.stored)
        self.assertIn("ar.credit.hold", self.stored)

    def test_customers_and_employees_without_a_part_in_it_reach_none(self):
        for name in self.stored:
            for user in (self.portal, self.plain):
                owned = OWNED.get(name, set()) if user == self.plain else set()
                with self.subTest(model=name, user=user.login):
                    self.assertEqual(self._allowed(name, user), owned)
                    if owned:
                        self.assertFalse(self.env[name].with_user(user).search([]))
                        continue
                    with self.assertRaises(AccessError):
                        self.env[name].with_user(user).search([])

    def test_customers_open_no_dialog(self):
        for model in self.models:
            with self.subTest(model=model._name):
                self.assertEqual(self._allowed(model._name, self.portal), set())

    def test_an_auditor_changes_nothing(self):
        for name in self.stored:
            with self.subTest(model=name):
                owned = OWNED.get(name, set())
                self.assertLessEqual(self._allowed(name, self.auditor), {"read"} | owned)

    def test_salespeople_decide_nothing(self):
        for name in self.stored:
            may = {"read"} | TOLD_BY_SALES.get(name, set())
            with self.subTest(model=name):
                self.assertLessEqual(self._allowed(name, self.salesman), may)

    def test_what_belongs_to_a_company_is_closed_to_the_others(self):
        rules = self.env["ir.rule"].sudo().search([("groups", "=", False)])
        guarded = {rule.model_id.model for rule in rules if "company" in (rule.domain_force or "")}
        owned = {name for name in self.stored if "company_id" in self.env[name]._fields}
        self.assertEqual(owned - guarded - OF_THE_COMPANY, set())

    def test_every_model_says_what_it_is(self):
        for model in self.models:
            with self.subTest(model=model._name):
                self.assertNotEqual(model._description, model._name)
