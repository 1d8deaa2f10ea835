"""Notices leave in one statement: message, mail, its status and the notice itself, or nothing.

What the ORM's ``create`` would do one by one takes longer than to make the notices out. The rows
are those that it writes for a note with one recipient by e-mail; Odoo's mail queue sends them.
"""

from odoo.tools import SQL

from .dunning_item_sql import unpack


def deliver(texts, frame) -> SQL:
    """Mark notices as sent and put their mails into the queue.

    texts: lists of one length, by the names of the columns below. heads stand above the text on
    the chatter; frames are places, from 1, in the mail_heads and mail_feet of what all share.

    The note is internal: nothing about the debt reaches followers outside by accident. The index
    on the hash of the items refuses a second notice of a level about the same items.
    """
    return SQL(
        """
        WITH text AS MATERIALIZED (
            SELECT * FROM unnest(%(ids)s::int[], %(partners)s::int[], %(recipients)s::int[],
                                 %(mailed)s::bool[], %(subjects)s::text[], %(bodies)s::text[],
                                 %(frames)s::int[], %(heads)s::text[], %(replies)s::text[],
                                 %(message_ids)s::text[])
                AS text (id, partner_id, recipient_id, by_email, subject, body, frame, head,
                         reply_to, message_id)
        ), message AS (%(message)s), mail AS (%(mail)s), recipient AS (
            INSERT INTO mail_mail_res_partner_rel (mail_mail_id, res_partner_id)
            SELECT mail.id, text.recipient_id
              FROM mail
              JOIN message ON message.id = mail.mail_message_id
              JOIN text USING (message_id)
        ), told AS (
            INSERT INTO mail_notification (author_id, mail_message_id, mail_mail_id,
                   res_partner_id, notification_type, notification_status, is_read)
            SELECT %(author)s, message.id, mail.id, text.recipient_id, 'email', 'ready', TRUE
              FROM mail
              JOIN message ON message.id = mail.mail_message_id
              JOIN text USING (message_id)
        )
        UPDATE ar_dunning_notice notice
           SET state = 'sent', sent_on = now() at time zone 'UTC', subject = text.subject,
               body = text.body, message_id = message.id, items_hash = (%(hash)s),
               write_uid = %(uid)s, write_date = now() at time zone 'UTC'
          FROM text
          JOIN message USING (message_id)
         WHERE text.id = notice.id AND notice.id = ANY(%(ids)s)
        """,
        **texts,
        **frame,
        hash=_hash(),
        message=_messages(frame),
        mail=_mails(frame),
    )


# The rows are found by their ids and joined in memory. To look each up among the others would
# seem cheaper as long as PostgreSQL takes the table for empty: just after a large proposal.
IN_MEMORY = SQL("SET LOCAL enable_nestloop = off")
AS_BEFORE = SQL("SET LOCAL enable_nestloop TO DEFAULT")
# Until the end of the transaction long texts are compressed by lz4, where the server has it, in a
# fifth of the time of its default; each text is stored with the message, the mail and the notice.
QUICKLY = SQL(
    "SELECT set_config(name, 'lz4', TRUE) FROM pg_settings"
    " WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"
)


def _hash() -> SQL:
    """What the items of the notice come to, as one value to compare."""
    return SQL(
        "SELECT md5(string_agg(move_line_id::text, ',' ORDER BY move_line_id)) FROM %s",
        unpack("move_line_id"),
    )


def _messages(frame) -> SQL:
    """The note on the customer's chatter."""
    return SQL(
        """
        INSERT INTO mail_message (subject, body, model, res_id, message_type, subtype_id,
               is_internal, author_id, email_from, reply_to, message_id, record_company_id,
               record_alias_domain_id, date, create_uid, create_date, write_uid, write_date)
        SELECT text.subject, text.head || COALESCE(text.body, ''), 'res.partner',
               text.partner_id, 'notification', %(note)s, TRUE, %(author)s, %(sender)s,
               text.reply_to, text.message_id, %(company)s, %(alias_domain)s,
               now() at time zone 'UTC', %(uid)s, now() at time zone 'UTC',
               %(uid)s, now() at time zone 'UTC'
          FROM text
      ORDER BY text.id
     RETURNING id, message_id
        """,
        **frame,
    )


def _mails(frame) -> SQL:
    return SQL(
        """
        INSERT INTO mail_mail (mail_message_id, body_html, state, is_notification, auto_delete,
               create_uid, create_date, write_uid, write_date)
        SELECT message.id,
               (%(mail_heads)s::text[])[text.frame] || COALESCE(text.body, '')
                   || (%(mail_feet)s::text[])[text.frame],
               'outgoing', TRUE, TRUE,
               %(uid)s, now() at time zone 'UTC', %(uid)s, now() at time zone 'UTC'
          FROM message
          JOIN text USING (message_id)
         WHERE text.by_email
     RETURNING id, mail_message_id
        """,
        **frame,
    )
