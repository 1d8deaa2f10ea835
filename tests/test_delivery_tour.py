"""From a real rejection of the SdI to the corrected invoice that arrives, in a browser."""

from odoo import fields
from odoo.tests import HttpCase, tagged

from .exchange_common import SAMPLES, ExchangeCommon

REJECTION = SAMPLES / "sdi" / "gobl_RicevutaScarto_NS_multi_4_errors.xml"
FILE = "IT01234567890_FPR01.xml"
SECOND = "IT01234567890_FPR02.xml"


@tagged("post_install", "-at_install")
class TestDeliveryTour(ExchangeCommon, HttpCase):
    def test_rejected_corrected_sent_again_arrived(self):
        self.customer.write({"country_id": self.env.ref("base.it").id, "vat": False})
        self.account.user_id = self.accountant
        self._know(file=FILE, hours=-48)
        files = (
            self.env["ir.attachment"]
            .with_user(self.accountant)
            .create({"name": REJECTION.name, "raw": REJECTION.read_bytes()})
        )
        upload = {"account_id": self.account.id, "attachment_ids": [fields.Command.set(files.ids)]}
        self.env["ar.exchange.upload"].with_user(self.accountant).create(upload).action_upload()
        problem = self._problem()
        self.assertEqual(problem.error_ids.mapped("code"), ["00300", "00301", "00306", "00311"])
        self.start_tour(
            "/odoo/action-account.action_move_out_invoice_type",
            "ar_delivery_problem",
            login=self.accountant.login,
        )
        self.env.invalidate_all()
        self.assertEqual(self.customer.vat, "IT00743110157")
        self.assertEqual(problem.state, "fixed")
        self._know(file=SECOND, hours=20)
        self._take(self._raw("RC", file=SECOND, hours=21))
        self.assertEqual((problem.state, problem.close_reason), ("closed", "delivered"))
        self.start_tour(
            f"/odoo/delivery-problems/{problem.id}",
            "ar_delivery_closed",
            login=self.accountant.login,
        )
