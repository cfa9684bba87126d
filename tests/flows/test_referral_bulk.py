"""One answer to many referrals: each has a result of its own, and one that fails holds up no other."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import text

from tests.builders import Town, small_town
from tests.chains import organizations_in_a_row
from tests.flows.notifications_story import told
from tests.platform import Platform
from tests.referring import SECRETS, Desk, at_work, new_referral, problem, sent_referral

JSON = dict[str, Any]


def chosen(*referrals: JSON) -> list[JSON]:
    return [{"id": referral["id"], "version": referral["version"]} for referral in referrals]


async def give(desk: Desk, command: str, *referrals: JSON, **carried: Any) -> httpx2.Response:
    body = {"command": command, "referrals": chosen(*referrals), **carried}
    return await desk.client.post("/referrals/bulk", json=body)


async def results(desk: Desk, command: str, *referrals: JSON, **carried: Any) -> list[JSON]:
    answer = await give(desk, command, *referrals, **carried)
    assert answer.status_code == 200, answer.text
    found: list[JSON] = answer.json()["contents"]
    assert [result["id"] for result in found] == [referral["id"] for referral in referrals], "in the order asked for"
    return found


async def sent(platform: Platform, town: Town, number: int) -> list[JSON]:
    return [await sent_referral(platform, town) for _ in range(number)]


async def test_many_are_accepted_at_once(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referrals = await sent(platform, town, 3)
    given = await results(desk, "accept", *reversed(referrals))
    assert [(one["status"], one["version"], one["problem"]) for one in given] == [(200, 3, None)] * 3
    accepted = (await desk.client.get("/referrals?status=accepted")).json()["contents"]
    assert [row["id"] for row in accepted] == [referral["id"] for referral in reversed(referrals)]
    await platform.settle()
    assert (await told(platform, town.adviser))[town.adviser.email] == ["accepted"] * 3


async def test_many_are_declined_with_one_reason_and_suggestion(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referrals = await sent(platform, town, 2)
    why = {"reason": {"code": "no_capacity"}, "suggested_service_id": str(town.guidance)}
    assert [one["status"] for one in await results(desk, "decline", *referrals, **why)] == [200, 200]
    for referral in referrals:
        seen = await adviser.read(referral["id"])
        assert (seen["status"], seen["status_reason"]["code"]) == ("rejected", "no_capacity")
        assert seen["suggested_service"]["id"] == str(town.guidance)


async def test_each_has_its_own_result_and_none_holds_up_another(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    first, stale, done, last = await sent(platform, town, 4)
    await desk.read(stale["id"])  # raises its version
    done = await desk.done("accept", done)
    nobody_s = {"id": str(uuid4()), "version": 1}
    draft = (await at_work(platform, town.adviser).refer(new_referral(town, send=False))).json()
    before = len(await platform.published("referral"))
    given = await results(desk, "accept", first, stale, done, nobody_s, draft, last)
    assert [one["status"] for one in given] == [200, 412, 409, 404, 404, 200]
    assert [one["version"] for one in given] == [3, 3, 3, None, None, 3]
    names = [one["problem"] and one["problem"]["type"].rpartition(":")[2] for one in given]
    assert names == [None, "stale-version", "illegal-command", "not-found", "not-found", None]
    types = [event["type"] for event in await platform.published("referral")][before:]
    assert types == ["referral.accepted.v1"] * 2, "what was refused left nothing behind"
    assert (await desk.read(stale["id"]))["status"] == "requested"


async def test_a_side_that_may_not_is_told_so_item_by_item(platform: Platform) -> None:
    town = await small_town(platform)
    both = await town.facts.member("both@navigaattori.example", town.navigaattori, "adviser", "recipient")
    await platform.settle()
    (referral,) = await sent(platform, town, 1)
    (given,) = await results(at_work(platform, both), "accept", referral)
    assert (given["status"], given["problem"]["type"]) == (403, "urn:luotsi:problem:forbidden")
    stranger = await results(at_work(platform, town.bystander), "accept", referral)
    assert [one["status"] for one in stranger] == [404]
    problem(await give(at_work(platform, town.adviser), "accept", referral), 403, "forbidden")


async def test_a_suggestion_that_does_not_fit_refuses_only_where_it_does_not(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    other_service = await town.facts.service("premises", town.business)
    await platform.settle()
    here = await sent_referral(platform, town)
    there = await sent_referral(platform, town, service_id=str(other_service))
    why = {"reason": {"code": "not_eligible"}, "suggested_service_id": str(town.advice)}
    given = await results(desk, "decline", here, there, **why)
    assert [one["status"] for one in given] == [422, 200]
    assert given[0]["problem"]["errors"][0]["field"] == "suggested_service_id"
    assert (await desk.read(here["id"]))["status"] == "requested"


async def test_what_is_asked_for_has_to_make_sense(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    (referral,) = await sent(platform, town, 1)
    reason = {"code": "no_capacity"}
    for command, carried in (
        ("decline", {}),
        ("decline", {"reason": {"code": "no_capacity", "text": "words"}}),
        ("decline", {"reason": {"code": "consent_withdrawn"}}),
        ("accept", {"reason": reason}),
        ("accept", {"suggested_service_id": str(town.guidance)}),
        ("close", {}),
    ):
        problem(await give(desk, command, referral, **carried), 422, "invalid")
    problem(await give(desk, "accept", referral, referral), 422, "invalid")
    problem(await give(desk, "accept"), 422, "invalid")
    too_many = [{"id": str(uuid4()), "version": 1} for _ in range(101)]
    problem(await give(desk, "accept", *too_many), 422, "invalid")
    hundred = [{"id": str(uuid4()), "version": 1} for _ in range(100)]
    assert {one["status"] for one in await results(desk, "accept", *hundred)} == {404}
    assert (await desk.read(referral["id"]))["status"] == "requested"


async def test_two_who_answer_the_same_ones_at_once_do_not_block_each_other(platform: Platform) -> None:
    town = await small_town(platform)
    second = await town.facts.member("second@businesskuopio.example", town.business, "recipient")
    await platform.settle()
    desks = [at_work(platform, town.desk), at_work(platform, second)]
    referrals = await sent(platform, town, 6)
    both = await asyncio.gather(
        results(desks[0], "accept", *referrals),
        results(desks[1], "decline", *reversed(referrals), reason={"code": "no_capacity"}),
    )
    accepted = {one["id"] for one in both[0] if one["status"] == 200}
    declined = {one["id"] for one in both[1] if one["status"] == 200}
    assert accepted.isdisjoint(declined)
    assert accepted | declined == {referral["id"] for referral in referrals}, "each got exactly one answer"
    refused = [one["status"] for one in (*both[0], *both[1]) if one["status"] != 200]
    assert refused == [412] * 6


async def test_the_answer_tells_nothing_about_clients(platform: Platform) -> None:
    town = await small_town(platform)
    referrals = await sent(platform, town, 2)
    answer = await give(at_work(platform, town.desk), "accept", *referrals)
    assert all(secret not in answer.text for secret in SECRETS)


async def test_many_answers_and_an_error_further_up_wait_in_one_order(platform: Platform) -> None:
    """The last desk stands twice in a chain: the older referral further down, the younger one further up."""
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    below = await row.pass_on(second, 2)
    beside = (await row.at(1).give("forward", await row.at(1).read(first["id"]), row.forward(3))).json()
    assert below["id"] < beside["id"]
    wrong = {"reason": {"code": "other", "text": "Esimerkki was the wrong person"}}
    seen = await row.at(0).read(first["id"])
    async with platform.databases["referral"].transaction() as tx:
        await tx.execute(text("SELECT FROM referrals WHERE id = :id FOR UPDATE"), {"id": beside["id"]})
        marking = asyncio.create_task(row.at(0).give("mark-error", seen, wrong))
        await waiting_for_a_lock(platform, 1)
        answering = asyncio.create_task(give(row.at(3), "accept", below, beside))
        await waiting_for_a_lock(platform, 2)
    assert (await marking).status_code == 200, "nobody waits in a circle"
    assert [one["status"] for one in (await answering).json()["contents"]] == [412, 412]


async def waiting_for_a_lock(platform: Platform, number: int) -> None:
    """Until that many transactions wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(30):
        while await platform.scalar("referral", waiting) != number:
            await asyncio.sleep(0.02)
