"""Restore of the notification service's database: what it had told is told in inboxes again, and not by mail."""

import asyncio
import json
import random
import time
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import httpx2

from luotsi.platform.tokens import Member, sign_token
from tests.faults.checks.expectations import Finding
from tests.faults.checks.remade import Remade
from tests.faults.checks.rewound import Rewound
from tests.faults.checks.snapshot import read_log
from tests.faults.drills.operator import Operator
from tests.faults.drills.restore import lost_after_a_backup, put_back
from tests.faults.lab import PATIENCE, Lab

SERVICE: Final = "notifications"
_DELIVERIES: Final = (
    "SELECT d.id, d.channel, d.status, d.last_error, n.id AS notice, n.seen_at, n.event_id, "
    "n.recipient_organization_id, n.recipient_member_id FROM deliveries d JOIN notices n ON n.id = d.notice_id"
)
_HELD_BACK: Final = "after a restore"
_LISTENERS: Final = """
SELECT m.id, m.email, m.organization_id, o.slug, m.roles, m.active, max(n.number) AS newest
FROM members m JOIN organizations o ON o.id = m.organization_id JOIN notices n ON n.recipient_member_id = m.id
WHERE m.active GROUP BY m.id, o.slug ORDER BY max(n.number) DESC LIMIT 3
"""
_NOTICES: Final = "SELECT id, number, seen_at FROM notices WHERE recipient_member_id = $1"

Key = tuple[UUID, UUID, UUID | None]


async def restore_notifications(lab: Lab, lot: random.Random) -> None:
    """Everybody else is ahead of it, and people have had mail of what it forgets."""
    operator, report = Operator(lab), lab.folder / "restored.json"
    safe = frozenset(event.id for event in await read_log(lab, SERVICE))
    async with lost_after_a_backup(lab, operator, SERVICE):
        listeners = await lab.query(SERVICE, _LISTENERS)
        log, told, lost_at = await read_log(lab, SERVICE), await lab.query(SERVICE, _DELIVERIES), time.time()
        await put_back(operator, SERVICE, "--report", str(report))
        now = await lab.query(SERVICE, _DELIVERIES)
        newest = max(event.epoch for event in log)
        # What it told anew is of the raised epoch; the rest is what came back.
        back = tuple(event for event in await read_log(lab, SERVICE) if event.epoch <= newest)
        gone = (_seen(told) - _seen(now), frozenset(_ids(told) - _ids(now)))
        lab.rewound.append(Rewound(SERVICE, safe, tuple(log), back, lost_at, *gone))
        lab.remade = Remade(_formers(told, now), _held_back(now))
        _judge_report(lab, json.loads(report.read_text()))
        parked = {row["event_id"] for row in await lab.query(SERVICE, "SELECT event_id FROM parked")}
        _judge_inboxes(lab, [row for row in told if row["event_id"] not in parked], now)
    for row in listeners:
        await _judge_stream(lab, Member(*list(row.values())[:-1]), row["newest"])


def _ids(rows: list[Any]) -> set[str]:
    return {str(row["id"]) for row in rows}


def _seen(rows: list[Any]) -> frozenset[str]:
    return frozenset(str(row["notice"]) for row in rows if row["seen_at"] is not None)


def _key(row: Any) -> Key:
    return (row["event_id"], row["recipient_organization_id"], row["recipient_member_id"])


def _formers(told: list[Any], now: list[Any]) -> dict[str, str]:
    before = {_key(row): str(row["id"]) for row in told if row["channel"] == "email"}
    found = {str(row["id"]): before.get(_key(row)) for row in now if row["channel"] == "email"}
    return {delivery: former for delivery, former in found.items() if former not in (None, delivery)}


def _held_back(now: list[Any]) -> frozenset[str]:
    return frozenset(str(row["id"]) for row in now if (row["last_error"] or "").startswith(_HELD_BACK))


def _judge_report(lab: Lab, report: dict[str, Any]) -> None:
    """The operator is told of each mail that is held back, and of no other."""
    listed = {row["id"] for row in report["quieted"]["held_back"]}
    for delivery in listed ^ lab.remade.held_back:
        lab.found.append(Finding("wrong", f"delivery {delivery} is held back or listed as such, and not both"))


def _judge_inboxes(lab: Lab, told: list[Any], now: list[Any]) -> None:
    """Before anything works in it, all is there of which somebody was told, but for mail about mail.

    That a mail was given up is an event of the lost database itself. What is parked in the backup, its worker sees to.
    """
    own = {event.id for rewound in lab.rewound for event in rewound.before}
    there = {_key(row) for row in now}
    for row in told:
        if row["event_id"] not in own and _key(row) not in there:
            what = f"{row['recipient_member_id']} is not told of {row['event_id']} any more, after the restore"
            lab.found.append(Finding("lost", what))


async def _judge_stream(lab: Lab, member: Member, heard: int) -> None:
    """Whose stream ended at number `heard` before the loss goes on after it; with all unseen, where that is gone."""
    before = await lab.query(SERVICE, _NOTICES, member.id)
    told = await _stream(lab, member, heard)
    after = {row["id"]: row for row in await lab.query(SERVICE, _NOTICES, member.id)}
    newest = max((row["number"] for row in before), default=0)
    due = {
        row["id"]
        for row in before
        if (row["number"] > heard if heard <= newest else after[row["id"]]["seen_at"] is None)
    }
    for notice in due - told:
        what = f"the stream of {member.email} did not go on with notice {notice} after number {heard} and the restore"
        lab.found.append(Finding("lost", what))
    for notice in told - after.keys():
        lab.found.append(Finding("wrong", f"the stream of {member.email} told notice {notice}, which is not theirs"))


async def _stream(lab: Lab, member: Member, heard: int) -> set[UUID]:
    """What the stream says at once; waits for a service that is about to start. Raises TimeoutError."""
    token = sign_token(lab.target.signing_key, lab.target.issuer, member)
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": str(heard)}
    url, deadline = lab.urls[SERVICE] + "/notices/stream?follow=false", time.monotonic() + PATIENCE
    async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
        while True:
            with suppress(httpx2.HTTPError):
                answer = await http.get(url)
                if answer.status_code == 200:
                    lines = answer.text.splitlines()
                    return {UUID(json.loads(line[6:])["id"]) for line in lines if line.startswith("data: ")}
            if time.monotonic() > deadline:
                raise TimeoutError("the stream of notices does not answer")
            await asyncio.sleep(0.3)
