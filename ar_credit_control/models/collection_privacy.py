"""Once a claim has ended for long, figures stay, and persons, notes and files go."""

from odoo import api, fields, models
from odoo.tools import SQL

from ..rules.privacy import erased_up_to

PERSONAL = ("note", "agency_ref", "user_id", "next_step", "tracking_number", "fee_note")
BATCH = 200  # cases in one transaction


class Contact(models.Model):
    _inherit = "ar.contact"

    erased_on = fields.Date(readonly=True, help="Person and note were erased.")

    _erase_idx = models.Index("(company_id, date) WHERE erased_on IS NULL")

    @api.model
    def _erasable_sql(self, company, limit):
        """Contacts up to a day whose claim has ended: no open case, none closed since, no debt."""
        return SQL(
            """
            SELECT contact.id FROM ar_contact contact
             WHERE contact.company_id = %(root)s AND contact.erased_on IS NULL
               AND contact.date < %(limit)s::date + 1
               AND NOT EXISTS (
                   SELECT FROM ar_collection_case claim
                    WHERE claim.partner_id = contact.partner_id
                      AND claim.company_id = contact.company_id
                      AND (claim.phase <> 'closed' OR claim.closed_on > %(limit)s))
               AND contact.partner_id NOT IN (
                   SELECT customer_id FROM (%(ledger)s) owed WHERE owed.overdue > 0)
            """,
            root=company.id,
            limit=limit,
            ledger=self.env["res.partner"].with_company(company)._ar_ledger_sql(),
        )

    @api.model
    def _erase(self, company, limit, today):
        """Drop person, note, colleague and mail; when, how and with what outcome stays."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE ar_contact
                   SET erased_on = %s, person_id = NULL, note = NULL, user_id = NULL,
                       next_step = NULL, next_date = NULL, message_id = NULL
                 WHERE id IN (%s)
                """,
                today,
                self._erasable_sql(company, limit),
            )
        )
        self.invalidate_model()
        return self.env.cr.rowcount


class CollectionCase(models.Model):
    _inherit = "ar.collection.case"

    erased_on = fields.Date(readonly=True, copy=False, help="Persons and notes were erased.")

    @api.model
    def _erasable(self, company, limit):
        return self.search(
            [
                ("company_id", "=", company.id),
                ("phase", "=", "closed"),
                ("closed_on", "<=", limit),
                ("erased_on", "=", False),
            ],
            order="id",
        )

    @api.model
    def _describe_erasable(self, company, months):
        """How much would be erased today with a period, in words; nothing is changed."""
        root = company.root_id
        limit = erased_up_to(fields.Date.context_today(self), months)
        if limit is None:
            return self.env._("nothing is ever erased")
        # a count, for whoever may change the setting
        cases = len(self.sudo()._erasable(root, limit))
        self.env.flush_all()
        contacts = self.env["ar.contact"].sudo()._erasable_sql(root, limit)
        [(count,)] = self.env.execute_query(SQL("SELECT COUNT(*) FROM (%s) due", contacts))
        return self.env._("%(cases)s cases and %(contacts)s contacts", cases=cases, contacts=count)

    @api.model
    def _cron_erase(self):
        """Erase what is due, a batch of cases at a time; stopped, it goes on the next night."""
        today = fields.Date.context_today(self)
        for company in self.env["res.company"].search([("parent_id", "=", False)]):
            limit = erased_up_to(today, company.ar_retention_months)
            if limit is None:
                continue
            while due := self._erasable(company, limit)[:BATCH]:
                due._erase(today)
                if self.env["ir.cron"]._commit_progress(len(due)) <= 0:
                    return
            # contacts go after their case, which tells when the claim ended
            self.env["ar.contact"]._erase(company, limit, today)

    def _erase(self, today):
        """Drop notes, chatter, files and who had it; phases, days and amounts stay."""
        files = self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
        files.unlink()
        self.activity_ids.unlink()
        self.message_ids.unlink()
        self.message_unsubscribe(self.message_partner_ids.ids)
        self.step_ids.write({"note": False, "reference": False})
        quiet = self.with_context(tracking_disable=True)
        quiet.write(dict.fromkeys(PERSONAL, False) | {"erased_on": today})
        self.invalidate_recordset()
