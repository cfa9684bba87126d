"""Trouble: a server is away. Requests fail clearly or succeed durably, and all catches up by itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from luotsi.embedded.servers import Servers
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import at_work, new_referral, problem


@pytest_asyncio.fixture
async def servers_back_at_the_end(servers: Servers) -> AsyncIterator[Servers]:
    """The servers, started again after the test whatever became of it."""
    yield servers
    servers.postgres.stop()
    servers.valkey.stop()
    servers.valkey.start()
    servers.postgres.start()
    servers.wait_ready()


async def test_with_redis_away_referrals_are_made_and_told_of_later(
    platform: Platform, servers_back_at_the_end: Servers
) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    servers_back_at_the_end.valkey.kill()

    ready = await adviser.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["dependencies"] | {"postgresql": "up", "redis": "down"} == ready.json()["dependencies"]
    made = await adviser.refer(new_referral(town))
    assert made.status_code == 201
    waiting = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
    assert await platform.scalar("referral", waiting) == 2

    servers_back_at_the_end.valkey.start()
    servers_back_at_the_end.wait_ready()
    await platform.settle()
    # Only now: a service whose worker has not asked for a minute, as between tests, is degraded with Redis there too.
    assert (await adviser.client.get("/readyz")).json()["status"] == "ready"
    assert await platform.scalar("referral", waiting) == 0
    notices = (await platform.client("notifications", town.desk).get("/notices")).json()["contents"]
    assert [notice["referral_id"] for notice in notices] == [made.json()["id"]]


async def test_with_postgresql_away_a_request_fails_clearly_and_can_be_repeated(
    platform: Platform, servers_back_at_the_end: Servers
) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    servers_back_at_the_end.postgres.stop()  # in order: the tests' throw-away server keeps no promise against kill -9

    alive = await adviser.client.get("/livez")
    assert alive.status_code == 200
    ready = await adviser.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "unready")
    assert ready.json()["dependencies"]["postgresql"] == "down"
    refused = await adviser.refer(new_referral(town), key="again")
    problem(refused, 503, "unavailable")
    assert refused.headers["Retry-After"]
    figures = await adviser.client.get("/metrics")
    assert figures.status_code == 200
    assert 'luotsi_dependency_up{dependency="postgresql",service="referral"} 0.0' in figures.text

    servers_back_at_the_end.postgres.start()
    servers_back_at_the_end.wait_ready()
    assert (await adviser.refer(new_referral(town), key="again")).status_code == 201
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1


async def test_a_request_that_a_stopping_server_gives_up_is_told_to_come_again(platform: Platform) -> None:
    town = await small_town(platform)
    token = platform.client("referral", town.adviser).headers["Authorization"].encode()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/referrals",
        "query_string": b"",
        "headers": [(b"authorization", token)],
    }
    app: Callable[..., Awaitable[None]] = platform.apps["referral"]
    async with platform.owners["referral"].transaction() as hold:
        await hold.execute(text("LOCK TABLE referrals IN ACCESS EXCLUSIVE MODE"))
        asked = asyncio.ensure_future(app(scope, receive, send))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'referrals'::regclass"
        while not await platform.scalar("referral", waiting):
            await asyncio.sleep(0.02)
        asked.cancel()  # as the web server does when it has waited for long enough
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["type"] == "urn:luotsi:problem:unavailable"
