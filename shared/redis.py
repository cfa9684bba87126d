"""The connection to Redis or Valkey."""

from typing import Any

from redis.asyncio import Redis

RawRedis = Any
"""A `redis.asyncio.Redis` whose replies are bytes.

redis-py types each reply as a union over protocols and decoding options; one connection only ever gives one
of them, so the type says nothing here that is worth a cast at every call.
"""


def connect(url: str, **options: Any) -> RawRedis:
    """A client for `url`. RESP2 keeps every reply a list, whichever server answers."""
    return Redis.from_url(url, protocol=2, **options)
