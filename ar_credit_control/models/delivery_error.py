from odoo import api, fields, models
from odoo.exceptions import UserError

from ...connectors.hints import in_language

# Role of the record that holds the mistake -> what it is called.
RECORDS = [
    ("customer", "Customer"),
    ("company", "Company"),
    ("invoice", "Invoice"),
    ("invoice_line", "Invoice line"),
    ("transmission", "Transmission"),
]


class DeliveryError(models.Model):
    """One error in the network's own words, with the field that has to be corrected."""

    _name = "ar.delivery.error"
    _description = "Error of a delivery problem"
    _order = "id"
    _rec_name = "code"

    problem_id = fields.Many2one(
        "ar.delivery.problem", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="problem_id.company_id")
    code = fields.Char(index="btree_not_null")
    text = fields.Text(string="The network's words")
    hint = fields.Text(string="The network's advice")
    location = fields.Char(string="Place in the file")
    record = fields.Selection(RECORDS, string="To correct")
    field_name = fields.Char(string="Field")
    fix = fields.Text(readonly=True, help="As the catalogue of codes says it, in English.")
    advice = fields.Text(
        compute="_compute_advice",
        string="How to correct it",
        help="What the catalogue of codes says, in your language where it is translated.",
    )
    field_label = fields.Char(compute="_compute_field_label", string="Field to correct")

    @api.depends("fix")
    @api.depends_context("lang")
    def _compute_advice(self):
        language = self.env.lang or ""
        for error in self:
            error.advice = error.fix and in_language(error.fix, language)

    @api.depends("record", "field_name")
    def _compute_field_label(self):
        records = dict(self._fields["record"]._description_selection(self.env))
        for error in self:
            names = [records.get(error.record), error._get_label()]
            error.field_label = " › ".join(name for name in names if name)

    def _get_label(self):
        """The field as its form calls it, if that module is installed."""
        model = {
            "customer": "res.partner",
            "company": "res.company",
            "invoice": "account.move",
            "invoice_line": "account.move.line",
        }.get(self.record)
        field = self.env[model]._fields.get(self.field_name) if model else None
        return field._description_string(self.env) if field else self.field_name

    def action_correct(self):
        """Open the record that holds the mistake."""
        self.ensure_one()
        record = self._get_record()
        if not record:
            raise UserError(
                self.env._("There is no single record to correct: read the hint and send again.")
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _get_record(self):
        move = self.problem_id.move_id
        if self.record == "customer":
            return move.commercial_partner_id
        if self.record == "company":
            return move.company_id
        return move
