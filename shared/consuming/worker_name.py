"""The name of a worker among its like: one process at a time works under it.

The name is how a worker is known after a crash: it takes up at once what it had in hand, and goes on with its leases.
Two at once would each take the other's work, and both would publish.
"""

import asyncio
import logging
from typing import Final

from shared.database.connections import Database
from shared.database.outages import is_outage

log = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 5.0
_SAY_EVERY: Final = 15
"""After so many looks it is told again that the name is taken."""
_NOTICED_SECONDS: Final = 8.0
"""Whoever has lost the name, because its connection was lost, has noticed that after so long."""

# The lock ends with the connection, thus with the process, whatever ends that.
_TAKE: Final = """
WITH mine AS (
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = hashtext('worker')::oid
        AND objid = hashtext($1)::oid AND objsubid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT pg_backend_pid() AS me, coalesce(
    (SELECT pid FROM mine),
    CASE WHEN pg_try_advisory_lock(hashtext('worker'), hashtext($1)) THEN pg_backend_pid() END
) AS holder
"""


class NameTaken(Exception):
    """Another process works under this name now."""


class WorkerName:
    """A name, and a connection that holds it."""

    def __init__(self, database: Database, name: str) -> None:
        self._connection = database.raw_connection()
        self._name = name
        self._former: int | None = None
        """The process of the server that held the name for this one: it may be there for a while after a lost wire."""

    async def take(self) -> None:
        """Wait until nobody else works under the name. Raises NameTaken when somebody is quicker after all."""
        looks = 0
        while not await self._is_ours():
            if looks % _SAY_EVERY == 0:
                log.error(
                    "another worker of this service is called %s (WORKER_NAME) and at work: this one waits for its "
                    "end. Give each a name of its own",
                    self._name,
                )
            looks += 1
            await asyncio.sleep(_EVERY_SECONDS)
        if looks:
            await asyncio.sleep(_NOTICED_SECONDS)
            if not await self._is_ours():
                raise NameTaken(f"the name {self._name} was taken")

    async def keep(self) -> None:
        """Hold it, also beyond a lost connection. Raises NameTaken when somebody else has it by then."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            if not await self._is_ours():
                raise NameTaken(f"another worker of this service is called {self._name} (WORKER_NAME)")

    async def _is_ours(self) -> bool:
        """Whether this process has the name, or what the server still takes for it; waits an outage out."""
        while True:
            try:
                async with self._connection.in_use() as connection:
                    row = await connection.fetchrow(_TAKE, self._name, timeout=_ANSWER_SECONDS)
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("waiting for the database: %s", type(error).__name__)
                await asyncio.sleep(1)
                continue
            if row["holder"] == row["me"]:
                self._former = row["me"]
            if row["holder"] is not None:  # else somebody has just been quicker, and is seen at the next look
                return bool(row["holder"] == self._former)
