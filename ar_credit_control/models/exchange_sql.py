"""Statements about a page of messages: each takes all its rows as one JSON text.

A page as thousands of constants takes the database longer to read than to store.
"""

import json

from odoo.tools import SQL

# Columns of a message that change with the message, with their types.
MESSAGE = {
    **dict.fromkeys(("network", "key", "name", "raw"), "text"),
    "raw_size": "int4",
    **dict.fromkeys(("digest", "type", "title", "outcome", "code", "text"), "text"),
    **dict.fromkeys(("exchange_id", "external_id", "file_name", "file_hash"), "text"),
    "moment": "timestamp",
    **dict.fromkeys(("dates", "invoices", "errors", "parties"), "jsonb"),
    **dict.fromkeys(("duplicate_of", "network_number"), "text"),
    "verified": "bool",
    **dict.fromkeys(("signature", "state", "reason", "detail", "remedy"), "text"),
}
TOLD = {
    "id": "int4",
    "outcome": "text",
    "moment": "timestamp",
    **dict.fromkeys(("exchange_id", "file_hash"), "text"),
}


def table(rows, types) -> SQL:
    """Dictionaries as a table ``row`` of a statement; ``types`` names the columns and types."""
    columns = (SQL("%s %s", SQL.identifier(name), SQL(kind)) for name, kind in types.items())
    chosen = [{name: row[name] for name in types} for row in rows]
    text = json.dumps(chosen, ensure_ascii=False, default=str)
    return SQL("json_to_recordset(%s) AS row(%s)", text, SQL(", ").join(columns))


def names(types) -> SQL:
    return SQL(", ").join(map(SQL.identifier, types))


def insert_messages(rows, frame) -> SQL:
    """Gives ``(id, network, key)`` of each. frame: what all rows of the page have in common."""
    values = (
        SQL("convert_to(row.raw, 'UTF8')") if name == "raw" else SQL.identifier("row", name)
        for name in MESSAGE
    )
    return SQL(
        """
        INSERT INTO ar_exchange_notification (%(frame)s, %(names)s)
        SELECT %(common)s, %(values)s FROM %(rows)s
     RETURNING id, network, key
        """,
        frame=names(frame),
        names=names(MESSAGE),
        common=SQL(", ").join(SQL("%s", value) for value in frame.values()),
        values=SQL(", ").join(values),
        rows=table(rows, MESSAGE),
    )


def find_known(rows, company_id, provider) -> SQL:
    """``(network, key)`` of those that are stored already.

    One probe of the unique index each: of a table that a long reading is just filling, the
    database knows no statistics, and would read a growing part of it for every page.
    """
    return SQL(
        """
        SELECT row.network, row.key FROM %s
    CROSS JOIN LATERAL (
            SELECT FROM ar_exchange_notification message
             WHERE message.network = row.network AND message.company_id = %s
               AND message.provider = %s AND message.key = row.key
             LIMIT 1
          ) message
        """,
        table(rows, {"network": "text", "key": "text"}),
        company_id,
        provider,
    )


def update_told(rows) -> SQL:
    """What was told last of each transmission."""
    return SQL(
        """
        UPDATE ar_exchange_transmission sent
           SET outcome = row.outcome, moment = row.moment,
               exchange_id = row.exchange_id, file_hash = row.file_hash
          FROM %s
         WHERE sent.id = row.id
           AND (sent.outcome, sent.moment, sent.exchange_id, sent.file_hash)
               IS DISTINCT FROM
               (row.outcome, row.moment, row.exchange_id, row.file_hash)
        """,
        table(rows, TOLD),
    )
