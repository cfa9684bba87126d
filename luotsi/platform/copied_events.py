"""What a copy is made anew of: events in its owner's log that the service has dealt with, packed ones among them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from luotsi.platform.copies import Copy
from shared.database.connections import Database
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.publishing import packs
from shared.publishing.pack_body import PackedEvent

# Of events at rest the pack says which types are in it: too many subjects do no harm.
_SUBJECTS = text("""
(SELECT DISTINCT subject FROM outbox WHERE type = ANY(:types) AND subject > :after ORDER BY subject LIMIT :portion)
UNION
(SELECT CAST(packed.subject AS text) FROM packed_subjects AS packed
 WHERE packed.subject > CAST(:after AS uuid)
 AND EXISTS (SELECT FROM event_packs WHERE id = packed.pack_id AND types && CAST(:types AS text[]))
 ORDER BY packed.subject LIMIT :portion)
ORDER BY subject LIMIT :portion
""")
_STATES = text("""
SELECT id, event_id, subject, CAST(CAST(payload AS json) ->> 'epoch' AS integer) AS epoch,
    CAST(CAST(payload AS json) ->> 'sequence' AS bigint) AS sequence
FROM outbox WHERE subject = ANY(:subjects) AND type = ANY(:types)
""")
_PAYLOADS = text("SELECT payload FROM outbox WHERE id = ANY(:ids) ORDER BY id")
# What a service has dealt with; not what it has put aside until another fact arrives.
_DEALT_WITH = text(
    "SELECT event_id FROM inbox WHERE consumer = :consumer AND event_id = ANY(:ids) "
    "EXCEPT SELECT event_id FROM parked WHERE event_id = ANY(:ids)"
)


async def subjects_after(owners: Database, copy: Copy, after: UUID, portion: int) -> list[str]:
    """The ids of what the owner has events about, in their order: those after `after`, `portion` at most."""
    async with owners.transaction() as tx:
        await tx.execute(text("SET LOCAL statement_timeout = 0"))  # what a copy is made of may be rare in a large log
        values = {"types": list(copy.types), "after": str(after), "portion": portion}
        return list((await tx.execute(_SUBJECTS, values)).scalars())


async def states_of(tx: Transaction, owners: Database, copy: Copy, subjects: Sequence[str]) -> list[Envelope]:
    """Of the events that the service has dealt with, the newest of each subject, or all where the copy keeps all."""
    async with owners.transaction() as reading:
        found: list[Any] = list(await reading.execute(_STATES, {"subjects": subjects, "types": list(copy.types)}))
        packed = [_at_rest(event) async for event in packs.about(reading, subjects, copy.types)]
        packed.sort(key=lambda state: state.id)
        found = [*packed, *found]
        asked = {"consumer": copy.service, "ids": [row.event_id for row in found]}
        dealt_with = set((await tx.execute(_DEALT_WITH, asked)).scalars())
        newest: dict[object, tuple[tuple[int, int], int]] = {}
        for row in found:
            if row.event_id in dealt_with:
                order = (row.epoch, row.sequence)
                subject = (row.subject, order) if copy.every_state else row.subject
                if subject not in newest or order > newest[subject][0]:
                    newest[subject] = (order, row.id)
        chosen = {row_id for _, row_id in newest.values()}
        payloads = [event.payload for event in packed if event.id in chosen]
        payloads += (await reading.execute(_PAYLOADS, {"ids": list(chosen)})).scalars()
        return [Envelope.model_validate_json(payload) for payload in payloads]


@dataclass(frozen=True)
class _State:
    """An event at rest, with what `_STATES` says of one in the outbox."""

    id: int
    event_id: UUID
    subject: str
    epoch: int
    sequence: int
    payload: str


def _at_rest(event: PackedEvent) -> _State:
    told = json.loads(event.payload)
    return _State(event.id, event.event_id, event.subject, told["epoch"], told["sequence"], event.payload)
