"""The hand-over file: what an agency, a lawyer, an insurer or a marketplace needs, in one zip."""

import io
import zipfile
from base64 import b64decode, b64encode
from typing import NamedTuple

import xlsxwriter
from odoo import fields, models
from odoo.tools.osutil import clean_filename

STATEMENT = "ar_credit_control.report_statement"
INVOICES = "account.account_invoices"
NOTICES = "ar_credit_control.report_dunning_notice"


class Document(NamedTuple):
    """A file of the zip: its path, its content, and what the manifest says of it."""

    path: str
    content: bytes
    about: str


class Sheet(NamedTuple):
    """A sheet of the spreadsheet: title, names of the columns, rows of plain values."""

    title: str
    columns: list
    rows: list


class CollectionCase(models.Model):
    _inherit = "ar.collection.case"

    file_ids = fields.Many2many(
        "ir.attachment", compute="_compute_file_ids", string="Hand-over files"
    )

    def _compute_file_ids(self):
        for case in self:
            case.file_ids = self.env["ir.attachment"].search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", case.id),
                    ("mimetype", "=", "application/zip"),
                ]
            )

    def action_make_file(self):
        """Make the zip, keep it on the case, and offer it for download.

        What left the house is kept, so that it can be shown later what somebody was told.
        """
        self.ensure_one()
        self.check_access("write")
        # the file is of documents that its maker may not all open by himself; access to the case
        # was checked, and only what belongs to its items and customer is read
        documents = self.sudo()._get_documents()
        name = f"{clean_filename(self.display_name)}.zip"
        kept = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": name,
                    "datas": b64encode(self._zip(documents)),
                    "res_model": self._name,
                    "res_id": self.id,
                    "mimetype": "application/zip",
                }
            )
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{kept.id}?download=true",
            "target": "new",
            "close": True,
        }

    def _zip(self, documents):
        """The documents and a manifest that says what each of them holds."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("MANIFEST.txt", self._get_manifest(documents))
            for document in documents:
                archive.writestr(document.path, document.content)
        return stream.getvalue()

    def _get_manifest(self, documents):
        _ = self.env._
        lines = [
            _("Hand-over file of %s", self.name),
            _("Creditor: %s", self.company_id.name),
            _("Debtor: %s", self.partner_id.name),
            _("Made on %(day)s by %(user)s", day=fields.Date.today(), user=self.env.user.name),
            _("For: %s", self.agency_id.name or _("not named")),
            "",
            _("It holds, for the recovery of this claim and nothing else:"),
            *(f"- {document.path}: {document.about}" for document in documents),
            "",
            _("It does not hold: notes of calls, names of persons, credit limits, grades."),
            _("Delete it when the mandate ends."),
        ]
        return "\r\n".join(lines) + "\r\n"

    # ------------------------------------------------------------------ documents
    def _get_documents(self):
        """What goes into the zip; the place for other capabilities to add theirs."""
        moves = self.line_ids.move_line_id.move_id
        _ = self.env._
        documents = [Document("case.xlsx", self._get_workbook(), self._list_sheets())]
        documents += self._print_each(
            STATEMENT, self.partner_id, "statement", _("all that is open of the customer")
        )
        documents += self._print_each(INVOICES, moves, "invoices", _("an invoice of the claim"))
        documents += self._print_each(
            NOTICES, self._get_notices(), "notices", _("a notice as it was sent")
        )
        return documents + self._get_messages(moves)

    def _get_messages(self, moves):
        """What exchanges said of the invoices: evidence that they were delivered, or why not."""
        transmissions = self.env["ar.exchange.transmission"].search([("move_id", "in", moves.ids)])
        messages = self.env["ar.exchange.notification"].search(
            [("transmission_ids", "in", transmissions.ids), ("raw_size", ">", 0)], order="id"
        )
        about = self.env._("a message of the exchange as it was received")
        return [
            Document(
                f"exchange/{message.id}-{clean_filename(message.name or 'message')}",
                b64decode(message.with_context(bin_size=False).raw),
                about,
            )
            for message in messages
            if message.raw
        ]

    def _print_each(self, report, records, folder, about):
        """One document a record; printed as HTML where the server has no PDF printer."""
        Report = self.env["ir.actions.report"].with_company(self.company_id)
        render = Report._render_qweb_pdf
        if Report.get_wkhtmltopdf_state() == "install":
            render = Report._render_qweb_html
        found = []
        for record in records:
            content, kind = render(report, record.ids)
            name = _file_name(record.display_name or str(record.id))
            content = content if isinstance(content, bytes) else content.encode()
            found.append(Document(f"{folder}/{name}-{record.id}.{kind}", content, about))
        return found

    def _get_notices(self):
        """Notices that were sent about the items, the oldest first."""
        return self.env["ar.dunning.notice"].search(
            [
                ("line_ids.move_line_id", "in", self.line_ids.move_line_id.ids),
                ("state", "=", "sent"),
                "|",
                ("by_email", "=", True),
                ("by_letter", "=", True),
            ],
            order="date, id",
        )

    # ------------------------------------------------------------------ spreadsheet
    def _get_workbook(self):
        """The sheets as one file; numbers stay numbers, days are written year first."""
        stream = io.BytesIO()
        # text that begins with = is text: a customer's name must not become a formula
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        book = xlsxwriter.Workbook(stream, options)
        bold = book.add_format({"bold": True})
        for sheet in self._get_sheets():
            page = book.add_worksheet(sheet.title[:31])
            page.freeze_panes(1, 0)
            page.write_row(0, 0, sheet.columns, bold)
            for number, row in enumerate(sheet.rows, 1):
                page.write_row(number, 0, map(_plain, row))
            page.set_column(0, max(0, len(sheet.columns) - 1), 20)
        book.close()
        return stream.getvalue()

    def _list_sheets(self):
        """The sheets that are not empty, for the manifest."""
        return ", ".join(sheet.title.lower() for sheet in self._get_sheets() if sheet.rows)

    def _get_sheets(self):
        """What the spreadsheet holds; the place for other capabilities to add theirs."""
        return [
            self._customer_sheet(),
            self._items_sheet(),
            self._notices_sheet(),
            self._contacts_sheet(),
            self._promises_sheet(),
            self._disputes_sheet(),
            self._steps_sheet(),
        ]

    def _customer_sheet(self):
        _ = self.env._
        customer = self.partner_id
        rows = [
            (_("Name"), customer.name),
            (_("Tax number"), customer.vat),
            (_("Register number"), customer.company_registry),
            (_("Street"), customer.street),
            (_("Postcode"), customer.zip),
            (_("City"), customer.city),
            (_("Country"), customer.country_id.name),
            (_("Phone"), customer.phone),
            (_("E-mail"), customer.email),
            (_("Customer number"), customer.ref),
            (_("Case"), self.name),
            (_("Claim"), self.claim),
            (_("Currency"), self.currency_id.name),
        ]
        return Sheet(_("Customer"), [_("Field"), _("Value")], rows)

    def _items_sheet(self):
        _ = self.env._
        columns = [_("Document"), _("Due date"), _("Claim"), _("Still open"), _("Currency")]
        rows = [
            (line.name, line.date_due, line.amount, line.residual, self.currency_id.name)
            for line in self.line_ids
        ]
        return Sheet(_("Items"), columns, rows)

    def _notices_sheet(self):
        _ = self.env._
        columns = [_("Date"), _("Notice"), _("By"), _("To pay"), _("Interest")]
        columns += [_("Compensation"), _("Deadline"), _("Currency")]
        rows = [
            (
                notice.date,
                notice.level_id.name,
                notice.channel,
                notice.amount,
                notice.interest,
                notice.compensation,
                notice.deadline,
                notice.currency_id.name,
            )
            for notice in self._get_notices()
        ]
        return Sheet(_("Dunning"), columns, rows)

    def _contacts_sheet(self):
        """When and how, and what came of it; no person and no note leaves the house."""
        _ = self.env._
        contacts = self.env["ar.contact"].search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
            ],
            order="date, id",
        )
        words = [
            dict(contacts._fields[name]._description_selection(self.env))
            for name in ("channel", "direction", "outcome")
        ]
        channels, directions, outcomes = words
        rows = [
            (
                entry.date.replace(microsecond=0),
                channels[entry.channel],
                directions[entry.direction],
                outcomes.get(entry.outcome, ""),
            )
            for entry in contacts
        ]
        return Sheet(
            _("Contacts"), [_("Date (UTC)"), _("Channel"), _("Direction"), _("Outcome")], rows
        )

    def _promises_sheet(self):
        _ = self.env._
        lines = self.env["ar.promise.line"].search(
            [("move_line_id", "in", self.line_ids.move_line_id.ids)]
        )
        promises = lines.promise_id
        states = dict(promises._fields["state"]._description_selection(self.env))
        rows = [
            (
                promise.date,
                promise.amount,
                promise.currency_id.name,
                states[promise.state],
                promise.paid,
            )
            for promise in promises.sorted("date")
        ]
        columns = [_("Pays by"), _("Promised"), _("Currency"), _("State"), _("Came in time")]
        return Sheet(_("Promises"), columns, rows)

    def _disputes_sheet(self):
        _ = self.env._
        lines = self.env["ar.dispute.line"].search(
            [("move_line_id", "in", self.line_ids.move_line_id.ids)]
        )
        disputes = lines.dispute_id
        states, reasons, ends = (
            dict(disputes._fields[name]._description_selection(self.env))
            for name in ("state", "reason", "resolution")
        )
        rows = [
            (
                dispute.date,
                reasons[dispute.reason],
                dispute.amount,
                states[dispute.state],
                ends.get(dispute.resolution, ""),
                dispute.resolved_on,
            )
            for dispute in disputes.sorted("date")
        ]
        columns = [_("Opened"), _("Reason"), _("Disputed"), _("State"), _("Resolution")]
        return Sheet(_("Disputes"), [*columns, _("Resolved on")], rows)

    def _steps_sheet(self):
        _ = self.env._
        kinds = dict(self.step_ids._fields["kind"]._description_selection(self.env))
        rows = [
            (step.date, kinds[step.kind], step.court, step.reference, step.cost, step.recovered)
            for step in self.step_ids.sorted("date")
        ]
        columns = [_("Date"), _("Step"), _("Court or authority"), _("Reference"), _("Cost")]
        return Sheet(_("Steps"), [*columns, _("Recovered")], rows)


def _file_name(words):
    """Numbers with a stroke, and words around a dash, can still be told apart."""
    return " ".join(clean_filename(words.replace("/", "-")).split())


def _plain(value):
    """What a cell can hold; an empty field is an empty cell."""
    if value is False or value is None:
        return ""
    return value if isinstance(value, int | float | str) else str(value)
