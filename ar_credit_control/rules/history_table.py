"""Reading a table of opening history: bytes or sheet cells in, named cells and findings out.

A table has a kind (customers, invoices, payments or reports), a header and rows. The first row
that is not empty is the header; names are matched without regard to case, blanks and underscores.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

ERROR = "error"
WARNING = "warning"

TRUE_WORDS = frozenset(("1", "true", "yes", "y", "x", "si", "sì", "oui", "ja", "tak"))
FALSE_WORDS = frozenset(("", "0", "false", "no", "n", "non", "nein", "nie"))

LARGEST = Decimal(10) ** 15  # what is beyond is no amount, and could not be rounded

_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?")
_GROUPED = re.compile(
    r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?"
)


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: where it is, which rule it breaks (``code``) and the text that broke it."""

    kind: str
    line: int
    field: str
    code: str
    value: str = ""
    level: str = ERROR


class CellError(ValueError):
    """A cell that cannot be read; the message is the code of the rule."""


def read_text(cell: object) -> str:
    """Text of a cell; a spreadsheet's 1001.0 is the code 1001. Databases hold no NUL."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else " ".join(str(cell).replace("\0", " ").split())


def read_date(cell: object) -> date | None:
    """ISO or day-first date.

    >>> read_date("2025-03-09") == read_date("9/3/2025") == read_date("09.03.2025")
    True
    """
    if isinstance(cell, datetime):
        return _likely(cell.date())
    if isinstance(cell, date):
        return _likely(cell)
    if not (text := read_text(cell)):
        return None
    if match := _ISO.fullmatch(text):
        parts = match.groups()
    elif match := _DAY_FIRST.fullmatch(text):
        parts = match.groups()[::-1]
    else:
        raise CellError("date")
    try:
        return _likely(date(*(int(part) for part in parts)))
    except ValueError:
        raise CellError("date") from None


def _likely(day: date) -> date:
    """A spreadsheet makes a day of 1900 out of an empty date or a small number."""
    if not 1970 <= day.year <= 2100:
        raise CellError("date")
    return day


def read_amount(cell: object) -> Decimal | None:
    """A number, with comma or point for decimals and any usual mark between thousands.

    >>> [str(read_amount(text)) for text in ("1.234,56", "1,234.56", "-1 234,5", "12")]
    ['1234.56', '1234.56', '-1234.5', '12']
    """
    if isinstance(cell, bool):
        raise CellError("amount")
    if isinstance(cell, int | float | Decimal):
        return _bounded(_finite(cell))
    text = read_text(cell).replace("\u2212", "-").replace("\u2019", "'")
    if not text:
        return None
    sign, digits = ("-", text[1:].strip()) if text[0] == "-" else ("", text)
    return _bounded(Decimal(sign + _with_point(digits)))


def _bounded(number: Decimal) -> Decimal:
    if abs(number) >= LARGEST:
        raise CellError("amount")
    return number


def _finite(number: float | Decimal) -> Decimal:
    """A spreadsheet's number, freed of binary noise."""
    result = Decimal(repr(round(number, 6))) if isinstance(number, float) else Decimal(number)
    if not result.is_finite():
        raise CellError("amount")
    return result


def _with_point(digits: str) -> str:
    if _AMBIGUOUS.fullmatch(digits):
        raise CellError("ambiguous")
    if _PLAIN.fullmatch(digits):
        return digits.replace(",", ".")
    if not _GROUPED.fullmatch(digits):
        raise CellError("amount")
    marks = [mark for mark in digits if mark in ".,"]
    last = marks[-1] if marks and marks.count(marks[-1]) == 1 else ""
    whole, _mark, decimals = digits.rpartition(last) if last else (digits, "", "")
    whole = re.sub(r"\D", "", whole)
    return f"{whole}.{decimals}" if decimals else whole


def read_flag(cell: object) -> bool:
    """Yes or no, in the words of a few languages."""
    word = read_text(cell).lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise CellError("flag")
    return word in TRUE_WORDS


def read_upper(cell: object) -> str:
    """A code that is written in capitals, such as a currency."""
    return read_text(cell).upper()


def read_lower(cell: object) -> str:
    """A word of a fixed list."""
    return read_text(cell).lower()


def read_list(cell: object) -> tuple[str, ...]:
    """Several values in one cell, with ``|`` or ``;`` between them; doubles count once."""
    parts = (part.strip() for part in re.split(r"[|;]", read_text(cell)))
    return tuple(dict.fromkeys(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the contract: its name, how a cell is read, what else it may be called."""

    name: str
    read: Callable[[object], object] = read_text
    required: bool = False
    aliases: tuple[str, ...] = ()


COLUMNS: dict[str, tuple[Column, ...]] = {
    "invoices": (
        Column("number", required=True, aliases=("invoice number",)),
        Column("customer", required=True, aliases=("customer code",)),
        Column("date", read_date, required=True, aliases=("invoice date",)),
        Column("amount", read_amount, required=True, aliases=("total", "amount total", "gross")),
        Column("due_date", read_date, aliases=("due", "maturity")),
        Column("payment_term", aliases=("terms", "payment terms")),
        Column("currency", read_upper),
        Column("tax"),
        Column("disputed", read_flag),
        Column("credit_of", aliases=("credit note of",)),
    ),
    "customers": (
        Column("code", required=True, aliases=("customer", "customer code", "reference")),
        Column("name", required=True, aliases=("customer name",)),
        Column("country"),
        Column("vat", aliases=("vat number", "tax id")),
        Column("street", aliases=("address",)),
        Column("zip", aliases=("postcode", "postal code")),
        Column("city"),
        Column("email"),
        Column("phone"),
        Column("payment_term", aliases=("terms", "payment terms")),
        Column("credit_limit", read_amount, aliases=("limit",)),
        Column("salesperson", aliases=("salesperson login",)),
    ),
    "payments": (
        Column("customer", required=True, aliases=("customer code",)),
        Column("date", read_date, required=True, aliases=("payment date",)),
        Column("amount", read_amount, required=True),
        Column("reference", aliases=("payment", "payment reference")),
        Column("currency", read_upper),
        Column("invoices", read_list, aliases=("invoice",)),
        Column("status", read_lower),
    ),
    "reports": (
        Column("provider", required=True),
        Column("customer", required=True, aliases=("customer code",)),
        Column("date", read_date, required=True, aliases=("report date",)),
        Column("reference", aliases=("report number", "report")),
        Column("rating", aliases=("score",)),
        Column("advised_limit", read_amount, aliases=("limit", "credit limit")),
        Column("currency", read_upper),
        Column("valid_until", read_date, aliases=("expiry",)),
        Column("no_credit", read_flag),
    ),
}
KINDS: tuple[str, ...] = ("customers", "invoices", "payments", "reports")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table, its cells read by the contract; ``line`` is the line in the file."""

    line: int
    cells: dict[str, object]


def csv_rows(data: bytes) -> Iterator[tuple[int, list[object]]]:
    """Lines of a CSV file in any usual encoding, with comma, semicolon or tab between cells."""
    text = decode(data)
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    for cells in reader:
        yield start, list(cells)
        start = reader.line_num + 1


def decode(data: bytes) -> str:
    """Text of a file: Unicode when it is, the western code page of old exports when not."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def detect_kind(header: Iterable[object]) -> str | None:
    """Kind of a table by its header, None when no contract fits."""
    found = {_plain_name(cell) for cell in header}
    for kind in ("reports", "invoices", "payments", "customers"):
        required = (column for column in COLUMNS[kind] if column.required)
        if all(_names(column) & found for column in required):
            return kind
    return None


def read_table(
    rows: Iterable[tuple[int, Sequence[object]]], kind: str | None = None
) -> tuple[str | None, list[Record], list[Issue]]:
    """Rows of one table and what could not be read; rows with an unreadable cell are left out."""
    filled = ((line, cells) for line, cells in rows if any(map(read_text, cells)))
    line, header = next(filled, (1, []))
    kind = kind or detect_kind(header)
    if kind is None:
        return None, [], [Issue("", line, "", "header", ", ".join(map(read_text, header)))]
    places, issues = _places(kind, line, header)
    if any(issue.level == ERROR for issue in issues):
        return kind, [], issues
    records = []
    for line, cells in filled:
        record, faults = _read_row(kind, line, cells, places)
        issues += faults
        if not faults:
            records.append(record)
    return kind, records, issues


def _plain_name(cell: object) -> str:
    return re.sub(r"[\s_]+", " ", read_text(cell)).strip().lower()


def _names(column: Column) -> set[str]:
    return {_plain_name(column.name), *column.aliases}


def _places(
    kind: str, line: int, header: Sequence[object]
) -> tuple[list[tuple[Column, int | None]], list[Issue]]:
    """Where each column of the contract is, and what is wrong with the header."""
    found, issues = _header_names(kind, line, header)
    places = []
    for column in COLUMNS[kind]:
        matches = [name for name in (_plain_name(column.name), *column.aliases) if name in found]
        places.append((column, found.pop(matches[0]) if matches else None))
        if column.required and not matches:
            issues.append(Issue(kind, line, column.name, "missing_column"))
    issues += [Issue(kind, line, name, "unknown_column", level=WARNING) for name in found]
    return places, issues


def _header_names(
    kind: str, line: int, header: Sequence[object]
) -> tuple[dict[str, int], list[Issue]]:
    """Where each name stands first, and those that stand there again."""
    found: dict[str, int] = {}
    issues = []
    for index, cell in enumerate(header):
        name = _plain_name(cell)
        if name in found:
            issues.append(Issue(kind, line, read_text(cell), "double_column"))
        elif name:
            found[name] = index
    return found, issues


def _read_row(
    kind: str, line: int, cells: Sequence[object], places: list[tuple[Column, int | None]]
) -> tuple[Record, list[Issue]]:
    values: dict[str, object] = {}
    issues = []
    for column, place in places:
        cell = cells[place] if place is not None and place < len(cells) else None
        try:
            values[column.name] = column.read(cell)
        except CellError as error:
            issues.append(Issue(kind, line, column.name, str(error), read_text(cell)))
            continue
        if column.required and values[column.name] in (None, ""):
            issues.append(Issue(kind, line, column.name, "missing"))
    return Record(line, values), issues
