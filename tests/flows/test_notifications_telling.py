"""From an event of a referral to the notices of those concerned: once each, and of nobody else."""

import random
from itertools import pairwise

import pytest
from sqlalchemy import text

from services.notifications.consumers import build_consumers
from services.notifications.domain.audience import AUDIENCE
from shared.consuming.inbox import handle
from shared.events import Envelope
from shared.events.referral import Side
from shared.publishing.outbox import Outbox
from tests.builders import Town, small_town
from tests.flows.notifications_story import Story, count, notices, told
from tests.platform import Platform

_, REFERRAL_EVENTS = build_consumers(Outbox("notifications"))


async def test_a_sent_referral_is_told_to_the_desk_alone(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    await story.tell("sent", "source")
    await platform.settle()

    (notice,) = await notices(platform, town.desk)
    assert notice["title"] == "New referral KUO-7F3K-92"
    assert notice["body"] == (
        "navigaattori (en) has sent a referral to the service advice for starting a business (en). Open it and answer."
    )
    assert notice["link"] == f"http://localhost:8000/referrals/{story.state.id}"
    assert notice["seen_at"] is None
    for other in (town.adviser, town.colleague, town.bystander, town.coordinator):
        assert await notices(platform, other) == []


async def test_each_delivery_to_an_inbox_is_told_to_the_platform(platform: Platform) -> None:
    town = await small_town(platform)
    cause = await Story.of(platform, town).tell("sent", "source")
    await platform.settle()

    (event,) = await platform.published("notifications")
    assert event["type"] == "notification.delivered.v1"
    assert event["correlationid"] == cause.correlationid
    assert event["data"]["channel"] == "inbox"
    assert event["data"]["member_id"] == str(town.desk.id)
    assert event["data"]["cause_id"] == str(cause.id)


async def test_a_whole_story_is_told_to_both_sides(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    steps: list[tuple[str, Side]] = [
        ("created", "source"),
        ("sent", "source"),
        ("first_viewed", "target"),
        ("message_sent", "target"),
        ("message_sent", "source"),
        ("accepted", "target"),
        ("started", "target"),
        ("held", "target"),
        ("resumed", "target"),
        ("completed", "target"),
        ("closed", "source"),
    ]
    for event, side in steps:
        await story.tell(event, side)
    await platform.settle()

    assert await told(platform, town.desk, town.adviser, town.colleague) == {
        town.desk.email: ["sent", "message_sent"],
        town.adviser.email: [
            "first_viewed",
            "message_sent",
            "accepted",
            "started",
            "held",
            "resumed",
            "completed",
        ],
        town.colleague.email: [],
    }


async def test_the_member_it_is_assigned_to_is_told_with_the_desk(platform: Platform) -> None:
    town = await small_town(platform)
    handler = await town.facts.member("handler@businesskuopio.example", town.business, "adviser")
    story = Story.of(platform, town, assigned_member_id=handler.id)
    await story.tell("cancelled", "source", status="cancelled")
    await platform.settle()
    assert await told(platform, town.desk, handler, town.adviser) == {
        town.desk.email: ["cancelled"],
        handler.email: ["cancelled"],
        town.adviser.email: [],
    }


async def test_a_suggested_service_is_named_with_its_organisation(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town, suggested_service_id=town.guidance).tell("declined", "target", status="rejected")
    await platform.settle()
    (notice,) = await notices(platform, town.adviser)
    assert notice["body"].endswith("ehdottaa tilalle palvelua guidance and counselling (fi) (kompassi (fi)).")


async def test_a_draft_that_was_never_sent_tells_nobody(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town, sent_at=None, status="draft", source_member_id=town.navigaattori)
    for event in ("created", "edited", "cancelled", "marked_in_error", "handed_over"):
        await story.tell(event, "source")
    await platform.settle()
    assert await count(platform, "notices") == 0
    assert await count(platform, "parked") == 0


@pytest.mark.parametrize("seed", range(3))
async def test_repeated_and_reordered_events_make_one_notice_each(platform: Platform, seed: int) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    events = [await story.tell(name.split(".")[1], "target") for name in sorted(AUDIENCE)]
    database = platform.databases["notifications"]
    shuffled = random.Random(seed).sample(events * 3, k=3 * len(events))
    for start in range(0, len(shuffled), 7):
        await handle(database, REFERRAL_EVENTS, shuffled[start : start + 7])
    await platform.settle()

    members = await count(platform, "notices", "recipient_member_id IS NOT NULL")
    pairs = "SELECT count(*) FROM (SELECT DISTINCT event_id, recipient_member_id FROM notices) AS told"
    assert await platform.scalar("notifications", pairs) == await count(platform, "notices") == members
    assert (len(await notices(platform, town.adviser)), len(await notices(platform, town.desk))) == (14, 9)
    assert await count(platform, "deliveries", "channel = 'inbox'") == members
    assert await count(platform, "deliveries", "channel = 'email'") == members
    assert len(await platform.published("notifications")) == members


async def test_an_event_that_comes_before_the_people_waits_for_them(platform: Platform) -> None:
    town = await small_town(platform)
    everything = await catalogue_events(platform)
    await forget_the_catalogue(platform)
    event = await Story.of(platform, town).tell("sent", "source")
    database = platform.databases["notifications"]
    catalog_events, referral_events = build_consumers(Outbox("notifications"))

    await handle(database, referral_events, [event])
    assert await count(platform, "parked") == 1
    for number, fact in enumerate(reversed(everything)):
        await handle(database, catalog_events, [fact])
        told_yet = await count(platform, "notices") == 1
        assert told_yet != (await count(platform, "parked") == 1), number
    await handle(database, referral_events, [event])

    assert await count(platform, "parked") == 0
    assert len(await notices(platform, town.desk)) == 1


async def test_numbers_of_a_member_have_no_gap(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    for _ in range(5):
        await story.tell("message_sent", "source")
        await story.tell("message_sent", "target")
    await platform.settle()
    for who in (town.desk, town.adviser):
        query = "SELECT array_agg(number ORDER BY id) FROM notices WHERE recipient_member_id = :id"
        numbers = await platform.scalar("notifications", query, id=who.id)
        assert numbers[0] == 1
        assert all(later == earlier + 1 for earlier, later in pairwise(numbers))


async def catalogue_events(platform: Platform) -> list[Envelope]:
    return [Envelope.model_validate(event) for event in await platform.published("catalog")]


async def forget_the_catalogue(platform: Platform) -> None:
    async with platform.databases["notifications"].transaction() as tx:
        for table in ("organizations", "services", "members", "inbox"):
            await tx.execute(text(f"DELETE FROM {table}"))


async def test_the_desk_address_gets_mail_and_no_inbox(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.organization("business-kuopio", organization_id=town.business, email="post@businesskuopio.example")
    await platform.settle()
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    assert await count(platform, "notices", "recipient_member_id IS NULL") == 1
    assert await count(platform, "deliveries", "channel = 'email'") == 2
    assert await count(platform, "deliveries", "channel = 'inbox'") == 1


@pytest.mark.parametrize("of_desk", ["{}", "mailto:{}", "\u200b{}."])
async def test_a_desk_address_that_is_a_members_own_is_not_told_twice(platform: Platform, of_desk: str) -> None:
    town = await small_town(platform)
    email = of_desk.format(town.desk.email.upper())  # as an older version took it
    await town.facts.organization("business-kuopio", organization_id=town.business, email=email)
    await platform.settle()
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    assert await count(platform, "notices") == 1


async def test_the_desk_address_is_not_told_what_the_source_is_told(platform: Platform, town_with_post: Town) -> None:
    await Story.of(platform, town_with_post).tell("accepted", "target", status="accepted")
    await platform.settle()
    assert await count(platform, "notices", "recipient_member_id IS NULL") == 0


@pytest.fixture
async def town_with_post(platform: Platform) -> Town:
    town = await small_town(platform)
    for slug, organization in (("navigaattori", town.navigaattori), ("business-kuopio", town.business)):
        await town.facts.organization(slug, organization_id=organization, email=f"post@{slug}.example")
    return town
