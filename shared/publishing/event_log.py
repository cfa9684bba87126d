"""The outbox as the relay sees it: its lease, what waits, what is on the stream. On a raw connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.database.connections import Database
from shared.publishing import leases
from shared.publishing.batches import Batch, EntryId, entry_of
from shared.publishing.losses import Loss, Losses

_LEASE = timedelta(seconds=6)
_LEFT = timedelta(seconds=5)
"""How much of the lease is left at least when a look begins; with less it is renewed, thus once a second."""

# The newest entry and what waits, in one statement and so as of one moment; nothing of it without the lease. While
# something that was lost is to be published again, only an entry beyond all that is lost can be on the stream.
_NEWEST_ENTRY = """
SELECT entry_ms, entry_seq FROM outbox
WHERE (entry_ms, entry_seq) > (coalesce(lost.ms, -1), coalesce(lost.seq, -1))
ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1
"""
_LOSS = "SELECT after_ms, after_seq, up_to_ms AS ms, up_to_seq AS seq, intact FROM stream_losses"
_LOOK = f"""
SELECT mine.held, lost.after_ms, lost.after_seq, lost.ms, lost.seq, lost.intact, newest.entry_ms, newest.entry_seq,
    waiting.id, waiting.payload, waiting.subject
FROM (
    SELECT EXISTS (
        SELECT FROM leases WHERE name = 'relay' AND holder = $1
            AND expires_at BETWEEN clock_timestamp() + $2::interval AND clock_timestamp() + $4::interval
    ) AS held
) AS mine
LEFT JOIN ({_LOSS}) AS lost ON mine.held
LEFT JOIN LATERAL ({_NEWEST_ENTRY}) AS newest ON mine.held
LEFT JOIN (
    SELECT id, payload, subject FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $3
) AS waiting ON mine.held
ORDER BY waiting.id
"""  # noqa: S608  nothing from outside
_NEWEST = f"""
SELECT newest.* FROM (SELECT) AS one LEFT JOIN ({_LOSS}) AS lost ON true, LATERAL ({_NEWEST_ENTRY}) AS newest
"""  # noqa: S608
_NEWEST_UP_TO = """
SELECT entry_ms, entry_seq FROM outbox WHERE (entry_ms, entry_seq) <= ($1, $2::bigint)
ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1
"""
_MARK = """
UPDATE outbox SET published_at = now(), entry_ms = done.ms, entry_seq = done.seq
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS done(id, ms, seq)
WHERE outbox.id = done.id
"""


@dataclass(frozen=True)
class Look:
    """`newest` is the newest entry that the log knows to be on the stream, and `waiting` what is to be published.

    `loss` is what is to be published again, should there be anything.
    """

    newest: EntryId | None
    loss: Loss | None
    waiting: Batch

    @property
    def on_stream(self) -> EntryId | None:
        """The newest entry that has to be on the stream: after a loss the survivor, until something is added."""
        return self.newest or (self.loss.survivor if self.loss else None)


class EventLog:
    """The log as `holder` works on it. Errors are asyncpg's, or an OSError where the connection was lost.

    No commit here waits for the disk, except in `newest_for_good`: that saves the time of a disk sync a batch. After a
    crash of the server the last commits may be missing. That loses nothing: events whose marks are missing are
    published again, which consumers pass over, and a lease that is missing is taken anew.
    """

    def __init__(self, database: Database, stream: str, holder: str) -> None:
        self._own = database.raw_connection(synchronous_commit="off")
        self._holder = holder
        self.losses = Losses(database, self._own, stream)

    async def look(self, batch: int) -> Look | None:
        """The newest entry, and up to `batch` events that wait; None when another relay has the lease."""
        async with self._own.in_use() as connection:
            rows = await connection.fetch(_LOOK, self._holder, _LEFT, batch, _LEASE)
            if not rows[0]["held"]:
                if not await self._take_lease(connection):
                    return None
                rows = await connection.fetch(_LOOK, self._holder, _LEFT, batch, _LEASE)
        first = rows[0]
        return Look(entry_of(first), _loss(first), Batch.of(rows if first["id"] is not None else []))

    async def mark(self, ids: Sequence[int], entries: Sequence[EntryId]) -> None:
        """Write down which entries carry the events `ids`."""
        async with self._own.in_use() as connection:
            await connection.execute(_MARK, ids, [ms for ms, _ in entries], [seq for _, seq in entries])

    async def newest_up_to(self, entry: EntryId) -> EntryId | None:
        """The newest entry, up to one, that the log knows of."""
        async with self._own.in_use() as connection:
            return entry_of(await connection.fetchrow(_NEWEST_UP_TO, *entry))

    async def newest_for_good(self) -> EntryId | None:
        """The newest entry, once the disk knows of it too; None as well when another relay has the lease.

        Whoever trims behind an entry needs this: a log that forgot the entry would take the trimming for a loss.
        """
        async with self._own.in_use() as connection, connection.transaction():
            # The one commit that waits for the disk takes all earlier ones with it.
            await connection.execute("SET LOCAL synchronous_commit TO on")
            if not await self._take_lease(connection):
                return None
            return entry_of(await connection.fetchrow(_NEWEST))

    async def give_lease_back(self) -> None:
        """Let a successor begin at once."""
        async with self._own.in_use() as connection:
            await leases.give_back_on_raw_connection(connection, "relay", self._holder)

    async def _take_lease(self, connection: Any) -> bool:
        return await leases.take_on_raw_connection(connection, "relay", self._holder, _LEASE)


def _loss(row: Any) -> Loss | None:
    if row["ms"] is None:
        return None
    return Loss((row["after_ms"], row["after_seq"]), (row["ms"], row["seq"]), row["intact"])
