"""The database of a service, as the operator's commands use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.database.connections import Database


@asynccontextmanager
async def operator_database(url: str, *, connections: int = 1) -> AsyncIterator[Database]:
    """Open the database at `url`, and close it at the end. An answer may take any time: a whole log may be read."""
    database = Database(url, pool_size=connections, answer_seconds=None)
    try:
        yield database
    finally:
        await database.close()
