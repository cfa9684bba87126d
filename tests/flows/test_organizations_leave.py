"""Organisations leave: their members lose access at once and everywhere, and the others are told."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.clock import utc_now
from shared.ids import new_id
from tests.builders import Someone, Town, small_town
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.flows.notifications_story import count, notices, told
from tests.platform import Platform
from tests.referring import at_work, new_referral, problem, sent_referral

LEFT, BACK = "organization_deactivated", "organization_reactivated"


async def leave(platform: Platform, town: Town, slug: str, organization: object, *, active: bool = False) -> None:
    await town.facts.organization(slug, organization_id=organization, active=active)  # type: ignore[arg-type]
    await platform.settle()


READS = [
    ("referral", "/referrals"),
    ("referral", "/referrals/{referral}"),
    ("referral", "/referrals/{referral}/timeline"),
    ("referral", "/referrals/{referral}/messages"),
    ("referral", "/referrals/{draft}"),
    ("referral", "/clients/{client}/report"),
    ("referral", "/legal-bases"),
    ("notifications", "/notices"),
    ("notifications", "/notices/stream?follow=false"),
    ("notifications", "/preferences"),
    ("notifications", "/deliveries"),
]


@pytest.mark.parametrize("role", ["adviser", "colleague"])
async def test_access_ends_at_once_in_every_service(platform: Platform, role: str) -> None:
    town = await small_town(platform)
    who: Someone = getattr(town, role)
    adviser = at_work(platform, town.adviser)
    referral = await sent_referral(platform, town)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    ids = {"referral": referral["id"], "draft": draft["id"], "client": referral["client"]["id"]}
    for service, path in READS:
        async with platform.client(service, who) as client:
            assert (await client.get(path.format(**ids))).status_code == 200, path

    await leave(platform, town, "navigaattori", town.navigaattori)
    for service, path in READS:
        async with platform.client(service, who) as client:
            problem(await client.get(path.format(**ids)), 401, "unauthenticated")
    mine = at_work(platform, who)
    problem(await mine.refer(new_referral(town)), 401, "unauthenticated")
    problem(await mine.give("cancel", referral, {"reason": {"code": "other", "text": "x"}}), 401, "unauthenticated")
    search = await mine.client.post("/clients/search", json={"reference": referral["reference"]})
    problem(search, 401, "unauthenticated")
    problem(await mine.client.post("/handover", json={}), 401, "unauthenticated")

    await leave(platform, town, "navigaattori", town.navigaattori, active=True)
    for service, path in READS:
        async with platform.client(service, who) as client:
            assert (await client.get(path.format(**ids))).status_code == 200, path


async def test_a_member_of_two_organisations_keeps_the_other_membership(platform: Platform) -> None:
    town = await small_town(platform)
    second = await town.facts.member(town.adviser.email, town.kompassi, "adviser")
    await leave(platform, town, "navigaattori", town.navigaattori)
    async with platform.client("referral", town.adviser) as gone, platform.client("referral", second) as stays:
        problem(await gone.get("/referrals"), 401, "unauthenticated")
        assert (await stays.get("/referrals")).status_code == 200


async def test_the_other_sides_of_open_referrals_are_told_each_once(platform: Platform) -> None:
    """Of what is open alone; of the draft and of what has ended nobody."""
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    sent = await sent_referral(platform, town)
    ended = await sent_referral(platform, town)
    await adviser.done("cancel", ended, {"reason": {"code": "client_not_interested"}})
    await adviser.refer(new_referral(town, send=False))
    await platform.settle()

    before = await told(platform, town.adviser, town.desk)
    await leave(platform, town, "business-kuopio", town.business)
    assert (await told(platform, town.adviser))[town.adviser.email][len(before[town.adviser.email]) :] == [LEFT]
    notice = (await notices(platform, town.adviser))[0]
    assert notice["reference"] == sent["reference"]
    assert "business kuopio (fi) ei enää toimi" in notice["body"]
    await leave(platform, town, "business-kuopio", town.business, active=True)
    assert (await told(platform, town.adviser))[town.adviser.email][-1] == BACK
    assert (await told(platform, town.desk))[town.desk.email] == before[town.desk.email], "its own people are not"

    await leave(platform, town, "navigaattori", town.navigaattori)
    assert (await told(platform, town.desk))[town.desk.email][-1] == LEFT


async def test_the_coordinators_are_told_once_of_an_organisation_however_many_referrals(platform: Platform) -> None:
    town = await small_town(platform)
    for _ in range(2):
        await sent_referral(platform, town)
    await leave(platform, town, "business-kuopio", town.business)
    await leave(platform, town, "kompassi", town.kompassi)
    found = await notices(platform, town.coordinator)
    assert [notice["organization"] for notice in found] == ["kompassi (en)", "business kuopio (en)"]
    assert all(notice["referral_id"] is notice["reference"] is notice["service"] is None for notice in found)
    assert found[0]["event_type"] == "catalog.organization_changed.v1"
    assert found[0]["link"].endswith("/overview")
    await leave(platform, town, "kompassi", town.kompassi, active=True)
    assert (await notices(platform, town.coordinator))[0]["title"] == "kompassi (en) is active in Luotsi again"
    queue = delivery_queue(platform, Clock())
    while await queue.step():
        pass
    assert await count(platform, "deliveries", "status NOT IN ('delivered', 'withdrawn')") == 0


async def test_whoever_is_told_may_act_so_nobody_of_an_organisation_that_left(platform: Platform) -> None:
    """Neither by inbox nor by mail, the desk's address and coordinators of that organisation among them."""
    town = await small_town(platform)
    await town.facts.organization("business-kuopio", organization_id=town.business, email="desk@business.example")
    second = await town.facts.member("coordinator@business.example", town.business, "coordinator")
    await platform.settle()
    referral = await sent_referral(platform, town)
    await platform.settle()
    assert await count(platform, "deliveries", "status = 'pending'") == 2

    await leave(platform, town, "business-kuopio", town.business)
    queue = delivery_queue(platform, Clock())
    while await queue.step():
        pass
    of = "notice_id IN (SELECT id FROM notices WHERE recipient_organization_id = :id) AND channel = 'email'"
    assert await count(platform, "deliveries", f"{of} AND status = 'withdrawn'", id=town.business) == 2
    assert await count(platform, "deliveries", f"{of} AND status <> 'withdrawn'", id=town.business) == 0

    mine = at_work(platform, town.adviser)
    await mine.done("cancel", await mine.read(referral["id"]), {"reason": {"code": "client_not_interested"}})
    await leave(platform, town, "kompassi", town.kompassi)
    await leave(platform, town, "business-kuopio", town.business, active=True)
    assert await told(platform, town.desk) == {town.desk.email: ["sent"]}
    assert [notice["organization"] for notice in await notices(platform, second)] == ["business kuopio (en)"], (
        "of the return alone, not of what left meanwhile"
    )


async def test_nothing_new_reaches_it_and_what_is_open_can_be_ended(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    referral = await sent_referral(platform, town)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    await leave(platform, town, "business-kuopio", town.business)
    problem(await adviser.refer(new_referral(town)), 422, "inactive-organization")
    problem(await adviser.refer(new_referral(town, send=False)), 422, "inactive-organization")
    problem(await adviser.give("send", draft), 422, "inactive-organization")
    ended = await adviser.done(
        "withdraw-consent", referral, {"withdrawal": {"told_by": "client", "told_on": "2026-11-03"}}
    )
    assert ended["status"] == "cancelled"


async def test_a_decline_suggests_no_service_of_it(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    better = {"reason": {"code": "not_eligible"}, "suggested_service_id": str(town.guidance)}
    await leave(platform, town, "kompassi", town.kompassi)
    problem(await desk.give("decline", referral, better), 422, "unknown-service")
    await leave(platform, town, "kompassi", town.kompassi, active=True)
    assert (await desk.done("decline", referral, better))["status"] == "rejected"


async def test_the_timeline_says_which_side_left_and_the_version_stays(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    await leave(platform, town, "business-kuopio", town.business)
    mine = at_work(platform, town.adviser)
    entry = (await mine.client.get(f"/referrals/{referral['id']}/timeline")).json()["contents"][-1]
    assert (entry["event_type"], entry["side"], entry["member_id"]) == (f"referral.{LEFT}.v1", "target", None)
    assert (await mine.read(referral["id"]))["version"] == referral["version"]


async def test_deadlines_run_on_for_the_side_that_stays(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    await leave(platform, town, "business-kuopio", town.business)
    platform.clock.set(utc_now() + timedelta(days=60))
    await platform.fire_due()
    assert (await told(platform, town.adviser))[town.adviser.email][-1] == "expired"
    platform.clock.set(None)
    assert (await at_work(platform, town.adviser).read(referral["id"]))["business_status"] == "expired"


async def test_an_organisation_known_only_by_its_members_lets_nobody_in(platform: Platform) -> None:
    town = await small_town(platform)
    stray = await town.facts.member("stray@elsewhere.example", new_id(), "adviser")
    await platform.settle()
    for service, path in (("referral", "/referrals"), ("notifications", "/notices")):
        async with platform.client(service, stray) as client:
            problem(await client.get(path), 401, "unauthenticated")


async def test_who_loses_access_while_a_command_waits_does_not_give_it(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with platform.databases["referral"].transaction() as tx:
        await tx.execute(text("SELECT 1 FROM referrals FOR UPDATE"))
        answering = asyncio.ensure_future(desk.give("accept", referral))
        while not await platform.scalar("referral", waiting):
            await asyncio.sleep(0.01)
        await tx.execute(text("UPDATE organizations SET active = false WHERE slug = 'business-kuopio'"))
    problem(await answering, 401, "unauthenticated")
    assert (await at_work(platform, town.adviser).read(referral["id"]))["status"] == "requested"
