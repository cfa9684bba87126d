"""The relay: brings what lies in the outbox onto the service's stream, in order, losing nothing."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from faststream.redis.message import DATA_KEY
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import CursorResult, text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import leases, trimming
from shared.db import Database, is_outage
from shared.metrics import PUBLISHED, STREAM_LOSSES
from shared.redis import RawRedis
from shared.together import run_together
from shared.wake import Alarm

log = logging.getLogger(__name__)

_LEASE = timedelta(seconds=5)
_POLL_SECONDS = 1.0
_TRIM_EVERY_SECONDS = 60.0
_PORTION = 10_000

# For a transaction that writes nothing but the lease: after a crash of the server an older holder's row does no harm.
_LET_DISK_LAG = text("SET LOCAL synchronous_commit TO off")
_UNPUBLISHED = text("SELECT id, payload FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT :batch")
_NEWEST_ENTRY = text(
    "SELECT entry_ms, entry_seq FROM outbox WHERE entry_ms IS NOT NULL "
    "AND (CAST(:ms AS bigint) IS NULL OR (entry_ms, entry_seq) <= (:ms, :seq)) "
    "ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1"
)
_MARK = text(
    "UPDATE outbox SET published_at = now(), entry_ms = done.ms, entry_seq = done.seq "
    "FROM unnest(CAST(:ids AS bigint[]), CAST(:ms AS bigint[]), CAST(:seq AS bigint[])) AS done(id, ms, seq) "
    "WHERE outbox.id = done.id"
)
_PUBLISH_AGAIN = text(
    "UPDATE outbox SET published_at = NULL, entry_ms = NULL, entry_seq = NULL WHERE id IN "
    "(SELECT id FROM outbox WHERE entry_ms IS NOT NULL "
    "AND (CAST(:ms AS bigint) IS NULL OR (entry_ms, entry_seq) > (:ms, :seq)) LIMIT :portion)"
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
            await run_together(self.alarm.listen(), self._publish_forever())
        finally:
            await self._give_lease_back()

    async def _publish_forever(self) -> None:
        loop = asyncio.get_running_loop()
        trim_at = loop.time() + _TRIM_EVERY_SECONDS  # at a first start the groups are still being made
        while True:
            try:
                published = await self.step()
                if published is not None and loop.time() >= trim_at:
                    trim_at = loop.time() + _TRIM_EVERY_SECONDS
                    await self.trim()
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
            await session.execute(_LET_DISK_LAG)
            if not await leases.take(session, "relay", self._holder, _LEASE):
                return None
            rows = (await session.execute(_UNPUBLISHED, {"batch": self._batch})).all()
            newest = await _newest_entry(session)
        entries = await self._append([row.payload for row in rows], newest)
        if entries is None:
            await self._recover()
            return self._batch  # not idle: what was lost waits to be published again
        if rows:
            await self._mark([row.id for row in rows], entries)
            PUBLISHED.labels(self._stream).inc(len(rows))
        return len(rows)

    async def trim(self) -> None:
        """Remove from the stream what every declared group is done with."""
        async with self._database.transaction() as session:
            newest = await _newest_entry(session)
        if newest is not None:
            await trimming.trim(self._redis, self._stream, newest)

    async def _append(self, payloads: Sequence[str], newest: EntryId | None) -> list[EntryId] | None:
        """Add a batch to the stream; None when the stream has lost `newest`, its newest known entry.

        One MULTI: either the whole batch is on the stream in order, or none of it. The look for a loss is in it
        too, for a stream that was flushed between look and append would never show that it once held more.
        """
        async with self._redis.pipeline(transaction=True) as pipe:
            if newest is not None:
                pipe.xrange(self._stream, _name(newest), _name(newest))
            for payload in payloads:
                pipe.xadd(self._stream, {DATA_KEY: payload})
            answers = await pipe.execute()
        if newest is not None and not answers.pop(0):
            return None
        return [_entry(raw) for raw in answers]

    async def _mark(self, ids: list[int], entries: list[EntryId]) -> None:
        async with self._database.transaction() as session:
            columns = {"ms": [ms for ms, _ in entries], "seq": [seq for _, seq in entries]}
            await session.execute(_MARK, {"ids": ids, **columns})

    async def _recover(self) -> None:
        """The newest known entry is gone, so the stream was flushed, cut or replaced: publish again what it lost.

        A log is lost from its end, so all up to the newest entry that survived is still there. The trimmer
        keeps the newest entry; thus its absence always means a loss. Consumers absorb what they saw before.
        """
        ms, seq = await self._newest_survivor() or (None, None)
        async with self._database.transaction() as session:
            count = await _publish_again(session, ms, seq)
        STREAM_LOSSES.labels(self._stream).inc()
        log.error("%s lost entries; %d events are published again", self._stream, count)

    async def _newest_survivor(self) -> EntryId | None:
        """The newest known entry that is still on the stream; None when none is."""
        try:
            last = (await self._redis.xinfo_stream(self._stream))["last-entry"]
        except ResponseError as error:
            if "no such key" not in str(error):
                raise
            return None
        if not last:
            return None
        async with self._database.transaction() as session:
            known = await _newest_entry(session, up_to=_entry(last[0]))
        if known is None or not await self._redis.xrange(self._stream, _name(known), _name(known)):
            return None
        return known

    async def _give_lease_back(self) -> None:
        try:
            async with self._database.transaction() as session:
                await leases.give_back(session, "relay", self._holder)
        except Exception as error:
            log.info("lease not given back: %s", type(error).__name__)


async def _publish_again(session: AsyncSession, ms: int | None, seq: int | None) -> int:
    """Mark all after an entry as not published; returns how many. It may be the whole log, hence the portions:
    each is done before anybody loses patience with the database. All in one transaction, for half a loss marked
    would hide the other half.
    """
    count = 0
    while True:
        done = await session.execute(_PUBLISH_AGAIN, {"ms": ms, "seq": seq, "portion": _PORTION})
        again = cast("CursorResult[Any]", done).rowcount
        count += again
        if again < _PORTION:
            return count


async def _newest_entry(session: AsyncSession, up_to: EntryId | None = None) -> EntryId | None:
    """The newest entry that the log knows of, `up_to` one where it is given."""
    ms, seq = up_to or (None, None)
    row = (await session.execute(_NEWEST_ENTRY, {"ms": ms, "seq": seq})).first()
    return (row.entry_ms, row.entry_seq) if row else None


def _entry(raw: bytes) -> EntryId:
    ms, _, seq = raw.decode().partition("-")
    return int(ms), int(seq)


def _name(entry: EntryId) -> str:
    return f"{entry[0]}-{entry[1]}"
