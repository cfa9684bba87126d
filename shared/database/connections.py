"""The database of one service: its engine, its sessions, and which failures are outages."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSessionTransaction, create_async_engine
from sqlalchemy.ext.asyncio import AsyncSession as PlainSession
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.database.deferred_inserts import Added, send_added
from shared.database.raw_connection import DriverConnection, server_settings

log = logging.getLogger(__name__)

_SILENCE = (TimeoutError, asyncpg.InternalClientError)
"""No answer came, or the server ended the connection, which does not know it yet: it is dead."""

_ANSWER_SECONDS = 20.0
"""How long a statement may take as seen from here: more than the server gives it, so only silence takes longer."""


class Session(AsyncSession):
    """SQLModel's session in a transaction that is the driver's: what the session does not do, the driver may.

    It is without SQLModel's advice against `execute`, which is the one way in for SQL as text.
    """

    execute = PlainSession.execute

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        super().__init__(connection, expire_on_commit=False)
        self.driver = driver
        self.added: list[Added] = []

    async def commit(self) -> None:
        """Not here: the transaction ends with the block that began it. Raises RuntimeError."""
        raise RuntimeError("a transaction ends with its block")

    rollback = commit

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[AsyncSessionTransaction]:  # type: ignore[override]
        """A savepoint, set now: by itself the session would wait with it until it has something to send."""
        await send_added(self)
        try:
            async with super().begin_nested() as nested:
                await self.connection()
                try:
                    yield nested
                    await send_added(self)
                except _SILENCE:
                    self.driver.terminate()  # or the savepoint would be asked for, and waited for as long again
                    raise
        except BaseException:
            self.added.clear()
            raise

    async def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Send what was added, then what the session has changed."""
        await send_added(self)
        await super().flush(objects)

    async def finish(self) -> None:
        """Send what is still to be written, and let go of what was read."""
        await send_added(self)
        if self.in_transaction():
            await super().commit()
        await self.let_go()

    async def let_go(self) -> None:
        """Forget everything; nothing to do for a session that nobody used."""
        if self.in_transaction() or self.sync_session.identity_map:
            await self.close()


class Database:
    """An engine and its sessions. Parameters never reach logs or error texts: they may hold personal data."""

    def __init__(self, url: str, *, pool_size: int = 10, answer_seconds: float | None = _ANSWER_SECONDS) -> None:
        self.url = make_url(url).set(drivername="postgresql+asyncpg")
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            pool_use_lifo=True,  # the connection used last is the one that server and driver still have at hand
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",  # of SQLAlchemy's own; a transaction is begun and ended at the driver
            connect_args={
                "timeout": 5,
                "command_timeout": answer_seconds,
                "server_settings": server_settings(),
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)
        event.listen(self.engine.sync_engine, "handle_error", _give_up_on_silence)
        self._answer_seconds = answer_seconds
        self._own: list[DriverConnection] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session in one transaction: committed when the block ends, rolled back when it raises."""
        async with self.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            session = Session(connection, driver)
            held = driver.transaction()
            try:
                await held.start()
                yield session
                await _commit(session, held)
            except BaseException as error:
                await _undo(session, held, error)
                raise

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads, each statement as of its own moment: without a transaction around them."""
        async with self.engine.connect() as connection:
            session = Session(connection, (await connection.get_raw_connection()).driver_connection)
            try:
                yield session
            except _SILENCE:
                session.driver.terminate()
                raise
            finally:
                await session.let_go()

    @property
    def listen_dsn(self) -> str:
        """The address in the form that asyncpg itself takes, for LISTEN."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def own_connection(self, **settings: str) -> DriverConnection:
        """A connection beside the pool's, closed with them. `settings` are PostgreSQL's, for all that it does."""
        asked = {"timeout": 5, "command_timeout": self._answer_seconds, "server_settings": server_settings(**settings)}
        self._own.append(DriverConnection(self.listen_dsn, **asked))
        return self._own[-1]

    async def close(self) -> None:
        """Close every connection."""
        for own in self._own:
            await own.close()
        await self.engine.dispose()


async def run_plainly(session: AsyncSession, sql: str, *values: Any) -> list[Any]:
    """Run SQL in PostgreSQL's own words (`$1`, `$2`, …) in the session's transaction; returns its rows.

    It goes past the session, which neither flushes before it nor compiles anything; the driver keeps it prepared.
    Errors are the driver's own.
    """
    assert isinstance(session, Session)
    rows: list[Any] = await session.driver.fetch(sql, *values)
    return rows


async def _commit(session: Session, held: Any) -> None:
    await session.finish()
    await held.commit()


async def _undo(session: Session, held: Any, error: BaseException) -> None:
    """Roll back, or give the connection up where another word on it might wait for ever."""
    driver, undone = session.driver, False
    try:
        await session.let_go()
        if not (driver.is_closed() or isinstance(error, _SILENCE)):
            await held.rollback()
            undone = True
    except Exception as failure:
        log.info("a transaction was not rolled back: %s", type(failure).__name__)
    finally:
        if not undone:
            driver.terminate()


def _refuse_closed(connection: Any, *_: object) -> None:
    """Let the pool replace a connection that the server has closed.

    The driver hears of that by itself, so it takes no questions; `pool_pre_ping` asks three for each transaction.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _give_up_on_silence(context: ExceptionContext) -> None:
    """A dead connection takes no other word: even a rollback on it would wait for ever."""
    if isinstance(context.original_exception, _SILENCE):
        context.is_disconnect = True
