from odoo import fields, models

KINDS = [
    ("customers", "Customers"),
    ("invoices", "Invoices"),
    ("payments", "Payments"),
    ("reports", "Company reports"),
]


class HistoryRecord(models.Model):
    """What became of one row of opening history: the reason why a second import changes nothing."""

    _name = "ar.history.record"
    _description = "Imported opening history"
    _rec_name = "key"
    _order = "id"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    kind = fields.Selection(KINDS, required=True)
    key = fields.Char(required=True)
    digest = fields.Char(required=True)
    customer = fields.Char(required=True)
    disputed = fields.Boolean()
    import_id = fields.Many2one("ar.history.import", index=True, ondelete="set null")
    line = fields.Integer()
    partner_id = fields.Many2one("res.partner", index="btree_not_null", ondelete="cascade")
    move_id = fields.Many2one("account.move", index="btree_not_null", ondelete="cascade")
    payment_id = fields.Many2one("account.payment", index="btree_not_null", ondelete="cascade")
    report_id = fields.Many2one("ar.credit.report", index="btree_not_null", ondelete="cascade")

    _key_unique = models.Constraint(
        "UNIQUE(company_id, kind, key)",
        "A row of opening history becomes one document.",
    )


class HistoryImportError(models.Model):
    """A finding: line, field, what is wrong and what to do."""

    _name = "ar.history.import.error"
    _description = "Finding of an opening history import"
    _order = "level, id"
    _rec_name = "message"

    import_id = fields.Many2one("ar.history.import", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True)
    level = fields.Selection([("error", "Error"), ("warning", "Warning")], required=True)
    kind = fields.Selection(KINDS, string="Table")
    line = fields.Integer()
    field = fields.Char()
    message = fields.Char(required=True)
    remedy = fields.Char()
    # filled for a row that the server refused at import, so that a resumed import passes it by
    key = fields.Char()
