"""Everything that the databases say, read at once when all is quiet; what retention took away as it should included."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.services import groups_of, publishers, readers, streams
from tests.faults.checks.expectations import FACTS
from tests.faults.lab import Lab

Row = Any


@dataclass(frozen=True)
class Event:
    """A row of an outbox, opened."""

    row: int
    id: UUID
    type: str
    subject: str
    epoch: int
    sequence: int
    actor: str
    data: dict[str, Any]


@dataclass
class Snapshot:
    """`logs`, `inboxes` and `tables` by service."""

    logs: dict[str, list[Event]]
    inboxes: dict[str, set[tuple[UUID, str]]]
    tables: dict[str, dict[str, list[Row]]]
    gone: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    """What was told by a database that has been taken back since, and that some consumer may have dealt with."""

    def heard_of(self, owner: str, consumer: str) -> list[Event]:
        """The log of a service; and what is gone of it, where the consumer had dealt with that."""
        gone = [event for event in self.gone[owner] if (event.id, consumer) in self.inboxes[consumer]]
        return [*self.logs[owner], *gone]

    def by_subject(self, service: str) -> dict[str, list[Event]]:
        """The log of one service, by what it tells about, each in the order of the log; but for facts of services."""
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.logs[service]:
            if event.type != FACTS:
                found[event.subject].append(event)
        return found


_TABLES = {
    "catalog": {
        "organizations": "SELECT id, slug, name, active, email, version FROM organizations",
        "services": "SELECT id, slug, name, organization_id, status, capacity, version FROM services",
        "members": "SELECT id, organization_id, email, language, roles, active, deputy_id, version FROM members",
        "service_facts": "SELECT id, epoch, sequence FROM service_facts",
    },
    "referral": {
        "organizations": "SELECT * FROM organizations",
        "services": "SELECT * FROM services",
        "members": "SELECT * FROM members",
        "referrals": "SELECT id, parent_id, version, status, source_member_id, closed_at, "
        "(SELECT erased_at FROM clients WHERE clients.id = client_id) FROM referrals",
        "timeline": "SELECT event_id, referral_id, event_type, version, at FROM timeline",
        "messages": "SELECT id, referral_id FROM messages",
        "keys": "SELECT referral_id FROM idempotency_keys WHERE referral_id IS NOT NULL",
        "deliveries": "SELECT * FROM deliveries",
        "shown deliveries": "SELECT id, referral_id, cause_id FROM public.deliveries",
    },
    "notifications": {
        "organizations": "SELECT * FROM organizations",
        "services": "SELECT * FROM services",
        "members": "SELECT * FROM members",
        "notices": "SELECT id, event_id, referral_id, recipient_organization_id, recipient_member_id, number, "
        "seen_at, passed_on_at FROM notices",
        "deliveries": "SELECT id, notice_id, channel, status, attempts, version FROM deliveries",
        "rig_notes": "SELECT event_id, waiting FROM rig_notes",
    },
    "portal": {
        "organizations": "SELECT * FROM organizations",
        "members": "SELECT * FROM members",
    },
}


async def take_snapshot(lab: Lab) -> Snapshot:
    """Read it all."""
    logs, inboxes = {}, {}
    tables: dict[str, dict[str, list[Row]]] = {}
    for service in publishers():
        logs[service] = await read_log(lab, service)
    for service in readers():
        seen = await lab.books(service, "SELECT event_id, consumer FROM inbox")
        inboxes[service] = {(row["event_id"], row["consumer"]) for row in seen}
        tables[service] = {name: await lab.books(service, sql) for name, sql in _TABLES[service].items()}
    gone: dict[str, list[Event]] = defaultdict(list)
    for rewound in lab.rewound:
        gone[rewound.service] += rewound.gone
    return Snapshot(logs, inboxes, tables, gone)


async def read_log(lab: Lab, service: str) -> list[Event]:
    """The log of a service, in its order."""
    rows = await lab.books(service, "SELECT id, event_id, type, subject, payload FROM outbox ORDER BY id")
    return [_event(row) for row in rows]


def _event(row: Row) -> Event:
    told = json.loads(row["payload"])
    return Event(
        row["id"],
        row["event_id"],
        row["type"],
        row["subject"],
        told["epoch"],
        told["sequence"],
        told["actor"],
        told["data"],
    )


@dataclass(frozen=True)
class Backlog:
    """What is still under way, by where it lies."""

    waiting: dict[str, int]

    def quiet(self, but: str = "") -> bool:
        """Whether nothing is under way, or nothing but what begins with this word."""
        return not any(count for what, count in self.waiting.items() if not (but and what.startswith(but)))


_UNDER_WAY = {
    "unpublished": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
    "lost and not yet published again": "SELECT count(*) FROM stream_losses",
    "parked": "SELECT count(*) FROM parked",
}


async def backlog(lab: Lab) -> Backlog:
    """Look for what is not done. Raises what the servers raise."""
    waiting = {}
    for service in publishers():
        for name, sql in _UNDER_WAY.items():
            waiting[f"{name} in {service}"] = (await lab.query(service, sql))[0][0]
    due = "SELECT count(*) FROM deliveries WHERE next_attempt_at IS NOT NULL"
    waiting["deliveries due"] = (await lab.query("notifications", due))[0][0]
    for stream in streams():
        declared = groups_of(stream)
        found = {group["name"].decode(): group for group in await lab.redis.xinfo_groups(stream)}
        for group in declared:
            here = found.get(group)
            waiting[f"pending of {group} in {stream}"] = 1 if here is None else here["pending"]
            last = (await lab.redis.xinfo_stream(stream))["last-generated-id"]
            waiting[f"unread by {group} in {stream}"] = int(here is None or here["last-delivered-id"] != last)
    return Backlog(waiting)
