"""Assigning: who of the desk looks after a referral, who is told of it, and who finds it."""

from dataclasses import dataclass
from typing import Any

from tests.builders import Someone, Town, small_town
from tests.flows.notifications_story import notices, told
from tests.platform import Platform
from tests.referring import Desk, at_work, problem, sent_referral


@dataclass
class Office:
    """The desk of Business Kuopio with two more people, and a referral that it has opened."""

    town: Town
    desk: Desk
    anna: Someone
    bo: Someone
    referral: dict[str, Any]


async def office(platform: Platform) -> Office:
    town = await small_town(platform)
    anna = await town.facts.member("anna@businesskuopio.example", town.business, "recipient")
    bo = await town.facts.member("bo@businesskuopio.example", town.business, "recipient", language="sv")
    await platform.settle()
    desk = at_work(platform, town.desk)
    return Office(town, desk, anna, bo, await desk.read((await sent_referral(platform, town))["id"]))


def to(who: Someone | None) -> dict[str, Any]:
    return {"member_id": str(who.id) if who else None}


async def test_a_referral_is_assigned_reassigned_and_given_back(platform: Platform) -> None:
    here = await office(platform)
    given = await here.desk.done("assign", here.referral, to(here.anna))
    assert given["assigned_member_id"] == str(here.anna.id)
    assert given["version"] == here.referral["version"] + 1
    assert given["status"] == "requested"
    passed_on = await here.desk.done("assign", given, to(here.bo))
    assert passed_on["assigned_member_id"] == str(here.bo.id)
    returned = await here.desk.done("assign", passed_on, to(None))
    assert returned["assigned_member_id"] is None
    again = await here.desk.done("assign", returned, to(None))
    assert again["version"] == returned["version"], "nothing was changed, so nothing is told"
    events = [event for event in await platform.published("referral") if event["type"] == "referral.assigned.v1"]
    pairs = [(event["data"]["former_member_id"], event["data"]["assigned_member_id"]) for event in events]
    anna, bo = str(here.anna.id), str(here.bo.id)
    assert pairs == [(None, anna), (anna, bo), (bo, None)]
    assert [event["sequence"] for event in events] == [4, 5, 6]


async def test_the_new_and_the_former_member_are_told_and_not_who_did_it(platform: Platform) -> None:
    here = await office(platform)
    await platform.settle()
    given = await here.desk.done("assign", here.referral, to(here.anna))
    passed_on = await at_work(platform, here.anna).done("assign", given, to(here.bo))
    taken = await here.desk.done("assign", passed_on, to(here.town.desk))
    await platform.settle()
    heard = await told(platform, here.anna, here.bo, here.town.desk, here.town.adviser)
    assert heard == {
        here.anna.email: ["sent", "assigned"],  # who passed it on knows it
        here.bo.email: ["sent", "assigned", "assigned"],
        here.town.desk.email: ["sent"],  # who takes it knows it
        here.town.adviser.email: ["first_viewed"],
    }
    lost, won, _ = await notices(platform, here.bo)
    assert won["title"] == f"Hänvisning {taken['reference']} har tilldelats dig"
    assert lost["title"] == f"Hänvisning {taken['reference']} är inte längre din"
    assert won["link"].endswith(taken["id"])


async def test_only_active_recipients_of_the_own_desk_can_be_assigned(platform: Platform) -> None:
    here = await office(platform)
    counsellor = await here.town.facts.member("counsellor@businesskuopio.example", here.town.business, "adviser")
    await here.town.facts.deactivate(here.bo)
    await platform.settle()
    for who, name in (
        (here.town.bystander, "unknown-member"),
        (here.town.adviser, "unknown-member"),
        (here.bo, "unknown-member"),
        (counsellor, "unfit-member"),
    ):
        refused = problem(await here.desk.give("assign", here.referral, to(who)), 422, name)
        assert refused["errors"][0]["field"] == "member_id"
    problem(await here.desk.give("assign", here.referral, {}), 422, "invalid")
    assert (await here.desk.read(here.referral["id"]))["version"] == here.referral["version"]


async def test_assigning_is_the_desk_s_and_needs_the_version_seen(platform: Platform) -> None:
    here = await office(platform)
    problem(await at_work(platform, here.town.adviser).give("assign", here.referral, to(here.anna)), 403, "forbidden")
    problem(await at_work(platform, here.town.bystander).give("assign", here.referral, to(None)), 404, "not-found")
    path = f"/referrals/{here.referral['id']}/assign"
    problem(await here.desk.client.post(path, json=to(here.anna)), 428, "precondition-required")
    stale = {**here.referral, "version": here.referral["version"] - 1}
    problem(await here.desk.give("assign", stale, to(here.anna)), 412, "stale-version")


async def test_what_has_ended_is_not_assigned(platform: Platform) -> None:
    here = await office(platform)
    declined = await here.desk.done("decline", here.referral, {"reason": {"code": "no_capacity"}})
    problem(await here.desk.give("assign", declined, to(here.anna)), 409, "illegal-command")


async def test_accepting_assigns_to_nobody_and_keeps_who_is_assigned(platform: Platform) -> None:
    here = await office(platform)
    accepted = await here.desk.done("accept", here.referral)
    assert accepted["assigned_member_id"] is None
    given = await here.desk.done("assign", accepted, to(here.anna))
    assert given["client"] is not None
    started = await here.desk.done("start", given)
    assert started["assigned_member_id"] == str(here.anna.id)


async def test_lists_are_narrowed_to_mine_or_to_nobody_s(platform: Platform) -> None:
    here = await office(platform)
    other = await sent_referral(platform, here.town)
    await here.desk.done("assign", here.referral, to(here.anna))

    async def listed(who: Someone, query: str) -> list[str]:
        answer = await at_work(platform, who).client.get(f"/referrals?{query}")
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["contents"]]

    assert await listed(here.anna, "assigned=me") == [here.referral["id"]]
    assert await listed(here.bo, "assigned=me") == []
    assert await listed(here.bo, "assigned=nobody") == [other["id"]]
    assert await listed(here.town.adviser, "assigned=nobody") == [], "the source does not know"
    assert await listed(here.town.bystander, "assigned=nobody") == []
    problem(await here.desk.client.get("/referrals?assigned=you"), 422, "invalid")
    rows = (await here.desk.client.get("/referrals?box=received")).json()["contents"]
    assert [row["assigned_member_id"] for row in rows] == [None, str(here.anna.id)]
    rows = (await at_work(platform, here.town.adviser).client.get("/referrals?box=sent")).json()["contents"]
    assert [row["assigned_member_id"] for row in rows] == [None, None]


async def test_the_source_learns_that_it_was_assigned_and_not_to_whom(platform: Platform) -> None:
    here = await office(platform)
    await here.desk.done("assign", here.referral, to(here.anna))
    adviser = at_work(platform, here.town.adviser)
    path = f"/referrals/{here.referral['id']}"
    seen = (await adviser.client.get(path)).text + (await adviser.client.get(f"{path}/timeline")).text
    assert "referral.assigned.v1" in seen
    assert str(here.anna.id) not in seen
