"""Hours of outage: a hundred thousand events wait, first in the log and then on the stream; then all are let go."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from luotsi.platform.process import ProcessSpec
from shared.services import groups_of
from tests.faults.checks.expectations import CONSUMERS, Finding
from tests.faults.failing import GROUP, may_be_late
from tests.faults.lab import Lab

EVENTS: Final = 100_000
_STREAM: Final = "catalog.events"
_READERS: Final = ("referral-worker", "notifications-worker", "portal-worker")
_PATIENCE: Final = 15 * 60.0
LONGEST_OUTAGE_SECONDS: Final = 2 * _PATIENCE
"""All is on the stream in one half of it, and dealt with in the other."""
_MORE_MEMORY: Final = 64 << 20
"""How much a worker may need beyond what it has at rest, whatever waits."""
_TEXT_TIMES: Final = 2.5
"""How much of the stream server's memory the events may take until all have read them, by the length of their text.

1.9 times were measured.
"""

# The newest state of each service again and again, as by somebody who changes how much room it has.
_FILL: Final = """
WITH held AS (SELECT id, version FROM services ORDER BY id FOR UPDATE),
newest AS (
    SELECT DISTINCT ON (subject) subject, type, payload::jsonb AS payload, version
    FROM outbox JOIN held ON subject = held.id::text WHERE type = 'catalog.service_changed.v1'
    ORDER BY subject, outbox.id DESC
),
made AS MATERIALIZED (
    SELECT gen_random_uuid() AS event_id, type, subject, payload, version + number AS version, number
    FROM newest, generate_series(1, $1::int / (SELECT count(*) FROM newest)::int) AS number
),
moved AS (
    UPDATE services SET version = last.version
    FROM (SELECT subject, max(version) AS version FROM made GROUP BY subject) AS last
    WHERE services.id = last.subject::uuid
)
INSERT INTO outbox (event_id, type, subject, payload)
SELECT event_id, type, subject,
    (payload || jsonb_build_object('id', event_id, 'sequence', version))::text
FROM made ORDER BY number, subject RETURNING 1
"""
_NEW: Final = "SELECT event_id, type, recorded_at FROM outbox WHERE recorded_at BETWEEN $1 AND $2"
_DEALT_WITH: Final = "SELECT event_id, handled_at FROM inbox WHERE consumer = $1 AND event_id = ANY($2)"
_SOON: Final = timedelta(seconds=120)
"""Within which a new referral is told of while all that waited is dealt with: on another stream, so not behind it."""


async def long_outage(lab: Lab, lot: random.Random) -> None:
    """The streams are away while events come, then whoever reads them. Nothing is lost, and new notices come soon."""
    specs = [lab.hands.specs[name] for name in _READERS]
    lab.flooded = True
    try:
        before = {name: _memory(lab, name, "VmRSS") for name in _READERS}
        stream_before = int((await lab.redis.info("memory"))["used_memory"])
        await lab.hands.stop(_READERS, grace=10)
        lab.valkey.refusing = True
        lab.valkey.cut()
        await _fill(lab)
        await asyncio.sleep(5)
        lab.valkey.heal()
        await _until(lab, _all_published, "all events to be on the stream")
        _start(lab, specs)
        begun = datetime.now(UTC)
        await _until(lab, _all_read, "all events to be dealt with")
        await _judge_memory(lab, before, stream_before)
        await _judge_new_ones(lab, begun)
    finally:
        lab.valkey.heal()
        lab.flooded = False


async def _fill(lab: Lab) -> None:
    for _ in range(10):
        await lab.query("catalog", _FILL, EVENTS // 10, as_owner=True)


def _start(lab: Lab, specs: list[ProcessSpec]) -> None:
    for spec in specs:
        lab.hands.start(spec)


async def _until(lab: Lab, look: Callable[[Lab], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):  # a server is away
            if await look(lab):
                return
        await asyncio.sleep(1)
    lab.found.append(Finding("stuck", f"in vain waited for {what}, for {_PATIENCE:.0f} s"))


async def _all_published(lab: Lab) -> bool:
    [row] = await lab.query("catalog", "SELECT count(*) FROM outbox WHERE published_at IS NULL")
    return bool(row["count"] < 50)


async def _all_read(lab: Lab) -> bool:
    groups = {group["name"].decode(): group for group in await lab.redis.xinfo_groups(_STREAM)}
    return all((groups[name]["lag"] or 0) + groups[name]["pending"] < 50 for name in groups_of(_STREAM))


async def _judge_memory(lab: Lab, before: dict[str, int], stream_before: int) -> None:
    for name, rest in before.items():
        if (peak := _memory(lab, name, "VmHWM")) > rest + _MORE_MEMORY:
            lab.found.append(Finding("wrong", f"{name} took {peak >> 20} MB of memory, and {rest >> 20} MB at rest"))
    taken = int((await lab.redis.info("memory"))["used_memory_peak"]) - stream_before
    [row] = await lab.query("catalog", "SELECT sum(octet_length(payload)) AS text FROM outbox")
    if taken > _TEXT_TIMES * row["text"]:
        said = f"the stream server took {taken >> 20} MB more for events of {row['text'] >> 20} MB"
        lab.found.append(Finding("wrong", said))


async def _judge_new_ones(lab: Lab, begun: datetime) -> None:
    """What was told of referrals while all else was dealt with: the notification service has to know of it soon."""
    now = datetime.now(UTC)
    new = [
        row for row in await lab.query("referral", _NEW, begun, now) if not may_be_late(row["event_id"], row["type"])
    ]
    concerned = {row["event_id"]: row["recorded_at"] for row in new if row["type"] in CONSUMERS["referral"][GROUP]}
    dealt_with = dict(await lab.query(GROUP, _DEALT_WITH, GROUP, list(concerned)))
    for event, recorded_at in concerned.items():
        if (took := dealt_with.get(event, now) - recorded_at) > _SOON:
            lab.found.append(Finding("stuck", f"event {event} was told and not dealt with for {took.seconds} s"))


def _memory(lab: Lab, name: str, what: str) -> int:
    status = Path(f"/proc/{lab.hands.children[name].pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith(f"{what}:")]
    return int(line.split()[1]) << 10
