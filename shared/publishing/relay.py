"""The relay: brings what lies in the outbox onto the service's stream, in order, losing nothing."""

import asyncio
import logging
from collections.abc import Sequence

from faststream.redis.message import DATA_KEY
from redis.exceptions import ResponseError

from shared import tracing
from shared.database.connections import Database
from shared.database.outages import waited_out
from shared.metrics import PUBLISHED, STREAM_LOSSES
from shared.publishing import losses, trimming
from shared.publishing.batches import Batch, EntryId
from shared.publishing.event_log import EventLog, Look
from shared.publishing.losses import Loss
from shared.publishing.notify_listener import NotifyListener
from shared.redis import RawRedis
from shared.task_group import run_task_group

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_TRIM_EVERY_SECONDS = 60.0

_TRIM_WHILE_REPLAYING_SECONDS = 2.0
_REPLAY_POLL_SECONDS = 0.1
_LEAD = 1000
"""Lost events wait while the slowest group is so many entries behind, for what is new stands behind these."""

# One command with a hundred values costs its sender less than half of a hundred commands in one MULTI.
#
# After a loss the first entry gets a name beyond all that were there before: by the clock of another server it could
# bear an older one. Where the stream goes on beyond that already, the server names it as ever.
_APPEND = """
if ARGV[2] ~= '' and #redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2]) == 0 then return false end
local added = {}
if ARGV[3] ~= '' and #ARGV > 3 then
  local first = redis.pcall('XADD', KEYS[1], ARGV[3], ARGV[1], ARGV[4])
  if type(first) == 'string' then added[1] = first end
end
for i = 4 + #added, #ARGV do added[i - 3] = redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[i]) end
return added
"""


class Relay:
    """One relay works per database at a time, the one that holds its lease; the others stand by.

    `delay` is how many seconds pass between a batch and the next, which is the fuller for it.
    """

    def __init__(
        self, database: Database, redis: RawRedis, stream: str, holder: str, batch: int = 100, delay: float = 0.0
    ):
        self._log = EventLog(database, stream, holder)
        self._redis = redis
        self._stream = stream
        self._batch = batch
        self._delay = delay
        self._replaying = False
        self._published = PUBLISHED.labels(stream)
        self.listener = NotifyListener(database.url, "outbox")

    async def run(self) -> None:
        """Publish until cancelled; an outage of either server is waited out."""
        try:
            await run_task_group(self.listener.listen(), self._publish_forever())
        finally:
            await self._give_lease_back()

    async def _publish_forever(self) -> None:
        loop = asyncio.get_running_loop()
        trimmed_at = loop.time()  # at a first start the groups are still being made
        while True:
            published = None
            with waited_out("relay"):
                published = await self.step()
                every = _TRIM_WHILE_REPLAYING_SECONDS if self._replaying else _TRIM_EVERY_SECONDS
                if published is not None and loop.time() - trimmed_at >= every:
                    trimmed_at = loop.time()
                    await self.trim()
            if published is None:  # an outage, or another relay at work
                await asyncio.sleep(_POLL_SECONDS)
            elif published < self._batch:
                await asyncio.sleep(self._delay if published else 0)
                await self.listener.wait(_REPLAY_POLL_SECONDS if self._replaying else _POLL_SECONDS)

    async def step(self) -> int | None:
        """Publish one batch. Returns how many events went out; None when another relay has the lease."""
        found = await self._log.look(self._batch)
        if found is None:
            return None
        self._replaying = found.loss is not None
        batch = found.waiting if found.loss is None else await self._with_lost(found.waiting, found.loss)
        entries = await self._append(batch.payloads, found)
        if entries is None:
            await self._recover(found)
            return self._batch  # not idle: what was lost waits to be published again
        if entries:
            await self._mark(batch.ids, entries)
            self._published.inc(len(entries))
            tracing.published(self._stream, batch.payloads)
        return len(entries)

    async def _with_lost(self, waiting: Batch, loss: Loss) -> Batch:
        """What waits, and of what was lost as much as may go out now.

        What waits goes before all of that but for what was lost about the same subjects: of one subject nothing newer
        is ever on the stream before something older.
        """
        older = await self._log.losses.about(loss, waiting.subjects)
        if len(older) >= losses.MOST:  # perhaps not all of them
            return older
        batch = older + waiting
        if await trimming.behind(self._redis, self._stream) + len(batch) >= _LEAD:
            return batch
        lost = await self._log.losses.newest(loss, self._batch)
        if not lost:
            await self._log.losses.forget(loss)
        return batch + lost.without(set(batch.ids))

    async def trim(self) -> None:
        """Remove from the stream what every declared group is done with."""
        newest = await self._log.newest_for_good()
        if newest is not None:
            await trimming.trim(self._redis, self._stream, newest)

    async def _append(self, payloads: Sequence[str], found: Look) -> list[EntryId] | None:
        """Add a batch to the stream; None when the stream has lost the newest entry that it is known to have.

        One script: either the whole batch is on the stream in order, or none of it. The look for a loss is in it
        too, for a stream that was flushed between look and append would never show that it once held more.
        """
        if found.on_stream is None and not payloads:
            return []
        known = "" if found.on_stream is None else _name(found.on_stream)
        first = f"{found.loss.up_to[0] + 1}-*" if found.loss is not None and found.newest is None else ""
        added = await self._redis.eval(_APPEND, 1, self._stream, DATA_KEY, known, first, *payloads)
        return None if added is None else [_entry(raw) for raw in added]

    async def _mark(self, ids: list[int], entries: list[EntryId]) -> None:
        await self._log.mark(ids, entries)

    async def _recover(self, found: Look) -> None:
        """The newest known entry is gone, so the stream was flushed, cut or replaced: publish again what it lost.

        A log is lost from its end, so all up to the newest entry that survived is still there. The trimmer
        keeps the newest entry; thus its absence always means a loss. Consumers absorb what they saw before.
        """
        # The survivor of an earlier loss is gone, before anything was added to it: then nothing has survived.
        spared_none = found.loss is not None and found.newest is None and not found.loss.intact
        survivor = None if spared_none else await self._newest_survivor()
        await self._log.losses.note(survivor)
        STREAM_LOSSES.labels(self._stream).inc()
        log.error("%s lost entries: all after %s are published again", self._stream, survivor and _name(survivor))

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
        known = await self._log.newest_up_to(_entry(last[0]))
        if known is None or not await self._redis.xrange(self._stream, _name(known), _name(known)):
            return None
        return known

    async def _give_lease_back(self) -> None:
        try:
            await self._log.give_lease_back()
        except Exception as error:
            log.info("lease not given back: %s", type(error).__name__)


def _entry(raw: bytes) -> EntryId:
    ms, _, seq = raw.decode().partition("-")
    return int(ms), int(seq)


def _name(entry: EntryId) -> str:
    return f"{entry[0]}-{entry[1]}"
