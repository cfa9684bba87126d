"""Packing what a log holds, without waiting until it is at rest."""

from itertools import groupby

from sqlalchemy import text

from shared.database.connections import Database
from shared.publishing import packs
from shared.publishing.pack_body import PackedEvent

_PUBLISHED = text(
    "DELETE FROM outbox WHERE published_at IS NOT NULL "
    "AND subject NOT IN (SELECT subject FROM outbox WHERE published_at IS NULL) "
    "RETURNING id, event_id, type, subject, recorded_at, published_at, entry_ms, entry_seq, payload"
)


async def pack_all(database: Database) -> int:
    """Pack all events that are published, those about three subjects together; returns how many."""
    async with database.transaction() as tx:
        rows = [PackedEvent(*row) for row in await tx.execute(_PUBLISHED)]
        rows.sort(key=lambda event: (event.subject, event.id))
        subjects = [list(events) for _, events in groupby(rows, key=lambda event: event.subject)]
        for start in range(0, len(subjects), 3):
            await packs.add(tx, [event for events in subjects[start : start + 3] for event in events])
    return len(rows)
