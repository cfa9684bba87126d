"""Packs: events at rest, out of the outbox and compressed together. How they are written, read, and brought back.

A subject has events in one pack at most, and those that the outbox has about it are all newer.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.database.connections import Database
from shared.database.reader import Reader
from shared.database.transaction import Transaction
from shared.publishing.pack_body import PackedEvent, compress, read_body

PORTION: Final = 50
"""So many packs are brought back by one statement: some thousands of events."""

_LOCK: Final = "event packs"
_TRY_LOCK = text(f"SELECT pg_try_advisory_xact_lock(hashtextextended('{_LOCK}', 0))")

_ADD = text("""
INSERT INTO event_packs (types, last_entry_ms, last_entry_seq, recorded_up_to, body)
VALUES (:types, :last_entry_ms, :last_entry_seq, :recorded_up_to, :body) RETURNING id
""")
_ADD_EVENTS = text("INSERT INTO packed_events (event_id) SELECT unnest(CAST(:ids AS uuid[]))")
_ADD_SUBJECTS = text("""
INSERT INTO packed_subjects (subject, pack_id, events, oldest)
SELECT subject, :pack, events, oldest FROM unnest(
    CAST(:subjects AS uuid[]), CAST(:events AS int[]), CAST(:oldest AS timestamptz[])
) AS packed (subject, events, oldest)
""")
_TAKE: Final = "DELETE FROM event_packs WHERE id IN ({chosen}) RETURNING body"
_FORGET_EVENTS = text("DELETE FROM packed_events WHERE event_id = ANY(CAST(:ids AS uuid[]))")
_FORGET_SUBJECTS = text("DELETE FROM packed_subjects WHERE subject = ANY(CAST(:subjects AS uuid[]))")
_BRING_BACK = text("""
INSERT INTO outbox (id, event_id, type, subject, recorded_at, published_at, entry_ms, entry_seq, payload)
SELECT * FROM unnest(
    CAST(:id AS bigint[]), CAST(:event_id AS uuid[]), CAST(:type AS text[]), CAST(:subject AS text[]),
    CAST(:recorded_at AS timestamptz[]), CAST(:published_at AS timestamptz[]),
    CAST(:entry_ms AS bigint[]), CAST(:entry_seq AS bigint[]), CAST(:payload AS text[])
)
""")

OF_SUBJECTS: Final = "SELECT pack_id FROM packed_subjects WHERE subject = ANY(CAST(:subjects AS uuid[]))"
"""The packs that have events about `subjects`"""

_SINCE: Final = "SELECT id FROM event_packs WHERE recorded_up_to >= :since ORDER BY id LIMIT :portion"
_UP_TO: Final = "SELECT id FROM event_packs WHERE id <= :last ORDER BY id LIMIT :portion"
_BODIES = text(f"SELECT body FROM event_packs WHERE id IN ({OF_SUBJECTS}) ORDER BY id")  # noqa: S608
_LAST = text("SELECT coalesce(max(id), 0) FROM event_packs")
_EVER: Final = datetime.fromisoformat("0001-01-01T00:00:00+00:00")

BODIES_SINCE: Final = "SELECT body FROM event_packs WHERE recorded_up_to >= $1 ORDER BY id"
"""On a raw connection: packs that have events which were recorded from then on, beside older ones"""


async def hold(tx: Transaction) -> None:
    """Nothing is packed until the transaction ends: for who changes many old events, or must find all of them."""
    await tx.advisory_lock(_LOCK)


async def try_to_hold(tx: Transaction) -> bool:
    """The same for who rather comes again later than waits."""
    return bool((await tx.execute(_TRY_LOCK)).scalar_one())


async def add(tx: Transaction, events: Sequence[PackedEvent]) -> None:
    """Write a pack of events, which are all that there are of their subjects; those of a subject side by side."""
    newest = max((event.entry for event in events if event.entry), default=(None, None))
    values = {
        "types": sorted({event.type for event in events}),
        "last_entry_ms": newest[0],
        "last_entry_seq": newest[1],
        "recorded_up_to": max(event.recorded_at for event in events),
        "body": compress(events),
    }
    pack = (await tx.execute(_ADD, values)).scalar_one()
    await tx.execute(_ADD_EVENTS, {"ids": [event.event_id for event in events]})
    subjects: dict[str, list[datetime]] = {}
    for event in events:
        subjects.setdefault(event.subject, []).append(event.recorded_at)
    of_subjects = {
        "pack": pack,
        "subjects": [UUID(subject) for subject in subjects],
        "events": [len(moments) for moments in subjects.values()],
        "oldest": [min(moments) for moments in subjects.values()],
    }
    await tx.execute(_ADD_SUBJECTS, of_subjects)


async def about(
    reader: Reader, subjects: Collection[str], types: Collection[str] | None = None
) -> AsyncIterator[PackedEvent]:
    """The packed events about some subjects, of these types or all; of one subject in the order of the log."""
    wanted = set(subjects)
    async for row in reader.stream(_BODIES, {"subjects": _ids(wanted)}):
        for event in read_body(row.body):
            if event.subject in wanted and (types is None or event.type in types):
                yield event


async def bring_back(tx: Transaction, chosen: str, values: Mapping[str, Any]) -> list[str]:
    """Put the events of packs back into the outbox, each row as it was; returns what they are about.

    `chosen` is a query for the packs' ids.
    """
    subjects: list[str] = []
    bodies = (await tx.execute(text(_TAKE.format(chosen=chosen)), values)).scalars().all()
    for body in bodies:
        events = read_body(body)
        columns = {field.name: [getattr(event, field.name) for event in events] for field in fields(PackedEvent)}
        await tx.execute(_BRING_BACK, columns)
        await tx.execute(_FORGET_EVENTS, {"ids": columns["event_id"]})
        told_of = set(columns["subject"])
        await tx.execute(_FORGET_SUBJECTS, {"subjects": _ids(told_of)})
        subjects += told_of
    return subjects


async def bring_back_since(tx: Transaction, since: datetime | None = None) -> None:
    """Put back all packs that have an event which was recorded from then on, beside older ones."""
    while await bring_back(tx, _SINCE, {"since": since or _EVER, "portion": PORTION}):
        pass


async def bring_all_back(database: Database) -> int:
    """Put back all packs that there are now, a portion in a transaction; returns the number of their subjects."""
    async with database.transaction() as tx:
        last = (await tx.execute(_LAST)).scalar_one()
    subjects = 0
    while True:
        async with database.transaction() as tx:
            await hold(tx)
            back = await bring_back(tx, _UP_TO, {"last": last, "portion": PORTION})
        if not back:
            return subjects
        subjects += len(back)


def _ids(subjects: Iterable[str]) -> list[UUID]:
    return [UUID(subject) for subject in subjects]


__all__ = [
    "BODIES_SINCE",
    "OF_SUBJECTS",
    "PORTION",
    "about",
    "add",
    "bring_all_back",
    "bring_back",
    "bring_back_since",
    "hold",
    "try_to_hold",
]
