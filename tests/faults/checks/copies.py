"""Copies of foreign facts against their source."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.faults.checks.expectations import FACTS, Finding
from tests.faults.checks.snapshot import Event, Row, Snapshot

_COPIED = ("organizations", "services", "members")


def check_copies(seen: Snapshot) -> Iterator[Finding]:
    """The catalogue's facts are everywhere what they are in the catalogue, and of the newest version."""
    for table in _COPIED:
        source = {row["id"]: row for row in seen.tables["catalog"][table]}
        for service in ("referral", "notifications", "portal"):
            if table not in seen.tables[service]:
                continue
            copies = {row["id"]: row for row in seen.tables[service][table]}
            for missing in source.keys() - copies.keys():
                yield Finding("lost", f"{service} knows nothing of {table} {missing}")
            for foreign in copies.keys() - source.keys():
                yield Finding("wrong", f"{service} knows {table} {foreign}, which does not exist")
            for row_id in source.keys() & copies.keys():
                wrong = _difference(source[row_id], copies[row_id])
                if wrong:
                    yield Finding("lost", f"{service} has an old picture of {table} {row_id}: {', '.join(wrong)}")
    yield from _newest(seen, "delivery", "notifications", seen.tables["referral"]["deliveries"])
    yield from _newest(seen, "facts of service", "referral", seen.tables["catalog"]["service_facts"], FACTS)


def _difference(source: Any, copy: Any) -> list[str]:
    both = set(copy.keys()) & set(source.keys())
    wrong = sorted(name for name in both if _plain(copy[name]) != _plain(source[name]))
    return wrong if copy["sequence"] == source["version"] else [*wrong, "version"]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(value)
    return json.loads(value) if isinstance(value, str) and value[:1] in "{[" else value


def _newest(
    seen: Snapshot, what: str, owner: str, rows: Iterable[Row], event_type: str | None = None
) -> Iterator[Finding]:
    """Each copy of what `owner` tells (in events of `event_type`, where it tells more) is the newest that was told.

    Of what `owner` knows nothing any more, since it was taken back, that may be a copy of what was told before.
    """
    told = [event for event in seen.logs[owner] if event_type in (None, event.type)]
    newest, gone = _newest_of(told), _newest_of(seen.gone[owner])
    kept = {str(row["id"]): (row["epoch"], row["sequence"]) for row in rows}
    for subject in newest.keys() | kept.keys():
        right = newest.get(subject, gone.get(subject))
        if kept.get(subject) != right:
            yield Finding("lost", f"{what} {subject} was told as {right}, kept as {kept.get(subject)}")


def _newest_of(events: Iterable[Event]) -> dict[str, tuple[int, int]]:
    """Epoch and version of the newest event about each subject."""
    newest: dict[str, tuple[int, int]] = {}
    for event in events:
        newest[event.subject] = max(newest.get(event.subject, (0, 0)), (event.epoch, event.sequence))
    return newest
