"""How far a service is behind with what it reads: a consumer group on its stream, and events that are parked."""

import time
from dataclasses import dataclass
from typing import Final

from redis.exceptions import ResponseError

from shared.redis import RawRedis
from shared.services import dead_stream

PARKED: Final = """
SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(parked_at)), 0)::float AS oldest,
    min(waits_for) AS example
FROM parked
"""
PARKED_SECONDS: Final = 3600.0
"""What is parked for longer waits for something that does not come."""

_LAG_LIMIT: Final = 1000
_UNREAD_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 30.0
"""A consumer that lives asks for entries every second or so; only the name is left of one that did not for so long."""


@dataclass(frozen=True)
class GroupBacklog:
    """What waits for a consumer group, and how many consumers it has that live. All is zero for one that is missing."""

    stream: str
    group: str
    missing: bool
    dead_letters: int
    lag: int = 0
    pending: int = 0
    consumers: int = 0
    oldest_unread_seconds: float | None = None

    @property
    def well(self) -> bool:
        """Whether somebody reads, in time, and could handle all that there was."""
        in_time = self.lag <= _LAG_LIMIT and (self.oldest_unread_seconds or 0) <= _UNREAD_SECONDS
        return not self.missing and self.consumers > 0 and self.dead_letters == 0 and in_time


async def group_backlog(redis: RawRedis, stream: str, group: str) -> GroupBacklog:
    """What waits for a declared group."""
    dead = await redis.xlen(dead_stream(stream, group))
    try:
        groups = {each["name"].decode(): each for each in await redis.xinfo_groups(stream)}
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        groups = {}
    if group not in groups:
        return GroupBacklog(stream, group, missing=True, dead_letters=dead)
    found = groups[group]
    consumers = await redis.xinfo_consumers(stream, group)
    return GroupBacklog(
        stream,
        group,
        missing=False,
        dead_letters=dead,
        lag=found["lag"] or 0,
        pending=found["pending"],
        consumers=sum(each["idle"] <= 1000 * _IDLE_SECONDS for each in consumers),
        oldest_unread_seconds=await _oldest_unread(redis, stream, found["last-delivered-id"]),
    )


async def _oldest_unread(redis: RawRedis, stream: str, last_read: bytes) -> float | None:
    """For how many seconds the oldest entry lies there that the group was not given yet; None when there is none."""
    entries = await redis.xrange(stream, min=b"(" + last_read, count=1)
    return max(time.time() - int(entries[0][0].partition(b"-")[0]) / 1000, 0.0) if entries else None
