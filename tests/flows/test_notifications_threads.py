"""Threads: mail about a referral is one conversation for who got all of it, and names nothing that others got."""

import pytest

from tests.builders import Town, small_town
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.flows.notifications_story import Story
from tests.platform import Platform


@pytest.fixture
async def story(platform: Platform, town: Town) -> Story:
    return Story.of(platform, town)


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


async def sent(platform: Platform, server: MailServer) -> None:
    await platform.settle()
    while await delivery_queue(platform, Clock(), server).step():
        pass


async def test_mail_goes_on_with_what_the_same_reader_has_got(platform: Platform, town: Town, story: Story) -> None:
    async with MailServer() as server:
        for event in ("sent", "message_sent", "message_sent"):
            await story.tell(event, "source")
            await sent(platform, server)
        await story.tell("accepted", "target", status="accepted")
        await sent(platform, server)
    *desk, adviser = server.taken
    first, second, third = (message["Message-ID"] for message in desk)
    assert [message["To"] for message in desk] == [town.desk.email] * 3
    assert [message["In-Reply-To"] for message in desk] == [None, first, second]
    assert [message["References"] for message in desk] == [None, first, f"{first} {second}"]
    assert {str(message["Subject"]) for message in desk} == {"Referral KUO-7F3K-92"}
    assert third not in (first, second)
    assert (adviser["To"], adviser["In-Reply-To"], adviser["References"]) == (town.adviser.email, None, None)


async def test_another_referral_is_another_thread(platform: Platform, town: Town, story: Story) -> None:
    async with MailServer() as server:
        await story.tell("sent", "source")
        await sent(platform, server)
        await Story.of(platform, town).tell("sent", "source")
        await sent(platform, server)
    assert [message["References"] for message in server.taken] == [None, None]


async def test_a_mail_that_was_refused_is_not_named(platform: Platform, town: Town, story: Story) -> None:
    async with MailServer(refuse="550 not today") as server:
        await story.tell("sent", "source")
        await sent(platform, server)
        server.refuse = None
        await story.tell("message_sent", "source")
        await sent(platform, server)
    (message,) = [each for each in server.taken if each["To"] == town.desk.email]
    assert (message["In-Reply-To"], message["References"]) == (None, None)


async def test_a_new_address_or_another_language_begins_a_thread(platform: Platform, town: Town, story: Story) -> None:
    async with MailServer() as server:
        await story.tell("sent", "source")
        await sent(platform, server)
        async with platform.client("notifications", town.desk) as client:
            await client.put("/preferences", json={"email": True, "language": "sv"})
        await story.tell("message_sent", "source")
        await sent(platform, server)
        async with platform.databases["notifications"].engine.begin() as connection:
            await connection.exec_driver_sql(
                "UPDATE members SET email = 'new@x.example' WHERE id = $1", (town.desk.id,)
            )
        await story.tell("message_sent", "source")
        await sent(platform, server)
    assert [message["References"] for message in server.taken] == [None, None, None]
    assert [message["Subject"] for message in server.taken][1:] == ["Hänvisning KUO-7F3K-92"] * 2


async def test_who_takes_over_is_told_nothing_of_the_mail_of_who_left(
    platform: Platform, town: Town, story: Story
) -> None:
    successor = await town.facts.member("successor@businesskuopio.example", town.business, "recipient")
    async with MailServer() as server:
        await story.tell("sent", "source")
        await sent(platform, server)
        own = [message["Message-ID"] for message in server.taken if message["To"] == successor.email]
        await town.facts.deactivate(town.desk)
        await story.tell("message_sent", "source")
        await sent(platform, server)
    assert [message["References"] for message in server.taken if message["To"] == successor.email] == [None, *own]
