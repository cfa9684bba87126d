"""The inbox as a stream: at once, in order, and without a gap after a lost connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import uvicorn

from services.notifications.api import notice_feed, stream
from services.notifications.consumers import build_consumers
from shared.consuming.inbox import handle
from shared.publishing.outbox import Outbox
from tests.builders import Someone, Town, small_town
from tests.flows.notifications_story import Story, notices
from tests.platform import Platform
from tests.referring import problem


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


@pytest.fixture
async def address(platform: Platform) -> AsyncIterator[str]:
    """The service on a port of this machine: a stream needs a real connection."""
    app = platform.apps["notifications"]
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


@dataclass
class Reading:
    """An open stream; `next` waits for the next notice."""

    answer: httpx2.Response
    lines: AsyncIterator[str]

    async def next(self) -> tuple[int, dict[str, Any]]:
        """The next notice with its number."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(60):
            async for line in self.lines:
                if line.startswith(":"):
                    continue
                if not line and fields:
                    assert fields["event"] == "notice"
                    return int(fields["id"]), json.loads(fields["data"])
                name, _, value = line.partition(": ")
                fields[name] = value
        raise EOFError

    async def end(self) -> None:
        """Wait until the service ends the stream."""
        async with asyncio.timeout(60):
            assert [line async for line in self.lines if line and not line.startswith(":")] == []


@asynccontextmanager
async def reading(platform: Platform, address: str, who: Someone, **headers: str) -> AsyncIterator[Reading]:
    headers["Authorization"] = f"Bearer {platform.tokens.sign(who)}"
    async with (
        httpx2.AsyncClient(base_url=address, headers=headers, timeout=30) as client,
        client.stream("GET", "/notices/stream") as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Reading(answer, answer.aiter_lines())


async def messages(platform: Platform, story: Story, number: int) -> None:
    for _ in range(number):
        await story.tell("message_sent", "source")
    await platform.settle()


async def test_what_is_unseen_comes_first_and_then_what_happens(platform: Platform, town: Town, address: str) -> None:
    story = Story.of(platform, town)
    await messages(platform, story, 3)
    newest, _, _ = await notices(platform, town.desk)
    async with platform.client("notifications", town.desk) as client:
        await client.post(f"/notices/{newest['id']}/seen")
    async with reading(platform, address, town.desk) as opened:
        assert [(await opened.next())[0] for _ in range(2)] == [1, 2]
        await story.tell("cancelled", "source", status="cancelled")
        await platform.settle()
        number, notice = await opened.next()
    assert number == 4
    assert notice == (await notices(platform, town.desk))[0]
    assert notice["title"] == "Referral KUO-7F3K-92 has been cancelled"


async def test_new_notices_wake_the_stream(
    platform: Platform, town: Town, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_feed, "POLL_SECONDS", 3600.0)
    story = Story.of(platform, town)
    await messages(platform, story, 1)
    async with reading(platform, address, town.desk) as one, reading(platform, address, town.desk) as two:
        assert [(await opened.next())[0] for opened in (one, two)] == [1, 1]
        for number in (2, 3):
            await messages(platform, story, 1)
            assert [(await opened.next())[0] for opened in (one, two)] == [number, number]


async def test_a_lost_connection_goes_on_where_it_was(platform: Platform, town: Town, address: str) -> None:
    await messages(platform, Story.of(platform, town), 4)
    async with reading(platform, address, town.desk) as opened:
        last, _ = await opened.next()
    async with reading(platform, address, town.desk, **{"Last-Event-ID": str(last)}) as opened:
        assert [(await opened.next())[0] for _ in range(3)] == [2, 3, 4]


async def test_a_late_commit_is_never_skipped(platform: Platform, town: Town, address: str) -> None:
    story = Story.of(platform, town)
    events = [await story.tell("message_sent", "source") for _ in range(40)]
    _, referral_events = build_consumers(Outbox("notifications"))
    database = platform.databases["notifications"]
    async with reading(platform, address, town.desk) as opened:
        at_once = [handle(database, referral_events, events[start : start + 4]) for start in range(0, 40, 4)]
        working = asyncio.gather(*at_once)
        received = [(await opened.next())[0] for _ in events]
        await working
    assert received == list(range(1, 41))


async def test_who_does_not_follow_gets_what_is_there(platform: Platform, town: Town) -> None:
    await messages(platform, Story.of(platform, town), 2)
    async with platform.client("notifications", town.desk) as client:
        answer = await client.get("/notices/stream", params={"follow": "false"})
    assert [line for line in answer.text.splitlines() if line.startswith("id:")] == ["id: 1", "id: 2"]


async def test_many_notices_come_in_portions_and_all_of_them(
    platform: Platform, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_BATCH", 2)
    await messages(platform, Story.of(platform, town), 5)
    async with platform.client("notifications", town.desk) as client:
        answer = await client.get("/notices/stream", params={"follow": "false"})
    numbers = [line for line in answer.text.splitlines() if line.startswith("id:")]
    assert numbers == [f"id: {number}" for number in range(1, 6)]


async def test_only_ones_own_notices_come(platform: Platform, town: Town, address: str) -> None:
    story = Story.of(platform, town)
    async with reading(platform, address, town.adviser) as opened:
        await story.tell("sent", "source")
        await story.tell("accepted", "target", status="accepted")
        await platform.settle()
        _, notice = await opened.next()
    assert notice["event_type"] == "referral.accepted.v1"


async def test_the_stream_of_who_leaves_ends(platform: Platform, town: Town, address: str) -> None:
    story = Story.of(platform, town)
    async with reading(platform, address, town.adviser) as opened:
        await town.facts.deactivate(town.adviser, deputy=town.colleague)
        await story.tell("accepted", "target", status="accepted")
        await platform.settle()
        await opened.end()
    assert len(await notices(platform, town.colleague)) == 1


async def test_the_streams_of_an_organisation_that_leaves_end(platform: Platform, town: Town, address: str) -> None:
    async with reading(platform, address, town.adviser) as opened:
        await town.facts.organization("navigaattori", organization_id=town.navigaattori, active=False)
        await platform.settle()
        await opened.end()


async def test_open_streams_hold_no_database_connection(platform: Platform, town: Town, address: str) -> None:
    story = Story.of(platform, town)
    await messages(platform, story, 1)
    pool: Any = platform.apps["notifications"].state.luotsi.database.engine.pool
    async with reading(platform, address, town.desk) as one, reading(platform, address, town.desk) as two:
        await one.next()
        await two.next()
        await asyncio.sleep(0.2)
        assert pool.checkedout() == 0


@pytest.mark.parametrize("header", ["newest", "-1", "1.5", str(2**63), "9" * 20, "9" * 5000])
async def test_a_last_event_id_that_is_no_number_of_a_notice_is_refused(
    platform: Platform, town: Town, header: str
) -> None:
    async with platform.client("notifications", town.desk, **{"Last-Event-ID": header}) as client:
        answer = await client.get("/notices/stream", params={"follow": "false"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "header.last-event-id"


async def test_after_the_highest_number_there_is_nothing(platform: Platform, town: Town) -> None:
    await messages(platform, Story.of(platform, town), 1)
    async with platform.client("notifications", town.desk, **{"Last-Event-ID": str(2**63 - 1)}) as client:
        answer = await client.get("/notices/stream", params={"follow": "false"})
    assert (answer.status_code, "id:" in answer.text) == (200, False)


async def test_no_stream_without_a_token(platform: Platform) -> None:
    async with platform.client("notifications") as client:
        assert (await client.get("/notices/stream")).status_code == 401


async def test_a_stream_is_there_before_anything_is_told(
    platform: Platform, town: Town, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 3600.0)  # so that nothing else comes
    async with asyncio.timeout(60), reading(platform, address, town.desk):
        pass


async def test_an_account_has_only_so_many_streams_open(platform: Platform, town: Town, address: str) -> None:
    token = {"Authorization": f"Bearer {platform.tokens.sign(town.desk)}"}
    async with AsyncExitStack() as streams, httpx2.AsyncClient(base_url=address, headers=token) as client:
        opened = [await streams.enter_async_context(reading(platform, address, town.desk)) for _ in range(9)]
        async with reading(platform, address, town.desk):
            refused = await client.get("/notices/stream")
            problem(refused, 429, "too-many-requests")
            assert int(refused.headers["Retry-After"]) >= 1
            async with reading(platform, address, town.adviser):
                assert (await client.get("/notices")).status_code == 200
        async with asyncio.timeout(60):  # until the service has noticed that one was closed
            while (await client.get("/notices/stream?follow=false")).status_code == 429:
                await asyncio.sleep(0.05)
        assert all(not stream.answer.is_closed for stream in opened)
    async with asyncio.timeout(60):
        while platform.apps["notifications"].state.luotsi.notice_feed._open:
            await asyncio.sleep(0.05)
