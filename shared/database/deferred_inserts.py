"""What a unit of work only adds: rows and statements that are kept, and sent past the session as one statement."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import to_json
from sqlalchemy import Table

if TYPE_CHECKING:
    from sqlmodel import SQLModel
    from sqlmodel.ext.asyncio.session import AsyncSession

    from shared.database.connections import Session

Added = tuple[Table | str, Any]
"""A table, and what is to become a row of it: its values by column, or an object with them; or SQL, and its values."""

_Shape = tuple[Table, tuple[str, ...]]
_PLACE = re.compile(r"\$(\d+)")


def add(session: AsyncSession, model: type[SQLModel], **values: Any) -> None:
    """Add a row of `model`; columns that get no value here get that of the server.

    It is inserted when the transaction ends, or the session is flushed. Queries before that don't see it.
    """
    cast("Session", session).added.append((model.__table__, values))  # type: ignore[attr-defined]


def add_object(session: AsyncSession, row: SQLModel) -> None:
    """Add a row that may still change: it is inserted as it is then, and no longer followed."""
    cast("Session", session).added.append((row.__table__, row))  # type: ignore[attr-defined]


def add_statement(session: AsyncSession, sql: str, *values: Any) -> None:
    """Add a statement in PostgreSQL's own words that nobody waits for.

    It sees nothing of what else is added, neither rows nor what another statement changes.
    """
    cast("Session", session).added.append((sql, values))


async def send_added(session: Session) -> None:
    """Send what was added to `session` so far, as one statement; rows of one table in the order of their adding.

    Foreign keys are looked at when all is there. Errors are the driver's own.
    """
    if not session.added:
        return
    rows: dict[_Shape, list[dict[str, Any]]] = defaultdict(list)
    parts: list[tuple[str, Sequence[Any]]] = []
    for what, given in session.added:
        if isinstance(what, str):
            parts.append((what, given))
        else:
            values = given if isinstance(given, dict) else _values_of(given, what)
            rows[what, tuple(values)].append({name: _plain(value) for name, value in values.items()})
    session.added.clear()
    parts += [(_insert_into(*shape), [to_json(of_one).decode()]) for shape, of_one in rows.items()]
    parts.sort(key=itemgetter(0))
    sql = _as_one(tuple((part, len(values)) for part, values in parts))
    await session.driver.execute(sql, *(value for _, values in parts for value in values))


def _values_of(row: Any, table: Table) -> dict[str, Any]:
    """Those of all columns, but for what only the server fills."""
    values = ((column, getattr(row, column.name)) for column in table.c)
    return {column.name: value for column, value in values if column.server_default is None or value is not None}


def _plain(value: Any) -> Any:
    """A value as JSON takes it, in the form in which PostgreSQL reads it."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


@cache
def _insert_into(table: Table, columns: tuple[str, ...]) -> str:
    """Names come from models, never from outside. The server reads JSON into the columns' own types."""
    names = ", ".join(f'"{name}"' for name in columns)
    rows = f'json_populate_recordset(NULL::"{table.name}", $1::json)'
    return f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM {rows}'  # noqa: S608


@cache
def _as_one(parts: tuple[tuple[str, int], ...]) -> str:
    """Statements, each with how many values it takes, as one that takes the values of all."""
    numbered, before = [], 0
    for sql, count in parts:
        numbered.append(_PLACE.sub(partial(_moved, by=before), sql))
        before += count
    *others, last = numbered
    named = ", ".join(f"part{number} AS ({sql})" for number, sql in enumerate(others))
    return f"WITH {named} {last}" if named else last


def _moved(place: re.Match[str], by: int) -> str:
    return f"${int(place[1]) + by}"
