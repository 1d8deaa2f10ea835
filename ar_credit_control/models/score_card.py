from odoo import api, fields, models
from odoo.tools.misc import format_date

from ..rules.score_reasons import reasons, strongest
from ..rules.score_scale import to_days

# Reasons whose documents the payment history shows: the filter that finds them.
DOCUMENTS = {
    "habit": [("date_paid", "!=", False)],
    "late": [("days", ">", 0)],
    "recent": [("date_paid", "!=", False)],
    "disputes": [("disputed", "=", True)],
    "conditions": [],
    "overdue": [("date_paid", "=", False), ("days", ">", 0)],
}
MONTHS_SHOWN = 12
RECENT_DAYS = 180  # what is older weighs next to nothing in the recent habit


class CreditProfile(models.Model):
    """The score as people read it: figures, the months behind, and why."""

    _inherit = "ar.credit.profile"

    score_card = fields.Json(compute="_compute_score_card")

    @api.depends("score_date", "score", "grade", "override_grade", "snapshot_ids.score")
    @api.depends_context("uid", "lang")
    def _compute_score_card(self):
        """Reasons are found when somebody asks: they rest on the day of the score."""
        self.score_card = False
        Texts = self.env["ar.score.texts"]
        scored = self.filtered(lambda profile: profile.score_grade)
        for (company, day), profiles in scored.grouped(
            lambda profile: (profile.company_id, profile.score_date)
        ).items():
            known = self.env["ar.score"]._evidence(profiles.partner_id, company, day)
            coefficients = self.env["ar.score.model"]._coefficients(company, day)
            for profile in profiles:
                evidence = known.get(profile.partner_id.id)
                policy = profile._get_policy().sudo()._score_policy()
                found = strongest(reasons(evidence, coefficients, policy)) if evidence else []
                profile.score_card = Texts._card(profile, evidence, found)

    def action_score_documents(self, key):
        """The documents that a reason rests on, as far as the user may see the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_credit_control.action_ar_payment_history"
        )
        domain = [("partner_id", "=", self.partner_id.id), *DOCUMENTS[key]]
        if key == "recent":
            since = fields.Date.subtract(self.score_date, days=RECENT_DAYS)
            domain.append(("date_due", ">=", since))
        names = self.env["ar.score.texts"]._names()
        return {
            **action,
            "name": f"{self.partner_id.display_name}: {names[key]}",
            "domain": domain,
            "context": {},
        }


class ScoreTexts(models.AbstractModel):
    """The words in which a score is told."""

    _name = "ar.score.texts"
    _description = "Wording of scores"

    @api.model
    def _card(self, profile, evidence, found):
        """What the score widget shows; its fields are described at the head of ar_score.js."""
        words = self.env["ar.credit.texts"]
        total = sum(reason.points for reason in found)
        return {
            "score": profile.score,
            "grade": profile.grade,
            "words": words._grade_words()[profile.grade],
            "computed": profile.score_grade,
            "override": self._override(profile),
            "stale": total != profile.score,
            "facts": self._facts(profile),
            "months": [
                {
                    "label": format_date(self.env, month.month, date_format="MMM yyyy"),
                    "score": month.score,
                    "grade": month.score_grade,
                }
                for month in reversed(profile.snapshot_ids[:MONTHS_SHOWN])
            ],
            "reasons": [
                {
                    "key": reason.key,
                    "name": self._names()[reason.key],
                    "text": self._text(reason.key, evidence, profile),
                    "points": reason.points,
                    "documents": reason.key in DOCUMENTS,
                }
                for reason in found
            ],
            "total": total,
        }

    def _override(self, profile):
        if not profile.override_grade:
            return False
        return self.env._(
            "Set by %(author)s until %(day)s: %(reason)s",
            author=profile.override_author_id.name,
            day=format_date(self.env, profile.override_until),
            reason=profile.override_reason,
        )

    def _facts(self, profile):
        """Names and figures, the most telling first."""
        trends = dict(profile._fields["score_trend"]._description_selection(self.env))
        facts = [
            (self.env._("Expected delay"), self._delay(profile)),
            (self.env._("Chance of late payment"), f"{profile.late_probability:.0%}"),
            (self.env._("Paid on time"), f"{profile.on_time_share:.0%}"),
            (self.env._("Payment index"), str(profile.payment_index)),
            (self.env._("Trend"), trends.get(profile.score_trend, "")),
            (self.env._("Rests on"), self._base(profile)),
        ]
        return [{"name": name, "value": value} for name, value in facts]

    def _delay(self, profile):
        return self.env._(
            "%(days)s days (%(first)s to %(last)s)",
            days=round(profile.expected_delay),
            first=round(profile.delay_earliest),
            last=round(profile.delay_latest),
        )

    def _base(self, profile):
        count = round(profile.score_observations)
        if profile.thin_history:
            return self.env._("%s instalments: thin history", count)
        return self.env._("%s instalments", count)

    @api.model
    def _names(self):
        return {
            "average": self.env._("Average customer"),
            "habit": self.env._("Usual delay"),
            "late": self.env._("Late payments"),
            "recent": self.env._("Payments of late"),
            "disputes": self.env._("Disputes"),
            "conditions": self.env._("Terms and delivery of invoices"),
            "overdue": self.env._("Overdue today"),
            "promises": self.env._("Broken promises"),
            "unfounded": self.env._("Unfounded disputes"),
            "bounced": self.env._("Bounced payments"),
            "rest": self.env._("Everything else"),
        }

    def _text(self, key, evidence, profile):
        """The figures behind a reason, in a few words."""
        money, _day = self.env["ar.credit.texts"]._formats(profile.company_id)
        match key:
            case "average":
                return self.env._("Where every customer of the company begins")
            case "habit":
                return self._average(evidence)
            case "late":
                return self.env._(
                    "%(share)s of %(count)s instalments late",
                    share=f"{1 - profile.on_time_share:.0%}",
                    count=round(evidence.instalments),
                )
            case "recent":
                return self.env._("The last months against the long run")
            case "disputes":
                share = _share(evidence.disputed, evidence.weight)
                return self.env._("%s of the instalments disputed", f"{share:.0%}")
            case "conditions":
                return self.env._("%s days agreed", round(30 * evidence.conditions().months))
            case "overdue":
                return self.env._(
                    "%(amount)s, the oldest for %(days)s days",
                    amount=money(evidence.open_amount),
                    days=evidence.open_days,
                )
            case _:
                return ""

    def _average(self, evidence):
        """Middle of the payments on the scale of habits, before the terms of the invoices."""
        days = round(to_days(_share(evidence.habit, evidence.weight)))
        if days > 0:
            return self.env._("Usually %s days after the due date, terms apart", days)
        if days < 0:
            return self.env._("Usually %s days before the due date, terms apart", -days)
        return self.env._("Usually on the due date, terms apart")


def _share(part, whole):
    return part / whole if whole > 0 else 0.0
