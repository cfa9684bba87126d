"""Timelines as people read them, over HTTP: complete, in order, with the proof of who was told."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator

from tests.faults.cast import Cast
from tests.faults.checks.expectations import Finding
from tests.faults.checks.snapshot import Snapshot

_LOOKED_AT = 150


async def check_read_timelines(seen: Snapshot, cast: Cast) -> AsyncIterator[Finding]:
    """Each referral's timeline, read by an adviser of its organisation; the newest ones when there are many."""
    readers = {str(adviser.member.organization_id): adviser for adviser in cast.advisers}
    proofs: dict[str, Counter[str]] = defaultdict(Counter)
    for row in seen.tables["referral"]["deliveries"]:
        proofs[str(row["referral_id"])][str(row["cause_id"])] += 1
    for subject, events in list(seen.by_subject("referral").items())[-_LOOKED_AT:]:
        first = events[0].data.get("referral", events[0].data)
        answer = await readers[first["source_organization_id"]].insist(
            "referral", "GET", f"/referrals/{subject}/timeline"
        )
        items = answer.json()["contents"] if answer.status_code == 200 else []
        if {item["event_id"] for item in items} != {str(event.id) for event in events} or len(items) != len(events):
            yield Finding("lost", f"the timeline of {subject} shows {len(items)} of {len(events)} events")
        versions = [item["version"] for item in items]
        if versions != sorted(versions):
            yield Finding("wrong", f"the timeline of {subject} is out of order: {versions}")
        told = {item["event_id"]: len(item["told"]) for item in items if item["told"]}
        if told != dict(proofs[subject]):
            yield Finding("lost", f"the timeline of {subject} does not show who was told")
