"""The rows of timers: read under their lock, and written past the session, for many referrals at once."""

from collections.abc import Collection, Mapping
from uuid import UUID

from services.referral.domain.deadlines import Kind, StoredTimer
from services.referral.unit_of_work import Work
from shared.database.connections import run_plainly

Timers = dict[Kind, StoredTimer]

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


async def read_timers(work: Work, referral_ids: Collection[UUID]) -> dict[UUID, Timers]:
    """The timers of referrals whose locks the caller holds, none of those that have none."""
    found: dict[UUID, Timers] = {referral_id: {} for referral_id in referral_ids}
    for referral_id, kind, *times in await run_plainly(work.session, _READ, list(found)):
        found[referral_id][Kind(kind)] = StoredTimer(*times)
    return found


async def write_timers(work: Work, before: Mapping[UUID, Timers], after: Mapping[UUID, Timers]) -> None:
    """Bring the rows from what they were read as to what they are to be."""
    stopped = [(each, kind) for each, timers in before.items() for kind in timers if kind not in after[each]]
    wound = [
        (each, kind, *timer)
        for each, timers in after.items()
        for kind, timer in timers.items()
        if before[each].get(kind) != timer
    ]
    if stopped or wound:
        await run_plainly(work.session, _WRITE, *_columns(stopped, 2), *_columns(wound, 5))


def _columns(rows: Collection[tuple[object, ...]], number: int) -> list[list[object]]:
    return [[row[place] for row in rows] for place in range(number)]
