from odoo import Command, fields, models
from odoo.tools import SQL
from odoo.tools.pdf import merge_pdf

from .dunning_deliver import CONCURRENT
from .dunning_notice import _cause

INVOICES = "account.account_invoices"
STATEMENT = "ar_credit_control.report_statement"
CHUNK = 20  # notices whose documents are drawn in one transaction
# A mail waits for its enclosures this long at most: late and bare is better than never.
PATIENCE = "1 day"


class DunningNotice(models.Model):
    """Invoices and statement that go out with a notice, where its level says so.

    They are drawn after the notice was sent and committed, as letters are; until then its mail
    waits in the queue. A job that was stopped goes on with the notices that still wait.
    """

    _inherit = "ar.dunning.notice"

    to_enclose = fields.Boolean(
        readonly=True, help="Invoices or the statement are still to be put in."
    )
    enclosure_ids = fields.Many2many(
        "ir.attachment", "ar_dunning_notice_enclosure_rel", string="Enclosures", readonly=True
    )

    _to_enclose_idx = models.Index("(id) WHERE to_enclose")

    def _deliver(self):
        result = super()._deliver()
        attaching = self._of_levels(lambda level: level.attach_invoices or level.attach_statement)
        if enclosing := attaching.filtered(lambda n: n.by_email or n.by_letter):
            enclosing._wait_for_enclosures()
        return result

    def _wait_for_enclosures(self):
        notices = self.sudo()  # the machine's own field, whoever sends
        notices.to_enclose = True
        notices.flush_recordset(["to_enclose"])
        self.env.cr.execute(
            SQL(
                "UPDATE mail_mail SET scheduled_date = now() at time zone 'UTC' + %s::interval"
                " WHERE mail_message_id = ANY(%s)",
                PATIENCE,
                notices.message_id.ids,
            )
        )
        # safe: the job draws what notices enclose that somebody entitled has sent
        self.env.ref("ar_credit_control.cron_dunning_enclosures").sudo()._trigger()

    def _cron_enclose(self):
        """Draw what is waiting, committing after each chunk."""
        last = 0
        while notices := self._take_to_enclose(after=last):
            notices._enclose()
            last = notices[-1].id
            if self.env["ir.cron"]._commit_progress(len(notices)) <= 0:
                break

    def _take_to_enclose(self, after=0):
        """Notices whose documents are still to be drawn, locked so that another worker takes
        others."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM ar_dunning_notice WHERE to_enclose AND id > %s"
                " ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
                after,
                CHUNK,
            )
        )
        return self.browse([key for (key,) in rows])

    def _enclose(self):
        """Draw, keep and let the mails go; whose documents cannot be drawn goes without, and says
        so, and the rest go on."""
        try:
            with self.env.cr.savepoint():
                self._draw_enclosures()
        except CONCURRENT:
            raise  # the job begins this chunk again, and the mails go on waiting
        except Exception as error:  # noqa: BLE001 found again, and kept, one by one
            if len(self) > 1:
                for notice in self:
                    notice._enclose()
                return
            self.problem = self.env._("Sent without its enclosures: %s", _cause(error))
        self._release_mails()

    def _draw_enclosures(self):
        invoices = self._draw_invoices()
        statements = self._draw_statements()
        for notice in self:
            files = notice.level_id.attach_statement and statements[notice] or []
            if notice.level_id.attach_invoices:
                files = files + [invoices[move] for move in notice._get_moves()]
            notice.enclosure_ids = self.env["ir.attachment"].create(
                [notice._file(name, content) for name, content in files]
            )

    def _file(self, name, content):
        """Readable for who may read the notice, whoever may read the message it hangs on."""
        return {
            "name": name,
            "raw": content,
            "mimetype": "application/pdf",
            "res_model": self._name,
            "res_id": self.id,
        }

    def _get_moves(self):
        return self.line_ids.move_line_id.move_id.filtered(lambda m: m.is_sale_document(True))

    def _draw_invoices(self):
        """``{invoice: (file name, PDF)}``: as it was sent, else drawn now.

        One by one: many in a call need a patched wkhtmltopdf, which not everybody has.
        """
        files = {}
        for move in self.filtered("level_id.attach_invoices")._get_moves():
            if kept := move.invoice_pdf_report_id:
                files[move] = kept.name, kept.raw
            else:
                report = self.env["ir.actions.report"].with_company(move.company_id)
                content, _kind = report._render_qweb_pdf(INVOICES, move.ids)
                files[move] = move._get_invoice_report_filename(), content
        return files

    def _draw_statements(self):
        """``{notice: [(file name, PDF)]}``, one statement a customer."""
        files = {}
        wanted = self.filtered("level_id.attach_statement")
        for (company, partner), notices in wanted.grouped(
            lambda n: (n.company_id, n.partner_id)
        ).items():
            report = self.env["ir.actions.report"].with_company(company)
            content, _kind = report._render_qweb_pdf(STATEMENT, partner.ids)
            name = self.env._("Statement - %s", partner.name).replace("/", "-")
            files.update(dict.fromkeys(notices, [(f"{name}.pdf", content)]))
        return files

    def _join(self):
        """The printed letters, each with its enclosures behind it, as one PDF."""
        printed = self.env["ir.attachment"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("name", "in", [f"dunning_notice_{notice.id}.pdf" for notice in self]),
            ]
        )
        letters = {attachment.res_id: attachment for attachment in printed}
        files = [
            attachment
            for notice in self
            for attachment in (*letters.get(notice.id, ()), *notice.enclosure_ids)
        ]
        return merge_pdf([attachment.raw for attachment in files])

    def _release_mails(self):
        """Put the documents on the mails, and let these go."""
        for notice in self.filtered("by_email"):
            notice.message_id.attachment_ids = [Command.set(notice.enclosure_ids.ids)]
        self.to_enclose = False
        mails = self.env["mail.mail"].search([("mail_message_id", "in", self.message_id.ids)])
        mails.scheduled_date = False
        if mails:
            self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()


class DunningRun(models.Model):
    _inherit = "ar.dunning.run"

    def action_print_letters(self):
        """Letters with what they enclose behind each, in one file."""
        action = super().action_print_letters()
        letters = self.notice_ids.filtered(lambda n: n.by_letter and n.state == "sent").sudo()
        letters.filtered("to_enclose")._enclose()  # read access was checked above
        if not letters.enclosure_ids:
            return action
        return self._open_file(letters._join())

    def _open_file(self, content):
        attachment = self.env["ir.attachment"].create(
            {
                "name": self.env._("Letters - %s.pdf", self[:1].display_name),
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self[:1].id,
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "new",
        }
