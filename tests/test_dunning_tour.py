"""A dunning run in a real browser, from the proposal to the customer's level."""

from odoo.tests import HttpCase, tagged

from .dunning_common import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningTour(DunningCommon, HttpCase):
    def test_proposed_reviewed_sent(self):
        forgetful = self._new_customer("Forgetful & Sons", email="f@f.example")
        excused = self._new_customer("Excused & Sons", email="e@e.example")
        for partner in (forgetful, excused):
            self._invoice(partner, 100, due=-20)
            self._invoice(partner, 200, due=-10)
        self.start_tour("/odoo/dunning", "ar_dunning_run", login=self.collector.login)
        run = self.Run.search([], order="id desc", limit=1)
        self.assertEqual(run.state, "done")
        self.assertEqual((self._level(forgetful), self._level(excused)), (1, 0))
        left = run.notice_ids.filtered(lambda n: n.partner_id == excused)
        self.assertEqual(left.state, "left_out")
        mail = self.env["mail.mail"].sudo().search([("recipient_ids", "=", forgetful.id)])
        self.assertEqual(len(mail), 1, "one mail for two invoices")
