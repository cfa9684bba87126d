"""Reading: SQLAlchemy Core's queries on one connection, their rows as the models of their tables."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar, TypeVarTuple, cast
from weakref import WeakKeyDictionary

from sqlalchemy import CursorResult, Executable, Row, Select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel, select
from sqlmodel.sql.expression import SelectOfScalar

from shared.database.rows import RowT, make_row, table_of

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Parameters = Mapping[str, Any]


class Reader:
    """Reads, and writes nothing. A row that is read twice is two objects. Errors are SQLAlchemy's."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def stream(self, statement: Executable, parameters: Parameters | None = None) -> AsyncIterator[Row[Any]]:
        """The rows of a query one after the other as tuples, without all of them in memory at once."""
        async with self._connection.stream(statement, parameters) as rows:
            async for row in rows:
                yield row

    async def all(self, query: SelectOfScalar[T], parameters: Parameters | None = None) -> list[T]:
        """What a query for one thing finds: rows of a model, or the values of a column."""
        found = await self._run(query, parameters)
        [asked] = _asked_by(query)
        return [self._take([asked], row)[0] for row in found]

    async def first(self, query: SelectOfScalar[T], parameters: Parameters | None = None) -> T | None:
        """The first that a query for one thing finds, None where there is none; a query for many is better limited."""
        return next(iter(await self.all(query, parameters)), None)

    async def tuples(self, query: Select[*Ts], parameters: Parameters | None = None) -> list[tuple[*Ts]]:
        """What a query for several things finds, each as one tuple; a model's columns stand in it as one row of it."""
        found = await self._run(query, parameters)
        asked = _asked_by(query)
        return [cast("tuple[*Ts]", tuple(self._take(asked, row))) for row in found]

    async def get(self, model: type[RowT], *key: Any, lock: bool = False) -> RowT | None:
        """The row with a primary key; with `lock` nobody else changes it until the transaction ends.

        Others may still insert rows that refer to it: no two who lock each other's row before they do wait in a circle.
        """
        columns = table_of(model).primary_key
        query = select(model).where(*(column == part for column, part in zip(columns, key, strict=True)))
        return await self.first(query.with_for_update(key_share=True) if lock else query)

    async def get_one(self, model: type[RowT], *key: Any, lock: bool = False) -> RowT:
        """The row with a primary key, as `get` finds it. Raises sqlalchemy.exc.NoResultFound."""
        row = await self.get(model, *key, lock=lock)
        if row is None:
            raise NoResultFound(f"no {model.__name__} has this key")
        return row

    async def _run(self, statement: Executable, parameters: Parameters | None) -> CursorResult[*tuple[Any, ...]]:
        return await self._connection.execute(statement, parameters)

    def _take(self, asked: Sequence[Any], row: Sequence[Any]) -> list[Any]:
        """The values of a row of the answer: a model's columns as that model, anything else as it is."""
        taken, at = [], 0
        for each in asked:
            if isinstance(each, type):
                width = len(table_of(each).columns)
                taken.append(self._read(make_row(each, row[at : at + width])))
                at += width
            else:
                taken.append(row[at])
                at += 1
        if at != len(row):
            raise TypeError("a query asks for a model itself or for columns, not for another name of a model")
        return taken

    def _read(self, row: SQLModel) -> SQLModel:
        """A row that was read just now."""
        return row


_asked: WeakKeyDictionary[Select[*tuple[Any, ...]], list[Any]] = WeakKeyDictionary()


def _asked_by(query: Select[*tuple[Any, ...]]) -> list[Any]:
    """What a query asks for: models, columns, or expressions. Looked up once for as long as there is the query."""
    if query not in _asked:
        _asked[query] = [described["expr"] for described in query.column_descriptions]
    return _asked[query]


__all__ = ["Parameters", "Reader"]
