"""What a stream has lost is published again without holding up what is new, and without filling Redis."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.clock import utc_now
from shared.events import Envelope
from shared.ids import new_id
from shared.publishing import losses, relay, trimming
from shared.publishing.relay import Relay
from shared.publishing.republishing import publish_again
from shared.services import groups_of
from tests.events.backbone import GROUP, STREAM, Backbone, counted
from tests.events.test_losses import settle
from tests.events.test_publishing import ids, ids_on_stream


async def told(backbone: Backbone, *versions: tuple[UUID, int]) -> list[Envelope]:
    """Events about subjects, in this order, each with the version of its subject."""
    return [(await backbone.tell(subject=subject, sequence=sequence))[0] for subject, sequence in versions]


async def lose_all(backbone: Backbone, by: Relay) -> None:
    """Empty the stream, and let a relay notice."""
    await backbone.publish(by)
    await backbone.operator.flushall()
    await by.step()


async def left(backbone: Backbone) -> int:
    """How many losses are written down as not made good."""
    return int(await backbone.scalar("SELECT count(*) FROM stream_losses", backbone.publisher))


async def make_groups(backbone: Backbone) -> None:
    """Every declared group, at the beginning of the stream."""
    for group in groups_of(STREAM):
        await backbone.operator.xgroup_create(STREAM, group, id="0", mkstream=True)


async def read_by(backbone: Backbone, groups: Sequence[str]) -> None:
    """Let groups read and acknowledge all that there is."""
    for group in groups:
        for _, entries in await backbone.operator.xreadgroup(group, "somebody", {STREAM: ">"}, count=1000):
            await backbone.operator.xack(STREAM, group, *[entry_id for entry_id, _ in entries])


async def test_what_is_new_goes_first_and_then_the_newest_each_subject_in_its_order(backbone: Backbone) -> None:
    relay_of_two = backbone.new_relay("relay-1", batch=2)
    a, b, c, d = (new_id() for _ in range(4))
    d1, a1, b1, a2, c1, b2 = await told(backbone, (d, 1), (a, 1), (b, 1), (a, 2), (c, 1), (b, 2))
    await lose_all(backbone, relay_of_two)
    [a3] = await told(backbone, (a, 3))
    await backbone.publish(relay_of_two)
    assert await ids_on_stream(backbone) == ids([a1, a2, a3, b1, c1, b2, d1])
    assert await left(backbone) == 0


async def test_more_about_one_subject_than_is_taken_at_once_keeps_its_order(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "MOST", 3)
    subject = new_id()
    lost = await backbone.tell(7, subject=subject)
    await lose_all(backbone, backbone.relay)
    new = await told(backbone, (subject, 8), (new_id(), 1))
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids([*lost, *new])
    assert await left(backbone) == 0


async def test_the_slowest_group_is_waited_for_and_what_is_new_is_not_held_up(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_LEAD", 30)
    by = backbone.new_relay("relay-1", batch=10)
    lost = await backbone.tell(100)
    await lose_all(backbone, by)
    await make_groups(backbone)
    quick, slow = groups_of(STREAM)[:-1], groups_of(STREAM)[-1:]
    for _ in range(5):
        await by.step()
        await read_by(backbone, quick)
    assert await ids_on_stream(backbone) == [each for at in (90, 80, 70) for each in ids(lost[at : at + 10])]
    [new] = await backbone.tell()
    await by.step()
    assert (await ids_on_stream(backbone))[30:] == ids([new])
    await read_by(backbone, slow)
    for _ in range(20):
        await by.step()
        await read_by(backbone, groups_of(STREAM))
        await by.trim()
    assert await left(backbone) == 0
    assert await backbone.scalar("SELECT count(*) FROM outbox WHERE published_at IS NULL", backbone.publisher) == 0
    assert int((await backbone.operator.xinfo_stream(STREAM))["entries-added"]) == 101


async def test_a_group_that_is_missing_is_the_slowest(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_LEAD", 30)
    by = backbone.new_relay("relay-1", batch=10)
    await backbone.tell(100)
    await lose_all(backbone, by)
    for _ in range(6):
        await by.step()
    assert await backbone.operator.xlen(STREAM) == 30
    await make_groups(backbone)
    await read_by(backbone, groups_of(STREAM))
    await by.step()
    assert await backbone.operator.xlen(STREAM) == 40


async def test_a_stream_that_nobody_reads_is_filled_again(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of a service which is new, and of which nobody has asked anything yet."""
    monkeypatch.setattr(trimming, "groups_of", lambda _: ())
    by = backbone.new_relay("relay-1", batch=10)
    await backbone.tell(30)
    await lose_all(backbone, by)
    for _ in range(6):
        await by.step()
    assert await backbone.operator.xlen(STREAM) == 30


async def test_a_relay_that_dies_in_the_middle_is_followed_by_one_that_goes_on(backbone: Backbone) -> None:
    events = await backbone.tell(50)
    by = backbone.new_relay("relay-1", batch=10)
    await lose_all(backbone, by)
    for _ in range(2):
        await by.step()
    async with backbone.publisher.transaction() as tx:
        await tx.execute(text("UPDATE leases SET expires_at = now() - interval '1 second'"))
    await backbone.publish(backbone.new_relay("relay-2", batch=10))
    assert Counter(await ids_on_stream(backbone)) == Counter(ids(events))
    assert await left(backbone) == 0
    await settle(backbone)
    assert sorted(await backbone.noted()) == sorted(event.id for event in events)


@pytest.mark.parametrize("survivors", [None, 15])
async def test_a_stream_that_is_lost_once_more_meanwhile_is_filled_all_the_same(
    backbone: Backbone, survivors: int | None
) -> None:
    """The second time with what the first loss had spared, or with some of what was published again."""
    events = await backbone.tell(50)
    by = backbone.new_relay("relay-1", batch=10)
    await backbone.publish(by)
    for entry_id, _ in (await backbone.operator.xrange(STREAM))[20:]:
        await backbone.operator.xdel(STREAM, entry_id)
    number = counted("luotsi_stream_losses_total", stream=STREAM)
    for _ in range(3):
        await by.step()
    new = await backbone.tell()
    await by.step()
    if survivors is None:
        await backbone.operator.flushall()
    else:
        for entry_id, _ in (await backbone.operator.xrange(STREAM))[20 + survivors :]:
            await backbone.operator.xdel(STREAM, entry_id)
    await backbone.publish(by)
    assert set(await ids_on_stream(backbone)) == set(ids([*events, *new]))
    assert counted("luotsi_stream_losses_total", stream=STREAM) == number + 2
    assert await left(backbone) == 0
    await settle(backbone)
    assert sorted(await backbone.noted()) == sorted(event.id for event in [*events, *new])


async def test_what_one_loss_had_spared_and_the_next_took_is_published_again(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything was added after the first: no newer entry is there to be missed."""
    monkeypatch.setattr(relay, "_LEAD", 20)
    events = await backbone.tell(50)
    await backbone.publish()
    for entry_id, _ in (await backbone.operator.xrange(STREAM))[30:]:
        await backbone.operator.xdel(STREAM, entry_id)
    for _ in range(3):  # no group is there, so nothing is added
        await backbone.relay.step()
    assert await ids_on_stream(backbone) == ids(events[:30])
    await backbone.operator.flushall()
    monkeypatch.setattr(relay, "_LEAD", 1000)
    await backbone.publish()
    assert Counter(await ids_on_stream(backbone)) == Counter(ids(events))
    assert await left(backbone) == 0


async def test_marks_that_a_crash_of_the_database_forgot_are_made_again(backbone: Backbone) -> None:
    events = await backbone.tell(40)
    by = backbone.new_relay("relay-1", batch=10)
    await lose_all(backbone, by)
    before = await backbone.scalar("SELECT max(entry_ms) FROM outbox", backbone.publisher)
    await by.step()
    await by.step()
    forgotten = f"UPDATE outbox SET entry_ms = {before}, entry_seq = 0 WHERE event_id = '{events[-1].id}'"
    async with backbone.publisher.transaction() as tx:
        await tx.execute(text(forgotten))
    await backbone.publish(by)
    assert Counter(await ids_on_stream(backbone)) == Counter(ids([*events, events[-1]]))
    assert await left(backbone) == 0


async def test_a_server_whose_clock_is_behind_gives_names_beyond_all_earlier_ones(backbone: Backbone) -> None:
    events = await backbone.tell(3)
    await backbone.publish()
    async with backbone.publisher.transaction() as tx:
        await tx.execute(text("UPDATE outbox SET entry_ms = entry_ms + 3600000"))
    await backbone.operator.flushall()
    number = counted("luotsi_stream_losses_total", stream=STREAM)
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids(events)
    [new] = await backbone.tell()
    await backbone.publish()
    assert (await ids_on_stream(backbone))[-1] == str(new.id)
    assert counted("luotsi_stream_losses_total", stream=STREAM) == number + 1
    assert await left(backbone) == 0


async def test_effects_stay_single_and_nothing_is_lost_where_the_group_had_read_half(backbone: Backbone) -> None:
    events = await backbone.tell(200)
    await backbone.publish()
    await backbone.reader().take_batch(await backbone.read(count=100))
    await lose_all(backbone, backbone.relay)
    await settle(backbone)
    assert sorted(await backbone.noted()) == sorted(event.id for event in events)
    assert await backbone.operator.exists(f"{STREAM}.dead.{GROUP}") == 0


async def ask_again(backbone: Backbone, after: int | None = None) -> int:
    """Let events be published again as an operator does: all, or those recorded after a row of the log."""
    since = None
    if after is not None:
        since = await backbone.scalar(f"SELECT recorded_at FROM outbox WHERE id > {after} LIMIT 1", backbone.publisher)
    async with backbone.publisher.transaction() as tx:
        return await publish_again(tx, STREAM, since)


async def test_what_an_operator_wants_again_goes_out_like_what_was_lost(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_LEAD", 30)
    by = backbone.new_relay("relay-1", batch=10)
    events = await backbone.tell(100)
    await make_groups(backbone)
    await backbone.publish(by)
    await read_by(backbone, groups_of(STREAM))
    number = counted("luotsi_stream_losses_total", stream=STREAM)
    assert await ask_again(backbone) == 100
    for _ in range(6):
        await by.step()
    [new] = await backbone.tell()
    await by.step()
    again = [each for at in (90, 80, 70) for each in ids(events[at : at + 10])]
    assert (await ids_on_stream(backbone))[100:] == [*again, *ids([new])]
    for _ in range(20):
        await read_by(backbone, groups_of(STREAM))
        await by.step()
    assert Counter(await ids_on_stream(backbone)) == Counter(ids([*events, *events, new]))
    assert await left(backbone) == 0
    assert counted("luotsi_stream_losses_total", stream=STREAM) == number, "nothing was lost"


@pytest.mark.parametrize("survivors", [0, 3, 7])
async def test_a_loss_before_anything_is_published_again_is_noticed(backbone: Backbone, survivors: int) -> None:
    """What an operator wants again is the newer half; the older one may be lost as well."""
    events = [*await backbone.tell(5), *await backbone.tell(5)]
    await backbone.publish()
    assert await ask_again(backbone, after=5) == 5
    for entry_id, _ in (await backbone.operator.xrange(STREAM))[survivors:]:
        await backbone.operator.xdel(STREAM, entry_id)
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids([*events[:survivors], *events[min(survivors, 5) :]])
    assert await left(backbone) == 0


async def test_what_is_wanted_again_is_not_all_because_older_entries_were_trimmed(backbone: Backbone) -> None:
    events = [*await backbone.tell(5), *await backbone.tell(5)]
    await backbone.publish()
    await backbone.operator.xtrim(STREAM, maxlen=1, approximate=False)
    assert await ask_again(backbone, after=5) == 5
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids([events[-1], *events[5:]])


async def test_what_is_wanted_again_while_a_loss_is_made_good_is_part_of_it(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_LEAD", 30)
    by = backbone.new_relay("relay-1", batch=10)
    events = [*await backbone.tell(40), *await backbone.tell(10)]
    await lose_all(backbone, by)
    await by.step()
    assert await ask_again(backbone, after=40) == 50, "what is lost, and once more what has gone out"
    await make_groups(backbone)
    for _ in range(20):
        await by.step()
        await read_by(backbone, groups_of(STREAM))
    assert Counter(await ids_on_stream(backbone)) == Counter(ids([*events, *events[40:]]))
    assert await left(backbone) == 0


async def test_where_nothing_was_recorded_since_nothing_is_published_again(backbone: Backbone) -> None:
    await backbone.tell(3)
    await backbone.publish()
    async with backbone.publisher.transaction() as tx:
        assert await publish_again(tx, STREAM, utc_now()) == 0
    assert await left(backbone) == 0
