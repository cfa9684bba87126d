"""Trimming: a stream loses only what every declared group has acknowledged, and never its newest entry."""

import logging
from typing import Any

from redis.exceptions import ResponseError

from shared.metrics import MISSING_GROUPS
from shared.redis import RawRedis
from shared.services import groups_of

log = logging.getLogger(__name__)


async def trim(redis: RawRedis, stream: str, newest: tuple[int, int]) -> int:
    """Remove what all declared groups are done with; returns how many entries went.

    `newest` is the newest entry that the producer knows of. It stays: when it is gone, the relay
    takes it that the stream has lost entries.
    A declared group that is missing stops trimming and raises an alarm: it may yet need everything.
    """
    needed = await needed_from(redis, stream)
    if needed is None:
        return 0
    minimum = min(newest, needed)
    # XTRIM MINID keeps the named entry itself.
    return int(await redis.xtrim(stream, minid=f"{minimum[0]}-{minimum[1]}", approximate=True))


async def needed_from(redis: RawRedis, stream: str) -> tuple[int, int] | None:
    """Every declared group is done with all before this entry; None where one is missing, or the stream."""
    groups = await _groups(redis, stream)
    if groups is None:
        return None
    declared = groups_of(stream)
    missing = [name for name in declared if name not in groups]
    MISSING_GROUPS.labels(stream).set(len(missing))
    if missing:
        log.error("%s is not trimmed: declared groups %s are missing", stream, ", ".join(missing))
        return None
    return min([await _floor(redis, stream, groups[name]) for name in declared])


async def behind(redis: RawRedis, stream: str) -> int:
    """How many entries the slowest declared group has not acknowledged; all there are where it is missing."""
    groups = await _groups(redis, stream)
    if groups is None:
        return 0
    declared = [groups.get(name, {"lag": None}) for name in groups_of(stream)]
    if any(group["lag"] is None for group in declared):  # Redis does not always know how far a group is
        return int(await redis.xlen(stream))
    return max((int(group["lag"]) + int(group["pending"]) for group in declared), default=0)


async def _groups(redis: RawRedis, stream: str) -> dict[str, dict[str, Any]] | None:
    """What Redis tells of each group of the stream, by its name; None where there is no stream."""
    try:
        return {group["name"].decode(): group for group in await redis.xinfo_groups(stream)}
    except ResponseError as error:
        if "no such key" in str(error):
            return None
        raise


async def _floor(redis: RawRedis, stream: str, group: dict[str, Any]) -> tuple[int, int]:
    """The lowest entry that `group` may still need: its oldest pending one, else its last delivered one."""
    pending = await redis.xpending(stream, group["name"])
    oldest: bytes = pending["min"] or group["last-delivered-id"]
    ms, _, seq = oldest.decode().partition("-")
    return int(ms), int(seq)
