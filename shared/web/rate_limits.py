"""How many requests a minute one account, or one address without an account, may make.

Counted in Redis, for all processes of a service together; in each process's own memory while Redis is away.
"""

import asyncio
import logging
import math
import time
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from shared.problems import Problem, too_many
from shared.redis import RawRedis
from shared.services import Service, limits_prefix

log = logging.getLogger(__name__)

_REDIS_SECONDS: Final = 0.25
"""How long a request waits for Redis before its own process's memory counts it"""
_AWAY_SECONDS: Final = 5.0
"""How long Redis is left alone after that"""
_SHARES: Final = 50
"""A process takes a fiftieth of a minute's requests at once and gives them out by itself: most cost no round trip"""
_REMEMBERED: Final = 10_000


_Key = tuple[str, str]
"""`account` and a member's id, or `address` and an address"""


@dataclass
class _Share:
    """What this process may still give out to one account or address, in requests, and until when."""

    left: int = 0
    ends: float = 0.0
    refused_until: float = 0.0
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def give(self, now: float) -> bool:
        """Give out one request, if there is one left."""
        if self.left and now < self.ends:
            self.left -= 1
            return True
        return False


class RateLimiter:
    """`account` and `address` are the requests that one of them may make in a minute.

    A minute begins with a first request; around its turn there may be twice as many at once. Keys in Redis expire with
    their minute.
    """

    def __init__(self, service: Service, redis: RawRedis, *, account: int, address: int) -> None:
        self._items = {"account": RateLimitItemPerMinute(account), "address": RateLimitItemPerMinute(address)}
        pool = {"connection_pool": redis.connection_pool}
        # The address is that of the pool, which is shared; the library wants one nevertheless.
        storage = RedisStorage("redis://", implementation="redispy", key_prefix=limits_prefix(service), **pool)
        self._in_redis = FixedWindowRateLimiter(storage)
        self._in_memory = FixedWindowRateLimiter(MemoryStorage())
        self._leave_redis_until = 0.0
        self._shares: dict[_Key, _Share] = {}

    async def check(self, account: str | None, address: str) -> Problem | None:
        """Count a request: for the account that makes it, else for its address. A 429 where it is one too many."""
        key = ("account", account) if account is not None else ("address", network_of(address))
        share = self._share(key)
        now = time.monotonic()
        if share.give(now):
            return None
        async with share.taking:  # one takes for all who wait
            if share.give(now):
                return None
            if now >= share.refused_until:
                await self._take(key, share, now)
            if share.give(now):
                return None
        return _too_many(key[0], self._items[key[0]].amount, math.ceil(share.refused_until - now))

    def _share(self, key: _Key) -> _Share:
        found = self._shares.get(key)
        if found is None:
            if len(self._shares) >= _REMEMBERED:
                self._shares.pop(next(iter(self._shares)))  # the oldest
            found = self._shares[key] = _Share()
        return found

    async def _take(self, key: _Key, share: _Share, now: float) -> None:
        """Take a share for a minute, or learn until when there is none."""
        if self._may_ask_redis(now):
            try:
                async with asyncio.timeout(_REDIS_SECONDS):
                    await self._take_from(self._in_redis, key, share, now)
                self._leave_redis_until = 0.0
                return
            except (RedisError, OSError, TimeoutError) as error:
                self._leave_redis_until = now + _AWAY_SECONDS
                log.warning("requests are counted without Redis: %s", type(error).__name__)
        await self._take_from(self._in_memory, key, share, now)

    def _may_ask_redis(self, now: float) -> bool:
        """While Redis is away, only one request at a time finds out whether it is back."""
        if now < self._leave_redis_until:
            return False
        if self._leave_redis_until:
            self._leave_redis_until = now + _AWAY_SECONDS
        return True

    async def _take_from(self, counts: FixedWindowRateLimiter, key: _Key, share: _Share, now: float) -> None:
        item = self._items[key[0]]
        cost = max(1, item.amount // _SHARES)
        if await counts.hit(item, *key, cost=cost):
            share.left, share.ends = cost, now + item.get_expiry()
        else:
            reset, _ = await counts.get_window_stats(item, *key)
            share.refused_until = now + max(1.0, reset - time.time())


def network_of(address: str) -> str:
    """What one caller from `address` has for itself: the address, or the network of 64 bits where it is of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((int(found), 64), strict=False))
    return str(found.ipv4_mapped if isinstance(found, IPv6Address) else found)


def _too_many(kind: str, most: int, seconds: int) -> Problem:
    whose = "This account" if kind == "account" else "Your address"
    detail = f"{whose} has made more than {most} requests in a minute. Go on in {seconds} seconds."
    return too_many(detail, seconds)


__all__ = ["RateLimiter", "network_of"]
