"""A whole worker on FastStream's real subscriber: it reads, it recovers, and it ends when it no longer reads."""

import asyncio
from contextlib import suppress

import pytest

from shared.consuming import dead_letters
from shared.consuming.watchdog import StoppedConsuming
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.task_group import run_task_group
from tests.events.backbone import GROUP, PATIENCE, STREAM, Backbone, failing_on, met, note, until
from tests.events.test_consuming import raw


async def done(backbone: Backbone, count: int) -> bool:
    """Whether so many effects are there and nothing is pending."""
    return len(await backbone.noted()) >= count and not await backbone.pending()


async def reading(backbone: Backbone, workers: int = 1) -> bool:
    """Whether so many workers have begun to read."""
    if not await backbone.operator.exists(STREAM):
        return False
    groups = await backbone.operator.xinfo_groups(STREAM)
    return bool(groups) and len(await backbone.operator.xinfo_consumers(STREAM, GROUP)) >= workers


async def test_events_from_before_the_first_start_and_after_are_handled_once(backbone: Backbone) -> None:
    early = await backbone.tell(150)
    await backbone.publish()
    async with backbone.working():
        await until(lambda: done(backbone, 150), "what was published before")
        late = await backbone.tell(150)
        await backbone.publish()
        await until(lambda: done(backbone, 300), "what was published after")
    assert await backbone.noted() == [event.id for event in early + late]


async def test_poison_in_a_batch_reaches_the_dead_letters_through_the_real_subscriber(backbone: Backbone) -> None:
    before = await backbone.tell()
    await backbone.publish()
    bodies = [
        {b"__data__": b"{"},
        {b"other": b"\xff\xfe"},
        {b"__data__": b"\xff\x00binary"},
        {b"__data__": raw(id=None)},
    ]
    for body in bodies:
        await backbone.add_raw(body)
    after = await backbone.tell()
    await backbone.publish()
    async with backbone.working():
        await until(lambda: done(backbone, 2), "the good neighbours")
    assert await backbone.noted() == [event.id for event in before + after]
    assert [letter.fields for letter in await dead_letters.read(backbone.operator, STREAM, GROUP)] == bodies


async def test_nothing_is_acknowledged_before_its_effect_is_committed(backbone: Backbone) -> None:
    await backbone.tell(2)
    await backbone.publish()
    held, release = asyncio.Event(), asyncio.Event()

    async def slow(tx: Transaction, event: Envelope) -> None:
        await note(tx, event)
        held.set()
        await release.wait()

    async with backbone.working(slow) as task:
        await met(held, task)
        assert len(await backbone.pending()) == 2
        release.set()
        await until(lambda: done(backbone, 2), "the end of the batch")


async def test_a_worker_cancelled_in_the_middle_of_a_batch_leaves_nothing_lost(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = await backbone.tell(5)
    await backbone.publish()
    held = asyncio.Event()

    async def stuck(tx: Transaction, event: Envelope) -> None:
        await note(tx, event)
        held.set()
        await asyncio.sleep(3600)

    async with backbone.working(stuck) as task:
        await met(held, task)
    assert await backbone.noted() == []
    assert len(await backbone.pending()) == 5
    async with backbone.working():
        await until(lambda: done(backbone, 5), "the next worker of that name")
    assert await backbone.noted() == [event.id for event in events]


async def test_a_worker_asked_to_stop_at_any_moment_of_its_start_ends(backbone: Backbone) -> None:
    """Its libraries lose a cancellation here and there; it would work on, and nobody could stop it but by force."""
    await backbone.tell()
    await backbone.publish()
    for moment in range(0, 60, 4):
        task = asyncio.create_task(backbone.worker().run())
        await asyncio.sleep(moment / 1000)
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE / 6)
        assert task.done(), f"it works on, asked to stop after {moment} ms"
        with suppress(asyncio.CancelledError):
            await task


async def test_two_workers_share_a_group_without_doubling(backbone: Backbone) -> None:
    async with backbone.working(name="worker-1"), backbone.working(name="worker-2"):
        await until(lambda: reading(backbone, 2), "both to read")
        events = [event for _ in range(8) for event in await backbone.tell(25)]
        await backbone.publish(backbone.new_relay("relay-1", batch=10))
        await until(lambda: done(backbone, 200), "all events")
    assert sorted(await backbone.noted()) == sorted(event.id for event in events)


async def test_a_failing_handler_does_not_stop_the_stream(backbone: Backbone) -> None:
    [bad] = await backbone.tell()
    await backbone.publish()
    async with backbone.working(failing_on(lambda event: event.id == bad.id)):
        await until(backbone.pending, "the bad one")
        good = await backbone.tell(3)
        await backbone.publish()
        await until(lambda: _has(backbone, 3), "the others")
    assert await backbone.noted() == [event.id for event in good]
    assert len(await backbone.pending()) == 1


async def _has(backbone: Backbone, count: int) -> bool:
    return len(await backbone.noted()) >= count


async def test_a_task_in_which_a_cancellation_gets_lost_ends_all_the_same() -> None:
    async def deaf_once() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            try:
                await asyncio.sleep(3600)
            finally:
                ended.set()

    ended = asyncio.Event()
    task = asyncio.create_task(run_task_group(deaf_once(), asyncio.sleep(3600)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_task_is_not_left_behind_when_its_end_is_asked_for_again_and_again() -> None:
    async def hard_of_hearing() -> None:
        for _ in range(3):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
        ended.set()
        await asyncio.sleep(3600)

    ended = asyncio.Event()
    task = asyncio.create_task(run_task_group(run_task_group(hard_of_hearing()), asyncio.sleep(3600)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


@pytest.mark.parametrize("command", [f"DEL {STREAM}", f"XGROUP DESTROY {STREAM} {GROUP}", "FLUSHALL"])
async def test_a_worker_whose_group_is_gone_ends(backbone: Backbone, command: str) -> None:
    await backbone.tell()
    await backbone.publish()
    async with backbone.working() as task:
        await until(lambda: done(backbone, 1), "the first event")
        await backbone.operator.execute_command(*command.split())
        with pytest.raises(BaseExceptionGroup) as ended:
            await asyncio.wait_for(task, PATIENCE)
    assert ended.value.subgroup(StoppedConsuming)


async def test_after_a_flush_a_new_worker_has_all_and_doubles_nothing(backbone: Backbone) -> None:
    events = await backbone.tell(3)
    await backbone.publish()
    async with backbone.working() as task:
        await until(lambda: done(backbone, 3), "the first events")
        await backbone.operator.flushall()
        await asyncio.wait([task], timeout=PATIENCE)
        with suppress(BaseExceptionGroup):
            await task
    late = await backbone.tell()
    await backbone.publish()
    async with backbone.working():
        await until(lambda: done(backbone, 4), "the event after the flush")
    assert await backbone.noted() == [event.id for event in events + late]
