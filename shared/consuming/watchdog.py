"""The watchdog: a worker that stopped consuming says so and ends, for a supervisor can only restart the dead."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError
from sqlalchemy import text

from shared.consuming.inbox import Consumer
from shared.database.connections import Database
from shared.database.outages import is_away
from shared.redis import RawRedis

log = logging.getLogger(__name__)

_EVERY_SECONDS = 2.0
_STUCK_AFTER_SECONDS = 60.0


class StoppedConsuming(Exception):
    """This worker no longer reads one of its streams."""


class Watchdog:
    """Looks at one worker: are its subscribers running, do its groups move, do its servers answer?

    Servers that are away are no fault of the worker: it waits for them, and its heartbeat pauses.
    """

    def __init__(self, database: Database, redis: RawRedis, reads: list[tuple[Consumer, Any]], heartbeat: Path | None):
        self._database = database
        self._redis = redis
        self._reads = reads
        self._heartbeat = heartbeat
        self._moved: dict[str, tuple[object, float]] = {}
        self._looked_at = time.monotonic()

    @property
    def seconds_since_look(self) -> float:
        """For how long it has not looked, whatever it then found."""
        return time.monotonic() - self._looked_at

    async def run(self) -> None:
        """Look every two seconds, until something has stopped. Raises StoppedConsuming."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("a server is away: %s", type(error).__name__)
                self._moved.clear()  # an outage is no standstill
            self._looked_at = time.monotonic()
            await asyncio.sleep(_EVERY_SECONDS)

    async def look(self) -> None:
        """One look; touches the heartbeat when all is well. Raises StoppedConsuming."""
        async with self._database.transaction() as tx:
            await tx.execute(text("SELECT 1"))
        for consumer, subscriber in self._reads:
            if not subscriber.running:
                raise StoppedConsuming(f"{consumer.stream}: the subscriber has stopped")
            await self._check_movement(consumer)
        await self._redis.ping()
        if self._heartbeat is not None:
            self._heartbeat.touch()

    async def _check_movement(self, consumer: Consumer) -> None:
        try:
            groups = {group["name"].decode(): group for group in await self._redis.xinfo_groups(consumer.stream)}
        except ResponseError as error:
            if "no such key" not in str(error):
                raise
            groups = {}
        group = groups.get(consumer.group)
        if group is None:
            raise StoppedConsuming(f"{consumer.stream}: group {consumer.group} is gone")
        now = asyncio.get_running_loop().time()
        position = (group["last-delivered-id"], group["pending"])  # one of the two moves as long as anybody works
        known, since = self._moved.get(consumer.stream, (None, now))
        if position != known or not group["lag"]:
            since = now
        self._moved[consumer.stream] = (position, since)
        if now - since > _STUCK_AFTER_SECONDS:
            raise StoppedConsuming(f"{consumer.stream}: entries wait and none was read or done for a minute")
