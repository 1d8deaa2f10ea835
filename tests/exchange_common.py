"""An exchange account and messages about its company's invoices, written as the SdI writes them."""

from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path

from odoo import fields

from ..connectors.contract import Message
from ..connectors.simulator.messages import Event, write
from .common import CreditCommon

SAMPLES = Path(__file__).parent / "samples"
ERRORS = (
    ("00305", "1.4.1.1.2 <IdCodice> non valido : 00000000000", "Verificare la partita IVA"),
    ("00311", "1.1.4 <CodiceDestinatario> non valido : ABC1234", ""),
)


class ExchangeCommon(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Notification = cls.env["ar.exchange.notification"]
        cls.Problem = cls.env["ar.delivery.problem"]
        cls.account = cls.env["ar.exchange.account"].create(
            {"name": "SdI by file", "company_id": cls.company.id, "user_id": cls.collector.id}
        )
        cls.now = datetime.now(timezone.utc).replace(microsecond=0)
        cls.ids = count(1)
        cls.invoice = cls._invoice(cls.customer, 500, due=-30)

    @classmethod
    def _event(cls, kind, move=None, file="IT01234567890_00001.xml", hours=0, **values):
        """A message of the SdI about an invoice, ``hours`` after noon of yesterday."""
        number = next(cls.ids)
        happened = cls.now - timedelta(days=1) + timedelta(hours=hours)
        move = move or cls.invoice
        defaults = {
            "errors": ERRORS if kind == "NS" else (),
            "answer": "EC02" if kind == "NE" else "",
            "number": move.name,
            "day": str(move.invoice_date),
            "exchange_id": str(10_000_000 + sum(map(ord, file))),
            "message_id": str(900_000 + number),
        }
        return Event(
            id=number,
            type=kind,
            file_name=file,
            happened=happened,
            arrived=happened,
            **(defaults | values),
        )

    @classmethod
    def _raw(cls, kind, *args, **values):
        return write(cls._event(kind, *args, **values))

    def _take(self, *raws, source="feed", account=None):
        messages = [Message("files", str(next(self.ids)), raw, "m.xml") for raw in raws]
        return (account or self.account)._take_in(messages, source)

    def _know(self, move=None, file="IT01234567890_00001.xml", hours=-24):
        """Remember that an invoice was sent, as Odoo does when it sends one."""
        move = move or self.invoice
        sent = (self.now - timedelta(days=1) + timedelta(hours=hours)).replace(tzinfo=None)
        self.env["ar.exchange.transmission"]._note_sent("sdi", [(move, file, "", sent)])

    def _problem(self, move=None):
        return self.Problem.search([("move_id", "=", (move or self.invoice).id)])

    @classmethod
    def _today(cls):
        return fields.Date.context_today(cls.company)
