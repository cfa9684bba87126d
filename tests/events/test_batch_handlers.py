"""Handlers that take many events at once: the same effects as one by one, and trouble with one is no other's."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import text

from services.referral.tables import Organization
from shared.consuming import catalog_copy
from shared.consuming.inbox import BatchHandler, MissingDependency
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.ids import new_id
from tests.events.backbone import GROUP, PATIENCE, STREAM, Backbone, Trouble, note, until


class Noting:
    """Notes what comes and how many at a time; fails on the event `bad` with `error`."""

    def __init__(self, bad: Envelope | None = None, error: Exception | None = None) -> None:
        self.sizes: list[int] = []
        self._bad = bad
        self._error = error

    async def __call__(self, tx: Transaction, events: Sequence[Envelope]) -> None:
        self.sizes.append(len(events))
        for event in events:
            await note(tx, event)
            if self._error is not None and self._bad is not None and event.id == self._bad.id:
                raise self._error


async def copy(tx: Transaction, events: Sequence[Envelope]) -> None:
    """Keeps copies, as the referral service does."""
    await catalog_copy.apply(tx, Organization, *events)


async def test_a_batch_is_brought_at_once_and_a_repeat_is_left_out(backbone: Backbone) -> None:
    noting = Noting()
    reader = backbone.reader(BatchHandler(noting))
    events = await backbone.tell(3)
    await backbone.publish()
    entries = await backbone.read()
    await reader.take_batch([*entries, entries[1]])
    await reader.take_batch(entries)
    assert await backbone.noted() == [event.id for event in events]
    assert noting.sizes == [3]
    assert await backbone.pending() == []


async def test_what_comes_while_a_consumer_rests_is_brought_at_once(backbone: Backbone) -> None:
    noting = Noting()
    async with backbone.working(BatchHandler(noting), rest=3.0):
        for _ in range(4):
            await backbone.tell()
            await backbone.publish()
            await until(backbone.noted, "the first effect")
        await until(partial(_all_noted, backbone, 4), "all effects")
    assert noting.sizes == [1, 3]


async def test_a_full_batch_is_followed_at_once_by_the_next(backbone: Backbone) -> None:
    noting = Noting()
    await backbone.tell(101)
    await backbone.publish()
    async with backbone.working(BatchHandler(noting), rest=2 * PATIENCE):
        await until(partial(_all_noted, backbone, 101), "all effects")
    assert noting.sizes == [100, 1]


async def _all_noted(backbone: Backbone, count: int) -> bool:
    return len(await backbone.noted()) == count


async def test_one_that_fails_stands_alone(backbone: Backbone) -> None:
    events = await backbone.tell(3)
    await backbone.publish()
    reader = backbone.reader(BatchHandler(Noting(events[1], Trouble("its own fault"))), max_failures=1)
    await reader.take_batch(await backbone.read())
    assert await backbone.noted() == [events[0].id, events[2].id]
    assert await backbone.operator.xlen(f"{STREAM}.dead.{GROUP}") == 1
    assert await backbone.pending() == []


async def test_one_that_lacks_a_fact_is_parked_alone(backbone: Backbone) -> None:
    events = await backbone.tell(3)
    await backbone.publish()
    reader = backbone.reader(BatchHandler(Noting(events[2], MissingDependency("member:nobody"))))
    await reader.take_batch(await backbone.read())
    assert await backbone.scalar("SELECT array_agg(event_id) FROM parked") == [events[2].id]
    assert await backbone.pending() == []


async def test_of_several_states_in_one_batch_the_newest_is_kept(backbone: Backbone) -> None:
    subject, other = new_id(), new_id()
    copied = f"SELECT sequence FROM organizations WHERE id = '{subject}'"
    newest = await backbone.tell(3, subject=subject, sequence=5)
    older = await backbone.tell(2, subject=subject, sequence=1)
    await backbone.tell(1, subject=other)
    assert newest[-1].sequence == 7
    assert older[-1].sequence == 2
    reader = backbone.reader(BatchHandler(copy))
    try:
        await backbone.publish()
        await reader.take_batch(await backbone.read())
        assert await backbone.scalar(copied) == 7
        await backbone.tell(1, subject=subject, sequence=6)
        await backbone.publish()
        await reader.take_batch(await backbone.read())
        assert await backbone.scalar(copied) == 7
    finally:
        async with backbone.consuming.transaction() as tx:
            await tx.execute(text("DELETE FROM organizations WHERE id = ANY(:ids)"), {"ids": [subject, other]})
