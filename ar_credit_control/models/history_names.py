"""The names that opening history may use, and the records they stand for."""

from datetime import date
from functools import cached_property

from odoo import fields

from ..rules.history_check import CurrencyInfo, Done, Known


class HistoryNames:
    """Looks names up for one company, each kind of name in one query."""

    def __init__(self, env, company, journal):
        self.env = env(context=dict(env.context, lang=env.user.lang or "en_US"))
        self.company, self.journal = company, journal

    @cached_property
    def currencies(self):
        return {currency.name: currency for currency in self.env["res.currency"].search([])}

    @cached_property
    def first_rates(self):
        groups = self.env["res.currency.rate"]._read_group(
            [("company_id", "in", (False, self.company.root_id.id))],
            ["currency_id"],
            ["name:min"],
        )
        return {currency.id: first for currency, first in groups}

    @cached_property
    def countries(self):
        countries = self.env["res.country"].search([])
        names = {country.name.lower(): country.id for country in countries}
        names |= {c.name.lower(): c.id for c in countries.with_context(lang="en_US")}
        return names | {country.code.lower(): country.id for country in countries}

    @cached_property
    def terms(self):
        terms = self._of_company("account.payment.term")
        names = {term.name.lower(): term.id for term in terms.with_context(lang="en_US")}
        return names | {term.name.lower(): term.id for term in terms}

    @cached_property
    def taxes(self):
        """Sales taxes in percent, by name and by percentage; the first one by sequence counts."""
        taxes = self._of_company(
            "account.tax", [("type_tax_use", "=", "sale"), ("amount_type", "=", "percent")]
        )
        names = {}
        for tax in reversed(taxes):
            percent = f"{tax.amount:g}"
            names |= {percent: tax, f"{percent}%": tax}
        return names | {tax.name.lower(): tax for tax in taxes}

    @cached_property
    def salespeople(self):
        users = self.env["res.users"].search([("share", "=", False)])
        return {user.login.lower(): user.id for user in users}

    @cached_property
    def providers(self):
        providers = self.env["ar.credit.provider"].search([])
        return {provider.name.lower(): provider for provider in providers}

    def _of_company(self, model, domain=()):
        Model = self.env[model]
        return Model.search([*Model._check_company_domain(self.company), *domain])

    def partners(self, codes):
        """Partners by reference: {code: partners}, those of no or this company."""
        partners = self.env["res.partner"].search(
            [("ref", "in", list(codes)), ("company_id", "in", (False, self.company.id))]
        )
        return partners.grouped("ref")

    def records(self, kind, keys):
        """Earlier imports by key: {key: ar.history.record}."""
        records = self.env["ar.history.record"].search(
            [
                ("company_id", "=", self.company.id),
                ("kind", "=", kind),
                ("key", "in", list(keys)),
            ]
        )
        return {record.key: record for record in records}

    def known(self, book):
        """What the company knows of the names in a book."""
        done = self._done(book)
        partners = self.partners(_codes(book) - set(done["customers"]))
        return Known(
            today=fields.Date.context_today(self.env["ar.history.record"]),
            currencies={name: self._currency_info(c) for name, c in self.currencies.items()},
            company_currency=self.company.currency_id.name,
            done=done,
            customers={code: found[0].name for code, found in partners.items()},
            ambiguous=frozenset(code for code, found in partners.items() if len(found) > 1),
            taken=self._taken({i.number for i in book.invoices} - set(done["invoices"])),
            countries=frozenset(self.countries),
            terms=frozenset(self.terms),
            taxes=frozenset(self.taxes),
            salespeople=frozenset(self.salespeople),
            scales={name: found._get_scale() for name, found in self.providers.items()},
        )

    def _done(self, book):
        named = {number for payment in book.payments for number in payment.invoices}
        named |= {invoice.credit_of for invoice in book.invoices}
        keys = {
            "customers": _codes(book),
            "invoices": named | {invoice.number for invoice in book.invoices},
            "payments": {payment.key for payment in book.payments},
            "reports": {report.key for report in book.reports},
        }
        return {
            kind: {
                key: Done(record.digest, record.customer)
                for key, record in self.records(kind, wanted).items()
            }
            for kind, wanted in keys.items()
        }

    def _taken(self, numbers):
        moves = self.env["account.move"].search_fetch(
            [("journal_id", "=", self.journal.id), ("name", "in", list(numbers))], ["name"]
        )
        return frozenset(moves.mapped("name"))

    def _currency_info(self, currency):
        if currency == self.company.currency_id:
            return CurrencyInfo(currency.decimal_places)
        # a currency without any rate counts as 1:1 in Odoo, which would be wrong silently
        return CurrencyInfo(currency.decimal_places, self.first_rates.get(currency.id, date.max))


def _codes(book):
    codes = {customer.code for customer in book.customers}
    return codes | {
        document.customer for document in (*book.invoices, *book.payments, *book.reports)
    }
