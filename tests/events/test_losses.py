"""A stream that lost entries is noticed and repaired by the relay itself; trimming never is taken for a loss."""

import asyncio

import pytest
from redis.exceptions import ResponseError
from sqlalchemy import text

from shared.consuming.stream_reader import ensure_group
from shared.publishing import relay
from shared.services import groups_of
from tests.events.backbone import GROUP, STREAM, Backbone, counted, until
from tests.events.test_publishing import ids, ids_on_stream


async def settle(backbone: Backbone) -> None:
    """Publish and consume until nothing is left to do."""
    await backbone.publish()
    while entries := await backbone.read():
        await backbone.reader().take_batch(entries)


@pytest.mark.parametrize("command", ["FLUSHALL", f"DEL {STREAM}", f"XTRIM {STREAM} MAXLEN 0"])
async def test_an_emptied_stream_is_filled_again_and_effects_stay_single(backbone: Backbone, command: str) -> None:
    events = await backbone.tell(5)
    await settle(backbone)
    unread = await backbone.tell(2)
    await backbone.publish()
    losses = counted("luotsi_stream_losses_total", stream=STREAM)
    await backbone.operator.execute_command(*command.split())
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids([*events, *unread])
    assert counted("luotsi_stream_losses_total", stream=STREAM) == losses + 1
    await settle(backbone)
    assert await backbone.noted() == [event.id for event in [*events, *unread]]


async def test_a_cut_tail_alone_is_published_again(backbone: Backbone) -> None:
    events = await backbone.tell(6)
    await backbone.publish()
    for entry_id, _ in (await backbone.operator.xrange(STREAM))[4:]:
        await backbone.operator.xdel(STREAM, entry_id)
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids(events)


async def test_a_stream_that_is_replaced_while_events_are_under_way_is_repaired(backbone: Backbone) -> None:
    """The flush falls between the relay's reading of its log and its writing to the stream."""
    events = await backbone.tell(3)
    await backbone.publish()
    late = await backbone.tell(2)
    append = backbone.relay._append

    async def after_a_flush(*args: object) -> object:
        await backbone.operator.flushall()
        backbone.relay._append = append  # type: ignore[method-assign]
        return await append(*args)  # type: ignore[arg-type]

    backbone.relay._append = after_a_flush  # type: ignore[assignment, method-assign]
    await backbone.publish()
    assert set(ids(events)) <= set(await ids_on_stream(backbone))
    await settle(backbone)
    assert sorted(await backbone.noted()) == sorted(event.id for event in [*events, *late])


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_what_was_written_by_scripts_and_transactions_is_there_after_a_restart(
    backbone: Backbone, end: str
) -> None:
    """The server replays them as its default user, who is closed to everybody else."""
    events = await backbone.tell(4)
    await settle(backbone)  # the relay's script
    async with backbone.operator.pipeline(transaction=True) as both:
        both.xadd("kept", {"a": "b"})
        both.xadd("kept", {"a": "c"})
        await both.execute()
    losses = counted("luotsi_stream_losses_total", stream=STREAM)
    getattr(backbone.servers.valkey, end)()
    backbone.servers.valkey.start()
    await asyncio.to_thread(backbone.servers.wait_ready)
    assert await backbone.relay.step() == 0, "nothing is published again"
    assert await ids_on_stream(backbone) == ids(events)
    assert await backbone.operator.xlen("kept") == 2
    assert counted("luotsi_stream_losses_total", stream=STREAM) == losses
    assert await backbone.pending() == []


async def test_a_loss_in_an_idle_hour_is_noticed_without_a_new_event(backbone: Backbone) -> None:
    events = await backbone.tell(2)
    await backbone.publish()
    await backbone.operator.flushall()
    assert await backbone.relay.step() != 0
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids(events)


async def read_by_all(backbone: Backbone) -> None:
    """Let every declared group read and acknowledge all."""
    for group in groups_of(STREAM):
        await backbone.operator.xgroup_create(STREAM, group, id="0", mkstream=True)
        found = await backbone.operator.xreadgroup(group, "somebody", {STREAM: ">"}, count=1000)
        for _, entries in found:
            await backbone.operator.xack(STREAM, group, *[entry_id for entry_id, _ in entries])


async def test_trimming_stays_behind_what_every_declared_group_acknowledged(backbone: Backbone) -> None:
    await backbone.tell(600)
    await backbone.publish()
    await read_by_all(backbone)
    await backbone.operator.xgroup_setid(STREAM, GROUP, "0")
    held = (await backbone.operator.xreadgroup(GROUP, "somebody", {STREAM: ">"}, count=350))[0][1]
    await backbone.operator.xack(STREAM, GROUP, *[entry_id for entry_id, _ in held[:-50]])
    await backbone.relay.trim()
    [(first, _)] = await backbone.operator.xrange(STREAM, count=1)
    assert held[0][0] < first <= held[300][0]
    assert len(await backbone.pending()) == 50
    assert len(await backbone.operator.xrange(STREAM, held[300][0])) == 300


async def test_a_missing_declared_group_stops_trimming(backbone: Backbone) -> None:
    await backbone.tell(300)
    await backbone.publish()
    await read_by_all(backbone)
    await backbone.operator.xgroup_destroy(STREAM, "notifications")
    await backbone.relay.trim()
    assert await backbone.operator.xlen(STREAM) == 300
    assert counted("luotsi_missing_groups", stream=STREAM) == 1
    await backbone.operator.xgroup_create(STREAM, "notifications", id="$")
    await backbone.relay.trim()
    assert await backbone.operator.xlen(STREAM) < 300
    assert counted("luotsi_missing_groups", stream=STREAM) == 0


async def test_trimming_keeps_the_entry_by_which_a_loss_is_told(backbone: Backbone) -> None:
    """Entries that no log knows come last and are read by all; the newest known one stays all the same."""
    await backbone.tell(250)
    await backbone.publish()
    for _ in range(250):
        await backbone.add_raw({b"__data__": b"of nobody"})
    await read_by_all(backbone)
    losses = counted("luotsi_stream_losses_total", stream=STREAM)
    await backbone.relay.trim()
    assert await backbone.operator.xlen(STREAM) < 500
    assert await backbone.relay.step() == 0
    assert counted("luotsi_stream_losses_total", stream=STREAM) == losses


async def test_the_relay_trims_by_itself_now_and_then(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_TRIM_EVERY_SECONDS", 0.1)
    await backbone.tell(300)
    await backbone.publish()
    await read_by_all(backbone)

    async def trimmed() -> bool:
        return int(await backbone.operator.xlen(STREAM)) < 300

    task = asyncio.create_task(backbone.relay.run())
    await until(trimmed, "the relay to trim")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_relay_without_the_lease_trims_nothing(backbone: Backbone) -> None:
    await backbone.tell(300)
    await backbone.publish()
    await read_by_all(backbone)
    await backbone.new_relay("relay-2").trim()
    assert await backbone.operator.xlen(STREAM) == 300


async def test_what_redis_refuses_is_not_taken_for_a_stream_that_is_gone(backbone: Backbone) -> None:
    await backbone.tell()
    await backbone.publish()
    await backbone.operator.set(STREAM, "something else")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await backbone.relay.trim()
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await backbone.relay.step()
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await ensure_group(backbone.consumer, STREAM, GROUP)
    assert await backbone.scalar("SELECT count(*) FROM outbox WHERE published_at IS NULL", backbone.publisher) == 0


async def test_trimming_waits_for_nothing_where_there_is_no_stream(backbone: Backbone) -> None:
    await backbone.tell()
    async with backbone.publisher.transaction() as tx:
        await tx.execute(text("UPDATE outbox SET published_at = now(), entry_ms = 1, entry_seq = 0"))
    await backbone.relay.trim()
    assert await backbone.operator.exists(STREAM) == 0
