"""Events of referrals that come together are told of together: for few statements, and as if each had come alone."""

from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from services.notifications.consumers import build_consumers
from shared import context
from shared.consuming.inbox import handle
from shared.database.tables import OutboxRow
from shared.events import Envelope
from shared.ids import new_id
from shared.publishing.outbox import Outbox
from tests.builders import Town, small_town
from tests.flows.notifications_story import Story, count, notices
from tests.platform import Platform
from tests.statements import count_statements

_, REFERRAL_EVENTS = build_consumers(Outbox("notifications"))


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


async def tell_of_three(platform: Platform, town: Town) -> list[Envelope]:
    """Two events for the desk, and between them one for the adviser, each of a request of its own."""
    events = []
    for name, side in (("sent", "source"), ("accepted", "target"), ("due_soon", None)):
        with context.using(context.Context(str(uuid4()), context.new_context().traceparent, actor=str(uuid4()))):
            events.append(await Story.of(platform, town).tell(name, side))  # type: ignore[arg-type]
    return events


async def test_many_events_take_as_few_statements_as_one(
    platform: Platform, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = await tell_of_three(platform, town) + await tell_of_three(platform, town)
    await handle(platform.databases["notifications"], REFERRAL_EVENTS, [first])  # the connection is open then
    given = count_statements(monkeypatch)
    await handle(platform.databases["notifications"], REFERRAL_EVENTS, rest)
    monkeypatch.undo()
    assert await count(platform, "notices") == 6
    # The lock, the inbox; organisations, services and people; notices with their deliveries; and the proofs.
    assert len(given) - 2 <= 7, "\n".join(given)


async def test_the_notices_of_an_inbox_are_numbered_in_the_order_of_the_events(platform: Platform, town: Town) -> None:
    await handle(platform.databases["notifications"], REFERRAL_EVENTS, await tell_of_three(platform, town))
    await handle(platform.databases["notifications"], REFERRAL_EVENTS, await tell_of_three(platform, town))
    numbers = "SELECT array_agg(number ORDER BY id) FROM notices WHERE recipient_member_id = :who"
    assert await platform.scalar("notifications", numbers, who=town.desk.id) == [1, 2, 3, 4]
    assert await platform.scalar("notifications", numbers, who=town.adviser.id) == [1, 2]
    newest = "SELECT last_number FROM counters WHERE member_id = :who"
    assert await platform.scalar("notifications", newest, who=town.desk.id) == 4
    told = [notice["event_type"] for notice in await notices(platform, town.desk)]
    assert told == 2 * ["referral.due_soon.v1", "referral.sent.v1"]


async def test_the_proof_of_each_belongs_to_the_request_that_its_event_belongs_to(
    platform: Platform, town: Town
) -> None:
    events = await tell_of_three(platform, town)
    await handle(platform.databases["notifications"], REFERRAL_EVENTS, events)
    async with platform.databases["notifications"].transaction() as tx:
        payloads = await tx.all(select(OutboxRow.payload).where(OutboxRow.type == "notification.delivered.v1"))
    proofs = {UUID(proof.data["cause_id"]): proof for proof in map(Envelope.model_validate_json, payloads)}
    assert proofs.keys() == {event.id for event in events}
    for event in events:
        proof = proofs[event.id]
        about = (proof.correlationid, proof.traceparent, proof.actor)
        assert about == (event.correlationid, event.traceparent, event.actor)


async def test_one_that_lacks_a_fact_waits_alone(platform: Platform, town: Town) -> None:
    await Story.of(platform, town).tell("sent", "source")
    unknown = await Story.of(platform, town, service_id=new_id()).tell("sent", "source")
    await Story.of(platform, town).tell("due_soon")
    await platform.settle()
    assert await platform.scalar("notifications", "SELECT array_agg(event_id) FROM parked") == [unknown.id]
    assert await count(platform, "notices", "recipient_member_id = :who", who=town.desk.id) == 2
    await town.facts.service("another", town.business, service_id=UUID(unknown.data["service_id"]))
    await platform.settle()
    assert await count(platform, "notices", "recipient_member_id = :who", who=town.desk.id) == 3
