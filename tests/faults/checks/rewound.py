"""A database that was taken back to an earlier moment: what may be missing because of that, and what may not."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from tests.faults.checks.expectations import MESSAGE, Finding
from tests.faults.checks.snapshot import Event, Snapshot
from tests.faults.ledger import Ledger, Promise


@dataclass(frozen=True)
class Rewound:
    """The log of `service` when it was lost, and right after it had come back, before anything was added to it.

    `safe` are the events that were there before the moment to which it was taken back; `lost_at` is when it was lost.
    """

    service: str
    safe: frozenset[UUID]
    before: tuple[Event, ...]
    after: tuple[Event, ...]
    lost_at: float
    seen_gone: frozenset[str] = frozenset()
    """Notices that had been seen, and are not there, or not seen, any more."""
    deliveries_gone: frozenset[str] = frozenset()

    @property
    def gone(self) -> list[Event]:
        """What was told and is not in the log any more."""
        kept = {event.id for event in self.after}
        return [event for event in self.before if event.id not in kept]


def check_rewound(rewound: Rewound, seen: Snapshot) -> Iterator[Finding]:
    """Only what was told between the two moments is gone, nothing else came, and what is told now outranks it."""
    for event in rewound.gone:
        if event.id in rewound.safe:
            yield Finding("lost", f"{event.type} {event.id} was told before the moment it was taken back to")
    known = {event.id for event in rewound.before}
    for event in rewound.after:
        if event.id not in known:
            yield Finding("wrong", f"{event.type} {event.id} came back, and was never told before")
    yield from _outranks(rewound, seen)


def _outranks(rewound: Rewound, seen: Snapshot) -> Iterator[Finding]:
    newest = max(event.epoch for event in rewound.before)
    back = {event.id for event in rewound.after}
    fresh = [event for event in seen.logs[rewound.service] if event.id not in back]
    if not fresh:
        yield Finding("wrong", f"nothing was told by {rewound.service} after it had come back")
    for event in fresh:
        if event.epoch <= newest:
            yield Finding("wrong", f"{event.type} {event.id} was told after the loss in epoch {event.epoch}, as before")
    epochs: dict[str, int] = defaultdict(int)
    for event in seen.logs[rewound.service]:
        if event.epoch < epochs[event.subject]:
            yield Finding("wrong", f"{event.type} {event.id} of epoch {event.epoch} follows {epochs[event.subject]}")
        epochs[event.subject] = event.epoch


def without_what_is_gone(ledger: Ledger, rewound: Rewound, seen: Snapshot) -> Ledger:
    """The ledger without promises whose event was told, before the loss, and is gone; and their keys.

    And without notices of which it is not known any more that they were seen.
    """
    kept = {_place(event) for event in seen.logs[rewound.service]}
    gone = {_place(event) for event in rewound.gone} - kept

    def is_gone(promise: Promise) -> bool:
        known_by = promise.detail if promise.event_type == MESSAGE else (promise.subject, promise.version)
        here = promise.service == rewound.service and promise.at <= rewound.lost_at
        return here and (promise.event_type, known_by) in gone

    promises = [promise for promise in ledger.promises if not is_gone(promise)]
    created = {str(event.subject) for event in rewound.gone} - {str(event.subject) for event in rewound.after}
    keys = {key: referral for key, referral in ledger.keys.items() if referral not in created}
    return replace(ledger, promises=promises, keys=keys, seen=ledger.seen - rewound.seen_gone)


def _place(event: Event) -> tuple[str, object]:
    known_by = event.data["message_id"] if event.type == MESSAGE else (event.subject, event.sequence)
    return event.type, known_by
