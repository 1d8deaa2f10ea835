"""Multiplies documents by SQL: every row that hangs on one model customer, n times over.

The documents are made by the ORM; a copy differs in customer, amounts (times a whole factor, so
that all sums still agree to the cent) and dates (all shifted by the same days).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# In this order rows refer only to tables above or to their own.
TABLES = (
    "account_full_reconcile",
    "account_move",
    "account_payment",
    "account_move_line",
    "account_partial_reconcile",
    "sale_order",
    "sale_order_line",
)
RELATIONS = (
    ("sale_order_line_invoice_rel", "order_line_id", "invoice_line_id"),
    ("account_move__account_payment", "invoice_id", "payment_id"),
)
AMOUNT = re.compile(
    r"^(amount_|debit$|credit$|balance$|debit_amount|credit_amount|tax_base_amount|price_|untaxed_amount"
    r"|technical_price_unit$|discount_amount|discount_balance)|^amount$"
)
# SQL: the year, or year and month, in a number is that of the copy's date. Odoo looks for the last
# number among the documents of the same period and would give out a taken one.
DATED = """regexp_replace(regexp_replace({text},
    '/[0-9]{{4}}/$', to_char(p.date + c.shift, '/YYYY/')),
    '/[0-9]{{4}}/[0-9]{{2}}/$', to_char(p.date + c.shift, '/YYYY/MM/'))"""
ROWS = {
    "account_move": """
        SELECT id FROM account_move WHERE commercial_partner_id = %(partner)s
         UNION SELECT move_id FROM account_move_line WHERE partner_id = %(partner)s""",
    "account_move_line": "SELECT id FROM account_move_line WHERE move_id = ANY(%(account_move)s)",
    "account_payment": "SELECT id FROM account_payment WHERE partner_id = %(partner)s",
    "account_partial_reconcile": """
        SELECT id FROM account_partial_reconcile
         WHERE debit_move_id = ANY(%(account_move_line)s)""",
    "account_full_reconcile": """
        SELECT DISTINCT full_reconcile_id FROM account_move_line
         WHERE id = ANY(%(account_move_line)s) AND full_reconcile_id IS NOT NULL""",
    "sale_order": "SELECT id FROM sale_order WHERE partner_id = %(partner)s",
    "sale_order_line": "SELECT id FROM sale_order_line WHERE order_id = ANY(%(sale_order)s)",
}


@dataclass
class Group:
    """All rows of one model customer, and where the ids of their copies begin."""

    partner: int
    contact: int | None
    rows: dict[str, list[int]]
    first: dict[str, int]

    def new_id(self, table: str, column: str) -> str:
        """SQL: the copy's id for the model row named by a column; NULL for rows outside."""
        rows = self.rows[table]
        cases = " ".join(f"WHEN {row} THEN {rank}" for rank, row in enumerate(rows))
        if not rows:
            return "NULL::integer"
        return f"({self.first[table]} + c.n * {len(rows)} + CASE {column} {cases} END)"


class Cloner:
    """Copies groups; indexes and foreign keys are set aside until ``finish``."""

    def __init__(self, cr):
        self.cr = cr
        self.columns = {table: self.columns_of(table) for table in TABLES}
        self.references = {table: self._references(table) for table in TABLES}
        cr.execute("SET session_replication_role = replica")
        self.indexes = self._drop_indexes()

    def columns_of(self, table: str) -> dict[str, str]:
        self.cr.execute(
            "SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = %s",
            [table],
        )
        return dict(self.cr.fetchall())

    def _references(self, table: str) -> dict[str, str]:
        """Column → table that it refers to."""
        self.cr.execute(
            """SELECT a.attname, c.confrelid::regclass::text FROM pg_constraint c
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                WHERE c.contype = 'f' AND c.conrelid = %s::regclass""",
            [table],
        )
        return dict(self.cr.fetchall())

    def _drop_indexes(self) -> list[str]:
        self.cr.execute(
            """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
                 FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
                WHERE i.indrelid = ANY(%s::regclass[]) AND c.oid IS NULL""",
            [list(TABLES)],
        )
        found = self.cr.fetchall()
        for name, _definition in found:
            self.cr.execute(f"DROP INDEX {name}")
        return [definition for _name, definition in found]

    def finish(self) -> None:
        """Indexes, sequences and foreign keys as they were."""
        for definition in self.indexes:
            self.cr.execute(definition)
        for table in (*TABLES, "res_partner"):
            self.cr.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
        self.cr.execute("SET session_replication_role = DEFAULT")

    def group(self, partner: int, contact: int | None) -> Group:
        rows: dict[str, list[int]] = {}
        for table in ("account_move", "account_move_line", "sale_order", *TABLES):
            if table not in rows:
                self.cr.execute(ROWS[table], {"partner": partner, **rows})
                rows[table] = sorted(row for (row,) in self.cr.fetchall())
        return Group(partner, contact, rows, {table: self._next_id(table) for table in TABLES})

    def _next_id(self, table: str) -> int:
        self.cr.execute(f"SELECT COALESCE(max(id), 0) + 1 FROM {table}")
        return self.cr.fetchone()[0]

    def copy(self, group: Group) -> None:
        """One copy of the group for every row of the table ``bench_copy`` (``c``)."""
        for table in TABLES:
            if group.rows[table]:
                self._copy_table(group, table)
        for relation in RELATIONS:
            self._copy_relation(group, *relation)

    def _copy_table(self, group: Group, table: str) -> None:
        values = {
            column: self._value(group, table, column, kind)
            for column, kind in self.columns[table].items()
        }
        values.update(self._names(group, table))
        quoted = ", ".join(f'"{column}"' for column in values)
        self.cr.execute(
            f"INSERT INTO {table} ({quoted}) SELECT {', '.join(values.values())} "
            f"FROM {table} p CROSS JOIN bench_copy c WHERE p.id = ANY(%s) ORDER BY c.n, p.id",
            [group.rows[table]],
        )

    def _copy_relation(self, group: Group, relation: str, left: str, right: str) -> None:
        tables = {"order_line_id": "sale_order_line", "invoice_line_id": "account_move_line"}
        tables |= {"invoice_id": "account_move", "payment_id": "account_payment"}
        self.cr.execute(
            f"INSERT INTO {relation} ({left}, {right}) "
            f"SELECT {group.new_id(tables[left], left)}, {group.new_id(tables[right], right)} "
            f"FROM {relation} p CROSS JOIN bench_copy c WHERE p.{left} = ANY(%s)",
            [group.rows[tables[left]]],
        )

    def _value(self, group: Group, table: str, column: str, kind: str) -> str:
        """SQL: what a copy has in a column."""
        model = f'p."{column}"'
        target = table if column == "id" else self.references[table].get(column)
        if target in TABLES:
            return f"CASE WHEN {model} IS NOT NULL THEN {group.new_id(target, model)} END"
        if target == "res_partner":
            return (
                f"CASE {model} WHEN {group.partner} THEN c.partner_id "
                f"WHEN {group.contact or 0} THEN c.contact_id ELSE {model} END"
            )
        if kind == "date":
            return f"{model} + c.shift"
        if kind in ("numeric", "float8") and AMOUNT.match(column):
            return f"{model} * c.factor"
        return model

    def _names(self, group: Group, table: str) -> dict[str, str]:
        """Numbers of documents are unique, and matching numbers name the reconciliation."""
        if table == "account_move":
            return self._move_names(group)
        if table == "account_payment" and group.rows["account_move"]:
            return {"name": self._name(group, "p.name", "p.move_id")}
        if table == "account_move_line":
            return {
                "move_name": self._name(group, "p.move_name", "p.move_id"),
                "matching_number": self._matching(group),
            }
        return {}

    def _move_names(self, group: Group) -> dict[str, str]:
        name = self._name(group, "p.name", "p.id")
        numbered = "CASE WHEN p.sequence_number > 0 THEN"
        return {
            "name": f"{numbered} {name} END",
            "payment_reference": f"CASE WHEN p.payment_reference = p.name THEN {name} END",
            "sequence_prefix": DATED.format(text="p.sequence_prefix"),
            "sequence_number": f"{numbered} {group.new_id('account_move', 'p.id')} END",
        }

    @staticmethod
    def _name(group: Group, name: str, move: str) -> str:
        """SQL: the name with the id of the copy's move for a number."""
        prefix = DATED.format(text=f"regexp_replace({name}, '[0-9]+$', '')")
        return f"{prefix} || {group.new_id('account_move', move)}"

    @staticmethod
    def _matching(group: Group) -> str:
        full = group.new_id("account_full_reconcile", "p.full_reconcile_id")
        partials = group.first["account_partial_reconcile"]
        count = len(group.rows["account_partial_reconcile"])
        return (
            f"CASE WHEN p.full_reconcile_id IS NOT NULL THEN {full}::text "
            f"WHEN p.matching_number IS NOT NULL THEN 'P' || ({partials} + c.n * {count}) END"
        )
