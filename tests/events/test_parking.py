"""An event that needs a fact of another stream waits for it, and is never dropped."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.consuming import dead_letters
from shared.consuming.copies import overwrite_if_newer
from shared.consuming.inbox import Consumer, MissingDependency, arrived, handle
from shared.consuming.parked import retry_stuck
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import OrganizationState
from shared.ids import new_id
from shared.publishing.outbox import Outbox
from tests.builders import names
from tests.events.backbone import GROUP, STREAM, Backbone, Trouble, note

FACT = "catalog.service_changed.v1"
"""In these tests the event that brings the fact; an organisation's event waits for it."""
NEEDY = "catalog.organization_changed.v1"


class Needs:
    """A consumer whose one handler needs a fact that the other brings, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.looks = 0
        self.failures = failures
        self.outages = 0
        self.consumer = Consumer(GROUP, STREAM, {NEEDY: self.need, FACT: self.bring})
        self.seen, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()

    async def need(self, tx: Transaction, event: Envelope) -> None:
        self.looks += 1
        known = (await tx.execute(text("SELECT count(*) FROM trial.ledger WHERE subject = 'the fact'"))).scalar_one()
        if not known:
            self.seen.set()
            await self.go_on.wait()
            raise MissingDependency("the fact")
        await note(tx, event)
        if self.outages:
            self.outages -= 1
            raise ConnectionError("the server is away")
        if self.failures:
            self.failures -= 1
            raise Trouble

    async def bring(self, tx: Transaction, event: Envelope) -> None:
        await note(tx, event.model_copy(update={"subject": "the fact"}))
        await arrived(tx, "the fact", self.consumer.handlers)


def event(backbone: Backbone, event_type: str = NEEDY) -> Envelope:
    """An event that came from the stream."""
    state = OrganizationState(id=new_id(), slug="kuopio", name=names("kuopio"), active=True)

    class Sink:
        epoch = 1

        def insert(self, *rows: object) -> None:
            """Nothing is to be published here."""

    envelope = Outbox("catalog").record(Sink(), NEEDY, state.id, 1, state)  # type: ignore[arg-type]
    return envelope.model_copy(update={"type": event_type})


async def parked(backbone: Backbone) -> int:
    return int(await backbone.scalar("SELECT count(*) FROM parked"))


async def ledger(backbone: Backbone) -> list[UUID]:
    return await backbone.noted()


async def test_an_event_waits_for_its_fact_and_is_handled_when_it_comes(backbone: Backbone) -> None:
    needs = Needs()
    first, second, fact = event(backbone), event(backbone), event(backbone, FACT)
    await handle(backbone.consuming, needs.consumer, [first, second])
    assert (await ledger(backbone), await parked(backbone)) == ([], 2)
    await handle(backbone.consuming, needs.consumer, [fact])
    assert await ledger(backbone) == [fact.id, first.id, second.id]
    assert await parked(backbone) == 0


async def test_a_parked_event_that_is_delivered_again_stays_single(backbone: Backbone) -> None:
    needs = Needs()
    waiting, fact = event(backbone), event(backbone, FACT)
    for _ in range(2):
        await handle(backbone.consuming, needs.consumer, [waiting])
    await handle(backbone.consuming, needs.consumer, [fact])
    await handle(backbone.consuming, needs.consumer, [waiting, fact])
    assert await ledger(backbone) == [fact.id, waiting.id]


@pytest.mark.parametrize("first", ["the fact commits first", "the event parks first"])
async def test_fact_and_event_that_cross_on_two_connections_never_miss_each_other(
    backbone: Backbone, first: str
) -> None:
    """The event has looked in vain; the fact arrives before it is parked."""
    needs = Needs()
    waiting, fact = event(backbone), event(backbone, FACT)
    needs.go_on.clear()
    parking = asyncio.create_task(handle(backbone.consuming, needs.consumer, [waiting]))
    await needs.seen.wait()
    if first == "the fact commits first":
        await handle(backbone.consuming, needs.consumer, [fact])
        needs.go_on.set()
        await parking
    else:
        async with backbone.consuming.transaction() as tx:
            await needs.bring(tx, fact)  # holds the lock of the fact, uncommitted
            needs.go_on.set()
            await asyncio.sleep(0.2)
            assert not parking.done()
        await parking
    assert await ledger(backbone) == [fact.id, waiting.id]
    assert await parked(backbone) == 0


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


async def test_a_copy_is_overwritten_by_a_higher_state_only(backbone: Backbone) -> None:
    from services.referral.tables import Organization  # noqa: PLC0415

    one = new_id()

    async def tell(epoch: int, sequence: int) -> bool:
        values = {"id": one, "slug": f"{epoch}-{sequence}", "name": {}, "active": True, "closures": []}
        async with backbone.consuming.transaction() as tx:
            return await overwrite_if_newer(tx, Organization, {**values, "epoch": epoch, "sequence": sequence})

    try:
        told = [await tell(*order) for order in ((1, 2), (1, 1), (1, 2), (1, 3), (2, 1), (1, 9))]
        assert told == [True, False, False, True, True, False]
        assert await backbone.scalar("SELECT slug FROM organizations") == "2-1"
    finally:
        async with backbone.consuming.transaction() as tx:
            await tx.execute(text("DELETE FROM organizations"))
