"""Dead letters: entries that a handler could not take, kept whole with the reason, listed and replayed."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.clock import utc_now
from shared.metrics import DEAD
from shared.redis import RawRedis
from shared.services import dead_stream

_META = ("dead-reason", "dead-entry", "dead-failures", "dead-at")


@dataclass(frozen=True)
class DeadLetter:
    """One entry of `<stream>.dead.<group>`. `fields` are the original entry's own, byte for byte."""

    id: str
    reason: str
    entry: str
    failures: int
    at: str
    fields: dict[bytes, bytes]


async def dead_letter(
    redis: RawRedis,
    stream: str,
    group: str,
    entry: str,
    fields: Mapping[bytes, bytes],
    reason: str,
    failures: int,
) -> None:
    """Move a pending entry to the dead letters: added there and acknowledged here, or neither.

    `entry` is empty for an event that had been parked, for then its entry was acknowledged.
    """
    values = (reason, entry, str(failures), utc_now().isoformat())
    meta = {name.encode(): value.encode() for name, value in zip(_META, values, strict=True)}
    async with redis.pipeline(transaction=True) as pipe:
        pipe.xadd(dead_stream(stream, group), {**fields, **meta})
        if entry:
            pipe.xack(stream, group, entry)
        await pipe.execute()
    DEAD.labels(stream, group).inc()


async def read(redis: RawRedis, stream: str, group: str, start: str = "-", count: int = 100) -> list[DeadLetter]:
    """The dead letters of a group from entry id `start` on, oldest first."""
    entries = await redis.xrange(dead_stream(stream, group), min=start, count=count)
    return [_letter(raw_id.decode(), fields) for raw_id, fields in entries]


async def read_all(redis: RawRedis, stream: str, group: str) -> list[DeadLetter]:
    """Every dead letter of a group, oldest first."""
    letters = page = await read(redis, stream, group)
    while page:
        page = await read(redis, stream, group, start="(" + page[-1].id)
        letters = letters + page
    return letters


async def replay(redis: RawRedis, stream: str, group: str, letter: DeadLetter) -> str:
    """Put a dead letter back onto its stream and drop it here, or neither; returns its new entry id.

    All groups are given the entry again. Those that have dealt with the event know it by its id.
    """
    async with redis.pipeline(transaction=True) as pipe:
        pipe.xadd(stream, letter.fields)
        pipe.xdel(dead_stream(stream, group), letter.id)
        added, _ = await pipe.execute()
    return str(added.decode())


def _letter(entry_id: str, fields: dict[bytes, bytes]) -> DeadLetter:
    own = {name: value for name, value in fields.items() if name.decode(errors="replace") not in _META}
    reason, entry, failures, at = (fields.get(name.encode(), b"").decode(errors="replace") for name in _META)
    return DeadLetter(entry_id, reason, entry, int(failures or 0), at, own)
