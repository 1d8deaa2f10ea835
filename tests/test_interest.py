"""Reference rates and laws: what is shipped, the yearly update, and who may change them."""

import base64
from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from psycopg2 import IntegrityError

from ..ar_credit_control.rules.interest import Half, MissingRate
from .common import CreditCommon

HEAD = "reference,date_from,rate\n"
# Published rates of the laws, percent a year: law, half-year, rate.
PUBLISHED = [
    ("scheme_it", Half(2023, 2), 12.00),
    ("scheme_it", Half(2024, 2), 12.25),
    ("scheme_it", Half(2025, 2), 10.15),
    ("scheme_it", Half(2014, 2), 8.15),
    ("scheme_fr", Half(2025, 1), 13.15),
    ("scheme_pl", Half(2018, 1), 9.50),
    ("scheme_pl", Half(2021, 1), 10.10),
    ("scheme_pl", Half(2024, 1), 15.75),
    ("scheme_pl_health", Half(2024, 1), 13.75),
    ("scheme_eu", Half(2026, 1), 10.15),
]


@tagged("post_install", "-at_install")
class TestInterest(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Reference = cls.env["ar.interest.reference"]
        cls.ecb = cls.env.ref("ar_credit_control.reference_ecb")

    def _scheme(self, name):
        return self.env.ref(f"ar_credit_control.{name}")

    def _rate(self, day):
        return self.ecb.rate_ids.filtered(lambda rate: str(rate.date_from) == day).rate

    # ------------------------------------------------------------------ what is shipped
    def test_the_laws_give_the_published_rates(self):
        for name, half, rate in PUBLISHED:
            with self.subTest(law=name, half=str(half)):
                self.assertAlmostEqual(self._scheme(name)._to_rules().rate(half), rate)

    def test_an_unknown_half_year_is_an_error_that_names_it(self):
        with self.assertRaisesRegex(MissingRate, "European Central Bank.*2012 H2"):
            self._scheme("scheme_it")._to_rules().rate(Half(2012, 2))

    def test_a_french_contract_rate_needs_the_legal_rate_as_its_floor(self):
        scheme = self._scheme("scheme_fr")._to_rules(contract_rate=5.0)
        self.assertAlmostEqual(scheme.rate(Half(2025, 1)), 3 * 3.71)
        with self.assertRaisesRegex(MissingRate, "France.*2023 H1"):
            scheme.rate(Half(2023, 1))

    def test_each_country_starts_with_its_law(self):
        for code, name in (
            ("it", "scheme_it"),
            ("fr", "scheme_fr"),
            ("pl", "scheme_pl"),
            ("es", "scheme_eu"),
            ("us", None),
        ):
            with self.subTest(country=code):
                self.company.account_fiscal_country_id = self.env.ref(f"base.{code}")
                found = self.env["ar.interest.scheme"]._get_default(self.company)
                self.assertEqual(found, self._scheme(name) if name else found.browse())

    # ------------------------------------------------------------------ the yearly update
    def test_the_update_adds_and_corrects(self):
        self.assertEqual(self._rate("2025-07-01"), 2.15)
        counts = self.Reference._import_rates(HEAD + "ecb,2029-01-01,1.5\necb,2025-07-01,2.0\n")
        self.assertEqual(counts, (1, 1))
        self.assertEqual(self._rate("2029-01-01"), 1.5)
        self.assertEqual(self._rate("2025-07-01"), 2.0)
        self.assertEqual(self.ecb.last_half, "2029 H1")

    def test_the_addon_keeps_what_users_entered(self):
        self.ecb.rate_ids.filtered(lambda r: str(r.date_from) == "2025-07-01").rate = 9.0
        self.ecb.rate_ids.filtered(lambda r: str(r.date_from) == "2024-07-01").unlink()
        self.Reference._load_shipped()
        self.assertEqual(self._rate("2025-07-01"), 9.0)
        self.assertEqual(self._rate("2024-07-01"), 4.25)

    def test_a_table_with_a_mistake_enters_nothing_and_says_where(self):
        for row, message in (
            ("ecb,2029-02-01,1", r"Line 3, date_from .*1 January or 1 July"),
            ("ecb,2029-01-01,a", r"Line 3, rate .*percent a year"),
            (",2029-01-01,1", r"Line 3, reference .*code"),
            ("boe,2029-01-01,1", r"code boe: use one of ecb, fr_legal, nbp"),
        ):
            with self.subTest(row=row), self.assertRaisesRegex(UserError, message):
                self.Reference._import_rates(HEAD + "ecb,2028-01-01,1\n" + row)
            self.assertFalse(self._rate("2028-01-01"))
        with self.assertRaisesRegex(UserError, "Line 1, column .*first line"):
            self.Reference._import_rates("nothing")

    def test_the_wizard_reads_a_file(self):
        Wizard = self.env["ar.interest.import"].with_user(self.manager)
        table = base64.b64encode((HEAD + "ecb,2029-01-01,1.5\n").encode())
        result = Wizard.create({"file": table, "file_name": "rates.csv"}).action_import()
        self.assertIn("1 rates added, 0 changed", result["params"]["message"])
        wizard = Wizard.create({"file": base64.b64encode(b"\xff\xfe"), "file_name": "rates.xls"})
        with self.assertRaisesRegex(UserError, "rates.xls is not a text in UTF-8"):
            wizard.action_import()

    # ------------------------------------------------------------------ what may be entered
    def test_a_rate_begins_a_half_year_and_stands_once(self):
        Rate = self.env["ar.interest.rate"]
        vals = {"reference_id": self.ecb.id, "rate": 1.0}
        with self.assertRaisesRegex(ValidationError, "1 January or 1 July"):
            Rate.create({**vals, "date_from": date(2029, 3, 1)})
        Rate.create({**vals, "date_from": date(2029, 1, 1)})
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            Rate.create({**vals, "date_from": date(2029, 1, 1)})

    def test_only_the_credit_manager_changes_rates_and_laws(self):
        for user in (self.collector, self.auditor):
            self.assertTrue(self.ecb.with_user(user).rate_ids)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.ecb.rate_ids[:1].with_user(user).rate = 0
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._scheme("scheme_it").with_user(user).points = 0
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["ar.interest.import"].with_user(user).create({"file": b"YQ=="})
        for user in (self.salesman, self.accountant):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.ecb.with_user(user).read(["name"])
        self.ecb.rate_ids[:1].with_user(self.manager).rate = 3.0
