"""An overdue invoice, and what a customer says about it, for the tests of claims."""

from contextlib import contextmanager
from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError

from .dunning_common import DunningCommon


class ClaimCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls._invoice(cls.customer, 500, due=-30)
        cls.owner = cls._new_user("ar_quality", "base.group_user")

    def _item(self, move=None):
        return super()._item(move or self.move)

    def _line(self, move=None, amount=None):
        return Command.create(
            {"item_id": self._item(move).id, **({"amount": amount} if amount else {})}
        )

    def _claim(self, model, user, move, amount, vals):
        return (
            self.env[model]
            .with_user(user or self.collector)
            .create(
                {
                    "partner_id": (move or self.move).commercial_partner_id.id,
                    "line_ids": [self._line(move, amount)],
                    **vals,
                }
            )
        )

    def _dispute(self, user=None, move=None, amount=None, **vals):
        return self._claim("ar.dispute", user, move, amount, {"reason": "price", **vals})

    def _promise(self, user=None, move=None, amount=None, days=5, **vals):
        vals = {"date": self.today + timedelta(days=days), **vals}
        return self._claim("ar.promise", user, move, amount, vals)

    @contextmanager
    def _refused(self, message):
        """Bad input, refused with a message; nothing of it is left behind."""
        with self.assertRaisesRegex(UserError, message), self.env.cr.savepoint():
            yield

    def _reason(self, run, move=None):
        left_out = run.left_out_ids.filtered(lambda row: row.move_line_id == self._item(move))
        return left_out.reason

    def _scoring(self, kind):
        """How many points of conduct of a kind the customer has by tomorrow."""
        self.env.flush_all()
        tomorrow = self.today + timedelta(days=1)
        rows = self.env.execute_query(
            self.env["ar.score"]._conduct_sums(self.company, self.customer.ids, tomorrow)
        )
        return sum(row[{"promise": 1, "dispute": 2}[kind]] or 0 for row in rows)
