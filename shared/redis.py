"""The connection to Redis or Valkey."""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

RawRedis = Any
"""A `redis.asyncio.Redis` whose replies are bytes.

redis-py types each reply as a union over protocols and decoding options; one connection only ever gives one
of them, so the type says nothing here that is worth a cast at every call.
"""

ANSWER_SECONDS = 5.0
"""How long a worker waits for an answer. A connection may be dead without anybody telling it, as after a failover."""


def connect(url: str, **options: Any) -> RawRedis:
    """A client for `url`. RESP2 keeps every reply a list, whichever server answers."""
    return Redis.from_url(url, protocol=2, **options)


class SlowRetry(Retry):
    """Retries nothing, but takes a second over a refusal, for callers that would ask again at once.

    A server that is a replica now, or may not write, answers every read of a group with an error, and
    FastStream's answer to that is to read again, thousands of times a second.
    """

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 0)

    async def call_with_retry(self, *args: Any, **options: Any) -> Any:
        """Await what is to be done, once. An error answer is raised a second later, unless it is one about groups."""
        try:
            return await super().call_with_retry(*args, **options)
        except ResponseError as refusal:
            if not str(refusal).startswith(("BUSYGROUP", "NOGROUP")):
                await asyncio.sleep(1)
            raise
