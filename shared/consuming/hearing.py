"""Whether a service still hears what others tell: for its web processes, which go by copies of it.

A quiet stream is no deaf consumer: what counts is whether a worker asks, and whether anything waits for it.
"""

import time
from collections.abc import Iterable
from typing import Final

from redis.exceptions import ResponseError

from shared.redis import RawRedis
from shared.services import Service

DEAF_AFTER_SECONDS: Final = 60.0


class Hearing:
    """When the service's consumers last had heard all there was, by stream; the process counts from its own start."""

    def __init__(self, service: Service, redis: RawRedis) -> None:
        self._group = service.name
        self._redis = redis
        self._heard = dict.fromkeys(service.reads, time.monotonic())

    async def listen(self) -> None:
        """Find out how far each consumer is behind. Raises RedisError, and learns nothing then."""
        for stream in self._heard:
            behind = await self._seconds_behind(stream)
            if behind is not None:
                self._heard[stream] = max(self._heard[stream], time.monotonic() - behind)

    def deaf(self) -> frozenset[str]:
        """The streams of which the service may have missed more than a minute."""
        now = time.monotonic()
        return frozenset(stream for stream, heard in self._heard.items() if now - heard > DEAF_AFTER_SECONDS)

    async def _seconds_behind(self, stream: str) -> float | None:
        """How long ago the group had all there was; None where nobody has ever read for it."""
        try:
            groups = {each["name"].decode(): each for each in await self._redis.xinfo_groups(stream)}
            consumers = await self._redis.xinfo_consumers(stream, self._group)
            pending = await self._redis.xpending(stream, self._group)
            after = b"(" + groups[self._group]["last-delivered-id"]
            unread = await self._redis.xrange(stream, min=after, count=1)
        except (KeyError, ResponseError) as error:
            if isinstance(error, KeyError) or str(error).startswith(("NOGROUP", "no such key")):
                return None
            raise
        if not consumers:
            return None
        asked: float = min(each["idle"] for each in consumers) / 1000
        waiting = [*([pending["min"]] if pending["pending"] else []), *(entry for entry, _ in unread)]
        return max(asked, *_ages(waiting), 0.0)


def _ages(entries: Iterable[bytes]) -> list[float]:
    """How many seconds ago entries were published: their ids begin with the moment, in milliseconds."""
    now = time.time()
    return [now - int(entry.partition(b"-")[0]) / 1000 for entry in entries]


__all__ = ["DEAF_AFTER_SECONDS", "Hearing"]
