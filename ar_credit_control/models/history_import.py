import base64
import csv
import io
import zipfile
from itertools import groupby

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules.history import Book
from ..rules.history_check import check
from ..rules.history_table import ERROR, KINDS, Issue, csv_rows, detect_kind, read_table
from .history_names import HistoryNames
from .history_record import KINDS as RECORD_KINDS
from .history_texts import wording
from .history_writer import OWN_INVOICES, OWN_PAYMENTS, HistoryWriter, MissingName

STORED_FINDINGS = 5000
GROUPS = ("ar_credit_control.group_credit_manager", "account.group_account_manager")


class HistoryImport(models.Model):
    """Customers, invoices and payments of other books, made into posted documents.

    Reports on customers come in by the same way.
    """

    _name = "ar.history.import"
    _description = "Opening history import"
    _order = "id desc"
    _check_company_auto = True
    _batch_size = 200

    name = fields.Char(string="File name", required=True)
    file = fields.Binary(required=True, attachment=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    kind = fields.Selection(
        RECORD_KINDS,
        string="Table",
        help="Of a CSV file; empty: known by its columns. In an XLSX file the sheets are called "
        "customers, invoices, payments and reports.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        string="Invoice journal",
        check_company=True,
        domain=[("type", "=", "sale")],
        help="Keeps the numbers of the old books. Empty: a journal of its own.",
    )
    payment_journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        domain=[("type", "in", ("bank", "cash"))],
        help="Empty: a journal of its own, with an account of its own.",
    )
    skip_errors = fields.Boolean(
        string="Import without the faulty lines",
        help="The good lines go in; correct the others and import the file again.",
    )
    state = fields.Selection(
        [
            ("draft", "New"),
            ("checked", "Checked"),
            ("running", "Importing"),
            ("done", "Imported"),
        ],
        default="draft",
        required=True,
        readonly=True,
    )
    total_count = fields.Integer(string="Documents", readonly=True)
    done_count = fields.Integer(string="Imported documents", compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress")
    known_count = fields.Integer(
        string="Imported before", readonly=True, help="Documents that need not go in again."
    )
    error_count = fields.Integer(string="Errors", readonly=True)
    warning_count = fields.Integer(string="Warnings", readonly=True)
    error_ids = fields.One2many("ar.history.import.error", "import_id", readonly=True)
    record_ids = fields.One2many("ar.history.record", "import_id", readonly=True)
    findings_file = fields.Binary(compute="_compute_findings_file")
    findings_name = fields.Char(compute="_compute_findings_file")

    @api.depends("record_ids", "total_count")
    def _compute_progress(self):
        # counted, not kept: a running import never writes on the row that people press buttons on
        counts = dict(
            self.env["ar.history.record"]._read_group(
                [("import_id", "in", self.ids)], ["import_id"], ["__count"]
            )
        )
        for run in self:
            run.done_count = counts.get(run._origin, 0)
            run.progress = 100.0 * run.done_count / run.total_count if run.total_count else 0.0

    @api.depends("error_ids", "name")
    def _compute_findings_file(self):
        for run in self:
            out = io.StringIO()
            writer = csv.writer(out)
            writer.writerow(["level", "table", "line", "field", "message", "remedy"])
            for error in run.error_ids:
                writer.writerow(
                    [error.level, error.kind or "", error.line, error.field or ""]
                    + [error.message, error.remedy or ""]
                )
            run.findings_file = base64.b64encode(out.getvalue().encode("utf-8-sig"))
            run.findings_name = f"{run.name or ''}.findings.csv"

    # ------------------------------------------------------------------ buttons
    def action_check(self):
        """Read the file and list what is wrong with it; nothing is imported."""
        self._require_right()
        for run in self:
            run._require_still()
            good, issues, known = run._read()
            errors = sum(issue.level == ERROR for issue in issues)
            run.write(
                {
                    "state": "checked",
                    "total_count": run.done_count + len(good),
                    "known_count": known,
                    "error_count": errors,
                    "warning_count": len(issues) - errors,
                }
            )
            run.error_ids.sudo().unlink()  # safe: lines of this import only
            run._keep_findings(issues)

    def action_import(self):
        """Check, and hand the good documents to the background job."""
        self.action_check()
        for run in self:
            if run.error_count and not run.skip_errors:
                raise UserError(
                    self.env._(
                        "%s lines have errors. Correct the file, or choose to import it "
                        "without them.",
                        run.error_count,
                    )
                )
            run.state = "running"
        # safe: the job only works on imports that somebody entitled has started
        self.env.ref("ar_credit_control.ir_cron_history_import").sudo()._trigger()

    def action_stop(self):
        """Stop after the batch at work; Import goes on from there."""
        self._require_right()
        self.filtered(lambda run: run.state == "running").state = "checked"

    def action_open_records(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Imported documents"),
            "res_model": "ar.history.record",
            "view_mode": "list",
            "domain": [("import_id", "=", self.id)],
        }

    def _require_right(self):
        self.check_access("write")
        if not self.env.su and not any(map(self.env.user.has_group, GROUPS)):
            raise AccessError(
                self.env._("Opening history is for credit managers and accounting managers.")
            )

    def _require_still(self):
        if self.state == "running":
            raise UserError(self.env._("This import is at work. Stop it first."))

    # ------------------------------------------------------------------ reading
    def _read(self):
        """(documents that can go in, findings, number imported before) of the file as it is now."""
        book = self._book()
        if book.invoices or book.payments:
            self._as_writer()._need_journals()
        known = self._names().known(book)
        good, issues = check(book, known)
        return good, issues, sum(bool(known.was_done(document)) for document in book.documents())

    def _names(self):
        run = self._as_writer()
        return HistoryNames(run.env, run.company_id, run.journal_id)

    def _as_writer(self):
        # Safe: who may start an import is checked at the buttons, and it writes documents of the
        # import's own company only. Credit managers need no accounting rights for it.
        return self.sudo().with_company(self.company_id)

    def _book(self):
        book = Book()
        try:
            for name, rows in self._tables():
                kind, records, issues = read_table(rows, name)
                if kind:
                    book.add(kind, records, issues)
                else:
                    book.issues += issues
        except (csv.Error, zipfile.BadZipFile, OSError, ValueError, KeyError) as error:
            book.issues.append(Issue("", 0, "", "unreadable", str(error)))
        return book

    def _tables(self):
        """(kind or None, rows) of each table in the file."""
        data = base64.b64decode(self.with_context(bin_size=False).file or b"")
        if data[:4] == b"PK\x03\x04":
            return self._sheets(data)
        return [(self.kind or None, csv_rows(data))]

    def _sheets(self, data):
        import openpyxl

        sheets = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        tables = []
        for sheet in sheets.worksheets:
            rows = list(enumerate(sheet.iter_rows(values_only=True), 1))
            name = sheet.title.strip().lower()
            kind = name if name in KINDS else detect_kind(rows[0][1] if rows else [])
            if kind:
                tables.append((kind, rows))
        # customers first: the order of the sheets must not matter
        return sorted(tables, key=lambda table: KINDS.index(table[0]))

    def _keep_findings(self, issues):
        """List the findings of the file, beside what the server refused of it."""
        findings = self.env["ar.history.import.error"].sudo()  # safe: lines of this import only
        findings.search([("import_id", "=", self.id), ("key", "=", False)]).unlink()
        findings.create([self._finding_vals(issue) for issue in issues[:STORED_FINDINGS]])

    def _finding_vals(self, issue, key=False):
        message, remedy = wording(self.env, issue.code, issue.value)
        return {
            "import_id": self.id,
            "level": issue.level,
            "kind": issue.kind or False,
            "line": issue.line,
            "field": issue.field,
            "message": message,
            "remedy": remedy,
            "key": key,
        }

    def _need_journals(self):
        if not self.journal_id:
            self.journal_id = self._journal(OWN_INVOICES, "sale", self.env._("Opening invoices"))
        if not self.payment_journal_id:
            name = self.env._("Opening payments")
            self.payment_journal_id = self._journal(OWN_PAYMENTS, "bank", name)

    def _journal(self, code, kind, name):
        """The company's journal for opening history, made when it has none."""
        Journal = self.env["account.journal"].with_company(self.company_id)
        company = [("company_id", "=", self.company_id.id)]
        if journal := Journal.search([*company, ("code", "=", code)], limit=1):
            return journal
        vals = {"code": code, "type": kind, "name": name, "company_id": self.company_id.id}
        if kind == "sale":
            like = Journal.search([*company, ("type", "=", kind)], limit=1)
            vals["default_account_id"] = like.default_account_id.id
        return Journal.create(vals | {"show_on_dashboard": False})

    # ------------------------------------------------------------------ writing
    @api.model
    def _cron_import(self):
        """Go on with what was started, batch by batch, until it is done or time is up."""
        report = self.env["ir.cron"]._commit_progress
        for run in self.search([("state", "=", "running")], order="id"):
            if not run._work(report):
                return

    def _work(self, report):
        """Import what is left. ``report(processed, remaining=)`` is called after each batch,
        commits, and returns the seconds left; False when they ran out.
        """
        good, issues, _known = self._read()
        self._keep_findings(issues)
        refused = set(self.error_ids.filtered("key").mapped(lambda error: (error.kind, error.key)))
        left = [document for document in good if (document.kind, document.key) not in refused]
        remaining, names = len(left), self._names()
        for kind, batch in _batches(left, self._batch_size):
            if self.state != "running":
                return True
            self._write_batch(names, kind, batch)
            remaining -= len(batch)
            self.env.invalidate_all()
            if report(len(batch), remaining=remaining) <= 0 and remaining:
                return False
        self.state = "done"
        self.error_count = len(self.error_ids.filtered(lambda error: error.level == ERROR))
        return True

    def _write_batch(self, names, kind, documents):
        """All of them, or those that the server does not refuse."""
        try:
            with self.env.cr.savepoint():
                HistoryWriter(self._as_writer(), names).write_documents(kind, documents)
        except (UserError, MissingName, psycopg2.IntegrityError) as error:
            if len(documents) == 1:
                self._refuse(documents[0], error)
                return
            middle = len(documents) // 2
            self._write_batch(names, kind, documents[:middle])
            self._write_batch(names, kind, documents[middle:])

    def _refuse(self, document, error):
        field, code, value = "", "refused", " ".join(str(error).split())
        if isinstance(error, MissingName):
            _document, field, code, value = error.args
        issue = Issue(document.kind, document.line, field, code, value)
        # safe: a finding of this import
        self.env["ar.history.import.error"].sudo().create(
            self._finding_vals(issue, key=document.key)
        )


def _batches(documents, size):
    """(kind, documents) in batches, in the order of the documents."""
    for kind, group in groupby(documents, key=lambda document: document.kind):
        group = list(group)
        for start in range(0, len(group), size):
            yield kind, group[start : start + size]
