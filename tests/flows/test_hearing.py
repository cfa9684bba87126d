"""A service that may have missed what the catalogue tells says so, for until then it trusts whom it knew."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.consuming import hearing
from shared.consuming.hearing import Hearing
from shared.consuming.stream_reader import ensure_group
from shared.redis import RawRedis, connect
from shared.services import get_service
from tests.builders import small_town
from tests.platform import Platform
from tests.web_process import variables

STREAM = "catalog.events"
READY = {"postgresql": "up", "redis": "up", "keys": "up", STREAM: "up", "notification.events": "up"}


async def readiness(platform: Platform) -> tuple[str, dict[str, str]]:
    """What the referral service's web process says of itself; it is ready in any case."""
    answer = await platform.client("referral").get("/readyz")
    assert answer.status_code == 200
    said = answer.json()
    return said["status"], said["dependencies"]


async def until_ready(platform: Platform, ready: bool) -> None:
    """Wait until the referral service says so, or no longer says so."""
    async with asyncio.timeout(60):
        while ((await readiness(platform))[0] == "ready") is not ready:
            await asyncio.sleep(0.1)


async def reads(redis: RawRedis, stream: str) -> bool:
    """Whether the referral service's worker has begun to read a stream."""
    return b"referral-test" in [each["name"] for each in await redis.xinfo_consumers(stream, "referral")]


async def test_a_worker_that_is_killed_is_missed(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    await small_town(platform)
    monkeypatch.setattr(hearing, "DEAF_AFTER_SECONDS", 10.0)
    command = (sys.executable, "-m", "services.referral.worker")
    environment = variables(platform, "referral")
    worker = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(60):
            while not all([await reads(platform.redis, stream) for stream in READY if "." in stream]):
                await asyncio.sleep(0.1)
        await asyncio.sleep(12)  # quiet, and not deaf
        assert await readiness(platform) == ("ready", READY)
    finally:
        worker.kill()
        await worker.wait()
    await until_ready(platform, False)
    assert await readiness(platform) == ("degraded", READY | {STREAM: "down", "notification.events": "down"})
    await platform.settle()  # somebody reads again
    assert await readiness(platform) == ("ready", READY)


async def deaf(redis: RawRedis) -> frozenset[str]:
    """Of which streams a web process of the referral service that has just begun would say that it misses something."""
    found = Hearing(get_service("referral"), redis)
    found._heard = dict.fromkeys(found._heard, time.monotonic() - 3600)  # it began long ago
    await found.listen()
    return found.deaf()


@pytest_asyncio.fixture
async def redis(platform: Platform) -> AsyncIterator[RawRedis]:
    """The referral service's connection to Redis, with an entry of two minutes ago on the catalogue's stream."""
    old = f"{int((time.time() - 120) * 1000)}-0"
    await platform.redis.xadd(STREAM, {"__data__": "{}"}, id=old)
    for stream in (STREAM, "notification.events"):
        await ensure_group(platform.redis, stream, "referral")
    client = connect(platform.servers.redis_urls["referral"])
    await client.xreadgroup("referral", "w", {"notification.events": ">"})
    yield client
    await client.aclose()


async def test_what_was_never_read_is_missed(redis: RawRedis) -> None:
    assert await deaf(redis) == {STREAM}
    await redis.xautoclaim(STREAM, "referral", "w", min_idle_time=0)  # a janitor alone reads nothing new
    assert await deaf(redis) == {STREAM}


async def test_what_was_read_and_not_dealt_with_is_missed(redis: RawRedis) -> None:
    [[_, [(entry, _)]]] = await redis.xreadgroup("referral", "w", {STREAM: ">"})
    await redis.xreadgroup("referral", "w", {STREAM: ">"})  # it goes on asking
    assert await deaf(redis) == {STREAM}
    await redis.xack(STREAM, "referral", entry)
    assert await deaf(redis) == frozenset()


async def test_without_stream_or_group_nothing_is_heard(platform: Platform, redis: RawRedis) -> None:
    await platform.redis.xgroup_destroy(STREAM, "referral")
    assert await deaf(redis) == {STREAM}
    await platform.redis.flushall()
    assert await deaf(redis) == {STREAM, "notification.events"}


async def test_a_process_that_has_just_begun_waits_a_minute_for_its_worker(platform: Platform) -> None:
    begun = Hearing(get_service("referral"), platform.redis)
    await begun.listen()
    assert begun.deaf() == frozenset()


async def test_until_it_hears_a_service_trusts_whom_it_knew(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.deactivate(town.adviser)
    adviser = platform.client("referral", town.adviser)
    assert (await adviser.get("/referrals")).status_code == 200
    await platform.settle()
    assert (await adviser.get("/referrals")).status_code == 401
