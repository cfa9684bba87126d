"""Promises against the logs, the logs against themselves, and every consumer's inbox against the logs."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.checks.expectations import CONSUMERS, MESSAGE, NO_CHANGES, Finding
from tests.faults.checks.snapshot import Event, Snapshot
from tests.faults.ledger import Ledger, Promise


def check_promises(seen: Snapshot, ledger: Ledger) -> Iterator[Finding]:
    """Every acknowledged command has made its event, once."""
    yield from (Finding("wrong", text) for text in ledger.contradictions)
    yield from (Finding("stuck", text) for text in ledger.given_up)
    seen_at = {str(row["id"]): row["seen_at"] for row in seen.tables["notifications"]["notices"]} if ledger.seen else {}
    for notice in ledger.seen:
        if seen_at.get(notice) is None:
            yield Finding("lost", f"somebody was told that they have seen notice {notice}, and it is not kept")
    index: dict[tuple[str, str, str, int], int] = Counter()
    messages: Counter[str] = Counter()
    for service, log in seen.logs.items():
        for event in log:
            index[service, event.type, event.subject, event.sequence] += 1
            if event.type == MESSAGE:
                messages[event.data["message_id"]] += 1
    for promise in ledger.promises:
        found = messages[promise.detail] if promise.event_type == MESSAGE else index[_place(promise)]
        if found != 1:
            yield Finding("lost" if found == 0 else "doubled", f"{promise} has {found} events")
    yield from _keys(seen, ledger)


def _place(promise: Promise) -> tuple[str, str, str, int]:
    return (promise.service, promise.event_type, promise.subject, promise.version)


def _keys(seen: Snapshot, ledger: Ledger) -> Iterator[Finding]:
    """One referral per idempotency key, and none without one but what was passed on."""
    made = Counter(str(row["referral_id"]) for row in seen.tables["referral"]["keys"])
    for key, referral_id in ledger.keys.items():
        if made[referral_id] == 0:  # the key itself is kept as a keyed hash
            yield Finding("lost", f"key {key} was answered with {referral_id}, which no key is there for")
    for row in seen.tables["referral"]["referrals"]:
        if made[str(row["id"])] != (0 if row["parent_id"] else 1):
            yield Finding("doubled", f"referral {row['id']} belongs to {made[str(row['id'])]} keys")


def check_versions(seen: Snapshot) -> Iterator[Finding]:
    """The log of every aggregate holds each of its versions once, up to the one that its row has."""
    for service, table in (
        ("catalog", "organizations"),
        ("catalog", "services"),
        ("catalog", "members"),
        ("referral", "referrals"),
    ):
        log = seen.by_subject(service)
        for row in seen.tables[service][table]:
            states = Counter(event.sequence for event in log[str(row["id"])] if event.type not in NO_CHANGES)
            expected = Counter(range(1, row["version"] + 1))
            for version in (expected - states).elements():
                yield Finding("lost", f"{table} {row['id']}: no event of version {version}")
            for version in (states - expected).elements():
                yield Finding("doubled", f"{table} {row['id']}: one event too many of version {version}")


def check_inboxes(seen: Snapshot) -> Iterator[Finding]:
    """Every event reached every consumer that has to deal with it, and nothing else did."""
    for owner, consumers in CONSUMERS.items():
        for consumer, types in consumers.items():
            for event in seen.logs[owner]:
                if event.type in types and (event.id, consumer) not in seen.inboxes[consumer]:
                    yield Finding("lost", f"{consumer} never dealt with {event.type} {event.id} of {owner}")
    told = {event.id for logs in (seen.logs, seen.gone) for log in logs.values() for event in log}
    for service, inbox in seen.inboxes.items():
        for event_id, _ in inbox:
            if event_id not in told:
                yield Finding("wrong", f"{service} dealt with {event_id}, which nobody ever told")


def check_timelines(seen: Snapshot) -> Iterator[Finding]:
    """The timeline of a referral is its log, and its messages are those that were told of."""
    log = seen.by_subject("referral")
    lines: dict[str, list[object]] = {}
    for row in seen.tables["referral"]["timeline"]:
        lines.setdefault(str(row["referral_id"]), []).append(row["event_id"])
    for subject, events in log.items():
        missing = {event.id for event in events} ^ set(lines.get(subject, []))
        if missing or len(events) != len(lines[subject]):
            yield Finding("lost", f"timeline of {subject} and its log differ by {sorted(map(str, missing))}")
        if _out_of_order(events):
            yield Finding("wrong", f"the log of {subject} is not in the order of its versions")
    erased = {str(row["id"]) for row in seen.tables["referral"]["referrals"] if row["erased_at"]}
    written = [event for event in seen.logs["referral"] if event.type == MESSAGE and event.subject not in erased]
    told = Counter(event.data["message_id"] for event in written)
    kept = Counter(str(row["id"]) for row in seen.tables["referral"]["messages"])
    if told != kept:
        yield Finding("lost", f"messages kept and told of differ: {dict((told - kept) + (kept - told))}")


def _out_of_order(events: list[Event]) -> bool:
    versions = [event.sequence for event in events]
    return versions != sorted(versions)
