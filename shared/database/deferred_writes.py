"""Writes that nobody waits for: collected, and sent as one statement for however many tables.

Rows travel as JSON, which the server reads into the columns' own types: one parameter for the new rows of a table that
give the same columns, one for its rows in which the same columns have changed, and one for those to be deleted. So many
rows take no longer a statement than one does. The parts are common table expressions of one statement, so none of them
sees what another one writes, and foreign keys are checked when all is written. A unique value that a deleted row gives
up can be given to another one only after a flush.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache, lru_cache, reduce
from operator import add
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    JSON,
    ColumnElement,
    Delete,
    Insert,
    Select,
    Table,
    TableValuedAlias,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlmodel import SQLModel

from shared.database.rows import Values, primary_key, table_of, values_of

_Shape = tuple[Table, tuple[str, ...]]
"""A table, and the columns that get a value; the others get that of the server, or keep theirs."""

_Part = Callable[[Table, tuple[str, ...], TableValuedAlias], Insert | Update | Delete]

_NUMBER_OF_STATEMENTS = 300
"""How many of the statements made are kept; which columns are written differs from one to the next."""


class DeferredWrites:
    """What a transaction is still to write: new rows, changed columns, and rows to be deleted."""

    def __init__(self) -> None:
        self._inserted: dict[int, SQLModel] = {}
        self._updated: dict[tuple[Table, tuple[Any, ...]], Values] = {}
        self._deleted: dict[tuple[Table, tuple[Any, ...]], Values] = {}

    def __bool__(self) -> bool:
        return bool(self._inserted or self._updated or self._deleted)

    @property
    def inserted(self) -> list[SQLModel]:
        """The new rows, in their order."""
        return list(self._inserted.values())

    def inserts(self, row: SQLModel) -> bool:
        """Whether this row is among the new ones."""
        return id(row) in self._inserted

    def insert(self, row: SQLModel) -> None:
        """Insert `row` as it is when it is sent; rows of one table that give the same columns in the order of calls."""
        self._inserted[id(row)] = row

    def forget(self, row: SQLModel) -> None:
        """Do not insert `row` after all."""
        del self._inserted[id(row)]

    def update(self, row: SQLModel, values: Values) -> None:
        """Set columns of a row that is there. Raises ValueError for one that is to be deleted."""
        table, key = table_of(type(row)), primary_key(row)
        if (table, key) in self._deleted:
            raise ValueError(f"this {type(row).__name__} is to be deleted")
        self._updated.setdefault((table, key), {}).update(values)

    def delete(self, row: SQLModel) -> None:
        """Delete a row that is there; what was to be changed in it is forgotten."""
        table, key = table_of(type(row)), primary_key(row)
        self._updated.pop((table, key), None)
        self._deleted[table, key] = {}

    def clear(self) -> None:
        """Forget all of it."""
        self._inserted.clear()
        self._updated.clear()
        self._deleted.clear()

    def as_one(self) -> tuple[Select[int], dict[str, Any], int]:
        """One statement for all there is, its parameters, and what it answers: how many rows it changes and deletes."""
        parts: list[tuple[_Part, _Shape, list[Values]]] = []
        for make, by_shape in (
            (_insert_rows, self._rows()),
            (_update_rows, _by_shape(self._updated)),
            (_delete_rows, _by_shape(self._deleted)),
        ):
            parts += [(make, shape, rows) for shape, rows in sorted(by_shape.items(), key=_by_name)]
        parameters = {f"rows_{number}": to_json(rows).decode() for number, (*_, rows) in enumerate(parts)}
        joined = _joined(tuple((part, shape) for part, shape, _ in parts))
        return joined, parameters, len(self._updated) + len(self._deleted)

    def _rows(self) -> dict[_Shape, list[Values]]:
        rows: dict[_Shape, list[Values]] = defaultdict(list)
        for row in self._inserted.values():
            given = given_values(row)
            rows[table_of(type(row)), tuple(given)].append(_as_json(given))
        return rows


def given_values(row: SQLModel) -> Values:
    """The values of a new row, without those that the server gives: numbers and times that the row has none for."""
    filled = _filled_by_the_server(table_of(type(row)))
    return {name: value for name, value in values_of(row).items() if value is not None or name not in filled}


@cache
def _filled_by_the_server(table: Table) -> frozenset[str]:
    return frozenset(each.name for each in table.c if each.server_default is not None or each.identity is not None)


def _by_shape(written: dict[tuple[Table, tuple[Any, ...]], Values]) -> dict[_Shape, list[Values]]:
    """The rows, each with its primary key, by their table and the columns that are written."""
    rows: dict[_Shape, list[Values]] = defaultdict(list)
    for (table, key), values in written.items():
        named = zip(_key_of(table), key, strict=True)
        rows[table, tuple(sorted(values))].append(_as_json({**dict(named), **values}))
    return rows


def _key_of(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


def _by_name(item: tuple[_Shape, Any]) -> tuple[str, tuple[str, ...]]:
    (table, columns), _ = item
    return table.name, columns


def _as_json(values: Values) -> Values:
    """Values in the form in which PostgreSQL reads them out of JSON."""
    return {name: f"\\x{value.hex()}" if isinstance(value, bytes) else value for name, value in values.items()}


@lru_cache(maxsize=_NUMBER_OF_STATEMENTS)
def _joined(parts: tuple[tuple[_Part, _Shape], ...]) -> Select[int]:
    """The parts as common table expressions of a statement that counts the rows that were there to be written."""
    counts: list[ColumnElement[int]] = [literal_column("0")]
    inserts: list[Any] = []
    for number, (make, (table, columns)) in enumerate(parts):
        part = make(table, columns, _rows_of_json(table, (*_key_of(table), *columns), number))
        if isinstance(part, Insert):
            inserts.append(part.cte(f"part_{number}"))
        else:
            counted = part.returning(literal_column("1")).cte(f"part_{number}")
            counts.append(select(func.count()).select_from(counted).scalar_subquery())
    return select(reduce(add, counts)).add_cte(*inserts)


def _insert_rows(table: Table, columns: tuple[str, ...], rows: TableValuedAlias) -> Insert:
    return insert(table).from_select(list(columns), select(*(rows.c[name] for name in columns)))


def _update_rows(table: Table, columns: tuple[str, ...], rows: TableValuedAlias) -> Update:
    return update(table).where(_same_key(table, rows)).values({name: rows.c[name] for name in columns})


def _delete_rows(table: Table, _: tuple[str, ...], rows: TableValuedAlias) -> Delete:
    return delete(table).where(_same_key(table, rows))


def _same_key(table: Table, rows: TableValuedAlias) -> ColumnElement[bool]:
    return and_(*(table.c[name] == rows.c[name] for name in _key_of(table)))


def _rows_of_json(table: Table, columns: Iterable[str], number: int) -> TableValuedAlias:
    """The rows that the parameter `rows_<number>` holds as JSON, with columns of the table's types."""
    named = (column(name, table.c[name].type) for name in dict.fromkeys(columns))
    given = func.json_to_recordset(cast(bindparam(f"rows_{number}", type_=Text), JSON))
    return given.table_valued(*named).render_derived(name=f"rows_of_{number}", with_types=True)
