"""Databases of the benchmarks, and Odoo run inside this process on any of them."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.sql_db import close_db
from odoo.tools import config

ROOT = Path(__file__).parent.parent
PREFIX = os.environ.get("BENCH_DB", "ar_bench")  # two clones that measure at once need two
PRODUCT = ("ar_credit_control", "connectors", "data", "security", "views")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def digest(paths: Iterable[Path], *more: str) -> str:
    """Eight hex digits that change with the content of any of the files."""
    value = zlib.crc32(" ".join(more).encode())
    for path in sorted(paths):
        value = zlib.crc32(path.read_bytes(), value)
    return f"{value:08x}"


def product_digest() -> str:
    """Changes when the addon would install differently."""
    files = [ROOT / "__manifest__.py", ROOT / "__init__.py"]
    for room in PRODUCT:
        files += [
            path for path in (ROOT / room).rglob("*") if path.suffix in (".py", ".xml", ".csv")
        ]
    return digest(files)


def shell(script: str, **environment: str) -> None:
    """Runs a line of bash with the functions of dev/lib.sh."""
    # where this process finds Odoo would be taken for an Odoo of the machine's own
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(
        ["bash", "-c", f'. "{ROOT}/dev/lib.sh"; need_all; {script}'],
        check=True,
        stdout=sys.stderr,
        env={**inherited, **environment},
    )


def execute(database: str, query: str, parameters=()) -> list[tuple]:
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def names(prefix: str) -> list[str]:
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    return [name for (name,) in execute("postgres", query, [prefix])]


def close(name: str) -> None:
    """Ends this process's connections to a database, so that it can be copied or renamed."""
    Registry.delete(name)
    close_db(name)


def copy(source: str, target: str) -> None:
    """The source may have sessions of a server that is just ending."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    execute("postgres", query, [source])
    shell(f"copy_db {source} {target}")


def rename(source: str, target: str) -> None:
    execute("postgres", f'ALTER DATABASE "{source}" RENAME TO "{target}"')


def drop(names_: Iterable[str]) -> None:
    for name in names_:
        shell(f"drop_db {name}")


def with_modules(source: str, target: str, modules: str, addons: str = "") -> str:
    """A copy of ``source`` with more modules installed, made once per target name.

    Older copies of the same purpose (same name up to the last underscore) are dropped.
    """
    if target not in names(target):
        drop(names(target.rpartition("_")[0] + "_"))
        say(f"Installing {modules} into a copy of the ledger …")
        copy(source, f"{target}_new")
        shell(
            f"odoo -d {target}_new -i {modules} --stop-after-init --no-http --log-level=warn",
            EXTRA_ADDONS=addons,
        )
        execute(f"{target}_new", "VACUUM ANALYZE")
        rename(f"{target}_new", target)
    return target


def configure(addons: str = "") -> None:
    """Odoo's settings for this process; ``addons`` is one more addons path."""
    shell("true", EXTRA_ADDONS=addons)  # writes the settings file
    config.parse_config(["-c", os.environ["ODOO_RC"], "--no-http", "--log-level=warn"])


@contextmanager
def environment(database: str, user: str | None = None, commit: bool = False) -> Iterator:
    """An environment on a new cursor: rolled back at the end unless told otherwise."""
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        if user:
            env = env(user=env["res.users"].search([("login", "=", user)]).id)
        yield env
        if commit:
            env.flush_all()
            cr.commit()
        else:
            env.cr.rollback()
            env.invalidate_all(flush=False)
