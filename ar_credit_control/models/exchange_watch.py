import logging
from base64 import b64decode, b64encode
from functools import wraps
from hashlib import sha256

from odoo import api, fields, models
from odoo.tools import SQL, html2plaintext

from ...connectors.contract import Message
from ...connectors.guards import write_json
from ..rules.delivery import OPENS, SETTLES
from .exchange_sql import MESSAGE
from .exchange_watched import WATCHED

_logger = logging.getLogger(__name__)
BATCH = 500
WATCHED_NAMES = {
    name
    for item in WATCHED
    if item.model == "account.move"
    for name in (item.field, item.ident)
    if name
}
SALES = ("out_invoice", "out_refund", "out_receipt")


class ExchangeAccount(models.Model):
    """Turns what Odoo's own e-invoicing modules know into messages; their fields are only read."""

    _inherit = "ar.exchange.account"

    @api.model
    def _get_watched(self, model=None):
        """The status fields that exist in this database."""
        return [
            watched
            for watched in WATCHED
            if model in (None, watched.model)
            and watched.model in self.env
            and watched.field in self.env[watched.model]._fields
        ]

    @api.model
    def _get_for_odoo(self, company, network):
        """The account of a company for Odoo's own sending, made when it is first needed."""
        domain = [
            ("company_id", "=", company.id),
            ("network", "=", network),
            ("provider", "=", "odoo"),
        ]
        accounts = self.with_context(active_test=False)
        return accounts.search(domain, limit=1) or self.create(
            {
                "name": self.env._(
                    "Sent by Odoo: %s", dict(self._fields["network"].selection)[network]
                ),
                "company_id": company.id,
                "network": network,
                "provider": "odoo",
                "user_id": self._get_first_manager(company).id,
            }
        )

    @api.model
    def _get_first_manager(self, company):
        managers = self.env.ref("ar_credit_control.group_credit_manager").all_user_ids
        own = managers.filtered(
            lambda user: user.active and not user._is_superuser() and company in user.company_ids
        )
        return own[:1] or self.env.ref("base.user_admin")

    # ------------------------------------------------------------------ what a field says
    @api.model
    def _read_evidence(self, watched, record):
        """What there is to know of one status, before anybody clears it."""
        move = self._get_move(watched, record)
        label = record._fields[watched.field].convert_to_export(record[watched.field], record)
        return {
            "move": move.id,
            "number": move.name,
            "date": fields.Date.to_string(move.invoice_date),
            "field": watched.field,
            "state": record[watched.field],
            "title": label,
            "ident": (watched.ident and record[watched.ident]) or "",
            "hash": _hash_of(watched.file and record[watched.file]),
            "text": " ".join(_plain(record[name]) for name in _present(record, watched.texts)),
        }

    @api.model
    def _get_move(self, watched, record):
        """The invoice that a record of a watched model speaks about."""
        if record._name == "account.move":
            return record
        if not watched.link:
            return record.move_id
        return self.env["account.move"].search([(watched.link, "=", record.id)], limit=1)

    @api.model
    def _hear(self, watched, evidence):
        """Take in what Odoo knows of some invoices, given as :meth:`_read_evidence` does."""
        found = {item["move"]: item for item in evidence if item["state"] in watched.outcomes}
        moves = self.env["account.move"].browse(found)
        moves = moves.filtered(lambda move: move.move_type in SALES and move.state == "posted")
        for company, group in moves.grouped("company_id").items():
            account = self._get_for_odoo(company, watched.network)
            rows = [_row(watched, found[move.id]) for move in group]
            account._take_rows([row for row in rows if row], "odoo")

    # ------------------------------------------------------------------ what changed unseen
    @api.model
    def _cron_watch(self, report=None):
        """Statuses that were not written but computed, or told in the chatter afterwards.

        ``report(processed)`` commits and returns the seconds that are left.
        """
        report = report or self.env["ir.cron"]._commit_progress
        for watched in self._get_watched():
            while ids := self._find_untold(watched):
                records = self.env[watched.model].browse(ids)
                self._hear(watched, [self._read_with_note(watched, record) for record in records])
                self.env.flush_all()
                if report(len(ids)) <= 0:
                    return
                if len(ids) < BATCH:
                    break

    def _read_with_note(self, watched, record):
        """Modules that keep no text have said it on the invoice's chatter."""
        evidence = self._read_evidence(watched, record)
        if not evidence["text"]:
            note = self.env["mail.message"].search(
                [("model", "=", "account.move"), ("res_id", "=", evidence["move"])], limit=1
            )
            evidence["text"] = _plain(note.body)
        return evidence

    @api.model
    def _find_untold(self, watched):
        """Ids with a status that no message tells yet: bad news, and good news after bad."""
        self.env.flush_all()
        table = self.env[watched.model]._table
        join = SQL("move.%s = told.id", SQL.identifier(watched.link or "id"))
        if watched.model != "account.move" and not watched.link:
            join = SQL("move.id = told.move_id")
        bad = [value for value, outcome in watched.outcomes.items() if outcome in OPENS]
        good = [value for value, outcome in watched.outcomes.items() if outcome in SETTLES]
        ident = (
            SQL("COALESCE(told.%s, '')", SQL.identifier(watched.ident))
            if watched.ident
            else SQL("''")
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT told.id FROM %(table)s told JOIN account_move move ON %(join)s
                 WHERE move.state = 'posted' AND move.move_type = ANY(%(sales)s)
                   AND move.invoice_date >= %(start)s
                   AND (told.%(field)s = ANY(%(bad)s) OR told.%(field)s = ANY(%(good)s)
                        AND EXISTS (SELECT FROM ar_delivery_problem problem
                                     WHERE problem.move_id = move.id AND state <> 'closed'))
                   AND NOT EXISTS (
                       SELECT FROM ar_exchange_notification message
                        WHERE message.network = %(network)s AND message.provider = 'odoo'
                          AND message.company_id = move.company_id
                          AND message.key = %(prefix)s || move.id || ':' || told.%(field)s
                                            || ':' || %(ident)s)
              ORDER BY told.id LIMIT %(batch)s
                """,
                table=SQL.identifier(table),
                join=join,
                sales=list(SALES),
                start=fields.Date.subtract(fields.Date.today(), days=60),
                field=SQL.identifier(watched.field),
                bad=bad,
                good=good,
                network=watched.network,
                prefix=f"{watched.field}:",
                ident=ident,
                batch=BATCH,
            )
        )
        return [key for (key,) in rows]

    # ------------------------------------------------------------------ SdI's own message
    @api.model
    def _register_hook(self):
        """Read the SdI's message where Odoo opens it, since Odoo keeps only a part of its words."""
        result = super()._register_hook()
        moves = self.env.registry["account.move"]
        original = getattr(moves, "_l10n_it_edi_parse_notification", None)
        if original and not hasattr(original, "ar_listens"):
            moves._l10n_it_edi_parse_notification = _listening(original)
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        """Hear of each status at once: the file, number and text it comes with may be cleared."""
        result = super().write(vals)
        if not WATCHED_NAMES.isdisjoint(vals):
            for watched in self.env["ar.exchange.account"]._get_watched("account.move"):
                if watched.field in vals or watched.ident in vals:
                    self._ar_tell(watched, vals)
        return result

    def _ar_tell(self, watched, vals):
        """Pass a change of status on; whatever goes wrong here must not stop Odoo's own work."""
        accounts = self.env["ar.exchange.account"].sudo()  # safe: what Odoo itself has just written
        if not watched.texts:  # the reason comes after it, on the chatter
            if vals.get(watched.field) in watched.outcomes:
                self.env.ref("ar_credit_control.cron_exchange_watch").sudo()._trigger()
            return
        try:
            with self.env.cr.savepoint():
                evidence = [accounts._read_evidence(watched, move) for move in self.sudo()]
                accounts._hear(watched, evidence)
        except Exception:
            _logger.exception("What %s says of %s was not taken in", watched.field, self.ids)


def _listening(original):
    """The method, letting us know of the message that it opens."""

    @wraps(original)
    def parse(self, notification):
        raw = notification.get("xml_content")
        if raw:
            _take_raw(self, raw)
        return original(self, notification)

    parse.ar_listens = True
    return parse


def _take_raw(move, raw):
    try:
        with move.env.cr.savepoint():
            accounts = move.env["ar.exchange.account"].sudo()  # safe: fetched by Odoo itself
            account = accounts._get_for_odoo(move.company_id, "sdi")
            raw = raw if isinstance(raw, bytes) else raw.encode()
            account._take_in([Message("odoo", "", raw, "sdi.xml")], "odoo")
    except Exception:
        _logger.exception("The SdI's message about %s was not taken in", move.ids)


def _present(record, names):
    return [name for name in names if name in record._fields and record[name]]


def _hash_of(content):
    """SHA-256 of a binary field's content, as exchanges write it."""
    return sha256(b64decode(content)).hexdigest() if content else ""


def _plain(value):
    words = html2plaintext(value or "") if isinstance(value, str) else ""
    return "" if words == "None" else words


def _row(watched, evidence):
    """The row of a message that Odoo's own field stands for; None when it names nothing."""
    ident = evidence["ident"]
    outcome = watched.outcomes[evidence["state"]]
    if outcome == "sent" and watched.ident and not ident:
        return None  # the name of the file follows in a moment
    raw = write_json(evidence)
    row = dict.fromkeys(MESSAGE)
    return row | {
        "network": watched.network,
        "key": f"{watched.field}:{evidence['move']}:{evidence['state']}:{ident}",
        "name": f"{watched.field}.json",
        "raw": b64encode(raw).decode(),
        "raw_size": len(raw),
        "digest": sha256(raw).hexdigest(),
        "type": evidence["state"],
        "title": evidence["title"],
        "outcome": outcome,
        "text": evidence["text"] or evidence["title"],
        "file_name": ident if watched.ident_is_file else None,
        "exchange_id": None if watched.ident_is_file else ident or None,
        # When Odoo heard of it says nothing about when it happened; but where nothing names the
        # sending, good news after bad ones are those of another.
        "moment": None if watched.ident else fields.Datetime.now(),
        "file_hash": evidence["hash"] or None,
        "invoices": [{"number": evidence["number"], "year": None, "position": None}],
        "errors": [],
        "verified": False,
        "chosen": [evidence["move"]],
    }
