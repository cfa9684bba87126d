"""Writes that nobody waits for: collected, and sent as one statement for however many tables.

Rows travel as JSON, which the server reads into the columns' own types: one parameter for all new rows of a table, and
one for all rows of it in which the same columns have changed. So many rows take no longer a statement than one does.
The parts are common table expressions of one statement, so none of them sees what another one writes, and foreign keys
are checked when all is written.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    JSON,
    Delete,
    Insert,
    Table,
    TableValuedAlias,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlmodel import SQLModel

from shared.database.rows import Values, table_of, values_of

Write = Insert | Update | Delete

_Shape = tuple[Table, tuple[str, ...]]
"""A table, and the columns that get a value; the others get that of the server."""


class DeferredWrites:
    """What a transaction is still to write: new rows, changed columns, and other statements."""

    def __init__(self) -> None:
        self.inserted: list[SQLModel] = []
        self._updated: dict[tuple[Table, tuple[Any, ...]], Values] = {}
        self._statements: list[tuple[Write, Mapping[str, Any]]] = []

    def __bool__(self) -> bool:
        return bool(self.inserted or self._updated or self._statements)

    def insert(self, row: SQLModel) -> None:
        """Insert `row` as it is when it is sent; rows of one table in the order of these calls."""
        self.inserted.append(row)

    def update(self, table: Table, key: tuple[Any, ...], values: Values) -> None:
        """Set columns of the row with this primary key."""
        self._updated.setdefault((table, key), {}).update(values)

    def add_statement(self, statement: Write, parameters: Mapping[str, Any]) -> None:
        """Send a statement along. It is best made once, with named parameters: then it is compiled once.

        Raises ValueError where another statement has a parameter of the same name: both would get the value of one.
        """
        if taken := [name for _, given in self._statements for name in given.keys() & parameters.keys()]:
            raise ValueError(f"another deferred statement has the parameter {taken[0]}: flush before this one")
        self._statements.append((statement, parameters))

    def clear(self) -> None:
        """Forget all of it."""
        self.inserted.clear()
        self._updated.clear()
        self._statements.clear()

    def as_one(self) -> tuple[Write, dict[str, Any]]:
        """One statement for all there is, and its parameters."""
        parts: list[tuple[Any, ...]] = []
        parameters: dict[str, Any] = {}
        for (table, columns), rows in sorted(self._rows().items(), key=lambda item: item[0][0].name):
            parameters[f"rows_{len(parts)}"] = to_json(rows).decode()
            parts.append((_insert_rows, table, columns))
        for (table, columns), rows in self._changes().items():
            parameters[f"rows_{len(parts)}"] = to_json(rows).decode()
            parts.append((_update_rows, table, columns))
        for statement, given in self._statements:
            parameters |= given
            parts.append((_as_given, statement))
        return _joined(tuple(parts)), parameters

    def _rows(self) -> dict[_Shape, list[Values]]:
        rows: dict[_Shape, list[Values]] = defaultdict(list)
        for row in self.inserted:
            table = table_of(type(row))
            filled = _filled_by_the_server(table)
            given = {
                name: _as_json(value)
                for name, value in values_of(row).items()
                if value is not None or name not in filled
            }
            rows[table, tuple(given)].append(given)
        return rows

    def _changes(self) -> dict[_Shape, list[Values]]:
        """What has changed in rows, each with its primary key; by table and the columns that have changed."""
        rows: dict[_Shape, list[Values]] = defaultdict(list)
        for (table, key), values in self._updated.items():
            named = zip(_key_of(table), key, strict=True)
            rows[table, tuple(sorted(values))].append(
                {name: _as_json(value) for name, value in (*named, *values.items())}
            )
        return rows


def _key_of(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


@cache
def _filled_by_the_server(table: Table) -> frozenset[str]:
    """The columns that get a number or the time from the server where a row has no value of its own."""
    return frozenset(each.name for each in table.c if each.server_default is not None or each.identity is not None)


def _as_json(value: Any) -> Any:
    """A value in the form in which PostgreSQL reads it out of JSON."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


@cache
def _joined(parts: tuple[tuple[Any, ...], ...]) -> Write:
    """The parts as one statement: all but the last as common table expressions of it."""
    *others, last = (make(*arguments, number) for number, (make, *arguments) in enumerate(parts))
    joined: Write = last.add_cte(*(other.cte(f"part_{number}") for number, other in enumerate(others)))
    return joined


def _insert_rows(table: Table, columns: Sequence[str], number: int) -> Insert:
    rows = _rows_of_json(table, columns, number)
    return insert(table).from_select(list(columns), select(*rows.c))


def _update_rows(table: Table, columns: Sequence[str], number: int) -> Update:
    key = _key_of(table)
    rows = _rows_of_json(table, [*key, *columns], number)
    values = {name: rows.c[name] for name in columns}
    return update(table).where(and_(*(table.c[name] == rows.c[name] for name in key))).values(values)


def _rows_of_json(table: Table, columns: Iterable[str], number: int) -> TableValuedAlias:
    """The rows that the parameter `rows_<number>` holds as JSON, with columns of the table's types."""
    named = (column(name, table.c[name].type) for name in columns)
    given = func.json_to_recordset(cast(bindparam(f"rows_{number}", type_=Text), JSON))
    return given.table_valued(*named).render_derived(name=f"rows_of_{number}", with_types=True)


def _as_given(statement: Write, _: int) -> Write:
    return statement
