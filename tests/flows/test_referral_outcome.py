"""Outcome and close: coded outcomes, a source that looks or does not, and what stays visibly open until it does."""

import asyncio
from typing import Any

import pytest

from services.referral.domain.lifecycle import Outcome
from tests.builders import small_town
from tests.flows.notifications_story import told
from tests.moved_clock import at, wait_until
from tests.platform import Platform
from tests.referring import Desk, at_work, new_referral, problem, sent_referral

ENDS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "completed": (["accept", "complete"], {"outcome": {"code": "enrolled"}}),
    "failed": (["accept", "fail"], {"reason": {"code": "could_not_contact"}}),
    "rejected": (["decline"], {"reason": {"code": "no_capacity"}}),
    "cancelled": (["accept", "cancel"], {"reason": {"code": "lack_of_resources"}}),
}
"""How the target brings a referral to an end."""


async def ended(desk: Desk, referral: dict[str, Any], end: str) -> dict[str, Any]:
    commands, body = ENDS[end]
    seen = await desk.read(referral["id"])
    for command in commands:
        seen = await desk.done(command, seen, body if command == commands[-1] else None)
    return seen


async def listed(desk: Desk, query: str, path: str = "/referrals") -> list[str]:
    answer = await desk.client.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["contents"]]


@pytest.mark.parametrize("code", list(Outcome))
async def test_every_outcome_is_a_code(platform: Platform, code: Outcome) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    accepted = await desk.done("accept", await desk.read((await sent_referral(platform, town))["id"]))
    problem(await desk.give("complete", accepted, {"outcome": {"code": "all well"}}), 422, "invalid")
    await desk.done("complete", accepted, {"outcome": {"code": code}})
    seen = await at_work(platform, town.adviser).read(accepted["id"])
    assert seen["outcome"] == {"code": code, "text": None}


@pytest.mark.parametrize("end", list(ENDS))
async def test_an_answer_that_nobody_looked_at_stays_visibly_open(platform: Platform, end: str) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    coordinator = at_work(platform, town.coordinator)
    referral = await sent_referral(platform, town)
    other = await sent_referral(platform, town)
    assert referral["attention"] is None
    answered = await ended(desk, referral, end)
    assert (answered["status"], answered["attention"], answered["answer_seen_at"]) == (end, "answer_unseen", None)

    for somebody in (adviser, desk):
        assert await listed(somebody, "attention=answer_unseen") == [referral["id"]]
        assert await listed(somebody, "attention=not_closed") == []
        assert await listed(somebody, "open=true") == [other["id"], referral["id"]]
    assert await listed(coordinator, "attention=answer_unseen", "/overview/referrals") == [referral["id"]]
    (row,) = (await coordinator.client.get("/overview")).json()["contents"]
    assert (row["answers_unseen"], row["not_closed"]) == (1, 2)
    assert await listed(at_work(platform, town.bystander), "attention=answer_unseen") == []

    colleague = at_work(platform, town.colleague)
    answer = await colleague.client.get(f"/referrals/{referral['id']}")
    seen = answer.json()
    assert (seen["attention"], seen["version"]) == ("not_closed", answered["version"] + 1)
    assert answer.headers["ETag"].startswith(f'"{seen["version"]}-')
    assert seen["answer_seen_at"] is not None
    assert (await adviser.read(referral["id"]))["version"] == seen["version"], "only the first look counts"
    assert (await desk.read(referral["id"]))["answer_seen_at"] == seen["answer_seen_at"], "the target may know"
    assert await listed(adviser, "attention=answer_unseen") == []
    assert await listed(adviser, "attention=not_closed") == [referral["id"]]
    assert await listed(coordinator, "attention=not_closed", "/overview/referrals") == [referral["id"]]

    closed = await colleague.done("close", seen)
    assert closed["attention"] is None
    assert closed["answer_seen_at"] == seen["answer_seen_at"]
    assert await listed(adviser, "attention=not_closed") == []
    assert await listed(adviser, "open=true") == [other["id"]]


async def test_looking_is_an_event_that_nobody_is_told_of(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await ended(desk, await sent_referral(platform, town), "rejected")
    await adviser.read(referral["id"])
    last = (await platform.published("referral"))[-1]
    assert (last["type"], last["data"]["by_side"]) == ("referral.answer_seen.v1", "source")
    assert last["actor"] == str(town.adviser.id)
    assert last["data"]["answer_seen_at"] is not None
    await platform.settle()
    heard = await told(platform, town.adviser, town.desk)
    assert heard == {town.adviser.email: ["first_viewed", "declined"], town.desk.email: ["sent"]}


async def test_of_two_who_look_at_the_same_moment_one_is_noted(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await ended(at_work(platform, town.desk), await sent_referral(platform, town), "completed")
    people = [at_work(platform, who) for who in (town.adviser, town.colleague)]
    seen = await asyncio.gather(*(each.read(referral["id"]) for each in people))
    assert [one["version"] for one in seen] == [referral["version"] + 1] * 2
    types = [event["type"] for event in await platform.published("referral")]
    assert types.count("referral.answer_seen.v1") == 1


async def test_reading_before_the_answer_is_no_look_at_it(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    accepted = await desk.done("accept", await desk.read((await sent_referral(platform, town))["id"]))
    assert (await adviser.read(accepted["id"]))["answer_seen_at"] is None
    await desk.done("complete", accepted, {"outcome": {"code": "no_show"}})
    await adviser.client.get(f"/referrals/{accepted['id']}/timeline")
    await listed(adviser, "open=true")
    assert (await desk.read(accepted["id"]))["attention"] == "answer_unseen", "a list is no look"


async def test_closing_unread_counts_as_looking(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    answered = await ended(desk, await sent_referral(platform, town), "completed")
    closed = await adviser.done("close", answered)
    assert closed["answer_seen_at"] == closed["closed_at"]


async def test_what_the_source_ended_itself_is_no_news_to_it(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    why = {"reason": {"code": "client_not_interested"}}
    cancelled = await adviser.done("cancel", await sent_referral(platform, town), why)
    assert (cancelled["attention"], cancelled["answer_seen_at"]) == ("not_closed", None)
    assert (await adviser.read(cancelled["id"]))["version"] == cancelled["version"]
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    assert (await adviser.done("cancel", draft, why))["attention"] is None, "nobody was told of it"
    wrong = await sent_referral(platform, town)
    assert (await adviser.done("mark-error", wrong, why))["attention"] is None
    assert await listed(adviser, "attention=not_closed") == [cancelled["id"]]
    assert await listed(adviser, "attention=answer_unseen") == []
    problem(await adviser.client.get("/referrals?attention=any"), 422, "invalid")


async def test_an_expired_referral_stays_visibly_open_until_its_source_looks(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, coordinator = at_work(platform, town.adviser), at_work(platform, town.coordinator)
    platform.clock.set(at("2027-01-11 10:00"))
    referral = await sent_referral(platform, town)
    await wait_until(platform, "2027-01-26 10:00")
    assert await listed(adviser, "attention=answer_unseen") == [referral["id"]]
    assert await listed(coordinator, "attention=answer_unseen", "/overview/referrals") == [referral["id"]]
    seen = await adviser.read(str(referral["id"]))
    assert (seen["business_status"], seen["attention"]) == ("expired", "not_closed")
    assert await listed(coordinator, "attention=answer_unseen", "/overview/referrals") == []
