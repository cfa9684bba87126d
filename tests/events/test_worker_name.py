"""Of two workers of one name one works; the other says so and waits, and nothing is published or dealt with twice."""

import asyncio
import logging

import pytest

from shared.consuming import worker_name
from shared.consuming.worker_name import NameTaken, WorkerName
from shared.database.connections import Database
from shared.database.transaction import Transaction
from shared.events import Envelope
from tests.events.backbone import Backbone, met, note, until
from tests.events.test_dead_connections import behind

NAME = "worker-of-two-stacks"
HOLDERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = hashtext('worker')::oid AND objsubid = 2"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other soon."""
    monkeypatch.setattr(worker_name, "_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(worker_name, "_NOTICED_SECONDS", 0.5)


async def test_the_second_of_a_name_says_so_and_leaves_alone_what_the_first_has_in_hand(
    backbone: Backbone, caplog: pytest.LogCaptureFixture
) -> None:
    in_hand, may_end, dealing = asyncio.Event(), asyncio.Event(), []

    async def slow(tx: Transaction, event: Envelope) -> None:
        dealing.append(event.id)
        in_hand.set()
        await may_end.wait()
        await note(tx, event)

    async def told() -> bool:
        return any(NAME in record.getMessage() for record in caplog.records if record.name == worker_name.__name__)

    [event] = await backbone.tell()
    await backbone.publish()
    with caplog.at_level(logging.ERROR):
        async with backbone.working(slow, NAME) as first:
            await met(in_hand, first)
            async with backbone.working(slow, NAME) as second:
                await until(told, "the second, that it waits")
                may_end.set()
                later = await backbone.tell(20)
                await backbone.publish()
                await until(lambda: noted(backbone, 21), "the first to deal with all")
                assert dealing == [event.id, *(one.id for one in later)]
                first.cancel()
                await asyncio.wait([first])
                last = await backbone.tell(5)
                await backbone.publish()
                await until(lambda: noted(backbone, 26), "the second, which has taken over")
                assert not second.done()
    assert dealing == [event.id, *(one.id for one in later), *(one.id for one in last)]


async def noted(backbone: Backbone, count: int) -> bool:
    """Whether so many effects are there and nothing is pending."""
    return len(await backbone.noted()) == count and not await backbone.pending()


async def test_whoever_has_lost_the_name_to_another_ends(backbone: Backbone) -> None:
    first, second = (Database(backbone.servers.database_urls["referral"]) for _ in range(2))
    held, waiting = WorkerName(first, NAME), WorkerName(second, NAME)
    await held.take()
    waits = asyncio.create_task(waiting.take())
    await backbone.scalar(f"SELECT count(pg_terminate_backend(pid)) FROM ({HOLDERS}) AS holders")
    await asyncio.wait_for(waits, 30)
    with pytest.raises(NameTaken, match=NAME):
        await asyncio.wait_for(held.keep(), 30)
    await first.close()
    await second.close()


async def test_the_name_outlives_a_connection_that_was_dropped(backbone: Backbone) -> None:
    database = Database(backbone.servers.database_urls["referral"])
    held = WorkerName(database, NAME)
    await held.take()
    former = await backbone.scalar(HOLDERS)
    keeps = asyncio.create_task(held.keep())
    await backbone.scalar(f"SELECT count(pg_terminate_backend(pid)) FROM ({HOLDERS}) AS holders")

    async def held_again() -> bool:
        return bool(await backbone.scalar(f"SELECT count(*) FROM ({HOLDERS} AND pid <> {former}) AS holders"))

    await until(held_again, "the name on another connection")
    assert not keeps.done()
    keeps.cancel()
    await asyncio.wait([keeps])
    await database.close()


async def test_what_the_server_still_takes_for_us_is_nobody_else(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_name, "_ANSWER_SECONDS", 0.3)
    async with behind(backbone.servers.database_urls["referral"]) as (proxy, url):
        database = Database(url)
        held = WorkerName(database, NAME)
        await held.take()
        former = await backbone.scalar(HOLDERS)
        proxy.half_open()  # the server does not learn that its client is gone
        asks = asyncio.create_task(held.take())
        await asyncio.sleep(0.5)
        proxy.heal()
        await asyncio.wait_for(asks, 30)
        assert await backbone.scalar(HOLDERS) == former
        await database.close()
