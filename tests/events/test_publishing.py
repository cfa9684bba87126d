"""From the outbox onto the stream: everything committed, in order, whatever breaks in between."""

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from shared.events import Envelope
from shared.events.catalog import MemberState
from shared.ids import new_id
from shared.publishing.batches import EntryId
from shared.publishing.outbox import Outbox
from shared.publishing.relay import Relay
from tests.builders import names
from tests.events.backbone import STREAM, Backbone, Trouble, until


async def ids_on_stream(backbone: Backbone) -> list[str]:
    """The event ids on the stream, in its order."""
    entries = await backbone.operator.xrange(STREAM)
    return [json.loads(fields[b"__data__"])["id"] for _, fields in entries]


def ids(events: list[Envelope]) -> list[str]:
    return [str(event.id) for event in events]


async def test_an_entry_is_plain_json_that_any_client_can_read(backbone: Backbone) -> None:
    [event] = await backbone.tell()
    await backbone.publish()
    [(_, fields)] = await backbone.operator.xrange(STREAM)
    assert list(fields) == [b"__data__"]
    read = json.loads(fields[b"__data__"])
    assert read["specversion"] == "1.0"
    assert (read["id"], read["type"], read["subject"]) == (str(event.id), event.type, event.subject)
    assert read["data"]["name"]["fi"] == names("kuopio").fi


async def test_an_event_of_a_rolled_back_change_never_happened(backbone: Backbone) -> None:
    async def record_in_vain() -> None:
        async with backbone.publisher.transaction() as tx:
            backbone.record(tx)
            await tx.flush()
            raise Trouble

    with pytest.raises(Trouble):
        await record_in_vain()
    await backbone.publish()
    assert await ids_on_stream(backbone) == []


async def test_an_event_is_of_the_epoch_of_the_settings_where_the_database_has_none(backbone: Backbone) -> None:
    backbone.outbox = Outbox("catalog", epoch=2)
    assert [event.epoch for event in await backbone.tell(2)] == [2, 2]


async def test_data_that_the_type_does_not_carry_is_refused(backbone: Backbone) -> None:
    member = MemberState(
        id=new_id(), organization_id=new_id(), email="a@b.example", language="fi", roles=(), active=True
    )
    async with backbone.publisher.transaction() as tx:
        with pytest.raises(TypeError):
            backbone.outbox.record(tx, "catalog.organization_changed.v1", member.id, 1, member)


async def test_the_order_of_the_log_is_the_order_of_the_stream(backbone: Backbone) -> None:
    subject = new_id()
    events = [(await backbone.tell(subject=subject, sequence=number + 1))[0] for number in range(7)]
    await backbone.publish(backbone.new_relay("relay-1", batch=3))
    assert await ids_on_stream(backbone) == ids(events)


async def test_an_event_committed_after_a_higher_one_is_published_too(backbone: Backbone) -> None:
    async with backbone.publisher.transaction() as slow:
        low = backbone.record(slow)
        await slow.flush()
        [high] = await backbone.tell()
        await backbone.publish()
        assert await ids_on_stream(backbone) == ids([high])
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids([high, low])


async def test_a_relay_that_dies_between_publishing_and_marking_loses_nothing(backbone: Backbone) -> None:
    events = await backbone.tell(2)
    rows = await backbone.scalar("SELECT array_agg(payload ORDER BY id) FROM outbox", backbone.publisher)
    for payload in rows:
        await backbone.add_raw({b"__data__": payload.encode()})
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids(events) * 2


async def test_one_relay_works_at_a_time_and_another_takes_over_from_a_dead_one(backbone: Backbone) -> None:
    other = backbone.new_relay("relay-2")
    assert await backbone.relay.step() == 0
    await backbone.tell(3)
    assert await other.step() is None
    async with backbone.publisher.transaction() as tx:  # as if the holder had not been heard of for long
        await tx.execute(text("UPDATE leases SET expires_at = now() - interval '1 second'"))
    assert await other.step() == 3
    assert await backbone.relay.step() is None
    assert len(await ids_on_stream(backbone)) == 3


async def test_a_lease_of_before_the_clock_was_set_back_holds_nobody_up(backbone: Backbone) -> None:
    set_back = text("UPDATE leases SET expires_at = expires_at + interval '10 minutes'")
    assert await backbone.relay.step() == 0
    async with backbone.publisher.transaction() as tx:
        await tx.execute(set_back)
    assert await backbone.relay.step() == 0
    assert await backbone.scalar("SELECT expires_at < now() + interval '7 seconds' FROM leases", backbone.publisher)
    async with backbone.publisher.transaction() as tx:  # and before its holder came back to it
        await tx.execute(set_back)
    await backbone.tell(3)
    assert await backbone.new_relay("relay-2").step() == 3
    assert await backbone.relay.step() is None


async def test_a_relay_that_ends_in_an_orderly_way_gives_its_lease_back(backbone: Backbone) -> None:
    task = asyncio.create_task(backbone.relay.run())
    [event] = await backbone.tell()
    while await ids_on_stream(backbone) != ids([event]):
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await backbone.new_relay("relay-2").step() is not None


async def test_a_holder_that_lost_its_lease_unawares_does_no_harm(backbone: Backbone) -> None:
    """It publishes once more what its successor has published, and the effect is there once."""
    events = await backbone.tell(3)
    stale = backbone.new_relay("relay-2")
    release, held = asyncio.Event(), asyncio.Event()
    append = stale._append

    async def late(*args: object) -> object:
        held.set()
        await release.wait()
        return await append(*args)  # type: ignore[arg-type]

    stale._append = late  # type: ignore[assignment, method-assign]
    step = asyncio.create_task(stale.step())
    await held.wait()
    async with backbone.publisher.transaction() as tx:
        await tx.execute(text("UPDATE leases SET expires_at = now() - interval '1 second'"))
    await backbone.publish()
    more = await backbone.tell(2)
    await backbone.publish()
    release.set()
    await step
    assert await ids_on_stream(backbone) == ids([*events, *more, *events])
    await backbone.reader().take_batch(await backbone.read())
    assert await backbone.noted() == [event.id for event in [*events, *more]]
    await backbone.publish()
    assert len(await ids_on_stream(backbone)) == 8


async def test_a_commit_wakes_the_relay(backbone: Backbone) -> None:
    """Without the wake-up the relay would sleep: here it would sleep for ever."""
    asleep = backbone.relay.listener
    listening = asyncio.create_task(asleep.listen())
    try:
        await asyncio.wait_for(asleep.wait(3600), 30)  # it wakes once when it begins to listen
        await backbone.tell()
        await asyncio.wait_for(asleep.wait(3600), 30)
    finally:
        listening.cancel()


async def test_a_sleeper_that_is_cancelled_as_it_is_woken_ends(backbone: Backbone) -> None:
    """Otherwise a worker that is asked to stop in the moment of a commit would go on for ever."""
    listener = backbone.new_relay("relay-1").listener
    sleeping = asyncio.create_task(listener.wait(3600))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    listener.wake()
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping


async def test_what_is_recorded_while_the_relay_rests_goes_out_together(backbone: Backbone) -> None:
    relay = Relay(backbone.publisher, backbone.producer, STREAM, "relay-1", delay=3.0)
    append, sizes = relay._append, []

    async def counted(payloads: Sequence[str], *others: Any) -> list[EntryId] | None:
        sizes.append(len(payloads))
        return await append(payloads, *others)

    async def published(count: int) -> bool:
        return len(await ids_on_stream(backbone)) == count

    relay._append = counted  # type: ignore[assignment, method-assign]
    running = asyncio.create_task(relay.run())
    await until(partial(published, 0), "an empty stream")
    await backbone.tell()
    await until(partial(published, 1), "the first event")
    for _ in range(3):
        await backbone.tell()
    await until(partial(published, 4), "all events")
    running.cancel()
    await asyncio.wait([running])
    assert [size for size in sizes if size] == [1, 3]
