"""What people did between backup and loss and what of it is gone, and whom to tell."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from luotsi.backup.ledger import Entry, Ledger
from luotsi.platform.operator_database import operator_database
from luotsi.platform.target import Target
from shared.clock import KUOPIO

_KNOWN = text("SELECT event_id FROM outbox WHERE event_id = ANY(:ids)")
_MEMBERS = text("SELECT id, email FROM members WHERE id = ANY(:ids)")
_ORGANIZATIONS = text("SELECT id, slug FROM organizations WHERE id = ANY(:ids)")
_REFERENCES = text("SELECT id, reference FROM referrals WHERE id = ANY(:ids)")
_WHO_KNOWS = ("notifications", "catalog")
"""A copy may know people that the catalogue does not know any more; else the catalogue says it."""

_PEOPLE = ("source_member_id", "assigned_member_id")
_SIDES = ("source_organization_id", "target_organization_id", "organization_id")


@dataclass(frozen=True)
class Lost:
    """What was done to one thing and is not in the restored databases, and who has to hear of that."""

    service: str
    subject: str
    reference: str | None
    done: list[dict[str, str]]
    tell: list[str]


async def what_is_lost(target: Target, ledger: Ledger, services: Iterable[str]) -> list[Lost]:
    """The changes in the ledger that the restored services do not know, thing by thing, oldest first."""
    found: list[Entry] = []
    for service in services:
        theirs = [entry for entry in ledger.events() if entry.service == service]
        known = set(await _column(target, service, _KNOWN, [entry.id for entry in theirs])) if theirs else set()
        found += [entry for entry in theirs if entry.id not in known]
    ids = {UUID(each) for entry in found for each in (entry.actor, *map(str, entry.data.values())) if _is_uuid(each)}
    people: dict[UUID, str] = {}
    sides: dict[UUID, str] = {}
    for service in _WHO_KNOWS:
        people |= dict(await _pairs(target, service, _MEMBERS, list(ids)))
        sides |= dict(await _pairs(target, service, _ORGANIZATIONS, list(ids)))
    subjects = [entry.subject for entry in found if entry.service == "referral"]
    references = dict(await _pairs(target, "referral", _REFERENCES, subjects))
    by_subject: dict[tuple[str, UUID | None], list[Entry]] = {}
    for entry in found:
        by_subject.setdefault((entry.service, entry.subject), []).append(entry)
    return [
        Lost(
            service,
            str(subject),
            references.get(subject),
            [{"at": entry.at.isoformat(), "what": _what(entry), "by": _name(people, entry.actor)} for entry in entries],
            _whom(entries, people, sides),
        )
        for (service, subject), entries in by_subject.items()
    ]


def _what(entry: Entry) -> str:
    left = entry.data.get("active") is False
    return f"{entry.type} (left: deactivate again)" if left else entry.type


def _whom(entries: Sequence[Entry], people: Mapping[UUID, str], sides: Mapping[UUID, str]) -> list[str]:
    told: dict[str, None] = {}
    for entry in entries:
        for each in (entry.actor, *(entry.data.get(name, "") for name in _PEOPLE)):
            if _is_uuid(each) and UUID(each) in people:
                told[people[UUID(each)]] = None
        for name in _SIDES:
            if (side := entry.data.get(name)) and UUID(side) in sides:
                told[sides[UUID(side)]] = None
    return list(told)


def show(lost: Sequence[Lost], held_back: Sequence[Mapping[str, Any]]) -> None:
    """Print both lists."""
    console = Console()
    if lost:
        table = Table("what", "when, and what was done", "tell", title="Done after the backup, and gone")
        for each in lost:
            lines = (f"{_time(done['at'])} {done['what']} by {done['by']}" for done in each.done)
            table.add_row(each.reference or f"{each.service} {each.subject}", "\n".join(lines), "\n".join(each.tell))
        console.print(table)
    if held_back:
        table = Table("reference", "of", "organisation", "member", title="Mail that may have been sent: held back")
        for row in held_back:
            names = [
                row["reference"] or "",
                row["event_type"],
                str(row["organization_id"]),
                str(row["member_id"] or "desk"),
            ]
            table.add_row(*names)
        console.print(table)


def as_json(summary: Mapping[str, Any]) -> str:
    """The whole report for a file."""
    return json.dumps(summary, indent=2, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: Any) -> Any:
    return vars(value) if hasattr(value, "__dict__") else str(value)


def _time(written: str) -> str:
    return f"{datetime.fromisoformat(written).astimezone(KUOPIO):%Y-%m-%d %H:%M:%S}"


def _name(people: Mapping[UUID, str], actor: str) -> str:
    return people.get(UUID(actor), actor) if _is_uuid(actor) else actor or "system"


def _is_uuid(written: str) -> bool:
    try:
        UUID(written)
    except ValueError:
        return False
    return True


async def _column(target: Target, service: str, query: Any, ids: list[Any]) -> list[Any]:
    return [row[0] for row in await _rows(target, service, query, ids)]


async def _pairs(target: Target, service: str, query: Any, ids: list[Any]) -> list[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in await _rows(target, service, query, ids)]


async def _rows(target: Target, service: str, query: Any, ids: list[Any]) -> list[Any]:
    async with operator_database(target.database_url(service)) as database, database.transaction() as tx:
        return list((await tx.execute(query, {"ids": ids})).all())
