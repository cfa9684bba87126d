"""What the watch reads at one moment, and how it compares what is kept with what was told."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from tests.faults.checks.expectations import FACTS, MESSAGE
from tests.faults.ledger import Promise

Row = Any

_COPYING = {
    "catalog": ("service_facts",),
    "referral": ("organizations", "services", "members", "deliveries"),
    "notifications": ("organizations", "services", "members"),
    "portal": ("organizations", "members"),
}


@dataclass
class Sight:
    """What one service's database held at one moment."""

    inbox: set[UUID]
    parked: set[UUID]
    told: set[UUID]
    """Events that there is a notice of."""
    copies: list[tuple[str, Row]]
    """Table, row."""


async def look_at(connection: asyncpg.Connection, service: str) -> Sight:
    copies = [(table, row) for table in _COPYING[service] for row in await connection.fetch(f"SELECT * FROM {table}")]
    inbox = {row["event_id"] for row in await connection.fetch("SELECT event_id FROM inbox")}
    parked = {row["event_id"] for row in await connection.fetch("SELECT event_id FROM parked")}
    told = set()
    if service == "notifications":
        told = {row["event_id"] for row in await connection.fetch("SELECT DISTINCT event_id FROM notices")}
    return Sight(inbox, parked, told, copies)


def opened(row: Row) -> dict[str, Any]:
    event = json.loads(row["payload"])
    data = {**event["data"], "facts": event["data"]} if row["type"] == FACTS else event["data"]
    return {"type": row["type"], "subject": row["subject"], "sequence": event["sequence"], "data": data}


def keeps(event: dict[str, Any], promise: Promise) -> bool:
    if event["type"] != promise.event_type:
        return False
    if promise.event_type == MESSAGE:
        return bool(event["data"]["message_id"] == promise.detail)
    return bool(event["sequence"] == promise.version)


def same(kept: Any, told: Any) -> bool:
    """Whether a column holds what the event said; what databases and JSON write differently is not compared."""
    if isinstance(kept, bool) or kept is None or told is None:
        return bool(kept == told)
    if isinstance(kept, UUID | int):
        return str(kept) == str(told)
    if isinstance(kept, list):
        return sorted(map(str, kept)) == sorted(map(str, told))
    if isinstance(kept, str) and kept[:1] in ("{", "["):
        return bool(json.loads(kept) == told)
    return not isinstance(kept, str) or kept == told


def shown(row: Row) -> str:
    return ", ".join(str(value) for value in row.values())
