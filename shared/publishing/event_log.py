"""The outbox as the relay sees it: its lease, what waits, what is on the stream. On a raw connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.database.connections import Database
from shared.publishing import leases

EntryId = tuple[int, int]
"""The two numbers of a stream entry's name, `<ms>-<seq>`."""

_LEASE = timedelta(seconds=6)
_LEFT = timedelta(seconds=5)
"""How much of the lease is left at least when a look begins; with less it is renewed, thus once a second."""

_PORTION = 10_000

# The newest entry and what waits, in one statement and so as of one moment; nothing of it without the lease.
_LOOK = """
SELECT mine.held, newest.entry_ms, newest.entry_seq, waiting.id, waiting.payload
FROM (
    SELECT EXISTS (
        SELECT FROM leases WHERE name = 'relay' AND holder = $1 AND expires_at > clock_timestamp() + $2::interval
    ) AS held
) AS mine
LEFT JOIN (
    SELECT entry_ms, entry_seq FROM outbox WHERE entry_ms IS NOT NULL ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1
) AS newest ON mine.held
LEFT JOIN (
    SELECT id, payload FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $3
) AS waiting ON mine.held
ORDER BY waiting.id
"""
_NEWEST_ENTRY = """
SELECT entry_ms, entry_seq FROM outbox
WHERE entry_ms IS NOT NULL AND ($1::bigint IS NULL OR (entry_ms, entry_seq) <= ($1, $2::bigint))
ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1
"""
_MARK = """
UPDATE outbox SET published_at = now(), entry_ms = done.ms, entry_seq = done.seq
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS done(id, ms, seq)
WHERE outbox.id = done.id
"""
_PUBLISH_AGAIN = """
UPDATE outbox SET published_at = NULL, entry_ms = NULL, entry_seq = NULL
WHERE id IN (
    SELECT id FROM outbox
    WHERE entry_ms IS NOT NULL AND ($1::bigint IS NULL OR (entry_ms, entry_seq) > ($1, $2::bigint)) LIMIT $3
)
"""


@dataclass(frozen=True)
class Look:
    """`newest` is the newest entry that the log knows of; `ids` and `payloads` are what waits, in order."""

    newest: EntryId | None
    ids: list[int]
    payloads: list[str]


class EventLog:
    """The log as `holder` works on it. Errors are asyncpg's, or an OSError where the connection was lost.

    No commit here waits for the disk, except in `newest_for_good`: that saves the time of a disk sync a batch. After a
    crash of the server the last commits may be missing. That loses nothing: events whose marks are missing are
    published again, which consumers pass over, and a lease that is missing is taken anew.
    """

    def __init__(self, database: Database, holder: str) -> None:
        self._own = database.raw_connection(synchronous_commit="off")
        self._holder = holder

    async def look(self, batch: int) -> Look | None:
        """The newest entry, and up to `batch` events that wait; None when another relay has the lease."""
        async with self._own.in_use() as connection:
            rows = await connection.fetch(_LOOK, self._holder, _LEFT, batch)
            if not rows[0]["held"]:
                if not await self._take_lease(connection):
                    return None
                rows = await connection.fetch(_LOOK, self._holder, _LEFT, batch)
        first = rows[0]
        waiting = rows if first["id"] is not None else []
        return Look(_entry(first), [row["id"] for row in waiting], [row["payload"] for row in waiting])

    async def mark(self, ids: Sequence[int], entries: Sequence[EntryId]) -> None:
        """Write down which entries carry the events `ids`."""
        async with self._own.in_use() as connection:
            await connection.execute(_MARK, ids, [ms for ms, _ in entries], [seq for _, seq in entries])

    async def newest(self, up_to: EntryId | None = None) -> EntryId | None:
        """The newest entry that the log knows of, `up_to` one where it is given."""
        async with self._own.in_use() as connection:
            return _entry(await connection.fetchrow(_NEWEST_ENTRY, *(up_to or (None, None))))

    async def newest_for_good(self) -> EntryId | None:
        """The newest entry, once the disk knows of it too; None as well when another relay has the lease.

        Whoever trims behind an entry needs this: a log that forgot the entry would take the trimming for a loss.
        """
        async with self._own.in_use() as connection, connection.transaction():
            # The one commit that waits for the disk takes all earlier ones with it.
            await connection.execute("SET LOCAL synchronous_commit TO on")
            if not await self._take_lease(connection):
                return None
            return _entry(await connection.fetchrow(_NEWEST_ENTRY, None, None))

    async def publish_again(self, after: EntryId | None) -> int:
        """Mark all after an entry as not published, all there is for None; returns how many.

        It may be the whole log, hence the portions: each statement ends well within the time that an answer is waited
        for. All in one transaction, for half a loss marked would hide the other half.
        """
        count = 0
        async with self._own.in_use() as connection, connection.transaction():
            while True:
                done: str = await connection.execute(_PUBLISH_AGAIN, *(after or (None, None)), _PORTION)
                again = int(done.rsplit(maxsplit=1)[-1])
                count += again
                if again < _PORTION:
                    return count

    async def give_lease_back(self) -> None:
        """Let a successor begin at once."""
        async with self._own.in_use() as connection:
            await leases.give_back_on_raw_connection(connection, "relay", self._holder)

    async def _take_lease(self, connection: Any) -> bool:
        return await leases.take_on_raw_connection(connection, "relay", self._holder, _LEASE)


def _entry(row: Any) -> EntryId | None:
    return None if row is None or row["entry_ms"] is None else (row["entry_ms"], row["entry_seq"])
