"""From the stream into the inbox: each event once, bad entries set aside, neighbours unharmed."""

import asyncio
import json
import re
from typing import Any

import pytest
from sqlalchemy import text

from shared.consuming import dead_letters
from shared.consuming.inbox import Consumer
from shared.consuming.stream_reader import StreamReader
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import OrganizationState
from shared.ids import new_id
from tests.events.backbone import GROUP, STREAM, TYPE, Backbone, failing_on, note


def raw(**changes: Any) -> bytes:
    """A body as a publisher writes it, with some attributes changed (None takes one away)."""
    body = {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "urn:luotsi:catalog",
        "type": TYPE,
        "time": "2026-01-01T00:00:00Z",
        "subject": "somebody",
        "dataschema": "urn:luotsi:event:" + TYPE,
        "sequence": 1,
        "epoch": 1,
        "actor": "system",
        "correlationid": "c",
        "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        "data": {"id": str(new_id()), "slug": "x", "name": {"fi": "x", "sv": "x", "en": "x"}, "active": True},
    }
    return json.dumps({name: value for name, value in (body | changes).items() if value is not None}).encode()


POISON = {
    "not JSON": {b"__data__": b"{"},
    "not UTF-8": {b"__data__": b'{"id": "\xff"}'},
    "a lone surrogate": {b"__data__": raw(subject="s").replace(b'"s"', b'"\\ud800"')},
    "nested without end": {b"__data__": b"[" * 100_000},
    "no such field": {b"payload": b"{}", b"\xff\x00": b"\x00\x01"},
    "an empty body": {b"__data__": b""},
    "a missing attribute": {b"__data__": raw(id=None)},
    "another version of the envelope": {b"__data__": raw(specversion="2.0")},
    "a time without a zone": {b"__data__": raw(time="2026-01-01T00:00:00")},
    "no data": {b"__data__": raw(data=None)},
    "a sequence below one": {b"__data__": raw(sequence=0)},
    "data that does not fit the contract": {b"__data__": raw(data={"id": "not a UUID"})},
}


async def understand(tx: Transaction, event: Envelope) -> None:
    """A handler that reads its data as the contract has it, and then notes."""
    OrganizationState.model_validate(event.data)
    await note(tx, event)


async def test_what_was_published_before_the_first_start_is_delivered(backbone: Backbone) -> None:
    events = await backbone.tell(3)
    await backbone.publish()
    await backbone.reader().take_batch(await backbone.read())  # reading creates the group
    assert await backbone.noted() == [event.id for event in events]
    assert await backbone.pending() == []


async def test_an_empty_batch_is_done_at_once(backbone: Backbone) -> None:
    await backbone.reader().take_batch([])


async def test_an_event_delivered_again_is_handled_once(backbone: Backbone) -> None:
    [event] = await backbone.tell()
    await backbone.publish()
    entries = await backbone.read()
    reader = backbone.reader()
    await reader.take_batch(entries * 2)
    await reader.take_batch(entries)
    await reader.take_one(entries[0])
    assert await backbone.noted() == [event.id]


async def test_two_workers_with_the_same_events_at_once_handle_each_once(backbone: Backbone) -> None:
    events = await backbone.tell(40)
    await backbone.publish()
    entries = await backbone.read()
    await asyncio.gather(*(backbone.reader().take_batch(part) for part in (entries, entries[::-1], entries[10:])))
    assert sorted(await backbone.noted()) == sorted(event.id for event in events)


@pytest.mark.parametrize("kind", POISON)
async def test_poison_is_set_aside_whole_and_its_neighbours_are_handled(backbone: Backbone, kind: str) -> None:
    before = await backbone.tell()
    await backbone.publish()
    poison = await backbone.add_raw(POISON[kind])
    after = await backbone.tell()
    await backbone.publish()
    await backbone.reader(understand).take_batch(await backbone.read())
    assert await backbone.noted() == [event.id for event in before + after]
    assert await backbone.pending() == []
    [letter] = await dead_letters.read(backbone.operator, STREAM, GROUP)
    assert letter.fields == POISON[kind]
    assert (letter.entry, letter.failures) == (poison, 1)
    assert letter.reason.startswith("not an event: ")


async def test_the_reason_of_a_dead_letter_repeats_nothing_of_the_body(backbone: Backbone) -> None:
    await backbone.add_raw({b"__data__": raw(sequence="Aino Esimerkki")})
    await backbone.reader().take_batch(await backbone.read())
    [letter] = await dead_letters.read(backbone.operator, STREAM, GROUP)
    assert "sequence" in letter.reason
    assert "Aino" not in letter.reason


async def test_a_handler_that_keeps_failing_on_one_event_gives_up_on_that_one_alone(backbone: Backbone) -> None:
    events = await backbone.tell(3)
    await backbone.publish()
    bad = events[1]
    reader = backbone.reader(failing_on(lambda event: event.id == bad.id), max_failures=3)
    entries = await backbone.read()
    await reader.take_batch(entries)
    assert await backbone.noted() == [events[0].id, events[2].id]
    assert await backbone.pending() == [entries[1][0]]
    assert await backbone.scalar("SELECT failures FROM failures") == 1  # none for the neighbours
    assert not await reader.take_one(entries[1])
    assert await dead_letters.read(backbone.operator, STREAM, GROUP) == []
    assert await reader.take_one(entries[1])
    [letter] = await dead_letters.read(backbone.operator, STREAM, GROUP)
    assert (letter.entry, letter.failures, letter.fields) == (entries[1][0], 3, entries[1][1])
    assert letter.reason == "handler failed: Trouble"
    assert await backbone.pending() == []


async def test_a_replayed_dead_letter_is_handled_and_known_to_all_who_had_it(backbone: Backbone) -> None:
    events = await backbone.tell(2)
    await backbone.publish()
    broken = backbone.reader(failing_on(lambda event: event.id == events[0].id), max_failures=1)
    await broken.take_batch(await backbone.read())
    assert await backbone.noted() == [events[1].id]
    [letter] = await dead_letters.read(backbone.operator, STREAM, GROUP)
    await dead_letters.replay(backbone.operator, STREAM, GROUP, letter)
    mended = backbone.reader()
    await mended.take_batch(await backbone.read())
    assert await backbone.noted() == [events[1].id, events[0].id]
    assert await dead_letters.read(backbone.operator, STREAM, GROUP) == []


async def test_a_failed_handler_leaves_nothing_behind(backbone: Backbone) -> None:
    await backbone.tell()
    await backbone.publish()
    await backbone.reader(failing_on(lambda _: True)).take_batch(await backbone.read())
    assert await backbone.noted() == []
    assert await backbone.scalar("SELECT count(*) FROM inbox") == 0


async def test_a_type_without_a_handler_is_passed_over_and_not_written_down(backbone: Backbone) -> None:
    await backbone.add_raw({b"__data__": raw(type="catalog.something_new.v7", data={"later": True})})
    [event] = await backbone.tell()
    await backbone.publish()
    await backbone.reader().take_batch(await backbone.read())
    assert await backbone.noted() == [event.id]
    assert await backbone.pending() == []
    assert await backbone.scalar("SELECT count(*) FROM inbox") == 1
    assert await dead_letters.read(backbone.operator, STREAM, GROUP) == []


async def test_a_handler_records_follow_ups_with_where_they_come_from(backbone: Backbone) -> None:
    async def follow_up(tx: Transaction, event: Envelope) -> None:
        backbone.record(tx)

    [event] = await backbone.tell()
    await backbone.publish()
    await backbone.reader(follow_up).take_batch(await backbone.read())
    follow = json.loads(await backbone.scalar("SELECT payload FROM outbox"))
    for attribute in ("correlationid", "actor", "traceparent"):
        assert follow[attribute] == getattr(event, attribute)


ZEROS = {
    "trace": f"00-{'0' * 32}-b7ad6b7169203331-01",
    "parent": f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    "both": f"00-{'0' * 32}-{'0' * 16}-01",
}


@pytest.mark.parametrize("zeros", ZEROS.values(), ids=ZEROS)
async def test_a_trace_of_zeros_is_not_passed_on(backbone: Backbone, zeros: str) -> None:
    async def follow_up(tx: Transaction, event: Envelope) -> None:
        backbone.record(tx)

    await backbone.add_raw({b"__data__": raw(traceparent=zeros, tracestate="vendor=value")})
    await backbone.reader(follow_up).take_batch(await backbone.read())
    follow = json.loads(await backbone.scalar("SELECT payload FROM outbox"))
    assert re.fullmatch("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01", follow["traceparent"])
    assert "tracestate" not in follow


async def test_the_state_of_a_trace_travels_on(backbone: Backbone) -> None:
    async def follow_up(tx: Transaction, event: Envelope) -> None:
        backbone.record(tx)

    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "vendor=value"}
    await backbone.add_raw({b"__data__": raw(**trace)})
    await backbone.reader(follow_up).take_batch(await backbone.read())
    follow = json.loads(await backbone.scalar("SELECT payload FROM outbox"))
    assert {name: follow[name] for name in trace} == trace


async def test_letters_beyond_ascii_survive(backbone: Backbone) -> None:
    name = "Hyvää yötä, Åland 🌊 ليل"
    seen: list[str] = []

    async def look(tx: Transaction, event: Envelope) -> None:
        seen.append(OrganizationState.model_validate(event.data).name.fi)

    await backbone.add_raw(
        {
            b"__data__": raw(
                data={"id": str(new_id()), "slug": "x", "name": {"fi": name, "sv": "", "en": ""}, "active": True}
            )
        }
    )
    await backbone.reader(look).take_batch(await backbone.read())
    assert seen == [name]


async def test_states_of_one_subject_arrive_in_order(backbone: Backbone) -> None:
    subject = new_id()
    for number in range(5):
        await backbone.tell(subject=subject, sequence=number + 1)
    await backbone.publish()
    await backbone.reader().take_batch(await backbone.read())
    async with backbone.consuming.transaction() as tx:
        sequences = (await tx.execute(text("SELECT sequence FROM trial.ledger ORDER BY id"))).scalars().all()
    assert sequences == [1, 2, 3, 4, 5]


async def test_two_groups_each_have_every_event(backbone: Backbone) -> None:
    """The inbox tells consumers apart, should two of them share a database."""
    [event] = await backbone.tell()
    await backbone.publish()
    entries = await backbone.read()
    await backbone.reader().take_batch(entries)
    other = StreamReader(backbone.consuming, backbone.consumer, Consumer("another", STREAM, {TYPE: note}))
    await other.take_batch(entries)
    assert await backbone.noted() == [event.id] * 2
