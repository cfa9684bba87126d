"""Taskiq at its best here: a stream with acknowledgements, uvloop, many commits in flight over a pool of asyncpg."""

import asyncio
import json
import os
import sys
from typing import Any

import asyncpg
import uvloop
from taskiq import TaskiqEvents, TaskiqState
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(os.environ["REDIS_URL"], consumer_id="0", xread_count=100, xread_block=100)
# One statement: the cheapest form where each task has its own commit.
_ONCE = """
WITH fresh AS (INSERT INTO inbox (event_id, consumer) VALUES ($1, 'taskiq') ON CONFLICT DO NOTHING RETURNING 1)
INSERT INTO effects (event_id, subject, sequence) SELECT $1, $2, $3 FROM fresh
"""
_SENDERS = 50


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def connect(state: TaskiqState) -> None:
    """Open the pool of connections."""
    size = int(os.environ.get("CONNECTIONS", "8"))
    state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=size, max_size=size)


@broker.task(task_name="take_effect")
async def take_effect(event: dict[str, Any]) -> None:
    """The committed effect, once."""
    await broker.state.pool.execute(_ONCE, event["id"], event["subject"], event["sequence"])


async def send() -> None:
    """Send the events of a file (one JSON document a line) when a line comes on standard input."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: ASYNC230  before anything is measured
        events = [json.loads(line) for line in file]
    await broker.startup()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        begin, end = map(int, line.split())
        waiting = iter(events[begin:end])

        async def drain(waiting: Any = waiting) -> None:
            for event in waiting:
                await take_effect.kiq(event)

        await asyncio.gather(*(drain() for _ in range(_SENDERS)))
        print("sent", flush=True)


if __name__ == "__main__":
    uvloop.run(send())
