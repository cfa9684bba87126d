"""The connection to Redis or Valkey, whether it is one server or one of several that Sentinels look after."""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import ConnectionPool, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as AwayError
from redis.exceptions import ResponseError
from redis.utils import str_if_bytes

from shared.redis_address import RedisAddress, read_address

RawRedis = Any
"""A `redis.asyncio.Redis` whose replies are bytes.

redis-py types each reply as a union over protocols and decoding options; one connection only ever gives one
of them, so the type says nothing here that is worth a cast at every call.
"""

ANSWER_SECONDS = 5.0
"""How long a worker waits for an answer. A connection may be dead without anybody telling it, as after a failover."""

_SENTINEL_SECONDS = 1.0
"""How long one Sentinel is waited for before the next one is asked."""


def connect(url: str, **options: Any) -> RawRedis:
    """A client for `url`. RESP2 keeps every reply a list, whichever server answers.

    Where Sentinels are named, each new connection asks them for the present primary.
    """
    address = read_address(url)
    options = {"protocol": 2, **options}
    if not address.name:
        return Redis.from_pool(ConnectionPool(**server_options(address), **options))
    sentinels = Sentinel(address.hosts, sentinel_kwargs=sentinel_options(address))  # type: ignore[no-untyped-call]
    return sentinels.master_for(address.name, connection_pool_class=_Pool, **primary_options(address), **options)


def server_options(address: RedisAddress) -> dict[str, Any]:
    """Options of connections to the one server of an address without Sentinels."""
    host, port = address.hosts[0]
    tls = {} if address.tls is None else {"connection_class": SSLConnection, **address.tls}
    return {"host": host, "port": port, **address.login, **tls}


def primary_options(address: RedisAddress) -> dict[str, Any]:
    """Options of connections to the primary, wherever it is."""
    return {
        **address.login,
        **(address.tls or {}),
        "connection_class": _Primary if address.tls is None else _PrimaryTls,
    }


def sentinel_options(address: RedisAddress) -> dict[str, Any]:
    """Options of connections to the Sentinels. None is asked twice, for there are others."""
    patience = {"socket_timeout": _SENTINEL_SECONDS, "socket_connect_timeout": _SENTINEL_SECONDS}
    tls = {} if address.tls is None else {"ssl": True, **address.tls}
    return {**address.sentinel_login, **tls, **patience, "retry": Retry(NoBackoff(), 0)}


class _Primary(SentinelManagedConnection):
    """A connection to the primary, and to no former one.

    While it hands over, Sentinels still name the former primary, as redis-py asks them. A connection to that would be
    refused writes only, and be taken for a good one by whoever reads.
    """

    async def connect_to(self, address: tuple[str, int]) -> None:
        await super().connect_to(address)  # type: ignore[no-untyped-call]
        try:
            await self.send_command("ROLE")
            role = await self.read_response()
            if str_if_bytes(role[0]) != "master":
                raise AwayError("the Sentinels name a server that is the primary no more")
        except BaseException:
            await self.disconnect()  # or it would be there, unasked, for the next command
            raise


class _PrimaryTls(_Primary, SentinelManagedSSLConnection):
    """The same, encrypted."""


class _Pool(SentinelConnectionPool):
    """Connections to the primary; when it is closed, those to the Sentinels are too, which redis-py leaves open."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        await super().disconnect(inuse_connections)
        if inuse_connections:
            await self.sentinel_manager.aclose()


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
