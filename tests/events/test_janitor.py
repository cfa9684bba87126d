"""Entries that somebody was given and never finished are finished by others."""

import asyncio
from datetime import timedelta

import pytest

from shared.consuming import dead_letters
from shared.consuming.inbox import Handler
from shared.consuming.janitor import Janitor
from tests.events.backbone import GROUP, STREAM, Backbone, counted, failing_on, note

AT_ONCE = timedelta(0)


def janitor(backbone: Backbone, handler: Handler = note, name: str = "worker-2", idle: timedelta = AT_ONCE) -> Janitor:
    return Janitor(backbone.consumer, backbone.reader(handler), name, idle)


async def consumers(backbone: Backbone) -> set[str]:
    return {found["name"].decode() for found in await backbone.operator.xinfo_consumers(STREAM, GROUP)}


async def test_entries_of_a_dead_worker_are_finished_by_another(backbone: Backbone) -> None:
    events = await backbone.tell(3)
    await backbone.publish()
    await backbone.read("worker-1")
    assert await janitor(backbone).sweep() == 3
    assert await backbone.noted() == [event.id for event in events]
    assert await backbone.pending() == []


async def test_entries_in_hand_are_left_to_their_worker(backbone: Backbone) -> None:
    await backbone.tell(3)
    await backbone.publish()
    await backbone.read("worker-1")
    assert await janitor(backbone, idle=timedelta(hours=1)).sweep() == 0
    assert len(await backbone.pending()) == 3


async def test_a_bad_entry_stands_alone_and_ends_as_a_dead_letter(backbone: Backbone) -> None:
    events = await backbone.tell(5)
    await backbone.publish()
    await backbone.read("worker-1")
    sweeper = janitor(backbone, failing_on(lambda event: event.id == events[2].id))
    while await sweeper.sweep():
        pass
    assert await backbone.noted() == [event.id for event in events if event is not events[2]]
    [letter] = await dead_letters.read(backbone.operator, STREAM, GROUP)
    assert letter.failures == 3
    assert await backbone.pending() == []


async def test_a_worker_finishes_at_its_start_what_it_left_when_it_died(backbone: Backbone) -> None:
    events = await backbone.tell(150)
    await backbone.publish()
    await backbone.read("worker-1", count=1000)
    await backbone.read("worker-2")
    await janitor(backbone, name="worker-1", idle=timedelta(hours=1)).recover_own()
    assert await backbone.noted() == [event.id for event in events]
    assert await backbone.pending() == []


async def test_what_another_worker_has_in_hand_is_not_ones_own(backbone: Backbone) -> None:
    await backbone.tell(2)
    await backbone.publish()
    await backbone.read("worker-1")
    await janitor(backbone, name="worker-2").recover_own()
    assert await backbone.noted() == []


async def test_a_consumer_that_is_gone_is_deleted_unless_something_is_pending_for_it(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.consuming.janitor._CONSUMER_GONE_AFTER", AT_ONCE)
    await backbone.tell(2)
    await backbone.publish()
    held = await backbone.read("busy", count=1)
    done = await backbone.read("done", count=1)
    await backbone.operator.xack(STREAM, GROUP, done[0][0])
    await asyncio.sleep(0.01)
    await janitor(backbone, idle=timedelta(hours=1)).sweep()
    assert await consumers(backbone) == {"busy"}
    assert await backbone.pending() == [held[0][0]]


async def test_a_consumer_seen_within_the_hour_stays(backbone: Backbone) -> None:
    await backbone.read("idle")
    await janitor(backbone).sweep()
    assert "idle" in await consumers(backbone)


async def test_entries_trimmed_away_while_pending_raise_an_alarm(backbone: Backbone) -> None:
    events = await backbone.tell(4)
    await backbone.publish()
    await backbone.read("worker-1")
    alarms = counted("luotsi_trimmed_while_pending_total", stream=STREAM, group=GROUP)
    await backbone.operator.xtrim(STREAM, maxlen=1, approximate=False)
    await janitor(backbone, name="worker-1").recover_own()
    await janitor(backbone).sweep()
    assert counted("luotsi_trimmed_while_pending_total", stream=STREAM, group=GROUP) == alarms + 3
    assert await backbone.noted() == [events[3].id]
    assert await backbone.pending() == []
