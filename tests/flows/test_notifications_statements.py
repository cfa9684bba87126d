"""What telling of an event costs in statements, however many are told."""

import pytest

from services.notifications.consumers import build_consumers
from shared.consuming.inbox import handle
from shared.events.catalog import ServiceState
from shared.publishing.outbox import Outbox
from tests.builders import Town, names, small_town
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.flows.notifications_story import Story, count
from tests.platform import Platform
from tests.statements import count_statements

CATALOG_EVENTS, REFERRAL_EVENTS = build_consumers(Outbox("notifications"))


@pytest.fixture
async def town(platform: Platform) -> Town:
    """A town in which nine are told of what the source does: eight at the desk, and its shared address by mail."""
    town = await small_town(platform)
    for number in range(7):
        await town.facts.member(f"{number}@businesskuopio.example", town.business, "recipient")
    await town.facts.organization("business-kuopio", organization_id=town.business, email="post@businesskuopio.example")
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    return town


async def test_telling_of_an_event_takes_few_statements(
    platform: Platform, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier, event = [await Story.of(platform, town).tell("message_sent", "source") for _ in range(2)]
    await handle(platform.databases["notifications"], REFERRAL_EVENTS, [earlier])  # the connection is open then
    given = count_statements(monkeypatch)
    await handle(platform.databases["notifications"], REFERRAL_EVENTS, [event])
    monkeypatch.undo()
    assert await count(platform, "notices", "event_id = :id", id=event.id) == 9
    assert [sql.rstrip(";") for sql in (given[0], given[-1])] == ["BEGIN", "COMMIT"]
    # The lock, the inbox; organisations, services and people; notices with their deliveries; and the proofs.
    assert len(given) - 2 <= 7, "\n".join(given)


async def test_copying_many_states_of_services_takes_few_statements(
    platform: Platform, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [
        ServiceState(id=service, slug="advice", organization_id=town.business, name=names("advice"), status="active")
        for service in (town.advice, town.guidance)
    ]
    async with platform.databases["catalog"].transaction() as tx:
        told = [
            Outbox("catalog").record(tx, "catalog.service_changed.v1", state.id, sequence, state)
            for sequence in range(2, 42)
            for state in states
        ]
    await handle(platform.databases["notifications"], CATALOG_EVENTS, told[:2])  # the connection is open then
    given = count_statements(monkeypatch)
    await handle(platform.databases["notifications"], CATALOG_EVENTS, told[2:])
    monkeypatch.undo()
    # The lock, the inbox, the lock again and the copies; of each service the lock, and what waits for it.
    assert len(given) - 2 <= 4 + 2 * 2, "\n".join(given)


async def test_delivering_a_batch_takes_few_statements(
    platform: Platform, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = delivery_queue(platform, Clock())
    given = count_statements(monkeypatch)
    assert await deliveries.step() == 9
    monkeypatch.undo()
    claiming = given[: [sql.rstrip(";") for sql in given].index("COMMIT") + 1]
    # What is due, that it is claimed, and what an attempt has to know: for all nine of them.
    assert len(claiming) - 2 <= 3, "\n".join(claiming)
