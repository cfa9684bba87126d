"""The stored timers of referrals: read with a lock and written, for many referrals at once."""

from collections.abc import Collection, Mapping
from uuid import UUID

from services.referral.domain.deadlines import StoredTimer, TimerKind
from services.referral.unit_of_work import UnitOfWork
from shared.database.connections import run_plainly

Timers = dict[TimerKind, StoredTimer]

_READ = "SELECT referral_id, kind, since, due_at, fired_at FROM timers WHERE referral_id = ANY($1) FOR UPDATE"
_WRITE = """
WITH stopped AS (
    DELETE FROM timers USING unnest($1::uuid[], $2::text[]) AS gone (referral_id, kind)
    WHERE timers.referral_id = gone.referral_id AND timers.kind = gone.kind
)
INSERT INTO timers (referral_id, kind, since, due_at, fired_at)
SELECT * FROM unnest($3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
ON CONFLICT (referral_id, kind) DO UPDATE
SET since = excluded.since, due_at = excluded.due_at, fired_at = excluded.fired_at
"""


async def read_timers(work: UnitOfWork, referral_ids: Collection[UUID]) -> dict[UUID, Timers]:
    """The timers of each referral, locked; an empty mapping for one without. The caller holds the referrals' locks."""
    found: dict[UUID, Timers] = {referral_id: {} for referral_id in referral_ids}
    for referral_id, kind, *times in await run_plainly(work.session, _READ, list(found)):
        found[referral_id][TimerKind(kind)] = StoredTimer(*times)
    return found


async def write_timers(work: UnitOfWork, before: Mapping[UUID, Timers], after: Mapping[UUID, Timers]) -> None:
    """Write how timers changed: `before` is what `read_timers` gave, `after` what is to be stored instead."""
    stopped = [(each, kind) for each, timers in before.items() for kind in timers if kind not in after[each]]
    changed = [
        (each, kind, *timer)
        for each, timers in after.items()
        for kind, timer in timers.items()
        if before[each].get(kind) != timer
    ]
    if stopped or changed:
        await run_plainly(work.session, _WRITE, *_columns(stopped, 2), *_columns(changed, 5))


def _columns(rows: Collection[tuple[object, ...]], number: int) -> list[list[object]]:
    return [[row[column] for row in rows] for column in range(number)]
