"""A connection of asyncpg's own, beside SQLAlchemy's pool: opened when first used, and again when it was lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from shared.database.addresses import connect


class RawConnection:
    """For one user at a time. What it meets is either asyncpg's own error, or an OSError when it was lost."""

    def __init__(self, dsn: str, **options: Any) -> None:
        self._dsn = dsn
        self._options = options
        self._connection: Any = None

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[Any]:
        """The open connection. One that was silent for too long, or was left in the middle of a statement, is given
        up: another word on it might wait for ever.
        """
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._dsn, **self._options)
        connection = self._connection
        left_well = False
        try:
            yield connection
            left_well = True
        except asyncpg.PostgresError:
            left_well = True  # an answer, though not the one hoped for
            raise
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            # The second is what a connection says that the server ended a moment ago, before it knows of its end.
            if connection.is_closed() or isinstance(error, asyncpg.InternalClientError):
                raise ConnectionError("the connection was lost") from error
            raise
        finally:
            if not left_well:
                connection.terminate()

    async def close(self) -> None:
        """Close it, should it be open."""
        if self._connection is not None and not self._connection.is_closed():
            with suppress(Exception):
                await self._connection.close(timeout=1)
