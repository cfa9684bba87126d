"""A transaction: SQLAlchemy Core's statements on one connection, rows as the models of their tables."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, TypeVar, TypeVarTuple, cast

from sqlalchemy import CursorResult, Executable, Row, Select, bindparam, func
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel, select
from sqlmodel.sql.expression import SelectOfScalar

from shared.database.deferred_writes import DeferredWrites, Write
from shared.database.rows import RowT, Values, changes, make_row, primary_key, table_of, values_of

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Parameters = Mapping[str, Any]

_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name"), 0)))


class UnsavedChanges(RuntimeError):
    """A row was changed, and `update` was not called for it."""


class Transaction:
    """What is done within one transaction, or as single statements on one connection (`Database.reading`).

    A row is a model of its table and no more: changing it changes nothing in the database until `update` is called.
    A change that was forgotten raises UnsavedChanges at the end, and nothing is committed. `insert`, `update` and
    `defer` write with the next statement, or at the end: no statement is run before what was to be written is written.
    Errors are SQLAlchemy's.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._writes = DeferredWrites()
        self._known: dict[int, tuple[SQLModel, Values]] = {}
        self._locks: set[str] = set()

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run any statement of Core's, `text()` included; rows come back as tuples."""
        await self.flush()
        return await self._connection.execute(statement, parameters)

    async def stream(self, statement: Executable, parameters: Parameters | None = None) -> AsyncIterator[Row[Any]]:
        """The rows of a statement one after the other, without all of them in memory at once."""
        await self.flush()
        async with self._connection.stream(statement, parameters) as rows:
            async for row in rows:
                yield row

    async def all(self, query: SelectOfScalar[T], parameters: Parameters | None = None) -> list[T]:
        """What a query for one thing finds: rows of a model, or the values of a column."""
        found = await self.execute(query, parameters)
        [asked] = _asked_by(query)
        return [self._take([asked], row)[0] for row in found]

    async def first(self, query: SelectOfScalar[T], parameters: Parameters | None = None) -> T | None:
        """The first that a query for one thing finds, None where there is none; a query for many is better limited."""
        return next(iter(await self.all(query, parameters)), None)

    async def tuples(self, query: Select[*Ts], parameters: Parameters | None = None) -> list[tuple[*Ts]]:
        """What a query for several things finds, each as one tuple; a model's columns stand in it as one row of it."""
        found = await self.execute(query, parameters)
        asked = _asked_by(query)
        return [cast("tuple[*Ts]", tuple(self._take(asked, row))) for row in found]

    async def get(self, model: type[RowT], *key: Any, lock: bool = False) -> RowT | None:
        """The row with a primary key; with `lock` nobody else changes it until the transaction ends."""
        columns = table_of(model).primary_key
        query = select(model).where(*(column == part for column, part in zip(columns, key, strict=True)))
        return await self.first(query.with_for_update() if lock else query)

    async def get_one(self, model: type[RowT], *key: Any, lock: bool = False) -> RowT:
        """The row with a primary key. Raises sqlalchemy.exc.NoResultFound."""
        row = await self.get(model, *key, lock=lock)
        if row is None:
            raise NoResultFound(f"no {model.__name__} has this key")
        return row

    async def refresh(self, row: SQLModel, *, lock: bool = False) -> None:
        """Read a row of this transaction again, into the same object; changes that were not written are lost."""
        current = await self.get_one(type(row), *primary_key(row), lock=lock)
        row.__dict__.update(values_of(current))
        self._remember(row)

    def insert(self, *rows: SQLModel) -> None:
        """Write new rows, each as it is when it is sent. Raises ValueError for a row that is there already."""
        for row in rows:
            if id(row) in self._known or any(row is other for other in self._writes.inserted):
                raise ValueError(f"this {type(row).__name__} is inserted already")
            self._writes.insert(row)

    def update(self, *rows: SQLModel) -> None:
        """Write what has changed in rows that were read or inserted here. Raises ValueError for any other row."""
        for row in rows:
            if any(row is other for other in self._writes.inserted):
                continue
            if id(row) not in self._known:
                raise ValueError(f"this {type(row).__name__} was not read in this transaction")
            _, known = self._known[id(row)]
            if changed := changes(row, known):
                self._writes.update(table_of(type(row)), primary_key(row), changed)
                known.update(changed)

    def defer(self, statement: Write, parameters: Parameters) -> None:
        """Run a statement together with what is to be written; it sees nothing of that, nor that anything of it.

        Raises ValueError where another statement that goes along has a parameter of the same name.
        """
        self._writes.add_statement(statement, parameters)

    async def flush(self) -> None:
        """Write what is to be written, should there be anything."""
        for row in await self._write():
            self._remember(row)

    async def _write(self) -> list[SQLModel]:
        """Send what is to be written; returns the rows that are new by it."""
        if not self._writes:
            return []
        statement, parameters = self._writes.as_one()
        inserted = list(self._writes.inserted)
        self._writes.clear()
        await self._connection.execute(statement, parameters)
        return inserted

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is done in the block is undone when it raises, in the rows that were read before it as well."""
        await self.flush()
        before = {key: (row, dict(known)) for key, (row, known) in self._known.items()}
        shown = {key: values_of(row) for key, (row, _) in self._known.items()}
        locks = set(self._locks)
        try:
            async with self._connection.begin_nested():
                yield
                await self.flush()
        except BaseException:
            self._writes.clear()
            self._known, self._locks = before, locks  # the server releases the locks that were taken in the block
            for key, (row, _) in before.items():
                row.__dict__.update(shown[key])
            raise

    async def advisory_lock(self, name: str) -> None:
        """Wait until no other transaction holds the lock `name`; it is held to the end, and asked for but once."""
        if name not in self._locks:
            await self.execute(_LOCK, {"name": name})
            self._locks.add(name)

    async def finish(self) -> None:
        """Write what is to be written. Raises UnsavedChanges for a row that was changed and is not to be."""
        await self._write()  # nobody changes a new row any more
        for row, known in self._known.values():
            if unsaved := changes(row, known):
                raise UnsavedChanges(f"{type(row).__name__}: {', '.join(unsaved)} changed without `update`")

    def _take(self, asked: Sequence[Any], row: Sequence[Any]) -> list[Any]:
        """The values of a row of the answer: a model's columns as that model, anything else as it is."""
        taken, at = [], 0
        for each in asked:
            if isinstance(each, type):
                width = len(table_of(each).columns)
                made: SQLModel = make_row(each, row[at : at + width])
                self._remember(made)
                taken.append(made)
                at += width
            else:
                taken.append(row[at])
                at += 1
        return taken

    def _remember(self, row: SQLModel) -> None:
        self._known[id(row)] = (row, values_of(row))


@lru_cache(maxsize=512)
def _asked_by(query: Select[*tuple[Any, ...]]) -> list[Any]:
    """What a query asks for: models, columns, or expressions."""
    return [described["expr"] for described in query.column_descriptions]


__all__ = ["Transaction", "UnsavedChanges", "Write"]
