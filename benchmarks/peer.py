"""Addons of others that the product is measured against: fetched from PyPI, never depended on."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import databases, ledger


@dataclass(frozen=True)
class Peer:
    """An addon on PyPI, at a pinned version."""

    module: str
    package: str
    version: str

    def __str__(self) -> str:
        return f"{self.module} {self.version}"

    def fetch(self) -> str:
        """Its addons path: the wheel unpacked in the cache."""
        target = Path(os.environ["CACHE"]) / f"peer-{self.module}-{self.version}"
        if not target.exists():
            unpacked = target.with_name(f"{target.name}.new")
            command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            command += ["--no-deps", "--upgrade", "--target", str(unpacked)]
            command.append(f"{self.package}=={self.version}")
            if subprocess.run(command, stdout=sys.stderr).returncode:
                raise SystemExit(
                    f"error: {self.package} {self.version} could not be fetched (pip's message is "
                    "above): this benchmark needs a Python package index; the others do not."
                )
            unpacked.rename(target)
        return str(target / "odoo" / "addons")

    def database(self, args, addons: str) -> str:
        """The ledger in a database with the product and the peer installed."""
        ours = ledger.with_addon(args)
        prefix = f"{databases.PREFIX}_{self.module}_"
        name = ours.replace(f"{databases.PREFIX}_addon_", prefix)
        return databases.with_modules(ours, name, self.module, addons)
