"""Mail that was given up: who hears of it, in which words, and that it ends there."""

from services.notifications.use_cases.delivery_events import DELIVERY_FAILED
from tests.builders import Someone, Town, small_town
from tests.chains import organizations_in_a_row
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.flows.notifications_story import Story, count, notices, told
from tests.platform import Platform
from tests.referring import SECRETS

FAILED = DELIVERY_FAILED.removesuffix(".v1")


async def refused(platform: Platform) -> None:
    """Each mail that waits is refused for good."""
    async with MailServer(refuse="550 5.1.1 no such user") as server:
        await delivery_queue(platform, Clock(), server).step()
    await platform.settle()


async def told_of_it(platform: Platform, *people: Someone) -> list[str]:
    """The addresses of those of `people` who were told that mail was given up."""
    return [address for address, heard in (await told(platform, *people)).items() if FAILED in heard]


async def addressed_to(platform: Platform, who: Someone) -> int:
    """How many mails about mail wait to be sent to somebody."""
    theirs = "notice_id IN (SELECT id FROM notices WHERE event_type = :type AND recipient_member_id = :id)"
    where = f"channel = 'email' AND status = 'pending' AND {theirs}"
    return await count(platform, "deliveries", where, type=DELIVERY_FAILED, id=who.id)


def everybody(town: Town) -> list[Someone]:
    return [town.adviser, town.colleague, town.desk, town.coordinator, town.bystander]


async def test_mail_that_a_desk_does_not_get_is_told_to_its_members_and_the_coordinator(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    await refused(platform)
    assert await told_of_it(platform, *everybody(town)) == [town.desk.email, town.coordinator.email]
    at_desk, *_ = await notices(platform, town.desk)
    at_coordinator, *_ = await notices(platform, town.coordinator)
    assert (at_desk["link"].split("/")[-2], at_coordinator["link"].split("/")[-1]) == ("referrals", "overview")
    assert "business kuopio" in at_desk["body"].lower(), "whom the mail did not reach"
    assert not any(secret in str(notice) for secret in SECRETS for notice in (at_desk, at_coordinator))
    assert await addressed_to(platform, town.desk) == 0, "who can't be reached by mail is told in the inbox alone"
    assert await addressed_to(platform, town.coordinator) == 1


async def test_mail_that_an_adviser_does_not_get_is_told_to_the_desk_which_then_calls(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("accepted", "target", status="accepted")
    await platform.settle()
    await refused(platform)
    assert await told_of_it(platform, *everybody(town)) == [town.desk.email, town.coordinator.email]
    assert "navigaattori" in (await notices(platform, town.desk))[0]["body"].lower()


async def test_mail_about_mail_that_is_given_up_is_told_to_nobody(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    await refused(platform)
    before = await count(platform, "notices")
    await refused(platform)
    assert await count(platform, "deliveries", "status = 'exhausted'") == 2, "the coordinator's too"
    assert await count(platform, "notices") == before


async def test_the_desk_learns_nothing_of_mail_to_a_coordinator(platform: Platform) -> None:
    town = await small_town(platform)
    other = await town.facts.member("second@kuopio.example", town.coordinator.organization_id, "coordinator")
    await platform.settle()
    async with platform.client("notifications", town.desk) as client:
        assert (await client.put("/preferences", json={"email": False})).status_code == 200
    await Story.of(platform, town).tell("overdue_again")
    await platform.settle()
    await refused(platform)
    assert await told_of_it(platform, town.desk, town.coordinator, other) == [town.coordinator.email, other.email]


async def test_a_desk_further_down_learns_nothing_of_how_its_chain_began(platform: Platform) -> None:
    row = await organizations_in_a_row(platform, 3)
    first = await row.begin()
    child = await row.pass_on(first, 1)
    await row.at(2).done("accept", await row.at(2).read(child["id"]))
    await platform.settle()
    await refused(platform)
    await refused(platform)
    about_first = [
        notice for notice in await notices(platform, row.people[2]) if notice["reference"] != child["reference"]
    ]
    assert about_first == []
    assert FAILED in (await told(platform, row.people[2]))[row.people[2].email], "of its own referral it hears"
