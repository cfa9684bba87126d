"""Events at rest are packed: none is lost or doubled, and whoever reads finds them as they were."""

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.clock import utc_now
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import OrganizationState
from shared.ids import new_id
from shared.publishing import event_packer, packs
from shared.publishing.event_packer import EventPacker
from shared.publishing.pack_body import PackedEvent, read_body
from shared.publishing.republishing import publish_again
from shared.services import groups_of
from tests.builders import names
from tests.events.backbone import STREAM, TYPE, Backbone
from tests.events.test_events_cli import run
from tests.events.test_publishing import ids, ids_on_stream
from tests.events.test_replaying import left, make_groups, read_by
from tests.plans import nodes_of

_ODD = ("kuopio", "päiväkoti ☃ \U0001f600", "line\nline", '"quoted"\\', "a\\u0000b", " ")
_LOG = text(
    "SELECT id, event_id, type, subject, recorded_at, published_at, entry_ms, entry_seq, payload "
    "FROM outbox ORDER BY id"
)
_BODIES = text("SELECT body FROM event_packs")


@pytest.fixture
def packer(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> EventPacker:
    """It packs what was recorded before today's end."""
    monkeypatch.setattr(event_packer, "_PAUSE_SECONDS", 0)
    return EventPacker(
        backbone.publisher, backbone.producer, STREAM, 1, clock=lambda: utc_now() + timedelta(days=1, hours=1)
    )


async def at_rest(backbone: Backbone) -> None:
    """Publish all, and let every group deal with it; and one event more, which stays as the newest."""
    await backbone.publish()
    await read_by(backbone, groups_of(STREAM))
    await backbone.tell()
    await backbone.publish()
    await read_by(backbone, groups_of(STREAM))


async def outbox(backbone: Backbone) -> list[PackedEvent]:
    async with backbone.publisher.transaction() as tx:
        return [PackedEvent(*row) for row in await tx.execute(_LOG)]


async def packed(backbone: Backbone) -> list[PackedEvent]:
    async with backbone.publisher.transaction() as tx:
        return [event for body in (await tx.execute(_BODIES)).scalars() for event in read_body(body)]


async def everything(backbone: Backbone) -> list[PackedEvent]:
    return sorted([*await packed(backbone), *await outbox(backbone)], key=lambda event: event.id)


async def tell_at_random(backbone: Backbone, chance: random.Random, count: int) -> None:
    """Events about a few subjects, mixed, with all kinds of text in them."""
    subjects = [new_id() for _ in range(max(2, count // 4))]
    told: dict[UUID, int] = {}
    for _ in range(count):
        subject = chance.choice(subjects)
        told[subject] = told.get(subject, 0) + 1
        name = "".join(chance.choices(_ODD, k=chance.randrange(1, 9)))
        async with backbone.publisher.transaction() as tx:
            state = OrganizationState(id=subject, slug="kuopio", name=names(name), active=True)
            backbone.outbox.record(tx, TYPE, subject, told[subject], state)


@pytest.mark.parametrize("seed", range(4))
async def test_every_reader_finds_the_same_before_and_after(
    backbone: Backbone, packer: EventPacker, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(event_packer, "_PORTION", chance.randrange(1, 40))
    monkeypatch.setattr(event_packer, "_PACK", chance.randrange(1, 20))
    await make_groups(backbone)
    await tell_at_random(backbone, chance, chance.randrange(20, 60))
    await at_rest(backbone)
    before = await outbox(backbone)
    assert await packer.look_through() == len(before) - 1
    assert [event.id for event in await outbox(backbone)] == [before[-1].id]
    assert await everything(backbone) == before
    subjects = {event.subject for event in before[:-1]}
    some = set(chance.sample(sorted(subjects), len(subjects) // 2))
    async with backbone.publisher.transaction() as tx:
        about = sorted([each async for each in packs.about(tx, some, [TYPE])], key=lambda event: event.id)
        assert [each async for each in packs.about(tx, some, ["another.v1"])] == []
    assert about == [event for event in before if event.subject in some]
    since = chance.choice(before).recorded_at
    async with backbone.publisher.transaction() as tx:
        assert await publish_again(tx, STREAM, since) == sum(event.recorded_at >= since for event in before)
    assert {event.id for event in before if event.recorded_at >= since} <= {e.id for e in await outbox(backbone)}
    await packs.bring_all_back(backbone.publisher)
    assert await packed(backbone) == []
    found = [(event.id, event.event_id, event.payload) for event in await outbox(backbone)]
    assert found == [(event.id, event.event_id, event.payload) for event in before]


async def test_what_comes_back_is_row_for_row_what_it_was(backbone: Backbone, packer: EventPacker) -> None:
    await make_groups(backbone)
    await tell_at_random(backbone, random.Random(7), 50)
    await at_rest(backbone)
    before = await outbox(backbone)
    await packer.look_through()
    result = await run(backbone, "unpack", "catalog")
    assert result.exit_code == 0, result.output
    assert f"{len({event.subject for event in before[:-1]})} things" in result.stdout
    assert await outbox(backbone) == before
    assert await backbone.scalar("SELECT count(*) FROM packed_subjects", backbone.publisher) == 0


async def test_nothing_is_packed_that_is_not_published_or_not_old_enough(
    backbone: Backbone, packer: EventPacker
) -> None:
    await make_groups(backbone)
    subject = new_id()
    await backbone.tell(2, subject=subject)
    await at_rest(backbone)
    waiting = await backbone.tell(3)
    await backbone.tell(1, subject=subject, sequence=3)
    assert await packer.look_through() == 0
    young = EventPacker(backbone.publisher, backbone.producer, STREAM, 1)
    await at_rest(backbone)
    assert await young.look_through() == 0
    assert {event.event_id for event in await outbox(backbone)} >= {event.id for event in waiting}
    async with backbone.publisher.transaction() as tx:
        again = await publish_again(tx, STREAM)
    assert await packer.look_through() == 0, "what is to be published again is not published"
    await at_rest(backbone)
    assert await packer.look_through() == again


async def test_nothing_is_packed_that_a_group_has_in_hand_or_that_is_lost(
    backbone: Backbone, packer: EventPacker
) -> None:
    assert await packer.step() is None, "without a stream nobody knows"
    await make_groups(backbone)
    await backbone.tell(4)
    await backbone.publish()
    first, *others = groups_of(STREAM)
    await read_by(backbone, others)
    [(_, entries)] = await backbone.operator.xreadgroup(first, "somebody", {STREAM: ">"}, count=1000)
    await backbone.operator.xack(STREAM, first, entries[0][0])
    assert await packer.look_through() == 1, "what comes before the oldest in hand"
    await backbone.operator.flushall()
    await make_groups(backbone)
    await backbone.relay.step()  # notices the loss
    assert await left(backbone) == 1
    await backbone.operator.xadd(STREAM, {"x": "y"}, id="9999999999999-0")
    await read_by(backbone, groups_of(STREAM))
    assert await packer.look_through() == 0


async def test_a_packer_that_is_killed_in_the_middle_has_changed_nothing(
    backbone: Backbone, packer: EventPacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_groups(backbone)
    await tell_at_random(backbone, random.Random(3), 40)
    await at_rest(backbone)
    before = await outbox(backbone)
    monkeypatch.setattr(event_packer, "_PACK", 5)
    add, added = packs.add, []

    async def and_die(tx: Transaction, events: Sequence[PackedEvent]) -> None:
        await add(tx, events)
        added.append(events)
        if len(added) == 3:
            await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(packs, "add", and_die)
    with pytest.raises(DBAPIError):
        await packer.look_through()
    assert len(added) == 3
    assert await outbox(backbone) == before
    assert await packed(backbone) == []
    monkeypatch.setattr(packs, "add", add)
    assert await packer.look_through() == len(before) - 1
    assert await everything(backbone) == before


async def test_two_packers_and_one_who_publishes_again_keep_out_of_each_others_way(
    backbone: Backbone, packer: EventPacker
) -> None:
    await make_groups(backbone)
    await tell_at_random(backbone, random.Random(5), 60)
    await at_rest(backbone)
    before = await outbox(backbone)
    async with backbone.publisher.transaction() as tx:
        await publish_again(tx, STREAM)
        assert await packer.step() is None
    await at_rest(backbone)
    second = EventPacker(backbone.publisher, backbone.producer, STREAM, 1, clock=packer._clock)
    await asyncio.gather(packer.look_through(), second.look_through())
    await packer.look_through()
    found = await everything(backbone)
    assert len(await outbox(backbone)) == 1
    assert [event.event_id for event in found][: len(before)] == [event.event_id for event in before]


async def test_what_is_told_later_is_read_after_what_is_packed_and_packed_with_it(
    backbone: Backbone, packer: EventPacker
) -> None:
    await make_groups(backbone)
    subject = new_id()
    first = await backbone.tell(3, subject=subject)
    other = await backbone.tell(2)
    await at_rest(backbone)
    await packer.look_through()
    later = await backbone.tell(2, subject=subject, sequence=4)
    await at_rest(backbone)
    before = await everything(backbone)
    assert [e.event_id for e in before if e.subject == str(subject)] == [event.id for event in [*first, *later]]
    await packer.look_through()
    assert await everything(backbone) == before
    assert await backbone.scalar("SELECT count(*) FROM packed_subjects", backbone.publisher) == 4
    query = f"SELECT events FROM packed_subjects WHERE subject = '{subject}'"
    assert await backbone.scalar(query, backbone.publisher) == 5
    async with backbone.publisher.transaction() as tx:
        about = [event.event_id async for event in packs.about(tx, [str(subject), str(other[0].subject)])]
    assert sorted(about) == sorted(event.id for event in [*first, *later, other[0]])


async def test_a_subject_of_a_type_that_is_left_or_of_very_many_events_stays(
    backbone: Backbone, packer: EventPacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_groups(backbone)
    await backbone.tell(6, subject=new_id())
    await at_rest(backbone)
    monkeypatch.setattr(event_packer, "_MOST", 5)
    assert await packer.look_through() == 0
    leaving = EventPacker(backbone.publisher, backbone.producer, STREAM, 1, [TYPE], packer._clock)
    monkeypatch.setattr(event_packer, "_MOST", 6)
    assert await leaving.look_through() == 0
    assert await packer.look_through() == 6


async def lose_after_packing(backbone: Backbone, packer: EventPacker) -> list[Envelope]:
    """Packed events, some about what was told of later, on a stream that is lost then."""
    await make_groups(backbone)
    subject = new_id()
    told = [*await backbone.tell(3), *await backbone.tell(2, subject=subject), *await backbone.tell(30)]
    await at_rest(backbone)
    assert await packer.look_through() == len(told)
    told += await backbone.tell(1, subject=subject, sequence=3)
    await backbone.publish()
    await backbone.operator.flushall()
    await make_groups(backbone)
    return told


async def test_what_is_packed_is_published_again_when_the_stream_is_lost(
    backbone: Backbone, packer: EventPacker
) -> None:
    told = await lose_after_packing(backbone, packer)
    newest = (await outbox(backbone))[0]
    new = await backbone.tell(1, subject=UUID(told[3].subject), sequence=4)
    await backbone.publish()
    on_stream = await ids_on_stream(backbone)
    assert sorted(on_stream) == sorted([*ids([*told, *new]), str(newest.event_id)])
    of_one = [event for event in [*told, *new] if event.subject == told[3].subject]
    assert [each for each in on_stream if each in ids(of_one)] == ids(of_one)
    assert await left(backbone) == 0
    assert await packed(backbone) == []
    await read_by(backbone, groups_of(STREAM))
    assert await packer.look_through() > 30, "and is packed again behind that"


async def test_a_relay_that_dies_in_the_middle_of_that_is_followed_by_one_that_goes_on(
    backbone: Backbone, packer: EventPacker
) -> None:
    told = await lose_after_packing(backbone, packer)
    first = backbone.new_relay("relay-1", batch=2)
    for _ in range(4):
        await first.step()
    assert await left(backbone) == 1
    await first._give_lease_back()
    await backbone.publish(backbone.new_relay("relay-2", batch=2))
    assert set(ids(told)) <= set(await ids_on_stream(backbone))
    assert await left(backbone) == 0


async def test_what_is_at_rest_is_found_by_index(backbone: Backbone) -> None:
    await make_groups(backbone)
    async with backbone.owners[0].transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO outbox (event_id, type, subject, payload, published_at, entry_ms, entry_seq) "
                "SELECT gen_random_uuid(), 'made.up.v1', gen_random_uuid()::text, repeat('x', 200), now(), i, 0 "
                "FROM generate_series(1, 20000) i"
            )
        )
        await tx.execute(text("ANALYZE outbox"))
        subjects = list((await tx.execute(text("SELECT subject FROM outbox ORDER BY id LIMIT 200"))).scalars())
        asked: list[tuple[str, dict[str, Any]]] = [
            (event_packer.LOOKED_THROUGH, {"after": 9000, "portion": 200}),
            (event_packer.AT_REST, {"subjects": subjects, "before": datetime.now(UTC), "most": 1000}),
        ]
        for statement, values in asked:
            told = (await tx.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"), values)).scalar_one()
            scans = [node for node in nodes_of(told) if node.get("Relation Name") == "outbox"]
            assert scans
            assert all(node["Node Type"] != "Seq Scan" for node in scans), json.dumps(told)
            assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) <= 200
