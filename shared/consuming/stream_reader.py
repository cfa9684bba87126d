"""What was read from a stream is dealt with in one transaction, and acknowledged after it."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from faststream.redis.message import bDATA_KEY
from redis.exceptions import ResponseError

from shared.consuming import dead_letters
from shared.consuming.failures import count_failure
from shared.consuming.inbox import Consumer, Poison, decode, handle
from shared.consuming.parked import retry_stuck
from shared.database.connections import Database
from shared.database.outages import is_away
from shared.redis import RawRedis

log = logging.getLogger(__name__)

Entry = tuple[str, Mapping[bytes, bytes]]

MAX_FAILURES = 5
_RETRY_SECONDS = 0.5


async def ensure_group(redis: RawRedis, stream: str, group: str) -> None:
    """Create the group from the very first entry on, unless it exists.

    FastStream would create it at the stream's end: what was published before the first start would be lost.
    """
    try:
        await redis.xgroup_create(stream, group, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


class StreamReader:
    """Takes the entries of one stream for one consumer: in batches at first, one by one where a batch fails."""

    def __init__(self, database: Database, redis: RawRedis, consumer: Consumer, max_failures: int = MAX_FAILURES):
        self.consumer = consumer
        self._database = database
        self._redis = redis
        self._max_failures = max_failures

    async def take_batch(self, entries: Sequence[Entry]) -> None:
        """Deal with a batch in one transaction and acknowledge it; an outage is waited out.

        Where the batch fails, each entry is tried alone, so that one bad entry holds up no neighbour.
        """
        while True:
            try:
                await handle(self._database, self.consumer, [_event(fields) for _, fields in entries])
                return await self._acknowledge([entry_id for entry_id, _ in entries])
            except Exception as error:
                if not is_away(error):
                    break
                log.warning("%s waits for its servers: %s", self.consumer.stream, type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)
        for entry in entries:
            await self.take_one(entry)

    async def take_one(self, entry: Entry) -> bool:
        """Deal with one entry alone; returns whether it is done with (handled, or set aside as dead).

        Only what the handler itself does wrong counts as a failure. Poison is set aside at once, for no
        repetition can mend it; another failure leaves the entry pending until it has failed too often.
        """
        while True:
            try:
                return await self._attempt(entry)
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("%s waits for its servers: %s", self.consumer.stream, type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)

    async def retry_parked(self, idle: timedelta) -> None:
        """Try the parked events again that failed, each `idle` after its last failure. Raises on an outage."""
        await retry_stuck(self._database, self._redis, self.consumer, self._max_failures, idle)

    async def _attempt(self, entry: Entry) -> bool:
        """Deal with one entry once. Raises when a server is away, also while a failure is being noted."""
        entry_id, fields = entry
        try:
            await handle(self._database, self.consumer, [_event(fields)])
        except Poison as poison:
            await self._dead_letter(entry, f"not an event: {poison}", 1)
            return True
        except Exception as error:
            if is_away(error):
                raise
            return await self._failed(entry, error)
        await self._acknowledge([entry_id])
        return True

    async def _failed(self, entry: Entry, error: Exception) -> bool:
        # The type alone: an error's text may hold what the event's handler was working on.
        reason = type(error).__name__
        log.error("handler of %s failed on %s: %s", self.consumer.stream, entry[0], reason, exc_info=error)
        stream, group = self.consumer.stream, self.consumer.group
        failures = await count_failure(self._database, stream, group, entry[0], reason)
        if failures < self._max_failures:
            return False
        await self._dead_letter(entry, f"handler failed: {reason}", failures)
        return True

    async def _dead_letter(self, entry: Entry, reason: str, failures: int) -> None:
        entry_id, fields = entry
        stream, group = self.consumer.stream, self.consumer.group
        log.error("%s of %s becomes a dead letter: %s", entry_id, stream, reason)
        await dead_letters.dead_letter(self._redis, stream, group, entry_id, fields, reason, failures)

    async def _acknowledge(self, entry_ids: Sequence[str]) -> None:
        if not entry_ids:
            return
        await self._redis.xack(self.consumer.stream, self.consumer.group, *entry_ids)


def _event(fields: Mapping[bytes, bytes]) -> Any:
    return decode(fields.get(bDATA_KEY))
