"""The relay: brings what lies in the outbox onto the service's stream, in order, losing nothing."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from faststream.redis.message import DATA_KEY
from redis.exceptions import RedisError
from sqlalchemy import text

from shared import leases, trimming
from shared.db import Database, is_outage
from shared.metrics import PUBLISHED, STREAM_LOSSES
from shared.redis import RawRedis
from shared.wake import Alarm

log = logging.getLogger(__name__)

_LEASE = timedelta(seconds=5)
_POLL_SECONDS = 1.0
_TRIM_EVERY_SECONDS = 60.0

_UNPUBLISHED = text("SELECT id, payload FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT :batch")
_LAST_ENTRIES = text(
    "SELECT entry_ms, entry_seq FROM outbox WHERE published_at IS NOT NULL "
    "ORDER BY entry_ms DESC, entry_seq DESC LIMIT :count OFFSET :skip"
)
_MARK = text(
    "UPDATE outbox SET published_at = now(), entry_ms = done.ms, entry_seq = done.seq "
    "FROM unnest(CAST(:ids AS bigint[]), CAST(:ms AS bigint[]), CAST(:seq AS bigint[])) AS done(id, ms, seq) "
    "WHERE outbox.id = done.id"
)
_PUBLISH_AGAIN = text(
    "UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL "
    "AND (CAST(:ms AS bigint) IS NULL OR (entry_ms, entry_seq) > (:ms, :seq)) RETURNING id"
)

EntryId = tuple[int, int]


class Relay:
    """One relay works per database at a time, whoever holds its lease; the others stand by."""

    def __init__(self, database: Database, redis: RawRedis, stream: str, holder: str, batch: int = 100):
        self._database = database
        self._redis = redis
        self._stream = stream
        self._holder = holder
        self._batch = batch
        self.alarm = Alarm(database.listen_dsn, "outbox")

    async def run(self) -> None:
        """Publish until cancelled; an outage of either server is waited out."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.alarm.listen())
                tasks.create_task(self._publish_forever())
        finally:
            await self._give_lease_back()

    async def _publish_forever(self) -> None:
        loop = asyncio.get_running_loop()
        trim_at = loop.time()
        while True:
            try:
                published = await self.step()
                if published is not None and loop.time() >= trim_at:
                    trim_at = loop.time() + _TRIM_EVERY_SECONDS
                    await trimming.trim(self._redis, self._stream)
            except Exception as error:
                if not (isinstance(error, RedisError) or is_outage(error)):
                    raise
                log.warning("relay waits for its servers: %s", type(error).__name__)
                await asyncio.sleep(_POLL_SECONDS)
                continue
            if published is None or published < self._batch:
                await self.alarm.wait(_POLL_SECONDS)

    async def step(self) -> int | None:
        """Publish one batch. Returns how many events went out; None when another relay has the lease."""
        async with self._database.transaction() as session:
            if not await leases.take(session, "relay", self._holder, _LEASE):
                return None
            rows = (await session.execute(_UNPUBLISHED, {"batch": self._batch})).all()
            last = (await session.execute(_LAST_ENTRIES, {"count": 1, "skip": 0})).first()
        if last is not None and not await self._present([tuple(last)]):
            await self._recover()
            return self._batch  # not idle: what was lost waits to be published again
        if rows:
            await self._mark([row.id for row in rows], await self._append([row.payload for row in rows]))
            PUBLISHED.labels(self._stream).inc(len(rows))
        return len(rows)

    async def _append(self, payloads: Sequence[str]) -> list[EntryId]:
        # One MULTI: either the whole batch is on the stream in order, or none of it.
        async with self._redis.pipeline(transaction=True) as pipe:
            for payload in payloads:
                pipe.xadd(self._stream, {DATA_KEY: payload})
            return [_entry(raw) for raw in await pipe.execute()]

    async def _mark(self, ids: list[int], entries: list[EntryId]) -> None:
        async with self._database.transaction() as session:
            columns = {"ms": [ms for ms, _ in entries], "seq": [seq for _, seq in entries]}
            await session.execute(_MARK, {"ids": ids, **columns})

    async def _present(self, entries: Sequence[EntryId]) -> list[EntryId]:
        """Which of `entries` the stream still holds."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for ms, seq in entries:
                pipe.xrange(self._stream, f"{ms}-{seq}", f"{ms}-{seq}")
            found: list[Any] = await pipe.execute()
        return [entry for entry, hit in zip(entries, found, strict=True) if hit]

    async def _recover(self) -> None:
        """The newest published entry is gone, so the stream was flushed, cut or replaced: publish again.

        A log is lost from its end, so all up to the newest entry that survived is still there. The trimmer
        keeps the newest entry; thus its absence always means a loss. Consumers absorb what they saw before.
        """
        survivor = await self._newest_survivor()
        async with self._database.transaction() as session:
            ms, seq = survivor or (None, None)
            again = await session.execute(_PUBLISH_AGAIN, {"ms": ms, "seq": seq})
        STREAM_LOSSES.labels(self._stream).inc()
        log.error("%s lost entries; %d events are published again", self._stream, len(again.all()))

    async def _newest_survivor(self) -> EntryId | None:
        step, skip = 500, 0
        while True:
            async with self._database.transaction() as session:
                params = {"count": step, "skip": skip}
                known = [tuple(row) for row in (await session.execute(_LAST_ENTRIES, params)).all()]
            if not known:
                return None
            if present := await self._present(known):
                return max(present)
            skip += step

    async def _give_lease_back(self) -> None:
        try:
            async with self._database.transaction() as session:
                await leases.give_back(session, "relay", self._holder)
        except Exception as error:
            log.info("lease not given back: %s", type(error).__name__)


def _entry(raw: bytes) -> EntryId:
    ms, _, seq = raw.decode().partition("-")
    return int(ms), int(seq)
