"""When customers were last spoken with and what is to be done next, for lists of any length."""

from odoo.tools import SQL

TABLES = ("ar.contact", "ar.credit.profile", "mail.activity")
NOT_REACHED = ("no_answer", "wrong_contact")  # outcomes
# The entries of the log whose next step somebody has still to do.
OPEN_STEP = "next_date IS NOT NULL AND next_done IS NOT TRUE"


def contacts() -> SQL:
    """One row a customer and company: company_id, partner_id, ar_last_contact."""
    return SQL(
        "SELECT company_id, partner_id, MAX(date) AS ar_last_contact"
        "  FROM ar_contact GROUP BY company_id, partner_id"
    )


def steps() -> SQL:
    """Rows company_id, partner_id, day, title: steps of the log, activities on the profile."""
    return SQL(
        """
        SELECT company_id, partner_id, next_date AS day, next_step AS title
          FROM ar_contact WHERE %s
     UNION ALL
        SELECT profile.company_id, profile.partner_id, activity.date_deadline, activity.summary
          FROM mail_activity activity
          JOIN ar_credit_profile profile ON profile.id = activity.res_id
         WHERE activity.res_model = 'ar.credit.profile' AND activity.active
        """,
        SQL(OPEN_STEP),
    )


def next_actions() -> SQL:
    """One row a customer and company: company_id, partner_id, ar_next_action_date."""
    return SQL(
        "SELECT company_id, partner_id, MIN(day) AS ar_next_action_date"
        "  FROM (%s) step GROUP BY company_id, partner_id",
        steps(),
    )


def summaries(company_id, partner_ids) -> SQL:
    """Rows (partner_id, last contact, next day, next title) of some customers of a company."""
    return SQL(
        """
        SELECT partner.id, contact.ar_last_contact, step.day, step.title
          FROM unnest(%(ids)s::int[]) AS partner (id)
     LEFT JOIN (%(contacts)s) contact
            ON contact.partner_id = partner.id AND contact.company_id = %(company)s
     LEFT JOIN LATERAL (
            SELECT day, title FROM (%(steps)s) step
             WHERE step.partner_id = partner.id AND step.company_id = %(company)s
          ORDER BY day, title LIMIT 1
          ) step ON TRUE
        """,
        ids=list(partner_ids),
        company=company_id,
        contacts=contacts(),
        steps=steps(),
    )


# Field of a list -> the query that has it as a column of that name.
COLUMNS = {"ar_last_contact": contacts, "ar_next_action_date": next_actions}
