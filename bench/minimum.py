"""Contender: the same guarantees, hand-written on redis-py and asyncpg with nothing between.

One leased relay that appends in one MULTI and notices a stream that lost its newest entry; consumers that write
inbox row and effect in one transaction and acknowledge afterwards; entries that others left pending are taken
over. It has no envelope, no parking, no dead letters, no contexts, no figures and no waiting out of outages.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bench.testbed import CONSUMER, EFFECT, STREAM

_LEASE = """
INSERT INTO leases (name, holder, expires_at) VALUES ('relay', $1, clock_timestamp() + interval '5 s')
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder OR leases.expires_at < clock_timestamp() RETURNING holder
"""
_UNPUBLISHED = "SELECT id, payload FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $1"
_NEWEST = (
    "SELECT entry_ms, entry_seq FROM outbox WHERE entry_ms IS NOT NULL ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1"
)
_MARK = """
UPDATE outbox SET published_at = now(), entry_ms = done.ms, entry_seq = done.seq
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS done(id, ms, seq) WHERE outbox.id = done.id
"""
_CLAIM = """
INSERT INTO inbox (event_id, consumer) SELECT unnest($1::uuid[]), $2 ON CONFLICT DO NOTHING RETURNING event_id
"""
_MIN_IDLE_MS = 30_000
_SWEEP_SECONDS = 2.0


def relay(task: dict[str, Any]) -> None:
    """Bring the outbox onto the stream. Runs until killed."""
    _run(_relay(task))


def consume(task: dict[str, Any]) -> None:
    """Take effect of what is on the stream. Runs until killed."""
    _run(_consume(task))


def _run(endless: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(endless)


async def _relay(task: dict[str, Any]) -> None:
    redis = Redis.from_url(task["redis_urls"]["catalog"], protocol=2)
    listener = await asyncpg.connect(task["database_url"])
    connection = await asyncpg.connect(task["database_url"])
    rang = asyncio.Event()
    await listener.add_listener("outbox", lambda *_: rang.set())
    Path(task["ready"]).touch()
    while True:
        if await _publish(connection, redis, task) < task["batch"]:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(rang.wait(), 1)
            rang.clear()


async def _publish(connection: Any, redis: Any, task: dict[str, Any]) -> int:
    """One batch: renew the lease, append in one MULTI that also looks for a loss, mark."""
    async with connection.transaction():
        if await connection.fetchval(_LEASE, task["name"]) is None:
            return 0
        rows = await connection.fetch(_UNPUBLISHED, task["batch"])
        newest = await connection.fetchrow(_NEWEST)
    if not rows and newest is None:
        return 0
    async with redis.pipeline(transaction=True) as pipe:
        if newest:
            known = f"{newest['entry_ms']}-{newest['entry_seq']}"
            pipe.xrange(STREAM, known, known)
        for row in rows:
            pipe.xadd(STREAM, {"__data__": row["payload"]})
        answers = await pipe.execute()
    if newest and not answers.pop(0):
        await connection.execute("UPDATE outbox SET published_at = NULL, entry_ms = NULL, entry_seq = NULL")
        return int(task["batch"])
    if rows:
        entries = [answer.decode().split("-") for answer in answers]
        ms, seq = [int(entry[0]) for entry in entries], [int(entry[1]) for entry in entries]
        await connection.execute(_MARK, [row["id"] for row in rows], ms, seq)
    return len(rows)


async def _consume(task: dict[str, Any]) -> None:
    redis = Redis.from_url(task["redis_urls"]["referral"], protocol=2)
    connection = await asyncpg.connect(task["database_url"])
    with contextlib.suppress(ResponseError):
        await redis.xgroup_create(STREAM, CONSUMER, id="0", mkstream=True)
    await _take(redis, connection, await _read(redis, task, "0"))  # what it had not finished when it last ended
    Path(task["ready"]).touch()
    sweep_at = time.monotonic() + _SWEEP_SECONDS
    while True:
        await _take(redis, connection, await _read(redis, task, ">"))
        if time.monotonic() > sweep_at:
            claimed = await redis.xautoclaim(STREAM, CONSUMER, task["name"], min_idle_time=_MIN_IDLE_MS)
            await _take(redis, connection, claimed[1])
            sweep_at = time.monotonic() + _SWEEP_SECONDS


async def _read(redis: Any, task: dict[str, Any], start: str) -> list[Any]:
    answer = await redis.xreadgroup(CONSUMER, task["name"], {STREAM: start}, count=task["batch"], block=100)
    return list(answer[0][1]) if answer else []


async def _take(redis: Any, connection: Any, entries: list[Any]) -> None:
    """A batch of entries in one transaction, acknowledged after its commit."""
    if not entries:
        return
    events = {UUID(event["id"]): event for event in (json.loads(fields[b"__data__"]) for _, fields in entries)}
    async with connection.transaction():
        fresh = {row["event_id"] for row in await connection.fetch(_CLAIM, sorted(events), CONSUMER)}
        for event_id, event in events.items():
            if event_id in fresh:
                await connection.execute(EFFECT, event_id, event["subject"], event["sequence"])
    await redis.xack(STREAM, CONSUMER, *[entry_id for entry_id, _ in entries])
