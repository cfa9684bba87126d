"""The janitor: takes up entries that were delivered to somebody and never acknowledged."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

from shared.consuming.stream_reader import StreamReader
from shared.database.outages import waited_out
from shared.metrics import TRIMMED_PENDING
from shared.redis import RawRedis

log = logging.getLogger(__name__)

MIN_IDLE = timedelta(seconds=30)
"""Longer than the slowest handler, or an entry would be taken from a worker that is still handling it."""

_EVERY_SECONDS = 2.0
_CONSUMER_GONE_AFTER = timedelta(hours=1)

# Check and deletion in one script: XGROUP DELCONSUMER drops whatever is still pending.
_DELETE_GONE = """
local gone = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local at = {}
  for i = 1, #consumer, 2 do at[consumer[i]] = consumer[i + 1] end
  if at['pending'] == 0 and at['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], at['name'])
    gone = gone + 1
  end
end
return gone
"""


class Janitor:
    """Works for one consumer. Entries are taken one at a time, so that a bad one stands alone."""

    def __init__(self, redis: RawRedis, reader: StreamReader, worker_name: str, min_idle: timedelta = MIN_IDLE):
        self._redis = redis
        self._reader = reader
        self._name = worker_name
        self._min_idle = min_idle

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            with waited_out("janitor"):
                await self.sweep()
            await asyncio.sleep(_EVERY_SECONDS)

    async def sweep(self) -> int:
        """Take up every entry idle for too long, once; returns how many were taken up."""
        taken, start = 0, "0-0"
        while True:
            start, entries = await self._claim(start)
            for entry in entries:
                await self._reader.take_one(entry)
                taken += 1
            if start == "0-0":
                break
        await self._reader.retry_parked(self._min_idle)
        await self._delete_gone_consumers()
        return taken

    async def _claim(self, start: str) -> tuple[str, list[Any]]:
        stream, group = self._reader.consumer.stream, self._reader.consumer.group
        idle_ms = int(self._min_idle.total_seconds() * 1000)
        following, claimed, trimmed = await self._redis.xautoclaim(
            stream, group, self._name, min_idle_time=idle_ms, start_id=start, count=1
        )
        if trimmed:
            TRIMMED_PENDING.labels(stream, group).inc(len(trimmed))
            log.error("%d pending entries of %s were trimmed away: republish them", len(trimmed), stream)
        return following.decode(), [(entry_id.decode(), fields) for entry_id, fields in claimed]

    async def recover_own(self) -> None:
        """Take up what a worker of this very name left behind when it last ended.

        To be done before the worker reads: afterwards its pending entries are those that it is handling.
        """
        stream, group = self._reader.consumer.stream, self._reader.consumer.group
        start = "0"
        while True:
            answer = await self._redis.xreadgroup(group, self._name, {stream: start}, count=100)
            entries = answer[0][1] if answer else []
            for entry_id, fields in entries:
                start = entry_id.decode()
                if fields:  # an entry that was trimmed away has none; the sweep reports it
                    await self._reader.take_one((start, fields))
            if not entries:
                return

    async def _delete_gone_consumers(self) -> None:
        stream, group = self._reader.consumer.stream, self._reader.consumer.group
        gone_ms = int(_CONSUMER_GONE_AFTER.total_seconds() * 1000)
        gone = await self._redis.eval(_DELETE_GONE, 1, stream, group, gone_ms)
        if gone:
            log.info("%d consumers of %s that are gone were deleted", gone, stream)
