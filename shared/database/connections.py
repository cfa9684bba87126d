"""The database of one service: its connections, and the transactions on them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.database.epochs import learn_epoch
from shared.database.outages import LOST, SILENCE
from shared.database.raw_connection import RawConnection, server_settings
from shared.database.reader import Reader
from shared.database.transaction import Transaction

_ANSWER_SECONDS = 20.0
"""How long to wait for an answer: longer than the server works on a statement, so only a dead connection takes it."""


class Database:
    """The pool of a service's connections. Parameters never reach logs or error texts: they may hold personal data."""

    def __init__(self, url: str, *, pool_size: int = 10, answer_seconds: float | None = _ANSWER_SECONDS) -> None:
        self.url = make_url(url).set(drivername="postgresql+asyncpg")
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            pool_use_lifo=True,  # the connection used last is the one whose statements the server still has at hand
            hide_parameters=True,
            connect_args={
                "timeout": 5,
                "command_timeout": answer_seconds,
                "server_settings": server_settings(),
            },
        )
        event.listen(self.engine.sync_engine, "connect", learn_epoch)
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)
        event.listen(self.engine.sync_engine, "handle_error", _give_up_on_silence)
        self._answer_seconds = answer_seconds
        self._raw: list[RawConnection] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self.engine.connect() as connection:  # it begins with the first statement
            tx = Transaction(connection)
            try:
                yield tx
                await _commit(tx, connection)
            except BaseException:
                await _roll_back(connection)
                raise

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """Single statements, each as of its own moment: for reading without a transaction around it."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield Reader(connection)

    @property
    def listen_dsn(self) -> str:
        """The address in the form that asyncpg itself takes, for LISTEN."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def raw_connection(self, **settings: str) -> RawConnection:
        """A connection of asyncpg's beside the pool, closed with it. `settings` are PostgreSQL's, for all it does."""
        asked = {"timeout": 5, "command_timeout": self._answer_seconds, "server_settings": server_settings(**settings)}
        self._raw.append(RawConnection(self.listen_dsn, **asked))
        return self._raw[-1]

    async def close(self) -> None:
        """Close every connection."""
        for raw in self._raw:
            await raw.close()
        await self.engine.dispose()


async def _commit(tx: Transaction, connection: AsyncConnection) -> None:
    await tx.finish()
    await connection.commit()


async def _roll_back(connection: AsyncConnection) -> None:
    """Undo what was done. On a lost connection the server does so, and the error that led here is the one to tell."""
    with suppress(*LOST):
        await connection.rollback()


def _refuse_closed(connection: Any, *_: object) -> None:
    """Let the pool replace a connection that the server has closed.

    asyncpg knows of that already, so nothing is sent; `pool_pre_ping` would send a statement each time.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _give_up_on_silence(context: ExceptionContext) -> None:
    """A dead connection gets no further statement, not even a rollback: it would be waited for as long again."""
    if isinstance(context.original_exception, SILENCE):
        context.is_disconnect = True
