"""A transaction: what is read and written in it, by SQLAlchemy Core's statements on one connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, CursorResult, Executable, Row, Table, bindparam, func, literal
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import SQLModel, select

from shared.database import epochs
from shared.database.deferred_writes import DeferredWrites, given_values
from shared.database.known_rows import KnownRows
from shared.database.outages import LOST
from shared.database.reader import Parameters, Reader
from shared.database.rows import Values, changes, primary_key, snapshot, table_of, values_of

_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name"), 0)))


class UnsavedChanges(RuntimeError):
    """A row was changed, and `update` was not called for it."""


class FailedTransaction(RuntimeError):
    """The error of a statement was caught: nothing can be committed. In a savepoint, what came before it could."""


class RowIsGone(RuntimeError):
    """A row that was to be changed or deleted is not there any more: it was not locked, and another one deleted it."""


class Transaction(Reader):
    """What is read and done within one transaction.

    A row is a model of its table and no more: changing it changes nothing in the database until `update` is called.
    A change that was forgotten raises UnsavedChanges at the end, and nothing is committed. `insert`, `update` and
    `delete` write with the next statement, or at the end: no statement is run before what was to be written is written.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._writes = DeferredWrites()
        self._known = KnownRows()
        self._locks: set[str] = set()
        self._failure: Exception | None = None

    @property
    def epoch(self) -> int:
        """The epoch that a restore has given the database; 1 where none has."""
        return epochs.epoch_of(self._connection)

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run any statement of Core's, `text()` included; rows come back as tuples."""
        return await self._run(statement, parameters)

    async def stream(self, statement: Executable, parameters: Parameters | None = None) -> AsyncIterator[Row[Any]]:
        """The rows of a query one after the other as tuples, without all of them in memory at once."""
        await self.flush()
        async for row in super().stream(statement, parameters):
            yield row

    async def refresh(self, row: SQLModel, *, lock: bool = False) -> None:
        """Read a row of this transaction again, into the same object; changes that were not written are lost."""
        current = await self.get_one(type(row), *primary_key(row), lock=lock)
        row.__dict__.update(values_of(current))
        self._known.remember(row)

    def insert(self, *rows: SQLModel) -> None:
        """Write new rows, each as it is when it is sent. Raises ValueError for a row that is there already.

        What the server fills in is not in them afterwards: a row with a key of the server's has to be read.
        """
        for row in rows:
            if row in self._known or self._writes.inserts(row):
                raise ValueError(f"this {type(row).__name__} is inserted already")
            self._writes.insert(row)

    async def insert_if_new(self, row: SQLModel, unless: ColumnElement[bool] | None = None) -> bool:
        """Insert a row now, unless there is one with its key or another unique value; returns whether it was inserted.

        Waits for the end of another transaction that is inserting one with the same key. Nor is it inserted where
        `unless` holds.
        """
        table, given = table_of(type(row)), given_values(row)
        if unless is None:
            found = await self.execute(_insert_unless_known(table), given)
        else:
            found = await self.execute(_insert_unless(table, given, unless))
        is_new = found.first() is not None
        if is_new:
            self._known.remember(row)
        return is_new

    def update(self, *rows: SQLModel) -> None:
        """Write what has changed in rows that were read or inserted here.

        Raises ValueError for any other row, and for another primary key. RowIsGone is raised when it is sent.
        """
        for row in rows:
            if self._writes.inserts(row):
                continue
            known = self._known.values(row)
            if changed := snapshot(changes(row, known)):
                self._writes.update(row, changed)
                known.update(changed)

    def delete(self, *rows: SQLModel) -> None:
        """Delete rows that were read or inserted here. Raises ValueError for any other; RowIsGone when it is sent."""
        for row in rows:
            if self._writes.inserts(row):
                self._writes.forget(row)
            else:
                self._known.values(row)
                self._writes.delete(row)
                self._known.forget(row)

    async def flush(self) -> None:
        """Write what is to be written, should there be anything. Raises RowIsGone."""
        for row in await self._write():
            if None not in primary_key(row):
                self._known.remember(row)

    async def _write(self) -> list[SQLModel]:
        """Send what is to be written; returns the rows that are new by it."""
        if not self._writes:
            return []
        statement, parameters, rows = self._writes.as_one()
        inserted = self._writes.inserted
        self._writes.clear()
        found = (await self._send(statement, parameters)).scalar_one()
        if found != rows:
            self._failure = RowIsGone(f"{rows} rows were to be changed or deleted, and {found} are there")
            raise self._failure
        return inserted

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is done in the block is undone when it raises, in the rows that were read before it as well."""
        await self.flush()
        before, locks, failure = self._known.now(), set(self._locks), self._failure
        nested = await self._connection.begin_nested()
        try:
            yield
            await self.flush()
            await nested.commit()
        except BaseException:
            with suppress(*LOST):  # the error that led here is the one to tell
                await nested.rollback()
                self._failure = failure
            self._writes.clear()
            self._known.go_back(before)
            self._locks = locks  # the server releases those that were taken in the block
            raise

    async def advisory_lock(self, name: str) -> None:
        """Wait until no other transaction holds the lock `name`; it is held to the end, and asked for but once."""
        if name not in self._locks:
            await self.execute(_LOCK, {"name": name})
            self._locks.add(name)

    async def finish(self) -> None:
        """Write what is to be written.

        Raises UnsavedChanges for a row that was changed and is not to be, and FailedTransaction where the error of a
        statement was caught.
        """
        if self._failure is not None:
            raise FailedTransaction("an error was caught outside of a savepoint") from self._failure
        await self._write()  # nobody changes a new row any more
        for row, unsaved in self._known.unsaved():
            raise UnsavedChanges(f"{type(row).__name__}: {', '.join(unsaved)} changed without `update`")

    async def _run(self, statement: Executable, parameters: Parameters | None) -> CursorResult[*tuple[Any, ...]]:
        await self.flush()
        return await self._send(statement, parameters)

    async def _send(self, statement: Executable, parameters: Parameters | None) -> CursorResult[*tuple[Any, ...]]:
        try:
            return await super()._run(statement, parameters)
        except Exception as error:
            self._failure = error
            raise

    def _read(self, row: SQLModel) -> SQLModel:
        self._known.remember(row)
        return row


@cache
def _insert_unless_known(table: Table) -> ReturningInsert[*tuple[Any, ...]]:
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)


def _insert_unless(table: Table, given: Values, unless: ColumnElement[bool]) -> ReturningInsert[*tuple[Any, ...]]:
    row = sa.select(*(literal(value, table.c[name].type) for name, value in given.items())).where(~unless)
    new = insert(table).from_select(list(given), row)
    return new.on_conflict_do_nothing().returning(*table.primary_key)


__all__ = ["FailedTransaction", "RowIsGone", "Transaction", "UnsavedChanges"]
