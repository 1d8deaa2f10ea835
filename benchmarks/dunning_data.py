"""A ledger whose customers can be dunned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from . import databases


@contextmanager
def prepared(database: str, **run) -> Iterator:
    """A dunning run of a company whose customers can be reached; undone at the end."""
    with databases.environment(database, "admin") as env:
        prepare(env)
        yield env["ar.dunning.run"].sudo().create({"company_id": env.company.id, **run})


def prepare(env) -> None:
    """Addresses to write to, and to write from."""
    env.company.email = "books@example.com"
    env.flush_all()
    env.cr.execute(
        """UPDATE res_partner SET street = '1 Road', city = 'Town',
                  email = 'customer' || id || '@example.com',
                  email_normalized = 'customer' || id || '@example.com'
            WHERE name LIKE 'Customer %' OR parent_id IS NOT NULL"""
    )
    env.invalidate_all(flush=False)
