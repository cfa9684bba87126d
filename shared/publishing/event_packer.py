"""The packer: moves events at rest out of the outbox into packs, which take a fifth of the room."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from shared.clock import Clock, utc_now
from shared.database.connections import Database
from shared.database.outages import waited_out
from shared.database.transaction import Transaction
from shared.publishing import packs, trimming
from shared.publishing.batches import EntryId
from shared.publishing.pack_body import PackedEvent
from shared.redis import RawRedis

log = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS: Final = 3600.0
"""Also how long a worker runs before its first look: while an update is rolled out, nothing is packed."""

_PAUSE_SECONDS: Final = 0.1
"""Between two portions, for everybody else."""

_PORTION: Final = 200
_PACK: Final = 64
"""A pack has about so many events; more where one subject has."""

_MOST: Final = 1000
"""A subject with more events stays where it is, or its pack would grow without bounds."""

LOOKED_THROUGH: Final = "SELECT id, subject, recorded_at, type FROM outbox WHERE id > :after ORDER BY id LIMIT :portion"
AT_REST: Final = """
SELECT subject FROM outbox WHERE subject = ANY(CAST(:subjects AS text[]))
GROUP BY subject HAVING max(recorded_at) < :before AND bool_and(published_at IS NOT NULL) AND count(*) <= :most
"""
_EVENTS = text("""
SELECT id, event_id, type, subject, recorded_at, published_at, entry_ms, entry_seq, payload
FROM outbox WHERE subject = ANY(CAST(:subjects AS text[])) ORDER BY id FOR UPDATE
""")
# The row of the newest entry tells whether the stream has lost anything, and the newest row which epoch it is.
_BOUNDS = text("""
SELECT newest.id, known.entry_ms, known.entry_seq, lost.after_ms, lost.after_seq, lost.up_to_ms, lost.up_to_seq
FROM (SELECT max(id) AS id FROM outbox) AS newest
LEFT JOIN (SELECT entry_ms, entry_seq FROM outbox WHERE entry_ms IS NOT NULL
           ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1) AS known ON true
LEFT JOIN stream_losses AS lost ON true
""")
_REMOVE = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))")


class EventPacker:
    """Packs what was told about a subject once nothing was for `days`; never what is of one of the types `leaving`.

    Nothing is packed that is not published, that a group may not have acknowledged, or that the stream has lost and
    is to be published again.
    """

    def __init__(
        self,
        database: Database,
        redis: RawRedis,
        stream: str,
        days: float,
        leaving: Collection[str] = (),
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._redis = redis
        self._stream = stream
        self._rest = timedelta(days=days)
        self._leaving = frozenset(leaving)
        self._clock = clock
        self._after = 0
        """The outbox is looked through up to this row."""

    async def run(self) -> None:
        """Look through the outbox every hour, until cancelled; an outage of either server is waited out."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            with waited_out("event packer"):
                packed = await self.look_through()
                if packed:
                    log.info("%d events of %s are at rest, and packed", packed, self._stream)

    async def look_through(self) -> int:
        """Pack all that is at rest; returns how many events. Other packers are not waited for."""
        packed, self._after = 0, 0
        while (done := await self.step()) is not None:
            packed += done
            await asyncio.sleep(_PAUSE_SECONDS)
        return packed

    async def step(self) -> int | None:
        """Look at the next portion of the outbox, and pack what is at rest, in one transaction.

        Returns how many events were packed; None when there is nothing more, or it is not the moment.
        """
        needed = await trimming.needed_from(self._redis, self._stream)
        if needed is None:
            return None
        before = self._clock() - self._rest
        async with self._database.transaction() as tx:
            if not await packs.try_to_hold(tx):
                return None
            values = {"after": self._after, "portion": _PORTION}
            rows = [row for row in await tx.execute(text(LOOKED_THROUGH), values) if row.recorded_at < before]
            if not rows:
                return None
            subjects = list({row.subject for row in rows if row.type not in self._leaving})
            resting = await tx.execute(text(AT_REST), {"subjects": subjects, "before": before, "most": _MOST})
            packed = await self._pack(tx, list(resting.scalars()), before, needed)
        self._after = rows[-1].id
        return packed

    async def _pack(self, tx: Transaction, subjects: Sequence[str], before: datetime, needed: EntryId) -> int:
        # What is packed about them already comes back first, with what it is packed with: a subject is in one pack.
        back = await packs.bring_back(tx, packs.OF_SUBJECTS, {"subjects": subjects})
        may_go = _may_go((await tx.execute(_BOUNDS)).one(), before, needed)
        by_subject: dict[str, list[PackedEvent]] = {}
        for row in await tx.execute(_EVENTS, {"subjects": sorted({*subjects, *back})}):
            by_subject.setdefault(row.subject, []).append(PackedEvent(*row))
        packed = 0
        for events in _in_packs([rows for rows in by_subject.values() if all(map(may_go, rows))]):
            await packs.add(tx, events)
            await tx.execute(_REMOVE, {"ids": [event.id for event in events]})
            packed += len(events)
        return packed


def _may_go(bounds: Any, before: datetime, needed: EntryId) -> Callable[[PackedEvent], bool]:
    """Which rows may be packed, as things stand now."""

    def may_go(row: PackedEvent) -> bool:
        if row.published_at is None or row.recorded_at >= before or row.id == bounds.id:
            return False
        if row.entry is None:  # published in another way, and so nothing that the stream could lose
            return True
        is_lost = bounds.up_to_ms is not None and (
            (bounds.after_ms, bounds.after_seq) < row.entry <= (bounds.up_to_ms, bounds.up_to_seq)
        )
        return row.entry < min(needed, (bounds.entry_ms, bounds.entry_seq)) and not is_lost

    return may_go


def _in_packs(subjects: Sequence[Sequence[PackedEvent]]) -> list[list[PackedEvent]]:
    """The rows of subjects, a subject's side by side, in packs."""
    found: list[list[PackedEvent]] = [[]]
    for rows in subjects:
        if len(found[-1]) >= _PACK:
            found.append([])
        found[-1] += rows
    return [events for events in found if events]
