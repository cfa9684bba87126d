"""The inbox as a stream: at once, in order, and without a gap after a lost connection."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from services.notifications.api import notice_feed, stream
from services.notifications.consumers import build_consumers
from services.notifications.domain.wording import AboutOrganization
from services.notifications.main import create_app
from services.notifications.queries.notices import Inbox, inboxes_of
from services.notifications.use_cases.notices import Cause, make_notices
from services.notifications.use_cases.recipients import Recipient
from shared.actors import Actor
from shared.consuming.inbox import handle
from shared.database.reader import Reader
from shared.publishing.notify_listener import NotifyListener
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
    async with served(platform.apps["notifications"]) as address:
        yield address


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The address of an application on a port of this machine."""
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
                if line.startswith(":") or not (line or fields):
                    continue
                if not line:
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
async def reading(
    platform: Platform, address: str, who: Someone, *, after: int | None = None, **claims: Any
) -> AsyncIterator[Reading]:
    headers = {"Authorization": f"Bearer {platform.tokens.sign(who, **claims)}"}
    if after is not None:
        headers["Last-Event-ID"] = str(after)
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


async def test_another_web_process_wakes_its_own_streams(
    platform: Platform, town: Town, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_feed, "POLL_SECONDS", 3600.0)
    story = Story.of(platform, town)
    await messages(platform, story, 1)
    other = create_app(platform.settings["notifications"])
    async with (
        served(other) as further,
        reading(platform, address, town.desk) as one,
        reading(platform, further, town.desk) as two,
    ):
        for number in (1, 2, 3):
            assert [(await opened.next())[0] for opened in (one, two)] == [number, number]
            await messages(platform, story, 1)
    await other.state.luotsi.close()


async def test_nobody_is_woken_by_notices_to_others(
    platform: Platform, town: Town, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[UUID] = []
    look = stream._look

    async def noted(request: Any, state: Any, actor: Actor, *where: Any) -> Any:
        looked.append(actor.member_id)
        return await look(request, state, actor, *where)

    monkeypatch.setattr(notice_feed, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(stream, "_look", noted)
    story = Story.of(platform, town)
    async with reading(platform, address, town.adviser) as adviser, reading(platform, address, town.desk) as desk:
        await story.tell("accepted", "target", status="accepted")
        await platform.settle()
        await adviser.next()
        for _ in range(3):
            looked.clear()
            await messages(platform, story, 1)  # by the adviser, to the desk
            await desk.next()
            assert set(looked) == {town.desk.id}


async def test_each_recipient_is_named_once_in_a_transaction_however_many_they_are(
    platform: Platform, town: Town
) -> None:
    """400 of them are 14,400 bytes, which is more than PostgreSQL takes in one notification."""
    listening = await asyncpg.connect(platform.servers.database_urls["notifications"])
    heard: asyncio.Queue[str] = asyncio.Queue()
    await listening.add_listener("notices", lambda *said: heard.put_nowait(said[3]))
    members = [uuid4() for _ in range(400)]
    name = {"fi": "Nimi", "sv": "Namn", "en": "Name"}
    facts = {"what": "organization_left", "organization_id": town.business, "organization": name}
    about = Cause(uuid4(), "catalog.organization_changed.v1", "-", None, AboutOrganization.model_validate(facts))
    async with platform.databases["notifications"].transaction() as tx:
        for cause in (about, replace(about, event_id=uuid4())):
            told = [Recipient(town.business, each, channels=frozenset()) for each in (*members, None)]
            await make_notices(tx, Outbox("notifications"), dict.fromkeys(told, cause))
        await tx.execute(text("SELECT pg_notify('notices', 'the end')"))
    async with asyncio.timeout(60):
        named = [await heard.get() for _ in range(401)]
    await listening.close()
    assert named[-1] == "the end"
    assert sorted(named[:-1]) == sorted(map(str, members))


async def test_what_no_wake_up_told_of_comes_all_the_same(
    platform: Platform, town: Town, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_feed, "POLL_SECONDS", 0.2)
    monkeypatch.setattr(NotifyListener, "_notified", lambda *_: None)
    story = Story.of(platform, town)
    async with reading(platform, address, town.desk) as opened:
        for number in (1, 2):
            await messages(platform, story, 1)
            assert (await opened.next())[0] == number


async def test_streams_outlive_an_error_of_what_wakes_them(
    platform: Platform, town: Town, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks = 0

    async def fails_first(reader: Reader, members: Collection[UUID]) -> dict[UUID, Inbox]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ValueError("what nobody expects")
        return await inboxes_of(reader, members)

    monkeypatch.setattr(notice_feed, "POLL_SECONDS", 0.2)
    monkeypatch.setattr(notice_feed, "inboxes_of", fails_first)
    monkeypatch.setattr(NotifyListener, "_notified", lambda *_: None)
    async with reading(platform, address, town.desk) as opened:
        async with asyncio.timeout(60):
            while not looks:
                await asyncio.sleep(0.05)
        await messages(platform, Story.of(platform, town), 1)
        assert (await opened.next())[0] == 1
    assert "open inboxes are not woken for a moment" in caplog.text


async def test_a_stream_ends_with_its_token(
    platform: Platform, town: Town, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_feed, "POLL_SECONDS", 0.2)
    soon = int(datetime.now(UTC).timestamp()) + 5
    async with reading(platform, address, town.desk, exp=soon) as opened:
        await opened.end()
    assert datetime.now(UTC).timestamp() >= soon


async def test_a_lost_connection_goes_on_where_it_was(platform: Platform, town: Town, address: str) -> None:
    await messages(platform, Story.of(platform, town), 4)
    async with reading(platform, address, town.desk) as opened:
        last, _ = await opened.next()
    async with reading(platform, address, town.desk, after=last) as opened:
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
        async with asyncio.timeout(60):
            while pool.checkedout():  # for the moment of a look
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("header", ["newest", "-1", "1.5", str(2**63), "9" * 20, "9" * 5000])
async def test_a_last_event_id_that_is_no_number_of_a_notice_is_refused(
    platform: Platform, town: Town, header: str
) -> None:
    async with platform.client("notifications", town.desk, **{"Last-Event-ID": header}) as client:
        answer = await client.get("/notices/stream", params={"follow": "false"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "header.last-event-id"


@pytest.mark.parametrize("number", [3, 2**63 - 1])
async def test_after_a_number_from_before_a_restore_a_stream_begins_with_what_is_unseen(
    platform: Platform, town: Town, number: int
) -> None:
    await messages(platform, Story.of(platform, town), 2)
    async with platform.client("notifications", town.desk, **{"Last-Event-ID": str(number)}) as client:
        answer = await client.get("/notices/stream", params={"follow": "false"})
    assert answer.status_code == 200
    assert re.findall(r"^id: (\d+)", answer.text, re.MULTILINE) == ["1", "2"]


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
