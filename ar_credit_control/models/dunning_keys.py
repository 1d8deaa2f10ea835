"""References of notices that no foreign key checks.

A foreign key costs a look at the other table for each row: half the time of a proposal, when
every reference of its notices had one. Those that follow from another row have none. The run
that writes a notice is locked meanwhile, names its company, and takes its notices along when it
is deleted; what was left out goes with the run, too. A customer is kept by the journal items that
it is reminded of. When they are gone, it is refused below when somebody deletes it, as currencies,
policies and levels are; the wizard that merges contacts is told of it by ``UNKEYED_PARTNERS``.
Recipients keep their key: nothing else holds a mere contact.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

# (table, column): what the merging of contacts would find by foreign keys
UNKEYED_PARTNERS = [("ar_dunning_notice", "partner_id"), ("ar_dunning_left_out", "partner_id")]


class Unkeyed(fields.Many2one):
    """A reference without a foreign key: something else keeps the record that it names."""

    def update_db_foreign_key(self, model, column):
        """There is none."""


def _refuse_named(records, model_names, field_name):
    """Records that something names stay: clear message, where a key would give its own name."""
    for model_name in model_names:
        # a check of the database's kind: it counts what the user may not see, too
        named = records.env[model_name].sudo().search([(field_name, "in", records.ids)], limit=1)
        if named:
            raise UserError(
                records.env._(
                    "“%(record)s” stands in dunning notices, which are kept: archive it instead.",
                    record=named[field_name].display_name,
                )
            )


class Currency(models.Model):
    _inherit = "res.currency"

    @api.ondelete(at_uninstall=False)
    def _unlink_never_in_notices(self):
        _refuse_named(self, ("ar.dunning.notice", "ar.dunning.left.out"), "currency_id")


class Partner(models.Model):
    _inherit = "res.partner"

    @api.ondelete(at_uninstall=False)
    def _unlink_never_in_notices(self):
        _refuse_named(self, ("ar.dunning.notice", "ar.dunning.left.out"), "partner_id")


class DunningPolicy(models.Model):
    _inherit = "ar.dunning.policy"

    @api.ondelete(at_uninstall=False)
    def _unlink_never_in_notices(self):
        _refuse_named(self, ("ar.dunning.notice",), "policy_id")
        self.level_ids._unlink_never_in_notices()  # the database takes them along


class DunningLevel(models.Model):
    _inherit = "ar.dunning.level"

    @api.ondelete(at_uninstall=False)
    def _unlink_never_in_notices(self):
        _refuse_named(self, ("ar.dunning.notice",), "level_id")
