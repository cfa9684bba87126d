"""How far a service is behind with what it reads: a consumer group on its stream, and events that are parked."""

import time
from dataclasses import dataclass
from typing import Final

from redis.exceptions import ResponseError

from shared.figures import Figure, Look, waiting_look
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
UNREAD_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 30.0
"""A consumer that lives asks for entries every second or so; only the name is left of one that did not for so long."""


def parked_look(service: str) -> Look:
    """Looks whether what a service has parked finds the facts that it waits for."""
    return waiting_look(
        "parked",
        PARKED,
        lambda _, oldest: oldest <= PARKED_SECONDS,
        (
            "luotsi_parked_events",
            "luotsi_parked_oldest_seconds",
            "Events that wait for a fact which has not come yet",
        ),
        service=service,
    )


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
        in_time = self.lag <= _LAG_LIMIT and (self.oldest_unread_seconds or 0) <= UNREAD_SECONDS
        return not self.missing and self.consumers > 0 and self.dead_letters == 0 and in_time

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The same for monitors."""
        values = {
            "luotsi_group_lag": ("Entries that the group was not given yet", self.lag),
            "luotsi_group_pending": ("Entries that the group was given and has not acknowledged", self.pending),
            "luotsi_group_consumers": ("Consumers of the group that have asked within 30 seconds", self.consumers),
            "luotsi_group_dead_letters": ("Entries that the group could not handle", self.dead_letters),
            "luotsi_group_oldest_unread_seconds": (
                "For how many seconds the oldest entry lies there that the group was not given yet; 0 where none does",
                self.oldest_unread_seconds or 0.0,
            ),
        }
        labels = {"stream": self.stream, "group": self.group}
        return tuple(Figure(name, what, value, labels) for name, (what, value) in values.items())


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
    return GroupBacklog(
        stream,
        group,
        missing=False,
        dead_letters=dead,
        lag=found["lag"] or 0,
        pending=found["pending"],
        consumers=await live_consumers(redis, stream, group),
        oldest_unread_seconds=await oldest_unread_seconds(redis, stream, found["last-delivered-id"]),
    )


async def live_consumers(redis: RawRedis, stream: str, group: str) -> int:
    """How many consumers of a group still ask for entries. Names of dead ones stay for a while, and do not count."""
    return sum(each["idle"] <= 1000 * _IDLE_SECONDS for each in await redis.xinfo_consumers(stream, group))


async def oldest_unread_seconds(redis: RawRedis, stream: str, last_read: bytes) -> float | None:
    """For how many seconds the oldest entry lies there that the group was not given yet; None when there is none."""
    entries = await redis.xrange(stream, min=b"(" + last_read, count=1)
    return max(time.time() - int(entries[0][0].partition(b"-")[0]) / 1000, 0.0) if entries else None
