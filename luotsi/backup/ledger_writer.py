"""Writing the ledger: what is new in the databases, as ids, codes and times."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from luotsi.backup import sealing
from luotsi.backup.ledger import FOLDER, NAME, OVERLAP, POSITION, Entry, position
from luotsi.backup.manifest import finished, moment_of
from luotsi.backup.store import BackupStore
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from shared.database.addresses import connect
from shared.publishing import packs
from shared.publishing.pack_body import PackedEvent, read_body

_FACTS: Final = "referral.service_facts.v1"
_EVENTS: Final = "SELECT payload FROM outbox WHERE recorded_at >= $1 AND type <> $2 ORDER BY id"
_ERASED: Final = """
SELECT c.id, c.erased_at AS at, (
    SELECT occasion FROM disclosures WHERE client_id = c.id AND occasion IN ('operator: erase', 'retention')
    ORDER BY at DESC LIMIT 1
) AS occasion FROM clients c WHERE erased_at >= $1 ORDER BY erased_at
"""
_WITHDRAWN: Final = "SELECT id, withdrawal_told_by, withdrawal_told_on FROM referrals WHERE id = ANY($1::uuid[])"
_TOLD: Final = """
SELECT d.id, d.delivered_at AS at, d.channel, n.event_id, n.event_type,
       n.recipient_organization_id AS organization_id, n.recipient_member_id AS member_id
FROM deliveries d JOIN notices n ON n.id = d.notice_id WHERE d.delivered_at >= $1 ORDER BY d.delivered_at
"""
_KEPT: Final = (
    *("status", "version", "reason_code", "outcome_code", "business_status", "by_side", "active", "organization_id"),
    *("source_organization_id", "source_member_id", "target_organization_id", "assigned_member_id", "parent_id"),
)
"""What is kept of an event's data: codes, and ids of referrals, members and organisations."""


class LedgerWriter:
    """Adds to the ledger what is new in the databases. What one process has written it does not write again."""

    def __init__(self, target: Target, store: BackupStore, for_whom: Sequence[Any]) -> None:
        self._target = target
        self._store = store
        self._for_whom = for_whom
        self._written: dict[tuple[str, UUID], datetime] = {}

    async def append(self, now: datetime) -> int:
        """Write what was done since the last time; returns how many entries that is.

        A database that is away keeps its place, and what it holds comes later. PlatformError when the target is away.
        """
        until = dict(position(self._store))
        fresh: list[Entry] = []
        faults = []
        for service in _READERS:
            since = until.get(service) or _beginning(self._store, now)
            try:
                found = await self._read(service, since - OVERLAP)
            except (OSError, asyncpg.PostgresError, TimeoutError) as error:
                faults.append(f"{service} ({type(error).__name__})")
                continue
            fresh += [entry for entry in found if (entry.kind, entry.id) not in self._written]
            until[service] = now
        if fresh:
            lines = "".join(entry.model_dump_json(exclude_defaults=True) + "\n" for entry in fresh)
            name = f"{FOLDER}/{now.strftime(NAME)}-{secrets.token_hex(4)}.jsonl.age"
            self._store.put(name, sealing.seal_bytes(lines.encode(), self._for_whom))
        self._store.put(POSITION, json.dumps({name: each.isoformat() for name, each in until.items()}).encode())
        self._written |= {(entry.kind, entry.id): now for entry in fresh}
        self._written = {key: at for key, at in self._written.items() if at > now - 3 * OVERLAP}
        if faults:
            raise PlatformError(f"the ledger waits for the database of {', '.join(faults)}")
        return len(fresh)

    async def _read(self, service: str, since: datetime) -> list[Entry]:
        connection = await connect(self._target.database_url(service), timeout=5, command_timeout=30)
        try:
            # By the database's own clock it may have become earlier since the last time.
            now = await connection.fetchval("SELECT clock_timestamp()")
            return await _READERS[service](connection, min(since, now - OVERLAP))
        finally:
            await connection.close()


async def _catalog(connection: Any, since: datetime) -> list[Entry]:
    return await _events("catalog", connection, since)


async def _events(service: str, connection: Any, since: datetime) -> list[Entry]:
    """What was recorded from then on: that which is at rest, where nothing was written for long, and the outbox."""
    packed: list[PackedEvent] = []
    async with connection.transaction():
        async for row in connection.cursor(packs.BODIES_SINCE, since):
            packed += (each for each in read_body(row["body"]) if each.recorded_at >= since)
        payloads = [each.payload for each in sorted(packed, key=lambda each: each.id) if each.type != _FACTS]
        payloads += [row["payload"] for row in await connection.fetch(_EVENTS, since, _FACTS)]
    return [_event(service, json.loads(payload)) for payload in payloads]


async def _referral(connection: Any, since: datetime) -> list[Entry]:
    events = await _events("referral", connection, since)
    ended = [entry.subject for entry in events if entry.type == "referral.consent_withdrawn.v1"]
    told = {row["id"]: row for row in await connection.fetch(_WITHDRAWN, ended)}
    for entry in events:
        if entry.type == "referral.consent_withdrawn.v1" and (row := told.get(entry.subject)):
            entry.data["told_by"], entry.data["told_on"] = row["withdrawal_told_by"], str(row["withdrawal_told_on"])
    gone = [
        Entry(kind="erased", id=row["id"], at=row["at"], service="referral", type=row["occasion"] or "operator: erase")
        for row in await connection.fetch(_ERASED, since)
    ]
    return [*events, *gone]


async def _notifications(connection: Any, since: datetime) -> list[Entry]:
    return [
        Entry(
            kind="told",
            id=row["id"],
            at=row["at"],
            service="notifications",
            type=row["event_type"],
            subject=row["event_id"],
            data={
                "channel": row["channel"],
                "organization_id": str(row["organization_id"]),
                "member_id": str(row["member_id"]) if row["member_id"] else None,
            },
        )
        for row in await connection.fetch(_TOLD, since)
    ]


_READERS: Final = {"catalog": _catalog, "referral": _referral, "notifications": _notifications}


def _event(service: str, told: Mapping[str, Any]) -> Entry:
    data = told["data"].get("referral") or told["data"]
    kept = {name: data[name] for name in _KEPT if data.get(name) is not None}
    return Entry(
        kind="event",
        id=told["id"],
        at=told["time"],
        service=service,
        type=told["type"],
        subject=told["subject"],
        actor=told["actor"],
        data=kept,
    )


def _beginning(store: BackupStore, now: datetime) -> datetime:
    """Where a ledger begins that was not kept until now: at the oldest backup, for it may be restored."""
    kept = finished(store)
    return moment_of(kept[0]) if kept else now
