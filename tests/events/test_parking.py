"""An event that needs a fact of another stream waits for it, and is never dropped."""

import asyncio

import pytest
from sqlalchemy import text

from shared.consuming.copies import overwrite_if_newer
from shared.consuming.inbox import handle
from shared.ids import new_id
from tests.events.backbone import Backbone
from tests.events.parking import FACT, Needs, event, ledger, parked


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
