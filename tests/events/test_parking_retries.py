"""A waiting event whose fact has come and whose handler failed is tried again, and is never dropped."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.consuming import dead_letters
from shared.consuming.inbox import RETRY, handle
from shared.consuming.janitor import Janitor
from shared.consuming.parked import retry_stuck
from shared.consuming.stream_reader import StreamReader, ensure_group
from shared.consuming.worker import Worker
from shared.database.connections import Database
from shared.events import Envelope
from tests.events.backbone import GROUP, STREAM, Backbone, until
from tests.events.parking import FACT, Needs, event, ledger, parked


async def test_a_waiting_event_that_fails_does_not_blame_the_one_that_brought_its_fact(backbone: Backbone) -> None:
    needs = Needs(failures=1)
    bad, good, fact = event(backbone), event(backbone), event(backbone, FACT)
    await handle(backbone.consuming, needs.consumer, [bad, good])
    await handle(backbone.consuming, needs.consumer, [fact])
    assert await ledger(backbone) == [fact.id, good.id]
    assert await parked(backbone) == 1
    await retry_stuck(backbone.consuming, backbone.consumer, needs.consumer, max_failures=3)
    assert await ledger(backbone) == [fact.id, good.id, bad.id]
    assert await parked(backbone) == 0


async def test_a_worker_tries_a_waiting_event_that_failed_again_by_itself(backbone: Backbone) -> None:
    """It is in no stream any more, so nothing but the janitor comes back to it."""
    needs = Needs(failures=1)
    waiting, fact = event(backbone), event(backbone, FACT)
    await handle(backbone.consuming, needs.consumer, [waiting])
    await handle(backbone.consuming, needs.consumer, [fact])
    assert await backbone.scalar("SELECT waits_for FROM parked") == RETRY
    database = Database(backbone.servers.database_urls["referral"])
    worker = Worker("referral", backbone.settings("worker-1"), database, [needs.consumer])
    working = asyncio.create_task(worker.run())
    try:

        async def dealt_with() -> bool:
            assert not working.done()
            return await parked(backbone) == 0

        await until(dealt_with, "the second try")
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
    assert await ledger(backbone) == [fact.id, waiting.id]


async def test_a_sweep_leaves_alone_what_has_just_failed(backbone: Backbone) -> None:
    needs = Needs(failures=99)
    waiting, fact = event(backbone), event(backbone, FACT)
    await handle(backbone.consuming, needs.consumer, [waiting])
    await handle(backbone.consuming, needs.consumer, [fact])
    reader = StreamReader(backbone.consuming, backbone.consumer, needs.consumer, 5)
    await ensure_group(backbone.consumer, STREAM, GROUP)
    sweeper, looks = Janitor(backbone.consumer, reader, "worker-1"), needs.looks
    for _ in range(3):
        await sweeper.sweep()
    assert needs.looks == looks + 1
    assert await parked(backbone) == 1


async def test_what_failed_before_the_clock_was_set_back_is_tried_again(backbone: Backbone) -> None:
    needs = Needs(failures=1)
    waiting, fact = event(backbone), event(backbone, FACT)
    await handle(backbone.consuming, needs.consumer, [waiting])
    await handle(backbone.consuming, needs.consumer, [fact])
    needs.failures = 1
    await retry_stuck(backbone.consuming, backbone.consumer, needs.consumer, max_failures=3)
    async with backbone.consuming.transaction() as tx:
        await tx.execute(text("UPDATE failures SET last_failed_at = last_failed_at + interval '10 minutes'"))
    await retry_stuck(backbone.consuming, backbone.consumer, needs.consumer, 3, timedelta(seconds=30))
    assert await parked(backbone) == 0


async def test_a_waiting_event_that_fails_too_often_becomes_a_dead_letter(backbone: Backbone) -> None:
    needs = Needs(failures=99)
    bad, fact = event(backbone), event(backbone, FACT)
    await handle(backbone.consuming, needs.consumer, [bad])
    await handle(backbone.consuming, needs.consumer, [fact])
    while await parked(backbone):
        assert await dead_letters.read(backbone.operator, STREAM, GROUP) == []
        await retry_stuck(backbone.consuming, backbone.consumer, needs.consumer, max_failures=3)
    [letter] = await dead_letters.read(backbone.operator, STREAM, GROUP)
    assert letter.failures == 3
    assert Envelope.model_validate_json(letter.fields[b"__data__"]) == bad
    await dead_letters.replay(backbone.operator, STREAM, GROUP, letter)
    needs.failures = 0
    reader = backbone.reader(needs.need)
    await reader.take_batch(await backbone.read())
    assert await ledger(backbone) == [fact.id, bad.id]


@pytest.mark.parametrize("failures", [0, 99])
async def test_two_workers_that_try_a_waiting_event_at_once_do_it_once(backbone: Backbone, failures: int) -> None:
    needs = Needs(failures=1)
    waiting, fact = event(backbone), event(backbone, FACT)
    await handle(backbone.consuming, needs.consumer, [waiting])
    await handle(backbone.consuming, needs.consumer, [fact])
    needs.failures = failures
    tries = [retry_stuck(backbone.consuming, backbone.consumer, needs.consumer, max_failures=1) for _ in range(2)]
    await asyncio.gather(*tries)
    assert await parked(backbone) == 0
    letters = await dead_letters.read(backbone.operator, STREAM, GROUP)
    assert len(letters) == (1 if failures else 0)
    assert await ledger(backbone) == ([fact.id] if failures else [fact.id, waiting.id])


async def test_an_outage_while_a_waiting_event_is_handled_is_no_failure_of_it(backbone: Backbone) -> None:
    needs = Needs()
    waiting, fact = event(backbone), event(backbone, FACT)
    await handle(backbone.consuming, needs.consumer, [waiting])
    needs.outages = 1
    with pytest.raises(ConnectionError):
        await handle(backbone.consuming, needs.consumer, [fact])
    assert await backbone.scalar("SELECT waits_for FROM parked") == "the fact"
    needs.failures = 1
    await handle(backbone.consuming, needs.consumer, [fact])  # now it is stuck
    needs.outages = 1
    with pytest.raises(ConnectionError):
        await retry_stuck(backbone.consuming, backbone.consumer, needs.consumer, max_failures=1)
    assert await backbone.scalar("SELECT count(*) FROM failures") == 0
    await retry_stuck(backbone.consuming, backbone.consumer, needs.consumer, max_failures=1)
    assert await ledger(backbone) == [fact.id, waiting.id]
