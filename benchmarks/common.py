"""What every benchmark reports: bars (a figure against its limit), plain figures, and the setting.

A benchmark is a file of this folder with ``run(args) -> Result``; its name is the file's. It may
add options with ``add_arguments(parser)``, and says ``NEEDS_ODOO = True`` when it runs Odoo.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
ALIASES = {"import": "history"}  # names that cannot be the name of a Python module


@dataclass(frozen=True)
class Bar:
    """A figure and the limit that it must not pass (``<=``) or must reach (``>=``)."""

    name: str
    figure: float
    limit: float
    comparison: str = "<="
    unit: str = ""

    @property
    def met(self) -> bool:
        if self.comparison == "<=":
            return self.figure <= self.limit
        return self.figure >= self.limit

    def as_dict(self) -> dict:
        return {
            "name": self.name,
            "figure": rounded(self.figure),
            "comparison": self.comparison,
            "limit": self.limit,
            "unit": self.unit,
            "met": self.met,
        }


@dataclass(frozen=True)
class Figure:
    """A measured number without a limit of its own: what a bar was computed from."""

    name: str
    figure: float
    unit: str = ""

    def as_dict(self) -> dict:
        return {"name": self.name, "figure": rounded(self.figure), "unit": self.unit}


@dataclass
class Result:
    """All that one benchmark has to say; ``setting`` names what it ran on."""

    name: str
    bars: list[Bar] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    setting: dict = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return all(bar.met for bar in self.bars)

    def bar(self, name: str, figure: float, limit: float, comparison: str = "<=", unit: str = ""):
        self.bars.append(Bar(name, figure, limit, comparison, unit))
        self._tell(name, figure, unit)

    def figure(self, name: str, figure: float, unit: str = ""):
        self.figures.append(Figure(name, figure, unit))
        self._tell(name, figure, unit)

    def _tell(self, name: str, figure: float, unit: str):
        """On standard error at once: what was measured is not lost with what comes after."""
        print(f"{self.name}: {name}: {number(figure, unit)}", file=sys.stderr, flush=True)

    def as_json(self) -> str:
        return json.dumps(
            {
                "benchmark": self.name,
                "met": self.met,
                "bars": [bar.as_dict() for bar in self.bars],
                "figures": [figure.as_dict() for figure in self.figures],
                "setting": self.setting,
            },
            indent=2,
        )

    def as_table(self) -> str:
        """The bars, below them the figures that they come from."""
        bars = [
            (b.name, number(b.figure, b.unit), f"{b.comparison} {b.limit:g}", verdict(b))
            for b in self.bars
        ]
        figures = [(f.name, number(f.figure, f.unit), "", "") for f in self.figures]
        setting = ", ".join(f"{key}: {value}" for key, value in self.setting.items())
        head = ("bar", "figure", "limit", "met")
        rows = [head, *bars, ("measured", "", "", ""), *figures] if figures else [head, *bars]
        return f"{self.name} ({setting})\n" + aligned(rows)


def verdict(bar: Bar) -> str:
    return "yes" if bar.met else "NO"


def rounded(value: float, digits: int = 5) -> float:
    """Enough digits to compare runs, few enough to read."""
    return value if isinstance(value, int) else float(f"{value:.{digits}g}")


def number(value: float, unit: str) -> str:
    text = f"{value:,}" if isinstance(value, int) else f"{rounded(value):,}"
    return f"{text} {unit}".strip()


def aligned(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as lines of equally wide columns: the first to the left, the others to the right."""
    rows = list(rows)
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def existing() -> list[str]:
    """Names of the benchmarks in this folder."""
    alias = {module: name for name, module in ALIASES.items()}
    return sorted(
        alias.get(path.stem, path.stem)
        for path in FOLDER.glob("*.py")
        if "\ndef run(" in path.read_text(encoding="utf-8")
    )
