"""People leave: what concerned them is told to their deputy, else to the organisation's advisers."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from services.notifications.consumers import build_consumers
from services.notifications.tables import Delivery
from services.notifications.use_cases.deliveries import claim_due, mark_delivered, withdraw_waiting
from shared.consuming.inbox import handle
from shared.events import Envelope
from shared.publishing.outbox import Outbox
from tests.builders import small_town
from tests.flows.notifications_story import Story, count, notices, told
from tests.platform import Platform


async def test_what_happens_after_an_adviser_left_is_told_to_the_deputy(platform: Platform) -> None:
    town = await small_town(platform)
    another = await town.facts.member("another@navigaattori.example", town.navigaattori, "adviser")
    await town.facts.deactivate(town.adviser, deputy=town.colleague)
    await platform.settle()
    await Story.of(platform, town).tell("accepted", "target", status="accepted")
    await platform.settle()
    assert await told(platform, town.colleague, another) == {town.colleague.email: ["accepted"], another.email: []}


async def test_without_a_deputy_all_advisers_are_told(platform: Platform) -> None:
    town = await small_town(platform)
    another = await town.facts.member("another@navigaattori.example", town.navigaattori, "adviser")
    await town.facts.deactivate(town.adviser)
    await platform.settle()
    await Story.of(platform, town).tell("accepted", "target", status="accepted")
    await platform.settle()
    assert await told(platform, town.colleague, another) == {
        town.colleague.email: ["accepted"],
        another.email: ["accepted"],
    }


async def test_what_was_unseen_goes_to_the_deputy_and_what_was_seen_does_not(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    await story.tell("first_viewed", "target")
    await platform.settle()
    (seen,) = await notices(platform, town.adviser)
    async with platform.client("notifications", town.adviser) as client:
        await client.post(f"/notices/{seen['id']}/seen")
    await story.tell("accepted", "target", status="accepted")
    await platform.settle()

    await town.facts.deactivate(town.adviser, deputy=town.colleague)
    await platform.settle()
    (passed_on,) = await notices(platform, town.colleague)
    assert passed_on["event_type"] == "referral.accepted.v1"
    assert passed_on["seen_at"] is None
    assert passed_on["title"] == "Hänvisning KUO-7F3K-92 har godkänts"
    last = (await platform.published("notifications"))[-1]["data"]
    assert (last["channel"], last["member_id"]) == ("inbox", str(town.colleague.id))


async def test_mail_that_has_not_gone_out_to_who_left_is_withdrawn(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("accepted", "target", status="accepted")
    await platform.settle()
    await town.facts.deactivate(town.adviser, deputy=town.colleague)
    await platform.settle()
    theirs = "notice_id IN (SELECT id FROM notices WHERE recipient_member_id = :id)"
    of = f"channel = 'email' AND status = :status AND {theirs}"
    assert await count(platform, "deliveries", of, status="withdrawn", id=town.adviser.id) == 1
    assert await count(platform, "deliveries", of, status="pending", id=town.colleague.id) == 1


async def test_who_leaves_while_mail_to_them_is_sent_makes_nobody_wait_in_a_circle(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    await story.tell("accepted", "target", status="accepted")
    await story.tell("message_sent", "target")
    await platform.settle()
    database, now = platform.databases["notifications"], datetime.now(UTC) + timedelta(days=1)
    async with database.transaction() as tx:
        attempts = await claim_due(tx, "email", now, now, 10)
    notices = [attempt.notice.id for attempt in attempts]
    older, _ = sorted(attempts, key=lambda attempt: attempt.notice.id)

    async def mark() -> None:
        async with database.transaction() as tx:
            await mark_delivered(tx, Outbox("notifications"), [(attempt, "<m>") for attempt in attempts], now)

    async def leave() -> None:
        async with database.transaction() as tx:
            await withdraw_waiting(tx, notices)

    async with database.transaction() as tx:  # written last, so that the table holds it behind the younger one
        later = text("UPDATE deliveries SET next_attempt_at = now() WHERE id = :id")
        await tx.execute(later, {"id": older.delivery_id})
    async with database.transaction() as tx:
        await tx.get_one(Delivery, older.delivery_id, lock=True)
        marking = asyncio.create_task(mark())
        await database_waits(platform, 1)
        leaving = asyncio.create_task(leave())
        await database_waits(platform, 2)
    await asyncio.gather(marking, leaving)
    assert await count(platform, "deliveries", "channel = 'email' AND status IN ('delivered', 'withdrawn')") == 2


async def database_waits(platform: Platform, number: int) -> None:
    """Return when that many transactions wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while await platform.scalar("notifications", waiting) < number:
        await asyncio.sleep(0.01)


async def test_passing_on_happens_once_whatever_is_told_again(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("accepted", "target", status="accepted")
    await platform.settle()
    await town.facts.deactivate(town.adviser)
    await platform.settle()
    before = await count(platform, "notices")

    await town.facts.member("newcomer@navigaattori.example", town.navigaattori, "adviser")
    await town.facts.deactivate(town.adviser, deputy=town.bystander)
    await platform.settle()
    catalog_events, _ = build_consumers(Outbox("notifications"))
    everything = [Envelope.model_validate(event) for event in await platform.published("catalog")]
    await handle(platform.databases["notifications"], catalog_events, everything)
    assert await count(platform, "notices") == before == 2


async def test_a_deputy_who_could_not_open_the_referral_is_told_nothing(platform: Platform) -> None:
    town = await small_town(platform)
    second = await town.facts.member("second@businesskuopio.example", town.business, "recipient")
    adviser = await town.facts.member("adviser@businesskuopio.example", town.business, "adviser")
    story = Story.of(platform, town)
    await story.tell("sent", "source")
    await platform.settle()
    await town.facts.deactivate(town.desk, deputy=adviser)
    await platform.settle()
    await story.tell("message_sent", "source")
    await platform.settle()
    assert await told(platform, second, adviser) == {second.email: ["sent", "message_sent"], adviser.email: []}


async def test_what_the_desk_left_unseen_goes_to_a_deputy_who_may_open_it(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = await town.facts.member("adviser@businesskuopio.example", town.business, "adviser")
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    deputy = await town.facts.member("deputy@businesskuopio.example", town.business, "recipient")
    await town.facts.deactivate(town.desk, deputy=deputy)
    await platform.settle()
    assert await told(platform, deputy, adviser) == {deputy.email: ["sent"], adviser.email: []}


async def test_what_nobody_can_take_waits_for_the_next_adviser(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.deactivate(town.colleague)
    await Story.of(platform, town).tell("accepted", "target", status="accepted")
    await platform.settle()
    await town.facts.deactivate(town.adviser)
    await platform.settle()
    newcomer = await town.facts.member("newcomer@navigaattori.example", town.navigaattori, "adviser")
    await platform.settle()
    assert await told(platform, newcomer) == {newcomer.email: ["accepted"]}


async def test_a_deputy_who_is_told_of_later_takes_over_all_the_same(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("accepted", "target", status="accepted")
    await platform.settle()
    deputy = await town.facts.member("deputy@navigaattori.example", town.navigaattori, "adviser")
    await town.facts.deactivate(town.adviser, deputy=deputy)
    events = [Envelope.model_validate(event) for event in await platform.published("catalog")][-2:]
    catalog_events, _ = build_consumers(Outbox("notifications"))
    for event in reversed(events):  # the departure overtakes the arrival
        await handle(platform.databases["notifications"], catalog_events, [event])
    await platform.settle()
    assert await told(platform, deputy, town.colleague) == {deputy.email: ["accepted"], town.colleague.email: []}


async def test_an_event_waits_for_the_deputy_of_who_left(platform: Platform) -> None:
    town = await small_town(platform)
    deputy = await town.facts.member("deputy@navigaattori.example", town.navigaattori, "adviser")
    await town.facts.deactivate(town.adviser, deputy=deputy)
    arrival, departure = [Envelope.model_validate(event) for event in await platform.published("catalog")][-2:]
    catalog_events, referral_events = build_consumers(Outbox("notifications"))
    database = platform.databases["notifications"]
    await handle(database, catalog_events, [departure])
    await handle(database, referral_events, [await Story.of(platform, town).tell("accepted", "target")])
    assert await count(platform, "parked", "waits_for = :fact", fact=f"member:{deputy.id}") == 1
    await handle(database, catalog_events, [arrival])
    assert await told(platform, deputy) == {deputy.email: ["accepted"]}


async def test_who_leaves_in_the_very_moment_of_being_told_has_heirs_all_the_same(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.deactivate(town.adviser, deputy=town.colleague)
    departure = Envelope.model_validate((await platform.published("catalog"))[-1])
    event = await Story.of(platform, town).tell("accepted", "target", status="accepted")
    catalog_events, referral_events = build_consumers(Outbox("notifications"))
    database = platform.databases["notifications"]
    async with database.transaction() as tx:
        await referral_events.handlers[event.type](tx, event)
        leaving = asyncio.create_task(handle(database, catalog_events, [departure]))
        await asyncio.wait([leaving], timeout=1)
        assert not leaving.done(), "it has to wait for the notice that is being made"
    await leaving
    assert await told(platform, town.colleague) == {town.colleague.email: ["accepted"]}


async def test_what_a_coordinator_left_unseen_goes_to_who_coordinates_now(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("overdue_again")
    await platform.settle()
    successor = await town.facts.member("successor@kuopio.example", town.coordinator.organization_id, "coordinator")
    colleague = await town.facts.member("adviser@kuopio.example", town.coordinator.organization_id, "adviser")
    await platform.settle()
    assert await told(platform, town.coordinator, successor) == {
        town.coordinator.email: ["overdue_again"],
        successor.email: [],
    }
    await town.facts.deactivate(town.coordinator)
    await platform.settle()
    assert await told(platform, successor, colleague) == {successor.email: ["overdue_again"], colleague.email: []}
    (notice,) = await notices(platform, successor)
    assert notice["link"].endswith("/overview"), "told as a coordinator is, who opens no referral"


async def test_the_heir_is_told_that_the_referral_is_theirs_now(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("handed_over", "source", source_member_id=town.colleague.id)
    await platform.settle()
    (notice,) = await notices(platform, town.colleague)
    assert notice["title"] == "Hänvisning KUO-7F3K-92 har övergått till dig"
    assert await notices(platform, town.desk) == []


async def test_who_left_can_no_longer_read(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await town.facts.deactivate(town.desk)
    await platform.settle()
    async with platform.client("notifications", town.desk) as client:
        assert (await client.get("/notices")).status_code == 401
