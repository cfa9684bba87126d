"""The database of one service: its connections, and the transactions on them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.database.engines import create_engine
from shared.database.epochs import learn_epoch
from shared.database.outages import LOST, SILENCE
from shared.database.raw_connection import RawConnection
from shared.database.reader import Reader
from shared.database.server_settings import server_settings
from shared.database.transaction import Transaction
from shared.settings import Settings

_ANSWER_SECONDS = 20.0
"""How long to wait for an answer: longer than the server works on a statement, so only a dead connection takes it."""


class Database:
    """The pool of a service's connections. Parameters never reach logs or error texts: they may hold personal data.

    `pooler_url` is the same database by a pooler of transactions (PgBouncer), where there is one. It lends a connection
    for one transaction, so nothing that is asked for a connection would hold: its connections ask for nothing, and
    have the settings that `keep_settings` gave the role. Others, `raw_connection` and for LISTEN, pass it by.
    """

    def __init__(
        self,
        url: str,
        pooler_url: str = "",
        *,
        pool_size: int = 10,
        answer_seconds: float | None = _ANSWER_SECONDS,
    ) -> None:
        self.url = url
        self.engine: AsyncEngine = create_engine(
            pooler_url or url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            pool_use_lifo=True,  # the connection used last is the one whose statements the server still has at hand
            hide_parameters=True,
            connect_args={
                "timeout": 5,
                "command_timeout": answer_seconds,
                "server_settings": {} if pooler_url else server_settings(),
            },
        )
        event.listen(self.engine.sync_engine, "connect", learn_epoch)
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)
        event.listen(self.engine.sync_engine, "handle_error", _give_up_on_silence)
        self._answer_seconds = answer_seconds
        self._raw: list[RawConnection] = []

    @classmethod
    def of(cls, settings: Settings, *, pool_size: int = 10) -> Self:
        """The database that the settings of a process name."""
        direct, pooler = settings.database_url, settings.database_pooler_url
        return cls(direct.get_secret_value(), pooler.get_secret_value(), pool_size=pool_size)

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

    def raw_connection(self, **settings: str) -> RawConnection:
        """A connection of asyncpg's beside the pool, closed with it. `settings` are PostgreSQL's, for all it does."""
        asked = {"timeout": 5, "command_timeout": self._answer_seconds, "server_settings": server_settings(**settings)}
        self._raw.append(RawConnection(self.url, **asked))
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
