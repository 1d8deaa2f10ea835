"""Tests over real connections: what they write is committed, and removed at the end."""

from contextlib import contextmanager

from odoo import api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name


class RaceCase(BaseCase):
    """A test that makes its data with ``_create(env)`` and takes it back with ``_remove()``."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self._environment() as env:
            self._create(env)
        self.addCleanup(self._remove)

    @contextmanager
    def _environment(self):
        """An environment on a connection of its own, committed at the end."""
        with self.registry.cursor() as cr:
            cr.execute("SELECT 1")  # its snapshot is taken here
            yield api.Environment(cr, api.SUPERUSER_ID, {})
