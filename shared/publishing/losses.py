"""What the relay publishes again, lost or asked for: newest first, and each subject's events in their order."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.database.connections import Database
from shared.database.raw_connection import RawConnection
from shared.database.transaction import Transaction
from shared.publishing import packs
from shared.publishing.batches import Batch, EntryId, entry_of

log = logging.getLogger(__name__)

NOTHING: Final[EntryId] = (-1, -1)
"""Before every entry"""

MOST = 1000
"""So many lost events are taken at once, should those about the same subjects be more."""

_LOST = (
    "published_at IS NOT NULL "
    "AND (entry_ms, entry_seq) > ($1, $2::bigint) AND (entry_ms, entry_seq) <= ($3, $4::bigint)"
)
_NEWEST_LOST = f"""
SELECT entry_ms, entry_seq, subject FROM outbox WHERE {_LOST} ORDER BY entry_ms DESC, entry_seq DESC LIMIT $5
"""  # noqa: S608  nothing from outside
_LOST_ABOUT = f"""
SELECT id, payload, subject FROM outbox WHERE {_LOST} AND subject = ANY($5::text[])
ORDER BY entry_ms, entry_seq LIMIT $6
"""  # noqa: S608
_PACKED: Final = (
    "SELECT id FROM event_packs WHERE (last_entry_ms, last_entry_seq) > (:ms, CAST(:seq AS bigint)) "
    "AND (last_entry_ms, last_entry_seq) <= (:up_to_ms, CAST(:up_to_seq AS bigint)) "
    "ORDER BY last_entry_ms DESC, last_entry_seq DESC LIMIT :portion"
)
_PACKED_ABOUT: Final = f"""
SELECT id FROM event_packs WHERE id IN ({packs.OF_SUBJECTS})
AND (last_entry_ms, last_entry_seq) > (:ms, CAST(:seq AS bigint))
"""  # noqa: S608
# What was lost before and is not published again yet is lost still: of the two lower bounds the lower one holds.
_NOTE: Final = text("""
INSERT INTO stream_losses AS known (stream, after_ms, after_seq, up_to_ms, up_to_seq, intact)
SELECT :stream, :ms, :seq, entry_ms, entry_seq, :intact FROM outbox WHERE entry_ms IS NOT NULL
ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1
ON CONFLICT (stream) DO UPDATE SET up_to_ms = excluded.up_to_ms, up_to_seq = excluded.up_to_seq,
    (after_ms, after_seq) = (
        SELECT ms, seq FROM (VALUES (known.after_ms, known.after_seq), (excluded.after_ms, excluded.after_seq))
            AS bounds (ms, seq) ORDER BY ms, seq LIMIT 1
    ),
    intact = excluded.intact AND (
        known.intact OR (excluded.up_to_ms, excluded.up_to_seq) > (known.up_to_ms, known.up_to_seq)
    )
""")

LEFT: Final = """
SELECT (
    SELECT count(*) FROM outbox WHERE published_at IS NOT NULL
    AND (entry_ms, entry_seq) > (after_ms, after_seq) AND (entry_ms, entry_seq) <= (up_to_ms, up_to_seq)
) + (
    SELECT coalesce(sum(events), 0)::bigint FROM event_packs JOIN packed_subjects ON pack_id = event_packs.id
    WHERE (last_entry_ms, last_entry_seq) > (after_ms, after_seq)
    AND (last_entry_ms, last_entry_seq) <= (up_to_ms, up_to_seq)
) AS events FROM stream_losses
"""
"""How many events are still to be published again; no row without a loss. Of a pack all are counted."""

_FORGET = """
DELETE FROM stream_losses
WHERE stream = $1 AND (after_ms, after_seq) = ($2, $3::bigint) AND (up_to_ms, up_to_seq) = ($4, $5::bigint)
"""


@dataclass(frozen=True)
class Loss:
    """What bears an entry after `after` and up to `up_to`. `intact`: it is no loss, but asked for by an operator."""

    after: EntryId
    up_to: EntryId
    intact: bool = False

    @property
    def survivor(self) -> EntryId | None:
        """The newest entry that is on the stream until something is added; None where nothing survived."""
        if self.intact:
            return self.up_to
        return None if self.after == NOTHING else self.after


async def note(tx: Transaction, stream: str, after: EntryId, *, intact: bool = False) -> None:
    """Let the relay publish again whatever the log has after the entry `after`."""
    await tx.execute(_NOTE, {"stream": stream, "ms": after[0], "seq": after[1], "intact": intact})


class Losses:
    """The losses of `stream`, as its relay works on them. Errors are those of the event log.

    A row of the log that is published again bears a newer entry, and so is none of the lost any more: whatever relay
    goes on with it, and whenever, finds in the log what is left. What is packed comes back into the outbox for it.
    """

    def __init__(self, database: Database, own: RawConnection, stream: str) -> None:
        self._database = database
        self._own = own
        self._stream = stream
        self._reached: EntryId | None = None
        """Nothing is left beyond; without it each look would begin with all that is done."""

    async def note(self, survivor: EntryId | None) -> None:
        """The stream has lost whatever it had after `survivor`, all there was for None."""
        self._reached = None
        async with self._database.transaction() as tx:
            await note(tx, self._stream, survivor or NOTHING)

    async def about(self, loss: Loss, subjects: Sequence[str]) -> Batch:
        """What was lost about these subjects, oldest first, MOST at most."""
        if not subjects:
            return Batch.of([])
        await self._bring_back(loss, _PACKED_ABOUT, subjects=list(map(UUID, set(subjects))))
        asked = (*loss.after, *loss.up_to, list(set(subjects)), MOST)
        async with self._own.in_use() as connection:
            return Batch.of(await connection.fetch(_LOST_ABOUT, *asked))

    async def newest(self, loss: Loss, count: int) -> Batch:
        """The newest `count` lost events and all others about the same subjects, oldest first; empty for no loss.

        What is packed is at rest, and so comes after all that is not.
        """
        heads = await self._heads(loss, self._reached or loss.up_to, count)
        if not heads and self._reached is not None:  # a server that crashed may have forgotten what was done last
            heads = await self._heads(loss, loss.up_to, count)
        if not heads and await self._bring_back(loss, _PACKED, portion=count // 10 + 1, **_up_to(loss)):
            heads = await self._heads(loss, loss.up_to, count)
        if not heads:
            return Batch.of([])
        self._reached, _ = heads[0]
        return await self.about(loss, [subject for _, subject in heads])

    async def forget(self, loss: Loss) -> None:
        """All of it is published again. One that another relay has noted since stays."""
        self._reached = None
        async with self._own.in_use() as connection:
            await connection.execute(_FORGET, self._stream, *loss.after, *loss.up_to)
        if loss.intact:
            log.info("all that was asked for of %s is published once more", self._stream)
        else:
            log.warning("all that %s had lost is published again", self._stream)

    async def _bring_back(self, loss: Loss, chosen: str, **values: Any) -> list[str]:
        async with self._database.transaction() as tx:
            return await packs.bring_back(tx, chosen, {"ms": loss.after[0], "seq": loss.after[1], **values})

    async def _heads(self, loss: Loss, up_to: EntryId, count: int) -> list[tuple[EntryId | None, str]]:
        async with self._own.in_use() as connection:
            rows = await connection.fetch(_NEWEST_LOST, *loss.after, *up_to, count)
        return [(entry_of(row), row["subject"]) for row in rows]


def _up_to(loss: Loss) -> dict[str, int]:
    return {"up_to_ms": loss.up_to[0], "up_to_seq": loss.up_to[1]}


__all__ = ["LEFT", "MOST", "NOTHING", "Loss", "Losses", "note"]
