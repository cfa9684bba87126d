"""The next version of a consumer, that makes use of a field today's events do not have: its effect, counted."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator

import asyncpg

from tests.faults.checks.expectations import Finding
from tests.faults.checks.snapshot import Snapshot
from tests.faults.lab import Lab
from tests.faults.newer_version import FIELD


async def prepare_notes(lab: Lab) -> None:
    """A table for the effect, in the database of the service whose consumer it is."""
    for sql in (
        "CREATE TABLE rig_notes (event_id uuid NOT NULL, waiting bigint)",
        "GRANT SELECT, INSERT ON rig_notes TO notifications",
    ):
        await lab.query("notifications", sql, as_owner=True)


async def how_often_used(lab: Lab) -> int:
    """How many events with the new field the newer consumer has dealt with; waits while the database is away."""
    while True:
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            rows = await lab.query("notifications", "SELECT count(*) FROM rig_notes WHERE waiting IS NOT NULL")
            return int(rows[0][0])
        await asyncio.sleep(0.2)


def check_newer_consumer(seen: Snapshot) -> Iterator[Finding]:
    """It dealt with an event once or not at all, read in each what is there, and never without its inbox row."""
    told = {event.id: event for event in seen.logs["referral"]}
    notes = seen.tables["notifications"]["rig_notes"]
    for event_id, count in Counter(note["event_id"] for note in notes).items():
        if count > 1:
            yield Finding("doubled", f"the newer consumer noted {event_id} {count} times")
    for note in notes:
        event = told.get(note["event_id"])
        if event is None or (event.id, "notifications") not in seen.inboxes["notifications"]:
            yield Finding("wrong", f"the newer consumer noted {note['event_id']}, which it was never given")
        elif note["waiting"] != event.data.get(FIELD):
            yield Finding("wrong", f"the newer consumer read {note['waiting']} in {event.id}: {event.data.get(FIELD)}")


def shares(seen: Snapshot) -> dict[str, int]:
    """For the report: how many events were told and taken by which version."""
    by_newer = {note["event_id"] for note in seen.tables["notifications"]["rig_notes"]}
    newer = {event.id for event in seen.logs["referral"] if FIELD in event.data}
    taken = {event_id for event_id, _ in seen.inboxes["notifications"]}
    return {
        "newer events taken by the newer consumer": len(newer & by_newer),
        "newer events by the older": len((newer & taken) - by_newer),
        "older events by the newer": len(by_newer - newer),
    }
