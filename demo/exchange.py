"""The Italian company's account with a simulated e-invoice exchange, and invoices sent there."""

from __future__ import annotations

from datetime import timedelta

from odoo import fields

SIMULATOR = "ar_credit_control.exchange_simulator"
BASE = "http://127.0.0.1:8990"
SENT = 6


def build_exchange(env, company, owner) -> None:
    """An account that reads the simulator each minute, and the latest home invoices as sent.

    ``dev/run`` starts the simulator, which then speaks about these invoices.
    """
    env["ir.config_parameter"].sudo().set_param(SIMULATOR, BASE)
    accounts = env["ar.exchange.account"].with_company(company)
    common = {"company_id": company.id, "network": "sdi", "user_id": owner.id}
    accounts.create(
        {
            **common,
            "name": "SdI through Invoicetronic (simulated)",
            "provider": "invoicetronic",
            "base_url": f"{BASE}/invoicetronic",
            "user_name": "demo",
            "secret": "demo-secret",
            "interval": 1,
        }
    )
    accounts.create({**common, "name": "SdI by file and certified mail", "provider": "files"})
    moves = env["account.move"].search(
        [
            ("company_id", "=", company.id),
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("payment_state", "=", "not_paid"),
            ("commercial_partner_id.country_id.code", "=", "IT"),
        ],
        order="invoice_date desc, id desc",
        limit=SENT,
    )
    sent = fields.Datetime.now() - timedelta(days=2)
    env["ar.exchange.transmission"]._note_sent(
        "sdi",
        [
            (move, f"IT99000011009_{place:05d}.xml", "", sent)
            for place, move in enumerate(moves, start=1)
        ],
    )
