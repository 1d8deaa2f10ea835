"""Writes opening history: batches of documents become customers, invoices and payments."""

from collections import Counter
from decimal import Decimal

from odoo import Command

from ..rules.history import REGISTERED, digest
from .history_account_move import HISTORY

# Codes of the journals that an import makes for itself.
OWN_INVOICES, OWN_PAYMENTS = "AROPN", "AROPY"

# Imported documents are history: nobody is told of them, and their making is not news.
QUIET = {
    "ar_history": HISTORY,
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "no_reset_password": True,
}

# Said, or Odoo would look for a distribution of each line: the old books have analysed it.
NO_ANALYSIS = {"analytic_distribution": False}


class MissingName(Exception):
    """A document names another one that did not come in; (document, field, code, name)."""


class HistoryWriter:
    """Creates the documents of one import; each call is one batch of one kind."""

    def __init__(self, run, names):
        self.run = run.with_company(run.company_id).with_context(**QUIET)
        self.env = self.run.env
        self.company, self.names = run.company_id, names

    def write_documents(self, kind, documents):
        """Create the documents and remember what became of each row."""
        created = getattr(self, f"_write_{kind}")(documents)
        self.env["ar.history.record"].create(
            [self._record_vals(doc, *found) for doc, found in zip(documents, created, strict=True)]
        )
        # fields that hang on what was written are computed now, so that a refusal is this batch's
        self.env.flush_all()

    def _record_vals(self, document, field, record):
        return {
            "company_id": self.company.id,
            "import_id": self.run.id,
            "kind": document.kind,
            "key": document.key,
            "digest": digest(document),
            "customer": document.code if document.kind == "customers" else document.customer,
            "disputed": getattr(document, "disputed", False),
            "line": document.line,
            field: record.id,
        }

    # ------------------------------------------------------------------ customers
    def _write_customers(self, customers):
        found = self.names.partners({customer.code for customer in customers})
        new = [customer for customer in customers if customer.code not in found]
        partners = self.env["res.partner"].create([self._partner_vals(c) for c in new])
        found |= {customer.code: partner for customer, partner in zip(new, partners, strict=True)}
        return [("partner_id", found[customer.code]) for customer in customers]

    def _partner_vals(self, customer):
        vals = {
            "ref": customer.code,
            "name": customer.name,
            "is_company": True,
            "country_id": self.names.countries.get(customer.country.lower()),
            "property_payment_term_id": self.names.terms.get(customer.payment_term.lower()),
            "user_id": self.names.salespeople.get(customer.salesperson.lower()),
        }
        vals |= {
            name: getattr(customer, name)
            for name in ("vat", "street", "zip", "city", "email", "phone")
            if getattr(customer, name)
        }
        if customer.credit_limit is not None:
            vals |= {"use_partner_credit_limit": True, "credit_limit": float(customer.credit_limit)}
        return vals

    # ------------------------------------------------------------------ invoices
    def _write_invoices(self, invoices):
        partners = self._partners(invoices)
        credited = self._documents(
            (invoice, "credit_of", [invoice.credit_of]) for invoice in invoices if invoice.credit_of
        )
        moves = self._create_moves(invoices, partners)
        moves.action_post()
        plan = []
        for invoice, move in zip(invoices, moves, strict=True):
            if invoice.credit_of:
                move.reversed_entry_id = credited[invoice.credit_of]
                plan.append((move, [move.reversed_entry_id]))
        self._reconcile(plan)
        return [("move_id", move) for move in moves]

    def _create_moves(self, invoices, partners):
        """Draft invoices; where the file says every line of one, Odoo need not derive any."""
        Move = self.env["account.move"]
        whole = [invoice for invoice in invoices if _is_whole(invoice)]
        rest = [invoice for invoice in invoices if not _is_whole(invoice)]
        moves = (
            Move.with_context(skip_invoice_sync=True)
            .create(
                [
                    self._move_vals(invoice, partners)
                    | {"line_ids": self._whole_lines(invoice, partners)}
                    for invoice in whole
                ]
            )
            .with_context(skip_invoice_sync=False)
        )
        moves += Move.create(
            [
                self._move_vals(invoice, partners) | {"invoice_line_ids": self._line_vals(invoice)}
                for invoice in rest
            ]
        )
        numbers = {invoice.number: move for invoice, move in zip(whole + rest, moves, strict=True)}
        return Move.union(*(numbers[invoice.number] for invoice in invoices))

    def _move_vals(self, invoice, partners):
        partner = partners[invoice.customer]
        vals = {
            "move_type": "out_refund" if invoice.amount < 0 else "out_invoice",
            "journal_id": self.run.journal_id.id,
            "partner_id": partner.id,
            "name": invoice.number,
            "payment_reference": invoice.number,
            "invoice_date": invoice.date,
            # said, or the user of the job would be taken for the salesperson
            "invoice_user_id": partner.user_id.id,
            "currency_id": self._currency(invoice).id,
        }
        return vals | self._due_vals(invoice)

    def _whole_lines(self, invoice, partners):
        """The income line and one receivable line for each instalment, balanced to the cent."""
        receivable = partners[invoice.customer].property_account_receivable_id
        total = self._in_company_currency(invoice, invoice.amount)
        left, lines = total, []
        for index, (due, amount) in enumerate(invoice.instalments, 1):
            share = self._in_company_currency(invoice, amount)
            balance = left if index == len(invoice.instalments) else share
            left -= balance
            line = self._money(amount, balance) | {
                "display_type": "payment_term",
                "account_id": receivable.id,
                "date_maturity": due,
                "name": invoice.number,
            }
            lines.append(Command.create(line))
        income = self._line(invoice.number, abs(invoice.amount))
        income[2].update(self._money(-invoice.amount, -total))
        income[2]["display_type"] = "product"
        return [income, *lines]

    def _in_company_currency(self, document, amount):
        currency = self._currency(document)
        own = self.company.currency_id
        if currency == own:
            return amount
        converted = currency._convert(float(amount), own, self.company, document.date)
        return Decimal(repr(converted)).quantize(Decimal(1).scaleb(-own.decimal_places))

    def _money(self, amount, balance):
        return {"amount_currency": float(amount), "balance": float(balance), **NO_ANALYSIS}

    def _due_vals(self, invoice):
        due = invoice.instalments[-1][0]
        if due is None and not invoice.payment_term:
            return {}  # the customer's own terms
        if due is None:
            term = self.names.terms[invoice.payment_term.lower()]
            return {"invoice_payment_term_id": term}
        vals = {"invoice_payment_term_id": False, "invoice_date_due": due}
        if len(invoice.instalments) > 1:
            vals["ar_due_plan"] = [
                [day.isoformat(), float(abs(amount))] for day, amount in invoice.instalments
            ]
        return vals

    def _line_vals(self, invoice):
        """One line for the gross amount, or net with tax and what rounding leaves."""
        amount = abs(invoice.amount)
        tax = self.names.taxes.get(invoice.tax.lower())
        if not tax or tax.price_include:
            return [self._line(invoice.number, amount, tax)]
        step = Decimal(1).scaleb(-self._currency(invoice).decimal_places)
        rate = Decimal(str(tax.amount)) / 100
        net = (amount / (1 + rate)).quantize(step)
        rest = amount - net - (net * rate).quantize(step)
        lines = [self._line(invoice.number, net, tax)]
        return [*lines, self._line(self.env._("Rounding"), rest)] if rest else lines

    def _line(self, name, price, tax=None):
        vals = {
            "name": name,
            "price_unit": float(price),
            "account_id": self.run.journal_id.default_account_id.id,
            # an empty list of taxes must be said, or the account's own taxes would be added
            "tax_ids": [Command.set(tax.ids if tax else [])],
            **NO_ANALYSIS,
        }
        if not vals["account_id"]:
            del vals["account_id"]  # Odoo finds one
        return Command.create(vals)

    # ------------------------------------------------------------------ payments
    def _write_payments(self, payments):
        """Money seen on a statement is an entry of the bank journal, as matching it would make."""
        partners = self._partners(payments)
        invoices = self._documents((p, "invoices", p.invoices) for p in payments)
        seen, noted = [], []
        for payment in payments:
            (noted if payment.status == REGISTERED else seen).append(payment)
        created = self._write_entries(seen, partners, invoices)
        created |= self._register(noted, partners, invoices)
        return [created[payment.key] for payment in payments]

    def _write_entries(self, seen, partners, invoices):
        """Entries of the bank journal, reconciled with the invoices that they name."""
        moves = self.env["account.move"].create(
            [
                self._entry_vals(payment, partners[payment.customer], invoices) | {"name": name}
                for payment, name in zip(seen, self._entry_names(seen), strict=True)
            ]
        )
        moves.action_post()
        named = [[invoices[number] for number in payment.invoices] for payment in seen]
        self._reconcile(list(zip(moves, named, strict=True)))
        return {p.key: ("move_id", move) for p, move in zip(seen, moves, strict=True)}

    def _entry_names(self, payments):
        """Numbers for entries of the own journal, which Odoo would look for one by one.

        Another journal keeps its own way of counting.
        """
        journal = self.run.payment_journal_id
        if journal.code != OWN_PAYMENTS:
            return [False] * len(payments)
        domain = [("journal_id", "=", journal.id)]
        last = Counter(
            dict(
                self.env["account.move"]._read_group(
                    domain, ["sequence_prefix"], ["sequence_number:max"]
                )
            )
        )
        names = []
        for payment in payments:
            prefix = f"{journal.code}/{payment.date.year}/"
            last[prefix] += 1
            names.append(f"{prefix}{last[prefix]:05d}")
        return names

    def _entry_vals(self, payment, partner, invoices):
        currency = self._currency(payment)
        account = partner.property_account_receivable_id
        if payment.invoices:
            account = self._open_lines(invoices[payment.invoices[0]]).account_id[:1] or account
        label = self._memo(payment)
        balance = self._in_company_currency(payment, payment.amount)
        shared = {"currency_id": currency.id, "partner_id": partner.id, "name": label}
        sides = (
            (self.run.payment_journal_id.default_account_id, self._money(payment.amount, balance)),
            (account, self._money(-payment.amount, -balance)),
        )
        return {
            "move_type": "entry",
            "journal_id": self.run.payment_journal_id.id,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "date": payment.date,
            "ref": label,
            "line_ids": [
                Command.create(shared | money | {"account_id": side.id}) for side, money in sides
            ],
        }

    def _register(self, payments, partners, invoices):
        """Payments that were noted down only: {key: (field, payment)}."""
        records = self.env["account.payment"].create(
            [self._payment_vals(payment, partners[payment.customer]) for payment in payments]
        )
        for payment, record in zip(payments, records, strict=True):
            self._only_register(record, [invoices[number] for number in payment.invoices])
        records.action_post()
        return {p.key: ("payment_id", record) for p, record in zip(payments, records, strict=True)}

    def _memo(self, payment):
        return payment.reference or " ".join(payment.invoices) or payment.key

    def _payment_vals(self, payment, partner):
        inbound = payment.amount > 0
        journal = self.run.payment_journal_id
        lines = journal._get_available_payment_method_lines("inbound" if inbound else "outbound")
        return {
            "payment_type": "inbound" if inbound else "outbound",
            "partner_type": "customer",
            "partner_id": partner.id,
            "journal_id": journal.id,
            "payment_method_line_id": lines[:1].id,
            "amount": float(abs(payment.amount)),
            "currency_id": self._currency(payment).id,
            "date": payment.date,
            "memo": self._memo(payment),
        }

    def _only_register(self, record, moves):
        """Take the journal entry away: the money has not been seen on a statement."""
        record.outstanding_account_id = False
        # Where Odoo has no state between open and paid, the link would call the invoice paid.
        if self.env["account.move"]._get_invoice_in_payment_state() == "in_payment":
            record.invoice_ids = [Command.set([move.id for move in moves])]

    # ------------------------------------------------------------------ reports
    def _write_reports(self, reports):
        """Reports that somebody entered by hand before are used as they are."""
        partners = self._partners(reports)
        root = self.company.root_id
        known = self.env["ar.credit.report"].search(
            [("company_id", "=", root.id), ("date", "in", [report.date for report in reports])]
        )
        found = {report._get_key(): report for report in known}
        vals = {report.key: self._report_vals(report, partners, root) for report in reports}
        new = {key: vals for key, vals in vals.items() if self._report_key(vals) not in found}
        created = self.env["ar.credit.report"].create(list(new.values()))
        found |= {report._get_key(): report for report in created}
        return [("report_id", found[self._report_key(vals[report.key])]) for report in reports]

    def _report_key(self, vals):
        return tuple(vals[name] for name in ("provider_id", "partner_id", "date", "reference"))

    def _report_vals(self, report, partners, root):
        provider = self.names.providers[report.provider.lower()]
        return {
            "company_id": root.id,
            "provider_id": provider.id,
            "partner_id": partners[report.customer].commercial_partner_id.id,
            "date": report.date,
            "reference": report.reference,
            "rating": report.rating,
            "advised_limit": float(report.advised_limit or 0),
            "no_credit": report.no_credit,
            "currency_id": self._currency(report).id,
            "valid_until": report.valid_until or provider._get_end(report.date),
        }

    # ------------------------------------------------------------------ shared
    def _currency(self, document):
        if not document.currency:
            return self.company.currency_id
        return self.names.currencies[document.currency]

    def _partners(self, documents):
        """Partner of each customer code: of an earlier import, else the one with this reference."""
        codes = {document.customer for document in documents}
        found = {
            code: record.partner_id
            for code, record in self.names.records("customers", codes).items()
        }
        found = self.names.partners(codes - set(found)) | found
        for document in documents:
            if document.customer not in found:
                raise MissingName(document, "customer", "unknown_customer", document.customer)
        return found

    def _documents(self, wanted):
        """{number: move} of what documents name; ``wanted`` is [(document, field, numbers)]."""
        wanted = list(wanted)
        numbers = {number for _document, _field, numbers in wanted for number in numbers}
        records = self.names.records("invoices", numbers)
        for document, field, named in wanted:
            for number in named:
                if number not in records:
                    raise MissingName(document, field, "unknown_invoice", number)
        return {number: record.move_id for number, record in records.items()}

    def _reconcile(self, plan):
        """Match each move with the open instalments of its documents, oldest first: one plan."""
        steps = []
        for move, documents in plan:
            own = self._open_lines(move)
            for document in documents:
                lines = own | self._open_lines(document)
                if own and lines != own:
                    steps.append(lines)
        if steps:
            self.env["account.move.line"]._reconcile_plan(steps)

    def _open_lines(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )


def _is_whole(invoice):
    """Whether the file says every line of the entry: no tax, and each due date."""
    return not invoice.tax and invoice.instalments[0][0] is not None
