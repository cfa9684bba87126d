"""Rows that a unit of work only adds: kept as they are, and inserted past the session, all of them by one statement."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import to_json
from sqlalchemy import Table

if TYPE_CHECKING:
    from sqlmodel import SQLModel
    from sqlmodel.ext.asyncio.session import AsyncSession

    from shared.db import Session

Added = tuple[Table, Any]
"""A table, and what is to become a row of it: its values by column, or an object that has them."""

_Shape = tuple[Table, tuple[str, ...]]


def add(session: AsyncSession, model: type[SQLModel], **values: Any) -> None:
    """Add a row of `model`; columns that get no value here get that of the server.

    It is inserted when the transaction ends, or the session is flushed. Queries before that don't see it.
    """
    cast("Session", session).added.append((model.__table__, values))  # type: ignore[attr-defined]


def add_object(session: AsyncSession, row: SQLModel) -> None:
    """Add a row that may still change: it is inserted as it is then, and no longer followed."""
    cast("Session", session).added.append((row.__table__, row))  # type: ignore[attr-defined]


async def insert_added(session: Session) -> None:
    """Insert what was added to `session` so far, by one statement; rows of one table in the order of their adding.

    Foreign keys are looked at when all is there. Errors are the driver's own.
    """
    if not session.added:
        return
    shaped: dict[_Shape, list[dict[str, Any]]] = defaultdict(list)
    for table, row in session.added:
        values = row if isinstance(row, dict) else _values_of(row, table)
        shaped[table, tuple(values)].append({name: _plain(value) for name, value in values.items()})
    session.added.clear()
    shapes = sorted(shaped, key=lambda shape: (shape[0].name, shape[1]))
    rows = [to_json(shaped[shape]).decode() for shape in shapes]
    await session.driver.execute(_insert(tuple(shapes)), *rows)


def _values_of(row: Any, table: Table) -> dict[str, Any]:
    """Those of all columns, but for what only the server fills."""
    values = ((column, getattr(row, column.name)) for column in table.c)
    return {column.name: value for column, value in values if column.server_default is None or value is not None}


def _plain(value: Any) -> Any:
    """A value as JSON takes it, in the form in which PostgreSQL reads it."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


@cache
def _insert(shapes: tuple[_Shape, ...]) -> str:
    """Names come from models, never from outside. The server reads JSON into the columns' own types."""
    *others, last = (_insert_into(table.name, columns, place) for place, (table, columns) in enumerate(shapes, 1))
    before = ", ".join(f"i{place} AS ({sql})" for place, sql in enumerate(others))
    return f"WITH {before} {last}" if before else last


def _insert_into(table: str, columns: tuple[str, ...], place: int) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    rows = f'json_populate_recordset(NULL::"{table}", ${place}::json)'
    return f'INSERT INTO "{table}" ({names}) SELECT {names} FROM {rows}'  # noqa: S608
