from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules.dunning import Level
from .dunning_channel import CHANNELS, channel_names

CHARGE_MODES = [("none", "No"), ("show", "Shown"), ("post", "Shown, and drafted for review")]


class DunningLevel(models.Model):
    """One step of a dunning policy: when, how and with what a customer is reminded."""

    _name = "ar.dunning.level"
    _description = "Dunning level"
    _order = "policy_id, sequence, days, id"
    _check_company_auto = True

    policy_id = fields.Many2one("ar.dunning.policy", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="policy_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="policy_id.currency_id")
    sequence = fields.Integer(default=10)
    number = fields.Integer(
        compute="_compute_number", store=True, help="Counts the levels of the policy from 1."
    )
    name = fields.Char(required=True, translate=True)
    days = fields.Integer(
        string="Days after due date", required=True, help="Negative: before the due date."
    )
    min_amount = fields.Monetary(
        string="Overdue at least", help="Below it the items are judged at the level before."
    )
    min_share = fields.Float(
        string="Share of account (%)",
        help="What is overdue must be so much of the open account; below it the items are judged "
        "at the level before.",
    )
    approval_amount = fields.Monetary(
        string="Approval above",
        help="A credit manager approves notices above this amount. 0: none needs it.",
    )
    by_email = fields.Boolean(string="E-mail", default=True)
    by_letter = fields.Boolean(string="Letter")
    by_call = fields.Boolean(string="Phone call", help="An activity for the collector.")
    ask_salesperson = fields.Boolean(
        string="Salesperson first",
        help="The salesperson has until the deadline to speak with the customer; then the "
        "collector takes over.",
    )
    channel = fields.Char(compute="_compute_channel")
    formal_notice = fields.Boolean(help="The letter puts the customer formally in default.")
    hand_over = fields.Boolean(
        string="Hand-over", help="The credit manager decides whether to hand the case over."
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="Text",
        domain=[("model", "=", "ar.dunning.notice")],
        ondelete="restrict",
        help="In the language of the recipient.",
    )
    deadline_days = fields.Integer(string="Deadline (days)", default=7)
    interest_mode = fields.Selection(CHARGE_MODES, "Interest", required=True, default="none")
    compensation_mode = fields.Selection(
        CHARGE_MODES, "Compensation", required=True, default="none"
    )
    charge_mode = fields.Selection(CHARGE_MODES, "Dunning charge", required=True, default="none")
    charge_amount = fields.Monetary(string="Charge")
    attach_invoices = fields.Boolean(string="Attach the invoices")
    attach_statement = fields.Boolean(string="Attach a statement")
    credit_hold = fields.Boolean(help="Orders wait while the customer is at this level or above.")
    auto_send = fields.Boolean(
        string="Sent by itself", help="A scheduled run may send these notices without a review."
    )

    _amounts_positive = models.Constraint(
        "CHECK(min_amount >= 0 AND approval_amount >= 0 AND charge_amount >= 0)",
        "The amounts of a dunning level are 0 or more.",
    )
    _share_range = models.Constraint(
        "CHECK(min_share >= 0 AND min_share <= 100)",
        "The share of the account lies between 0 and 100 %.",
    )
    _deadline_positive = models.Constraint(
        "CHECK(deadline_days >= 0)", "A deadline is 0 days or more."
    )

    @api.depends("policy_id.level_ids.sequence", "policy_id.level_ids.days")
    def _compute_number(self):
        for policy in self.policy_id:
            for number, level in enumerate(policy.level_ids.sorted(self._rank), 1):
                level.number = number

    @api.depends(*CHANNELS)
    @api.depends_context("lang")
    def _compute_channel(self):
        for level in self:
            level.channel = channel_names(level)

    @staticmethod
    def _rank(level):
        return (level.sequence, level.days, level._origin.id or 0)

    @api.constrains("sequence", "days", "deadline_days")
    def _check_order(self):
        self.policy_id._check_levels()

    @api.constrains(*CHANNELS, "mail_template_id")
    def _check_channel(self):
        for level in self:
            if not any(level[name] for name in CHANNELS):
                problem = level.env._("choose at least one channel")
            elif (level.by_email or level.by_letter) and not level.mail_template_id:
                problem = level.env._("choose the text of the message")
            else:
                continue
            raise ValidationError(level._problem(problem))

    @api.constrains("mail_template_id")
    def _check_template(self):
        """A text must be about notices and must render: tried on a notice that is not kept."""
        for level in self.filtered("mail_template_id"):
            template = level.mail_template_id.sudo()  # collectors may not read how it is made
            if template.model != "ar.dunning.notice":
                raise ValidationError(
                    level._problem(
                        level.env._("the text “%s” is not about dunning notices", template.name)
                    )
                )
            if error := self.env["ar.dunning.notice"]._try_template(template, level):
                raise ValidationError(
                    level._problem(
                        level.env._(
                            "the text “%(template)s” does not render: %(error)s. Correct it.",
                            template=template.name,
                            error=error,
                        )
                    )
                )

    def _problem(self, problem):
        return self.env._(
            "Policy “%(policy)s”, level “%(level)s”: %(problem)s.",
            policy=self.policy_id.display_name,
            level=self.name,
            problem=problem,
        )

    def _to_rules(self, rate=1.0):
        """The level as a value; ``rate`` converts its amount."""
        return Level(self.days, self.min_amount * rate, self.min_share, self.deadline_days)

    def _filter_charging(self):
        """The levels whose notices state interest or compensation."""
        return self.filtered(
            lambda level: {level.interest_mode, level.compensation_mode} != {"none"}
        )
