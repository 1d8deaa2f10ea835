"""References of notices that no foreign key checks.

A foreign key costs a look at the other table for each row, and a call of its trigger even where
there is nothing to look at: half the time of a proposal, when every reference of its notices had
one. What a key does when the other record is deleted is done below instead.

The run that writes a notice is locked meanwhile, names its company, and takes its notices along
when it is deleted; what was left out goes with the run, too. A customer is kept by the journal
items that it is reminded of. When they are gone, it is refused below when somebody deletes it, as
recipients, currencies, policies and levels are; the wizard that merges contacts is told of them by
``UNKEYED_PARTNERS``. Messages, activities, drafts of charges, journal items left out, users and
rules may be deleted: notices then name nothing in their place.

Whoever deletes a record while a proposal that names it is written cannot see that. For levels and
currencies the run has a key to each: at it one of the two fails, and the proposal begins anew or
the record stays. A contact or a user may be gone then: its notice fails when it is to be sent, and
says so.
"""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL


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


def _let_go(records, table, column):
    """Nothing names the records but keys of runs that did, or that are written at this moment.

    The latter are not seen here, and refuse the deletion.
    """
    records.env.cr.execute(
        SQL(
            "DELETE FROM %s WHERE %s = ANY(%s)",
            SQL.identifier(table),
            SQL.identifier(column),
            records.ids,
        )
    )


def _forget_named(records, model_name, *field_names):
    """Records may go: what names them names nothing from then on."""
    # a key's work: it reaches what the user may not see, too
    model = records.env[model_name].sudo()
    for name in field_names:
        model.search([(name, "in", records.ids)])[name] = False


class Currency(models.Model):
    _inherit = "res.currency"

    @api.ondelete(at_uninstall=False)
    def _unlink_never_in_notices(self):
        _refuse_named(self, ("ar.dunning.notice", "ar.dunning.left.out"), "currency_id")
        _let_go(self, "ar_dunning_run_currency", "currency_id")


class Partner(models.Model):
    _inherit = "res.partner"

    @api.ondelete(at_uninstall=False)
    def _unlink_never_in_notices(self):
        _refuse_named(self, ("ar.dunning.notice", "ar.dunning.left.out"), "partner_id")
        _refuse_named(self, ("ar.dunning.notice",), "recipient_id")


class DunningPolicy(models.Model):
    _inherit = "ar.dunning.policy"

    @api.ondelete(at_uninstall=False)
    def _unlink_never_in_notices(self):
        _refuse_named(self, ("ar.dunning.notice",), "policy_id")
        # the database takes these along
        self.level_ids._unlink_never_in_notices()
        self.assignment_ids._unlink_from_notices()


class DunningLevel(models.Model):
    _inherit = "ar.dunning.level"

    @api.ondelete(at_uninstall=False)
    def _unlink_never_in_notices(self):
        _refuse_named(self, ("ar.dunning.notice",), "level_id")
        _let_go(self, "ar_dunning_run_level", "level_id")


class DunningAssignment(models.Model):
    _inherit = "ar.dunning.assignment"

    @api.ondelete(at_uninstall=False)
    def _unlink_from_notices(self):
        _forget_named(self, "ar.dunning.notice", "assignment_id")


class Users(models.Model):
    _inherit = "res.users"

    @api.ondelete(at_uninstall=False)
    def _unlink_from_notices(self):
        _forget_named(self, "ar.dunning.notice", "approved_by_id", "collector_id", "salesperson_id")


class Message(models.Model):
    _inherit = "mail.message"

    @api.ondelete(at_uninstall=False)
    def _unlink_from_notices(self):
        _forget_named(self, "ar.dunning.notice", "message_id")


class Activity(models.Model):
    _inherit = "mail.activity"

    @api.ondelete(at_uninstall=False)
    def _unlink_from_notices(self):
        _forget_named(self, "ar.dunning.notice", "activity_id")


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.ondelete(at_uninstall=False)
    def _unlink_from_notices(self):
        _forget_named(self, "ar.dunning.notice", "charge_move_id")


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.ondelete(at_uninstall=False)
    def _unlink_from_left_out(self):
        _forget_named(self, "ar.dunning.left.out", "move_line_id")
