"""Timelines as people read them, over HTTP: complete, in order, with the proof of who was told."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from tests.faults.accounts import Accounts
from tests.faults.checks.expectations import Finding
from tests.faults.checks.snapshot import Event, Snapshot

_LOOKED_AT: Final = 150
_ENDS: Final = tuple(
    f"referral.{name}.v1"
    for name in ("completed", "failed", "declined", "cancelled", "expired", "consent_withdrawn", "marked_in_error")
)


async def check_read_timelines(seen: Snapshot, accounts: Accounts) -> AsyncIterator[Finding]:
    """Each referral's timeline, read by somebody of its source; the newest ones when there are many.

    Of what was passed on from it, it shows how that ended.
    """
    readers = {str(somebody.member.organization_id): somebody for somebody in (*accounts.advisers, *accounts.desks)}
    proofs: dict[str, Counter[str]] = defaultdict(Counter)
    for row in seen.tables["referral"]["shown deliveries"]:
        proofs[str(row["referral_id"])][str(row["cause_id"])] += 1
    log = seen.by_subject("referral")
    ends = _ends_below(log)
    for subject, events in list(log.items())[-_LOOKED_AT:]:
        first = events[0].data.get("referral", events[0].data)
        reader = readers[first["source_organization_id"]]
        answer = await reader.insist("referral", "GET", f"/referrals/{subject}/timeline")
        items = answer.json()["contents"] if answer.status_code == 200 else []
        expected = sorted([*(str(event.id) for event in events), *ends[subject]])
        for finding in _read_rightly(items, first["reference"], expected, proofs[subject]):
            yield Finding(finding.kind, f"the timeline of {subject} {finding.what}")


def _ends_below(log: Mapping[str, list[Event]]) -> dict[str, list[str]]:
    """Referral → the events by which what was passed on from it ended."""
    parents = {subject: events[0].data.get("referral", events[0].data)["parent_id"] for subject, events in log.items()}
    ends: dict[str, list[str]] = defaultdict(list)
    for subject, events in log.items():
        ended = [str(event.id) for event in events if event.type in _ENDS]
        above = parents[subject]
        while above is not None:
            ends[above] += ended
            above = parents[above]
    return ends


def _read_rightly(
    items: list[dict[str, Any]], reference: str, expected: list[str], proofs: Counter[str]
) -> Iterator[Finding]:
    shown = sorted(item["event_id"] for item in items)
    if shown != expected:
        yield Finding("lost", f"shows {len(shown)} of {len(expected)} events")
    versions = [item["version"] for item in items if item["reference"] == reference]
    if versions != sorted(versions):
        yield Finding("wrong", f"is out of order: {versions}")
    told = {item["event_id"]: len(item["told"]) for item in items if item["told"]}
    if told != {event: count for event, count in proofs.items() if event in expected}:
        yield Finding("lost", "does not show who was told")
