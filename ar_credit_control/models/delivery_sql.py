"""Delivery problems open in a few statements, however many messages a page has brought.

What the ORM's ``create`` does record by record takes longer than to fetch and to read the
messages. The rows are those that it writes.
"""

from odoo.tools import SQL

from .exchange_sql import names, table

PROBLEM = {
    **dict.fromkeys(("transmission_id", "move_id", "company_id", "account_id"), "int4"),
    **dict.fromkeys(("notification_id", "user_id"), "int4"),
    **dict.fromkeys(("network", "outcome", "code", "text"), "text"),
    **dict.fromkeys(("deadline", "opened_on"), "date"),
    "doubtful": "bool",
}
ERROR = {
    "problem_id": "int4",
    **dict.fromkeys(
        ("code", "text", "hint", "location", "record", "field_name", "fix"),
        "text",
    ),
}
LOG = SQL("create_uid, create_date, write_uid, write_date")


def _log(uid) -> SQL:
    return SQL("%(uid)s, now() at time zone 'UTC', %(uid)s, now() at time zone 'UTC'", uid=uid)


def insert_problems(rows, uid) -> SQL:
    """Gives ``(id, transmission)`` of each; a document of nobody has no problem."""
    return SQL(
        """
        INSERT INTO ar_delivery_problem (%(names)s, partner_id, state, told, %(log)s)
        SELECT row.*, COALESCE(move.commercial_partner_id, move.partner_id), 'open', FALSE, %(by)s
          FROM %(rows)s
          JOIN account_move move ON move.id = row.move_id
         WHERE COALESCE(move.commercial_partner_id, move.partner_id) IS NOT NULL
     RETURNING id, transmission_id
        """,
        names=names(PROBLEM),
        rows=table(rows, PROBLEM),
        log=LOG,
        by=_log(uid),
    )


def insert_errors(rows, uid) -> SQL:
    return SQL(
        "INSERT INTO ar_delivery_error (%(names)s, %(log)s) SELECT row.*, %(by)s FROM %(rows)s",
        names=names(ERROR),
        rows=table(rows, ERROR),
        log=LOG,
        by=_log(uid),
    )


def insert_activities(ids, words, frame) -> SQL:
    """An activity for each problem's owner, who follows the problem from now on.

    words: ``labels`` and ``tasks``, by outcome. frame: ids of ``model``, ``kind`` and ``uid``, and
    the ``subtypes`` that a follower hears of.
    """
    return SQL(
        """
        WITH problem AS (
            SELECT problem.*, COALESCE(move.name, '') AS number
              FROM ar_delivery_problem problem JOIN account_move move ON move.id = problem.move_id
             WHERE problem.id = ANY(%(ids)s) AND problem.user_id IS NOT NULL
        ), activity AS (
            INSERT INTO mail_activity (activity_type_id, res_model_id, res_model, res_id, res_name,
                   user_id, date_deadline, summary, note, automated, active, %(log)s)
            SELECT %(kind)s, %(model)s, 'ar.delivery.problem', id, number, user_id,
                   COALESCE(deadline, opened_on), number || ': ' || (%(labels)s::jsonb ->> outcome),
                   %(note)s, TRUE, TRUE, %(by)s
              FROM problem
        ), follower AS (
            INSERT INTO mail_followers (res_model, res_id, partner_id)
            SELECT 'ar.delivery.problem', problem.id, owner.partner_id
              FROM problem JOIN res_users owner ON owner.id = problem.user_id
                ON CONFLICT DO NOTHING
         RETURNING id
        )
        INSERT INTO mail_followers_mail_message_subtype_rel
               (mail_followers_id, mail_message_subtype_id)
        SELECT follower.id, subtype FROM follower, unnest(%(subtypes)s::int[]) subtype
        """,
        **frame,
        ids=ids,
        labels=words["labels"],
        note=_paragraph(SQL("%s::jsonb ->> outcome", words["tasks"])),
        log=LOG,
        by=_log(frame["uid"]),
    )


def insert_notes(ids, labels, frame) -> SQL:
    """A note in the history of each problem's invoice, with the network's words.

    frame: ``note`` (the subtype), ``author``, ``sender``, ``reply_to``, ``message_id``, ``uid``.
    """
    head = SQL("COALESCE(move.name, '') || ': ' || (%s::jsonb ->> problem.outcome)", labels)
    return SQL(
        """
        INSERT INTO mail_message (model, res_id, message_type, subtype_id, is_internal, body,
               author_id, email_from, reply_to, message_id, date, email_add_signature, %(log)s)
        SELECT 'account.move', move.id, 'notification', %(note)s, TRUE, %(head)s || %(text)s,
               %(author)s, %(sender)s, %(reply_to)s, %(message_id)s, now() at time zone 'UTC',
               FALSE, %(by)s
          FROM ar_delivery_problem problem JOIN account_move move ON move.id = problem.move_id
         WHERE problem.id = ANY(%(ids)s)
      ORDER BY problem.id
        """,
        **frame,
        ids=ids,
        head=_paragraph(head),
        text=_paragraph(SQL("problem.text")),
        log=LOG,
        by=_log(frame["uid"]),
    )


def _paragraph(text) -> SQL:
    """What a network says is shown as text, whatever it holds."""
    return SQL(
        "'<p>' || replace(replace(replace(COALESCE(%s, ''), '&', '&amp;'), '<', '&lt;'),"
        " '>', '&gt;') || '</p>'",
        text,
    )


def untold(account_id) -> SQL:
    """``(user, number of problems, ids of the first fifty)`` that nobody was told of yet."""
    return SQL(
        """
        SELECT owner, COUNT(*), (array_agg(id ORDER BY deadline, id))[:50]
          FROM (
            SELECT problem.id, problem.deadline, problem.user_id AS owner
              FROM ar_delivery_problem problem
             WHERE account_id = %(account)s AND told IS NOT TRUE AND problem.state = 'open'
             UNION
            SELECT problem.id, problem.deadline, move.invoice_user_id
              FROM ar_delivery_problem problem JOIN account_move move ON move.id = problem.move_id
             WHERE account_id = %(account)s AND told IS NOT TRUE AND problem.state = 'open'
          ) problem
         WHERE owner IS NOT NULL
      GROUP BY owner ORDER BY owner
        """,
        account=account_id,
    )
