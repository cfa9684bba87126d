"""A primary that Sentinels look after dies under load, or hands over: all get on by themselves, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from redis.exceptions import RedisError

from luotsi.doctor.streams import redis as doctor
from luotsi.embedded.servers import Servers
from luotsi.platform.data_dir import DataDir
from luotsi.platform.target import Target
from shared.redis import connect
from shared.services import get_service
from shared.web.rate_limits import RateLimiter
from tests.events.backbone import STREAM, Backbone, counted, until
from tests.events.test_publishing import ids_on_stream
from tests.events.test_worker import done
from tests.sentinels import NAME, Sentinels


@pytest_asyncio.fixture(scope="module")
async def sentinels(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sentinels]:
    folder = tmp_path_factory.mktemp("sentinels")
    with DataDir(folder).locked() as lock:
        running = Sentinels(folder, lock)
        try:
            await running.start()
            yield running
        finally:
            running.stop()


@pytest_asyncio.fixture
async def backbone(servers: Servers, sentinels: Sentinels) -> AsyncIterator[Backbone]:
    """The backbone on the servers' databases, and on the Redis that the Sentinels look after."""
    there: Any = SimpleNamespace(
        database_urls=servers.database_urls, owner_urls=servers.owner_urls, redis_urls=sentinels.urls
    )
    backbone = Backbone(there)
    await backbone.empty()
    yield backbone
    await backbone.close()


@dataclass
class Load:
    """Events that were committed while a relay and a worker ran, all of which have to arrive once."""

    told: list[UUID] = field(default_factory=list)


@asynccontextmanager
async def under_load(backbone: Backbone) -> AsyncIterator[Load]:
    """Some hundred events a second are told, published and consumed while the block runs.

    At its end all of them were handled, and lie on the stream for those who have not read it yet.
    """
    load, stopped = Load(), asyncio.Event()

    async def tell() -> None:
        while not stopped.is_set():
            load.told += [event.id for event in await backbone.tell(3)]
            await asyncio.sleep(0.01)

    async def all_done() -> bool:
        with suppress(RedisError):  # a connection that ended with its server is met once
            there = set(await ids_on_stream(backbone)) == {str(each) for each in load.told}
            return there and await done(backbone, len(load.told))
        return False

    relaying = asyncio.create_task(backbone.relay.run())
    telling = asyncio.create_task(tell())
    try:
        async with backbone.working() as worker:
            yield load
            stopped.set()
            await telling
            await until(all_done, "all that was told, handled and on the stream")
            assert not worker.done(), "it got on by itself"
    finally:
        stopped.set()
        for task in (telling, relaying):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def more_noted(backbone: Backbone, more: int) -> None:
    """Wait until so many further effects were committed."""
    begin = len(await backbone.noted())

    async def noted() -> bool:
        return len(await backbone.noted()) >= begin + more

    await until(noted, f"{more} further events")


async def promoted(sentinels: Sentinels, former: int) -> int:
    """The new primary, as soon as there is another one."""

    async def other() -> int | None:
        port = await sentinels.primary()
        return port if port != former else None

    port: int = await until(other, "another primary")
    return port


async def test_a_primary_that_is_killed_under_load_loses_nothing(backbone: Backbone, sentinels: Sentinels) -> None:
    """Its last moments have not reached the replica: what was published, and even handled, in them comes again."""
    losses = counted("luotsi_stream_losses_total", stream=STREAM)
    former = await sentinels.primary()
    async with under_load(backbone) as load:
        await more_noted(backbone, 150)
        await sentinels.cut_replication(former)
        await more_noted(backbone, 150)
        sentinels.servers[former].kill()
        await promoted(sentinels, former)
        await more_noted(backbone, 300)
    assert sorted(await backbone.noted()) == sorted(load.told)
    assert counted("luotsi_stream_losses_total", stream=STREAM) > losses
    sentinels.servers[former].start()
    await until(sentinels.is_followed, "the former primary to follow the present one")


async def test_a_primary_that_hands_over_under_load_loses_nothing(backbone: Backbone, sentinels: Sentinels) -> None:
    former = await sentinels.primary()
    async with under_load(backbone) as load:
        await more_noted(backbone, 150)
        await until(sentinels.hand_over, "the hand-over to begin")
        await promoted(sentinels, former)
        await more_noted(backbone, 300)
    assert sorted(await backbone.noted()) == sorted(load.told)


async def test_requests_are_counted_and_the_operator_looks_where_the_primary_is(
    backbone: Backbone, sentinels: Sentinels
) -> None:
    await until(sentinels.is_followed, "a replica that has caught up")
    redis = connect(sentinels.urls["catalog"])
    limiter = RateLimiter(get_service("catalog"), redis, account=10, address=10)
    answers = await asyncio.gather(*(limiter.check("a", "192.0.2.1") for _ in range(12)))
    assert answers.count(None) == 10
    assert len(await backbone.operator.keys("catalog.limits:*")) == 1, "counted there, not in memory"
    await redis.aclose()
    [found, *_] = await doctor(Target(Path(), {"REDIS_URL": sentinels.urls["operator"]}, {}))
    assert found.well, found.note
    assert found.note.endswith("append-only file not synced on every write, 1 replica")
    await backbone.operator.config_set("maxmemory-policy", "allkeys-lru")
    [found, *_] = await doctor(Target(Path(), {"REDIS_URL": sentinels.urls["operator"]}, {}))
    assert (found.well, found.note.endswith("maxmemory-policy allkeys-lru")) == (False, True)
    await backbone.operator.config_set("maxmemory-policy", "noeviction")


async def test_sentinels_that_do_not_know_the_name_are_an_outage(sentinels: Sentinels) -> None:
    redis = connect(sentinels.urls["catalog"].replace(f"/{NAME}/", "/another/"))
    with pytest.raises(RedisError, match="No master found for 'another'"):
        await redis.ping()
    await redis.aclose()
